//! The header of a safetensors file: what tensors it holds, and where.
//!
//! Eight bytes give the length of a piece of JSON; behind it lie the tensors, without gaps. The
//! file is hostile until checked: nothing is taken that the package safetensors (0.8.0) refuses,
//! and of what that takes only a name that stands there twice is refused. Own code, as the crate
//! keeps no order, says no place and has no word for a name twice.

use crate::error::{Error, Place, Result};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// As in the package safetensors.
const MAX_HEADER: u64 = 100_000_000;
const LENGTH: usize = 8;

/// The types of tensors, and the bits of a number.
const DTYPES: [(&str, u64); 22] = [
    ("BOOL", 8),
    ("F4", 4),
    ("F6_E2M3", 6),
    ("F6_E3M2", 6),
    ("U8", 8),
    ("I8", 8),
    ("F8_E5M2", 8),
    ("F8_E4M3", 8),
    ("F8_E8M0", 8),
    ("F8_E4M3FNUZ", 8),
    ("F8_E5M2FNUZ", 8),
    ("I16", 16),
    ("U16", 16),
    ("F16", 16),
    ("BF16", 16),
    ("I32", 32),
    ("U32", 32),
    ("F32", 32),
    ("F64", 64),
    ("I64", 64),
    ("U64", 64),
    ("C64", 64),
];

/// One tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// The type of its numbers, by its name in the format.
    pub dtype: &'static str,
    /// Its dimensions.
    pub shape: Vec<u64>,
    /// Where it begins, in bytes after the header.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
}

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// In the order in which they lie in the file.
    pub tensors: Vec<Tensor>,
    /// Free text, by name.
    pub metadata: Option<Vec<(String, String)>>,
    /// Bytes before the first tensor.
    pub len: usize,
}

impl Header {
    /// Reads and checks the header of a whole file.
    ///
    /// # Errors
    /// [`Error::Model`] where the file is malformed, cut or too long, and [`Error::Unsupported`]
    /// for an unknown type of number.
    pub fn parse(file: &[u8]) -> Result<Self> {
        let Some((length, rest)) = file.split_first_chunk::<LENGTH>() else {
            let why = format!("the file has {} bytes, expected a length of 8 bytes", file.len());
            return Err(Error::byte(0, why));
        };
        let length = u64::from_le_bytes(*length);
        if length > MAX_HEADER {
            let why = format!("a header of {length} bytes, expected at most {MAX_HEADER}");
            return Err(Error::byte(0, why));
        }
        let Some((json, data)) = rest.split_at_checked(length as usize) else {
            let why = format!("a header of {length} bytes, but {} are left", rest.len());
            return Err(Error::byte(0, why));
        };
        let json = std::str::from_utf8(json).map_err(|error| {
            Error::byte(LENGTH + error.valid_up_to(), "the header is not UTF-8")
        })?;
        let raw: Raw = serde_json::from_str(json)
            .map_err(|error| Error::byte(LENGTH, format!("the header: {error}")))?;
        let mut tensors = Vec::with_capacity(raw.tensors.len());
        for (name, tensor) in raw.tensors {
            tensors.push(tensor.checked(name)?);
        }
        tensors.sort_by_key(|tensor| (tensor.start, tensor.end));
        let mut end = 0;
        for tensor in &tensors {
            if tensor.start != end {
                let why = format!(
                    "begins at byte {}, expected {end}, where the tensor before it ends",
                    tensor.start
                );
                return Err(Error::field(format!("{}.data_offsets", tensor.name), why));
            }
            end = tensor.end;
        }
        if end != data.len() as u64 {
            let why = format!("the tensors end at byte {end} of {} after the header", data.len());
            return Err(Error::byte(LENGTH + json.len(), why));
        }
        Ok(Self { tensors, metadata: raw.metadata, len: LENGTH + json.len() })
    }
}

/// How a new file begins: the tensors in the order given, without gaps. Filled up with spaces to
/// eight bytes, as the package does, so that tensors lie aligned.
///
/// # Errors
/// [`Error::Input`] for an unknown type, two tensors of one name, or more than a file can hold.
pub fn begin(
    tensors: &[(String, String, Vec<u64>)],
    metadata: Option<&[(String, String)]>,
) -> Result<(Vec<u8>, u64)> {
    let input = |why: String| Error::Input { why };
    let mut json = serde_json::Map::new();
    if let Some(metadata) = metadata {
        let pairs = metadata.iter().map(|(name, text)| (name.clone(), text.clone().into()));
        json.insert(METADATA.into(), serde_json::Value::Object(pairs.collect()));
    }
    let mut end = 0_u64;
    for (name, dtype, shape) in tensors {
        let size = size(dtype, shape)
            .ok_or_else(|| input(format!("tensor {name:?}: {shape:?} of {dtype} has no size")))?;
        let start = end;
        end = end
            .checked_add(size)
            .ok_or_else(|| input(format!("tensor {name:?} ends beyond 2^64 bytes")))?;
        let said =
            serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]});
        if json.insert(name.clone(), said).is_some() {
            return Err(input(format!("two tensors are called {name:?}")));
        }
    }
    let mut text = serde_json::Value::Object(json).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(LENGTH), b' ');
    if text.len() as u64 > MAX_HEADER {
        return Err(input(format!("a header of {} bytes, at most {MAX_HEADER}", text.len())));
    }
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text);
    Ok((bytes, end))
}

