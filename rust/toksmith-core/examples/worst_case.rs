//! The calls that `bench/worst_case.py` counts instructions of, in a program small enough for valgrind.
//!
//! `worst_case MODEL TEXT…` makes three counted calls a text, each from empty caches onwards: an
//! empty text, the text, and the text again. It prints the number of ids. A counted call is
//! [`counted`] and nothing else: valgrind toggles on its name.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::{env, fs};

use toksmith_core::{Tokenizer, formats};

/// Not inlined, so that it has a name at run time.
#[inline(never)]
fn counted(tokenizer: &Tokenizer, text: &str) -> Result<usize, toksmith_core::Error> {
    Ok(black_box(tokenizer.encode(black_box(text))?).len())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = env::args().skip(1);
    let model = paths.next().ok_or("usage: worst_case MODEL TEXT…")?;
    let tokenizer = Tokenizer::build(definition(Path::new(&model))?)?;
    for path in paths {
        let text = fs::read_to_string(&path)?;
        tokenizer.clear_cache();
        // Makes the thread's buffers anew, which is no part of a call.
        tokenizer.encode("")?;
        counted(&tokenizer, "")?;
        let first = counted(&tokenizer, &text)?;
        let again = counted(&tokenizer, &text)?;
        if first != again {
            return Err(format!("{path}: {first} ids, then {again}").into());
        }
        println!("{first}");
    }
    Ok(())
}

/// An embedded vocabulary is known by its file's name; any other file says what it is.
fn definition(path: &Path) -> Result<formats::Definition, Box<dyn Error>> {
    let data = fs::read(path)?;
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    Ok(if path.extension().is_some_and(|suffix| suffix == "toksmith") {
        formats::known::embedded(name, &data)?
    } else {
        formats::load(&data, &formats::Options::default())?
    })
}
