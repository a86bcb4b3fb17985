//! SentencePiece's processor and normalizer, with the exceptions that SentencePiece raises.
//!
//! `python/toksmith/compat/sentencepiece` has the classes on top; it resolves arguments and says
//! here in which form results are wanted: `"ids"`, `"array"`, `"str"`, `"bytes"` (pieces),
//! `"proto"` (serialized) or `"offsets"`.

use crate::errors::{guard, raise};
use crate::tokenizer::{DETACH_BYTES, interruptible};
use numpy::{IntoPyArray, PyReadonlyArray1};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::{PyIndexError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PySequence, PyString};
use toksmith_core::compat::sentencepiece::decode::Decoded;
use toksmith_core::compat::sentencepiece::{
    Choice, Normalized, NormalizerAlone, Piece, Processor, characters, proto,
};
use toksmith_core::formats::pipeline::PieceKind;
use toksmith_core::formats::sentencepiece::{normalizer_spec, spec_with_flags};
use toksmith_core::watch::Watch;
use toksmith_core::{Error, ErrorKind, Result, TokenId, parallel};

/// A loaded model.
#[pyclass(frozen, name = "SentencePieceCore", module = "toksmith._native")]
pub(crate) struct PyProcessor(Processor);

/// A normalizer by itself.
#[pyclass(frozen, name = "SentencePieceNormalizerCore", module = "toksmith._native")]
pub(crate) struct PyNormalizer(NormalizerAlone, Vec<u8>);

/// `(nbest_size, alpha, seed)` of a sample.
type PySample = (i64, f32, u64);
/// `(add_bos, add_eos, reverse, emit_unk_piece)`.
type PyRewrite = (bool, bool, bool, bool);

/// The exception that SentencePiece has for an error of the core.
fn raise_as(py: Python<'_>, error: &Error) -> PyErr {
    match error.kind() {
        ErrorKind::Vocabulary => PyIndexError::new_err("piece id is out of range."),
        ErrorKind::Model | ErrorKind::Input => PyRuntimeError::new_err(error.to_string()),
        _ => raise(py, error),
    }
}

/// Runs work on so many bytes, with the GIL released where that is worth it.
fn run<T: Send>(
    py: Python<'_>,
    bytes: usize,
    serial: bool,
    work: impl FnOnce(&Watch<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let work = |watch: &Watch<'_>| match work(watch) {
        Err(Error::Cancelled) => Err(Error::Cancelled),
        done => Ok(done),
    };
    let done = if bytes <= DETACH_BYTES {
        guard(py, || work(&Watch::none()))?
    } else {
        interruptible(py, bytes, serial, None, work)?
    };
    done.map_err(|error| raise_as(py, &error))
}

/// str or bytes, and what keeps it alive.
struct Input<'py>(Bound<'py, PyAny>);

impl<'py> Input<'py> {
    fn new(value: &Bound<'py, PyAny>, of_list: bool) -> PyResult<Self> {
        if let Ok(text) = value.cast::<PyString>() {
            if text.to_str().is_ok() {
                return Ok(Self(value.clone()));
            }
            let why = "the str has a lone surrogate";
            return Err(if of_list {
                PyTypeError::new_err(why)
            } else {
                PyRuntimeError::new_err(why)
            });
        }
        if value.is_instance_of::<PyBytes>() {
            return Ok(Self(value.clone()));
        }
        let what = if of_list { "List elements" } else { "Input" };
        Err(PyTypeError::new_err(format!("{what} must be str or bytes")))
    }

    fn is_bytes(&self) -> bool {
        self.0.is_instance_of::<PyBytes>()
    }

    fn bytes(&self) -> &[u8] {
        if let Ok(bytes) = self.0.cast::<PyBytes>() {
            return bytes.as_bytes();
        }
        let text = self.0.cast::<PyString>().ok().and_then(|text| text.to_str().ok());
        text.unwrap_or_default().as_bytes()
    }
}

