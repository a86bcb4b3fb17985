//! A window over a stream of batches.
