//! The one error type. Every variant says what was wrong, where, and what was expected.
//!
//! The binding maps a variant to a Python class in one function, by [`Error::kind`].

use std::fmt;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Where in a model file something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Offset in bytes from the start of the file.
    Byte(usize),
    /// Line, counted from 1.
    Line(usize),
    /// A field's path, such as `model.merges[17]`.
    Field(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(at) => write!(f, "byte {at}"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Field(path) => write!(f, "field `{path}`"),
        }
    }
}

/// Everything that can go wrong in the core.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A model file is malformed.
    #[error("malformed model: {place}: {why}")]
    Model {
        /// Where.
        place: Place,
        /// What was found and what was expected.
        why: String,
    },
    /// The file or the call asks for something this version does not do.
    #[error("not supported: {feature}")]
    Unsupported {
        /// The feature, by the name the caller or the file gave it.
        feature: String,
    },
    /// An id that no token has.
    #[error("no token has id {id}; this tokenizer has ids below {limit}")]
    UnknownId {
        /// The id.
        id: i128,
        /// One more than the largest id.
        limit: usize,
    },
    /// A name or a vocabulary that does not fit.
    #[error("{why}")]
    Vocabulary {
        /// What was found and what was expected.
        why: String,
    },
    /// Text that cannot be processed.
    #[error("{why}")]
    Input {
        /// What was found, where, and what was expected.
        why: String,
    },
    /// The caller asked to stop (Ctrl-C).
    #[error("cancelled")]
    Cancelled,
}

/// The class an error belongs to; one Python class each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A malformed model file.
    Model,
    /// A feature that is not supported.
    Unsupported,
    /// An unknown id or token, or vocabularies that do not fit together.
    Vocabulary,
    /// Bad input text.
    Input,
    /// Stopped by the caller.
    Cancelled,
}

impl Error {
    /// The class this error belongs to.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Model { .. } => ErrorKind::Model,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::UnknownId { .. } | Self::Vocabulary { .. } => ErrorKind::Vocabulary,
            Self::Input { .. } => ErrorKind::Input,
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    pub(crate) fn field(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Model { place: Place::Field(path.into()), why: why.into() }
    }

    pub(crate) fn line(line: usize, why: impl Into<String>) -> Self {
        Self::Model { place: Place::Line(line), why: why.into() }
    }

    pub(crate) fn byte(at: usize, why: impl Into<String>) -> Self {
        Self::Model { place: Place::Byte(at), why: why.into() }
    }

    pub(crate) fn unsupported(feature: impl Into<String>) -> Self {
        Self::Unsupported { feature: feature.into() }
    }
}
