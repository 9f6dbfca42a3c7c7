//! A server that remembers labels and what was said, as far as one client has to do with it.

use std::collections::VecDeque;

use crate::wire::Tags;

/// The server, as far as one client has to do with it.
pub(super) struct Model {
    /// How many labels are remembered.
    memory: usize,
    /// What this client has said and done, in order.
    pub(super) log: Vec<u64>,
    /// The numbers of what others have said.
    pub(super) others: Vec<u64>,
    pub(super) msgid: u64,
    pub(super) epoch: u64,
    /// How many tokens were given.
    tokens: u64,
    /// The token that is good, and the one that is until the client says something.
    pub(super) good: Option<u64>,
    pub(super) former: Option<u64>,
    /// The last labels, each with its answer, and whether it outlives a restart.
    pub(super) labels: VecDeque<(String, String, bool)>,
    pub(super) has_tags: bool,
    /// What is on its way to the client.
    pub(super) out: VecDeque<String>,
}

impl Model {
    pub(super) fn new(memory: usize) -> Model {
        Model {
            memory,
            log: Vec::new(),
            others: Vec::new(),
            msgid: 0,
            epoch: 1,
            tokens: 0,
            good: None,
            former: None,
            labels: VecDeque::new(),
            has_tags: false,
            out: VecDeque::new(),
        }
    }

    fn offer(&mut self, tags: &str) {
        self.former = self.good;
        self.tokens += 1;
        self.good = Some(self.tokens);
        self.out.push_back(format!(
            "@kind=answer;server=s;version=v;line=900;name=7;room=lobby;session={};epoch={};msgid={};\
             within=9;resend={}{tags} * welcome",
            self.tokens, self.epoch, self.msgid, self.memory
        ));
    }

    pub(super) fn serve(&mut self, line: &str) {
        if line.starts_with("/resume ") {
            return self.resume(line);
        }
        self.former = None;
        if line == "/tags" {
            self.has_tags = true;
            let ready = "@kind=answer;server=s;version=v;line=900;name=7;room=lobby * tags are on";
            return self.out.push_back(ready.into());
        }
        let (tags, rest) = Tags::split(line);
        let label = tags.get("label").expect("every line has one").into_owned();
        if rest == "/resume" {
            self.labels.clear();
            return self.offer(&format!(";label={label}"));
        }
        if let Some((_, answer, _)) = self.labels.iter().find(|(known, ..)| *known == label) {
            return self.out.push_back(answer.clone());
        }
        self.msgid += 1;
        self.log.push(rest.rsplit(' ').next().unwrap().parse().expect("a number"));
        let is_command = rest.starts_with('/');
        let kind = if is_command { "answer" } else { "sent" };
        let answer = format!("@kind={kind};msgid={};label={label} * done", self.msgid);
        self.labels.push_back((label, answer.clone(), !is_command));
        if self.labels.len() > self.memory {
            self.labels.pop_front();
        }
        self.out.push_back(answer);
    }

    fn resume(&mut self, line: &str) {
        let given: Vec<u64> = line.split(' ').skip(1).map(|part| part.parse().unwrap()).collect();
        let [token, _, msgid] = given[..] else { panic!("{line}") };
        self.has_tags = true;
        if self.good != Some(token) && self.former != Some(token) {
            (self.good, self.former) = (None, None);
            return self.out.push_back("@kind=error * there is no such session".into());
        }
        let missed: Vec<u64> = self.others.iter().copied().filter(|&said| said > msgid).collect();
        self.good = Some(token);
        self.out.extend(missed.iter().map(|said| other(*said)));
        self.offer(&format!(";recovered={}", missed.len()));
    }
}

pub(super) fn other(msgid: u64) -> String {
    format!("@kind=message;msgid={msgid};from=8;room=lobby 8: {msgid}")
}
