"""Exact byte-level probabilities from a tokenized language model.

    >>> import toksmith as ts
    >>> import numpy as np
    >>> tok = ts.Tokenizer.from_pretrained("gpt2")
    >>> trie = ts.byte_probs.TokenTrie(tok)
    >>> row = np.zeros(tok.vocab_size + 1, np.float32)  # a model's logits of the next token
    >>> trie.next_bytes(row, b" hel").shape
    (258,)

- `TokenTrie`: the vocabulary sorted by bytes; what a row of logits says of the bytes of one token.
"""

from toksmith.byte_probs.trie import TokenTrie

__all__ = ["TokenTrie"]