/// The elements of a sequence.
fn inputs<'py>(values: &Bound<'py, PyAny>) -> PyResult<Vec<Input<'py>>> {
    let wrong = || PyTypeError::new_err("Input must be a list or tuple of str or bytes");
    if values.is_instance_of::<PyString>() || values.is_instance_of::<PyBytes>() {
        return Err(wrong());
    }
    let values = values.cast::<PySequence>().map_err(|_| wrong())?;
    (0..values.len()?).map(|at| Input::new(&values.get_item(at)?, true)).collect()
}

fn size(inputs: &[Input<'_>]) -> usize {
    inputs.iter().map(|input| input.bytes().len()).sum()
}

fn choice(sample: Option<PySample>) -> Choice {
    match sample {
        Some((nbest, alpha, seed)) => Choice::Sample(alpha, usize::try_from(nbest).ok(), seed),
        None => Choice::Best,
    }
}

/// Threads for a call: a negative number asks for all.
fn threads(asked: i64) -> usize {
    match usize::try_from(asked) {
        Ok(asked) => asked.max(1).min(parallel::thread_count(None)),
        Err(_) => parallel::thread_count(None),
    }
}

/// What is made of one text before it becomes Python's.
enum Row {
    Ids(Vec<TokenId>),
    Pieces(Vec<Piece>),
    Proto(Vec<u8>),
}

fn is_ids(form: &str) -> bool {
    matches!(form, "ids" | "array")
}

/// Bytes as str, U+FFFD for what is none.
fn text_of<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    PyString::new(py, &String::from_utf8_lossy(bytes))
}

fn str_or_bytes<'py>(py: Python<'py>, value: &[u8], bytes: bool) -> Bound<'py, PyAny> {
    if bytes { PyBytes::new(py, value).into_any() } else { text_of(py, value).into_any() }
}

/// Ids, pieces and places of a text; the text, too, where it is what was decoded.
fn offsets<'py>(
    py: Python<'py>,
    text: &[u8],
    pieces: &[Piece],
    as_bytes: bool,
    with_text: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let dict = PyDict::new(py);
    if with_text {
        dict.set_item("text", str_or_bytes(py, text, as_bytes))?;
    }
    let places = if as_bytes { Vec::new() } else { characters(text) };
    let place = |at: u32| if as_bytes { at } else { places.get(at as usize).copied().unwrap_or(0) };
    dict.set_item("ids", PyList::new(py, pieces.iter().map(|piece| id_of(piece.id)))?)?;
    let spelled = pieces.iter().map(|piece| str_or_bytes(py, &piece.piece, as_bytes));
    dict.set_item("pieces", PyList::new(py, spelled)?)?;
    let spans = pieces.iter().map(|piece| (place(piece.begin), place(piece.end)));
    dict.set_item("offsets", PyList::new(py, spans)?)?;
    Ok(dict.into_any())
}

/// An id as SentencePiece gives it.
fn id_of(id: TokenId) -> i32 {
    i32::try_from(id).unwrap_or(0)
}

impl PyProcessor {
    /// One row, made without Python.
    fn row(&self, text: &[u8], form: &str, choice: Choice, rewrite: PyRewrite) -> Result<Row> {
        Ok(match form {
            "ids" | "array" => {
                let mut ids = self.0.encode(text, choice)?;
                self.rewrite(&mut ids, rewrite, |id| id);
                Row::Ids(ids)
            }
            "proto" => Row::Proto(proto::text(text, &self.0.encode_pieces(text, choice)?, None)),
            "offsets" => Row::Pieces(self.0.encode_pieces(text, choice)?),
            _ => Row::Pieces(self.rewritten(self.0.encode_pieces(text, choice)?, rewrite)),
        })
    }

    /// Pieces with those of bos and eos, reversed, and unknown ones named.
    fn rewritten(&self, mut pieces: Vec<Piece>, rewrite: PyRewrite) -> Vec<Piece> {
        let piece = |id| {
            let piece = self.0.piece(id).unwrap_or_default().to_vec();
            Piece { piece, id, begin: 0, end: 0, surface: true }
        };
        if let (true, Some(unk)) = (rewrite.3, self.0.specials().unk) {
            for found in &mut pieces {
                if self.0.piece_to_id(&found.piece) == Some(unk) {
                    *found = piece(unk);
                }
            }
        }
        self.rewrite(&mut pieces, rewrite, piece);
        pieces
    }

