//! A matrix file, or one that arrives on standard input.

use std::path::Path;

use repshape_data::{
    Arrangement, MatrixOptions, Numbers, RowSource, format_of, open_matrix, open_matrix_from, prefetched,
};

use super::labels::RowLabels;
use super::{Representations, Site, SiteRows, arrange, arranged, block_rows, repeated};
use crate::cli::InputArgs;
use crate::failure::{Failure, Outcome};

/// A matrix as the only site of its file.
struct MatrixRows {
    source: Box<dyn RowSource>,
    shown: String,
    labels: Option<RowLabels>,
    arrangement: Arrangement,
    sites: [Site; 1],
    first_row: u64,
}

/// Opens a matrix; `-` is npy on standard input.
pub fn open(path: &Path, labels: Option<&Path>, args: &InputArgs) -> Outcome<impl Representations + use<>> {
    let stream = path == Path::new("-");
    let shown = if stream { "standard input".to_owned() } else { path.display().to_string() };
    let has_columns = !stream && format_of(path).is_ok_and(|format| format.columns);
    if let Some(column) = args.label_column.as_deref().filter(|_| !has_columns) {
        return Err(Failure::usage(format!(
            "{shown}: --label-column \"{column}\" belongs to tables with named columns (.csv, .tsv, .parquet); a matrix takes --labels"
        )));
    }
    let options = MatrixOptions { key: args.key.clone(), label_column: args.label_column.clone() };
    let source =
        if stream { open_matrix_from(Box::new(std::io::stdin()), &shown)? } else { open_matrix(path, &options)? };
    // a table may hold the labels of its own rows
    let labels = labels.or_else(|| args.label_column.as_ref().map(|_| path));
    let labels = labels
        .map(|file| RowLabels::read(file, args.classes, args.label_column.clone(), source.rows(), &shown))
        .transpose()?;
    let arrangement = arrange(args.layout, source.row_shape(), &shown)?;
    let site = Site {
        units: arrangement.units,
        rows_per_row: arrangement.rows_per_row,
        layout: (source.row_shape().len() > 1).then(|| arrangement.describe()),
        ..Site::default()
    };
    let at_once = block_rows(source.units());
    Ok(MatrixRows { source: prefetched(source, at_once), shown, labels, arrangement, sites: [site], first_row: 0 })
}

impl Representations for MatrixRows {
    fn source(&self) -> &str {
        &self.shown
    }

    fn sites(&self) -> &[Site] {
        &self.sites
    }

    fn rows(&self) -> Option<usize> {
        self.source.rows()
    }

    fn classes(&self) -> Option<usize> {
        self.labels.as_ref().map(|labels| labels.classes)
    }

    fn next(&mut self, rows: usize) -> Outcome<Option<Vec<SiteRows>>> {
        let mut block = Numbers::default();
        let read = self.source.next_numbers(&mut block, rows)?;
        if read == 0 {
            if let Some(labels) = &self.labels {
                labels.finish(&self.shown)?;
            }
            return Ok(None);
        }
        let times = self.arrangement.rows_per_row;
        let labels = match &mut self.labels {
            Some(labels) => Some(repeated(labels.take(read, &self.shown)?, times)),
            None => None,
        };
        let values = arranged(&self.arrangement, block);
        let first_row = self.first_row;
        self.first_row += (read * times) as u64;
        Ok(Some(vec![SiteRows { values, units: self.arrangement.units, labels, first_row }]))
    }
}
