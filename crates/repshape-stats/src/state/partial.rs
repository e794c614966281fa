//! `Partial`: what some shards of a data set gave, to be merged with what the others gave.

use std::collections::{BTreeMap, BTreeSet};

use super::Shard;
use super::wire::{Reader, Writer};
use crate::sample::Key;
use crate::{Sketch, StatsError};

/// The kind of file and its version.
const PARTIAL: [u8; 8] = *b"RSHPPT01";

/// The sketches of some shards of one data set, a sketch for each site, with the settings that made them.
///
/// Shards are merged in the order of their first rows, where those are known, else in the order given: the same
/// shards then give the same bits on any machine, and agree with one pass over all rows to 1e-9 relative. What was
/// merged can be merged again, and knows all its shards.
///
/// **The sample of rows** is keyed by row numbers in the whole data set. Where first rows are known it is that of one
/// pass. Where they are not, but every shard is small enough for its sample to hold all of its rows, they are numbered
/// anew, and it is that of one pass too. Otherwise each shard's rows are keyed with the hash of its content
/// ([`Sketch::of_shard`]): a sample as uniform as the other, but another one, and [`notes`](Self::notes) say so.
///
/// ```
/// use std::collections::BTreeMap;
/// use repshape_stats::{Block, Partial, PartialSite, Shard, Sketch, SketchConfig};
///
/// let part = |name: &str, z: &[f64], first_row| {
///     let mut sketch = Sketch::of_shard(&SketchConfig::new(2), name)?;
///     sketch.update(&Block::new(z, 2)?)?;
///     let shard = Shard { source: format!("{name}.npy"), content: name.into(), rows: sketch.rows(), first_row };
///     let site = PartialSite { site: None, layout: "flatten".into(), shards: vec![shard], sketch };
///     Partial::new(BTreeMap::new(), vec![site])
/// };
/// let (a, b) = (part("a", &[0.0, 1.0, 2.0, 0.5], None)?, part("b", &[3.0, 1.0], None)?);
/// let bytes = a.to_bytes();
/// let merged = Partial::merge_in_order(vec![Partial::from_bytes(&bytes)?, b.clone()])?;
/// assert_eq!(merged.sites()[0].sketch.rows(), 3);
/// let twice = Partial::merge_in_order(vec![b.clone(), b]).unwrap_err();
/// assert!(twice.to_string().contains("b.npy and b.npy cannot be merged: they have the same content"));
/// # Ok::<(), repshape_stats::StatsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Partial {
    settings: BTreeMap<String, String>,
    sites: Vec<PartialSite>,
}

/// One site of a partial state.
#[derive(Debug, Clone)]
pub struct PartialSite {
    /// Its name in the model; `None` for a matrix.
    pub site: Option<String>,
    /// How its values became rows and units.
    pub layout: String,
    /// The shards it has seen, in their order.
    pub shards: Vec<Shard>,
    /// What was kept of their rows.
    pub sketch: Sketch,
}

impl Partial {
    /// A partial state of these sites. `settings` are whatever the parts must agree on beyond what a sketch keeps, by
    /// name: the model, the transformation of the data, the names of the classes.
    ///
    /// # Errors
    /// If there is no site or a name comes twice, a site has no shard, one shard twice, other rows than its sketch, gaps
    /// between its first rows, or a sample with row numbers that do not fit.
    pub fn new(settings: BTreeMap<String, String>, sites: Vec<PartialSite>) -> Result<Self, StatsError> {
        let wrong = |found: String, expected: &str| {
            Err(StatsError::State { part: "partial state", found, expected: expected.to_owned() })
        };
        if sites.is_empty() {
            return wrong("no sites".to_owned(), "at least 1");
        }
        let mut names = BTreeSet::new();
        for site in &sites {
            if !names.insert(&site.site) {
                return wrong(format!("{} twice", site.shown()), "each site once");
            }
            site.check()?;
        }
        Ok(Self { settings, sites })
    }

