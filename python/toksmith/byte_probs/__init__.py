"""Exact byte-level probabilities from a tokenized language model."""
