//! Training: what is under `toksmith.train`.

pub(crate) mod count;
