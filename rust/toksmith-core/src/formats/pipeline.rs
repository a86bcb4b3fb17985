//! What a file says of its pipeline, as plain data: normalizer, cuts, model, template, decoder.
//!
//! The names and the meaning of every part are those of tokenizer.json as tokenizers 0.23.3
//! reads it; other formats are expressed in the same terms, with a variant of their own where
//! they differ. Nothing here acts: the parts are compiled in `encode/` and `decode/`.

use super::Split;
use crate::encode::pretokenize::Dialect;
use crate::token::TokenId;

/// What finds text: a regular expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The expression; a literal string is escaped.
    pub pattern: String,
    /// In which syntax it is written.
    pub dialect: Dialect,
}

/// What is done to text before it is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Normalizer {
    /// `BertNormalizer`.
    Bert {
        /// Remove control characters, make white space a space.
        clean_text: bool,
        /// Spaces around CJK ideographs.
        handle_chinese_chars: bool,
        /// Remove accents; `None`: as `lowercase`.
        strip_accents: Option<bool>,
        /// Make letters small.
        lowercase: bool,
    },
    /// White space at the ends.
    Strip {
        /// At the beginning.
        left: bool,
        /// At the end.
        right: bool,
    },
    /// Combining marks are removed.
    StripAccents,
    /// Unicode's canonical composition.
    Nfc,
    /// Unicode's canonical decomposition.
    Nfd,
    /// Unicode's compatibility composition.
    Nfkc,
    /// Unicode's compatibility decomposition.
    Nfkd,
    /// Small letters.
    Lowercase,
    /// The cleaning of NMT files.
    Nmt,
    /// A string before a text that is not empty.
    Prepend(String),
    /// Each match of a pattern becomes a string.
    Replace {
        /// What is replaced.
        pattern: Pattern,
        /// By what.
        content: String,
    },
    /// SentencePiece's table, as tokenizers applies it: grapheme by grapheme.
    Precompiled(Vec<u8>),
    /// Bytes become the letters of the byte alphabet.
    ByteLevel,
    /// One after the other.
    Sequence(Vec<Normalizer>),
    /// All that SentencePiece does before its model.
    SentencePiece(SentencePieceNormalizer),
}

/// `normalizer_spec` of a SentencePiece model, with the pieces its matcher passes through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "the fields of the file")]
pub struct SentencePieceNormalizer {
    /// The table of replacements; empty: none.
    pub charsmap: Vec<u8>,
    /// A space is put before (or after) the text.
    pub add_dummy_prefix: bool,
    /// White space at the ends goes, runs of it become one.
    pub remove_extra_whitespaces: bool,
    /// A space becomes U+2581.
    pub escape_whitespaces: bool,
    /// The space goes after the word instead of before it.
    pub whitespace_as_suffix: bool,
    /// User-defined pieces: left as they are.
    pub user_defined: Vec<String>,
}

/// When Metaspace puts its sign before a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrependScheme {
    /// Before the text's first piece alone.
    First,
    /// Never.
    Never,
    /// Before every piece.
    #[default]
    Always,
}

/// One stage that cuts text, or changes it for the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreTokenizer {
    /// `BertPreTokenizer`: at white space, which goes, and around punctuation.
    Bert,
    /// `ByteLevel`: cut by the GPT-2 pattern if `use_regex`, then bytes become letters.
    ByteLevel {
        /// A space before a piece that does not begin with white space.
        add_prefix_space: bool,
        /// Spans leave out white space.
        trim_offsets: bool,
        /// Whether to cut.
        use_regex: bool,
    },
    /// At a character, which goes.
    CharDelimiterSplit(char),
    /// A sign in place of spaces.
    Metaspace {
        /// The sign.
        replacement: char,
        /// Where a sign is added.
        prepend_scheme: PrependScheme,
        /// Whether to cut before each sign.
        split: bool,
    },
    /// Words and runs of other signs; white space goes.
    Whitespace,
    /// At white space, which goes.
    WhitespaceSplit,
    /// At a pattern.
    Split(Split),
    /// At punctuation.
    Punctuation(super::SplitBehaviour),
    /// At digits.
    Digits {
        /// Each digit for itself.
        individual: bool,
    },
    /// Where the script changes.
    UnicodeScripts,
    /// Every so many characters.
    FixedLength(usize),
}

