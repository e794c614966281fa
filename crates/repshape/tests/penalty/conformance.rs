//! What every penalty of the catalog must do, whatever it is: a new row is checked without new test code.

use burn::tensor::{DType, Device, Tensor};
use repshape::groups::{Groups, Scope};
use repshape::penalty::{ByAutodiff, PenaltyConfig, Target};

use super::{configs, evaluate, groups, matrix, numbers, sample};

/// Rows, units, labels, classes: both Gram branches, a class without rows, a class with one row, several blocks.
fn shapes() -> Vec<(usize, usize, Vec<u32>, usize)> {
    vec![
        (7, 3, vec![2, 0, 2, 2, 0, 0, 3], 5),
        (5, 12, vec![1, 1, 0, 1, 0], 3),
        (23, 6, (0..23).map(|n| n * n % 3).collect(), 3),
    ]
}

fn labels_for<'a>(config: &PenaltyConfig, labels: &'a [u32], classes: usize) -> Option<(&'a [u32], usize)> {
    (config.scope() == Scope::Class).then_some((labels, classes))
}

fn close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    let scale = b.iter().fold(1e-6f64, |most, entry| most.max(entry.abs()));
    for (place, (x, y)) in a.iter().zip(b).enumerate() {
        assert!((x - y).abs() <= tolerance * scale, "{what}: entry {place}: {x} for {y}");
    }
}

/// Runs a check over all penalties and shapes, in f64.
fn over_all(check: impl Fn(&PenaltyConfig, &[f64], usize, Option<(&[u32], usize)>)) {
    for (rows, units, labels, classes) in shapes() {
        let z = sample(rows, units, 7);
        for config in configs(units) {
            check(&config, &z, rows, labels_for(&config, &labels, classes));
        }
    }
}

fn run(config: &PenaltyConfig, z: &[f64], labels: Option<(&[u32], usize)>, rows: usize) -> (f64, Vec<f64>) {
    let penalty = config.build().unwrap();
    assert_eq!(penalty.scope(), config.scope());
    penalty.accepts(z.len() / rows).unwrap();
    evaluate(penalty.as_ref(), &matrix(z, rows, DType::F64), &groups(labels, rows, DType::F64))
}

#[test]
fn gradients_are_central_differences() {
    over_all(|config, z, rows, labels| {
        let (_, gradient) = run(config, z, labels, rows);
        let step = 1e-5;
        let differences: Vec<f64> = (0..z.len())
            .map(|entry| {
                let mut moved = z.to_vec();
                moved[entry] += step;
                let above = run(config, &moved, labels, rows).0;
                moved[entry] -= 2.0 * step;
                (above - run(config, &moved, labels, rows).0) / (2.0 * step)
            })
            .collect();
        // the step's square times third derivatives, and 2^-53 over the step: both near 1e-10, with a margin
        close(&gradient, &differences, 1e-7, &config.to_string());
    });
}

#[test]
fn euler_holds_for_the_declared_degree() {
    over_all(|config, z, rows, labels| {
        let (value, gradient) = run(config, z, labels, rows);
        assert!(value.is_finite() && gradient.iter().all(|entry| entry.is_finite()), "{config}");
        if let Some(degree) = config.build().unwrap().degree() {
            let inner: f64 = z.iter().zip(&gradient).map(|(z, g)| z * g).sum();
            assert!((inner - degree * value).abs() <= 1e-11 * (1.0 + value.abs()), "{config}: {inner}, {value}");
            let twice: Vec<f64> = z.iter().map(|z| 2.0 * z).collect();
            let scaled = run(config, &twice, labels, rows).0;
            assert!((scaled - 2f64.powf(degree) * value).abs() <= 1e-11 * (1.0 + scaled.abs()), "{config}");
        }
        if config.to_string() == config.name() {
            assert_eq!(config.row().degree, config.build().unwrap().degree(), "{config}");
        }
    });
}

