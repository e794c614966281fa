#![no_main]

// The first byte chooses the format.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((format, bytes)) = bytes.split_first() {
        let names = ["y.npy", "y.npz", "y.csv", "y.idx", "y.safetensors", "y.npy.gz"];
        repshape_fuzz::labels(names[usize::from(*format) % names.len()], bytes);
    }
});
