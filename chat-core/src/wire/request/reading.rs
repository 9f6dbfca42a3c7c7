//! How what a client sends is read: each frame is a message, a command, or the end of it all.

use super::{End, Messages, Part, Reading};
use crate::wire::command::Request;
use crate::wire::context::Context;
use crate::wire::frame::{Decoder, Frame, Rules};
use crate::wire::text::{self, Text};

impl Reading {
    /// Understands the bytes that came next.
    pub fn of(decoder: &mut Decoder, rules: &Rules, bytes: &[u8]) -> Reading {
        let expected = bytes.len() + 1;
        let mut reading =
            Reading::by(decoder, rules, expected, |decoder, take| decoder.push(rules, bytes, take));
        // What was refused must not be held in memory by what was not.
        if reading.messages.bytes.capacity() > 2 * reading.messages.bytes.len() {
            reading.messages.bytes.shrink_to_fit();
        }
        reading
    }

    /// Understands what was pending when no more bytes came for a while. The line by which a client
    /// comes back is left pending, since its end may still come.
    pub fn of_quiet(decoder: &mut Decoder, rules: &Rules) -> Reading {
        if comes_back(decoder, rules) {
            return Reading::default();
        }
        Reading::by(decoder, rules, 0, |decoder, take| decoder.quiet(rules, take))
    }

    /// Understands what was pending when the stream ended. If the client has tags, or is about to come
    /// back, that is nothing: the stream may have been cut, and such a client sends again what was not
    /// answered. Otherwise half of a line would be said as if it were the whole, and half of a number
    /// would be taken for another number.
    pub fn of_finish(decoder: &mut Decoder, rules: &Rules) -> Reading {
        if decoder.is_tagged() && !decoder.speaks_chunks() || comes_back(decoder, rules) {
            decoder.finish(rules, |_| ());
            return Reading::default();
        }
        Reading::by(decoder, rules, 0, |decoder, take| decoder.finish(rules, take))
    }

