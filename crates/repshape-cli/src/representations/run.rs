//! The sites of a run folder, over the rows that the run was tested or trained on.

use std::path::Path;

use repshape::batch::batch;
use repshape::burn::module::Module;
use repshape::burn::tensor::{Device, Tensor};
use repshape::network::{Mlp, Network, Site as NetworkSite};
use repshape::representation::{class_means, head};
use repshape::task::Target;
use repshape_data::{Examples, Numbers, Train};

use super::{Representations, Site, SiteRows};
use crate::cli::{InputArgs, Part};
use crate::failure::{Failure, Outcome};
use crate::run_folder::RunFolder;

/// A run's network, the rows it was trained on and those that are read.
struct RunRows {
    shown: String,
    network: Mlp,
    train: Train,
    rows: Examples,
    sites: Vec<Site>,
    next: usize,
}

/// Opens a run folder at the sites that were named, or else at those that the run measured.
pub fn open(path: &Path, args: &InputArgs) -> Outcome<impl Representations + use<>> {
    let run = RunFolder::open(path)?;
    let shown = path.display().to_string();
    let known = run.spec.network.site_names();
    let mut names = if args.sites.is_empty() { run.spec.measured_sites() } else { Vec::new() };
    for glob in &args.sites {
        let matching: Vec<&String> = known.iter().filter(|name| repshape_onnx::glob_matches(glob, name)).collect();
        if matching.is_empty() {
            return Err(Failure::usage(format!(
                "{shown}: the network has no site \"{glob}\"{}; its sites are {}",
                repshape::nearest::suggestion(glob, known.iter().map(String::as_str)),
                known.join(", ")
            )));
        }
        names.extend(matching.into_iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
    }
    let (network, tuning, test) = run.load()?;
    let train = tuning.train;
    let rows = match args.rows {
        Part::Test => Examples::clone(&test),
        Part::Train => Examples::clone(&train),
    };
    let network = network.valid();
    let mut sites = Vec::new();
    for known in network.sites().into_iter().filter(|site| names.contains(&site.name)) {
        let head = head(&network, &known.name);
        sites.push(Site { name: Some(known.name), units: known.units, rows_per_row: 1, head, ..Site::default() });
    }
    Ok(RunRows { sites, shown, network, train, rows, next: 0 })
}

impl Representations for RunRows {
    fn source(&self) -> &str {
        &self.shown
    }

    fn sites(&self) -> &[Site] {
        &self.sites
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows.rows())
    }

    fn classes(&self) -> Option<usize> {
        self.rows.classes()
    }

    fn class_means(&self, site: usize) -> Outcome<Option<Vec<f64>>> {
        let site = self.sites[site].name.as_deref().unwrap_or_default();
        Ok(class_means(&self.network, &self.train, site, &Device::flex())?)
    }

    fn next(&mut self, rows: usize) -> Outcome<Option<Vec<SiteRows>>> {
        let from = self.next;
        self.next = self.rows.rows().min(from + rows);
        if from == self.next {
            return Ok(None);
        }
        let indices: Vec<u32> = (from as u32..self.next as u32).collect();
        let labels = self.rows.labels().map(|labels| labels[from..self.next].to_vec());
        let mut found: Vec<Option<SiteRows>> = vec![None; self.sites.len()];
        let input = batch(&self.rows, &indices, Target::Input, &Device::flex(), false).input;
        let _ = self.network.forward_tapped(input, &mut |site: &NetworkSite, z: Tensor<2>| {
            if let Some(at) = self.sites.iter().position(|one| one.name.as_deref() == Some(&site.name)) {
                let values = z.to_data().as_slice::<f32>().unwrap_or_default().to_vec();
                let labels = labels.clone();
                found[at] =
                    Some(SiteRows { values: Numbers::F32(values), units: site.units, labels, first_row: from as u64 });
            }
            z
        });
        Ok(Some(found.into_iter().flatten().collect()))
    }
}
