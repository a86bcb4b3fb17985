//! Runs of one script: the property Script of Unicode, for every byte.
//!
//! The table is made, when it is first asked for, from the pinned regex-syntax, as the classes of
//! patterns are; its Unicode version is that of [`UNICODE_VERSION`]. The numbers of scripts are
//! places in the list of names and may change with that version: names are what to keep.
//!
//! Start at [`script_runs`].
//!
//! [`UNICODE_VERSION`]: crate::encode::pretokenize::UNICODE_VERSION

use regex_syntax::hir::{Class, HirKind};
use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Patches, lengths};
use crate::error::Result;
use crate::parallel;
use crate::watch::Watch;

/// The number of a script: its place in [`names`].
pub type Script = u8;

/// Of no script: not assigned, for private use, a surrogate, or no UTF-8.
pub const UNKNOWN: Script = 0;
/// Used with many scripts.
pub const COMMON: Script = 1;
/// A mark that takes the script of what it stands on.
pub const INHERITED: Script = 2;

/// The scripts, by the long names of Unicode; a script's number is its place.
const NAMES: &str = "
    Unknown Common Inherited
    Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak
    Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian
    Caucasian_Albanian Chakma Cham Cherokee Chorasmian Coptic Cuneiform Cypriot Cypro_Minoan
    Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs Elbasan Elymaic
    Ethiopic Garay Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi
    Gurung_Khema Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic
    Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li
    Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi Kirat_Rai Lao Latin Lepcha Limbu
    Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen
    Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs
    Miao Modi Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari New_Tai_Lue Newa
    Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Ol_Onal Old_Hungarian Old_Italic
    Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur
    Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi
    Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian
    Sora_Sompeng Soyombo Sundanese Sunuwar Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham
    Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Todhri Toto
    Tulu_Tigalari Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square";

/// Characters a block.
const BLOCK: usize = 128;

/// Scripts of all characters in two stages.
struct Table {
    names: Vec<&'static str>,
    index: Vec<u16>,
    blocks: Vec<[Script; BLOCK]>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let names: Vec<&str> = NAMES.split_whitespace().collect();
    let mut scripts = vec![UNKNOWN; 0x11_0000];
    for (number, name) in names.iter().enumerate().skip(usize::from(COMMON)) {
        for (first, last) in ranges(name) {
            if let Some(scripts) = scripts.get_mut(first as usize..=last as usize) {
                scripts.fill(number as Script);
            }
        }
    }
    let (mut numbers, mut index, mut blocks) = (HashMap::new(), Vec::new(), Vec::new());
    for &block in scripts.as_chunks::<BLOCK>().0 {
        index.push(*numbers.entry(block).or_insert_with(|| {
            blocks.push(block);
            blocks.len() as u16 - 1
        }));
    }
    Table { names, index, blocks }
});

/// The code points of a script, as inclusive ranges. None if regex-syntax does not know the name,
/// which a test excludes.
fn ranges(name: &str) -> Vec<(u32, u32)> {
    match regex_syntax::parse(&format!(r"\p{{Script={name}}}")).map(|hir| hir.kind().clone()) {
        Ok(HirKind::Class(Class::Unicode(class))) => {
            class.iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
        _ => Vec::new(),
    }
}

/// The names of all scripts; a script's number is its place.
pub fn names() -> &'static [&'static str] {
    &TABLE.names
}

/// The script of a character.
pub fn script_of(c: char) -> Script {
    let block = TABLE.index.get(c as usize / BLOCK).copied().unwrap_or_default();
    TABLE.blocks.get(usize::from(block)).map_or(UNKNOWN, |block| block[c as usize % BLOCK])
}

/// Texts cut where the script changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// The runs.
    pub patches: Patches,
    /// The script of each.
    pub scripts: Vec<Script>,
}