    /// The settings that all parts agree on.
    #[must_use]
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.settings
    }

    /// The sites, at least one.
    #[must_use]
    pub fn sites(&self) -> &[PartialSite] {
        &self.sites
    }

    /// The sites, to be measured.
    #[must_use]
    pub fn into_sites(self) -> Vec<PartialSite> {
        self.sites
    }

    /// What a reader of numbers from the merged sketches should know; the same for every site.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let salted =
            self.sites.iter().any(|site| site.sketch.sample().key() != Key::Seed && !site.sketch.samples_every_row());
        let note = "mi over another sample of rows than one pass over all shards would draw: \
                    where each shard begins was not said (--first-row says it)";
        if salted { vec![note.to_owned()] } else { Vec::new() }
    }

    /// All shards as one, by the order of their first rows where all are known, else in the order given.
    ///
    /// # Errors
    /// If nothing is given; if settings, sites, layouts or what the sketches keep differ (the error says field and
    /// values); if two shards have the same content, or rows that overlap or leave a gap, or only one says its first row.
    pub fn merge_in_order(parts: Vec<Self>) -> Result<Self, StatsError> {
        let mut parts = parts;
        if let Some(site) = parts.first().and_then(|first| {
            let known = |site: &&PartialSite| parts.iter().all(|part| part.rows_of(&site.site).is_some());
            first.sites.iter().find(known).map(|site| site.site.clone())
        }) {
            parts.sort_by_key(|part| part.rows_of(&site));
        }
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else {
            return Err(StatsError::State {
                part: "merge",
                found: "no partial states".to_owned(),
                expected: "at least 1".to_owned(),
            });
        };
        let mut of_site: Vec<Vec<PartialSite>> = first.sites.into_iter().map(|site| vec![site]).collect();
        for part in parts {
            agree(&first.settings, &of_site, &part)?;
            for site in part.sites {
                // `agree` has found each of them
                if let Some(same) = of_site.iter_mut().find(|sites| sites[0].site == site.site) {
                    same.push(site);
                }
            }
        }
        let sites = of_site.into_iter().map(PartialSite::merge).collect::<Result<_, _>>()?;
        Self::new(first.settings, sites)
    }

    /// Where the rows of a site begin and end, if that is known.
    fn rows_of(&self, site: &Option<String>) -> Option<(u64, u64)> {
        let of = self.sites.iter().find(|of| of.site == *site)?;
        Some((of.shards.first()?.first_row?, of.shards.last()?.end()?))
    }

    /// The content of a state file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.part(*b"SETT", |to| {
            to.size(self.settings.len());
            for (name, value) in &self.settings {
                to.text(name);
                to.text(value);
            }
        });
        to.size(self.sites.len());
        for site in &self.sites {
            to.part(*b"SITE", |to| site.write(to));
        }
        to.sealed(PARTIAL)
    }

    /// The partial state whose [`to_bytes`](Self::to_bytes) these are, to the last bit.
    ///
    /// # Errors
    /// If the bytes are damaged, of another version, or nothing that shards could have given; the error names the part.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut from = Reader::unsealed(bytes, PARTIAL, "partial state")?;
        let settings = from.part(*b"SETT", "settings of a partial state", |from| {
            let count = from.count(16)?;
            let settings = (0..count).map(|_| Ok((from.text()?, from.text()?))).collect::<Result<_, StatsError>>()?;
            Ok(settings)
        })?;
        let count = from.count(12)?;
        let mut sites = Vec::new();
        for _ in 0..count {
            sites.push(from.part(*b"SITE", "site of a partial state", PartialSite::read)?);
        }
        from.end()?;
        Self::new(settings, sites)
    }
}

