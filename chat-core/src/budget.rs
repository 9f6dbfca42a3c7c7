//! The memory of a server that grows with what its clients do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much memory all that waits takes, and how much it may take.
///
/// Clones share the account.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    account: Arc<Account>,
}

#[derive(Debug)]
struct Account {
    used: AtomicUsize,
    limit: usize,
}

/// How much of a budget is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pressure {
    /// Enough.
    None,
    /// Little: whoever brings more is to be slowed.
    Near,
    /// Nothing: whoever holds much has to give it up.
    Full,
}

/// A budget without a limit.
impl Default for Budget {
    fn default() -> Budget {
        Budget::new(usize::MAX)
    }
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Budget {
        Budget { account: Arc::new(Account { used: AtomicUsize::new(0), limit }) }
    }

    /// How many bytes are in use.
    pub(crate) fn used(&self) -> usize {
        self.account.used.load(Ordering::Relaxed)
    }

    /// How many bytes may be in use.
    pub(crate) fn limit(&self) -> usize {
        self.account.limit
    }

    pub(crate) fn pressure(&self) -> Pressure {
        let (used, limit) = (self.used(), self.account.limit);
        if used >= limit {
            Pressure::Full
        } else if used >= limit - limit / 8 {
            Pressure::Near
        } else {
            Pressure::None
        }
    }

    /// Notes that so many bytes more are in use.
    pub(crate) fn take(&self, bytes: usize) {
        self.account.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Notes that so many bytes are in use no more.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.account.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Takes bytes for as long as the answer lives.
    pub(crate) fn charge(&self, bytes: usize) -> Charge {
        self.take(bytes);
        Charge { budget: self.clone(), bytes }
    }
}

/// Bytes of a budget that are in use for as long as this lives.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Budget,
    bytes: usize,
}

impl Charge {
    /// How many bytes are in use by this.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Changes how many bytes are in use.
    pub(crate) fn set(&mut self, bytes: usize) {
        if bytes >= self.bytes {
            self.budget.take(bytes - self.bytes);
        } else {
            self.budget.give_back(self.bytes - bytes);
        }
        self.bytes = bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_charged_comes_back() {
        let budget = Budget::new(800);
        let mut charge = budget.charge(699);
        assert_eq!(budget.pressure(), Pressure::None);
        charge.set(700);
        assert_eq!(budget.pressure(), Pressure::Near);
        let other = budget.charge(100);
        assert_eq!((budget.used(), budget.pressure()), (800, Pressure::Full));
        drop(other);
        charge.set(1);
        assert_eq!(budget.used(), 1);
        drop(charge);
        assert_eq!(budget.used(), 0);
    }
}
