//! Random scripts against a whole server in memory and a simple model of it.

mod found;