/// What turns a piece of text into tokens.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Model {
    /// A byte-level BPE; its tokens are in [`super::Definition::vocab`] as bytes.
    #[default]
    ByteLevelBpe,
    /// A BPE over characters; tokens are in the vocabulary as the file spells them.
    Bpe(Bpe),
    /// The most probable segmentation.
    Unigram(Unigram),
    /// The longest piece first.
    WordPiece {
        /// Stands for a word that cannot be spelled.
        unk_token: String,
        /// Before pieces inside a word.
        continuing_subword_prefix: String,
        /// Longer words are unknown.
        max_input_chars_per_word: usize,
    },
    /// A piece is a token or unknown.
    WordLevel {
        /// Stands for an unknown piece.
        unk_token: String,
    },
    /// SentencePiece's own models, with its own arithmetic.
    SentencePiece(SentencePieceModel),
}

/// `BPE` of tokenizer.json, where it is not byte-level.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "the fields of the file")]
pub struct Bpe {
    /// `(left, right, product)` as ids, first line first.
    pub merges: Vec<(TokenId, TokenId, TokenId)>,
    /// Probability of passing over a merge.
    pub dropout: Option<f32>,
    /// Stands for what has no token.
    pub unk_token: Option<String>,
    /// Before pieces inside a word.
    pub continuing_subword_prefix: Option<String>,
    /// Behind the last piece of a word.
    pub end_of_word_suffix: Option<String>,
    /// Neighbouring unknowns are one.
    pub fuse_unk: bool,
    /// What has no token is spelled in `<0xNN>`.
    pub byte_fallback: bool,
    /// A piece that is a token is taken whole.
    pub ignore_merges: bool,
}

/// `Unigram` of tokenizer.json.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Unigram {
    /// Logarithms of probability; entry `i` is that of id `i`.
    pub scores: Vec<f64>,
    /// The id for what has no token.
    pub unk_id: Option<TokenId>,
    /// What has no token is spelled in `<0xNN>`.
    pub byte_fallback: bool,
}

/// The algorithm of a SentencePiece model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SentencePieceKind {
    /// Viterbi.
    #[default]
    Unigram,
    /// Merging by score.
    Bpe,
    /// Words.
    Word,
    /// Characters.
    Char,
}

/// `ModelProto.SentencePiece.Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PieceKind {
    /// Text.
    #[default]
    Normal,
    /// What has no piece.
    Unknown,
    /// Never found in text.
    Control,
    /// Always one piece.
    UserDefined,
    /// `<0xNN>`.
    Byte,
    /// Not to be given out.
    Unused,
}

/// A SentencePiece model; entry `i` of the lists is that of id `i`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SentencePieceModel {
    /// The algorithm.
    pub kind: SentencePieceKind,
    /// Scores.
    pub scores: Vec<f32>,
    /// Types.
    pub types: Vec<PieceKind>,
    /// What has no piece is spelled in `<0xNN>`.
    pub byte_fallback: bool,
    /// What an unknown id decodes to.
    pub unk_surface: String,
    /// Signs stand behind words instead of before them.
    pub whitespace_as_suffix: bool,
}

/// One piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplatePiece {
    /// The first text (`pair: false`) or the second.
    Sequence {
        /// Which text.
        pair: bool,
        /// Type id of its tokens.
        type_id: u32,
    },
    /// A special token of the template, by name.
    Special {
        /// Its name in [`PostProcessor::Template`]'s `special_tokens`.
        id: String,
        /// Type id of its tokens.
        type_id: u32,
    },
}

/// A special token of a template: one name, any number of ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateToken {
    /// The name used in the template.
    pub id: String,
    /// The ids put there.
    pub ids: Vec<TokenId>,
    /// Their texts.
    pub tokens: Vec<String>,
}