    fn rewrite<T>(&self, row: &mut Vec<T>, rewrite: PyRewrite, special: impl Fn(TokenId) -> T) {
        let (bos, eos, reverse, _) = rewrite;
        if reverse {
            row.reverse();
        }
        if let (true, Some(bos)) = (bos, self.0.specials().bos) {
            row.insert(0, special(bos));
        }
        if let (true, Some(eos)) = (eos, self.0.specials().eos) {
            row.push(special(eos));
        }
    }

    /// A row as Python wants it.
    fn give<'py>(
        py: Python<'py>,
        row: Row,
        text: &[u8],
        form: &str,
        as_bytes: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        Ok(match row {
            Row::Ids(ids) if form == "array" => {
                let ids: Vec<i32> = ids.into_iter().map(id_of).collect();
                ids.into_pyarray(py).into_any()
            }
            Row::Ids(ids) => PyList::new(py, ids)?.into_any(),
            Row::Proto(proto) => PyBytes::new(py, &proto).into_any(),
            Row::Pieces(pieces) if form == "offsets" => {
                offsets(py, text, &pieces, as_bytes, false)?
            }
            Row::Pieces(pieces) => {
                let spelled =
                    pieces.iter().map(|piece| str_or_bytes(py, &piece.piece, form == "bytes"));
                PyList::new(py, spelled)?.into_any()
            }
        })
    }

    /// Ids that are in range.
    fn ids(&self, value: &Bound<'_, PyAny>) -> PyResult<Vec<TokenId>> {
        let py = value.py();
        if let Ok(array) = value.extract::<PyReadonlyArray1<'_, i64>>() {
            return array.as_array().iter().map(|&id| self.checked(py, id)).collect();
        }
        let wrong = || {
            PyTypeError::new_err(
                "Input must be an integer buffer, list of integers, or a sequence of integers.",
            )
        };
        if value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>() {
            return Err(wrong());
        }
        if value.is_instance_of::<PyDict>() {
            return Err(wrong());
        }
        let item = |item: PyResult<Bound<'_, PyAny>>| {
            let id: i32 = item?.extract().map_err(|_| wrong())?;
            self.checked(py, i64::from(id))
        };
        value.try_iter().map_err(|_| wrong())?.map(item).collect()
    }

    fn checked(&self, py: Python<'_>, id: i64) -> PyResult<TokenId> {
        let found = u32::try_from(id).ok().filter(|&id| (id as usize) < self.0.len());
        found.ok_or_else(|| {
            raise_as(py, &Error::UnknownId { id: i128::from(id), limit: self.0.len() })
        })
    }

    /// What one id or several have of something.
    fn of_ids<'py, T>(
        &self,
        ids: &Bound<'py, PyAny>,
        get: impl Fn(TokenId) -> T,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        T: IntoPyObject<'py>,
    {
        let py = ids.py();
        if let Ok(id) = ids.extract::<i32>() {
            let id = i64::from(id);
            return get(self.checked(py, id)?).into_bound_py_any(py);
        }
        let list = PyList::empty(py);
        for id in self.ids(ids)? {
            list.append(get(id))?;
        }
        Ok(list.into_any())
    }

    fn is_kind<'py>(
        &self,
        ids: &Bound<'py, PyAny>,
        kind: PieceKind,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.of_ids(ids, |id| {
            pyo3::types::PyBool::new(ids.py(), self.0.kind(id) == Some(kind)).to_owned()
        })
    }
}

#[pymethods]
impl PyProcessor {
    #[new]
    fn new(py: Python<'_>, data: &Bound<'_, PyBytes>) -> PyResult<Self> {
        let data = data.as_bytes().to_vec();
        Ok(Self(run(py, usize::MAX, true, |_| Processor::new(data))?))
    }

