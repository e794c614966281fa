//! What can be reproduced: the embedded items and the studies that they share.

use repshape::nearest::suggestion;
use repshape_data::{DataSpec, Place, SOURCES};

use crate::failure::{Failure, Outcome};
use crate::spec::{Item, SharedStudy, embedded, shared_studies};

/// `PAPER/ITEM` and its recipe, in the order of the list.
macro_rules! items {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../reproductions/", $name, ".toml")))),*]
    };
}

/// A study's name and its recipe.
macro_rules! studies {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../reproductions/studies/", $name, ".toml")))),*]
    };
}

/// Every table and figure.
pub const ITEMS: &[(&str, &str)] = items![
    "choi2019/table7",
    "choi2019/table5",
    "choi2019/table10",
    "choi2019/table10-linear",
    "choi2019/table10-choices",
    "choi2019/figure1",
    "choi2019/figure2",
    "choi2019/figure4",
    "choi2019/figure5",
    "choi2018/table8",
    "choi2018/table8-choices",
    "choi2018/table6",
    "choi2018/table6-choices",
    "choi2018/table6-weights",
    "choi2018/table2",
    "choi2018/table3",
    "choi2018/figure1",
    "choi2018/figure2",
    "choi2018/figure3",
    "choi2018/figure4",
    "kageback2017/figure2",
    "kageback2017/figure2-choices",
    "kageback2017/figure3",
    "laakom2022/table1",
    "laakom2022/table1-choices",
    "laakom2022/figure1",
    "digits/ranking",
    "digits/ranking-means",
    "mnist/ranking",
];

/// Every study.
const STUDIES: &[(&str, &str)] = studies![
    "mnist-default",
    "mnist-1k",
    "mnist-5k",
    "mnist-width-2",
    "mnist-width-8",
    "mnist-pictures",
    "mnist-initial",
    "mnist-mlp7",
    "mnist-rewired",
    "mnist-ae6",
    "mnist-ae6-linear",
    "mnist-components",
    "factors",
    "bottleneck",
    "linear-ae",
    "linear-ae-equal",
    "xor",
    "digits-30",
    "digits-30-means",
    "mnist-30",
    "ae6-choices",
    "mnist-choices",
    "mnist-epochs",
    "mnist-weights",
    "mnist-1k-epochs",
    "mnist-5k-epochs",
    "mnist-fifth-width",
    "bottleneck-choices",
];

/// The item of that name.
pub fn item(name: &str) -> Outcome<Item> {
    let names = || ITEMS.iter().map(|(known, _)| *known);
    let Some(text) = embedded(ITEMS, name) else {
        return Err(Failure::usage(format!(
            "\"{name}\": no table or figure of that name{}; known: {}",
            suggestion(name, names()),
            names().collect::<Vec<_>>().join(", ")
        )));
    };
    Item::read(&format!("{name}.toml"), text, &|base| embedded(ITEMS, base))
}

/// The studies that an item reads, in its order; every place of a sweep is one.
pub fn studies(item: &Item) -> Outcome<Vec<SharedStudy>> {
    read(item, false)
}

/// The same in smoke size. Data that would have to be found, and is not among the `named`, gives way to the embedded digits:
/// nothing is downloaded or looked for.
pub fn smoke_studies(item: &Item, named: &[DataSpec]) -> Outcome<Vec<SharedStudy>> {
    let mut studies = read(item, true)?;
    for study in &mut studies {
        let data = &mut study.recipe.training.data;
        if needs_files(data) && !named.iter().any(|named| named.name() == data.name()) {
            *data = DIGITS.parse()?;
        }
    }
    Ok(studies)
}

/// What stands in for absent data.
pub const DIGITS: &str = "digits";

/// Whether the data lies in a folder that the spec does not name.
fn needs_files(data: &DataSpec) -> bool {
    let source = SOURCES.iter().find(|source| source.name == data.name());
    data.location().is_none() && source.is_some_and(|source| source.place == Place::Folder)
}

