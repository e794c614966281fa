//! `--save-activations`: what was measured, as npy files whose number of rows is known at the end only.

use std::fs::File;
use std::io::{BufWriter, Seek, Write, copy};
use std::path::{Path, PathBuf};

use repshape_data::Numbers;
use repshape_data::write::{npy_header, write_atomic, write_npy};

use crate::failure::{Exit, Failure, Outcome};
use crate::representations::{Site, SiteRows};

/// One file for each site, and the labels.
pub struct Files {
    folder: PathBuf,
    sites: Vec<SiteFile>,
    labels: Vec<u32>,
}

/// The values of a site so far, in a file without a name.
struct SiteFile {
    path: PathBuf,
    values: BufWriter<File>,
    shape: [usize; 2],
    element: &'static str,
}

impl Files {
    /// For the sites of an input, in an existing folder.
    pub fn create(folder: &Path, sites: &[Site]) -> Outcome<Self> {
        let create = |site: &Site| {
            // a site's name may hold what no file name does
            let name = site.name.as_deref().unwrap_or("z").replace(['/', '\\', ':', '\0'], "_");
            let path = folder.join(format!("{}.npy", name.trim_start_matches('.')));
            let values =
                BufWriter::with_capacity(1 << 18, tempfile::tempfile().map_err(|error| failed(&path, &error))?);
            Ok(SiteFile { path, values, shape: [0, site.units], element: "<f4" })
        };
        let sites: Vec<SiteFile> = sites.iter().map(create).collect::<Outcome<_>>()?;
        let mut paths: Vec<&PathBuf> = sites.iter().map(|site| &site.path).collect();
        paths.sort();
        if let Some(pair) = paths.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Failure::usage(format!(
                "--save-activations: two sites would both be written to {}; choose one of them by --site",
                pair[0].display()
            )));
        }
        Ok(Self { folder: folder.to_owned(), sites, labels: Vec::new() })
    }

    /// Appends rows of every site.
    pub fn append(&mut self, blocks: &[SiteRows]) -> Outcome {
        for (site, block) in self.sites.iter_mut().zip(blocks) {
            site.shape[0] += block.rows();
            let written = match &block.values {
                Numbers::F32(values) => values.iter().try_for_each(|v| site.values.write_all(&v.to_le_bytes())),
                Numbers::F64(values) => {
                    site.element = "<f8";
                    values.iter().try_for_each(|v| site.values.write_all(&v.to_le_bytes()))
                }
            };
            written.map_err(|error| failed(&site.path, &error))?;
        }
        if let Some(labels) = blocks.first().and_then(|block| block.labels.as_ref()) {
            self.labels.extend(labels);
        }
        Ok(())
    }

    /// Gives every file its header and its name.
    pub fn finish(self) -> Outcome {
        for site in self.sites {
            let mut values = site.values.into_inner().map_err(|error| failed(&site.path, &error.into_error()))?;
            write_atomic(&site.path, |out| {
                out.write_all(&npy_header(site.element, &site.shape))?;
                values.rewind()?;
                copy(&mut values, out).map(drop)
            })?;
        }
        if self.labels.is_empty() {
            return Ok(());
        }
        Ok(write_npy(&self.folder.join("labels.npy"), &[self.labels.len()], &self.labels)?)
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    let full = error.kind() == std::io::ErrorKind::StorageFull;
    let exit = if full { Exit::Retry } else { Exit::Usage };
    Failure::new(exit, format!("{}: cannot be written: {error}", path.display()))
}
