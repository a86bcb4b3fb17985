//! The pipeline in a `.toksmith` file.
//!
//! Each part is written as its fields in order. Flags are a byte, numbers LEB128, strings and
//! tables a length and bytes, scores their bits with the lowest byte first, lists a count and
//! their elements, something optional a byte (0 or 1) before it. A part that is one of several
//! kinds begins with the number of its kind in the tables below, which are the format: a new
//! kind goes to the end of its table.

use super::BEHAVIOURS;
use super::cursor::{Cursor, put_bytes, put_number};
use super::read::read_split;
use super::write::put_split;
use crate::encode::pretokenize::Dialect;
use crate::error::Result;
use crate::formats::pipeline::{
    Bpe, Decoder, Model, Normalizer, Padding, PaddingLength, Pattern, PieceKind, Pipeline,
    PostProcessor, PreTokenizer, PrependScheme, SentencePieceKind, SentencePieceModel,
    SentencePieceNormalizer, Side, TemplatePiece, TemplateToken, Truncation, TruncationStrategy,
    Unigram,
};
use crate::formats::{Split, SplitBehaviour};

/// More elements than this are believed only where an element is as small as in the file.
const MAX_PARTS: usize = 1 << 18;

/// Something that is written to a file and read from it.
pub(super) trait Wire: Sized {
    /// Appends it.
    fn put(&self, out: &mut Vec<u8>);

    /// Reads it.
    fn get(cursor: &mut Cursor<'_>) -> Result<Self>;
}

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        match cursor.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(cursor.error(format!("{other}, where 0 or 1 was expected"))),
        }
    }
}

impl Wire for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, *self);
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        cursor.number()
    }
}

/// In two halves.
impl Wire for usize {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, *self as u32);
        put_number(out, (*self as u64 >> 32) as u32);
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        let low = u64::from(cursor.number()?);
        let number = low | u64::from(cursor.number()?) << 32;
        Self::try_from(number).map_err(|_| cursor.error(format!("{number} is too large")))
    }
}

impl Wire for f32 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        let bytes = cursor.take(4)?.first_chunk().copied().unwrap_or_default();
        Ok(Self::from_le_bytes(bytes))
    }
}

impl Wire for f64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        let bytes = cursor.take(8)?.first_chunk().copied().unwrap_or_default();
        Ok(Self::from_le_bytes(bytes))
    }
}

impl Wire for char {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, *self as u32);
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        let number = cursor.number()?;
        Self::from_u32(number).ok_or_else(|| cursor.error(format!("{number} is no character")))
    }
}

impl Wire for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.as_bytes());
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        cursor.text()
    }
}

impl Wire for Vec<u8> {
    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, self);
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        cursor.bytes().map(<[u8]>::to_vec)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        bool::get(cursor)?.then(|| T::get(cursor)).transpose()
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        Ok((A::get(cursor)?, B::get(cursor)?))
    }
}

impl<A: Wire, B: Wire, C: Wire> Wire for (A, B, C) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
        self.2.put(out);
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        Ok((A::get(cursor)?, B::get(cursor)?, C::get(cursor)?))
    }
}

impl Wire for Split {
    fn put(&self, out: &mut Vec<u8>) {
        put_split(out, self);
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        read_split(cursor)
    }
}

impl Wire for SplitBehaviour {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(BEHAVIOURS.iter().position(|it| it == self).unwrap_or(0) as u8);
    }

    fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
        let number = cursor.byte()?;
        let found = BEHAVIOURS.get(usize::from(number)).copied();
        found.ok_or_else(|| cursor.error(format!("unknown behaviour {number}")))
    }
}

/// Lists of these elements: a count and the elements, at most `$most` unless they are so small
/// that the file bounds them.
macro_rules! lists {
    ($($element:ty: $most:expr;)*) => {$(
        impl Wire for Vec<$element> {
            fn put(&self, out: &mut Vec<u8>) {
                put_number(out, self.len() as u32);
                for element in self {
                    element.put(out);
                }
            }

            fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
                let count = cursor.count(1, "elements")?;
                if count > $most {
                    return Err(cursor.error(format!("a list of {count} elements")));
                }
                cursor.nested(|cursor| (0..count).map(|_| <$element>::get(cursor)).collect())
            }
        }
    )*};
}

/// Parts that are all of their fields.
macro_rules! parts {
    ($($part:ident { $($field:ident),* $(,)? })*) => {$(
        impl Wire for $part {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.put(out);)*
            }

            fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
                $(let $field = Wire::get(cursor)?;)*
                Ok(Self { $($field),* })
            }
        }
    )*};
}

