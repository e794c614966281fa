//! What is written is read to the last bit; what no rows could have given is refused; the order of shards is one.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::wire::Writer;
use super::{Partial, PartialSite, SKETCH, Shard};
use crate::moments::{ClassMoments, UnitPairs};
use crate::{Block, SampleSize, Selection, Sketch, SketchConfig, StatsError, measure};

const UNITS: usize = 3;

/// Seven values of which some are 0 and some below, about `mean`; unit 2 is dead.
fn value(row: u64, unit: usize) -> f64 {
    if unit == 2 { 0.0 } else { ((row * 31 + unit as u64 * 17 + row * row * 7) % 23) as f64 / 4.0 - 1.0 }
}

fn label(row: u64) -> u32 {
    // class 2 of four is absent
    [0, 1, 3][row as usize % 3]
}

fn config() -> SketchConfig {
    SketchConfig::new(UNITS).with_classes(4)
}

/// A sketch that has seen these rows of the data set, numbered from `first`, fed in blocks of 5.
fn feed(mut sketch: Sketch, rows: std::ops::Range<u64>, first: u64) -> Sketch {
    let labelled = sketch.config().classes.is_some();
    let all: Vec<u64> = rows.collect();
    for (at, block) in all.chunks(5).enumerate() {
        let z: Vec<f64> = block.iter().flat_map(|&row| (0..UNITS).map(move |unit| value(row, unit))).collect();
        let labels: Vec<u32> = block.iter().map(|&row| label(row)).collect();
        let mut block = Block::new(&z[..], UNITS).unwrap().starting_at(first + 5 * at as u64);
        if labelled {
            block = block.with_labels(&labels).unwrap();
        }
        sketch.update(&block).unwrap();
    }
    sketch
}

fn json(sketch: &Sketch) -> String {
    let sample = sketch.sample().read_kept();
    let read = (sample.indices, sample.values, sample.labels, measure(sketch, &Selection::default()));
    serde_json::to_string(&(sketch.moments(), read)).unwrap()
}

fn configurations() -> Vec<SketchConfig> {
    let mut all = Vec::new();
    for classes in [None, Some(4)] {
        for pairs in [UnitPairs::Full, UnitPairs::Off] {
            for kept in [ClassMoments::Off, ClassMoments::Diagonal, ClassMoments::Pooled, ClassMoments::Full] {
                for sample in [SampleSize::All, SampleSize::AtMost(4), SampleSize::AtMost(0)] {
                    let base = SketchConfig { classes, pairs, sample, class_moments: kept, ..SketchConfig::new(UNITS) };
                    all.push(SketchConfig { positive_pairs: kept == ClassMoments::Full, draws: 2, seed: 9, ..base });
                }
            }
        }
    }
    all
}

#[test]
fn every_configuration_reads_back_to_the_last_bit() {
    for config in configurations() {
        for rows in [0, 1, 40] {
            let sketch = feed(Sketch::new(&config).unwrap(), 0..rows, 0);
            let bytes = sketch.to_bytes();
            let read = Sketch::from_bytes(&bytes).unwrap();
            assert_eq!(read.config(), &config);
            assert_eq!(json(&read), json(&sketch), "{config:?}, {rows} rows");
            assert_eq!(read.to_bytes(), bytes);
            // and goes on as the one that was written
            let more = |sketch| feed(sketch, rows..rows + 9, rows);
            assert_eq!(json(&more(read)), json(&more(sketch)));
        }
    }
}

#[test]
fn values_at_the_ends_of_f64_read_back() {
    let config = SketchConfig::new(2);
    for z in [
        [1e308, -1e308, 1e308, 1e300, -1e308, 5.0],
        [5e-324, 0.0, -5e-324, 1e-310, 0.0, 1e-200],
        [1e-200, 1.0, 3e-200, 2.0, 2e-200, 4.0],
        [1000.0 + 1e-9, 1e9, 1000.0, 1e9 + 1e-6, 1000.0 - 1e-9, 1e9],
    ] {
        let mut sketch = Sketch::new(&config).unwrap();
        sketch.update(&Block::new(&z[..], 2).unwrap()).unwrap();
        let bytes = sketch.to_bytes();
        assert_eq!(Sketch::from_bytes(&bytes).unwrap().to_bytes(), bytes, "{z:?}");
    }
}

