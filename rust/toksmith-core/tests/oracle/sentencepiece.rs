//! SentencePiece as its definitions say it, with no thought of speed; and a writer of files.

use std::collections::HashMap;
use toksmith_core::formats::pipeline::{PieceKind, SentencePieceKind, SentencePieceModel};
use toksmith_core::vocab::Vocab;

/// Spelling, score and type of a piece.
pub type Piece = (String, f32, PieceKind);

/// A model over these pieces, behind `<unk>` (id 0).
pub fn model(kind: SentencePieceKind, pieces: &[Piece]) -> (Vocab, SentencePieceModel) {
    let unknown = ("<unk>".to_owned(), 0.0, PieceKind::Unknown);
    let mut vocab = Vocab::default();
    let mut def = SentencePieceModel { kind, ..SentencePieceModel::default() };
    for (id, (piece, score, kind)) in (0..).zip([&unknown].into_iter().chain(pieces)) {
        if vocab.insert(id, piece.as_bytes(), pieces.len()).is_ok() {
            def.scores.push(*score);
            def.types.push(*kind);
        }
    }
    (vocab, def)
}

/// Joins neighbouring unknown parts.
fn joined(parts: Vec<(u32, usize, usize)>) -> Vec<(u32, u32, u32)> {
    let mut out: Vec<(u32, u32, u32)> = Vec::new();
    for (id, start, end) in parts {
        match out.last_mut() {
            Some(last) if id == 0 && last.0 == 0 => last.2 = end as u32,
            _ => out.push((id, start as u32, end as u32)),
        }
    }
    out
}

/// The best path in single precision: from each place, pieces by length; strictly better wins;
/// a sum beyond 100,000 is subtracted from all sums ahead.
pub fn unigram(pieces: &[Piece], text: &str) -> Vec<(u32, u32, u32)> {
    let normal = |kind| matches!(kind, PieceKind::Normal | PieceKind::UserDefined);
    let ids: HashMap<&str, (u32, f32)> = (1..)
        .zip(pieces)
        .filter(|(_, piece)| normal(piece.2))
        .map(|(id, (piece, score, kind))| {
            let defined = *kind == PieceKind::UserDefined;
            let score =
                if defined { (0.1 * (f64::from(piece.len() as u32) - 1.0)) as f32 } else { *score };
            (piece.as_str(), (id, score))
        })
        .collect();
    let lowest = pieces.iter().filter(|piece| piece.2 == PieceKind::Normal);
    let lowest = lowest.map(|piece| piece.1).fold(f32::MAX, f32::min);
    let mut best: Vec<Option<(f32, usize, u32)>> = vec![None; text.len() + 1];
    best[0] = Some((0.0, 0, 0));
    for (start, letter) in text.char_indices() {
        let Some((mut sum, ..)) = best[start] else { continue };
        if sum.abs() > 100_000.0 {
            for place in best[start..].iter_mut().flatten() {
                place.0 -= sum;
            }
            sum = 0.0;
        }
        for (end, place) in best.iter_mut().enumerate().skip(start + 1) {
            let Some(piece) = text.get(start..end) else { continue };
            let step = match ids.get(piece) {
                Some(&step) => step,
                None if end == start + letter.len_utf8() => (0, lowest - 10.0),
                None => continue,
            };
            if place.is_none_or(|(there, ..)| step.1 + sum > there) {
                *place = Some((step.1 + sum, start, step.0));
            }
        }
    }
    let (mut parts, mut at) = (Vec::new(), text.len());
    while let Some((_, start, id)) = best[at].filter(|_| at > 0) {
        parts.push((id, start, at));
        at = start;
    }
    parts.reverse();
    joined(parts)
}

