//! Randomness that is the same in every run.

/// A tiny generator of random numbers (xorshift64*), good enough to shake things about and the
/// same on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator that this seed decides.
    pub fn new(seed: u64) -> Random {
        // A state of zero would stay zero for ever.
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`.
    ///
    /// # Panics
    ///
    /// If `bound` is 0.
    #[allow(clippy::cast_possible_truncation, reason = "the remainder is below a usize")]
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16;
        (mixed % bound as u64) as usize
    }

    /// Whether something happens that happens once in `times`.
    ///
    /// # Panics
    ///
    /// If `times` is 0.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}
