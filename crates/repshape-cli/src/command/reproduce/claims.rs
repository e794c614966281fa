//! The sentences of a paper, tested.

use repshape_study::statistics::{self, Tails, binomial, correlation, holm, one_sample, two_samples};
use serde::Serialize;

use super::trials::{Sample, Trials, sample};
use crate::spec::{Claim, ClaimKind, Source};

/// Level of the tests, over all claims of an item together.
pub const ALPHA: f64 = 0.05;

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Significant in the claimed direction, or an inequality that every trial fulfils.
    Holds,
    /// Significant in the other direction, or an inequality that a trial violates.
    DoesNotHold,
    /// Neither.
    Undecided,
}

impl Verdict {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::Undecided => "undecided",
        }
    }
}

/// A claim with its test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tested {
    /// The paper's sentence.
    pub claim: String,
    /// What was tested, as a formula.
    pub test: String,
    /// What came out.
    pub verdict: Verdict,
    /// p-value of the claimed direction; null for inequalities over every trial and where there are too few trials.
    pub p: Option<f64>,
    /// The same after Holm's correction over the item's claims.
    pub p_holm: Option<f64>,
    /// Corrected p-value of the other direction.
    pub p_against: Option<f64>,
    /// The numbers behind it.
    pub found: String,
}

/// p-values of a claim and of its contrary, before correction.
struct Evidence {
    claimed: f64,
    contrary: f64,
}

/// Tests every claim; p-values are corrected over all of them, for and against apart.
pub fn test(claims: &[Claim], studies: &[Trials]) -> Vec<Tested> {
    let mut tested: Vec<(Tested, Option<Evidence>)> = claims.iter().map(|claim| one(claim, studies)).collect();
    let of = |side: fn(&Evidence) -> f64| {
        let p: Vec<f64> = tested.iter().filter_map(|(_, evidence)| evidence.as_ref().map(side)).collect();
        holm(&p)
    };
    let (claimed, contrary) = (of(|e| e.claimed), of(|e| e.contrary));
    let pairs = tested.iter_mut().filter(|(_, evidence)| evidence.is_some());
    for (((tested, evidence), claimed), contrary) in pairs.zip(claimed).zip(contrary) {
        tested.p = evidence.as_ref().map(|evidence| evidence.claimed);
        (tested.p_holm, tested.p_against) = (Some(claimed), Some(contrary));
        tested.verdict = match (claimed <= ALPHA, contrary <= ALPHA) {
            (true, _) => Verdict::Holds,
            (false, true) => Verdict::DoesNotHold,
            (false, false) => Verdict::Undecided,
        };
    }
    tested.into_iter().map(|(tested, _)| tested).collect()
}

fn one(claim: &Claim, studies: &[Trials]) -> (Tested, Option<Evidence>) {
    let default = Source { study: claim.study.clone(), value: Some(claim.value.clone()), ..Source::default() };
    let of: Vec<(Source, Sample)> = with_samples(claim.of.sources(&default), studies);
    let than = claim.than.as_ref().map_or_else(Vec::new, |than| with_samples(than.sources(&default), studies));
    let mut tested = Tested {
        claim: claim.says.clone(),
        test: formula(claim, &of, &than),
        verdict: Verdict::Undecided,
        p: None,
        p_holm: None,
        p_against: None,
        found: of.iter().chain(&than).map(|(source, sample)| found(source, sample)).collect::<Vec<_>>().join("; "),
    };
    if claim.kind == ClaimKind::EveryTrial {
        let values = || of.iter().flat_map(|(_, sample)| sample.values.iter());
        let (all, met) = (values().count(), values().filter(|value| **value != 0.0).count());
        tested.found = format!("{met} of {all} trials");
        tested.verdict = match (all, met == all) {
            (0, _) => Verdict::Undecided,
            (_, true) => Verdict::Holds,
            (_, false) => Verdict::DoesNotHold,
        };
        return (tested, None);
    }
    if claim.kind == ClaimKind::Correlated {
        let evidence = correlated(claim, studies, &mut tested);
        return (tested, evidence);
    }
    // every operand must fulfil the claim: the largest p-value decides for it, the smallest, corrected for the number of
    // chances, against it
    let each: Option<Vec<Evidence>> = match claim.kind {
        ClaimKind::Lower | ClaimKind::Higher => {
            let pairs = of.iter().flat_map(|(_, a)| than.iter().map(move |(_, b)| (a, b)));
            pairs.map(|(a, b)| compared(claim, a, b)).collect()
        }
        _ => of.iter().map(|(source, sample)| bounded(claim, source, sample)).collect(),
    };
    let evidence = each.filter(|each| !each.is_empty()).map(|each| Evidence {
        claimed: each.iter().map(|e| e.claimed).fold(0.0, f64::max),
        contrary: (each.iter().map(|e| e.contrary).fold(1.0, f64::min) * each.len() as f64).min(1.0),
    });
    (tested, evidence)
}

