//! The exception classes, and the one function through which the core's errors reach Python.

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PyNotImplementedError};
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use toksmith_core::{Error, ErrorKind};

create_exception!(toksmith, ToksmithError, PyException, "Whatever goes wrong in toksmith.");
create_exception!(
    toksmith,
    ModelError,
    ToksmithError,
    "A tokenizer file is malformed: what, and where."
);
create_exception!(
    toksmith,
    VocabularyError,
    ToksmithError,
    "An id, a token or a name that the vocabulary does not have, or a vocabulary that does not fit."
);
create_exception!(
    toksmith,
    InputError,
    ToksmithError,
    "Text or an argument that cannot be used: what, and where."
);
create_exception!(
    toksmith,
    InternalError,
    ToksmithError,
    "A bug in toksmith; the message says where."
);

/// `UnsupportedFeature` has two bases, which the macro cannot say.
static UNSUPPORTED: pyo3::sync::PyOnceLock<Py<PyType>> = pyo3::sync::PyOnceLock::new();

/// The class `UnsupportedFeature(ToksmithError, NotImplementedError)`.
pub(crate) fn unsupported_feature(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let class = UNSUPPORTED.get_or_try_init(py, || {
        let bases = PyTuple::new(
            py,
            [py.get_type::<ToksmithError>(), py.get_type::<PyNotImplementedError>()],
        )?;
        let body = pyo3::types::PyDict::new(py);
        body.set_item("__module__", "toksmith")?;
        body.set_item("__doc__", "Something this version does not do; the message names it.")?;
        let class = py.get_type::<PyType>().call1(("UnsupportedFeature", bases, body))?;
        Ok::<_, PyErr>(class.cast_into::<PyType>()?.unbind())
    })?;
    Ok(class.bind(py))
}

/// The Python exception for an error of the core.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let message = error.to_string();
    match error.kind() {
        ErrorKind::Model => ModelError::new_err(message),
        ErrorKind::Unsupported => match unsupported_feature(py) {
            Ok(class) => PyErr::from_type(class.clone(), message),
            Err(error) => error,
        },
        ErrorKind::Vocabulary => VocabularyError::new_err(message),
        ErrorKind::Input => InputError::new_err(message),
        ErrorKind::Cancelled => PyKeyboardInterrupt::new_err(message),
    }
}

/// What stopped a call from inside a callback: a signal handler or the caller's own function.
#[derive(Default)]
pub(crate) struct Interruption(Mutex<Option<PyErr>>);

impl Interruption {
    /// Keeps the first error; says whether to stop.
    pub(crate) fn stop(&self, result: PyResult<()>) -> bool {
        let Err(error) = result else { return false };
        if let Ok(mut kept) = self.0.lock() {
            kept.get_or_insert(error);
        }
        true
    }

    fn take(&self) -> Option<PyErr> {
        self.0.lock().ok().and_then(|mut kept| kept.take())
    }
}

/// Runs core code: its errors become exceptions, a panic becomes `InternalError`.
#[inline]
pub(crate) fn guard<T>(
    py: Python<'_>,
    work: impl FnOnce() -> toksmith_core::Result<T>,
) -> PyResult<T> {
    guard_interruptible(py, &Interruption::default(), work)
}

/// As [`guard`], for work that asks the caller now and then.
#[inline]
pub(crate) fn guard_interruptible<T>(
    py: Python<'_>,
    interruption: &Interruption,
    work: impl FnOnce() -> toksmith_core::Result<T>,
) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(interruption.take().unwrap_or_else(|| raise(py, &error))),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text =
                text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(InternalError::new_err(format!("a bug in toksmith, please report it: {text}")))
        }
    }
}
