//! Pages of synthetic but plausible data: twelve regularizers, 100 units after a ReLU, ten classes.

use std::collections::BTreeMap;

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::{Distribution, Normal, Uniform};
use repshape_report::{
    Change, ComparisonPage, Criterion, Curve, LayerMap, Measured, MeasurementPage, Page, Panel, Proof, RegularizerRow,
    RewiredSite, RewiringPage, RunPage, Score, Spread, StudyPage, Variant,
};
use repshape_stats::pictures::{ClassHistogram, Components, Pictures, Scatter};
use repshape_stats::{Block, Selection, Sketch, SketchConfig, measure, pictures};

const CLASSES: usize = 10;
const ROWS: usize = 1000;

/// Name, mean test error, correlation, share of zeros, spread within a class, live directions, has a weight.
const SET: [(&str, f64, f64, f64, f64, usize, bool); 12] = [
    ("baseline", 0.0295, 0.27, 0.35, 0.5, 9, false),
    ("l1w", 0.0287, 0.24, 0.38, 0.5, 9, true),
    ("l2w", 0.0285, 0.25, 0.36, 0.5, 9, true),
    ("dropout", 0.0279, 0.33, 0.42, 0.6, 8, true),
    ("bn", 0.0281, 0.16, 0.49, 0.6, 12, false),
    ("cr", 0.0250, 0.08, 0.40, 0.55, 22, true),
    ("cw-cr", 0.0253, 0.21, 0.41, 0.4, 14, true),
    ("vr", 0.0249, 0.23, 0.44, 0.35, 9, true),
    ("cw-vr", 0.0242, 0.36, 0.53, 0.12, 9, true),
    ("l1", 0.0235, 0.11, 0.93, 0.3, 9, true),
    ("rr", 0.0281, 0.74, 0.31, 0.4, 2, true),
    ("cw-rr", 0.0268, 0.42, 0.39, 0.4, 5, true),
];

/// A study of the twelve.
pub fn study() -> Page {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut table: Vec<RegularizerRow> = SET
        .iter()
        .map(|&(name, error, correlation, sparsity, inner, rank, weighted)| {
            let noise = Normal::new(0.0, 0.0009).unwrap();
            let test_errors: Vec<f64> = (0..5).map(|_| error + noise.sample(&mut rng)).collect();
            let spread = |mean: f64| Some(Spread { mean, std: 0.06 * mean });
            RegularizerRow {
                regularizer: name.into(),
                weight: weighted.then_some(0.1),
                trials: 5,
                diverged: 0,
                test_error: Some(mean_and_std(&test_errors)),
                test_errors,
                measures: BTreeMap::from([
                    ("amplitude".into(), spread(2.4 * inner * (1.0 - sparsity))),
                    ("covariance".into(), spread(2.1 * correlation * inner)),
                    ("correlation".into(), if name == "rr" { None } else { spread(correlation) }),
                    ("variance".into(), spread(3.0 * inner)),
                    ("sparsity".into(), spread(sparsity)),
                    ("dead_units".into(), spread(if sparsity > 0.9 { 0.31 } else { 0.02 * sparsity })),
                    ("stable_rank".into(), spread(1.0 + rank as f64 / 6.0)),
                    ("effective_rank".into(), spread(rank as f64 * 1.1)),
                    ("class_wise_correlation".into(), spread(0.6 * correlation)),
                    ("class_wise_variance".into(), spread(inner * inner)),
                    ("class_wise_covariance".into(), spread(0.5 * correlation * inner)),
                    ("mi_x_lower".into(), spread(4.1 + inner)),
                    ("mi_x_upper".into(), spread(5.6 + inner)),
                    ("mi_y_upper".into(), spread(2.28)),
                ]),
                best: false,
                tied: false,
                tuning: if weighted { tuning(error, &mut rng) } else { Vec::new() },
            }
        })
        .collect();
    let lowest = table.iter().map(|row| row.test_error.unwrap().mean).fold(f64::INFINITY, f64::min);
    let best = table.iter().find(|row| row.test_error.unwrap().mean == lowest).unwrap().test_error.unwrap();
    for row in &mut table {
        let error = row.test_error.unwrap();
        row.best = error.mean == lowest;
        row.tied = !row.best && error.mean - error.std <= best.mean + best.std;
    }
    let panels = SET.iter().map(|&(name, _, correlation, sparsity, inner, rank, _)| Panel {
        regularizer: name.into(),
        site: "fc5".into(),
        pictures: pictures(&sketch(
            &Shape { correlation, sparsity, inner, rank, ..Shape::default() },
            &mut ChaCha8Rng::seed_from_u64(11),
        ))
        .unwrap(),
        history: history(name, &mut ChaCha8Rng::seed_from_u64(3)),
    });
    Page::Study(StudyPage {
        title: "Twelve regularizers on digits".into(),
        subtitle: "MLP of five hidden layers of 100 units, penalty on fc5, 1,437 training and 360 test rows".into(),
        criterion: Criterion::Error,
        panels: panels.collect(),
        table,
        how: how(),
        notes: vec![
            "rr: 3 dead units left out of correlation.".into(),
            "Mutual information: noise variance 0.1, ceiling ln N = 5.89 nats.".into(),
        ],
    })
}

