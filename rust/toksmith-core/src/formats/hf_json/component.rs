//! How the library finds out what a normalizer, pre-tokenizer, post-processor or decoder is.
//!
//! If `type` has a name from one list, the object must be of that kind. Any other `type`, or
//! none, and the kinds of a second list are tried in order; the first whose fields are all there
//! is taken. Most kinds do not look at `type` then, so an object that says one thing can be
//! another; the order of the lists is therefore part of the format.

use super::json::{Node, Object};
use crate::error::{Error, Result};

/// Sequences in sequences deeper than this are refused.
const MAX_DEPTH: usize = 16;

/// More stages than this in one sequence are refused.
pub(super) const MAX_STAGES: usize = 1 << 12;

/// Reads one kind; the number is the depth of nesting.
pub(super) type Reader<T> = fn(&Object<'_>, usize) -> Result<T>;

/// The kinds of one component.
pub(super) struct Kinds<T: 'static> {
    /// By the name in `type`.
    pub(super) named: &'static [(&'static str, Reader<T>)],
    /// Tried in this order otherwise; the names are for messages.
    pub(super) tried: &'static [(&'static str, Reader<T>)],
}

/// Reads a component of one of these kinds.
pub(super) fn read<T>(node: &Node<'_>, depth: usize, kinds: &Kinds<T>) -> Result<T> {
    if depth == 0 {
        node.check()?;
    } else if depth > MAX_DEPTH {
        return Err(node.unsupported(&format!("sequences nested deeper than {MAX_DEPTH}")));
    }
    let object = node.object()?;
    let kind = object.get("type");
    if kind.as_ref().is_some_and(Node::is_object) {
        return Err(node.unsupported("`type` written as an object"));
    }
    let kind = kind.filter(Node::is_string).map(|kind| kind.string()).transpose()?;
    let has_name = |&&(name, _): &&(&str, Reader<T>)| kind.as_deref() == Some(name);
    // A `type` given twice is looked at only in the second step.
    if let Some((_, read)) = kinds.named.iter().find(has_name).filter(|_| !object.repeats("type")) {
        return read(&object, depth);
    }
    let mut meant = None;
    for entry @ (_, read) in kinds.tried {
        match read(&object, depth) {
            Err(error @ Error::Model { .. }) => {
                if has_name(&entry) {
                    meant = Some(error);
                }
            }
            other => return other,
        }
    }
    Err(meant.unwrap_or_else(|| match kind {
        Some(kind) => node.error(format!("no such type: {kind:?}")),
        None => node.error("`type` is missing, and the fields fit no type that needs none"),
    }))
}

/// Reads the stages of a sequence in the field `name`.
pub(super) fn stages<T>(
    object: &Object<'_>,
    name: &str,
    depth: usize,
    kinds: &Kinds<T>,
) -> Result<Vec<T>> {
    let list = object.require(name)?;
    let items = list.items()?;
    if items.len() > MAX_STAGES {
        return Err(list.unsupported(&format!("more than {MAX_STAGES} stages")));
    }
    items.iter().map(|item| read(item, depth + 1, kinds)).collect()
}
