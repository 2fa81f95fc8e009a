//! Random numbers for what need not be secret.

use std::hash::{BuildHasher, RandomState};

/// Any number. Not for secrets.
pub fn number() -> u64 {
    // A fresh hasher is seeded by chance.
    RandomState::new().hash_one(0_u8)
}

/// A number between 0 and 1. Not for secrets.
pub fn fraction() -> f64 {
    number() as f64 / u64::MAX as f64
}
