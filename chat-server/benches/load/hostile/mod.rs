//! A chat among enemies: clients that only want to talk, and others that do all that a server should
//! survive.
//!
//! - [`names`]: whose lines count as honest, in a way that nobody can fake;
//! - [`honest`]: the clients that chat, at a steady pace, in the thread of the measurement, from
//!   [`hearing`] (which line at a client is an honest one) and [`transcript`] (who heard what, in
//!   which order, how long after it was due);
//! - [`mob`]: the hostile clients, in a thread of their own, each of them an [`intruder`] with one of
//!   the [`habits`].

pub(crate) mod habits;
mod hearing;
pub(crate) mod honest;
pub(crate) mod intruder;
pub(crate) mod mob;
mod names;
pub(crate) mod transcript;
