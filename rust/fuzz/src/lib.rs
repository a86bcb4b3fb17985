//! What the targets share: a real vocabulary, and encoding done in the plainest way.

use std::collections::HashMap;
use std::sync::LazyLock;
use toksmith_core::formats::{Options, load};
use toksmith_core::{TokenId, Tokenizer};

/// `cl100k_base` as it is embedded in the Python package.
pub static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
    let data = include_bytes!("../../../python/toksmith/data/cl100k_base.toksmith");
    let definition = load(data, &Options::default()).expect("the embedded file loads");
    Tokenizer::build(definition).expect("the embedded file builds")
});

/// Ids as the format defines them: cut by the pattern, take a piece that is a token whole,
/// otherwise merge the two neighbours whose bytes are the token of lowest id, until none are.
/// Quadratic in a piece.
pub fn encode_naively(text: &str) -> Vec<TokenId> {
    static IDS: LazyLock<HashMap<&[u8], TokenId>> =
        LazyLock::new(|| TOKENIZER.vocab().iter().map(|(id, bytes)| (bytes, id)).collect());
    static PATTERN: LazyLock<fancy_regex::Regex> = LazyLock::new(|| {
        let [split] = TOKENIZER.splits() else { panic!("one split") };
        fancy_regex::Regex::new(&split.pattern).expect("the pattern compiles")
    });
    let mut out = Vec::new();
    for piece in PATTERN.find_iter(text) {
        let piece = piece.expect("the pattern runs").as_str().as_bytes();
        if let Some(&id) = IDS.get(piece) {
            out.push(id);
            continue;
        }
        let mut edges: Vec<usize> = (0..=piece.len()).collect();
        let id = |from: usize, to: usize| IDS.get(&piece[from..to]).copied();
        while let Some((_, at)) = (0..edges.len().saturating_sub(2))
            .filter_map(|at| Some((id(edges[at], edges[at + 2])?, at)))
            .min()
        {
            edges.remove(at + 1);
        }
        out.extend(
            edges.windows(2).map(|edge| id(edge[0], edge[1]).expect("a merge gives a token")),
        );
    }
    out
}
