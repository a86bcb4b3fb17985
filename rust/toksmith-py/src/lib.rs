//! Python bindings: convert, detach, one core call, move the result out.
//!
//! - `tokenizer.rs`: the class; `stream.rs`: its streaming companions.
//! - `budget.rs`: token budgets; `tiktoken.rs`: the class under tiktoken's `Encoding`.
//! - `spelled.rs`, `encodings.rs`, `components.rs`, `given.rs`: what is under `Tokenizer`, `Encoding`
//!   and the components of tokenizers, and the texts it takes.
//! - `sentencepiece.rs`: the classes under sentencepiece's processor and normalizer.
//! - `inputs.rs`: model inputs, by templates, truncation and padding.
//! - `presplit.rs`: splitters that no file can say.
//! - `byte_probs/`: tokens as bytes, and probabilities over them.
//! - `dynamic/`: token boundaries decided at run time.
//! - `train/`: counting words, and trainers.
//! - `transfer/`: vocabulary transfer.
//! - `input.rs`: Python values in; `errors.rs`: errors out, in one function.

#![allow(clippy::doc_markdown, reason = "docstrings are read in Python")]
#![allow(clippy::unused_self, reason = "properties have a self")]

mod budget;
mod byte_probs;
mod components;
mod dynamic;
mod encodings;
mod errors;
mod given;
mod input;
mod inputs;
mod presplit;
mod sentencepiece;
mod spelled;
mod stream;
mod tiktoken;
mod tokenizer;
mod train;
mod transfer;

use pyo3::prelude::*;

/// The stem of the data file of an embedded vocabulary, or None.
#[pyfunction]
fn embedded_file(name: &str) -> Option<&'static str> {
    toksmith_core::formats::known::data_file(name)
}

/// The names of the embedded vocabularies.
#[pyfunction]
fn embedded_names() -> Vec<&'static str> {
    toksmith_core::formats::known::names().to_vec()
}

/// The compiled half of toksmith.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("ToksmithError", py.get_type::<errors::ToksmithError>())?;
    module.add("ModelError", py.get_type::<errors::ModelError>())?;
    module.add("UnsupportedFeature", errors::unsupported_feature(py)?)?;
    module.add("VocabularyError", py.get_type::<errors::VocabularyError>())?;
    module.add("InputError", py.get_type::<errors::InputError>())?;
    module.add("InternalError", py.get_type::<errors::InternalError>())?;
    module.add("UNICODE_VERSION", toksmith_core::encode::pretokenize::UNICODE_VERSION)?;
    module.add_class::<tokenizer::PyTokenizer>()?;
    module.add_class::<stream::PyStreamDecoder>()?;
    module.add_class::<stream::PyStreamEncoder>()?;
    module.add_class::<tiktoken::PyCoreBpe>()?;
    module.add_class::<spelled::PySpelled>()?;
    module.add_class::<components::PyDecodeStream>()?;
    module.add_class::<encodings::PyEncoding>()?;
    module.add_function(wrap_pyfunction!(components::json_sections, module)?)?;
    module.add_function(wrap_pyfunction!(components::normalize_text, module)?)?;
    module.add_function(wrap_pyfunction!(components::pre_tokenize_text, module)?)?;
    module.add_function(wrap_pyfunction!(components::decode_tokens, module)?)?;
    module.add_class::<sentencepiece::PyProcessor>()?;
    module.add_class::<sentencepiece::PyNormalizer>()?;
    module.add_function(wrap_pyfunction!(inputs::model_inputs, module)?)?;
    module.add_function(wrap_pyfunction!(inputs::file_truncation, module)?)?;
    module.add_function(wrap_pyfunction!(inputs::file_padding, module)?)?;
    module.add_class::<budget::PyTextCounter>()?;
    module.add_class::<budget::PyTokenCounter>()?;
    module.add_function(wrap_pyfunction!(budget::_fits, module)?)?;
    module.add_function(wrap_pyfunction!(budget::_truncate, module)?)?;
    module.add_function(wrap_pyfunction!(budget::_chunk, module)?)?;
    module.add_class::<train::count::PyWordCounts>()?;
    module.add_class::<train::count::PyWordCounter>()?;
    train::register(module)?;
    byte_probs::register(module)?;
    dynamic::register(module)?;
    transfer::register(module)?;
    module.add_class::<presplit::PyLexicon>()?;
    module.add_class::<presplit::PyCompounds>()?;
    module.add_function(wrap_pyfunction!(presplit::_unit_spans, module)?)?;
    module.add_function(wrap_pyfunction!(embedded_file, module)?)?;
    module.add_function(wrap_pyfunction!(embedded_names, module)?)?;
    Ok(())
}
