//! The cheap measures against those of `repshape_stats`, which NumPy has checked, and against their definitions.

use rand::RngExt;
use repshape::monitor::{CHEAP_MEASURES, Monitor, MonitorConfig};
use repshape_data::{Purpose, stream};
use repshape_stats::{Block, CATALOG, Selection, Sketch, SketchConfig, measure, spectrum};

use super::{config, rows, show, site};

const CLASSES: usize = 4;

/// Rows of correlated units, a class apart each, at `mean`; units 1 and 4 are constant, 0 and 5.
fn made(rows: usize, units: usize, mean: f32, relu: bool) -> (Vec<f32>, Vec<u32>) {
    let mut rng = stream(5, Purpose::Sample, (rows * 1000 + units) as u64);
    let mut z = Vec::new();
    // class 3 is absent, class 2 has one row
    let labels: Vec<u32> = (0..rows).map(|n| if n == 3 { 2 } else { (n % 2) as u32 }).collect();
    for &label in &labels {
        let common = rng.random::<f32>() - 0.5;
        for i in 0..units {
            let own = rng.random::<f32>() - 0.5;
            let value = mean + label as f32 * (i % 3) as f32 * 0.3 + common * (i % 5) as f32 + own;
            z.push(match i {
                1 => 0.0,
                4 => 5.0,
                _ if relu => value.max(0.0),
                _ => value,
            });
        }
    }
    (z, labels)
}

/// Every value of a monitor that has seen `z` once.
fn monitored(z: &[f32], units: usize, labels: &[u32], names: &[&str]) -> Monitor<'static> {
    let place = site("code", units, None);
    let rows = rows(labels.len(), Some((labels.to_vec(), CLASSES)));
    let mut monitor = Monitor::new(config(names), rows, std::slice::from_ref(&place), &["code"]).unwrap();
    show(&mut monitor, 1, &place, z);
    monitor
}

#[test]
fn cheap_measures_are_those_of_a_sketch() {
    let cheap: Vec<&str> = CHEAP_MEASURES.iter().map(|row| row.name).collect();
    let both: Vec<&str> = CATALOG.iter().map(|row| row.name).filter(|name| cheap.contains(name)).collect();
    for name in ["amplitude", "variance", "covariance", "correlation", "stable_rank_covariance", "class_wise_variance"]
    {
        assert!(both.contains(&name), "{name}");
    }
    for (count, units, mean, relu) in [
        (128, 100, 0.0, true),
        (128, 100, 0.3, false),
        (97, 17, 1000.0, false),
        (13, 40, 0.1, true),
        (7, 6, 1e-18, false),
    ] {
        let (z, labels) = made(count, units, mean, relu);
        let mut sketch = Sketch::new(&SketchConfig::new(units).with_classes(CLASSES)).unwrap();
        sketch.update(&Block::new(&z[..], units).unwrap().with_labels(&labels).unwrap()).unwrap();
        let exact = measure(&sketch, &Selection::only(both.iter().copied(), Default::default()).unwrap());
        // with pairs of units, and, where the rows are fewer than the units, by the products of rows
        for asked in [&cheap[..], &["participation_ratio"]] {
            let monitor = monitored(&z, units, &labels, asked);
            for name in &both {
                let Some(found) = monitor.history().latest("code", name) else {
                    assert!(!monitor.history().measures().contains(name), "{name} is undefined");
                    continue;
                };
                let exact = exact.get(name).unwrap();
                // f32 products of deviations in [-1, 1]
                assert!(
                    (found - exact).abs() <= 1e-5 * exact.abs(),
                    "{name} at {count} x {units}: {found} for {exact}"
                );
            }
        }
    }
}

#[test]
fn the_measures_that_a_sketch_has_not_are_their_definitions() {
    let (count, units) = (60, 11);
    let (z, labels) = made(count, units, 0.2, true);
    let monitor = monitored(&z, units, &labels, &["nc1_quotient"]);
    let at = |n: usize, i: usize| f64::from(z[n * units + i]);
    let mean_of = |members: &[usize], i: usize| members.iter().map(|&n| at(n, i)).sum::<f64>() / members.len() as f64;
    let all: Vec<usize> = (0..count).collect();
    let classes: Vec<Vec<usize>> = (0..3).map(|k| all.iter().copied().filter(|&n| labels[n] == k).collect()).collect();
    let (mut within, mut between) = (0.0, 0.0);
    for members in &classes {
        for i in 0..units {
            let mean = mean_of(members, i);
            within += members.iter().map(|&n| (at(n, i) - mean).powi(2)).sum::<f64>() / count as f64;
            between += (mean - mean_of(&all, i)).powi(2) / classes.len() as f64;
        }
    }
    let close = |name: &str, wanted: f64| {
        let found = monitor.history().latest("code", name).unwrap();
        assert!((found - wanted).abs() <= 1e-5 * wanted, "{name}: {found} for {wanted}");
    };
    close("nc1_quotient", within / between);
    let mut covariance = vec![0.0; units * units];
    for i in 0..units {
        for j in 0..units {
            let products = all.iter().map(|&n| (at(n, i) - mean_of(&all, i)) * (at(n, j) - mean_of(&all, j)));
            covariance[i * units + j] = products.sum::<f64>() / count as f64;
        }
    }
    let values = spectrum::eigenvalues(&covariance, units);
    close("first_component_share", values[0] / values.iter().sum::<f64>());
}

