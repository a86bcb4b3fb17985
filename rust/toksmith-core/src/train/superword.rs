//! Tokens across the edges of pre-tokens.
