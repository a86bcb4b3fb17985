"""Learning vocabularies: from texts or counted words to a tokenizer."""
