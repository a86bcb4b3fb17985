//! An open safetensors file and its matrices, read through a memory map.

use super::floats::Float;
use super::header::{Header, Tensor};
use crate::error::{Error, Result};
use crate::mmap::{self, Contents};
use std::path::Path;

/// A file whose header has been checked. While it is open it must not be changed in place.
#[derive(Debug)]
pub struct TensorFile {
    contents: Contents,
    header: Header,
}

impl TensorFile {
    /// Maps a file and checks its header.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be read, else those of [`Header::parse`].
    pub fn open(path: &Path) -> Result<Self> {
        let contents = mmap::map(&mmap::file(path)?)?;
        let header = Header::parse(&contents)?;
        Ok(Self { contents, header })
    }

    /// What the file holds.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The bytes of the file's header, its length before it.
    pub fn header_bytes(&self) -> &[u8] {
        self.contents.get(..self.header.len).unwrap_or_default()
    }

    /// A tensor as rows of numbers: of two dimensions, or a vector, which has one number a row;
    /// a dimension of one before these is passed over.
    ///
    /// # Errors
    /// [`Error::Vocabulary`] if no tensor has the name, [`Error::Model`] if it has another shape,
    /// [`Error::Unsupported`] if it cannot be computed with.
    pub fn matrix(&self, name: &str) -> Result<Matrix<'_>> {
        let found = self.header.tensors.iter().find(|tensor| tensor.name == name);
        let Some(Tensor { dtype, shape, start, end, .. }) = found else {
            return Err(Error::Vocabulary { why: format!("no tensor is called {name:?}") });
        };
        let float = Float::from_name(dtype)
            .ok_or_else(|| Error::unsupported(format!("computing with {dtype} of {name:?}")))?;
        let (rows, width) = match shape.as_slice() {
            [rows] | [1, rows] => (*rows, 1),
            [rows, width] | [1, rows, width] => (*rows, *width),
            _ => {
                let why = format!("has shape {shape:?}, expected rows of numbers");
                return Err(Error::field(name, why));
            }
        };
        let data = self.contents.get(self.header.len..).unwrap_or_default();
        let bytes = data.get(*start as usize..*end as usize).unwrap_or_default();
        Ok(Matrix { bytes, rows: rows as usize, width: width as usize, float })
    }
}

/// Rows of numbers in a file.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    bytes: &'a [u8],
    rows: usize,
    width: usize,
    float: Float,
}

impl<'a> Matrix<'a> {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The type of the numbers.
    pub fn float(&self) -> Float {
        self.float
    }

    /// The bytes of rows; of none that are not there.
    pub fn bytes(&self, start: usize, stop: usize) -> Option<&'a [u8]> {
        let row = self.width * self.float.size();
        (stop <= self.rows).then(|| self.bytes.get(start * row..stop * row)).flatten()
    }

    /// Rows `start` to `stop`, widened.
    ///
    /// # Errors
    /// [`Error::Input`] if there are no such rows.
    pub fn read_block(&self, start: usize, stop: usize) -> Result<Vec<f32>> {
        let bytes = self.bytes(start, stop).ok_or_else(|| Error::Input {
            why: format!("rows {start} to {stop} of {}: no such block", self.rows),
        })?;
        let mut numbers = vec![0.0; bytes.len() / self.float.size()];
        self.float.widen(bytes, &mut numbers);
        Ok(numbers)
    }

    /// The rows of `ids`, widened, in their order.
    ///
    /// # Errors
    /// [`Error::UnknownId`] if there is no such row.
    pub fn read_rows(&self, ids: &[u32]) -> Result<Vec<f32>> {
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= self.rows) {
            return Err(Error::UnknownId { id: id.into(), limit: self.rows });
        }
        let mut numbers = vec![0.0; ids.len() * self.width];
        for (&id, row) in ids.iter().zip(numbers.chunks_exact_mut(self.width.max(1))) {
            let id = id as usize;
            self.float.widen(self.bytes(id, id + 1).unwrap_or_default(), row);
        }
        Ok(numbers)
    }
}