/// One training run with two measured sites.
pub fn run() -> Page {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    Page::Run(RunPage {
        title: "cw-vr=0.1@fc5 on digits".into(),
        subtitle: "seed 1, 60 epochs, adam:1e-3".into(),
        scores: vec![
            Score { split: "train".into(), error: Some(0.0007), loss: Some(0.0041) },
            Score { split: "validation".into(), error: Some(0.0244), loss: Some(0.0921) },
            Score { split: "test".into(), error: Some(0.0231), loss: Some(0.0874) },
        ],
        terms: vec![("task".into(), Some(0.0041)), ("cw-vr@fc5".into(), Some(0.012))],
        history: history("cw-vr", &mut rng),
        sites: vec![
            measured("digits-cw-vr", Some("fc4"), &Shape::default(), &mut rng),
            measured("digits-cw-vr", Some("fc5"), &Shape { inner: 0.12, ..Shape::default() }, &mut rng),
        ],
        how: how(),
        notes: Vec::new(),
    })
}

/// Two measured matrices, one of them small, without labels and with undefined values.
pub fn measurement() -> Page {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    Page::Measurement(MeasurementPage {
        title: "Two matrices".into(),
        subtitle: "measured with all rows".into(),
        measured: vec![measured("z.npy", None, &Shape::default(), &mut rng), tiny("w.npy")],
        how: vec![("command".into(), "repshape measure z.npy w.npy --report report.html".into())],
        notes: Vec::new(),
    })
}

/// Every site of a model of `depth` layers, before and after its nonlinearity, as wide as `units`.
pub fn layers(depth: usize, units: usize) -> Page {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut sites = Vec::new();
    for layer in 0..depth {
        let depth = layer as f64 / depth as f64;
        let shape = Shape {
            units,
            inner: 0.8 - 0.7 * depth,
            rank: 12 - (8.0 * depth) as usize,
            sparsity: 0.35 + 0.4 * depth,
            correlation: 0.2 + 0.5 * depth,
            ..Shape::default()
        };
        let seed = rng.clone();
        let name = format!("fc{}", layer + 1);
        let before = Shape { rectified: false, ..shape };
        sites.push(measured("model.onnx", Some(&format!("{name}.pre")), &before, &mut seed.clone()));
        sites.push(measured("model.onnx", Some(&name), &shape, &mut rng));
    }
    Page::Measurement(MeasurementPage {
        title: "model.onnx, layer by layer".into(),
        subtitle: format!("{} sites over 1,000 test rows of digits", sites.len()),
        measured: sites,
        how: how(),
        notes: Vec::new(),
    })
}

