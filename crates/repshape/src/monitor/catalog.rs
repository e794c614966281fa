//! What a monitor can measure: its own cheap measures, and every one of `repshape_stats`.

use repshape_stats::measure::{MeasureRow, find};
use repshape_stats::{Block, Options, Selection, Sketch, SketchConfig, StatsError, measure};

use super::glance::Glance;

/// A cheap measure: `f32` moments of the probe's rows, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct CheapMeasure {
    /// The name of the column; one that `repshape_stats` has too means the same.
    pub name: &'static str,
    /// The definition in one line.
    pub definition: &'static str,
    /// Whether every monitor has it, because the warnings read it.
    pub always: bool,
    pub(super) read: fn(&Glance<'_>) -> Option<f64>,
}

/// The share of entries that are infinite or NaN: the one measure that is defined where they are.
pub(super) const NON_FINITE: &str = "non_finite";

/// The cheap measures, in the order of the columns.
pub const CHEAP_MEASURES: &[CheapMeasure] = &[
    CheapMeasure {
        name: NON_FINITE,
        definition: "share of the entries that are infinite or NaN; above 0, nothing else is defined",
        always: true,
        read: |_| Some(0.0),
    },
    CheapMeasure {
        name: "amplitude",
        definition: "mean of |z| over all entries",
        always: true,
        read: |glance| glance.amplitude(),
    },
    CheapMeasure {
        name: "variance",
        definition: "mean of the units' variances",
        always: true,
        read: |glance| glance.variance(),
    },
    CheapMeasure {
        name: "sparsity",
        definition: "share of the entries that are 0",
        always: true,
        read: |glance| glance.sparsity(),
    },
    CheapMeasure {
        name: "dead_units",
        definition: "share of the units that are 0 for every row",
        always: true,
        read: |glance| glance.dead_units(),
    },
    CheapMeasure {
        name: "saturated_units",
        definition: "share of the units within 1 % of a bound of tanh or logistic in at least 90 % of the rows; undefined elsewhere",
        always: true,
        read: |glance| glance.saturated_units(),
    },
    CheapMeasure {
        name: "stable_rank_covariance",
        definition: "sum l^2 / max l^2 over the eigenvalues l of C",
        always: true,
        read: |glance| glance.stable_rank_covariance(),
    },
    CheapMeasure {
        name: "first_component_share",
        definition: "max l / sum l over the eigenvalues l of C: the variance in one direction; undefined for one unit",
        always: true,
        read: |glance| glance.first_component_share(),
    },
    CheapMeasure {
        name: "participation_ratio",
        definition: "(sum l)^2 / sum l^2",
        always: false,
        read: |glance| glance.participation_ratio(),
    },
    CheapMeasure {
        name: "covariance",
        definition: "mean of |c_ij| over the pairs of units",
        always: false,
        read: |glance| glance.covariance(),
    },
    CheapMeasure {
        name: "correlation",
        definition: "mean of |rho_ij| over the pairs of units that vary",
        always: false,
        read: |glance| glance.correlation(),
    },
    CheapMeasure {
        name: "class_wise_variance",
        definition: "mean over the classes of the variance inside the class",
        always: false,
        read: |glance| glance.class_wise_variance(),
    },
    CheapMeasure {
        name: "nc1_quotient",
        definition: "variance inside the classes over variance between them, tr S_W / tr S_B",
        always: false,
        read: |glance| glance.nc1_quotient(),
    },
];

/// The measures of one monitor, in the order of its columns.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    cheap: Vec<&'static CheapMeasure>,
    /// Those that only `repshape_stats` has.
    others: Vec<&'static MeasureRow>,
    selection: Selection,
}

impl Chosen {
    /// Those that every monitor has and those of these names.
    pub(super) fn new(names: &[String]) -> Result<Self, StatsError> {
        let is_cheap = |name: &str| CHEAP_MEASURES.iter().any(|row| row.name == name);
        let others = names.iter().filter(|name| !is_cheap(name)).map(String::as_str);
        let selection = Selection::only(others, Options::default())?;
        let cheap = CHEAP_MEASURES.iter().filter(|row| row.always || names.iter().any(|name| name == row.name));
        Ok(Self { cheap: cheap.collect(), others: selection.rows().collect(), selection })
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.cheap.iter().map(|row| row.name).chain(self.others.iter().map(|row| row.name)).collect()
    }

    /// One value for each column; all but the share of such entries undefined where an entry is not finite.
    pub(super) fn read(
        &self,
        z: &[f32],
        units: usize,
        labels: Option<(&[u32], usize)>,
        bounds: Option<[f64; 2]>,
    ) -> Vec<Option<f64>> {
        let pairs = self.cheap.iter().any(|row| ["covariance", "correlation"].contains(&row.name));
        match Glance::new(z, units, labels, bounds, pairs) {
            Ok(glance) => {
                let cheap = self.cheap.iter().map(|row| (row.read)(&glance));
                // a number that overflows is none
                cheap.chain(self.read_others(z, units, labels)).map(|value| value.filter(|v| v.is_finite())).collect()
            }
            Err(share) => {
                let of = |row: &&CheapMeasure| (row.name == NON_FINITE).then_some(share);
                self.cheap.iter().map(of).chain(self.others.iter().map(|_| None)).collect()
            }
        }
    }

    fn read_others(&self, z: &[f32], units: usize, labels: Option<(&[u32], usize)>) -> Vec<Option<f64>> {
        if self.others.is_empty() {
            return Vec::new();
        }
        let positive_pairs = self.others.iter().any(|row| row.name.ends_with("_positive"));
        let config = SketchConfig { positive_pairs, ..SketchConfig::new(units) };
        let sketch = || -> Result<Sketch, StatsError> {
            let block = Block::new(z, units)?;
            let (config, block) = match labels {
                Some((labels, classes)) => (config.with_classes(classes), block.with_labels(labels)?),
                None => (config, block),
            };
            let mut sketch = Sketch::new(&config)?;
            sketch.update(&block)?;
            Ok(sketch)
        };
        // rows, units and labels were checked when the monitor was made
        let measurement = sketch().ok().map(|sketch| measure(&sketch, &self.selection));
        self.others.iter().map(|row| measurement.as_ref()?.get(row.name)).collect()
    }
}

/// Whether a name is one that a monitor can measure.
///
/// # Errors
/// If it is not; the error says the nearest name.
pub(super) fn check(name: &str) -> Result<(), String> {
    if CHEAP_MEASURES.iter().any(|row| row.name == name) || find(name).is_ok() {
        return Ok(());
    }
    let cheap = CHEAP_MEASURES.iter().map(|row| row.name);
    Err(crate::nearest::suggestion(name, cheap.chain(repshape_stats::CATALOG.iter().map(|row| row.name))))
}