/// Whether a part can join others: equal settings, the same sites with equal layouts and configurations.
fn agree(settings: &BTreeMap<String, String>, of_site: &[Vec<PartialSite>], part: &Partial) -> Result<(), StatsError> {
    let (mine, theirs) = (of_site[0][0].source(), part.sites[0].source());
    let names: BTreeSet<&String> = settings.keys().chain(part.settings.keys()).collect();
    for name in names {
        let (left, right) = (settings.get(name), part.settings.get(name));
        if left != right {
            let shown =
                |value: Option<&String>| value.map_or_else(|| "not set".to_owned(), |value| format!("\"{value}\""));
            return Err(cannot(&mine, &theirs, format!("{name} is {} and {}", shown(left), shown(right))));
        }
    }
    for sites in of_site {
        let Some(other) = part.sites.iter().find(|other| other.site == sites[0].site) else {
            return Err(cannot(&mine, &theirs, format!("only the first has {}", sites[0].shown())));
        };
        if other.layout != sites[0].layout {
            let reason = format!("the layout of {} is \"{}\" and \"{}\"", other.shown(), sites[0].layout, other.layout);
            return Err(cannot(&mine, &theirs, reason));
        }
        sites[0].sketch.config().check_equal(other.sketch.config()).map_err(|error| match error {
            StatsError::Merge { field, left, right } => {
                cannot(&mine, &theirs, format!("{field} of {} is {left} and {right}", other.shown()))
            }
            other => other,
        })?;
    }
    match part.sites.iter().find(|site| !of_site.iter().any(|sites| sites[0].site == site.site)) {
        Some(site) => Err(cannot(&mine, &theirs, format!("only the second has {}", site.shown()))),
        None => Ok(()),
    }
}

fn cannot(first: &str, second: &str, reason: String) -> StatsError {
    StatsError::Shards { first: first.to_owned(), second: second.to_owned(), reason }
}

impl PartialSite {
    fn shown(&self) -> String {
        self.site.as_ref().map_or_else(|| "the matrix".to_owned(), |site| format!("site \"{site}\""))
    }

    fn source(&self) -> String {
        self.shards.first().map_or_else(String::new, |shard| shard.source.clone())
    }

    /// Whether shards, rows and sample fit together.
    fn check(&self) -> Result<(), StatsError> {
        let wrong = |found: String, expected: String| {
            Err(StatsError::State { part: "shards of a partial state", found, expected })
        };
        if self.shards.is_empty() {
            return wrong(format!("none of {}", self.shown()), "at least 1".to_owned());
        }
        let rows: u128 = self.shards.iter().map(|shard| u128::from(shard.rows)).sum();
        if rows != u128::from(self.sketch.rows()) {
            return wrong(format!("{rows} rows of {}", self.shown()), self.sketch.rows().to_string());
        }
        let mut by_content: BTreeMap<&str, &Shard> = BTreeMap::new();
        for shard in &self.shards {
            if let Some(other) = by_content.insert(&shard.content, shard) {
                let reason = format!("they have the same content ({}), and each shard counts once", shard.content);
                return Err(cannot(&other.source, &shard.source, reason));
            }
        }
        for pair in self.shards.windows(2) {
            follows(&pair[0], &pair[1])?;
        }
        let start = self.shards[0].first_row.unwrap_or(0);
        let Some(end) = start.checked_add(self.sketch.rows()) else {
            return wrong(format!("first row {start}"), "rows up to 2^64".to_owned());
        };
        let mut indices: Vec<u64> = self.sketch.sample().indices().collect();
        indices.sort_unstable();
        let inside = indices.iter().all(|row| (start..end).contains(row));
        if !inside || indices.windows(2).any(|pair| pair[0] == pair[1]) {
            return wrong(
                format!("other row numbers in the sample of {}", self.shown()),
                format!("each once, from {start} to below {end}"),
            );
        }
        let key = self.sketch.sample().key();
        let keyed = match (self.shards.as_slice(), self.shards[0].first_row) {
            _ if self.sketch.samples_every_row() => true,
            (_, Some(_)) => key == Key::Seed,
            ([shard], None) => key == Key::Seed || key == Key::of_shard(&shard.content),
            (_, None) => true,
        };
        if !keyed {
            return wrong(
                format!("a sample of {} keyed otherwise", self.shown()),
                "the seed alone if the first row is known, else the content of the shard".to_owned(),
            );
        }
        Ok(())
    }

