//! All sites of A against all of B.

use repshape_stats::SampleSize;
use repshape_stats::compare::{Changes, KernelMatrix, LayerRows, Similarities};

use super::{Comparison, LayerMap, Side, named, next, notes};
use crate::cli::Global;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;
use crate::representations::{Representations, SiteRows};

/// Rows that the kernels are over: a matrix of 4 MiB for each layer.
const ROWS: usize = 1024;

/// Fewest rows, however wide the layers are.
const LEAST_ROWS: usize = 64;

/// Bytes of the rows that are kept, of all layers.
const BYTES: usize = 512 << 20;

/// Reads both in one pass and compares every layer with every layer.
pub fn compare(a: &mut dyn Representations, b: &mut dyn Representations, global: &Global) -> Outcome<Comparison> {
    let units: usize = a.sites().iter().chain(b.sites()).map(|site| site.units).sum();
    let kept = (BYTES / (units * size_of::<f64>()).max(1)).clamp(LEAST_ROWS, ROWS);
    let seed = global.seed.unwrap_or(0);
    let layers = |source: &dyn Representations| -> Outcome<Vec<LayerRows>> {
        Ok(source
            .sites()
            .iter()
            .map(|site| LayerRows::new(site.units, SampleSize::AtMost(kept), seed))
            .collect::<Result<_, _>>()?)
    };
    let (mut of_a, mut of_b) = (layers(a)?, layers(b)?);
    let rows = a.block_rows().min(b.block_rows());
    let progress = Progress::of_blocks(global, a.rows().or(b.rows()), rows);
    while let Some((x, y)) = next(a, b, rows)? {
        add(a, &mut of_a, &x)?;
        add(b, &mut of_b, &y)?;
        progress.advance("");
    }
    progress.finish();

    let mut uneven = false;
    let kernels = |layers: &[LayerRows]| layers.iter().map(LayerRows::kernel).collect::<Vec<KernelMatrix>>();
    let (kernels_a, kernels_b) = (kernels(&of_a), kernels(&of_b));
    let mut cka = Vec::with_capacity(of_a.len());
    for (x, kernel_a) in of_a.iter().zip(&kernels_a) {
        let mut row = Vec::with_capacity(of_b.len());
        for (y, kernel_b) in of_b.iter().zip(&kernels_b) {
            uneven |= x.seen() != y.seen();
            row.push(if x.seen() == y.seen() {
                kernel_a.cka_unbiased(kernel_b).map_err(|error| named(error, a.source(), b.source()))?
            } else {
                None
            });
        }
        cka.push(row);
    }
    let used = kernels_a.iter().chain(&kernels_b).map(KernelMatrix::rows).max().unwrap_or(0);
    let seen = of_a.iter().chain(&of_b).map(LayerRows::seen).max().unwrap_or(0);
    let mut notes = [notes(a), notes(b)].concat();
    notes.push(
        "layers: unbiased linear CKA; similarities and changes are of one site of each side: --site-a, --site-b"
            .to_owned(),
    );
    if (used as u64) < seen {
        notes.push(format!("layers over a sample of {used} of {seen} rows"));
    }
    if uneven {
        notes.push(
            "layers with another number of rows cannot be compared: --layout flatten gives each row of the input one"
                .to_owned(),
        );
    }
    let side = |source: &dyn Representations, layers: &[LayerRows]| Side {
        source: source.source().to_owned(),
        site: None,
        rows: layers.iter().map(LayerRows::seen).max().unwrap_or(0),
        units: None,
    };
    let names = |source: &dyn Representations| -> Vec<String> {
        source.sites().iter().map(|site| site.name.clone().unwrap_or_else(|| source.source().to_owned())).collect()
    };
    Ok(Comparison {
        schema: "repshape.comparison/1",
        a: side(a, &of_a),
        b: side(b, &of_b),
        similarities: Similarities::default(),
        changes: Changes::default(),
        layers: Some(LayerMap { a: names(a), b: names(b), cka, rows: used }),
        notes,
    })
}

fn add(source: &dyn Representations, layers: &mut [LayerRows], blocks: &[SiteRows]) -> Outcome {
    for ((site, layer), block) in source.sites().iter().zip(layers).zip(blocks) {
        let added = block.block().and_then(|block| layer.update(&block));
        added.map_err(|error| Failure::usage(format!("{}: {error}", site.shown(source.source()))))?;
    }
    Ok(())
}
