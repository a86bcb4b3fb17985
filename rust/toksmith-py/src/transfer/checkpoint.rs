//! Under `toksmith.transfer.checkpoint`: safetensors files, and rows made from rows.

use crate::errors::{InputError, guard};
use crate::tokenizer::{PyTokenizer, interruptible};
use numpy::{IntoPyArray, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::PathBuf;
use toksmith_core::parallel;
use toksmith_core::transfer::checkpoint::floats::Float;
use toksmith_core::transfer::checkpoint::header;
use toksmith_core::transfer::checkpoint::recipe::Recipe;
use toksmith_core::transfer::checkpoint::tensors::TensorFile;

/// Adds the class and the functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyTensorFile>()?;
    module.add_function(wrap_pyfunction!(_begin_tensors, module)?)?;
    module.add_function(wrap_pyfunction!(_check_recipe, module)?)?;
    module.add_function(wrap_pyfunction!(_id_limit, module)?)?;
    module.add_function(wrap_pyfunction!(_narrow, module)?)
}

/// A safetensors file, mapped; its header has been checked.
#[pyclass(name = "_TensorFile", module = "toksmith._native", frozen)]
pub(crate) struct PyTensorFile(TensorFile);

#[pymethods]
impl PyTensorFile {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Ok(Self(guard(py, || py.detach(|| TensorFile::open(&path)))?))
    }

    /// `(name, dtype, shape, start, end)` in the order in which they lie in the file; positions
    /// are bytes after the header.
    #[getter]
    fn tensors(&self) -> Vec<(&str, &str, Vec<u64>, u64, u64)> {
        let tensors = self.0.header().tensors.iter();
        tensors.map(|t| (&*t.name, t.dtype, t.shape.clone(), t.start, t.end)).collect()
    }

    /// Free text by name, in order, if the file has any.
    #[getter]
    fn metadata(&self) -> Option<Vec<(String, String)>> {
        self.0.header().metadata.clone()
    }

    /// The file up to the first tensor.
    #[getter]
    fn header_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.header_bytes())
    }

    /// Rows `start` to `stop` of a tensor, float32.
    fn read_block<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        start: usize,
        stop: usize,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (numbers, width) = guard(py, || {
            py.detach(|| {
                let matrix = self.0.matrix(name)?;
                Ok((matrix.read_block(start, stop)?, matrix.width()))
            })
        })?;
        numbers.into_pyarray(py).reshape([stop - start, width])
    }

    /// The rows of `ids`, float32.
    fn read_rows<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        ids: PyReadonlyArray1<'py, u32>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let ids = ids.as_slice()?;
        let (numbers, width) = guard(py, || {
            py.detach(|| {
                let matrix = self.0.matrix(name)?;
                Ok((matrix.read_rows(ids)?, matrix.width()))
            })
        })?;
        numbers.into_pyarray(py).reshape([ids.len(), width])
    }

    /// The new rows `start` to `stop` of a recipe, as bytes of the tensor's type.
    fn gather<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        recipe: Arrays<'py>,
        start: usize,
        stop: usize,
        num_threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (indptr, ids, weights) =
            (recipe.0.as_slice()?, recipe.1.as_slice()?, recipe.2.as_slice()?);
        let threads = parallel::thread_count(num_threads);
        let bytes = interruptible(py, stop.saturating_sub(start), threads == 1, None, |watch| {
            let old = self.0.matrix(name)?;
            let recipe = Recipe::new(indptr, ids, weights, old.rows())?;
            recipe.gather(&old, (start, stop), threads, watch)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }
}

/// indptr, ids and weights.
type Arrays<'py> =
    (PyReadonlyArray1<'py, i64>, PyReadonlyArray1<'py, u32>, PyReadonlyArray1<'py, f32>);

/// Refuses a recipe that does not fit `rows` old rows; gives the number of new ones.
#[pyfunction]
fn _check_recipe(py: Python<'_>, recipe: Arrays<'_>, rows: usize) -> PyResult<usize> {
    let (indptr, ids, weights) = (recipe.0.as_slice()?, recipe.1.as_slice()?, recipe.2.as_slice()?);
    guard(py, || py.detach(|| Ok(Recipe::new(indptr, ids, weights, rows)?.rows())))
}

/// How a file of these tensors begins, and how many bytes follow.
#[pyfunction]
fn _begin_tensors(
    py: Python<'_>,
    tensors: Vec<(String, String, Vec<u64>)>,
    metadata: Option<Vec<(String, String)>>,
) -> PyResult<(Bound<'_, PyBytes>, u64)> {
    let (bytes, size) = guard(py, || header::begin(&tensors, metadata.as_deref()))?;
    Ok((PyBytes::new(py, &bytes), size))
}

/// Numbers as bytes of a type, and the place of the first that is not finite then.
#[pyfunction]
fn _narrow<'py>(
    py: Python<'py>,
    dtype: &str,
    numbers: PyReadonlyArray1<'py, f32>,
) -> PyResult<(Bound<'py, PyBytes>, Option<usize>)> {
    let Some(float) = Float::from_name(dtype) else {
        return Err(InputError::new_err(format!("dtype {dtype:?} cannot be computed with")));
    };
    let numbers = numbers.as_slice()?;
    let mut bad = None;
    let bytes = PyBytes::new_with(py, numbers.len() * float.size(), |bytes| {
        bad = py.detach(|| float.narrow(numbers, bytes));
        Ok(())
    })?;
    Ok((bytes, bad))
}

/// One more than the largest id.
#[pyfunction]
fn _id_limit(tokenizer: PyRef<'_, PyTokenizer>) -> usize {
    tokenizer.0.vocab().id_limit()
}
