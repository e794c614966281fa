#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| repshape_fuzz::matrix("z.idx", bytes));
