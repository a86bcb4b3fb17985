//! Training: what is under `toksmith.train`.

mod bpe;
pub(crate) mod count;
mod less_is_better;
mod lzw;
mod unigram;

use pyo3::prelude::*;

/// Adds the trainers to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(bpe::_train_bpe, module)?)?;
    module.add_function(wrap_pyfunction!(bpe::_extend_bpe, module)?)?;
    module.add_function(wrap_pyfunction!(bpe::_train_two_stages, module)?)?;
    module.add_function(wrap_pyfunction!(bpe::_train_joined, module)?)?;
    module.add_function(wrap_pyfunction!(less_is_better::_train_lib, module)?)?;
    module.add_function(wrap_pyfunction!(lzw::_train_lzw, module)?)?;
    module.add_function(wrap_pyfunction!(unigram::_train_unigram, module)?)?;
    Ok(())
}
