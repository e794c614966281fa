//! What goes wrong with a representation, said in words when it begins.

use std::fmt;

use super::history::{History, Probe};

/// When a monitor warns. Each warning is given once and again only after it has gone away, which it has when its value
/// is back by a tenth of the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Collapse: this share of the variance lies in one direction (`first_component_share`); 0.95.
    pub one_direction: f64,
    /// Collapse: the variance is at most this times the square of the amplitude, so that all rows are one point;
    /// 1e-6, a deviation of a thousandth of the amplitude. Not said where the probe's inputs do not vary.
    pub one_point: f64,
    /// Dead units: this share is 0 for every row, more than ever before; 0.3.
    pub dead: f64,
    /// Saturation: this share of the units is at a bound (`saturated_units`); 0.5.
    pub saturated: f64,
    /// Explosion: the amplitude is this many times that of the first probe; 100.
    pub explosion: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { one_direction: 0.95, one_point: 1e-6, dead: 0.3, saturated: 0.5, explosion: 100.0 }
    }
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The rows differ in one direction only, or not at all.
    Collapse,
    /// Many units are 0 for every row, and more and more.
    DeadUnits,
    /// Many units of tanh or the logistic function stay at a bound.
    Saturation,
    /// The amplitude has grown beyond measure.
    Explosion,
    /// Activations are infinite or NaN.
    NonFinite,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Collapse, Self::DeadUnits, Self::Saturation, Self::Explosion, Self::NonFinite];

    /// The name, `dead-units`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Collapse => "collapse",
            Self::DeadUnits => "dead-units",
            Self::Saturation => "saturation",
            Self::Explosion => "explosion",
            Self::NonFinite => "non-finite",
        }
    }
}

/// Something that began to be wrong at a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The step of the probe that found it.
    pub step: u64,
    /// The site.
    pub site: String,
    /// What it is.
    pub kind: Kind,
    /// In words, with the numbers: `fc5 collapsed: 97 % of the variance lies in one direction (stable rank 1.06)`.
    pub text: String,
    /// The step of the probe at which it had gone away; `None` while it has not.
    pub until: Option<u64>,
}

/// `step 1200: fc5 collapsed: 97 % of the variance lies in one direction (stable rank 1.06)`
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}: {}", self.step, self.text)
    }
}

/// The state of the warnings: a function of the probes seen, in their order, and of nothing else.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    thresholds: Thresholds,
    input_varies: bool,
    /// Of each site.
    sites: Vec<SiteWatch>,
    warnings: Vec<Warning>,
}

#[derive(Debug, Clone, Default)]
struct SiteWatch {
    first_amplitude: Option<f64>,
    most_dead: f64,
    /// Its warnings that have not gone away, as places in the list of all.
    open: Vec<usize>,
}

/// Whether something is wrong: as before, or newly with its words, or not.
enum Verdict {
    Wrong(String),
    Unclear,
    Fine,
}

impl Watch {
    pub(super) fn new(thresholds: Thresholds, sites: usize, input_varies: bool) -> Self {
        Self { thresholds, input_varies, sites: vec![SiteWatch::default(); sites], warnings: Vec::new() }
    }

    pub(super) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Looks at a probe of `history`; the new warnings are the last so many.
    pub(super) fn see(&mut self, history: &History, probe: &Probe) -> usize {
        let before = self.warnings.len();
        let measures = history.measures();
        let chunks = probe.values.chunks(measures.len().max(1));
        for ((name, values), site) in history.sites().iter().zip(chunks).zip(&mut self.sites) {
            let value = |measure: &str| measures.iter().position(|m| *m == measure).and_then(|at| values[at]);
            for kind in Kind::ALL {
                let verdict = site.verdict(kind, name, &self.thresholds, self.input_varies, &value);
                let open = site.open.iter().position(|&at| self.warnings[at].kind == kind);
                match (verdict, open) {
                    (Verdict::Wrong(text), None) => {
                        site.open.push(self.warnings.len());
                        let site = name.clone();
                        self.warnings.push(Warning { step: probe.step, site, kind, text, until: None });
                    }
                    (Verdict::Fine, Some(at)) => {
                        self.warnings[site.open.swap_remove(at)].until = Some(probe.step);
                    }
                    _ => {}
                }
            }
            if let Some(amplitude) = value("amplitude") {
                site.first_amplitude.get_or_insert(amplitude);
            }
            site.most_dead = value("dead_units").map_or(site.most_dead, |dead| dead.max(site.most_dead));
        }
        self.warnings.len() - before
    }
}