/// Forty sites with long names, every fifth without a value, none with pictures.
pub fn deep() -> Page {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let shape = Shape { units: 16, ..Shape::default() };
    let sites = (0..40).map(|layer| {
        let name = format!("/encoder/layer.{layer}/mlp/act_fn/Gelu_output_0");
        let mut one = measured("vit_small.onnx", Some(&name), &shape, &mut rng);
        one.pictures = None;
        one.measures.insert("nc1".into(), Some(300.0 * (-0.2 * f64::from(layer)).exp()));
        if layer % 5 == 4 {
            one.measures.values_mut().for_each(|value| *value = None);
        }
        one
    });
    Page::Measurement(MeasurementPage {
        title: "vit_small.onnx".into(),
        subtitle: "forty sites".into(),
        measured: sites.collect(),
        how: how(),
        notes: Vec::new(),
    })
}

/// A wide site with pair moments off, one of 300 units, and one of 4 units without labels or zeros.
pub fn odd_sizes() -> Page {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let mut wide = measured("wide.npy", None, &Shape { units: 300, ..Shape::default() }, &mut rng);
    let no_pairs = wide.pictures.clone().map(|pictures| Pictures {
        correlation: Vec::new(),
        eigenvalues: Vec::new(),
        order: Vec::new(),
        ..pictures
    });
    let small = Shape { units: 4, classes: None, rectified: false, rank: 3, ..Shape::default() };
    let mut blind = wide.clone();
    blind.source = "no_pairs.npy".into();
    blind.pictures = no_pairs;
    wide.notes.push("correlations are of all 300 units".into());
    Page::Measurement(MeasurementPage {
        title: "Wide, blind and small".into(),
        subtitle: "three matrices".into(),
        measured: vec![wide, blind, measured("four.npy", None, &small, &mut rng)],
        how: Vec::new(),
        notes: Vec::new(),
    })
}

/// One representation alone.
pub fn single() -> Page {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    Page::Measurement(MeasurementPage {
        title: "z.npy".into(),
        subtitle: "1,000 rows, 100 units, 10 classes".into(),
        measured: vec![measured("z.npy", None, &Shape::default(), &mut rng)],
        how: vec![("command".into(), "repshape measure z.npy --labels y.npy --report report.html".into())],
        notes: Vec::new(),
    })
}

/// A comparison with `depth` by `depth + 2` layers.
pub fn comparison(depth: usize) -> Page {
    let change = |measure: &str, a: f64, b: f64, spread: f64| Change {
        measure: measure.into(),
        a: Some(a),
        b: Some(b),
        difference: Some(b - a),
        low: Some(b - a - spread),
        high: Some(b - a + spread),
    };
    let undefined = Change { measure: "dead_units".into(), a: Some(0.0), b: Some(0.0), ..Change::default() };
    let name = |layer: usize| format!("layer{}.{}.relu", layer / 3 + 1, layer % 3);
    let cka = |i: usize, j: usize| {
        let apart = i as f64 / depth as f64 - j as f64 / (depth + 2) as f64;
        ((i + j) % 17 != 16).then(|| 0.15 + 0.85 * (-8.0 * apart * apart).exp())
    };
    Page::Comparison(ComparisonPage {
        title: "Epoch 1 and epoch 50".into(),
        subtitle: "fc5 of one run over 1,000 test rows of digits".into(),
        a: "epoch 1".into(),
        b: "epoch 50".into(),
        similarities: [
            ("cka", Some(0.812)),
            ("cka_unbiased", Some(0.794)),
            ("cca_mean", Some(0.453)),
            ("svcca", Some(0.711)),
            ("pwcca", None),
            ("procrustes_distance", Some(0.376)),
            ("my_own", Some(-0.02)),
        ]
        .map(|(name, value)| (name.to_string(), value))
        .to_vec(),
        changes: vec![
            change("amplitude", 0.52, 0.61, 0.02),
            change("covariance", 0.12, 0.171, 0.03),
            change("correlation", 0.31, 0.28, 0.035),
            change("variance", 0.4, 4.2, 0.5),
            change("sparsity", 0.48, 0.53, 0.01),
            undefined,
            change("stable_rank_covariance", 2.41, 2.3, 0.3),
            change("effective_rank", 23.4, 17.1, 1.2),
            change("participation_ratio", 6.3, 5.9, 0.2),
            change("class_wise_variance", 0.21, 0.14, 0.01),
            Change { low: None, high: None, ..change("mi_x_lower", 5.2, 5.4, 0.0) },
        ],
        layers: Some(LayerMap {
            a: (0..depth).map(name).collect(),
            b: (0..depth + 2).map(name).collect(),
            cka: (0..depth).map(|i| (0..depth + 2).map(|j| cka(i, j)).collect()).collect(),
        }),
        how: how(),
        notes: vec!["Intervals: 95 % of 1,000 bootstrap draws over rows.".into()],
    })
}

