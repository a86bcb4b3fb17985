//! Which token sequences a tokenizer can give: prefixes of the encoding of some text.

pub(crate) mod pairs;
