//! What the monitor says, and when.

use repshape::monitor::{Kind, Monitor, MonitorConfig, ProbeRows};
use repshape::network::Site;

use super::{rows, show, site, tensor};

/// Shows each of `views`, steps 10 apart; the monitor with its warnings.
fn see(place: &Site, count: usize, views: &[Vec<f32>]) -> Monitor<'static> {
    let rows = rows(count, None);
    let mut monitor =
        Monitor::new(MonitorConfig::default(), rows, std::slice::from_ref(place), &[place.name.as_str()]).unwrap();
    for (n, view) in (1..).zip(views) {
        show(&mut monitor, 10 * n, place, view);
    }
    monitor
}

fn said(monitor: &Monitor<'_>) -> Vec<(String, Option<u64>)> {
    monitor.warnings().iter().map(|warning| (warning.to_string(), warning.until)).collect()
}

/// Four rows of three units: `share` says how much of the variance, 1 in all, the first direction has.
fn spread(share: f32) -> Vec<f32> {
    let (a, b) = (share.sqrt(), (1.0 - share).sqrt());
    vec![a, b, 7.0, a, -b, 7.0, -a, b, 7.0, -a, -b, 7.0]
}

#[test]
fn collapse_is_said_once_until_it_goes_away() {
    let place = site("fc5", 3, None);
    let views = [0.7, 0.97, 0.98, 0.9, 0.97, 0.8, 0.96].map(spread);
    assert_eq!(
        said(&see(&place, 4, &views)),
        [
            (
                "step 20: fc5 collapsed: 97 % of the variance lies in one direction (stable rank 1.00)".to_owned(),
                Some(60)
            ),
            ("step 70: fc5 collapsed: 96 % of the variance lies in one direction (stable rank 1.00)".to_owned(), None),
        ]
    );
}

#[test]
fn rows_that_become_one_point_are_said_unless_the_inputs_are_one_too() {
    let place = site("fc5", 3, None);
    let near = |apart: f32| spread(0.5).iter().map(|z| 1.0 + apart * z).collect::<Vec<f32>>();
    let views = [near(0.1), near(1e-4), near(0.1)];
    let monitor = see(&place, 4, &views);
    assert_eq!(monitor.warnings().len(), 1, "{:?}", monitor.warnings());
    let warning = &monitor.warnings()[0];
    assert_eq!((warning.step, warning.until, warning.kind), (20, Some(30), Kind::Collapse));
    assert!(warning.text.starts_with("fc5 collapsed: every row gives the same values"), "{}", warning.text);
    // the same with inputs that do not vary
    let rows = ProbeRows::new(tensor(&[3.0; 4], 1), None).unwrap();
    let mut monitor = Monitor::new(MonitorConfig::default(), rows, std::slice::from_ref(&place), &["fc5"]).unwrap();
    views.iter().for_each(|view| show(&mut monitor, 10, &place, view));
    assert!(monitor.warnings().is_empty());
}

#[test]
fn dead_units_are_said_when_they_are_many_and_become_more() {
    let place = site("fc1", 10, None);
    // `dead` of ten units are 0, the others vary each in its own way
    let view = |dead: usize| -> Vec<f32> {
        (0..12)
            .flat_map(|n| (0..10).map(move |i| if i < dead { 0.0 } else { ((n * (i + 3) * 7) % 13) as f32 }))
            .collect()
    };
    let views = [1, 2, 4, 5, 1, 4, 6].map(view);
    assert_eq!(
        said(&see(&place, 12, &views)),
        [
            ("step 30: fc1 is dying: 40 % of the units are 0 for every row".to_owned(), Some(50)),
            // 40 % again is not more than ever; 60 % is
            ("step 70: fc1 is dying: 60 % of the units are 0 for every row".to_owned(), None),
        ]
    );
}

#[test]
fn saturation_is_said_of_units_with_bounds() {
    let view = |saturated: usize| -> Vec<f32> {
        let value = |n: usize, i: usize| match (i < saturated, n % 2) {
            (true, 0) => 0.999,
            (true, _) => 0.001,
            (false, _) => 0.2 + 0.05 * ((n * (i + 1)) % 7) as f32,
        };
        (0..12).flat_map(|n| (0..4).map(move |i| value(n, i))).collect()
    };
    let views = [view(1), view(3), view(0)];
    let wanted = "step 20: fc2 is saturated: 75 % of the units are at a bound in nearly every row".to_owned();
    let of = |monitor: &Monitor<'_>| {
        let mut said = said(monitor);
        said.retain(|(text, _)| !text.contains("collapsed"));
        said
    };
    assert_eq!(of(&see(&site("fc2", 4, Some([0.0, 1.0])), 12, &views)), [(wanted, Some(30))]);
    assert!(of(&see(&site("fc2", 4, None), 12, &views)).is_empty());
}

#[test]
fn an_exploding_amplitude_and_what_is_no_longer_finite_are_said() {
    let place = site("fc3", 3, None);
    let times = |factor: f32| spread(0.5).iter().map(|z| factor * z).collect::<Vec<f32>>();
    let mut odd = times(1.0);
    (odd[1], odd[4], odd[7]) = (f32::NAN, f32::INFINITY, f32::NAN);
    let views = [times(1.0), times(99.0), times(150.0), odd.clone(), odd, times(1.0)];
    assert_eq!(
        said(&see(&place, 4, &views)),
        [
            (
                "step 30: fc3 explodes: its amplitude is 4.207e2, 150 times that of the first probe".to_owned(),
                // undefined says nothing
                Some(60)
            ),
            ("step 40: fc3 is no longer finite: 25 % of its activations are infinite or NaN".to_owned(), Some(60)),
        ]
    );
}