/// Ten networks made from one, as different as they get.
pub fn rewiring() -> Page {
    let names = [
        ("original", "as it was trained"),
        ("whiten", "ZCA: every variance 1, every covariance 0, as near to the original as that allows"),
        ("pca", "whitened principal axes"),
        ("rotate", "principal axes with their own variances"),
        ("cholesky", "whitened by the Cholesky factor"),
        ("random-orthogonal", "a random rotation"),
        ("scale", "every unit by a random positive factor"),
        ("permute", "units in another order"),
        ("target=ones.npy", "every pair of units correlates with 0.95"),
        ("target=blocks.npy", "five blocks of units that go together"),
        ("cpn:ones-random-diagonal", "all ones plus a random diagonal"),
    ];
    let variants = names.iter().enumerate().map(|(at, (name, line))| {
        let share = at as f64 / 10.0;
        let shape = Shape { correlation: 0.9 * share, rank: 12 - at, inner: 0.1 + share, ..Shape::default() };
        variant(name, line, &Shape { rectified: at % 3 == 0, ..shape })
    });
    let proof = |(at, (name, _)): (usize, &(&str, &str))| Proof {
        variant: (*name).into(),
        rows_of: "test rows of digits".into(),
        rows: 360,
        max_abs_difference: 1.7e-6 * at as f64,
        max_rel_difference: 1.1e-7 * at as f64,
        same_predictions: Some(1.0),
        rms_difference: None,
        tolerance: Some(1e-5),
        parameters: Some(47_910),
        error: Some(0.0278),
    };
    let proofs: Vec<Proof> = names.iter().enumerate().map(proof).collect();
    Page::Rewiring(RewiringPage {
        title: "Ten networks, one function".into(),
        subtitle: "MLP of five hidden layers of 100 units, trained on digits, rewired at fc5.pre".into(),
        sites: vec![RewiredSite { site: "fc5.pre".into(), variants: variants.collect(), ..RewiredSite::default() }],
        proofs,
        how: how(),
        notes: vec!["Folded in f64, cast once to f32.".into()],
    })
}

/// A network made smaller at three sites: proofs of two sets of rows, one beyond its tolerance and one not finite, a
/// curve with zeros and gaps, a site of which little is known.
pub fn compacted() -> Page {
    let compact = |site: &str, units: usize, after: usize| {
        let of = |units| Shape { units, rank: 6, ..Shape::default() };
        let mut small = variant("compact", "what carries nothing taken out", &of(after));
        small.measured.measures.insert("nc1".into(), None);
        small.measured.measures.insert("variance".into(), Some(f64::INFINITY));
        let error = |size: usize| match size {
            7 => f64::NAN,
            size if size + 4 >= units => 0.0,
            size => (-0.4 * size as f64).exp(),
        };
        RewiredSite {
            site: site.into(),
            variants: vec![variant("original", "as it was trained", &of(units)), small],
            curve: (1..=units).map(|size| (size, error(size))).collect(),
            chosen: Some(after),
            removed: vec![
                ("no weight out".into(), "for every input".into(), 3),
                ("always zero".into(), "on the rows given".into(), 12),
                ("least variance".into(), "approximately".into(), units - after - 15),
            ],
        }
    };
    let proof = |variant: &str, rows_of: &str, relative: f64, parameters: u64| Proof {
        variant: variant.into(),
        rows_of: rows_of.into(),
        rows: 1000,
        max_abs_difference: 3.0 * relative,
        max_rel_difference: relative,
        same_predictions: Some(0.999),
        // the largest difference may be more than is allowed on the whole
        rms_difference: Some(0.3 * relative),
        tolerance: Some(1e-2),
        parameters: Some(parameters),
        error: None,
    };
    let mut bare = compact("block.1/conv2.relu", 64, 40);
    bare.variants.iter_mut().for_each(|one| one.measured.pictures = None);
    bare.curve.truncate(1);
    bare.removed.clear();
    Page::Rewiring(RewiringPage {
        title: "model.onnx made smaller".into(),
        subtitle: "three sites, tolerance 1e-2".into(),
        sites: vec![compact("fc1", 60, 21), compact("fc2", 120, 100), bare],
        proofs: vec![
            proof("original", "test rows of digits", 0.0, 47_910),
            proof("compact", "test rows of digits", 3.4e-3, 21_004),
            proof("compact", "seeded noise", 0.31, 21_004),
            Proof { same_predictions: None, tolerance: None, ..proof("too small", "seeded noise", f64::NAN, 900) },
        ],
        how: Vec::new(),
        notes: Vec::new(),
    })
}