fn with_samples(sources: Vec<Source>, studies: &[Trials]) -> Vec<(Source, Sample)> {
    sources.into_iter().map(|source| (source.clone(), sample(studies, &source))).collect()
}

fn compared(claim: &Claim, a: &Sample, b: &Sample) -> Option<Evidence> {
    let lower = claim.kind == ClaimKind::Lower;
    // what may be missed is given to the other side
    let margin = if lower { claim.margin } else { -claim.margin };
    let b: Vec<f64> = b.values.iter().map(|value| value + margin).collect();
    // where a trial is missing on one side nobody knows which belong together
    let tails = if claim.paired && a.values.len() == b.len() {
        one_sample(&a.values.iter().zip(&b).map(|(a, b)| a - b).collect::<Vec<_>>(), 0.0)?
    } else {
        two_samples(&a.values, &b)?
    };
    Some(direction(tails, lower))
}

fn bounded(claim: &Claim, source: &Source, sample: &Sample) -> Option<Evidence> {
    let bound = claim.bound?;
    let against = |value: f64| -> Option<Tails> {
        // a share of trials has a test of its own
        if source.value.as_ref().is_some_and(crate::spec::Expression::is_comparison) {
            let met = sample.values.iter().filter(|value| **value != 0.0).count();
            return binomial(met as u64, sample.values.len() as u64, value);
        }
        one_sample(&sample.values, value)
    };
    match claim.kind {
        ClaimKind::AtLeast => Some(direction(against(bound)?, false)),
        ClaimKind::AtMost => Some(direction(against(bound)?, true)),
        // two one-sided tests: above the lower end and below the upper one
        _ => {
            let (low, high) = (against(bound - claim.margin)?, against(bound + claim.margin)?);
            let contrary = (2.0 * low.lower.min(high.higher)).min(1.0);
            Some(Evidence { claimed: low.higher.max(high.lower), contrary })
        }
    }
}

/// The correlation of two numbers' means over rows.
fn correlated(claim: &Claim, studies: &[Trials], tested: &mut Tested) -> Option<Evidence> {
    let means = |value: &crate::spec::Expression| -> Vec<Option<f64>> {
        let default = Source { study: claim.study.clone(), value: Some(value.clone()), ..Source::default() };
        claim.of.sources(&default).iter().map(|source| statistics::mean(&sample(studies, source).values)).collect()
    };
    let (x, y) = (means(&claim.value), means(claim.with.as_ref()?));
    let (x, y): (Vec<f64>, Vec<f64>) = x.into_iter().zip(y).filter_map(|(x, y)| x.zip(y)).unzip();
    let (r, tails) = correlation(&x, &y)?;
    tested.found = format!("r = {} over {} rows", super::show::short(r), x.len());
    Some(direction(tails, false))
}

fn direction(tails: Tails, lower: bool) -> Evidence {
    if lower {
        Evidence { claimed: tails.lower, contrary: tails.higher }
    } else {
        Evidence { claimed: tails.higher, contrary: tails.lower }
    }
}