/// Wide enough for rounding to matter: units that are sums of others, about 1,000, merged from many parts.
#[test]
fn rounding_is_no_fault() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (units, config) = (30, SketchConfig::new(30).with_classes(3));
    let mut sketch = Sketch::new(&config).unwrap();
    for part in 0..40 {
        let base: Vec<f64> = (0..25 * 4).map(|_| rng.random_range(-1e-3..1e-3)).collect();
        let z: Vec<f64> = (0..25 * units)
            .map(|at| {
                let (row, unit) = (at / units, at % units);
                let shared = base[row * 4 + unit % 4] * f64::from(1 + unit as u32 / 4);
                if unit % 5 == 0 { shared.max(0.0) } else { shared + 1000.0 }
            })
            .collect();
        let labels: Vec<u32> = (0..25).map(|n| n % 3).collect();
        let mut one = Sketch::new(&config).unwrap();
        let block = Block::new(&z[..], units).unwrap().with_labels(&labels).unwrap().starting_at(part * 25);
        one.update(&block).unwrap();
        sketch.merge(one).unwrap();
    }
    assert_eq!(Sketch::from_bytes(&sketch.to_bytes()).unwrap().to_bytes(), sketch.to_bytes());
}

/// The content of a sealed file, sealed anew after a change.
fn resealed(bytes: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut content = bytes[16..bytes.len() - 32].to_vec();
    change(&mut content);
    let magic: [u8; 8] = bytes[..8].try_into().unwrap();
    Writer::of(content).sealed(magic)
}

fn mutate(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let at = rng.random_range(0..bytes.len());
    match rng.random_range(0..7_u32) {
        0 => bytes[at] ^= 1 << rng.random_range(0..8_u32),
        1 => bytes[at] = [0, 0xff, 0x7f, 0x80][rng.random_range(0..4_usize)],
        2 => bytes.truncate(at),
        3 => bytes.extend_from_within(at..),
        4 => {
            let end = rng.random_range(at..bytes.len());
            bytes.drain(at..end);
        }
        // a number, wherever it stands
        _ => {
            let numbers = [u64::MAX, 1 << 63, 1 << 40, 1 << 32, 0, 1, f64::NAN.to_bits(), f64::INFINITY.to_bits()];
            let number = numbers[rng.random_range(0..numbers.len())].to_le_bytes();
            let at = at.min(bytes.len().saturating_sub(8));
            bytes[at..at + 8].copy_from_slice(&number);
        }
    }
}

#[test]
fn mutants_are_refused_by_the_checksum() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let sketch = feed(Sketch::new(&config()).unwrap(), 0..40, 0).to_bytes();
    let partial = parts(&[0, 9, 40], true).remove(1).to_bytes();
    for _ in 0..1500 {
        for (bytes, is_partial) in [(&sketch, false), (&partial, true)] {
            let mut mutant = bytes.clone();
            mutate(&mut mutant, &mut rng);
            if mutant == *bytes {
                continue;
            }
            let error = if is_partial {
                Partial::from_bytes(&mutant).map(|_| ()).unwrap_err()
            } else {
                Sketch::from_bytes(&mutant).map(|_| ()).unwrap_err()
            };
            assert!(matches!(error, StatsError::State { .. }), "{error}");
        }
    }
}