fn variant(name: &str, line: &str, shape: &Shape) -> Variant {
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let measured = measured("model", Some("fc5.pre"), shape, &mut rng);
    Variant { name: name.into(), line: line.into(), measured }
}

/// Three units, no labels, one of them constant, values that are not finite.
pub fn tiny(source: &str) -> Measured {
    Measured {
        source: source.into(),
        site: None,
        rows: 4,
        units: 3,
        classes: None,
        measures: BTreeMap::from([
            ("amplitude".into(), Some(0.5)),
            ("correlation".into(), None),
            ("my_own".into(), Some(f64::NAN)),
        ]),
        mi_rows: None,
        notes: vec!["1 constant unit left out of correlation".into()],
        pictures: Some(Pictures {
            units: 3,
            correlation: vec![Some(1.0), Some(-0.8), None, Some(-0.8), Some(1.0), None, None, None, None],
            variances: vec![0.2, 0.8, 0.0],
            eigenvalues: vec![0.95, 0.05, 0.0],
            order: vec![0, 1, 2],
            dead: vec![2],
            sparsity: vec![0.0, 0.5, 1.0],
            histogram: ClassHistogram { unit: 1, edges: vec![0.0, 0.5, 1.0], counts: vec![vec![3, 1]] },
            scatter: Scatter { units: [0, 1], points: vec![[0.0, 1.0], [f32::NAN, 0.0], [1.0, 0.25]], labels: vec![] },
            components: Components {
                variance_share: vec![0.9, 0.1],
                points: vec![[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
                labels: vec![],
            },
            ..Pictures::default()
        }),
    }
}

/// A representation made by [`sketch`], measured by the library.
pub fn measured(source: &str, site: Option<&str>, shape: &Shape, rng: &mut ChaCha8Rng) -> Measured {
    let sketch = sketch(shape, rng);
    let found = measure(&sketch, &Selection::default());
    Measured {
        source: source.into(),
        site: site.map(Into::into),
        rows: found.rows,
        units: found.units,
        classes: found.classes,
        measures: found.measures.iter().map(|(name, value)| (name.into(), value.map(|value| value.as_f64()))).collect(),
        mi_rows: found.mi_rows.map(|rows| rows as u64),
        notes: found.notes,
        pictures: pictures(&sketch),
    }
}

/// What a synthetic representation is like.
#[derive(Clone, Copy)]
pub struct Shape {
    pub units: usize,
    pub classes: Option<usize>,
    pub correlation: f64,
    pub sparsity: f64,
    pub inner: f64,
    pub rank: usize,
    /// Whether values below 0 become 0; then one unit in forty is dead.
    pub rectified: bool,
}

impl Default for Shape {
    fn default() -> Self {
        let classes = Some(CLASSES);
        Self { units: 100, classes, correlation: 0.3, sparsity: 0.48, inner: 0.3, rank: 9, rectified: true }
    }
}

/// Rectified mixtures of a few shared directions, with a centre for each class.
fn sketch(shape: &Shape, rng: &mut ChaCha8Rng) -> Sketch {
    let Shape { units, classes, correlation, sparsity, inner, rank, rectified } = *shape;
    let normal = Normal::new(0.0, 1.0).unwrap();
    // units share one of six directions more or less, so that there is something to cluster
    let mixing: Vec<f64> = (0..rank * units)
        .map(|at| normal.sample(rng) * if at / units % 6 == at % units * 7 % 6 { 2.5 } else { 0.6 })
        .collect();
    let scales: Vec<f64> = (0..units).map(|_| (0.6 * normal.sample(rng)).exp()).collect();
    let centres: Vec<f64> = (0..CLASSES * rank).map(|_| normal.sample(rng)).collect();
    let shared = correlation.sqrt();
    let mut rows = Vec::with_capacity(ROWS * units);
    for row in 0..ROWS {
        let class = row % CLASSES;
        let place: Vec<f64> = (0..rank).map(|d| 1.5 * centres[class * rank + d] + inner * normal.sample(rng)).collect();
        for unit in 0..units {
            let signal: f64 =
                (0..rank).map(|d| place[d] * mixing[d * units + unit]).sum::<f64>() / (rank as f64).sqrt();
            let z = 2.0 * shared * signal + (1.0 - shared) * normal.sample(rng) - 2.5 * (sparsity - 0.45);
            let dead = rectified && unit % 40 == 17;
            rows.push(if dead { 0.0 } else { scales[unit] * if rectified { z.max(0.0) } else { z } });
        }
    }
    let labels: Vec<u32> = (0..ROWS).map(|row| (row % CLASSES) as u32).collect();
    let config = SketchConfig { classes, ..SketchConfig::new(units) };
    let mut sketch = Sketch::new(&config).unwrap();
    let block = Block::new(&rows[..], units).unwrap();
    sketch.update(&if classes.is_some() { block.with_labels(&labels).unwrap() } else { block }).unwrap();
    sketch
}

fn tuning(error: f64, rng: &mut ChaCha8Rng) -> Vec<(f64, Option<f64>)> {
    let jitter = Uniform::new(0.0, 0.002).unwrap();
    [(0.001, 0.004), (0.01, 0.002), (0.1, 0.0), (1.0, 0.006), (10.0, 0.4), (100.0, f64::NAN)]
        .map(|(weight, worse)| {
            (weight, Some(error + 0.002 + worse + jitter.sample(rng)).filter(|error| error.is_finite()))
        })
        .to_vec()
}

fn history(name: &str, rng: &mut ChaCha8Rng) -> Vec<Curve> {
    let jitter = Uniform::new(0.95, 1.05).unwrap();
    let epochs: Vec<u32> = (1..=60).collect();
    let mut curve = |name: &str, start: f64, end: f64, pace: f64| Curve {
        name: name.into(),
        epochs: epochs.clone(),
        values: epochs
            .iter()
            .map(|&epoch| (end + (start - end) * (-f64::from(epoch) / pace).exp()) * jitter.sample(rng))
            .collect(),
    };
    let mut curves = vec![
        curve("train error", 0.5, 0.002, 5.0),
        curve("validation error", 0.5, 0.028, 4.0),
        curve("task", 2.0, 0.006, 6.0),
    ];
    if name != "baseline" {
        curves.push(curve(&format!("{name}@fc5"), 0.8, 0.03, 9.0));
    }
    curves
}

fn how() -> Vec<(String, String)> {
    [
        ("Command", "repshape study --trials 5"),
        ("Data", "digits: 1,437 training rows (287 for validation), 360 test rows"),
        ("Training", "adam:1e-3, 60 epochs, batches of 100"),
        ("Seeds", "tuning 1; trials 1001 to 1005"),
        ("Version", "repshape 0.1.0, burn 0.22.1"),
        ("Time", "52 s on 2 cores, 2026-11-21"),
        ("Full spec", "[study]\ntrials = 5\nweights = [0.001, 0.01, 0.1, 1.0, 10.0, 100.0]\n\n[data]\nname = \"digits\"\n\n[network]\nmlp = [100, 100, 100, 100, 100]\n"),
    ]
    .map(|(term, value)| (term.to_string(), value.to_string()))
    .to_vec()
}

fn mean_and_std(values: &[f64]) -> Spread {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    Spread { mean, std: (square / (values.len() - 1) as f64).sqrt() }
}
