//! Writes demonstration pages from synthetic data: `cargo run --release -p repshape-report --example demo -- DIR`.

use std::path::PathBuf;

#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("give a folder to write to")?);
    std::fs::create_dir_all(&folder)?;
    repshape_report::write_html(&[synthetic::study()], &folder.join("study.html"))?;
    repshape_report::write_html(&[synthetic::run(), synthetic::measurement()], &folder.join("runs.html"))?;
    repshape_report::figures(&synthetic::study(), &folder.join("figures"))?;
    Ok(())
}
