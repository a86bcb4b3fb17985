//! The patterns of llama.cpp's pre-tokenizers, one inside the pieces of the one before.
//!
//! A pattern is written so that it cuts as llama.cpp does: there a contraction is ASCII alone,
//! classes of one kind of letter (`\p{Lu}`) are all letters, and some patterns are replaced by
//! code that differs a little, such as [`DIGITS_FROM_THE_END`], whose first group keeps what
//! stands before it. Of the patterns that have a scanner of their own elsewhere, only GPT-2's
//! means the same.

use crate::encode::pretokenize::patterns;

pub(super) const GPT2: &str = patterns::GPT2[0];

/// The contractions of English, in either case.
macro_rules! contraction {
    () => {
        "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
    };
}

/// White space: after the last newline, before the last of a run, else all.
macro_rules! spaces {
    () => {
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    };
}

/// Contractions, words, numbers as given, signs, white space.
macro_rules! words {
    ($numbers:literal) => {
        concat!(
            contraction!(),
            r"|[^\r\n\p{L}\p{N}]?\p{L}+|",
            $numbers,
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*",
            spaces!()
        )
    };
}

pub(super) const LLAMA3: &[&str] = &[words!(r"\p{N}{1,3}")];
pub(super) const QWEN2: &[&str] = &[words!(r"\p{N}")];
pub(super) const QWEN35: &[&str] = &[concat!(
    contraction!(),
    r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*",
    spaces!()
)];
pub(super) const MINICPM5: &[&str] = &[r"\p{N}{1,3}", words!(r"\p{N}+")];
pub(super) const LAGUNA: &[&str] = &[r"[^\n]+|[\n]+", QWEN2[0]];
pub(super) const UFAKZEKA: &[&str] =
    &[concat!(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*", spaces!())];
pub(super) const SEED_CODER: &[&str] = &[concat!(
    contraction!(),
    r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+",
    spaces!()
)];
pub(super) const BAILINGMOE: &[&str] = &[concat!(
    r"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
)];
pub(super) const EXAONE_MOE: &[&str] = &[concat!(
    contraction!(),
    r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?",
    r"|\s*[\r\n]|\s+(?!\S)|\s+",
)];
pub(super) const JAIS2: &[&str] = &[concat!(
    contraction!(),
    r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+",
    r"|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)",
    r"|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s",
)];

/// A word of big letters and then small ones, as given, each set without the ASCII letters of
/// the other; `$end` may follow.
macro_rules! two_cases {
    ($big:literal, $small:literal, $end:expr, $numbers:literal) => {
        concat!(
            r"[^\r\n\p{L}\p{N}]?",
            $big,
            "*",
            $small,
            "+",
            $end,
            r"|[^\r\n\p{L}\p{N}]?",
            $big,
            "+",
            $small,
            "*",
            $end,
            "|",
            $numbers,
            r"| ?[^\s\p{L}\p{N}]+[\r\n/]*",
            spaces!()
        )
    };
}

pub(super) const GPT4O: &[&str] = &[two_cases!(
    r"[\p{L}&&[^a-z]]",
    r"[\p{L}&&[^A-Z]]",
    concat!(contraction!(), "?"),
    r"\p{N}{1,3}"
)];
pub(super) const TEKKEN: &[&str] =
    &[two_cases!(r"[\p{L}&&[^a-z]]", r"[\p{L}&&[^A-Z]]", "", r"\p{N}")];
pub(super) const GRANITE_EMBED: &[&str] = &[two_cases!(
    r"[\p{L}\p{M}&&[^a-z]]",
    r"[\p{L}\p{M}&&[^A-Z]]",
    concat!(contraction!(), "?"),
    r"\p{N}{1,3}"
)];

/// Letters with their marks, and contractions behind them.
macro_rules! letters_and_marks {
    ($numbers:literal) => {
        concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+",
            contraction!(),
            "?|",
            $numbers,
            r"| ?[^\s\p{L}\p{N}]+[\r\n/]*",
            spaces!()
        )
    };
}

pub(super) const YOUTU: &[&str] = &[
    concat!(
        "[\u{AC00}-\u{D7A3}\u{3131}-\u{318E}]+",
        "|[\u{FF01}\u{2026}\u{201C}\u{201D}\u{2018}\u{2019}\u{2014}\u{FF1A}\u{FF1B}\u{FF0C}",
        "\u{3001}-\u{303F}\u{FE30}-\u{FE4F}]+",
        "|[\u{3105}-\u{312F}]+|[\u{4E00}-\u{9FA5}\u{3040}-\u{309F}\u{30A0}-\u{30FF}]+",
    ),
    letters_and_marks!(r"\p{N}"),
];

/// Groups of three digits, counted from the end of a number. What stands before a number is one
/// piece with its first group.
pub(super) const DIGITS_FROM_THE_END: [&str; 2] =
    [r"\P{N}*\p{N}+", r"^\P{N}*\p{N}{1,2}(?=(?:\p{N}{3})*$)|^\P{N}*\p{N}{3}|\p{N}{3}"];
pub(super) const TINY_AYA: &[&str] =
    &[DIGITS_FROM_THE_END[0], DIGITS_FROM_THE_END[1], letters_and_marks!(r"\p{N}{1,3}")];
pub(super) const SUPERBPE: &[&str] =
    &[r"\p{N}+", r"[0-9]+", r"^[0-9]{1,2}(?=(?:[0-9]{3})*$)|^[0-9]{3}|[0-9]{3}"];

/// An ASCII sign before ASCII letters, words, signs.
macro_rules! signs_and_words {
    ($after_signs:literal) => {
        concat!(
            r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"##,
            r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+",
            $after_signs
        )
    };
}

pub(super) const AFMOE: &[&str] = &[
    DIGITS_FROM_THE_END[0],
    DIGITS_FROM_THE_END[1],
    concat!(
        "[\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{8C48}-\u{FAFF}\u{3040}-\u{309F}\u{30A0}-\u{30FF}",
        "\u{FF65}-\u{FF9F}\u{2F00}-\u{2FDF}\u{0E40}-\u{0E7F}\u{0E80}-\u{0EFF}\u{1780}-\u{17FF}",
        "\u{1000}-\u{109F}\u{AA60}-\u{AA7F}\u{A9E0}-\u{A9FF}\u{AC00}-\u{D7AF}\u{1100}-\u{11FF}]+",
    ),
    signs_and_words!(r"[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
];
pub(super) const DEEPSEEK_V3: &[&str] = &patterns::DEEPSEEK_V3;
pub(super) const SPARK: &[&str] = &[
    patterns::DEEPSEEK_V3[0],
    patterns::DEEPSEEK_V3[1],
    signs_and_words!(r"|[\r\n]|\s+(?!\S)|\s+"),
    r"\p{N}",
];

/// Without white space, which llama.cpp has replaced by then.
pub(super) const CJK: &str = "[\u{0800}-\u{9FA5}\u{AC00}-\u{D7FF}&&[^\\s]]+";
pub(super) const DEEPSEEK_CODER: &[&str] = &[r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", CJK, r"\p{N}"];
pub(super) const DEEPSEEK_LLM: &[&str] = &[
    r"[\r\n]",
    concat!(
        "\\s?[A-Za-z\u{00B5}\u{00C0}-\u{00D6}\u{00D8}-\u{00F6}\u{00F8}-\u{01BA}",
        "\u{01BC}-\u{01BF}\u{01C4}-\u{0293}\u{0295}-\u{02AF}\u{0370}-\u{0373}\u{0376}",
        "\u{0377}\u{037B}-\u{037D}\u{037F}\u{0386}\u{0388}-\u{038A}\u{038C}",
        "\u{038E}-\u{03A1}\u{03A3}-\u{03F5}\u{03F7}-\u{0481}\u{048A}-\u{052F}",
        "\u{0531}-\u{0556}\u{10A0}-\u{10C5}\u{13A0}-\u{13F5}\u{13F8}-\u{13FD}",
        "\u{1C90}-\u{1CBA}\u{1CBD}-\u{1CBF}\u{1D00}-\u{1D2B}\u{1D6B}-\u{1D77}",
        "\u{1D79}-\u{1D9A}\u{1E00}-\u{1F15}\u{1F18}-\u{1F1D}\u{1F20}-\u{1F45}",
        "\u{1F48}-\u{1F4D}\u{1F50}-\u{1F57}\u{1F59}\u{1F5B}\u{1F5D}\u{1F5F}-\u{1F7D}",
        "\u{1F80}-\u{1FB4}\u{1FB6}-\u{1FBC}\u{1FBE}\u{1FC2}-\u{1FC4}\u{1FC6}-\u{1FCC}",
        "\u{1FD0}-\u{1FD3}\u{1FD6}-\u{1FDB}\u{1FE0}-\u{1FEC}\u{1FF2}-\u{1FF4}",
        "\u{1FF6}-\u{1FFC}\u{2102}\u{2107}\u{210A}-\u{2113}\u{2115}\u{2119}-\u{211D}",
        "\u{2124}\u{2126}\u{2128}\u{212A}-\u{212D}\u{212F}-\u{2134}\u{2139}",
        "\u{213C}-\u{213F}\u{2145}-\u{2149}\u{214E}\u{2183}\u{2184}\u{2C00}-\u{2C7B}",
        "\u{2C7E}-\u{2CE4}\u{2CEB}-\u{2CEE}\u{2CF2}\u{2CF3}\u{A640}-\u{A66D}",
        "\u{A680}-\u{A69B}\u{A722}-\u{A76F}\u{A771}-\u{A787}\u{A78B}-\u{A78E}",
        "\u{AB70}-\u{ABBF}\u{FB00}-\u{FB06}\u{FB13}-\u{FB17}\u{FF21}-\u{FF3A}",
        "\u{FF41}-\u{FF5A}\u{10400}-\u{1044F}\u{104B0}-\u{104D3}\u{104D8}-\u{104FB}",
        "\u{10C80}-\u{10CB2}\u{10CC0}-\u{10CF2}\u{118A0}-\u{118DF}\u{1E900}-\u{1E943}]+",
    ),
    "\\s?[!-/:-~\u{FF01}-\u{FF0F}\u{FF1A}-\u{FF5E}\u{2018}-\u{201F}\u{3001}\u{3002}]+",
    r"\s+$",
    CJK,
    r"\p{N}+",
];

/// The ideographs that stand by themselves.
macro_rules! han {
    () => {
        concat!(
            "\u{3400}-\u{4DBF}\u{4E00}-\u{9FFF}\u{F900}-\u{FAFF}\u{20000}-\u{2A6DF}",
            "\u{2A700}-\u{2B73F}\u{2B740}-\u{2EBEF}\u{2F800}-\u{2FA1F}"
        )
    };
}

pub(super) const KIMI_K2: &[&str] = &[concat!(
    "[",
    han!(),
    r"]+|[^\r\n\p{L}\p{N}]?[\p{L}&&[^",
    han!(),
    "]]+",
    contraction!(),
    r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*",
    spaces!()
)];

pub(super) const FALCON: &[&str] = &[r"[\p{P}$+<=>^~|`]+", GPT2, patterns::FALCON_DIGITS];
pub(super) const DEFAULT: &[&str] =
    &[r"[\p{P}$+<=>^~|]+", GPT2, r"\p{N}+", patterns::FALCON_DIGITS];
pub(super) const STARCODER: &[&str] = &[r"\p{N}", GPT2];
pub(super) const BLOOM: &str =
    " ?[^(\\s|.,!?\u{2026}\u{3002}\u{FF0C}\u{3001}\u{0964}\u{06D4}\u{060C})]+";
pub(super) const CHAMELEON: &[&str] = &[
    "<sentinel:[0-9]+>",
    "IMGIMG[A-I]{1,4}Z",
    r"[\t\n]|    |  ",
    r"\p{N}",
    r"[\p{P}!-/:-@\[-`{-~]",
    GPT2,
];
