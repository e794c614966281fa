//! The first Ctrl-C lets what runs come to a clean stop; the second ends the program.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::output::warn;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static INSTALLED: OnceLock<()> = OnceLock::new();

/// The flag that Ctrl-C and termination set; installs the handler at first use.
pub fn flag() -> &'static AtomicBool {
    INSTALLED.get_or_init(|| {
        let handler = || {
            if INTERRUPTED.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
            warn("stopping; once more to stop at once");
        };
        // without a handler Ctrl-C still stops the program, and nothing finished is lost
        let _ = ctrlc::set_handler(handler);
    });
    &INTERRUPTED
}