/// Parts of several kinds, by their number.
macro_rules! kinds {
    ($($part:ident {
        $($number:literal => $kind:ident $(($inner:ident))? $({ $($field:ident),* $(,)? })?),* $(,)?
    })*) => {$(
        impl Wire for $part {
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$kind $(($inner))? $({ $($field),* })? => {
                        out.push($number);
                        $($inner.put(out);)?
                        $($($field.put(out);)*)?
                    })*
                }
            }

            fn get(cursor: &mut Cursor<'_>) -> Result<Self> {
                match cursor.byte()? {
                    $($number => {
                        $(let $inner = Wire::get(cursor)?;)?
                        $($(let $field = Wire::get(cursor)?;)*)?
                        Ok(Self::$kind $(($inner))? $({ $($field),* })?)
                    })*
                    other => {
                        let part = stringify!($part);
                        Err(cursor.error(format!("unknown kind {other} of {part}")))
                    }
                }
            }
        }
    )*};
}

lists! {
    u32: usize::MAX;
    f32: usize::MAX;
    f64: usize::MAX;
    (u32, u32, u32): usize::MAX;
    PieceKind: usize::MAX;
    String: MAX_PARTS;
    Normalizer: MAX_PARTS;
    PreTokenizer: MAX_PARTS;
    PostProcessor: MAX_PARTS;
    Decoder: MAX_PARTS;
    TemplatePiece: MAX_PARTS;
    TemplateToken: MAX_PARTS;
}

parts! {
    Pipeline {
        normalizer, pre_tokenizers, model, post_processor, decoder, truncation, padding,
    }
    Pattern { pattern, dialect }
    SentencePieceNormalizer {
        charsmap, add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces,
        whitespace_as_suffix, user_defined,
    }
    Bpe {
        merges, dropout, unk_token, continuing_subword_prefix, end_of_word_suffix, fuse_unk,
        byte_fallback, ignore_merges,
    }
    Unigram { scores, unk_id, byte_fallback }
    SentencePieceModel {
        kind, scores, types, byte_fallback, unk_surface, whitespace_as_suffix,
    }
    TemplateToken { id, ids, tokens }
    Truncation { side, max_length, strategy, stride }
    Padding { length, side, to_multiple_of, pad_id, pad_type_id, pad_token }
}

kinds! {
    Dialect { 0 => FancyRegex, 1 => Oniguruma }
    Normalizer {
        0 => Bert { clean_text, handle_chinese_chars, strip_accents, lowercase },
        1 => Strip { left, right },
        2 => StripAccents,
        3 => Nfc,
        4 => Nfd,
        5 => Nfkc,
        6 => Nfkd,
        7 => Lowercase,
        8 => Nmt,
        9 => Prepend(text),
        10 => Replace { pattern, content },
        11 => Precompiled(table),
        12 => ByteLevel,
        13 => Sequence(parts),
        14 => SentencePiece(part),
    }
    PrependScheme { 0 => First, 1 => Never, 2 => Always }
    PreTokenizer {
        0 => Bert,
        1 => ByteLevel { add_prefix_space, trim_offsets, use_regex },
        2 => CharDelimiterSplit(delimiter),
        3 => Metaspace { replacement, prepend_scheme, split },
        4 => Whitespace,
        5 => WhitespaceSplit,
        6 => Split(split),
        7 => Punctuation(behaviour),
        8 => Digits { individual },
        9 => UnicodeScripts,
        10 => FixedLength(length),
    }
    Model {
        0 => ByteLevelBpe,
        1 => Bpe(model),
        2 => Unigram(model),
        3 => WordPiece { unk_token, continuing_subword_prefix, max_input_chars_per_word },
        4 => WordLevel { unk_token },
        5 => SentencePiece(model),
    }
    SentencePieceKind { 0 => Unigram, 1 => Bpe, 2 => Word, 3 => Char }
    PieceKind {
        0 => Normal, 1 => Unknown, 2 => Control, 3 => UserDefined, 4 => Byte, 5 => Unused,
    }
    TemplatePiece {
        0 => Sequence { pair, type_id },
        1 => Special { id, type_id },
    }
    PostProcessor {
        0 => Bert { sep, cls },
        1 => Roberta { sep, cls, trim_offsets, add_prefix_space },
        2 => ByteLevel { trim_offsets, add_prefix_space, use_regex },
        3 => Template { single, pair, special_tokens },
        4 => Sequence(parts),
    }
    Decoder {
        0 => ByteLevel { add_prefix_space, trim_offsets, use_regex },
        1 => Bpe { suffix },
        2 => WordPiece { prefix, cleanup },
        3 => Metaspace { replacement, prepend_scheme, split },
        4 => Ctc { pad_token, word_delimiter_token, cleanup },
        5 => ByteFallback,
        6 => Fuse,
        7 => Strip { content, start, stop },
        8 => Replace { pattern, content },
        9 => Sequence(parts),
        10 => SentencePiece { add_dummy_prefix, whitespace_as_suffix, unk_surface },
    }
    Side { 0 => Left, 1 => Right }
    TruncationStrategy { 0 => LongestFirst, 1 => OnlyFirst, 2 => OnlySecond }
    PaddingLength { 0 => BatchLongest, 1 => Fixed(length) }
}