/// With the right checksum a mutant is a sketch that some rows could have given, or refused; and what is accepted can be
/// written, merged and measured.
#[test]
fn mutants_with_a_right_checksum_are_sound_or_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let (mut refused, mut accepted) = (0, 0);
    for config in configurations() {
        let bytes = feed(Sketch::new(&config).unwrap(), 0..11, 0).to_bytes();
        let partial = {
            let sketch = feed(Sketch::new(&config).unwrap(), 0..11, 0);
            Partial::new(settings("1"), vec![site(None, "a", sketch, Some(0))]).unwrap().to_bytes()
        };
        for _ in 0..50 {
            let mutant = resealed(&bytes, |content| mutate(content, &mut rng));
            match Sketch::from_bytes(&mutant) {
                Ok(mut sketch) => {
                    accepted += 1;
                    assert_eq!(sketch.to_bytes(), mutant);
                    let other = Sketch::from_bytes(&mutant).unwrap();
                    sketch.merge(other).unwrap();
                    for (name, value) in measure(&sketch, &Selection::default()).measures.iter() {
                        assert!(value.is_none_or(|value| value.as_f64().is_finite()), "{name}");
                    }
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
            let mutant = resealed(&partial, |content| mutate(content, &mut rng));
            if let Ok(read) = Partial::from_bytes(&mutant) {
                assert_eq!(read.to_bytes(), mutant);
                let _ = Partial::merge_in_order(vec![read.clone(), read]);
            }
        }
    }
    assert!(refused + accepted >= 2000 && refused > 1000 && accepted > 20, "{refused} refused, {accepted} accepted");
}

#[test]
fn sizes_beyond_the_bytes_are_refused_before_anything_is_allocated() {
    let bytes = feed(Sketch::new(&config()).unwrap(), 0..11, 0).to_bytes();
    // the settings come after tag and length: units, classes (after a byte), ..., sample, draws
    for (at, field) in [(12, "units"), (21, "classes"), (41, "sample"), (49, "draws")] {
        for number in [u64::MAX, 1 << 61, 1 << 40, 1 << 31, 100_000] {
            let mutant = resealed(&bytes, |content| content[at..at + 8].copy_from_slice(&number.to_le_bytes()));
            match Sketch::from_bytes(&mutant) {
                // room for more rows or draws than there were is no fault
                Ok(sketch) => assert!(at > 21 && sketch.sample().kept() == 11, "{field} {number}"),
                Err(error) => assert!(at < 41, "{field} {number}: {error}"),
            }
        }
    }
}

#[test]
fn what_no_rows_could_have_given_is_named() {
    let message = |change: &dyn Fn(&mut Sketch)| {
        let mut sketch = feed(Sketch::new(&config()).unwrap(), 0..40, 0);
        change(&mut sketch);
        Sketch::from_bytes(&sketch.to_bytes()).map(|_| ()).unwrap_err().to_string()
    };
    let of = |change: fn(&mut crate::Moments)| message(&|sketch| change(sketch.moments_mut()));
    assert!(of(|m| m.units.max[1] = f64::NAN).starts_with("moments of each unit: found something else at unit 1"));
    assert!(of(|m| m.units.zeros[0] = 41).contains("unit 0, expected counts"));
    assert!(of(|m| m.units.positive_spread[0] = -1.0).contains("a mean and a spread"));
    assert!(of(|m| m.all.offset[1] += 100.0).contains("moments of all rows: found another mean of unit 1"));
    assert!(of(|m| m.classes[1].moments.count += 1).contains("moments of classes: found"));
    assert!(of(|m| m.classes[0].max[0] = 99.0).contains("class 0, unit 0"));
    assert!(of(|m| m.positive.as_mut().unwrap().counts[3] = 0.5).contains("units 0 and 1"));
    let spread = of(|m| {
        let crate::moments::Spread::Full(lower) = &mut m.all.spread else { unreachable!() };
        lower[3] = 1e9;
    });
    assert!(spread.contains("too large a co-moment of units 1 and 0"), "{spread}");
}

#[test]
fn another_version_and_another_kind_are_named() {
    let sketch = feed(Sketch::new(&config()).unwrap(), 0..4, 0).to_bytes();
    let mut newer = sketch.clone();
    newer[7] = b'2';
    let message = |bytes: &[u8]| Sketch::from_bytes(bytes).map(|_| ()).unwrap_err().to_string();
    assert_eq!(message(&newer), "state of a sketch: found version \"RSHPSK02\", expected version 01");
    assert_eq!(
        message(b"\x93NUMPY\x01\0 and more"),
        "state of a sketch: found \"\u{fffd}NUMPY\\u{1}\\0\", expected \"RSHPSK01\" at the start"
    );
    assert!(message(&sketch[..100]).contains("truncated"));
    assert!(message(b"").contains("found 0 bytes"));
    assert_eq!(&sketch[..8], SKETCH);
}

fn settings(model: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("model".to_owned(), model.to_owned())])
}

fn site(name: Option<&str>, content: &str, sketch: Sketch, first_row: Option<u64>) -> PartialSite {
    let shard = Shard { source: format!("{content}.npy"), content: content.into(), rows: sketch.rows(), first_row };
    PartialSite { site: name.map(str::to_owned), layout: "flatten".into(), shards: vec![shard], sketch }
}

fn part_of(config: &SketchConfig, content: &str, rows: std::ops::Range<u64>, known: bool) -> Partial {
    let first = if known { rows.start } else { 0 };
    let sketch = if known { Sketch::new(config) } else { Sketch::of_shard(config, content) };
    let sketch = feed(sketch.unwrap(), rows.clone(), first);
    Partial::new(settings("1"), vec![site(None, content, sketch, known.then_some(rows.start))]).unwrap()
}

/// Parts between the cuts.
fn parts(cuts: &[u64], known: bool) -> Vec<Partial> {
    parts_of(&SketchConfig { sample: SampleSize::AtMost(12), ..config() }, cuts, known)
}

fn parts_of(config: &SketchConfig, cuts: &[u64], known: bool) -> Vec<Partial> {
    let part = |cut: &[u64]| part_of(config, &format!("rows {}", cut[0]), cut[0]..cut[1], known);
    cuts.windows(2).map(part).collect()
}

