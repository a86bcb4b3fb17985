//! What a thread keeps between calls: caches and buffers, one set a tokenizer and thread.
//!
//! They live in thread-local storage, so nothing is locked and a fork, which only the calling
//! thread survives, leaves them whole. A set is taken out while it is used: a panic loses it
//! and nothing else.

use super::general::ModelScratch;
use super::group::Group;
use super::joined::JoinScratch;
use super::model::bpe::MergeScratch;
use super::normalize::NormalizeCache;
use super::pretokenize::general::GeneralCache;
use super::sampling::Sampling;
use super::word_cache::WordCache;
use crate::token::TokenId;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

static NEXT_KEY: AtomicU64 = AtomicU64::new(1);

/// The part of a tokenizer its caches hang on.
#[derive(Debug)]
pub(crate) struct CacheOwner {
    key: u64,
    /// Caches of an older generation are dropped at the next call.
    generation: AtomicU64,
    bytes: AtomicUsize,
    budget: usize,
}

/// How much memory a tokenizer's caches hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheInfo {
    /// Bytes held now, by all threads.
    pub bytes: usize,
    /// Most bytes one thread may hold.
    pub budget_per_thread: usize,
}

impl CacheOwner {
    pub(crate) fn new(budget: usize) -> Arc<Self> {
        Arc::new(Self {
            key: NEXT_KEY.fetch_add(1, Ordering::Relaxed),
            generation: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            budget,
        })
    }

    pub(crate) fn info(&self) -> CacheInfo {
        CacheInfo { bytes: self.bytes.load(Ordering::Relaxed), budget_per_thread: self.budget }
    }

    /// Frees this thread's cache now; other threads' caches at their next call.
    pub(crate) fn clear(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
        SCRATCHES.with_borrow_mut(|kept| kept.retain(|scratch| scratch.key != self.key));
    }
}

/// Caches and buffers of one tokenizer in one thread.
#[derive(Debug)]
pub(crate) struct Scratch {
    key: u64,
    generation: u64,
    owner: Weak<CacheOwner>,
    reported: usize,
    pub(crate) cache: WordCache,
    pub(crate) merge: MergeScratch,
    pub(crate) ids: Vec<TokenId>,
    pub(crate) group: Group,
    pub(crate) joined: JoinScratch,
    pub(crate) general: Vec<GeneralCache>,
    /// Of the stages for what stands in the middle of a word.
    pub(crate) glued: Vec<GeneralCache>,
    pub(crate) normalize: NormalizeCache,
    pub(crate) model: ModelScratch,
    /// While tokens are drawn at random.
    pub(crate) sampling: Option<Sampling>,
}

thread_local! {
    // Boxed: a set is taken out and put back at every call.
    #[allow(clippy::vec_box, reason = "moving a box is moving a pointer")]
    static SCRATCHES: RefCell<Vec<Box<Scratch>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work` with this thread's scratch for `owner`.
pub(crate) fn with<R>(owner: &Arc<CacheOwner>, work: impl FnOnce(&mut Scratch) -> R) -> R {
    let generation = owner.generation.load(Ordering::Relaxed);
    let kept = SCRATCHES.with_borrow_mut(|kept| {
        let at = kept.iter().position(|scratch| scratch.key == owner.key)?;
        Some(kept.swap_remove(at))
    });
    let mut scratch = match kept {
        Some(scratch) if scratch.generation == generation => scratch,
        _ => {
            SCRATCHES
                .with_borrow_mut(|kept| kept.retain(|scratch| scratch.owner.strong_count() > 0));
            Box::new(Scratch {
                key: owner.key,
                generation,
                owner: Arc::downgrade(owner),
                reported: 0,
                cache: WordCache::new(owner.budget),
                merge: MergeScratch::default(),
                ids: Vec::new(),
                group: Group::default(),
                joined: JoinScratch::default(),
                general: Vec::new(),
                glued: Vec::new(),
                normalize: NormalizeCache::default(),
                model: ModelScratch::default(),
                sampling: None,
            })
        }
    };
    let result = work(&mut scratch);
    let bytes = scratch.cache.bytes();
    if bytes != scratch.reported {
        owner.bytes.fetch_add(bytes.wrapping_sub(scratch.reported), Ordering::Relaxed);
        scratch.reported = bytes;
    }
    // At thread exit the storage may be gone; then so is the scratch.
    let _ = SCRATCHES.try_with(|kept| kept.borrow_mut().push(scratch));
    result
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(owner) = self.owner.upgrade() {
            owner.bytes.fetch_sub(self.reported, Ordering::Relaxed);
        }
    }
}
