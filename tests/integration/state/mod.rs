//! Random scripts against a whole server in memory and a simple model of it.
//!
//! The interpreter of the scripts and the model are in `play`, which the fuzz target `server` has
//! in common with this test.

mod found;
mod play;

use play::{Act, Setup, play};
use proptest::prelude::*;

fn setup() -> impl Strategy<Value = Setup> {
    any::<[u8; Setup::BYTES]>().prop_map(Setup::of)
}

fn act() -> impl Strategy<Value = Act> {
    any::<[u8; Act::BYTES]>().prop_map(Act::of)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_server_does_what_the_model_says(
        setup in setup(),
        acts in prop::collection::vec(act(), 1..80),
    ) {
        play(&setup, &acts);
    }
}
