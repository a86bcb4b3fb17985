//! Under `toksmith.dynamic.soft`.

use crate::errors::InputError;
use crate::tokenizer::interruptible_in;
use numpy::{
    Element, IntoPyArray, PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray2,
    PyReadonlyArray3, PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use toksmith_core::dynamic::soft::means::merge;
use toksmith_core::dynamic::soft::plan::{Kernel, Method, Options, Pairing, Plan, plan};
use toksmith_core::dynamic::soft::{Array, Number};
use toksmith_core::parallel;

type Merged<'py, T> = (Bound<'py, PyArray3<T>>, Bound<'py, PyArray2<f64>>);
type Maps<'py> = (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<i64>>);
/// `(r, window, causal, published)`.
type Chosen = (usize, Option<usize>, bool, bool);

/// Adds the class to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyPlan>()
}

/// Which positions of each sequence go together.
#[pyclass(frozen, name = "_SoftPlan", module = "toksmith._native")]
pub(crate) struct PyPlan(Plan);

fn shape_of<T: Element>(array: &PyReadonlyArray3<'_, T>) -> [usize; 3] {
    let shape = array.shape();
    [shape[0], shape[1], shape[2]]
}

fn planned<T: Number + Element>(
    py: Python<'_>,
    metric: &PyReadonlyArray3<'_, T>,
    method: Method,
    (r, window, causal, published): Chosen,
    protected: Option<PyReadonlyArray2<'_, bool>>,
    threads: Option<usize>,
) -> PyResult<PyPlan> {
    let protected = protected.as_ref().map(PyReadonlyArray2::as_slice).transpose()?;
    let options = Options { r, protected, window, causal, published };
    let (numbers, shape) = (metric.as_slice()?, shape_of(metric));
    let threads = parallel::thread_count(threads);
    let total = (numbers.len(), "numbers");
    interruptible_in(py, total, threads <= 1, None, |watch| {
        plan(&Array::new(numbers, shape, "metric")?, method, &options, threads, watch)
    })
    .map(PyPlan)
}

impl PyPlan {
    fn merged<'py, T: Number + Element>(
        &self,
        py: Python<'py>,
        vectors: &PyReadonlyArray3<'py, T>,
        sizes: Option<PyReadonlyArray2<'py, f64>>,
        threads: Option<usize>,
    ) -> PyResult<Merged<'py, T>> {
        let sizes = sizes.as_ref().map(PyReadonlyArray2::as_slice).transpose()?;
        let (numbers, shape) = (vectors.as_slice()?, shape_of(vectors));
        let threads = parallel::thread_count(threads);
        let total = (numbers.len(), "numbers");
        let merged = interruptible_in(py, total, threads <= 1, None, |watch| {
            merge(&self.0, &Array::new(numbers, shape, "x")?, sizes, threads, watch)
        })?;
        let (batch, after) = (self.0.batch, self.0.after);
        Ok((
            merged.numbers.into_pyarray(py).reshape([batch, after, shape[2]])?,
            merged.sizes.into_pyarray(py).reshape([batch, after])?,
        ))
    }
}

#[pymethods]
impl PyPlan {
    #[staticmethod]
    fn bipartite(
        metric: &Bound<'_, PyAny>,
        chosen: Chosen,
        protected: Option<PyReadonlyArray2<'_, bool>>,
        num_threads: Option<usize>,
    ) -> PyResult<Self> {
        Self::chosen(metric, Method::Bipartite, chosen, protected, num_threads)
    }

    #[staticmethod]
    fn energy(
        metric: &Bound<'_, PyAny>,
        weighed: (f64, f64, bool, bool),
        chosen: Chosen,
        protected: Option<PyReadonlyArray2<'_, bool>>,
        num_threads: Option<usize>,
    ) -> PyResult<Self> {
        let (margin, alpha, gauss, halves) = weighed;
        let kernel = if gauss { Kernel::Gauss } else { Kernel::Elu };
        let pairing = if halves { Pairing::Halves } else { Pairing::Alternate };
        let method = Method::Energy { margin, alpha, kernel, pairing };
        Self::chosen(metric, method, chosen, protected, num_threads)
    }

    fn merge<'py>(
        &self,
        vectors: &Bound<'py, PyAny>,
        sizes: Option<PyReadonlyArray2<'py, f64>>,
        num_threads: Option<usize>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyArray2<f64>>)> {
        let py = vectors.py();
        if let Ok(vectors) = vectors.extract::<PyReadonlyArray3<'_, f32>>() {
            let (numbers, sizes) = self.merged(py, &vectors, sizes, num_threads)?;
            return Ok((numbers.into_any(), sizes));
        }
        let vectors = double(vectors)?;
        let (numbers, sizes) = self.merged(py, &vectors, sizes, num_threads)?;
        Ok((numbers.into_any(), sizes))
    }

    /// `(batch, before)` and `(batch, after)`.
    #[getter]
    fn maps<'py>(&self, py: Python<'py>) -> PyResult<Maps<'py>> {
        let Plan { batch, before, after, map, firsts } = &self.0;
        Ok((
            PyArray1::from_slice(py, map).reshape([*batch, *before])?,
            PyArray1::from_slice(py, firsts).reshape([*batch, *after])?,
        ))
    }
}

impl PyPlan {
    fn chosen(
        metric: &Bound<'_, PyAny>,
        method: Method,
        chosen: Chosen,
        protected: Option<PyReadonlyArray2<'_, bool>>,
        threads: Option<usize>,
    ) -> PyResult<Self> {
        let py = metric.py();
        if let Ok(metric) = metric.extract::<PyReadonlyArray3<'_, f32>>() {
            return planned(py, &metric, method, chosen, protected, threads);
        }
        planned(py, &double(metric)?, method, chosen, protected, threads)
    }
}

fn double<'py>(array: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArray3<'py, f64>> {
    array
        .extract()
        .map_err(|_| InputError::new_err("expected a float32 or float64 array of three dimensions"))
}