/// Merging: again and again the pair whose text is the piece of the highest score, the leftmost
/// of equals. Unused pieces fall apart into the halves that were last looked at.
pub fn bpe(pieces: &[Piece], text: &str) -> Vec<(u32, u32, u32)> {
    let ids: HashMap<&str, u32> =
        pieces.iter().zip(1..).map(|(piece, id)| (piece.0.as_str(), id)).collect();
    let piece = |id: u32| &pieces[id as usize - 1];
    let mut defined: Vec<&str> = pieces
        .iter()
        .filter(|piece| piece.2 == PieceKind::UserDefined)
        .map(|piece| piece.0.as_str())
        .collect();
    defined.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    // Parts, and whether they never merge.
    let (mut parts, mut at): (Vec<(usize, usize, bool)>, usize) = (Vec::new(), 0);
    while let Some(letter) = text[at..].chars().next() {
        let found = defined.iter().find(|piece| text[at..].starts_with(**piece));
        let end = at + found.map_or(letter.len_utf8(), |piece| piece.len());
        parts.push((at, end, found.is_some()));
        at = end;
    }
    let mut halves: HashMap<&str, (usize, usize)> = HashMap::new();
    let mut look = |left: (usize, usize, bool), right: (usize, usize, bool)| {
        let id = *ids.get(&text[left.0..right.1]).filter(|_| !left.2 && !right.2)?;
        if piece(id).2 == PieceKind::Unused {
            halves.insert(&text[left.0..right.1], (left.1 - left.0, right.1 - right.0));
        }
        Some(id)
    };
    for pair in parts.windows(2) {
        look(pair[0], pair[1]);
    }
    loop {
        let mut best: Option<(f32, usize)> = None;
        for (at, pair) in parts.windows(2).enumerate() {
            if pair[0].2 || pair[1].2 {
                continue;
            }
            if let Some(&id) = ids.get(&text[pair[0].0..pair[1].1]) {
                let score = piece(id).1;
                if best.is_none_or(|(there, _)| score.total_cmp(&there).is_gt()) {
                    best = Some((score, at));
                }
            }
        }
        let Some((_, at)) = best else { break };
        parts[at].1 = parts[at + 1].1;
        parts.remove(at + 1);
        if at > 0 {
            look(parts[at - 1], parts[at]);
        }
        if at + 1 < parts.len() {
            look(parts[at], parts[at + 1]);
        }
    }
    let mut out = Vec::new();
    let mut todo: Vec<(usize, usize)> =
        parts.iter().rev().map(|&(start, end, _)| (start, end)).collect();
    while let Some((start, end)) = todo.pop() {
        let id = ids.get(&text[start..end]).copied().unwrap_or(0);
        if id == 0 || piece(id).2 != PieceKind::Unused {
            out.push((id, start, end));
            continue;
        }
        match halves.get(&text[start..end]) {
            Some(&(left, _)) => todo.extend([(start + left, end), (start, start + left)]),
            None => out.push((0, start, end)),
        }
    }
    joined(out)
}

/// All segmentations of a short text, with their sums: ids and the score.
pub fn all(pieces: &[Piece], text: &str) -> Vec<(Vec<u32>, f64)> {
    let Some(first) = text.chars().next() else { return vec![(Vec::new(), 0.0)] };
    let lowest = pieces.iter().map(|piece| piece.1).fold(f32::MAX, f32::min);
    let mut steps: Vec<(u32, usize, f64)> = (1..)
        .zip(pieces)
        .filter(|(_, piece)| text.starts_with(&piece.0))
        .map(|(id, piece)| (id, piece.0.len(), f64::from(piece.1)))
        .collect();
    if steps.iter().all(|step| step.1 != first.len_utf8()) {
        steps.push((0, first.len_utf8(), f64::from(lowest - 10.0)));
    }
    let mut out = Vec::new();
    for (id, len, score) in steps {
        for (mut ids, sum) in all(pieces, &text[len..]) {
            ids.insert(0, id);
            out.push((ids, sum + score));
        }
    }
    out
}

/// A field of a message, by number: an integer.
pub fn varint(field: u32, mut value: u64) -> Vec<u8> {
    let mut out = vec![(field << 3) as u8];
    if field > 15 {
        out = vec![(field << 3) as u8 & 0x7F | 0x80, (field >> 4) as u8];
    }
    while value > 0x7F {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A field of a message, by number: bytes.
pub fn bytes(field: u32, value: &[u8]) -> Vec<u8> {
    let mut out = varint(field, value.len() as u64);
    out[0] |= 2;
    out.extend_from_slice(value);
    out
}

/// A piece as field 1 of a file.
pub fn piece(text: &[u8], score: f32, kind: u64) -> Vec<u8> {
    let mut message = bytes(1, text);
    message.push(2 << 3 | 5);
    message.extend(score.to_le_bytes());
    message.extend(varint(3, kind));
    bytes(1, &message)
}