fn one_pass(rows: u64) -> Sketch {
    feed(Sketch::new(&SketchConfig { sample: SampleSize::AtMost(12), ..config() }).unwrap(), 0..rows, 0)
}

fn merged(parts: Vec<Partial>) -> Partial {
    // through bytes, as it is from another machine
    let parts = parts.iter().map(|part| Partial::from_bytes(&part.to_bytes()).unwrap()).collect();
    Partial::merge_in_order(parts).unwrap()
}

fn assert_measures_as(left: &Sketch, right: &Sketch) {
    let (left, right) = (measure(left, &Selection::default()), measure(right, &Selection::default()));
    for (name, value) in left.measures.iter() {
        let (a, b) = (value.map(crate::Value::as_f64), right.get(name));
        let close = match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) + 1e-12,
            _ => a == b,
        };
        assert!(close, "{name}: {a:?} and {b:?}");
    }
}

#[test]
fn shards_in_any_order_give_the_same_bits_and_those_of_one_pass_to_rounding() {
    let cuts = [0, 7, 19, 20, 33, 40];
    let forwards = merged(parts(&cuts, true));
    let mut turned = parts(&cuts, true);
    turned.reverse();
    turned.swap(0, 2);
    assert_eq!(merged(turned).to_bytes(), forwards.to_bytes());
    assert!(forwards.notes().is_empty());
    let (sketch, whole) = (&forwards.sites()[0].sketch, one_pass(40));
    assert_eq!(sketch.sample().read(), whole.sample().read());
    assert_measures_as(sketch, &whole);
    // a tree of merges knows all shards
    let mut all = parts(&cuts, true);
    let late = merged(all.split_off(3));
    let tree = merged(vec![late, merged(all)]);
    let sources = |of: &Partial| of.sites()[0].shards.iter().map(|shard| shard.source.clone()).collect::<Vec<_>>();
    assert_eq!(sources(&tree), sources(&forwards));
    assert_eq!(tree.sites()[0].sketch.sample().read(), whole.sample().read());
    assert_measures_as(&tree.sites()[0].sketch, &whole);
}

#[test]
fn samples_that_hold_every_row_of_a_shard_are_numbered_anew() {
    // no more than 12 rows a shard
    let whole = one_pass(40);
    let all = || parts(&[0, 12, 20, 32, 40], false);
    let flat = merged(all());
    assert_eq!(flat.sites()[0].sketch.sample().read(), whole.sample().read());
    assert!(flat.notes().is_empty());
    assert_measures_as(&flat.sites()[0].sketch, &whole);
    // what has dropped rows can only be the beginning
    let mut end = all();
    let start = merged(end.drain(..2).collect());
    let tree = merged(std::iter::once(start.clone()).chain(end.clone()).collect());
    assert_eq!(tree.sites()[0].sketch.sample().read(), whole.sample().read());
    let error = Partial::merge_in_order(vec![start, merged(end)]).unwrap_err().to_string();
    assert!(error.starts_with("rows 0.npy and rows 20.npy cannot be merged: both keep a sample"), "{error}");
}

#[test]
fn samples_of_shards_of_unknown_place_stay_uniform_and_a_note_says_so() {
    // two shards of 20 rows, 10 kept: each row with probability 1/4, rows i of both with (10 x 9) / (40 x 39)
    let config = SketchConfig { sample: SampleSize::AtMost(10), ..config() };
    let (mut counts, mut both) = ([0_u32; 40], 0);
    for trial in 0..3000 {
        let part = |name: &str, rows| part_of(&config, &format!("{name} {trial}"), rows, false);
        let merged = Partial::merge_in_order(vec![part("a", 0..20), part("b", 20..40)]).unwrap();
        if trial == 0 {
            assert!(merged.notes()[0].contains("--first-row"));
            let (read, whole) = (Partial::from_bytes(&merged.to_bytes()).unwrap(), one_pass(40));
            assert_eq!(read.notes(), merged.notes());
            assert_eq!(read.sites()[0].sketch.rows(), whole.rows());
        }
        let indices = merged.sites()[0].sketch.sample().read().indices;
        indices.iter().for_each(|&row| counts[row as usize] += 1);
        both += indices.iter().filter(|&&row| indices.contains(&(row + 20))).count();
    }
    // 750 expected with sd 24; 20 x 3000 x 0.0577 = 3462 with sd below 70
    assert!(counts.iter().all(|count| (630..=870).contains(count)), "{counts:?}");
    assert!((3110..=3810).contains(&both), "{both}");
}