    /// Understands the frames that a decoder gives.
    fn by(
        decoder: &mut Decoder,
        rules: &Rules,
        expected: usize,
        frames: impl FnOnce(&mut Decoder, &mut dyn FnMut(Frame<'_>)),
    ) -> Reading {
        let mut reading = Reading::default();
        let mut scratch = Vec::new();
        let mut is_tagged = decoder.is_tagged();
        frames(decoder, &mut |frame| {
            reading.add(rules, &mut is_tagged, frame, expected, &mut scratch);
        });
        decoder.set_tagged(is_tagged);
        reading
    }

    fn add(
        &mut self,
        rules: &Rules,
        is_tagged: &mut bool,
        frame: Frame<'_>,
        expected: usize,
        scratch: &mut Vec<u8>,
    ) {
        if self.end.is_some() {
            return;
        }
        match frame {
            Frame::Message(raw) => {
                let safe = text::clean(raw, scratch);
                if *is_tagged && safe.first() == Some(&b'@') {
                    self.add_tagged(safe);
                } else if is_exit(safe) {
                    self.end = Some(End::Exit);
                } else if rules.commands && safe.first() == Some(&b'/') {
                    self.add_slashed(safe);
                    *is_tagged = *is_tagged || asks_for_tags(safe);
                } else if !text::is_blank(safe) {
                    self.last_messages().push(safe, expected);
                }
            }
            Frame::TooLong => self.too_long += 1,
            Frame::Endless => self.end = Some(End::Endless),
            Frame::Tls => self.end = Some(End::Tls),
        }
    }
}

impl Reading {
    /// A line that starts with a slash is a command; with two, it is a message that starts with one.
    fn add_slashed(&mut self, safe: &[u8]) {
        match safe {
            [b'/', literal @ ..] if literal.first() == Some(&b'/') => {
                self.last_messages().push(literal, literal.len() + 1);
            }
            _ => self.rest.extend(Text::lossy(safe).map(|line| Part::Command(line, None))),
        }
    }

    /// A line of somebody who puts tags before it.
    fn add_tagged(&mut self, safe: &[u8]) {
        let Ok(line) = str::from_utf8(safe) else { return };
        let (context, rest) = match Context::split(line) {
            Ok(split) => split,
            Err((wrong, context)) => {
                return self.rest.push(Part::Mistagged(wrong, Box::new(context)));
            }
        };
        if is_exit(rest.as_bytes()) {
            self.end = Some(End::Exit);
            return;
        }
        let literal = rest.strip_prefix('/');
        let is_command = literal.is_some_and(|rest| !rest.starts_with('/'));
        let said = literal.filter(|_| !is_command).unwrap_or(rest);
        let Some(text) = Text::lossy(said.as_bytes()) else { return };
        let has_context = !context.is_empty();
        self.rest.push(match (is_command, has_context) {
            (true, false) => Part::Command(text, None),
            (true, true) => Part::Command(text, Some(Box::new(context))),
            (false, true) => Part::Tagged(text, Box::new(context)),
            (false, false) => return self.last_messages().add(&text),
        });
    }

    /// Where the next message belongs.
    fn last_messages(&mut self) -> &mut Messages {
        if self.rest.is_empty() {
            return &mut self.messages;
        }
        if !matches!(self.rest.last(), Some(Part::Said(_))) {
            self.rest.push(Part::Said(Messages::default()));
        }
        match self.rest.last_mut() {
            Some(Part::Said(messages)) => messages,
            Some(Part::Tagged(..) | Part::Command(..) | Part::Mistagged(..)) | None => {
                &mut self.messages
            }
        }
    }
}

/// Whether what is pending is the beginning of the line by which a client comes back.
fn comes_back(decoder: &Decoder, rules: &Rules) -> bool {
    rules.commands && !decoder.speaks_chunks() && decoder.beginning().starts_with(b"/resume")
}

/// Whether a command is the one from which on a client's lines begin with tags.
fn asks_for_tags(safe: &[u8]) -> bool {
    str::from_utf8(safe).is_ok_and(|line| {
        matches!(Request::parse(line), Ok(Request::Tags | Request::Resume(Some(_))))
    })
}

/// `exit` in any case, with white space around it or not.
fn is_exit(safe: &[u8]) -> bool {
    safe.trim_ascii().eq_ignore_ascii_case(b"exit")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Framing;

    const RULES: Rules = Rules {
        framing: Framing::Auto,
        line: 100,
        endless: 1000,
        commands: true,
        line_patience: None,
    };

    fn read(bytes: &[u8]) -> Reading {
        Reading::of(&mut Decoder::new(&RULES), &RULES, bytes)
    }

    fn said(reading: &Reading) -> Vec<&str> {
        reading.messages.iter().map(|line| str::from_utf8(line).unwrap()).collect()
    }

    #[test]
    fn messages_are_told_from_exit_and_from_nothing() {
        let reading = read(b"hello\r\n\r\n  \n two \n eXit \nnot said\n");
        assert_eq!(said(&reading), ["hello", " two "]);
        assert_eq!((reading.end, reading.messages.len()), (Some(End::Exit), 2));
        assert_eq!(read(b"exit now\nexiting\n").end, None);
    }

    #[test]
    fn messages_are_made_safe() {
        let reading = read("\x1b[1mbold\n\u{202e}evil\n\u{200b}\n".as_bytes());
        assert_eq!(said(&reading), ["\u{fffd}[1mbold", "evil"]);
    }

    #[test]
    fn what_a_program_has_not_ended_does_not_count() {
        let resume = format!("/resume {} 1 1", "0".repeat(40));
        for (bytes, counts) in
            [("hello", true), ("/who", true), ("/tags\nhell", false), (&*resume, false)]
        {
            let mut decoder = Decoder::new(&RULES);
            Reading::of(&mut decoder, &RULES, bytes.as_bytes());
            let reading = Reading::of_finish(&mut decoder, &RULES);
            assert_eq!(reading != Reading::default(), counts, "{bytes}");
        }
    }

    #[test]
    fn tags_are_read_from_the_command_on_that_asks_for_them() {
        let mut decoder = Decoder::new(&RULES);
        let reading = Reading::of(&mut decoder, &RULES, b"@x=1 hi\n/TAGS\n@x=1 hi\n@ @bob\n");
        assert_eq!(said(&reading), ["@x=1 hi"]);
        let [Part::Command(tags, None), Part::Said(messages)] = &reading.rest[..] else { panic!() };
        let tagged: Vec<_> = messages.iter().collect();
        assert_eq!((&**tags, tagged), ("/TAGS", vec![&b"hi"[..], b"@bob"]));
        assert!(decoder.is_tagged());
        let reading =
            Reading::of(&mut decoder, &RULES, b"@label=1 //x\n@label=2 /who\n@label= x\n");
        let [Part::Tagged(text, one), Part::Command(who, Some(two)), Part::Mistagged(..)] =
            &reading.rest[..]
        else {
            panic!("{reading:?}")
        };
        assert_eq!((&**text, &**who), ("/x", "/who"));
        let label = |context: &Context| context.label.as_ref().unwrap().as_str().to_owned();
        assert_eq!((label(one), label(two)), ("1".into(), "2".into()));
        assert_eq!(Reading::of(&mut decoder, &RULES, b"@label=3 exit\n").end, Some(End::Exit));
    }

    #[test]
    fn half_a_line_of_whoever_has_tags_or_comes_back_is_none() {
        let rest = |start: &str, end: fn(&mut Decoder, &Rules) -> Reading| {
            let mut decoder = Decoder::new(&RULES);
            Reading::of(&mut decoder, &RULES, start.as_bytes());
            let reading = end(&mut decoder, &RULES);
            (said(&reading).len(), reading.rest.len(), decoder.pending())
        };
        let resume = "/resume 00ff 1 12";
        assert_eq!(rest("one\ntw", Reading::of_finish), (1, 0, 0));
        assert_eq!(rest("/who", Reading::of_finish), (0, 1, 0));
        assert_eq!(rest("/tags\n@label=1 tw", Reading::of_finish), (0, 0, 0));
        assert_eq!(rest("/tags\ntw", Reading::of_finish), (0, 0, 0));
        assert_eq!(rest(resume, Reading::of_finish), (0, 0, 0));
        // Its rest may still come; whoever speaks chunks has said all.
        assert_eq!(rest(resume, Reading::of_quiet), (0, 0, resume.len()));
        let rules = Rules { framing: Framing::Chunks, ..RULES };
        let mut decoder = Decoder::new(&rules);
        Reading::of(&mut decoder, &rules, resume.as_bytes());
        assert_eq!(Reading::of_quiet(&mut decoder, &rules).rest.len(), 1);
        Reading::of(&mut decoder, &rules, b"hello");
        assert_eq!(said(&Reading::of_finish(&mut decoder, &rules)), ["hello"]);
    }

    #[test]
    fn messages_hold_no_more_memory_than_they_need() {
        let mut bytes = b"short\n".to_vec();
        bytes.resize(50_000, b'x');
        let messages = read(&bytes).messages;
        assert_eq!((messages.len(), messages.bytes.capacity()), (1, 6));
    }

    #[test]
    fn a_message_that_is_too_long_is_counted() {
        let mut bytes = vec![b'x'; 150];
        bytes.extend_from_slice(b"\nshort\n");
        let reading = read(&bytes);
        assert_eq!((said(&reading), reading.too_long), (vec!["short"], 1));
    }
}