const METADATA: &str = "__metadata__";

/// Bytes of a tensor, if they are whole and can be counted.
fn size(dtype: &str, shape: &[u64]) -> Option<u64> {
    let (_, bits) = DTYPES.iter().find(|(name, _)| *name == dtype)?;
    let numbers = shape.iter().try_fold(1_u64, |all, &one| all.checked_mul(one))?;
    let bits = numbers.checked_mul(*bits)?;
    (bits % 8 == 0).then_some(bits / 8)
}

/// The header as JSON says it: in its order, each name once.
#[derive(Default)]
struct Raw {
    tensors: Vec<(String, RawTensor)>,
    metadata: Option<Vec<(String, String)>>,
}

#[derive(serde::Deserialize)]
struct RawTensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl RawTensor {
    fn checked(self, name: String) -> Result<Tensor> {
        let (start, end) = self.data_offsets;
        let Some((dtype, _)) = DTYPES.iter().find(|(known, _)| *known == self.dtype) else {
            return Err(Error::unsupported(format!("dtype {:?} of tensor {name:?}", self.dtype)));
        };
        let found = end.checked_sub(start);
        let expected = size(dtype, &self.shape);
        if expected.is_none() || found != expected {
            let expected = expected.map_or("a size that can be counted".into(), |size| {
                format!("{size} bytes of {dtype} {:?}", self.shape)
            });
            let place = Place::Field(format!("{name}.data_offsets"));
            let why = format!("{start} to {end}, expected {expected}");
            return Err(Error::Model { place, why });
        }
        Ok(Tensor { name, dtype, shape: self.shape, start, end })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Raw, A::Error> {
        let (mut raw, mut seen) = (Raw::default(), HashSet::new());
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("{name:?} stands there twice")));
            }
            if name == METADATA {
                raw.metadata = map.next_value::<Option<Pairs>>()?.map(|pairs| pairs.0);
            } else {
                raw.tensors.push((name, map.next_value()?));
            }
        }
        Ok(raw)
    }
}

/// Texts by name, in their order, each name once.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Pairs, A::Error> {
        let (mut pairs, mut seen) = (Vec::new(), HashSet::new());
        while let Some((name, text)) = map.next_entry::<String, String>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("metadata {name:?} stands there twice")));
            }
            pairs.push((name, text));
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
mod tests {
    use super::{Header, begin};
    use crate::error::ErrorKind;

    fn file(json: &str, data: usize) -> Vec<u8> {
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend(json.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    }

    #[test]
    fn a_header_comes_back_as_it_was_begun() {
        let tensors = [
            ("b".to_owned(), "F32".to_owned(), vec![2, 3]),
            ("a \"\u{e9}\"".to_owned(), "BF16".to_owned(), vec![1]),
            ("none".to_owned(), "I64".to_owned(), vec![0, 7]),
            ("four".to_owned(), "F4".to_owned(), vec![2]),
        ];
        let metadata = [("format".to_owned(), "pt".to_owned()), ("a".into(), String::new())];
        let (mut bytes, size) = begin(&tensors, Some(&metadata)).unwrap();
        assert_eq!((size, bytes.len() % 8), (24 + 2 + 1, 0));
        bytes.resize(bytes.len() + size as usize, 0);
        let header = Header::parse(&bytes).unwrap();
        assert_eq!(header.len, bytes.len() - size as usize);
        assert_eq!(header.metadata.as_deref(), Some(&metadata[..]));
        let back = header.tensors.iter();
        let back = back.map(|found| (found.name.clone(), found.dtype.into(), found.shape.clone()));
        assert_eq!(back.collect::<Vec<(String, String, Vec<u64>)>>(), tensors);
        assert!(begin(&[tensors[0].clone(), tensors[0].clone()], None).is_err());
        assert!(begin(&[("a".into(), "F5".into(), vec![1])], None).is_err());
        assert!(begin(&[("a".into(), "F32".into(), vec![u64::MAX, 2])], None).is_err());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let one = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        assert!(Header::parse(&file(one, 4)).is_ok());
        for (json, data) in [
            (one, 3),
            (one, 5),
            ("", 0),
            ("[]", 0),
            ("{", 0),
            (r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8),
            (r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4),
            (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4),
            (r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4),
            (r#"{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,0]}}"#, 0),
            (r#"{"a":{"shape":[1],"data_offsets":[0,4]}}"#, 4),
            (r#"{"a":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,4]}}"#, 4),
            (
                r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
                8,
            ),
            (
                r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
                4,
            ),
            (r#"{"__metadata__":{"a":1}}"#, 0),
            (r#"{"__metadata__":{"a":"1","a":"2"}}"#, 0),
        ] {
            let error = Header::parse(&file(json, data)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Model, "{json}");
        }
        let unknown = r#"{"a":{"dtype":"F5","shape":[1],"data_offsets":[0,4]}}"#;
        let error = Header::parse(&file(unknown, 4)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(Header::parse(&u64::MAX.to_le_bytes()).is_err());
        assert!(Header::parse(&[1, 0, 0, 0, 0, 0, 0, 0, 0xFF]).is_err());
        assert!(Header::parse(&[0; 7]).is_err());
    }
}
