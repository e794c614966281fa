//! An allocator that counts, for each thread, what is allocated now and at most.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(bytes: isize) {
    let now = NOW.get() + bytes;
    NOW.set(now);
    MOST.set(MOST.get().max(now));
}

// SAFETY: everything is passed on to the system's allocator; the counters are plain cells without
// destructors, so that touching them allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as promised by the caller
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as promised by the caller
        unsafe { System.dealloc(place, layout) }
    }
}

/// What `f` gives, and how many bytes this thread had at most while it ran.
pub fn peak<T>(f: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.get();
    MOST.set(before);
    let result = f();
    (result, (MOST.get() - before) as usize)
}

#[test]
fn the_counter_counts() {
    let (kept, bytes) = peak(|| {
        drop(vec![0u8; 5_000_000]);
        vec![0u8; 1_000_000]
    });
    assert!((5_000_000..5_100_000).contains(&bytes), "{bytes} bytes");
    assert_eq!(kept.len(), 1_000_000);
}
