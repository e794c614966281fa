//! One pass over the rows of an input.

use repshape_stats::{Sketch, StatsError};

use super::{Representations, Site, SiteRows};
use crate::cli::Global;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;

/// Reads an input to its end, every site into its own sketch. `first_row` is the row at which a site's rows begin in the
/// whole of which the input is a part; `each` sees every block as well.
pub fn pass(
    source: &mut dyn Representations,
    sketches: &mut [Sketch],
    first_row: impl Fn(&Site) -> u64,
    mut each: impl FnMut(&[SiteRows]) -> Outcome,
    global: &Global,
) -> Outcome {
    let sites = source.sites().to_vec();
    let shown = source.source().to_owned();
    let rows = source.block_rows();
    let progress = Progress::of_blocks(global, source.rows(), rows);
    while let Some(blocks) = source.next(rows)? {
        for ((site, sketch), block) in sites.iter().zip(&mut *sketches).zip(&blocks) {
            let at = first_row(site) + block.first_row;
            let added = block.block().and_then(|block| sketch.update(&block.starting_at(at)));
            added.map_err(|error| refused(&shown, site, error))?;
        }
        each(&blocks)?;
        progress.advance(&shown);
    }
    progress.finish();
    Ok(())
}

/// An error at a site, which names the input and the site.
pub fn refused(source: &str, site: &Site, error: StatsError) -> Failure {
    Failure::usage(format!("{}: {error}", site.shown(source)))
}