fn name(source: &Source, claim: &Claim) -> String {
    let mut name = source.regularizer.clone().unwrap_or_default();
    if let Some(site) = &source.site {
        name.push_str(&format!(" at {site}"));
    }
    if source.study != claim.study {
        name.push_str(&format!(" in {}", source.study.as_deref().unwrap_or_default()));
    }
    name
}

/// What was tested, in one line.
fn formula(claim: &Claim, of: &[(Source, Sample)], than: &[(Source, Sample)]) -> String {
    let names = |all: &[(Source, Sample)]| all.iter().map(|(s, _)| name(s, claim)).collect::<Vec<_>>().join(", ");
    let (of, than, value) = (names(of), names(than), &claim.value);
    let margin = if claim.margin == 0.0 { String::new() } else { format!(" by less than {}", claim.margin) };
    let bound = claim.bound.unwrap_or(f64::NAN);
    let than = if claim.paired { format!("{than}, paired") } else { than };
    match (claim.kind, claim.margin == 0.0) {
        (ClaimKind::Lower, true) => format!("{value}: {of} < {than}"),
        (ClaimKind::Lower, false) => format!("{value}: {of} above {than}{margin}"),
        (ClaimKind::Higher, true) => format!("{value}: {of} > {than}"),
        (ClaimKind::Higher, false) => format!("{value}: {of} below {than}{margin}"),
        (ClaimKind::AtLeast, _) => format!("{value}: {of} >= {bound}"),
        (ClaimKind::AtMost, _) => format!("{value}: {of} <= {bound}"),
        (ClaimKind::Within, _) => format!("{value}: {of} = {bound} ± {}", claim.margin),
        (ClaimKind::Correlated, _) => {
            let with = claim.with.as_ref().map_or_else(String::new, ToString::to_string);
            format!("correlation of {value} and {with} over {of} > 0")
        }
        (ClaimKind::EveryTrial, _) => format!("{value} in every trial of {of}"),
    }
}