    /// The file it was read from.
    fn file<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.file())
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// The ids of the unknown piece, of bos, eos and padding; -1: none.
    fn specials(&self) -> [i32; 4] {
        let specials = self.0.specials();
        [specials.unk, specials.bos, specials.eos, specials.pad].map(|id| id.map_or(-1, id_of))
    }

    fn id_to_piece<'py>(&self, ids: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.of_ids(ids, |id| text_of(ids.py(), self.0.piece(id).unwrap_or_default()))
    }

    fn score<'py>(&self, ids: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.of_ids(ids, |id| self.0.score(id).unwrap_or_default())
    }

    fn is_unknown<'py>(&self, ids: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.is_kind(ids, PieceKind::Unknown)
    }

    fn is_control<'py>(&self, ids: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.is_kind(ids, PieceKind::Control)
    }

    fn is_unused<'py>(&self, ids: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.is_kind(ids, PieceKind::Unused)
    }

    fn is_byte<'py>(&self, ids: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.is_kind(ids, PieceKind::Byte)
    }

    /// The id of a piece, or those of several.
    fn piece_to_id<'py>(&self, pieces: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = pieces.py();
        let id = |piece: &Input<'_>| self.0.piece_to_id(piece.bytes()).map_or(0, id_of);
        if pieces.is_instance_of::<PyString>() || pieces.is_instance_of::<PyBytes>() {
            return Ok(id(&Input::new(pieces, true)?).into_pyobject(py)?.into_any());
        }
        let ids = inputs(pieces)?;
        Ok(PyList::new(py, ids.iter().map(id))?.into_any())
    }

    fn encode<'py>(
        &self,
        text: &Bound<'py, PyAny>,
        form: &str,
        sample: Option<PySample>,
        rewrite: PyRewrite,
        as_bytes: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, input) = (text.py(), Input::new(text, false)?);
        let bytes = input.bytes();
        let row = run(py, bytes.len(), true, |_| self.row(bytes, form, choice(sample), rewrite))?;
        Self::give(py, row, bytes, form, as_bytes)
    }

    #[allow(clippy::too_many_arguments, reason = "the options of a call")]
    fn encode_batch<'py>(
        &self,
        texts: &Bound<'py, PyList>,
        form: &str,
        num_threads: i64,
        sample: Option<PySample>,
        rewrite: PyRewrite,
        as_bytes: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let (py, inputs) = (texts.py(), inputs(texts)?);
        let texts: Vec<&[u8]> = inputs.iter().map(Input::bytes).collect();
        let (threads, choice) = (threads(num_threads), choice(sample));
        let rows = run(py, size(&inputs), threads <= 1, |watch| {
            self.0.batch(
                &texts,
                |text| text.len(),
                threads,
                watch,
                |row, text| self.row(text, form, choice.of_row(row), rewrite),
            )
        })?;
        let list = PyList::empty(py);
        for (row, text) in rows.into_iter().zip(&texts) {
            list.append(Self::give(py, row, text, form, as_bytes)?)?;
        }
        Ok(list)
    }

    /// The n best segmentations of a text; all of them in one if the form is `"proto"`.
    fn nbest<'py>(
        &self,
        text: &Bound<'py, PyAny>,
        form: &str,
        n: usize,
        rewrite: PyRewrite,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, input) = (text.py(), Input::new(text, false)?);
        let bytes = input.bytes();
        let found = run(py, usize::MAX, true, |_| self.0.nbest(bytes, n))?;
        if form == "proto" {
            return Ok(PyBytes::new(py, &proto::nbest(bytes, &found)).into_any());
        }
        let list = PyList::empty(py);
        for (pieces, _) in found {
            let row = if is_ids(form) {
                let mut ids = pieces.iter().map(|piece| piece.id).collect();
                self.rewrite(&mut ids, rewrite, |id| id);
                Row::Ids(ids)
            } else {
                Row::Pieces(self.rewritten(pieces, rewrite))
            };
            list.append(Self::give(py, row, bytes, form, false)?)?;
        }
        Ok(list.into_any())
    }

    /// The text of rows of ids.
    fn decode_ids<'py>(
        &self,
        rows: &Bound<'py, PyList>,
        form: &str,
        num_threads: i64,
        as_bytes: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let py = rows.py();
        let rows = rows.iter().map(|row| self.ids(&row)).collect::<PyResult<Vec<_>>>()?;
        let (threads, total) = (threads(num_threads), rows.iter().map(Vec::len).sum());
        let found = run(py, total, threads <= 1, |watch| {
            self.0.batch(&rows, Vec::len, threads, watch, |_, row| match form {
                "proto" | "offsets" => self.0.decode_ids_tracked(row),
                _ => Ok(Decoded { text: self.0.decode_ids(row)?.into_bytes(), pieces: Vec::new() }),
            })
        })?;
        decoded(py, &found, form, as_bytes)
    }

    /// The text of rows of pieces.
    fn decode_pieces<'py>(
        &self,
        rows: &Bound<'py, PyList>,
        form: &str,
        num_threads: i64,
        as_bytes: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let py = rows.py();
        let rows = rows.iter().map(|row| inputs(&row)).collect::<PyResult<Vec<_>>>()?;
        let first = rows.iter().find_map(|row| row.first());
        let as_bytes = as_bytes || first.is_some_and(Input::is_bytes);
        let pieces: Vec<Vec<&[u8]>> =
            rows.iter().map(|row| row.iter().map(Input::bytes).collect()).collect();
        let (threads, total) = (threads(num_threads), rows.iter().map(|row| size(row)).sum());
        let found = run(py, total, threads <= 1, |watch| {
            let bytes = |row: &Vec<&[u8]>| row.iter().map(|piece| piece.len()).sum();
            self.0.batch(&pieces, bytes, threads, watch, |_, row| self.0.decode_pieces(row))
        })?;
        let form = if form == "str" && as_bytes { "bytes" } else { form };
        decoded(py, &found, form, as_bytes)
    }

    /// A text as normalized; with places, those of its characters, or of its bytes if it is bytes.
    fn normalize<'py>(
        &self,
        text: &Bound<'py, PyAny>,
        places: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        normalized(text, places, |text| self.0.normalize(text, places))
    }
}

