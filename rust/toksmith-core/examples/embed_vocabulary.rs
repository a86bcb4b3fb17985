//! Builds `python/toksmith/data/` from the original rank files.
//!
//! `cargo run --release -p toksmith-core --example embed_vocabulary -- python/toksmith/data FILE...`
//!
//! A file is recognised by its hash, so a wrong or damaged one is refused, and its name does
//! not matter. The files come inside the Python package litellm 1.109.1, with hashes for names:
//! `pip download --no-deps litellm==1.109.1`, unzip, and pass
//! `litellm/litellm_core_utils/tokenizers/{ec72*,9b5a*,fb37*}`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use toksmith_core::encode::model::bpe::build;
use toksmith_core::formats::{Format, Options, known, load, save};

/// The data files, each with its folder in litellm.
const FILES: [(&str, &str); 3] = [
    ("p50k_base", "ec7223a39ce59f226a68acc30dc1af2788490e15"),
    ("cl100k_base", "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"),
    ("o200k_base", "fb374d419588a4632f3f557e76b4b70aebbca790"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = arguments.next().ok_or("usage: embed_vocabulary FOLDER FILE...")?;
    let mut rows = String::new();
    let mut inputs = Vec::new();
    for path in arguments.map(PathBuf::from) {
        let data = std::fs::read(&path)?;
        let known =
            known::by_hash(&data).ok_or_else(|| format!("{}: unknown hash", path.display()))?;
        inputs.push((known, data));
    }
    for (name, source) in FILES {
        let input = inputs.iter().find(|(known, _)| known.name == name);
        let (known, data) = input.ok_or_else(|| format!("the rank file of {name} is missing"))?;
        let definition = load(data, &Options::default())?;
        let compiled = build::compile(&definition.vocab, &definition.merges)?;
        let written = save(&definition, &compiled, Format::Native)?;
        // The names that need this file, and what they must come back as.
        let mut names = Vec::new();
        for embedded in known::names().iter().filter(|it| known::data_file(it) == Some(name)) {
            known::embedded(embedded, &written)?;
            names.push(format!("`{embedded}`"));
        }
        let file = format!("{name}.toksmith");
        std::fs::write(Path::new(&folder).join(&file), &written)?;
        println!("{file}: {} tokens, {} bytes", definition.vocab.len(), written.len());
        writeln!(
            rows,
            "| `{file}` | {} | `{source}` | `{}` | {} | `{}` |",
            names.join(", "),
            known.sha256,
            written.len(),
            known::sha256_hex(&written),
        )?;
    }
    let readme = include_str!("embed_vocabulary.md").replace("{rows}\n", &rows);
    std::fs::write(Path::new(&folder).join("README.md"), readme)?;
    Ok(())
}
