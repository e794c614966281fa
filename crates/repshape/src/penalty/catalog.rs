//! Every penalty, one row each: help, docs, checks and completions are made from these rows.

use super::{Estimate, Form, PenaltyConfig, PenaltyError, Reduction};
use crate::groups::Scope;
use crate::nearest::nearest;

/// What follows `=` in a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A weight, finite and at least 0.
    Weight,
    /// A rate, above 0 and below 1.
    Rate,
    /// Nothing.
    Nothing,
}

/// What a member of the set acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A site's activations.
    Activations,
    /// The weight matrix (not the bias) of the site's layer, given to the penalty as `z`.
    Weights,
    /// The network itself: a layer is added at the site.
    Layer,
}

/// One penalty.
#[derive(Debug, Clone)]
pub struct Row {
    /// How it is written.
    pub name: &'static str,
    /// One line for help and tables.
    pub about: &'static str,
    /// The value in its default form.
    pub formula: &'static str,
    /// The derivative of `formula` by `z_in`.
    pub gradient: &'static str,
    /// Paper and equation.
    pub source: &'static str,
    /// The options after a colon.
    pub options: &'static [&'static str],
    /// As [`super::Penalty::degree`], with its default options.
    pub degree: Option<f64>,
    /// What follows `=`.
    pub takes: Takes,
    /// What it acts on.
    pub target: Target,
    /// All rows, or within classes (then it needs labels).
    pub scope: Scope,
    /// Itself, with its default options.
    pub config: PenaltyConfig,
}

impl Row {
    /// The row of a name.
    ///
    /// # Errors
    /// No such name: the nearest one is in the message, or all where none is near.
    pub fn named(name: &str) -> Result<&'static Row, PenaltyError> {
        if let Some(row) = CATALOG.iter().find(|row| row.name == name) {
            return Ok(row);
        }
        let hint = match nearest(name, CATALOG.iter().map(|row| row.name)) {
            Some(nearest) => format!("did you mean \"{nearest}\"?"),
            None => {
                let names: Vec<_> = CATALOG.iter().map(|row| row.name).collect();
                format!("the names are {}", names.join(", "))
            }
        };
        // a name may be a whole file by mistake
        Err(PenaltyError::UnknownName { name: name.chars().take(60).collect(), hint })
    }

    /// The default reduction.
    pub fn reduction(&self) -> Reduction {
        self.config.reduction()
    }
}

const MEAN: Reduction = Reduction::Mean;
const SUM: Reduction = Reduction::Sum;

