//! Under `toksmith.dynamic.SlotTable`.

use crate::errors::guard;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use toksmith_core::batch::Ragged;
use toksmith_core::dynamic::slots::{Contents, SlotTable};

type Ids<'py> = Bound<'py, PyArray1<u32>>;
/// Slots, which rows are fresh, evicted slots, and their tokens.
type Assigned<'py> =
    (Ids<'py>, Bound<'py, PyArray1<bool>>, Ids<'py>, Ids<'py>, Bound<'py, PyArray1<i64>>);

/// Adds the class to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySlotTable>()
}

/// New tokens in slots.
#[pyclass(name = "_SlotTable", module = "toksmith._native")]
pub(crate) struct PySlotTable(SlotTable);

#[pymethods]
impl PySlotTable {
    #[new]
    fn new(py: Python<'_>, capacity: usize) -> PyResult<Self> {
        Ok(Self(guard(py, || SlotTable::new(capacity))?))
    }

    #[staticmethod]
    fn restore(
        py: Python<'_>,
        capacity: usize,
        slots: Vec<u32>,
        ids: PyReadonlyArray1<'_, u32>,
        offsets: PyReadonlyArray1<'_, i64>,
        pinned: usize,
    ) -> PyResult<Self> {
        let keys = Ragged { ids: ids.as_slice()?.into(), offsets: offsets.as_slice()?.into() };
        let contents = Contents { slots, keys, pinned };
        Ok(Self(guard(py, || SlotTable::restore(capacity, &contents))?))
    }

    /// Slots in use, pinned ones first, their tokens, and how many are pinned.
    fn contents<'py>(
        &self,
        py: Python<'py>,
    ) -> (Ids<'py>, Ids<'py>, Bound<'py, PyArray1<i64>>, usize) {
        let Contents { slots, keys, pinned } = self.0.contents();
        let (ids, offsets) = (keys.ids.into_pyarray(py), keys.offsets.into_pyarray(py));
        (slots.into_pyarray(py), ids, offsets, pinned)
    }

    #[getter]
    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn assign<'py>(
        &mut self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u32>,
        offsets: PyReadonlyArray1<'py, i64>,
    ) -> PyResult<Assigned<'py>> {
        let (table, ids, offsets) = (&mut self.0, ids.as_slice()?, offsets.as_slice()?);
        let done = guard(py, || py.detach(|| table.assign(ids, offsets)))?;
        Ok((
            done.slots.into_pyarray(py),
            done.fresh.into_pyarray(py),
            done.evicted_slots.into_pyarray(py),
            done.evicted.ids.into_pyarray(py),
            done.evicted.offsets.into_pyarray(py),
        ))
    }

    fn lookup<'py>(
        &self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u32>,
        offsets: PyReadonlyArray1<'py, i64>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let (ids, offsets) = (ids.as_slice()?, offsets.as_slice()?);
        Ok(guard(py, || py.detach(|| self.0.lookup(ids, offsets)))?.into_pyarray(py))
    }

    fn key<'py>(&self, py: Python<'py>, slot: u32) -> Option<Ids<'py>> {
        Some(PyArray1::from_slice(py, self.0.key(slot)?))
    }

    fn is_pinned(&self, slot: u32) -> bool {
        self.0.is_pinned(slot)
    }

    fn pin(&mut self, py: Python<'_>, slots: Vec<u32>) -> PyResult<()> {
        let table = &mut self.0;
        guard(py, || table.pin(&slots))
    }

    fn unpin(&mut self, py: Python<'_>, slots: Vec<u32>) -> PyResult<()> {
        let table = &mut self.0;
        guard(py, || table.unpin(&slots))
    }

    fn discard(&mut self, py: Python<'_>, slots: Vec<u32>) -> PyResult<()> {
        let table = &mut self.0;
        guard(py, || table.discard(&slots))
    }
}
