//! The stages cut and rewrite as tokenizers 0.23.3 does; the plain twin of each is in `naive.rs`.

#![allow(clippy::expect_used, clippy::panic, reason = "in a test, that is how to fail")]

mod naive;
mod promises;
mod tables;

use crate::encode::draft::{Draft, Origin};
use crate::formats::SplitBehaviour;
use crate::formats::pipeline::{PreTokenizer, PrependScheme};

use super::super::GeneralCache;
use super::Stages;
use super::rewrite::Source;

/// A piece: its characters, each with the range it came from.
type Piece = Vec<(char, Source)>;

const BEHAVIOURS: [SplitBehaviour; 5] = [
    SplitBehaviour::Isolated,
    SplitBehaviour::Removed,
    SplitBehaviour::MergedWithPrevious,
    SplitBehaviour::MergedWithNext,
    SplitBehaviour::Contiguous,
];

const SCHEMES: [PrependScheme; 3] =
    [PrependScheme::First, PrependScheme::Never, PrependScheme::Always];

/// A text as given.
fn draft(text: &str, base: usize) -> Draft {
    Draft::new(text, base)
}

/// A text that a normalizer has written: each character with the range it came from.
fn normalized(characters: &[(char, Source)], base: usize) -> Draft {
    let text: String = characters.iter().map(|(c, _)| c).collect();
    let origin =
        characters.iter().flat_map(|&(c, source)| std::iter::repeat_n(source, c.len_utf8()));
    Draft { origin: Origin::Map(origin.collect()), given: 100, ..Draft::new(&text, base) }
}

/// The pieces of a draft with the origins of their characters.
fn pieces(draft: &Draft) -> Vec<Piece> {
    let origin = |at: usize, c: char| match &draft.origin {
        Origin::Same => (at as u32, (at + c.len_utf8()) as u32),
        Origin::Map(map) => {
            assert!(map[at..at + c.len_utf8()].iter().all(|&source| source == map[at]));
            map[at]
        }
    };
    let piece = |start: usize, end: usize| {
        let characters = draft.text[start..end].char_indices();
        characters.map(|(at, c)| (c, origin(start + at, c))).collect()
    };
    draft.pieces.iter().map(|span| piece(span.start, span.end)).collect()
}

/// Runs stages over drafts with and without tracking, and compares with the twin.
fn check(stages: &[PreTokenizer], drafts: impl IntoIterator<Item = Draft>) {
    let compiled = Stages::new(stages).expect("stages");
    let mut caches = Vec::new();
    for draft in drafts {
        check_one(stages, &compiled, &mut caches, &draft);
    }
}

fn check_one(
    stages: &[PreTokenizer],
    compiled: &Stages,
    caches: &mut Vec<GeneralCache>,
    draft: &Draft,
) {
    let mut got = draft.clone();
    compiled.run(&mut got, caches, true).expect("run");
    let want = stages.iter().fold(pieces(draft), |pieces, stage| {
        naive::run(stage, draft.base, &pieces).into_iter().filter(|p| !p.is_empty()).collect()
    });
    assert_eq!(pieces(&got), want, "{:?} at {} by {stages:?}", draft.text, draft.base);

    let texts = |draft: &Draft| -> Vec<String> {
        draft.pieces.iter().map(|p| draft.text[p.start..p.end].to_owned()).collect()
    };
    let mut untracked = draft.clone();
    compiled.run(&mut untracked, caches, false).expect("run");
    assert_eq!(texts(&untracked), texts(&got), "{:?} by {stages:?}", draft.text);

    if compiled.only_cuts() && draft.pieces.len() == 1 {
        let mut cut = Vec::new();
        let each = |piece| {
            cut.push(piece);
            Ok(())
        };
        compiled.cut(&draft.text, caches, each).expect("cut");
        assert_eq!(cut, got.pieces, "{:?} by {stages:?}", draft.text);
    }
}

/// Splitmix64: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Half of the texts have few different characters, so that runs are long.
    fn text(&mut self) -> String {
        let few: Vec<&str> = (0..=self.below(6)).map(|_| self.pick(ALPHABET)).collect();
        let alphabet = if self.below(2) == 0 { ALPHABET } else { &few };
        (0..self.below(16)).map(|_| self.pick(alphabet)).collect()
    }
}

/// Characters of every class and script, and those that only look like one.
const ALPHABET: &[&str] = &[
    "a",
    "b",
    "e",
    "A",
    "s",
    "t",
    "'",
    " ",
    " ",
    " ",
    "\t",
    "\n",
    "\r",
    "\u{a0}",
    "\u{85}",
    "\u{3000}",
    "1",
    "2",
    "9",
    "²",
    "½",
    "Ⅷ",
    "٣",
    "\u{16ff4}",
    ".",
    ",",
    "-",
    "_",
    "$",
    "+",
    "«",
    "、",
    "\u{166d}",
    "\u{2e43}",
    "▁",
    "▁",
    "##",
    "<0x41>",
    "é",
    "ß",
    "İ",
    "Ж",
    "α",
    "あ",
    "ア",
    "ー",
    "中",
    "国",
    "한",
    "\u{1100}\u{1161}\u{11a8}",
    "ا",
    "\u{93f}",
    "\u{301}",
    "\u{200d}",
    "👨\u{200d}👩",
    "😀",
    "\0",
    "\u{feff}",
    "\u{e000}",
    "\u{378}",
    "\u{e0001}",
    "𠀀",
    "\u{61c}",
    "\u{589}",
    "\u{953}",
    "𝟘",
    "Ġ",
    "Ã",
];