/// A small shard, whose sample holds all its rows, beside large ones: keyed by its content, whatever it was merged with.
#[test]
fn trees_of_shards_of_unknown_place_keep_the_same_rows() {
    let config = SketchConfig { sample: SampleSize::AtMost(10), ..config() };
    let all = || parts_of(&config, &[0, 4, 8, 24, 40], false);
    let flat = merged(all());
    let mut end = all();
    let start = merged(end.drain(..2).collect());
    let tree = merged(vec![start, merged(end)]);
    assert_eq!(tree.sites()[0].sketch.sample().read(), flat.sites()[0].sketch.sample().read());
    assert_eq!(flat.sites()[0].sketch.sample().len(), 10);
}

#[test]
fn shards_that_do_not_fit_are_named() {
    let error = |parts: Vec<Partial>| Partial::merge_in_order(parts).unwrap_err().to_string();
    let of = |rows: std::ops::Range<u64>, known| part_of(&config(), &format!("rows {}", rows.start), rows, known);
    assert_eq!(
        error(vec![of(0..9, true), of(8..12, true)]),
        "rows 0.npy and rows 8.npy cannot be merged: their rows overlap: 0 to below 9, then 8 to below 12"
    );
    assert!(error(vec![of(13..20, true), of(0..9, true)]).contains("leave a gap: 0 to below 9, then 13 to below 20"));
    assert!(error(vec![of(0..9, true), of(9..12, false)]).contains("only one of them says its first row"));
    let twice = error(vec![of(0..9, false), of(9..12, false), of(0..9, false)]);
    assert!(
        twice.contains("rows 0.npy and rows 0.npy cannot be merged: they have the same content (rows 0)"),
        "{twice}"
    );
    assert!(error(Vec::new()).contains("no partial states"));

    let sketch = || feed(Sketch::new(&config()).unwrap(), 9..12, 9);
    let other = |settings, sites| Partial::new(settings, sites).unwrap();
    let first = || of(0..9, true);
    let model = other(settings("2"), vec![site(None, "b", sketch(), Some(9))]);
    assert!(error(vec![first(), model]).ends_with("b.npy cannot be merged: model is \"1\" and \"2\""));
    let unset = other(BTreeMap::new(), vec![site(None, "b", sketch(), Some(9))]);
    assert!(error(vec![first(), unset]).ends_with("model is \"1\" and not set"));
    let named = other(settings("1"), vec![site(Some("fc5"), "b", sketch(), Some(9))]);
    assert!(error(vec![first(), named]).ends_with("only the first has the matrix"));
    let layout = PartialSite { layout: "channels".into(), ..site(None, "b", sketch(), Some(9)) };
    let layout = other(settings("1"), vec![layout]);
    assert!(error(vec![first(), layout]).ends_with("the layout of the matrix is \"flatten\" and \"channels\""));
    let seed = SketchConfig { seed: 5, ..config() };
    let seed = feed(Sketch::new(&seed).unwrap(), 9..12, 9);
    let seed = other(settings("1"), vec![site(None, "b", seed, Some(9))]);
    assert!(error(vec![first(), seed]).ends_with("seed of the matrix is 0 and 5"));

    let rows =
        PartialSite { sketch: feed(Sketch::new(&config()).unwrap(), 0..3, 0), ..site(None, "b", sketch(), None) };
    let refused = Partial::new(settings("1"), vec![rows.clone()]);
    assert!(refused.is_ok(), "three rows either way");
    let numbered = PartialSite { sketch: sketch(), ..rows };
    assert!(Partial::new(settings("1"), vec![numbered]).unwrap_err().to_string().contains("row numbers"));
}

#[test]
fn sites_are_merged_by_name() {
    let part = |content: &str, rows: std::ops::Range<u64>, names: [&str; 2]| {
        let sketch = || feed(Sketch::new(&config()).unwrap(), rows.clone(), rows.start);
        let sites = names.map(|name| site(Some(name), content, sketch(), Some(rows.start)));
        Partial::new(settings("1"), sites.into()).unwrap()
    };
    let merged = merged(vec![part("b", 9..20, ["fc2", "fc1"]), part("a", 0..9, ["fc1", "fc2"])]);
    assert_eq!(merged.settings(), &settings("1"));
    let names: Vec<_> = merged.sites().iter().map(|site| site.site.clone().unwrap()).collect();
    assert_eq!(names, ["fc1", "fc2"]);
    for site in merged.into_sites() {
        assert_eq!((site.sketch.rows(), site.shards.len(), site.shards[0].source.as_str()), (20, 2, "a.npy"));
    }
}