/// The runs of one script in each text. Bytes that are not UTF-8 are of an unknown one.
///
/// With `resolve`, common and inherited characters take the script of the last character before
/// them that has one, or, at the beginning of a text, of the first one after them; unknown ones
/// neither give nor take. A text without any stays common. Brackets are not paired.
///
/// # Errors
/// Stopped by the caller.
pub fn script_runs(
    texts: &[&[u8]],
    resolve: bool,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Runs> {
    let lengths = lengths(texts);
    let jobs = super::jobs(&lengths, threads);
    let parts = parallel::map(jobs.len(), threads, watch, |job| {
        let (mut runs, mut ends) = (Vec::new(), Vec::new());
        for row in jobs.get(job).cloned().unwrap_or_default() {
            let begin = runs.len();
            cut(texts.get(row).copied().unwrap_or_default(), &mut runs);
            if resolve {
                let kept = begin + resolved(runs.get_mut(begin..).unwrap_or_default());
                runs.truncate(kept);
            }
            ends.push(runs.len());
            watch.poll()?;
        }
        Ok((runs, ends))
    })?;
    let (mut offsets, mut rows, mut scripts) = (Vec::new(), vec![0], Vec::new());
    let (mut base, mut lengths) = (0, lengths.iter());
    for (runs, ends) in &parts {
        let mut begin = 0;
        for (&end, &length) in ends.iter().zip(&mut lengths) {
            for &(start, script) in runs.get(begin..end).unwrap_or_default() {
                offsets.push(base + start as i64);
                scripts.push(script);
            }
            rows.push(offsets.len() as i64);
            (begin, base) = (end, base + length as i64);
        }
    }
    offsets.push(base);
    Ok(Runs { patches: Patches { offsets, rows }, scripts })
}

/// Where a run starts, and its script.
type Run = (usize, Script);

/// Appends the runs of a text. O(n).
fn cut(text: &[u8], runs: &mut Vec<Run>) {
    let (mut at, mut last) = (0, None);
    let mut see = |at: usize, script: Script| {
        if last != Some(script) {
            runs.push((at, script));
            last = Some(script);
        }
    };
    for chunk in text.utf8_chunks() {
        for (begin, c) in chunk.valid().char_indices() {
            see(at + begin, script_of(c));
        }
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            see(at, UNKNOWN);
        }
        at += chunk.invalid().len();
    }
}

/// Gives common and inherited runs the script of others and joins what is then equal; the number
/// of runs that are left, in front.
fn resolved(runs: &mut [Run]) -> usize {
    let definite = |&(_, script): &Run| script > INHERITED;
    let first = runs.iter().find(|run| definite(run)).map_or(COMMON, |&(_, script)| script);
    let (mut script_before, mut kept) = (first, 0);
    for at in 0..runs.len() {
        let (start, mut script) = runs[at];
        match script {
            UNKNOWN => {}
            COMMON | INHERITED => script = script_before,
            _ => script_before = script,
        }
        if kept == 0 || runs[kept - 1].1 != script {
            runs[kept] = (start, script);
            kept += 1;
        }
    }
    kept
}

#[cfg(test)]
#[allow(
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]
mod tests {
    use super::{COMMON, Runs, UNKNOWN, names, ranges, script_of, script_runs};
    use crate::watch::Watch;

    fn runs(text: &[u8], resolve: bool) -> Vec<(i64, &'static str)> {
        let Runs { patches, scripts } = script_runs(&[text], resolve, 1, &Watch::none()).unwrap();
        let names = scripts.iter().map(|&script| names()[usize::from(script)]);
        patches.offsets.iter().copied().zip(names).collect()
    }

    #[test]
    fn every_name_is_known_and_scripts_do_not_overlap() {
        let mut seen = 0;
        for (number, name) in names().iter().enumerate().skip(usize::from(COMMON)) {
            let ranges = ranges(name);
            assert!(!ranges.is_empty(), "{name}");
            for c in ranges.iter().flat_map(|&(first, last)| first..=last) {
                assert_eq!(char::from_u32(c).map(script_of), Some(number as u8), "{c:#x}");
                seen += 1;
            }
        }
        let known = ('\0'..=char::MAX).filter(|&c| script_of(c) != UNKNOWN).count();
        assert_eq!(known, seen);
    }

    #[test]
    fn runs_end_where_the_script_changes() {
        let text = "1 a\u{301}b \u{431}!".as_bytes();
        let plain = [
            (0, "Common"),
            (2, "Latin"),
            (3, "Inherited"),
            (5, "Latin"),
            (6, "Common"),
            (7, "Cyrillic"),
            (9, "Common"),
        ];
        assert_eq!(runs(text, false), plain);
        assert_eq!(runs(text, true), [(0, "Latin"), (7, "Cyrillic")]);
        assert_eq!(runs(b"", true), []);
        assert_eq!(runs("\u{301}1".as_bytes(), true), [(0, "Common")]);
    }

    #[test]
    fn what_is_no_text_is_of_no_script() {
        let text = b"a\xe2\x82 \xffb";
        let plain = [(0, "Latin"), (1, "Unknown"), (3, "Common"), (4, "Unknown"), (5, "Latin")];
        assert_eq!(runs(text, false), plain);
        let joined = [(0, "Latin"), (1, "Unknown"), (3, "Latin"), (4, "Unknown"), (5, "Latin")];
        assert_eq!(runs(text, true), joined);
    }
}
