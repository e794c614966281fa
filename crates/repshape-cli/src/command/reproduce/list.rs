//! What can be reproduced, and how far each is.

use std::collections::BTreeSet;
use std::path::Path;

use repshape_study::status;
use serde_json::json;

use super::catalog::{ITEMS, item};
use super::planned;
use super::run::existing;
use crate::cli::{Global, ReproduceArgs};
use crate::failure::Outcome;
use crate::output::{Rows, print};
use crate::spec::SharedStudy;

/// How far an item is.
fn state(studies: &[SharedStudy], out: &Path) -> Outcome<(&'static str, usize, usize)> {
    let (mut done, mut total) = (0, 0);
    for study in studies {
        let planned = study.recipe.study("", 0)?.runs();
        // a folder that holds another study counts as nothing here; running says what is wrong with it
        let counts = existing(study, out).ok().flatten().map(|store| status(&store).all);
        done += counts.map_or(0, |counts| counts.done);
        total += counts.map_or(planned, |counts| counts.total);
    }
    let state = match done {
        0 => "missing",
        _ if done == total => "done",
        _ => "part",
    };
    Ok((state, done, total))
}

/// Minutes as a person says them.
fn time(minutes: f64) -> String {
    match minutes {
        m if m < 1.0 => format!("{:.0} s", 60.0 * m),
        m if m < 90.0 => format!("{m:.0} min"),
        m => format!("{:.1} h", m / 60.0),
    }
}

/// Prints the list.
pub fn list(out: &Path, args: &ReproduceArgs, global: &Global) -> Outcome {
    let (mut rows, mut json) = (Vec::new(), Vec::new());
    for (name, _) in ITEMS {
        let item = item(name)?;
        let studies = planned(&item, args)?;
        let (state, done, total) = state(&studies, out)?;
        // the places of a sweep share its minutes: their sum has a digit that nobody gave
        let minutes = (10.0 * studies.iter().map(|study| study.minutes).sum::<f64>()).round() / 10.0;
        let data: BTreeSet<&str> = studies.iter().map(|study| study.recipe.training.data.name()).collect();
        let data: Vec<&str> = data.into_iter().collect();
        json.push(json!({
            "item": name, "paper": item.paper, "place": item.place, "shows": item.shows, "data": data,
            "studies": item.studies, "minutes": minutes, "status": state, "runs": total, "runs_done": done,
            "claims": item.claims.len(),
        }));
        let of = if state == "part" { format!("part: {done} of {total} runs") } else { state.to_owned() };
        rows.push(vec![
            (*name).into(),
            format!("{}, {}", item.paper, item.place).into(),
            item.shows.clone().into(),
            data.join(", ").into(),
            time(minutes).into(),
            of.into(),
        ]);
    }
    let json = json!({"schema": "repshape.reproductions/1", "out": out.display().to_string(), "items": json});
    print(global, &json, || Rows {
        head: ["item", "paper", "shows", "data", "time", "status"].map(String::from).to_vec(),
        rows: rows.clone(),
        notes: vec![
            "time: on two cores while none of its studies is there; items share studies".to_owned(),
            format!("status: in {}; one of them: repshape reproduce choi2019/table7 --data mnist=DIR", out.display()),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_said_as_people_do() {
        assert_eq!([0.5, 7.4, 120.0].map(time), ["30 s", "7 min", "2.0 h"]);
    }
}