#[test]
fn order_of_rows_units_and_names_of_classes_do_not_matter() {
    over_all(|config, z, rows, labels| {
        let units = z.len() / rows;
        let (value, gradient) = run(config, z, labels, rows);
        // rows in reverse, classes renamed in reverse
        let flip = |m: &[f64]| m.chunks(units).rev().flatten().copied().collect::<Vec<_>>();
        let renamed = labels.map(|(labels, classes)| {
            (labels.iter().rev().map(|&k| classes as u32 - 1 - k).collect::<Vec<_>>(), classes)
        });
        let other = renamed.as_ref().map(|(labels, classes)| (&labels[..], *classes));
        let (flipped, of_flipped) = run(config, &flip(z), other, rows);
        close(&[flipped], &[value], 1e-11, &config.to_string());
        close(&flip(&of_flipped), &gradient, 1e-9, &config.to_string());
        // units in reverse; XCov's groups are of places, which move
        if config.name() != "xcov" {
            let mirror = |m: &[f64]| m.chunks(units).flat_map(|row| row.iter().rev().copied()).collect::<Vec<_>>();
            let (mirrored, of_mirrored) = run(config, &mirror(z), labels, rows);
            close(&[mirrored], &[value], 1e-11, &config.to_string());
            close(&mirror(&of_mirrored), &gradient, 1e-9, &config.to_string());
        }
    });
}

#[test]
fn one_class_is_all_rows() {
    let z = sample(9, 4, 3);
    for name in ["cr", "vr", "rr", "rr:spectral", "cr:sum", "vr:sum"] {
        let all = run(&name.parse().unwrap(), &z, None, 9);
        let class = run(&format!("cw-{name}").parse().unwrap(), &z, Some((&[0; 9], 1)), 9);
        assert_eq!(all, class, "{name}");
    }
}

#[test]
fn many_classes_in_blocks_equal_one_class_at_a_time() {
    // 300 rows of 7 classes are three blocks; a class of its own each time is the definition
    let (rows, units, classes) = (300, 5, 7u32);
    let z = sample(rows, units, 11);
    let labels: Vec<u32> = (0..rows as u32).map(|n| (n * n + n / 3) % classes).collect();
    for name in ["cr", "vr", "rr", "rr:spectral"] {
        let (value, gradient) =
            run(&format!("cw-{name}:sum").parse().unwrap(), &z, Some((&labels, classes as usize)), rows);
        let mut sum = 0.0;
        for k in 0..classes {
            let members: Vec<usize> = (0..rows).filter(|&n| labels[n] == k).collect();
            let pick = |m: &[f64]| members.iter().flat_map(|&n| m[n * units..][..units].to_vec()).collect::<Vec<_>>();
            if members.is_empty() {
                continue;
            }
            let (part, of_part) = run(&format!("{name}:sum").parse().unwrap(), &pick(&z), None, members.len());
            sum += part;
            close(&pick(&gradient), &of_part, 1e-10, name);
        }
        close(&[value], &[sum], 1e-11, name);
    }
}

#[test]
fn what_is_not_finite_stays_so_and_nothing_panics() {
    for bad in [f64::NAN, f64::INFINITY] {
        over_all(|config, z, rows, labels| {
            let mut z = z.to_vec();
            z[4] = bad;
            let (value, gradient) = run(config, &z, labels, rows);
            assert!(!value.is_finite() || gradient.iter().any(|entry| !entry.is_finite()), "{config} hides {bad}");
        });
    }
}

#[test]
fn one_row_and_one_unit_are_finite() {
    for config in configs(6) {
        let labels = labels_for(&config, &[1], 3);
        let (value, gradient) = run(&config, &sample(1, 6, 5), labels, 1);
        assert!(value.is_finite() && gradient.iter().all(|entry| entry.is_finite()), "{config}");
        if config.name() != "xcov" {
            let labels = labels_for(&config, &[1, 0, 1], 3);
            let (value, gradient) = run(&config, &sample(3, 1, 5), labels, 3);
            assert!(value.is_finite() && gradient.iter().all(|entry| entry.is_finite()), "{config}");
        }
    }
}