/// What is put around a text to make a model's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostProcessor {
    /// `[CLS] A [SEP] B [SEP]`.
    Bert {
        /// Text and id.
        sep: (String, TokenId),
        /// Text and id.
        cls: (String, TokenId),
    },
    /// `<s> A </s></s> B </s>`.
    Roberta {
        /// Text and id.
        sep: (String, TokenId),
        /// Text and id.
        cls: (String, TokenId),
        /// Spans leave out white space.
        trim_offsets: bool,
        /// As the pre-tokenizer's.
        add_prefix_space: bool,
    },
    /// Spans leave out white space, and nothing else.
    ByteLevel {
        /// Whether they do.
        trim_offsets: bool,
        /// As the pre-tokenizer's.
        add_prefix_space: bool,
        /// Kept to be written back.
        use_regex: bool,
    },
    /// Any template.
    Template {
        /// For one text.
        single: Vec<TemplatePiece>,
        /// For two.
        pair: Vec<TemplatePiece>,
        /// The special tokens named there, in the file's order.
        special_tokens: Vec<TemplateToken>,
    },
    /// One after the other.
    Sequence(Vec<PostProcessor>),
}

/// How tokens become text again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoder {
    /// Letters of the byte alphabet become bytes. The fields are kept to be written back.
    ByteLevel {
        /// As in the file.
        add_prefix_space: bool,
        /// As in the file.
        trim_offsets: bool,
        /// As in the file.
        use_regex: bool,
    },
    /// A suffix becomes a space.
    Bpe {
        /// The suffix.
        suffix: String,
    },
    /// A prefix joins, anything else is a new word.
    WordPiece {
        /// The prefix.
        prefix: String,
        /// Remove spaces before punctuation and contractions.
        cleanup: bool,
    },
    /// A sign becomes a space.
    Metaspace {
        /// The sign.
        replacement: char,
        /// Where a sign was added.
        prepend_scheme: PrependScheme,
        /// Kept to be written back.
        split: bool,
    },
    /// Repeats and padding go.
    Ctc {
        /// The padding.
        pad_token: String,
        /// Becomes a space.
        word_delimiter_token: String,
        /// As of `WordPiece`.
        cleanup: bool,
    },
    /// `<0xNN>` become bytes.
    ByteFallback,
    /// All tokens become one.
    Fuse,
    /// A character goes from the ends of each token.
    Strip {
        /// The character.
        content: char,
        /// At most so many at the beginning.
        start: usize,
        /// At most so many at the end.
        stop: usize,
    },
    /// Each match of a pattern becomes a string.
    Replace {
        /// What is replaced.
        pattern: Pattern,
        /// By what.
        content: String,
    },
    /// One after the other.
    Sequence(Vec<Decoder>),
    /// As SentencePiece does it.
    SentencePiece {
        /// A space was put before the text.
        add_dummy_prefix: bool,
        /// Every space at the beginning goes, not one alone.
        remove_extra_whitespaces: bool,
        /// What unknown ids become.
        unk_surface: String,
        /// What is done to the text at the end.
        denormalizer: Option<SentencePieceNormalizer>,
    },
}

/// Which end a truncation cuts, or which end padding goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// The beginning.
    Left,
    /// The end.
    #[default]
    Right,
}

/// Which of two texts a truncation shortens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TruncationStrategy {
    /// The longer one, token by token.
    #[default]
    LongestFirst,
    /// The first.
    OnlyFirst,
    /// The second.
    OnlySecond,
}

/// `truncation` of a tokenizer.json.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncation {
    /// Where it cuts.
    pub side: Side,
    /// Most tokens, those of the template included.
    pub max_length: usize,
    /// Which text is shortened.
    pub strategy: TruncationStrategy,
    /// Tokens that neighbouring parts share.
    pub stride: usize,
}

/// To which length padding goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PaddingLength {
    /// That of the longest text of a batch.
    #[default]
    BatchLongest,
    /// This one.
    Fixed(usize),
}

/// `padding` of a tokenizer.json.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Padding {
    /// To which length.
    pub length: PaddingLength,
    /// Where it goes.
    pub side: Side,
    /// The length is rounded up to a multiple of this.
    pub to_multiple_of: Option<usize>,
    /// What is put there.
    pub pad_id: TokenId,
    /// With which type id.
    pub pad_type_id: u32,
    /// Its text.
    pub pad_token: String,
}

