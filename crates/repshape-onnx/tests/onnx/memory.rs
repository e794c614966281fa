//! An allocator that counts what the process holds now and held at most, over all threads: models are run by a pool of them.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicIsize, Ordering::Relaxed},
};

static NOW: AtomicIsize = AtomicIsize::new(0);
static MOST: AtomicIsize = AtomicIsize::new(0);

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(bytes: isize) {
    let now = NOW.fetch_add(bytes, Relaxed) + bytes;
    MOST.fetch_max(now, Relaxed);
}

// SAFETY: everything is passed on to the system's allocator; the counters are plain atomics, so that touching them allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as promised by the caller
        let place = unsafe { System.alloc(layout) };
        if !place.is_null() {
            count(layout.size() as isize);
        }
        place
    }

    // Not left to the default, which would write zeros into what nobody may ever touch.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
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