fn read(item: &Item, smoke: bool) -> Outcome<Vec<SharedStudy>> {
    let mut found = Vec::new();
    for name in &item.studies {
        let text = embedded(STUDIES, name).ok_or_else(|| Failure::usage(format!("study \"{name}\" is not known")))?;
        found.extend(shared_studies(name, text, &|base| embedded(STUDIES, base), smoke)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::spec::{Figure, Source};

    /// Rows of a study in full size, by its name and by that of its sweep.
    fn rows(studies: &[SharedStudy], name: &str) -> BTreeSet<String> {
        let of = studies.iter().filter(|study| study.name == name || study.family == name);
        of.flat_map(|study| study.recipe.study("", 0).unwrap().regularizers)
            .map(|regularizer| regularizer.name)
            .collect()
    }

    #[test]
    fn every_number_of_every_item_has_a_place_in_a_study() {
        for (name, _) in ITEMS {
            let item = item(name).unwrap_or_else(|failure| panic!("{}", failure.message));
            let studies = studies(&item).unwrap_or_else(|failure| panic!("{name}: {}", failure.message));
            assert!(!item.tables.is_empty() || !item.figures.is_empty(), "{name} shows nothing");
            let check = |source: &Source| {
                let (study, regularizer) = (source.study.as_deref(), source.regularizer.as_deref());
                let (Some(study), Some(regularizer)) = (study, regularizer) else {
                    panic!("{name}: {source:?} names no study or no row");
                };
                assert!(rows(&studies, study).contains(regularizer), "{name}: {study} has no row {regularizer}");
                assert!(source.value.is_some(), "{name}: {source:?} has no value");
            };
            for table in &item.tables {
                for row in &table.rows {
                    assert!(
                        row.paper.is_empty() || row.paper.len() == table.columns.len(),
                        "{name}: row {} has {} numbers of the paper for {} columns",
                        row.head,
                        row.paper.len(),
                        table.columns.len()
                    );
                    table.columns.iter().for_each(|column| check(&row.of.or(&column.of).or(&table.of)));
                }
            }
            for claim in &item.claims {
                let default =
                    Source { study: claim.study.clone(), value: Some(claim.value.clone()), ..Source::default() };
                claim.of.sources(&default).iter().for_each(check);
                claim.than.iter().flat_map(|than| than.sources(&default)).for_each(|source| check(&source));
                use crate::spec::ClaimKind::{AtLeast, AtMost, Correlated, EveryTrial, Higher, Lower, Within};
                match claim.kind {
                    Lower | Higher => assert!(claim.than.is_some(), "{name}: {}: than is missing", claim.says),
                    AtLeast | AtMost | Within => {
                        assert!(claim.bound.is_some(), "{name}: {}: bound is missing", claim.says);
                    }
                    Correlated => assert!(claim.with.is_some(), "{name}: {}: with is missing", claim.says),
                    EveryTrial => assert!(claim.value.is_comparison(), "{name}: {} compares nothing", claim.says),
                }
            }
            for figure in &item.figures {
                match figure {
                    Figure::Plot(plot) => {
                        for series in &plot.series {
                            let known = rows(&studies, &series.study);
                            assert!(!known.is_empty(), "{name}: no study {}", series.study);
                            for pattern in &series.rows {
                                let start = pattern.trim_end_matches('*');
                                assert!(known.iter().any(|row| row.starts_with(start)), "{name}: no row {pattern}");
                            }
                        }
                    }
                    Figure::Pictures(pictures) => {
                        let known = rows(&studies, &pictures.study);
                        assert!(!known.is_empty(), "{name}: no study \"{}\"", pictures.study);
                        assert!(pictures.rows.iter().all(|row| known.contains(row)), "{name}: {:?}", pictures.rows);
                    }
                }
            }
        }
    }

    #[test]
    fn every_study_is_read_by_an_item() {
        let read: BTreeSet<String> = ITEMS.iter().flat_map(|(name, _)| item(name).unwrap().studies).collect();
        assert!(STUDIES.iter().all(|(name, _)| read.contains(*name)));
    }

    /// Stores of these studies are made by `repshape study` as well, in hours: their runs must stay the same.
    #[test]
    fn shared_studies_are_those_of_the_study_command() {
        let studies = studies(&item("choi2019/table7").unwrap()).unwrap();
        // repshape 0.1.0 before this command: repshape study plan mnist FLAGS --out S; fingerprint, first and last run
        for (name, fingerprint, first, last) in [
            // no flags
            (
                "mnist-default",
                "7513df1bad5650c2ec16e2eb83b6056a",
                "0bef7fcf4a5913196eadbc50f80d318c",
                "3568ac5ecaf78282d899d06d9f2d3d81",
            ),
            // --train-rows 1000
            (
                "mnist-1k",
                "b17f485ae78587a8013d403c119fed57",
                "74c18f60a6793a4f71b5c2cf95ddfe59",
                "d429f69906773e429175158a41042bfc",
            ),
            // --train-rows 5000
            (
                "mnist-5k",
                "e61245cf619a387f4c61ed95e9f45adc",
                "5d3df97ce5c52436cc9a3c7496f14909",
                "b91329d06d4e5f2eb44bec9532fecaa6",
            ),
            // --network mlp:2,2,2,2,2
            (
                "mnist-width-2",
                "7513df1bad5650c2ec16e2eb83b6056a",
                "45713c9c3b033d563951a6e8a4536fae",
                "c15b715a053a90ef7c6e8401d5ad268d",
            ),
            // --network mlp:8,8,8,8,8
            (
                "mnist-width-8",
                "7513df1bad5650c2ec16e2eb83b6056a",
                "0e97b3ea8e8f28068fffb1ae786a7af6",
                "569961dd5178f61980705887929514e2",
            ),
        ] {
            let study = studies.iter().find(|study| study.name == name).unwrap();
            let spec = study.recipe.study(fingerprint, 10_000).unwrap();
            let manifest = repshape_study::Manifest::plan(&spec, repshape_study::Chunking::Runs(1)).unwrap();
            let found = (manifest.runs()[0].run_id.as_str(), manifest.runs().last().unwrap().run_id.as_str());
            assert_eq!((spec.name.as_str(), found), ("mnist", (first, last)), "{name}");
        }
    }

    #[test]
    fn an_unknown_item_meets_the_nearest() {
        let message = item("choi2019/tabel7").unwrap_err().message;
        assert!(message.contains("did you mean \"choi2019/table7\"?"), "{message}");
    }
}