/// The parts of a pipeline beyond vocabulary, merges and added tokens.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pipeline {
    /// Before everything but added tokens that want the text as written.
    pub normalizer: Option<Normalizer>,
    /// In order; sequences are flattened.
    pub pre_tokenizers: Vec<PreTokenizer>,
    /// What makes tokens.
    pub model: Model,
    /// The template.
    pub post_processor: Option<PostProcessor>,
    /// The way back.
    pub decoder: Option<Decoder>,
    /// The file's truncation.
    pub truncation: Option<Truncation>,
    /// The file's padding.
    pub padding: Option<Padding>,
}

impl Pipeline {
    /// Whether nothing is said but that this is a byte-level BPE: what is cut where is in
    /// [`super::Definition::splits`] then. So it is for rank files.
    pub fn is_byte_level_alone(&self) -> bool {
        self.model == Model::ByteLevelBpe && self.pre_tokenizers.is_empty()
    }
}

impl Normalizer {
    /// Its `type` in a tokenizer.json.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bert { .. } => "BertNormalizer",
            Self::Strip { .. } => "Strip",
            Self::StripAccents => "StripAccents",
            Self::Nfc => "NFC",
            Self::Nfd => "NFD",
            Self::Nfkc => "NFKC",
            Self::Nfkd => "NFKD",
            Self::Lowercase => "Lowercase",
            Self::Nmt => "Nmt",
            Self::Prepend(_) => "Prepend",
            Self::Replace { .. } => "Replace",
            Self::Precompiled(_) => "Precompiled",
            Self::ByteLevel => "ByteLevel",
            Self::Sequence(_) => "Sequence",
            Self::SentencePiece(_) => "SentencePiece",
        }
    }
}

impl PreTokenizer {
    /// The stage that makes bytes letters and does nothing else.
    pub fn letters() -> Self {
        Self::ByteLevel { add_prefix_space: false, trim_offsets: true, use_regex: false }
    }

    /// Its `type` in a tokenizer.json.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bert => "BertPreTokenizer",
            Self::ByteLevel { .. } => "ByteLevel",
            Self::CharDelimiterSplit(_) => "CharDelimiterSplit",
            Self::Metaspace { .. } => "Metaspace",
            Self::Whitespace => "Whitespace",
            Self::WhitespaceSplit => "WhitespaceSplit",
            Self::Split(_) => "Split",
            Self::Punctuation(_) => "Punctuation",
            Self::Digits { .. } => "Digits",
            Self::UnicodeScripts => "UnicodeScripts",
            Self::FixedLength(_) => "FixedLength",
        }
    }
}

impl Model {
    /// Its `type` in a tokenizer.json.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ByteLevelBpe | Self::Bpe(_) => "BPE",
            Self::Unigram(_) => "Unigram",
            Self::WordPiece { .. } => "WordPiece",
            Self::WordLevel { .. } => "WordLevel",
            Self::SentencePiece(_) => "SentencePiece",
        }
    }
}

impl PostProcessor {
    /// Its `type` in a tokenizer.json.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bert { .. } => "BertProcessing",
            Self::Roberta { .. } => "RobertaProcessing",
            Self::ByteLevel { .. } => "ByteLevel",
            Self::Template { .. } => "TemplateProcessing",
            Self::Sequence(_) => "Sequence",
        }
    }
}

impl Decoder {
    /// Its `type` in a tokenizer.json.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ByteLevel { .. } => "ByteLevel",
            Self::Bpe { .. } => "BPEDecoder",
            Self::WordPiece { .. } => "WordPiece",
            Self::Metaspace { .. } => "Metaspace",
            Self::Ctc { .. } => "CTC",
            Self::ByteFallback => "ByteFallback",
            Self::Fuse => "Fuse",
            Self::Strip { .. } => "Strip",
            Self::Replace { .. } => "Replace",
            Self::Sequence(_) => "Sequence",
            Self::SentencePiece { .. } => "SentencePiece",
        }
    }
}
