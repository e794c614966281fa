//! `History`: what a monitor has measured so far.

/// The values of one probe.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The step after which it was taken, from 1 over the whole training.
    pub step: u64,
    /// The epoch of that step, from 1.
    pub epoch: usize,
    /// Site by site, in the order of [`History::sites`], every measure in the order of [`History::measures`]; `None`
    /// where it is undefined.
    pub values: Vec<Option<f64>>,
}

/// One value of a history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    /// The step.
    pub step: u64,
    /// Its epoch.
    pub epoch: usize,
    /// The site.
    pub site: &'a str,
    /// The measure.
    pub measure: &'static str,
    /// Its value; `None` where it is undefined.
    pub value: Option<f64>,
}

/// Every probe of a training, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    sites: Vec<String>,
    measures: Vec<&'static str>,
    probes: Vec<Probe>,
}

impl History {
    pub(super) const fn new(sites: Vec<String>, measures: Vec<&'static str>) -> Self {
        Self { sites, measures, probes: Vec::new() }
    }

    pub(super) fn push(&mut self, probe: Probe) {
        self.probes.push(probe);
    }

    /// The sites, in the order in which they were chosen.
    pub fn sites(&self) -> &[String] {
        &self.sites
    }

    /// The names of the measures.
    pub fn measures(&self) -> &[&'static str] {
        &self.measures
    }

    /// The probes.
    pub fn probes(&self) -> &[Probe] {
        &self.probes
    }

    /// The last probe; `None` before the first.
    pub fn last(&self) -> Option<&Probe> {
        self.probes.last()
    }

    /// The last value of a measure at a site; `None` if it is undefined, or there is no such site, measure or probe.
    pub fn latest(&self, site: &str, measure: &str) -> Option<f64> {
        self.last()?.values[self.place(site, measure)?]
    }

    /// The steps and values of one measure at one site; nothing if there is no such site or measure.
    pub fn series<'a>(&'a self, site: &str, measure: &str) -> impl Iterator<Item = (u64, Option<f64>)> + use<'a> {
        let place = self.place(site, measure);
        self.probes.iter().filter_map(move |probe| Some((probe.step, probe.values[place?])))
    }

    /// Every value: step, epoch, site, measure, value.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.probes.iter().flat_map(|probe| self.entries_of(probe))
    }

    /// Every value of one of the probes.
    pub fn entries_of<'a>(&'a self, probe: &'a Probe) -> impl Iterator<Item = Entry<'a>> {
        let places = self.sites.iter().flat_map(|site| self.measures.iter().map(move |measure| (site, *measure)));
        places.zip(&probe.values).map(|((site, measure), &value)| Entry {
            step: probe.step,
            epoch: probe.epoch,
            site,
            measure,
            value,
        })
    }

    fn place(&self, site: &str, measure: &str) -> Option<usize> {
        let site = self.sites.iter().position(|known| known == site)?;
        let measure = self.measures.iter().position(|known| *known == measure)?;
        Some(site * self.measures.len() + measure)
    }
}