/// How far below its threshold a value must be before its warning has gone away.
const RELIEF: f64 = 0.9;

impl SiteWatch {
    fn verdict(
        &self,
        kind: Kind,
        site: &str,
        thresholds: &Thresholds,
        input_varies: bool,
        value: &dyn Fn(&str) -> Option<f64>,
    ) -> Verdict {
        let above = |found: Option<f64>, threshold: f64, text: &dyn Fn(f64) -> String| match found {
            // undefined says nothing: a warning that stands goes on standing
            None => Verdict::Unclear,
            Some(found) if found >= threshold => Verdict::Wrong(text(found)),
            Some(found) if found < RELIEF * threshold => Verdict::Fine,
            Some(_) => Verdict::Unclear,
        };
        match kind {
            Kind::Collapse => self.collapse(site, thresholds, input_varies, value),
            Kind::DeadUnits => match above(value("dead_units"), thresholds.dead, &|dead| {
                format!("{site} is dying: {} of the units are 0 for every row", percent(dead))
            }) {
                Verdict::Wrong(_) if value("dead_units").is_some_and(|dead| dead <= self.most_dead) => Verdict::Unclear,
                verdict => verdict,
            },
            Kind::Saturation => above(value("saturated_units"), thresholds.saturated, &|share| {
                format!("{site} is saturated: {} of the units are at a bound in nearly every row", percent(share))
            }),
            Kind::Explosion => {
                let first = self.first_amplitude.filter(|first| *first > 0.0);
                let times = value("amplitude").zip(first).map(|(now, first)| now / first);
                above(times, thresholds.explosion, &|times| {
                    let now = value("amplitude").unwrap_or(f64::NAN);
                    format!("{site} explodes: its amplitude is {now:.3e}, {times:.0} times that of the first probe")
                })
            }
            Kind::NonFinite => match value("non_finite") {
                Some(share) if share > 0.0 => Verdict::Wrong(format!(
                    "{site} is no longer finite: {} of its activations are infinite or NaN",
                    percent(share)
                )),
                _ => Verdict::Fine,
            },
        }
    }

    fn collapse(
        &self,
        site: &str,
        thresholds: &Thresholds,
        input_varies: bool,
        value: &dyn Fn(&str) -> Option<f64>,
    ) -> Verdict {
        let (Some(variance), Some(amplitude)) = (value("variance"), value("amplitude")) else {
            return Verdict::Unclear;
        };
        if !input_varies {
            return Verdict::Fine;
        }
        let point = thresholds.one_point * amplitude * amplitude;
        if variance <= point {
            return Verdict::Wrong(format!(
                "{site} collapsed: every row gives the same values (variance {variance:.2e})"
            ));
        }
        match value("first_component_share") {
            Some(share) if share >= thresholds.one_direction => {
                let rank =
                    value("stable_rank_covariance").map_or_else(String::new, |r| format!(" (stable rank {r:.2})"));
                Verdict::Wrong(format!(
                    "{site} collapsed: {} of the variance lies in one direction{rank}",
                    percent(share)
                ))
            }
            Some(share) if share >= RELIEF * thresholds.one_direction => Verdict::Unclear,
            _ if variance * RELIEF <= point => Verdict::Unclear,
            _ => Verdict::Fine,
        }
    }
}

/// A share in words, never rounded up to all nor down to none.
fn percent(share: f64) -> String {
    match 100.0 * share {
        p if p > 99.5 && p < 100.0 => "more than 99 %".to_owned(),
        p if p > 0.0 && p < 0.5 => "less than 1 %".to_owned(),
        p => format!("{p:.0} %"),
    }
}
