//! How penalties are written, and what is said of those that are written wrong.

use repshape::penalty::{CATALOG, PenaltyConfig, Reduction, Term, UnitGroups};

use super::configs;

#[test]
fn every_config_reads_back_from_text_and_from_json() {
    for config in configs(6).into_iter().chain(CATALOG.iter().map(|row| row.config.clone())) {
        assert_eq!(config.to_string().parse::<PenaltyConfig>().unwrap(), config);
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<PenaltyConfig>(&json).unwrap(), config, "{json}");
        assert_eq!(config.row().name, config.name());
    }
    for row in CATALOG {
        assert_eq!(row.config.name(), row.name);
        assert_eq!(row.config.to_string(), row.name);
    }
}

#[test]
fn every_term_reads_back() {
    for text in ["cw-vr=0.1@fc5", "rr:spectral=10", "xcov:0-9/10-11=3@code", "dropout=0.5", "bn@fc1", "bn", "l1=0"] {
        let term: Term = text.parse().unwrap();
        assert_eq!(term.to_string(), text);
        assert_eq!(serde_json::from_str::<Term>(&serde_json::to_string(&term).unwrap()).unwrap(), term);
    }
}

#[test]
fn wrong_terms_are_refused_with_a_way_out() {
    let cases = [
        ("cwvr=1", "unknown penalty \"cwvr\"; did you mean \"cw-vr\"?"),
        ("cw-vr", "penalty \"cw-vr\" needs a weight, for instance \"cw-vr=0.1\""),
        ("cw-vr=-1", "the weight of \"cw-vr\" must be a finite number of at least 0, found \"-1\""),
        ("cr=NaN", "the weight of \"cr\" must be a finite number of at least 0, found \"NaN\""),
        ("cr=inf", "the weight of \"cr\" must be a finite number of at least 0, found \"inf\""),
        ("cr=much", "the weight of \"cr\" must be a finite number of at least 0, found \"much\""),
        ("bn=1", "\"bn\" takes no weight, found \"1\"; write \"bn\""),
        ("dropout=1", "the rate of \"dropout\" must be a number above 0 and below 1, found \"1\""),
        ("cr:spectral=1", "penalty \"cr\" has no option \"spectral\"; it takes mean, sum"),
        ("cr:sum:mean=1", "penalty \"cr:sum:mean\" contradicts \":mean\"; give only one of them"),
        ("decov:mean=1", "penalty \"decov\" has one form only, there is no \"mean\" of it"),
        ("cr=1@", "\"cr=1@\" names no site after \"@\"; write for instance \"cr=1@fc5\", or leave the \"@\" out"),
    ];
    for (text, message) in cases {
        assert_eq!(text.parse::<Term>().unwrap_err().to_string(), message);
    }
    assert!("zzzzzzzz=1".parse::<Term>().unwrap_err().to_string().contains("the names are l1, cr,"));
}

#[test]
fn a_reduction_beside_the_name_must_not_contradict_it() {
    assert!(PenaltyConfig::parse("cr:sum", Some(Reduction::Sum)).is_ok());
    assert!(PenaltyConfig::parse("cr:mean", Some(Reduction::Sum)).is_err());
    assert_eq!(PenaltyConfig::parse("cr", Some(Reduction::Sum)).unwrap().to_string(), "cr:sum");
    assert_eq!(PenaltyConfig::parse("pairwise", None).unwrap().reduction(), Reduction::Sum);
}

#[test]
fn unit_groups_are_disjoint_and_inside() {
    let groups: UnitGroups = "0-9,10-11".parse().unwrap();
    assert!(groups.accepts(12).is_ok());
    assert!(groups.accepts(11).unwrap_err().to_string().contains("unit 11"));
    for wrong in ["", "0-3", "0-3,3-4", "4-2,5", "a,b", "0-99999999999,3", "-1,2"] {
        assert!(wrong.parse::<UnitGroups>().is_err(), "{wrong}");
    }
    assert!("xcov".parse::<PenaltyConfig>().unwrap().build().is_err());
}