    /// All of them as one, in the order given.
    fn merge(parts: Vec<Self>) -> Result<Self, StatsError> {
        let mut parts = parts;
        for at in 1..parts.len() {
            let (before, after) = (&parts[at - 1], &parts[at]);
            if let (Some(before), Some(after)) = (before.shards.last(), after.shards.first()) {
                follows(before, after)?;
            }
        }
        if parts.len() > 1 && parts[0].shards[0].first_row.is_none() {
            number(&mut parts)?;
        }
        let mut parts = parts.into_iter();
        let Some(mut merged) = parts.next() else {
            return Err(StatsError::State {
                part: "merge",
                found: "no partial states".to_owned(),
                expected: "at least 1".to_owned(),
            });
        };
        for part in parts {
            merged.sketch.merge(part.sketch)?;
            merged.shards.extend(part.shards);
        }
        merged.check()?;
        Ok(merged)
    }

    fn write(&self, to: &mut Writer) {
        to.option(self.site.as_deref(), Writer::text);
        to.text(&self.layout);
        to.size(self.shards.len());
        self.shards.iter().for_each(|shard| shard.write(to));
        self.sketch.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, StatsError> {
        let (site, layout) = (from.option(Reader::text)?, from.text()?);
        let count = from.count(Shard::LEAST)?;
        let shards = (0..count).map(|_| Shard::read(from)).collect::<Result<_, _>>()?;
        Ok(Self { site, layout, shards, sketch: Sketch::read(from)? })
    }
}

/// Whether the rows of one shard are followed by those of the next, as far as either says.
fn follows(before: &Shard, after: &Shard) -> Result<(), StatsError> {
    let reason = match (before.end(), after.first_row) {
        (None, None) => return Ok(()),
        (Some(end), Some(first)) if end == first => return Ok(()),
        (Some(end), Some(first)) => {
            let how = if first < end { "overlap" } else { "leave a gap" };
            let start = before.first_row.unwrap_or(0);
            format!("their rows {how}: {start} to below {end}, then {first} to below {}", after.end().unwrap_or(first))
        }
        _ => "only one of them says its first row; say it for every shard, or for none".to_owned(),
    };
    Err(cannot(&before.source, &after.source, reason))
}

/// Numbers the rows of samples of parts that do not know where they begin, one part after the other.
fn number(parts: &mut [PartialSite]) -> Result<(), StatsError> {
    let whole = |part: &PartialSite| part.sketch.samples_every_row();
    let by_seed = |part: &PartialSite| part.sketch.sample().key() == Key::Seed;
    // a part whose sample dropped rows by numbers from 0 can only be the beginning
    let exact = (whole(&parts[0]) || by_seed(&parts[0])) && parts[1..].iter().all(whole);
    if !exact {
        let mut numbered = parts.iter().filter(|part| !whole(part) && by_seed(part));
        if let (Some(first), Some(second)) = (numbered.next(), numbered.next()) {
            let reason = "both keep a sample by row numbers from 0, so their samples depend on one another; \
                          merge all shards at once, or say the first row of each (--first-row)";
            return Err(cannot(&first.source(), &second.source(), reason.to_owned()));
        }
    }
    let mut start = 0;
    for part in parts {
        let seed = part.sketch.config().seed;
        let rows = part.sketch.rows();
        if exact {
            part.sketch.sample_mut().renumber(Key::Seed, |row, _| (start + row, Key::Seed.hash(seed, start + row)));
        } else if whole(part) {
            // each row by its own shard, as if it had been merged alone
            let ends: Vec<u64> = part
                .shards
                .iter()
                .scan(0, |end, shard| {
                    *end += shard.rows;
                    Some(*end)
                })
                .collect();
            let keys: Vec<Key> = part.shards.iter().map(|shard| Key::of_shard(&shard.content)).collect();
            part.sketch.sample_mut().renumber(Key::Shards, |row, _| {
                let shard = ends.partition_point(|end| *end <= row);
                let own = row - if shard == 0 { 0 } else { ends[shard - 1] };
                (start + row, keys[shard].hash(seed, own))
            });
        } else {
            part.sketch.sample_mut().renumber(Key::Shards, |row, hash| (start + row, hash));
        }
        start += rows;
    }
    Ok(())
}
