//! Whole studies with a mock experiment: equal tables whatever the order, killed and raced processes, hostile folders.
//!
//! Processes are this test binary itself: [`child::child_process`] does nothing unless the environment tells it to.

mod study {
    pub mod child;
    pub mod hostile;
    pub mod kill;
    pub mod mock;
    pub mod race;
    pub mod table;
}
