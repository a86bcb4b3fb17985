//! Merging by score as merging by a list of pairs, which is faster.
//!
//! Inside the text of a piece merging does not depend on what stands around it, so of all ways
//! to put a piece together one is ever used (`DESIGN.md`, one live pair a token): the last merge
//! of its own text. Those pairs by descending score are the list, if no two scores are equal.
//!
//! *Runs.* Equal scores merge the leftmost first, a list its first pair first. Pieces of one score
//! that are runs of one letter, such as those for spaces, are listed all the same, the longest
//! first, if no other pair makes a run of it or has one as a part, so that nothing happens to such
//! a run but these merges, and if runs of up to twice the longest piece and one letter come out the same
//! either way. Then all do: what a run merges to is, in either order, the one sequence in which
//! each two neighbours are what their letters merge to ([`super::super::merging`], blocks).

use super::merges::{Merges, Symbol};
use crate::encode::model::merging::{Line, MergeList, MergeScratch};

/// Longest run that is tried out, in letters.
const LONGEST_RUN: usize = 128;
/// Longest piece, in letters: what its pair is takes quadratic time to find.
const LONGEST: usize = 1024;

/// A pair, with the letter that its product is a run of, if it is, and the product's letters.
type Lined = (Line, Option<Symbol>, usize);

/// The list; `None` where equal scores have no order that a list can express.
pub(super) fn list<'p>(
    merges: &Merges,
    pieces: impl Iterator<Item = (&'p str, Symbol)>,
) -> Option<MergeList> {
    if merges.has_unused {
        return None;
    }
    let mut lines: Vec<Lined> = Vec::new();
    let mut symbols = Vec::new();
    for (piece, product) in pieces {
        symbols.clear();
        symbols.extend(piece.chars().map(|letter| merges.letter(letter)));
        if symbols.len() > LONGEST {
            return None;
        }
        let (merged, Some(last)) = merges.by_scores(&symbols) else { continue };
        if merged == [product] && last.product == product {
            let letter = symbols.first().copied();
            let run = letter.filter(|&letter| symbols.iter().all(|&other| other == letter));
            lines.push((last, run, symbols.len()));
        }
    }
    let place = |line: &Line| merges.symbols.get(line.product as usize).map(|entry| entry.place);
    lines.sort_by_key(|&(line, _, length)| (place(&line), std::cmp::Reverse(length)));
    let list: Vec<Line> = lines.iter().map(|&(line, ..)| line).collect();
    let ranked = MergeList::reduced(&list);
    let ties = lines.chunk_by(|(a, ..), (b, ..)| place(a) == place(b));
    ties.filter(|tie| tie.len() > 1)
        .all(|tie| is_run(merges, &ranked, &lines, tie))
        .then_some(ranked)
}

/// Whether pairs of one score are runs of one letter that the list treats as the scores do.
fn is_run(merges: &Merges, ranked: &MergeList, lines: &[Lined], tie: &[Lined]) -> bool {
    let Some(&(_, Some(letter), longest)) = tie.first() else { return false };
    if longest > LONGEST_RUN || tie.iter().any(|&(_, run, _)| run != Some(letter)) {
        return false;
    }
    let runs: Vec<Symbol> = tie.iter().map(|(line, ..)| line.product).collect();
    let concerns = |&(line, run, _): &Lined| {
        run == Some(letter) || runs.contains(&line.left) || runs.contains(&line.right)
    };
    if lines.iter().any(|line| concerns(line) && !runs.contains(&line.0.product)) {
        return false;
    }
    let (mut scratch, mut merged) = (MergeScratch::default(), Vec::new());
    (1..=2 * longest + 1).all(|count| {
        let symbols = vec![letter; count];
        merged.clear();
        ranked.merge(&symbols, &mut scratch, &mut merged);
        let (expected, _) = merges.by_scores(&symbols);
        merged.iter().map(|&(symbol, _)| symbol).eq(expected)
    })
}