fn found(source: &Source, sample: &Sample) -> String {
    let name = source.regularizer.as_deref().unwrap_or_default();
    let (values, n) = (&sample.values, sample.values.len());
    match (statistics::mean(values), statistics::standard_deviation(values)) {
        (Some(mean), Some(sd)) => format!("{name} {} (n = {n})", super::show::spread(mean, sd)),
        (Some(mean), None) => format!("{name} {} (n = 1)", super::show::short(mean)),
        (None, _) => format!("{name} no trial"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: [f64; 5] = [1.0, 1.1, 0.9, 1.05, 0.95];
    const HIGH: [f64; 5] = [2.0, 2.1, 1.9, 2.05, 1.95];

    fn verdicts(claims: &str) -> Vec<Tested> {
        #[derive(serde::Deserialize)]
        struct Claims {
            claim: Vec<Claim>,
        }
        let claims: Claims = toml::from_str(claims).unwrap();
        let studies = [Trials::made_up("s", &[("low", &LOW), ("high", &HIGH), ("one", &[1.0]), ("ones", &[1.0; 20])])];
        test(&claims.claim, &studies)
    }

    fn verdict(kind: &str, value: &str, rest: &str) -> Verdict {
        let claim = format!("[[claim]]\nsays = \"\"\nkind = \"{kind}\"\nvalue = \"{value}\"\nstudy = \"s\"\n{rest}");
        verdicts(&claim)[0].verdict
    }

    #[test]
    fn each_kind_holds_fails_and_stays_open() {
        use Verdict::{DoesNotHold, Holds, Undecided};
        for (kind, value, rest, expected) in [
            ("lower", "x", "of = \"low\"\nthan = \"high\"", Holds),
            ("lower", "x", "of = \"high\"\nthan = \"low\"", DoesNotHold),
            ("higher", "x", "of = \"high\"\nthan = \"low\"", Holds),
            ("lower", "x", "of = \"low\"\nthan = \"low\"", Undecided),
            ("lower", "x", "of = \"low\"\nthan = \"low\"\nmargin = 0.5", Holds),
            ("lower", "x", "of = \"low\"\nthan = \"one\"", Undecided),
            ("lower", "x", "of = \"low\"\nthan = \"absent\"", Undecided),
            ("lower", "x", "of = \"low\"\nthan = [\"high\", \"low\"]", Undecided),
            ("lower", "x", "of = [\"low\", \"ones\"]\nthan = \"high\"", Holds),
            ("at-least", "x", "of = \"high\"\nbound = 1.5", Holds),
            ("at-least", "x", "of = \"low\"\nbound = 1.5", DoesNotHold),
            ("at-most", "x", "of = \"low\"\nbound = 1.5", Holds),
            ("within", "x", "of = \"low\"\nbound = 1\nmargin = 0.2", Holds),
            ("within", "x", "of = \"low\"\nbound = 1\nmargin = 0.01", Undecided),
            ("within", "x", "of = \"low\"\nbound = 3\nmargin = 0.2", DoesNotHold),
            ("every-trial", "x < 1.5", "of = \"low\"", Holds),
            ("every-trial", "x < 1.05", "of = \"low\"", DoesNotHold),
            ("every-trial", "x < 1.5", "of = \"absent\"", Undecided),
            ("at-least", "x == 1", "of = \"ones\"\nbound = 0.8", Holds),
            ("at-least", "x == 1", "of = \"low\"\nbound = 0.8", DoesNotHold),
            ("correlated", "x", "of = [\"low\", \"high\", \"one\", \"ones\"]\nwith = \"2 * x\"", Holds),
            ("correlated", "x", "of = [\"low\", \"high\", \"one\", \"ones\"]\nwith = \"1 - x\"", DoesNotHold),
            ("correlated", "x", "of = [\"low\", \"high\"]\nwith = \"x\"", Undecided),
            ("lower", "x", "of = { regularizer = \"low\", site = \"fc1\" }\nthan = \"high\"", Undecided),
        ] {
            assert_eq!(verdict(kind, value, rest), expected, "{kind} {value} {rest}");
        }
    }

    #[test]
    fn paired_trials_are_tested_by_their_differences() {
        let studies = [Trials::made_up("s", &[("a", &[1.0, 5.0, 9.0]), ("b", &[1.2, 5.1, 9.3]), ("c", &[1.2, 5.1])])];
        let p = |than: &str, paired: bool| {
            let claim = format!(
                "says = \"\"\nkind = \"lower\"\nvalue = \"x\"\nstudy = \"s\"\nof = \"a\"\nthan = \"{than}\"\npaired = {paired}"
            );
            test(&[toml::from_str(&claim).unwrap()], &studies)[0].p.unwrap()
        };
        // differences -0.2, -0.1, -0.3: t = -2 sqrt(3) with 2 degrees, where the tail is (1 + t / sqrt(t^2 + 2)) / 2
        assert!((p("b", true) - 0.5 * (1.0 - (12.0_f64 / 14.0).sqrt())).abs() < 1e-9);
        assert!(p("b", false) > 0.4);
        assert_eq!(p("c", true), p("c", false));
    }

    #[test]
    fn a_p_value_is_corrected_over_the_items_claims() {
        let claim = |of: &str, than: &str| {
            format!(
                "[[claim]]\nsays = \"c\"\nkind = \"lower\"\nvalue = \"x\"\nstudy = \"s\"\nof = \"{of}\"\nthan = \"{than}\"\n"
            )
        };
        let every = "[[claim]]\nsays = \"c\"\nkind = \"every-trial\"\nvalue = \"x > 0\"\nstudy = \"s\"\nof = \"low\"\n";
        let tested = verdicts(&(claim("low", "high") + &claim("low", "low") + every));
        let p = statistics::welch(&LOW, &HIGH).unwrap().p_lower;
        assert_eq!(tested[0].p, Some(p));
        // two claims have a p-value, the inequality has none
        assert_eq!(tested[0].p_holm, Some(2.0 * p));
        assert_eq!((tested[1].p, tested[2].p), (Some(0.5), None));
        assert_eq!(tested[0].test, "x: low < high");
        assert_eq!(tested[2].found, "5 of 5 trials");
    }
}
