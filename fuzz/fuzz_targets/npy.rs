#![no_main]

use std::io::Cursor;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    repshape_fuzz::matrix("z.npy", bytes);
    if let Ok(mut source) = repshape_data::open_matrix_from(Box::new(Cursor::new(bytes.to_vec())), "pipe") {
        repshape_fuzz::drain(&mut *source);
    }
});
