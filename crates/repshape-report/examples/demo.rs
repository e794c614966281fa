//! Writes demonstration pages from synthetic data: `cargo run --release -p repshape-report --example demo -- DIR`.

use std::path::PathBuf;

#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("give a folder to write to")?);
    std::fs::create_dir_all(&folder)?;
    repshape_report::write_html(&[synthetic::study()], &folder.join("study.html"))?;
    repshape_report::write_html(&[synthetic::run(), synthetic::measurement()], &folder.join("runs.html"))?;
    repshape_report::write_html(&[synthetic::single()], &folder.join("single.html"))?;
    repshape_report::write_html(&[synthetic::layers(5, 100)], &folder.join("layers.html"))?;
    repshape_report::write_html(&[synthetic::deep()], &folder.join("deep.html"))?;
    repshape_report::write_html(&[synthetic::odd_sizes()], &folder.join("odd_sizes.html"))?;
    repshape_report::write_html(&[synthetic::comparison(5)], &folder.join("comparison.html"))?;
    repshape_report::write_html(&[synthetic::comparison(36)], &folder.join("comparison_deep.html"))?;
    repshape_report::write_html(&[synthetic::rewiring()], &folder.join("rewiring.html"))?;
    repshape_report::write_html(&[synthetic::compacted()], &folder.join("compacted.html"))?;
    let rewired = [synthetic::rewiring(), synthetic::compacted()];
    for (page, name) in rewired.iter().zip(["figures", "figures_compacted"]) {
        repshape_report::figures(page, &folder.join(name))?;
    }
    for page in [synthetic::study(), synthetic::layers(5, 100), synthetic::comparison(5), synthetic::single()] {
        repshape_report::figures(&page, &folder.join("figures"))?;
    }
    Ok(())
}
