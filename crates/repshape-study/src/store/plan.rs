//! A folder becomes a study.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::lock::Lock;
use super::{Access, Store, folder};
use crate::canonical::first_difference;
use crate::error::Error;
use crate::manifest::{Manifest, sha256};

impl Store {
    /// Plans a study in a folder that is new or empty, and opens it alone.
    ///
    /// The checksum is written first: a study is there from the moment its `manifest.jsonl` is. A plan that was cut off
    /// before that can be made again.
    ///
    /// # Errors
    /// [`Error::NotEmpty`] where the folder holds anything; [`Error::InUse`]; [`Error::Io`].
    pub fn plan(root: &Path, manifest: &Manifest) -> Result<Self, Error> {
        refuse_unless_empty(root)?;
        folder::create(root)?;
        let lock = Lock::exclusive(root)?;
        refuse_unless_empty(root)?;
        let text = manifest.to_jsonl()?;
        let sum = format!("{}  manifest.jsonl\n", sha256(text.as_bytes()));
        folder::replace(&root.join("manifest.sha256"), sum.as_bytes())?;
        folder::replace(&root.join("manifest.jsonl"), text.as_bytes())?;
        Self::open_under(root, Some(lock))
    }

    /// Goes on with the study of this spec where the folder holds it, else plans it there: what `--resume` does.
    ///
    /// The chunks of a study that is there stay as they were planned.
    ///
    /// # Errors
    /// [`Error::OtherStudy`] with the first field that differs; those of [`Store::plan`] and [`Store::open`].
    pub fn plan_or_open(root: &Path, manifest: &Manifest) -> Result<Self, Error> {
        if !root.join("manifest.jsonl").exists() {
            return Self::plan(root, manifest);
        }
        let store = Self::open(root, Access::Exclusive)?;
        let spec = |m: &Manifest| serde_json::to_value(m.spec()).unwrap_or(Value::Null);
        let ids = |m: &Manifest| m.runs().iter().map(|r| r.run_id.clone()).collect::<Vec<_>>();
        let difference = match first_difference(&spec(store.manifest()), &spec(manifest)) {
            None if ids(store.manifest()) == ids(manifest) => return Ok(store),
            None => "it was planned by another version of this program".to_owned(),
            Some(difference) => difference,
        };
        Err(Error::OtherStudy { path: root.to_path_buf(), difference })
    }
}

/// A folder with the remains of a plan that was cut off counts as empty.
fn refuse_unless_empty(root: &Path) -> Result<(), Error> {
    let entries = match fs::read_dir(root) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(Error::io(root, "list"))?,
    };
    for entry in entries {
        let name = entry.map_err(Error::io(root, "list"))?.file_name();
        let name = name.to_string_lossy();
        let remains = name == "lock"
            || name == "manifest.sha256"
            || name.starts_with("manifest.sha256.tmp")
            || name.starts_with("manifest.jsonl.tmp");
        if !remains {
            return Err(Error::NotEmpty(root.to_path_buf()));
        }
    }
    Ok(())
}
