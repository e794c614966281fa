//! An allocator that counts what the process holds now and held at most, over all threads: models are run by a pool of them.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    io::Write as _,
    sync::atomic::{AtomicIsize, AtomicU64, Ordering::Relaxed},
};

/// What all tests together may hold: beyond it there is no memory, whatever the machine has.
const LIMIT: isize = 3 << 30;

/// What is being tried, for the last words of an allocation that is refused: Rust ends the process then.
pub static KIND: AtomicU64 = AtomicU64::new(0);
pub static FIXTURE: AtomicU64 = AtomicU64::new(0);
pub static MUTANT: AtomicU64 = AtomicU64::new(0);

static NOW: AtomicIsize = AtomicIsize::new(0);
static MOST: AtomicIsize = AtomicIsize::new(0);

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(bytes: isize) {
    let now = NOW.fetch_add(bytes, Relaxed) + bytes;
    MOST.fetch_max(now, Relaxed);
}

fn too_much(layout: Layout) -> bool {
    let refused = isize::try_from(layout.size()).map_or(true, |size| NOW.load(Relaxed).saturating_add(size) > LIMIT);
    if refused {
        let (kind, fixture, mutant) = (KIND.load(Relaxed), FIXTURE.load(Relaxed), MUTANT.load(Relaxed));
        // Standard error has no buffer, and numbers are written without allocating.
        let size = layout.size();
        let _ = writeln!(
            std::io::stderr(),
            "{size} bytes asked for; last mutant: {mutant} of fixture {fixture}, kind {kind}"
        );
    }
    refused
}

// SAFETY: everything is passed on to the system's allocator or refused; the counters are plain atomics, so that touching them allocates
// nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if too_much(layout) {
            return std::ptr::null_mut();
        }
        // SAFETY: as promised by the caller
        let place = unsafe { System.alloc(layout) };
        if !place.is_null() {
            count(layout.size() as isize);
        }
        place
    }

    // Not left to the default, which would write zeros into what nobody may ever touch.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if too_much(layout) {
            return std::ptr::null_mut();
        }
        // SAFETY: as promised by the caller
        let place = unsafe { System.alloc_zeroed(layout) };
        if !place.is_null() {
            count(layout.size() as isize);
        }
        place
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as promised by the caller
        unsafe { System.dealloc(place, layout) }
    }
}

/// Forgets what was held at most; gives what is held now.
pub fn reset() -> usize {
    let now = NOW.load(Relaxed);
    MOST.store(now, Relaxed);
    now.max(0) as usize
}

/// The most bytes held since [`reset`], by all threads of the process.
pub fn most() -> usize {
    MOST.load(Relaxed).max(0) as usize
}
