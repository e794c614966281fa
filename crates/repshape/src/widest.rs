//! Loops compiled for the widest vectors of the processor they run on.

use pulp::{Arch, NullaryFnOnce};

/// Runs `work` as it is compiled for the widest vectors of this processor. `work` must be `#[inline(always)]`.
///
/// A closure that could be called twice, handed to [`Arch::dispatch`] itself, is called through a shim that the
/// compiler may leave outside, with the narrow vectors every processor has. Calling it as the `FnMut` it is has no
/// shim.
#[inline(always)]
pub(crate) fn widest(work: impl FnMut()) {
    Arch::new().dispatch(Widest(work));
}

struct Widest<F>(F);

impl<F: FnMut()> NullaryFnOnce for Widest<F> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        (self.0)();
    }
}
