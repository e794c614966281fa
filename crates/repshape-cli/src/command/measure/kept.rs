//! What the sketches of an input's sites keep: what a chosen measure or a picture reads, and no more than fits.

use repshape_stats::measure::Selection;
use repshape_stats::moments::UnitPairs;
use repshape_stats::{SampleSize, SketchConfig};

use super::sample;
use crate::cli::{CharacteristicArgs, Global};
use crate::failure::Outcome;
use crate::memory::{MOMENTS, SAMPLE};
use crate::representations::Site;

/// Most bytes of the rows that the samples of all sites keep together.
const SAMPLES: usize = 1 << 30;

/// Draws of the sample, which say how much the mutual information depends on it.
const DRAWS: usize = 5;

/// What is kept of every site, as the flags say.
pub struct Kept {
    /// What was chosen; everything where pictures are drawn.
    chosen: Selection,
    pictured: bool,
    size: SampleSize,
    zero_eps: f64,
    seed: u64,
}

impl Kept {
    /// By the flags.
    pub fn new(args: &CharacteristicArgs, selection: &Selection, pictured: bool, global: &Global) -> Outcome<Self> {
        let chosen = if pictured { Selection::default() } else { selection.clone() };
        let size = sample(&args.mi_rows)?;
        Ok(Self { chosen, pictured, size, zero_eps: args.zero_eps, seed: global.seed.unwrap_or(0) })
    }

    /// Of these sites. Where not all moments of pairs of units fit, the sites of fewest units keep theirs.
    pub fn of_sites(&self, sites: &[Site], classes: Option<usize>) -> Vec<SketchConfig> {
        let rows = (SAMPLES / sites.len().max(1)).min(SAMPLE);
        let mut configs: Vec<SketchConfig> = sites.iter().map(|site| self.of_site(site.units, classes, rows)).collect();
        let mut smallest_first: Vec<usize> = (0..configs.len()).collect();
        smallest_first.sort_by_key(|&site| configs[site].moments_bytes());
        let mut bytes = 0_usize;
        for site in smallest_first {
            bytes = bytes.saturating_add(configs[site].moments_bytes());
            if bytes > MOMENTS {
                configs[site].pairs = UnitPairs::Off;
            }
        }
        configs
    }

    /// Of one site, whose sample takes at most so many bytes.
    fn of_site(&self, units: usize, classes: Option<usize>, bytes: usize) -> SketchConfig {
        let config = SketchConfig { zero_eps: self.zero_eps, seed: self.seed, classes, ..self.chosen.config(units) };
        let is_read = self.pictured || self.chosen.rows().any(|row| row.needs.rows);
        // it stands in for moments that do not fit
        if !is_read && config.moments_bytes() <= MOMENTS {
            return SketchConfig { sample: SampleSize::AtMost(1), ..config };
        }
        let row = (size_of::<f64>() * units).max(1);
        match self.size {
            SampleSize::All => SketchConfig { sample: SampleSize::All, ..config },
            SampleSize::AtMost(rows) => {
                let rows = rows.min((bytes / row).max(2));
                let draws = (bytes / row / rows).clamp(1, DRAWS);
                SketchConfig { sample: SampleSize::AtMost(rows), draws, ..config }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(only: &[&str]) -> Kept {
        let options = repshape_stats::Options::default();
        let chosen = match only {
            [] => Selection::default(),
            names => Selection::only(names.iter().copied(), options).unwrap(),
        };
        Kept { chosen, pictured: false, size: SampleSize::AtMost(10_000), zero_eps: 0.0, seed: 0 }
    }

    fn sites(units: &[usize]) -> Vec<Site> {
        units.iter().map(|&units| Site { units, ..Site::default() }).collect()
    }

    #[test]
    fn a_hundred_sites_fit_together() {
        let configs = kept(&[]).of_sites(&sites(&[100, 4096].repeat(50)), Some(10));
        let moments: usize = configs.iter().map(SketchConfig::moments_bytes).sum();
        assert!(moments < MOMENTS + (1 << 26), "{moments}");
        let samples: usize = configs.iter().filter_map(SketchConfig::sample_bytes).sum();
        assert!(samples <= SAMPLES, "{samples}");
        // the small ones keep their pairs, and every one the sample that was asked for
        assert!(configs.iter().filter(|config| config.units == 100).all(|config| config.pairs == UnitPairs::Full));
        assert!(configs.iter().any(|config| config.pairs == UnitPairs::Off));
    }

    #[test]
    fn one_site_keeps_what_it_needs() {
        let all = &kept(&[]).of_sites(&sites(&[100]), None)[0];
        assert_eq!((all.sample, all.draws, all.pairs), (SampleSize::AtMost(10_000), DRAWS, UnitPairs::Full));
        let one = &kept(&["variance"]).of_sites(&sites(&[100]), None)[0];
        assert_eq!((one.sample, one.draws), (SampleSize::AtMost(1), 1));
    }
}
