#![no_main]

libfuzzer_sys::fuzz_target!(
    init: {
        // panics of the parquet crate are caught by the reader and become errors; the fuzzer's own hook would
        // end the process before. A panic that nobody catches is found all the same.
        std::panic::set_hook(Box::new(|_| {}));
    },
    |bytes: &[u8]| {
        repshape_fuzz::matrix("z.parquet", bytes);
        repshape_fuzz::labels("z.parquet", bytes);
    }
);