#[test]
fn closed_forms_agree_with_autodiff_of_plain_definitions() {
    // by the definition: every class on its own, its whole I x I covariance matrix
    fn covariance(z: &Tensor<2>, groups: &Groups, k: usize, less: f64) -> Tensor<2> {
        let member = groups.one_hot().slice_dim(1, k..k + 1); // [N, 1]
        let size = groups.sizes()[k] as f64;
        let mean = (z.clone() * member.clone()).sum_dim(0) * (1.0 / size);
        let c = (z.clone() - mean) * member;
        c.clone().transpose().matmul(c) * (1.0 / (size - less))
    }
    fn off(c: Tensor<2>) -> Tensor<2> {
        let units = c.dims()[0];
        c * (Tensor::<2>::eye(units, &Device::flex()).cast(DType::F64) * -1.0 + 1.0)
    }
    type Definition = fn(Tensor<2>, &Groups) -> Tensor<1>;
    let class_wise: [(&str, Definition); 4] = [
        ("cw-cr:sum", |z, g| {
            (0..g.present()).map(|k| off(covariance(&z, g, k, 0.0)).square().sum()).reduce(|a, b| a + b).unwrap()
        }),
        ("cw-vr:sum", |z, g| {
            (0..g.present())
                .map(|k| {
                    let c = covariance(&z, g, k, 0.0);
                    (c.clone() - off(c)).sum()
                })
                .reduce(|a, b| a + b)
                .unwrap()
        }),
        ("cw-rr:sum", |z, g| {
            (0..g.present())
                .map(|k| {
                    let rows = z.clone() * g.one_hot().slice_dim(1, k..k + 1);
                    let size = rows.clone().abs();
                    rows.square().sum() * (size.clone().sum_dim(0).max() * size.sum_dim(1).max()).recip()
                })
                .reduce(|a, b| a + b)
                .unwrap()
        }),
        ("cr:sum", |z, g| off(covariance(&z, g, 0, 0.0)).square().sum()),
    ];
    let all_rows: [(&str, Definition); 7] = [
        ("vr:sum", |z, g| {
            let c = covariance(&z, g, 0, 0.0);
            (c.clone() - off(c)).sum()
        }),
        ("l1:sum", |z, _| z.abs().sum()),
        ("lsigma:sum", |z, g| covariance(&z, g, 0, 1.0).abs().sum()),
        ("pairwise:signed", |z, g| off(covariance(&z, g, 0, 0.0)).sum()),
        ("pairwise:absolute", |z, g| off(covariance(&z, g, 0, 0.0)).abs().sum()),
        ("decov", |z, g| off(covariance(&z, g, 0, 0.0)).square().sum() * 0.5),
        ("xcov:0/1-2", |z, g| covariance(&z, g, 0, 0.0).slice([0..1, 1..3]).square().sum() * 0.5),
    ];
    for (rows, units, labels, classes) in shapes() {
        let z = matrix(&sample(rows, units, 7), rows, DType::F64);
        for (name, definition) in class_wise.iter().chain(&all_rows) {
            let config: PenaltyConfig = name.parse().unwrap();
            assert_ne!(config.row().target, Target::Layer);
            let groups = groups(labels_for(&config, &labels, classes), rows, DType::F64);
            let autodiff = ByAutodiff::new(*name, config.scope(), None, *definition);
            let (wanted, by_tape) = evaluate(&autodiff, &z, &groups);
            let (value, gradient) = evaluate(config.build().unwrap().as_ref(), &z, &groups);
            close(&[value], &[wanted], 1e-12, name);
            close(&gradient, &by_tape, 1e-12, name);
        }
    }
}

#[test]
fn a_grafted_gradient_reaches_the_tape() {
    let device = Device::flex().autodiff();
    let z = Tensor::<2>::from_inner(matrix(&sample(4, 3, 1), 4, DType::F32)).require_grad();
    let penalty = "cr".parse::<PenaltyConfig>().unwrap().build().unwrap();
    let groups = Groups::all(4, &device, DType::F32);
    let (value, gradient) = penalty.value_and_gradient(&z.clone().inner(), &groups);
    let (loss, logged) = repshape::penalty::add_penalty(z.clone().sum() * 0.0, &z, penalty.as_ref(), &groups, 0.5);
    assert_eq!(logged.into_scalar::<f32>(), value.into_scalar::<f32>());
    let found = numbers(z.grad(&loss.backward()).unwrap());
    close(&found, &numbers(gradient * 0.5), 1e-7, "graft");
}
