//! Names of the world, and attacks by names.

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::new(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

#[test]
fn names_of_the_world_are_names() {
    for text in [
        "Ada",
        "ada_l",
        "R2-D2",
        "a",
        "j.doe",
        "דוד",
        "محمد",
        "Πλάτων",
        "Юрий",
        "李小龍",
        "ひろし",
        "रवि",
        "한글",
        "Zoë",
        "x-42",
        "lol",
        "oil",
        "IO",
        "Ill",
        "боб",
    ] {
        assert_eq!(&*name(text), text.nfc().collect::<String>());
    }
}

#[test]
fn what_is_no_name_is_told() {
    use NameError::{Character, Empty, MixedScripts, Number, TooWide};
    for (text, error) in [
        ("", Empty),
        ("51839", Number),
        ("5l839", Number),
        ("5183O", Number),
        ("lOOOl", Number),
        ("IOIOI", Number),
        ("ЗбЗбЗ", Number),
        ("٥١٨٣٩", Number),
        ("५१८३९", Number),
        ("５１８３９", Character('５')),
        ("*", Character('*')),
        ("* notice", Character('*')),
        ("a b", Character(' ')),
        ("a:b", Character(':')),
        ("a\u{200b}b", Character('\u{200b}')),
        ("a\u{200d}b", Character('\u{200d}')),
        ("\u{202e}ada", Character('\u{202e}')),
        ("\u{301}ada", Character('\u{301}')),
        (".ada", Character('.')),
        ("-", Character('-')),
        ("a.\u{307}", Character('\u{307}')),
        ("ａｄａ", Character('ａ')),
        ("ada😀", Character('😀')),
        ("aдa", MixedScripts),
        ("раypal", MixedScripts),
        ("abcdefghijklmnopqrstuvwxyzabcdefg", TooWide),
        ("李李李李李李李李李李李李李李李李李", TooWide),
    ] {
        assert_eq!(Name::new(text), Err(error), "{text:?}");
    }
    let zalgo = format!("a{}", "\u{316}\u{317}".repeat(3));
    assert_eq!(Name::new(&zalgo), Err(Character('\u{316}')));
}

#[test]
fn names_that_look_alike_are_found() {
    for (one, other) in [
        ("Ada", "ADA"),
        ("paypal", "paypaI"),
        ("admin", "ADMlN"),
        ("Zoë", "Zoe\u{308}"),
        ("modern", "rnodern"),
        ("соса", "coca"),
    ] {
        let known = name(one).looks().iter().map(str::to_owned).collect();
        assert!(name(other).looks().is_in(&known), "{one} {other}");
    }
    let known = name("ada").looks().iter().map(str::to_owned).collect();
    assert!(!name("adam").looks().is_in(&known));
}

#[test]
fn rooms_may_be_numbers() {
    assert_eq!(&*RoomName::new("42").unwrap(), "42");
    assert_eq!(RoomName::new("a b"), Err(NameError::Character(' ')));
}

proptest! {
    #[test]
    fn a_name_stays_what_it_is(text in "\\PC{0,12}|[a-zA-Z0-9_.-]{1,40}") {
        if let Ok(name) = Name::new(&text) {
            prop_assert_eq!(Name::new(&name), Ok(name.clone()));
            prop_assert!(!name.contains([' ', ':', '*', '/', '@', '\t']));
            prop_assert!(crate::wire::Text::new(&name).is_ok());
        }
    }
}
