//! The secrets by which the client of a session may come: it may have got a new one, or not yet.

use std::collections::VecDeque;

use super::Session;
use crate::hub::sessions::is_same;
use crate::store::Token;

/// How many tokens may be on their way to a client.
const MOST_UNSURE: usize = 8;

impl Session {
    pub(in crate::hub) fn token(&self) -> Token {
        self.token
    }

    pub(in crate::hub) fn since(&self) -> u64 {
        self.since
    }

    pub(in crate::hub) fn former(&self) -> Option<(Token, u64)> {
        self.former
    }

    /// The token before its own, as it was kept elsewhere.
    pub(in crate::hub) fn set_former(&mut self, former: Option<(Token, u64)>) {
        self.former = former;
    }

    /// All tokens by which its client may come, each with the number of the last line before it.
    pub(in crate::hub) fn tokens(&self) -> impl Iterator<Item = (Token, u64)> + '_ {
        let own = (self.token, self.since);
        self.former.iter().chain(&self.unsure).copied().chain([own])
    }

    /// Its client is about to be told a new token, after the line of this number. It may not get it, and
    /// come by one of those before it again.
    pub(in crate::hub) fn renew(&mut self, token: Token, since: u64) {
        let own = (self.token, self.since);
        if self.former.is_none() {
            self.former = Some(own);
        } else {
            self.unsure.push_back(own);
        }
        if self.unsure.len() > MOST_UNSURE {
            self.unsure.pop_front();
        }
        (self.token, self.since) = (token, since);
    }

    /// The client has got the new token: it has said something since.
    pub(in crate::hub) fn has_token(&mut self) {
        self.former = None;
        self.unsure = VecDeque::new();
        self.attempt = None;
    }

    /// The client comes back by this token: it has got it, and what it was told with it.
    pub(in crate::hub) fn comes_by(&mut self, token: Token, since: u64) {
        let former = self.presented.replace(token);
        if !former.is_some_and(|former| is_same(&former, &token)) {
            self.attempt = None;
        }
        if is_same(&token, &self.token) {
            return self.has_token();
        }
        if let Some(at) = self.unsure.iter().position(|(other, _)| is_same(other, &token)) {
            self.unsure.drain(..=at);
            self.former = Some((token, since));
        }
    }
}
