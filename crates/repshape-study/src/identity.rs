//! A run is what it computes: its id and its seed follow from the spec alone.
//!
//! No index in a list, no host, no time and no order enters, so a study that grows by a regularizer keeps the ids and
//! the results of the others, and two machines' finished runs merge by copying files.

use serde_json::{Value, json};

use crate::canonical::canonical_json;
use crate::manifest::PlannedWeight;
use crate::spec::{SPEC_SCHEMA, StudySpec};
use crate::trial::Stage;

/// Hexadecimal digits of a run id: 128 bits of BLAKE3.
pub const RUN_ID_LEN: usize = 32;

/// The id of a run: BLAKE3 over the canonical JSON of schema version, training spec, regularizer, stage, weight and seed
/// index; the first 128 bits in hexadecimal.
///
/// Where the weight is still to be selected, the rule and the ids of the tuning runs it looks at stand in its place: the
/// id is known when the study is planned, and another list of weights gives other ids.
pub fn run_id(spec: &StudySpec, regularizer: &str, stage: Stage, weight: &PlannedWeight, index: u32) -> String {
    let weight = match weight {
        PlannedWeight::None => Value::Null,
        PlannedWeight::Fixed(weight) => json!(weight),
        PlannedWeight::Selected { selected, from } => json!({"selected": selected, "from": from}),
    };
    let identity = json!({
        "schema": SPEC_SCHEMA,
        "training": spec.training,
        "regularizer": regularizer,
        "stage": stage.as_str(),
        "weight": weight,
        "index": index,
    });
    let hash = blake3::hash(canonical_json(&identity).as_bytes());
    hash.to_hex().as_str()[..RUN_ID_LEN].to_owned()
}

/// The seed of a run: 53 bits of BLAKE3 over the study's seed and the run id.
///
/// 53 bits, because the seed stands as a number in JSON and TOML, and many readers hold those as f64 or i64.
pub fn run_seed(study_seed: u64, run_id: &str) -> u64 {
    let hash = blake3::hash(canonical_json(&json!({"run_id": run_id, "study_seed": study_seed})).as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(first) >> 11
}

/// Whether a text has the form of a run id; everything that becomes a file name passes through here.
pub fn is_run_id(text: &str) -> bool {
    text.len() == RUN_ID_LEN && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> StudySpec {
        StudySpec::new("s", 1, 5, json!({"epochs": 5, "network": "mlp:100"}))
    }

    #[test]
    fn an_id_changes_with_everything_that_changes_the_computation_and_nothing_else() {
        let fixed = PlannedWeight::Fixed(0.1);
        let base = run_id(&spec(), "vr", Stage::Trial, &fixed, 0);
        assert!(is_run_id(&base));
        let training = StudySpec::new("s", 1, 5, json!({"epochs": 6, "network": "mlp:100"}));
        let selected = PlannedWeight::Selected { selected: "rule".into(), from: vec!["a".into()] };
        let others = [
            run_id(&training, "vr", Stage::Trial, &fixed, 0),
            run_id(&spec(), "cr", Stage::Trial, &fixed, 0),
            run_id(&spec(), "vr", Stage::Tune, &fixed, 0),
            run_id(&spec(), "vr", Stage::Trial, &PlannedWeight::Fixed(0.2), 0),
            run_id(&spec(), "vr", Stage::Trial, &PlannedWeight::None, 0),
            run_id(&spec(), "vr", Stage::Trial, &selected, 0),
            run_id(&spec(), "vr", Stage::Trial, &fixed, 1),
        ];
        let distinct: std::collections::BTreeSet<_> = others.iter().chain([&base]).collect();
        assert_eq!(distinct.len(), 8);
        let same = StudySpec { name: "other".into(), trials: 9, max_attempts: 1, ..spec() };
        assert_eq!(run_id(&same, "vr", Stage::Trial, &fixed, 0), base);
        let reordered: Value = serde_json::from_str(r#"{"network": "mlp:100", "epochs": 5.0}"#).unwrap();
        assert_eq!(run_id(&StudySpec { training: reordered, ..spec() }, "vr", Stage::Trial, &fixed, 0), base);
    }

    /// Stores on disk depend on these: a change needs a new [`SPEC_SCHEMA`]. Golden values of `tests/golden/golden.py`.
    #[test]
    fn ids_and_seeds_are_those_of_an_independent_script() {
        let golden: Value = serde_json::from_str(include_str!("../tests/golden/golden.json")).unwrap();
        let selected = PlannedWeight::Selected { selected: "rule".into(), from: vec!["a".into(), "b".into()] };
        for (i, weight, index) in [(0, PlannedWeight::Fixed(0.1), 0), (1, selected, 3)] {
            let id = run_id(&spec(), "vr", Stage::Trial, &weight, index);
            assert_eq!(golden["identities"][i]["run_id"], id);
            assert_eq!(golden["identities"][i]["seed_1"], run_seed(1, &id));
            assert_ne!(run_seed(2, &id), run_seed(1, &id));
        }
    }
}