#[pymethods]
impl PyNormalizer {
    /// `spec`: a serialized `NormalizerSpec`; flags: whether a space is added, extra white space
    /// goes, and white space becomes U+2581.
    #[new]
    fn new(py: Python<'_>, spec: &[u8], flags: [Option<bool>; 3]) -> PyResult<Self> {
        let (normalizer, spec) = run(py, usize::MAX, true, |_| {
            let spec = spec_with_flags(spec, flags)?;
            Ok((NormalizerAlone::new(&spec)?, spec))
        })?;
        Ok(Self(normalizer, spec))
    }

    /// The serialized `NormalizerSpec` of a model file.
    #[staticmethod]
    fn spec_of<'py>(py: Python<'py>, model: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &run(py, usize::MAX, true, |_| normalizer_spec(model))?))
    }

    /// The serialized `NormalizerSpec`.
    fn spec<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.1)
    }

    /// The serialized `ModelProto` that has nothing else.
    fn model<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &proto::wrapped(3, &self.1))
    }

    fn normalize<'py>(
        &self,
        text: &Bound<'py, PyAny>,
        places: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        normalized(text, places, |text| self.0.normalize(text, places))
    }
}

fn normalized<'py>(
    text: &Bound<'py, PyAny>,
    places: bool,
    work: impl FnOnce(&[u8]) -> Result<Normalized> + Send,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, input) = (text.py(), Input::new(text, false)?);
    let bytes = input.bytes();
    let Normalized { text, map } = run(py, bytes.len(), true, |_| work(bytes))?;
    let found = str_or_bytes(py, text.as_bytes(), input.is_bytes());
    if !places {
        return Ok(found);
    }
    let map = if input.is_bytes() {
        map
    } else {
        let given = characters(bytes);
        let place = |from: &u32| given.get(*from as usize).copied().unwrap_or_default();
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        starts.map(|at| map.get(at).map_or(0, place)).collect()
    };
    Ok((found, map).into_pyobject(py)?.into_any())
}

fn decoded<'py>(
    py: Python<'py>,
    rows: &[Decoded],
    form: &str,
    as_bytes: bool,
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for Decoded { text, pieces } in rows {
        list.append(match form {
            "str" => text_of(py, text).into_any(),
            "bytes" => PyBytes::new(py, text).into_any(),
            "proto" => PyBytes::new(py, &proto::text(text, pieces, None)).into_any(),
            "offsets" => offsets(py, text, pieces, as_bytes, true)?,
            other => return Err(PyValueError::new_err(format!("unknown form {other:?}"))),
        })?;
    }
    Ok(list)
}
