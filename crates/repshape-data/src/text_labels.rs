//! Labels that are texts: each different one is a class, in sorted order, unless all are numbers.

use std::collections::BTreeMap;

use crate::Result;
use crate::csv::number;
use crate::error::{DataError, thousands};
use crate::labels::{LabelOptions, Labels, MAX_CLASSES, count, expect_rows, label};

/// The texts of all rows, each different one once.
#[derive(Default)]
pub(crate) struct TextLabels {
    /// Each with its number in order of appearance and its first row or line.
    texts: BTreeMap<String, (u32, u64)>,
    rows: Vec<u32>,
}

impl TextLabels {
    /// The next row's text, which stands at this row or line.
    ///
    /// # Errors
    ///
    /// In words, without the place: an empty text, too many different ones.
    pub(crate) fn push(&mut self, text: &str, place: u64) -> Result<(), String> {
        let id = match self.texts.get(text) {
            Some(&(id, _)) => id,
            None if text.is_empty() => return Err("has no label: its text is empty".to_owned()),
            None if self.texts.len() > MAX_CLASSES => {
                return Err(format!("is beyond {} different labels", thousands(MAX_CLASSES as u64)));
            }
            None => {
                let id = self.texts.len() as u32;
                self.texts.insert(text.to_owned(), (id, place));
                id
            }
        };
        self.rows.push(id);
        Ok(())
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Takes away the first row if its text alone is no number: it names the column.
    pub(crate) fn remove_name(&mut self) {
        let words: Vec<&String> = self.texts.keys().filter(|text| number(text).is_none()).collect();
        if let [word] = words.as_slice()
            && self.texts.len() > 1
            && self.texts.get(*word).is_some_and(|(id, _)| *id == 0)
            && self.rows.iter().filter(|&&id| id == 0).count() == 1
        {
            let word = (*word).clone();
            self.texts.remove(&word);
            self.rows.remove(0);
        }
    }

    /// One class for each row; `place` is what the numbers given to [`TextLabels::push`] count: row or line.
    pub(crate) fn finish(self, name: &str, place: &str, options: &LabelOptions) -> Result<Labels> {
        expect_rows(name, self.rows.len(), options)?;
        // numbers were given in order of appearance, one of them perhaps to a name that was taken away
        let mut class_of = vec![0; self.texts.len() + 1];
        let mut names = None;
        if self.texts.keys().any(|text| number(text).is_none()) {
            if let Some(classes) = options.classes
                && self.texts.len() > classes
            {
                let some: Vec<&str> = self.texts.keys().take(classes + 1).take(12).map(String::as_str).collect();
                let (found, some) = (self.texts.len(), some.join(", "));
                let problem = format!("has {found} different labels ({some}, ...), but --classes is {classes}");
                return Err(DataError::file(name, problem));
            }
            for (class, (id, _)) in self.texts.values().enumerate() {
                class_of[*id as usize] = class as u32;
            }
            names = Some(self.texts.into_keys().collect());
        } else {
            let mut in_order: Vec<_> = self.texts.iter().collect();
            in_order.sort_by_key(|(_, (id, _))| *id);
            for (text, (id, at)) in in_order {
                class_of[*id as usize] = label(number(text).unwrap_or(f64::NAN), options.classes)
                    .map_err(|problem| DataError::file(name, format!("{place} {at} {problem}")))?;
            }
        }
        let values: Vec<u32> = self.rows.iter().map(|&id| class_of[id as usize]).collect();
        Ok(Labels { classes: count(&values, options), values, names })
    }
}