/// Every name that `--penalty` and a study's set understand, in the order of help and tables.
///
/// `c_ij` is the biased covariance (`1/N`) of units i and j, `v_i = c_ii`, `C_ij` the one with `1/(N-1)`; a `k` on
/// top means over the rows `S_k` of class k, with `1/|S_k|`; `K` counts the classes declared.
pub const CATALOG: &[Row] = &[
    Row {
        name: "l1",
        about: "mean size of the activations (L1R): drives them to 0",
        formula: "1/(N I) sum_n sum_i |z_in|",
        gradient: "sign(z_in)/(N I)",
        source: "Choi & Rhee 2019, p. 7",
        options: &["mean", "sum"],
        degree: Some(1.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::All,
        config: PenaltyConfig::L1 { reduction: MEAN },
    },
    Row {
        name: "cr",
        about: "squared covariance between units (CR)",
        formula: "1/(I(I-1)) sum_{i!=j} c_ij^2",
        gradient: "4/(N I(I-1)) sum_{j!=i} c_ij (z_jn - mu_j)",
        source: "Choi & Rhee 2019, Table 1",
        options: &["mean", "sum"],
        degree: Some(4.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::All,
        config: PenaltyConfig::Covariance { scope: Scope::All, reduction: MEAN },
    },
    Row {
        name: "cw-cr",
        about: "squared covariance between units within each class (cw-CR)",
        formula: "1/(K I(I-1)) sum_k sum_{i!=j} (c^k_ij)^2",
        gradient: "4/(K I(I-1) |S_k|) sum_{j!=i} c^k_ij (z_jn - mu^k_j)",
        source: "Choi & Rhee 2019, Table 1",
        options: &["mean", "sum"],
        degree: Some(4.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::Class,
        config: PenaltyConfig::Covariance { scope: Scope::Class, reduction: MEAN },
    },
    Row {
        name: "vr",
        about: "variance of the units (VR)",
        formula: "1/I sum_i v_i",
        gradient: "2/(N I) (z_in - mu_i)",
        source: "Choi & Rhee 2019, Table 1",
        options: &["mean", "sum"],
        degree: Some(2.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::All,
        config: PenaltyConfig::Variance { scope: Scope::All, reduction: MEAN },
    },
    Row {
        name: "cw-vr",
        about: "variance of the units within each class (cw-VR): drives neural collapse NC1",
        formula: "1/(K I) sum_k sum_i v^k_i",
        gradient: "2/(K I |S_k|) (z_in - mu^k_i)",
        source: "Choi & Rhee 2019, Table 1",
        options: &["mean", "sum"],
        degree: Some(2.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::Class,
        config: PenaltyConfig::Variance { scope: Scope::Class, reduction: MEAN },
    },
    Row {
        name: "rr",
        about: "stable rank of the activations, uncentred (RR), by its lower bound or by the spectral norm",
        formula: "F/(A B), F = sum z_in^2, A = max_i sum_n |z_in|, B = max_n sum_i |z_in|",
        gradient: "2 z_in/(A B) - F sign(z_in)/(A B) ([i = i*]/A + [n = n*]/B)",
        source: "Choi et al. 2018, eq. 9 (spectral: eq. 7)",
        options: &["holder", "spectral", "mean", "sum"],
        degree: Some(0.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::All,
        config: PenaltyConfig::Rank { scope: Scope::All, estimate: Estimate::Holder, reduction: MEAN },
    },
    Row {
        name: "cw-rr",
        about: "stable rank of each class's activations, uncentred (cw-RR)",
        formula: "1/K sum_k F^k/(A^k B^k)",
        gradient: "1/K of the gradient of rr over the rows of class k",
        source: "Choi et al. 2018, Table 5",
        options: &["holder", "spectral", "mean", "sum"],
        degree: Some(0.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::Class,
        config: PenaltyConfig::Rank { scope: Scope::Class, estimate: Estimate::Holder, reduction: MEAN },
    },
    Row {
        name: "lsigma",
        about: "absolute covariance with the variances (L-Sigma): few live, uncorrelated units",
        formula: "1/I^2 sum_ij |C_ij|",
        gradient: "2/(I^2 (N-1)) sum_j sign(C_ij) (z_jn - mu_j)",
        source: "Kageback & Mogren 2017, section 2",
        options: &["mean", "sum"],
        degree: Some(2.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::All,
        config: PenaltyConfig::LSigma { reduction: MEAN },
    },
    Row {
        name: "pairwise",
        about: "covariance between units of a bottleneck; signed has no lower bound and can diverge",
        formula: "sum_{i!=j} c_ij (signed), |c_ij| (absolute), c_ij^2 (squared)",
        gradient: "2/N sum_{j!=i} (z_jn - mu_j); absolute: times sign(c_ij); squared: times 2 c_ij",
        source: "Laakom et al. 2022, eq. 3",
        options: &["signed", "absolute", "squared", "mean", "sum"],
        degree: Some(2.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::All,
        config: PenaltyConfig::Pairwise { form: Form::Signed, reduction: SUM },
    },
    Row {
        name: "decov",
        about: "half the sum of squared covariances (DeCov): cr:sum times 1/2",
        formula: "1/2 sum_{i!=j} c_ij^2",
        gradient: "2/N sum_{j!=i} c_ij (z_jn - mu_j)",
        source: "Cogswell et al. 2016, eq. 2; the gradient printed there is too small by 2",
        options: &[],
        degree: Some(4.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::All,
        config: PenaltyConfig::DeCov,
    },
    Row {
        name: "xcov",
        about: "squared cross-covariance between groups of units (XCov): separates hidden factors",
        formula: "1/2 sum_{i in Y, j in Z} c_ij^2, over all pairs of groups Y, Z",
        gradient: "1/N sum_{j in other groups} c_ij (z_jn - mu_j)",
        source: "Cheung et al. 2014, eqs. 6 to 8",
        options: &["GROUPS such as 0-9/10-11", "mean", "sum"],
        degree: Some(4.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::All,
        config: PenaltyConfig::XCov { groups: None, reduction: SUM },
    },
    Row {
        name: "variance-hinge",
        about: "keeps each unit's standard deviation above 1 (VICReg's variance term)",
        formula: "1/I sum_i max(0, 1 - sqrt(C_ii + 1e-4))",
        gradient: "-(z_in - mu_i)/(I (N-1) sqrt(C_ii + 1e-4)) where the square root is below 1",
        source: "Bardes et al. 2022, eq. 1",
        options: &["mean", "sum"],
        degree: None,
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::All,
        config: PenaltyConfig::VarianceHinge { reduction: MEAN },
    },
    Row {
        name: "vicreg-covariance",
        about: "squared covariance between units as VICReg scales it",
        formula: "1/I sum_{i!=j} C_ij^2",
        gradient: "4/(I (N-1)) sum_{j!=i} C_ij (z_jn - mu_j)",
        source: "Bardes et al. 2022, eq. 4",
        options: &["mean", "sum"],
        degree: Some(4.0),
        takes: Takes::Weight,
        target: Target::Activations,
        scope: Scope::All,
        config: PenaltyConfig::VicregCovariance { reduction: MEAN },
    },
    Row {
        name: "l1w",
        about: "size of the layer's weights (L1W)",
        formula: "sum |W|",
        gradient: "sign(W)",
        source: "Choi & Rhee 2019, p. 5",
        options: &[],
        degree: Some(1.0),
        takes: Takes::Weight,
        target: Target::Weights,
        scope: Scope::All,
        config: PenaltyConfig::L1Weight,
    },
    Row {
        name: "l2w",
        about: "squared size of the layer's weights (L2W)",
        formula: "sum W^2",
        gradient: "2 W",
        source: "Choi & Rhee 2019, p. 5",
        options: &[],
        degree: Some(2.0),
        takes: Takes::Weight,
        target: Target::Weights,
        scope: Scope::All,
        config: PenaltyConfig::L2Weight,
    },
    Row {
        name: "dropout",
        about: "dropout after the layer, with a rate in place of a weight",
        formula: "none: a layer",
        gradient: "none: a layer",
        source: "Choi et al. 2018, section 6",
        options: &[],
        degree: None,
        takes: Takes::Rate,
        target: Target::Layer,
        scope: Scope::All,
        config: PenaltyConfig::Dropout,
    },
    Row {
        name: "bn",
        about: "batch normalisation at the layer; takes no weight",
        formula: "none: a layer",
        gradient: "none: a layer",
        source: "Choi et al. 2018, section 6",
        options: &[],
        degree: None,
        takes: Takes::Nothing,
        target: Target::Layer,
        scope: Scope::All,
        config: PenaltyConfig::BatchNorm,
    },
];
