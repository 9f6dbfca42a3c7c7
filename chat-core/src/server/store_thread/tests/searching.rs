//! What searches are answered, and what of those that fail.

use super::*;
use crate::store::SearchResults;
use crate::store::samples::room;

#[test]
fn searches_are_answered_and_their_failures_told() {
    struct Failing(MemoryStore);
    impl crate::store::Searcher for Failing {
        fn search(
            &mut self,
            room: &crate::wire::RoomName,
            words: &str,
            most: usize,
        ) -> Result<SearchResults, StoreError> {
            match words {
                "panic" => panic!("as the test wants it"),
                "fail" => Err(StoreError::Damaged("a page".into())),
                words => self.0.search(room, words, most),
            }
        }
    }

    let mut store = MemoryStore::default();
    store.commit(&records(&[said(1, "lobby", 1, &["tea", "more tea", "milk"])])).unwrap();
    let (ask, asked) = unbounded();
    let (tell, told) = unbounded();
    for words in ["tea", "panic", "fail", "milk"] {
        let tell = tell.clone();
        let give = Box::new(move |found| tell.send(found).unwrap());
        ask.send(Search { room: room("lobby"), words: words.into(), most: 5, give }).unwrap();
    }
    drop(ask);
    run_searches(Box::new(Failing(store)), &asked);
    let told: Vec<Result<Vec<u64>, String>> = told
        .try_iter()
        .map(|found: Result<SearchResults, String>| {
            found.map(|found| found.lines.iter().map(|found| found.msgid).collect())
        })
        .collect();
    let expected = [
        Ok(vec![2, 1]),
        Err("the store panicked".to_owned()),
        Err("it is damaged: a page".to_owned()),
        Ok(vec![3]),
    ];
    assert_eq!(told, expected);
}