#[test]
fn saturated_units_stay_at_a_bound_in_nine_of_ten_rows() {
    // 20 rows of tanh: always high, high but for 2 rows, high but for 3, both bounds in turn, in between
    let row = |n: usize| {
        [
            0.99,
            if n < 2 { 0.0 } else { 0.985 },
            if n < 3 { 0.0 } else { 1.0 },
            if n.is_multiple_of(2) { -0.99 } else { 1.0 },
            0.97,
        ]
    };
    let z: Vec<f32> = (0..20).flat_map(row).collect();
    let place = site("code", 5, Some([-1.0, 1.0]));
    let mut monitor =
        Monitor::new(MonitorConfig::default(), rows(20, None), std::slice::from_ref(&place), &["code"]).unwrap();
    show(&mut monitor, 1, &place, &z);
    assert_eq!(monitor.history().latest("code", "saturated_units"), Some(0.6));
    // a site without bounds has no such value
    let (z, labels) = made(9, 6, 0.0, true);
    assert_eq!(monitored(&z, 6, &labels, &[]).history().latest("code", "saturated_units"), None);
}

#[test]
fn what_is_undefined_is_none() {
    let labels = [0, 1, 0];
    let value = |z: &[f32], units: usize, name: &str| {
        monitored(z, units, &labels, &["covariance", "correlation", "nc1_quotient"]).history().latest("code", name)
    };
    // nothing varies
    for name in ["stable_rank_covariance", "first_component_share", "correlation", "nc1_quotient"] {
        assert_eq!(value(&[2.0; 6], 2, name), None, "{name}");
    }
    assert_eq!(value(&[2.0; 6], 2, "variance"), Some(0.0));
    assert_eq!(value(&[2.0; 6], 2, "covariance"), Some(0.0));
    // one unit has no pair and no other direction
    for name in ["covariance", "correlation", "first_component_share"] {
        assert_eq!(value(&[1.0, 2.0, 4.0], 1, name), None, "{name}");
    }
    assert_eq!(value(&[1.0, 2.0, 4.0], 1, "stable_rank_covariance"), Some(1.0));
    // one class has nothing between
    let alone = monitored(&[0.1, 0.7, 0.3, 0.9, 0.2, 0.4], 2, &[2, 2, 2], &["nc1_quotient"]);
    assert_eq!(alone.history().latest("code", "nc1_quotient"), None);
    // one NaN, one infinity
    let odd = [1.0, f32::NAN, 2.0, f32::INFINITY, 3.0, 4.0];
    assert_eq!(value(&odd, 2, "non_finite"), Some(1.0 / 3.0));
    assert_eq!(value(&odd, 2, "amplitude"), None);
    // no overflow, no underflow
    for scale in [1e-30_f32, 1e30] {
        let z = [1.0, 2.0, 3.0, 2.0, 5.0, 3.5].map(|z| z * scale);
        let rank = value(&z, 2, "stable_rank_covariance").unwrap();
        let plain = value(&[1.0, 2.0, 3.0, 2.0, 5.0, 3.5], 2, "stable_rank_covariance").unwrap();
        assert!((rank - plain).abs() < 1e-5, "{rank} {plain}");
    }
    // without labels
    let place = site("code", 2, None);
    let mut monitor =
        Monitor::new(MonitorConfig::default(), rows(3, None), std::slice::from_ref(&place), &["code"]).unwrap();
    show(&mut monitor, 1, &place, &[1.0, 2.0, 3.0, 2.0, 5.0, 3.5]);
    assert_eq!(monitor.history().latest("code", "class_wise_variance"), None);
    // a site that shows other rows than the probe's
    show(&mut monitor, 2, &place, &[1.0, 2.0, 3.0, 2.0]);
    assert!(monitor.history().last().unwrap().values.iter().all(Option::is_none));
}

#[test]
fn every_measure_of_the_catalog_can_be_monitored() {
    let (z, labels) = made(50, 8, 0.2, true);
    let names: Vec<&str> = CATALOG.iter().map(|row| row.name).collect();
    let monitor = monitored(&z, 8, &labels, &names);
    let mut sketch = Sketch::new(&SketchConfig::new(8).with_classes(CLASSES)).unwrap();
    sketch.update(&Block::new(&z[..], 8).unwrap().with_labels(&labels).unwrap()).unwrap();
    let exact = measure(&sketch, &Selection::default());
    for name in names {
        let (found, exact) = (monitor.history().latest("code", name), exact.get(name));
        assert_eq!(found.is_some(), exact.is_some(), "{name}");
        let apart = found.zip(exact).map_or(0.0, |(found, exact)| (found - exact).abs() / exact.abs().max(1e-9));
        assert!(apart <= 1e-5, "{name}: {found:?} for {exact:?}");
    }
}
