//! What a model is run on: the rows of a data set, or of one array for each of its inputs.

use std::path::Path;

use rand_distr::{Distribution, StandardNormal};
use repshape_data::{
    DataSpec, Examples, Hold, MatrixOptions, Purpose, RowSource, SOURCES, SplitSpec, format_of, keys, open_matrix,
    stream,
};
use repshape_onnx::{Data, Dim, Input, Model, Tensor};

use super::labels::RowLabels;
use crate::cli::{InputArgs, Noise, Part};
use crate::command::data;
use crate::failure::{Failure, Outcome};

/// Rows for every input of a model, front to back.
pub struct Feed {
    /// What it is called in messages.
    name: String,
    inputs: Vec<Input>,
    source: Source,
    read: usize,
    /// Rows that were looked at and not yet taken, for each input.
    ahead: Vec<Vec<f64>>,
    ahead_rows: usize,
}

enum Source {
    /// Rows of a data set; the model has one input.
    Set { rows: Box<Examples>, next: usize },
    /// One array for each input.
    Files(Vec<Box<dyn RowSource>>),
    /// One array of random values for each input.
    Noise { arrays: Vec<Drawn>, rows: usize, next: usize },
}

/// Random rows.
struct Drawn {
    values: Vec<f64>,
    row_shape: Vec<usize>,
}

/// Most values of noise for one input: 512 MiB.
const NOISE_VALUES: usize = 1 << 26;

impl Feed {
    /// The rows that `--data` names, or noise where it was asked for.
    pub fn open(model: &Model, args: &InputArgs) -> Outcome<Self> {
        let inputs = model.inputs().to_vec();
        let (name, source) = match (&args.data, args.noise) {
            (Some(data), _) => (data.clone(), Source::named(data, model, args)?),
            (None, Some(noise)) => ("noise".to_owned(), Source::noise(model, noise)?),
            (None, None) => {
                return Err(Failure::usage(format!(
                    "{}: a model is run on --data: mnist=DIR or another data set, a matrix file, or a .safetensors or .npz file with one array for each of its inputs ({})",
                    model.name(),
                    listed(&inputs)
                )));
            }
        };
        let feed = Self { ahead: vec![Vec::new(); inputs.len()], name, inputs, source, read: 0, ahead_rows: 0 };
        feed.check(model.name())?;
        Ok(feed)
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows.
    pub fn rows(&self) -> Option<usize> {
        match &self.source {
            Source::Set { rows, .. } => Some(rows.rows()),
            Source::Files(files) => files.first().and_then(|file| file.rows()),
            Source::Noise { rows, .. } => Some(*rows),
        }
    }

    /// Number of rows taken.
    pub fn read(&self) -> usize {
        self.read
    }

    /// The labels that came with the rows.
    pub fn labels(&self) -> Option<RowLabels> {
        match &self.source {
            Source::Set { rows, .. } => Some(RowLabels::of(rows.labels()?, rows.classes()?)),
            Source::Files(_) | Source::Noise { .. } => None,
        }
    }

    /// The next rows, at most so many, which stay to be taken.
    pub fn peek(&mut self, rows: usize) -> Outcome<Vec<(String, Tensor)>> {
        self.fill(rows)?;
        self.tensors(rows.min(self.ahead_rows))
    }

    /// The next rows, at most so many.
    pub fn take(&mut self, rows: usize) -> Outcome<Vec<(String, Tensor)>> {
        self.fill(rows)?;
        let rows = rows.min(self.ahead_rows);
        let tensors = self.tensors(rows)?;
        for (values, shape) in self.ahead.iter_mut().zip(self.source.row_shapes()) {
            values.drain(..rows * shape.iter().product::<usize>());
        }
        self.ahead_rows -= rows;
        self.read += rows;
        Ok(tensors)
    }

    fn fill(&mut self, rows: usize) -> Outcome {
        let missing = rows.saturating_sub(self.ahead_rows);
        if missing == 0 {
            return Ok(());
        }
        match &mut self.source {
            Source::Set { rows: examples, next } => {
                let more = missing.min(examples.rows() - *next);
                for row in *next..*next + more {
                    self.ahead[0].extend(examples.row(row).iter().map(|&v| f64::from(v)));
                }
                *next += more;
                self.ahead_rows += more;
            }
            Source::Noise { arrays, rows, next } => {
                let more = missing.min(*rows - *next);
                for (array, ahead) in arrays.iter().zip(&mut self.ahead) {
                    let row = array.row_shape.iter().product::<usize>();
                    ahead.extend_from_slice(&array.values[*next * row..(*next + more) * row]);
                }
                *next += more;
                self.ahead_rows += more;
            }
            Source::Files(files) => {
                let mut block = Vec::new();
                let mut found = Vec::new();
                for (file, ahead) in files.iter_mut().zip(&mut self.ahead) {
                    found.push(file.next_block(&mut block, missing)?);
                    if found.last() > Some(&0) {
                        ahead.extend_from_slice(&block);
                    }
                }
                if let Some(at) = found.iter().position(|n| *n != found[0]) {
                    return Err(Failure::usage(format!(
                        "{} has another number of rows than {}; expected one row of each input for every row",
                        files[at].name(),
                        files[0].name()
                    )));
                }
                self.ahead_rows += found.first().copied().unwrap_or(0);
            }
        }
        Ok(())
    }

    /// The first `rows` of those that were looked at.
    fn tensors(&self, rows: usize) -> Outcome<Vec<(String, Tensor)>> {
        let shapes = self.source.row_shapes();
        let mut tensors = Vec::with_capacity(self.inputs.len());
        for ((input, values), row_shape) in self.inputs.iter().zip(&self.ahead).zip(shapes) {
            let values = &values[..rows * row_shape.iter().product::<usize>()];
            let shape = [&[rows][..], &fitted(input, &row_shape).unwrap_or(row_shape)].concat();
            let data = if input.element.is_float() {
                Data::F32(values.iter().map(|&v| v as f32).collect())
            } else {
                Data::I64(whole(values, input, self.read)?)
            };
            tensors.push((input.name.clone(), Tensor { shape, values: data }));
        }
        Ok(tensors)
    }

    /// Whether the rows have a shape that the model takes.
    fn check(&self, model: &str) -> Outcome {
        for (input, row_shape) in self.inputs.iter().zip(self.source.row_shapes()) {
            if fitted(input, &row_shape).is_none() {
                return Err(Failure::usage(format!(
                    "{}: a row has shape {row_shape:?}, but input \"{}\" of {model} takes rows of shape [{}]",
                    self.name,
                    input.name,
                    sides(input).map(ToString::to_string).collect::<Vec<_>>().join(", ")
                )));
            }
        }
        Ok(())
    }
}

impl Source {
    /// The rows of a data set or of files.
    fn named(data: &str, model: &Model, args: &InputArgs) -> Outcome<Self> {
        let inputs = model.inputs();
        let Some(spec) = data_set(data) else {
            return Ok(Self::Files(files(Path::new(data), inputs, args, model.name())?));
        };
        let (tuning, test) =
            data::read(&spec?)?.split(&SplitSpec { validation: Some(Hold::Rows(0)), ..SplitSpec::default() })?;
        let rows: Examples = match args.rows {
            Part::Test => Examples::clone(&test),
            Part::Train => Examples::clone(&tuning.train),
        };
        if inputs.len() != 1 {
            return Err(Failure::usage(format!(
                "{}: has {} inputs ({}), and --data {data} gives one array; expected a .safetensors or .npz file with an array for each",
                model.name(),
                inputs.len(),
                listed(inputs)
            )));
        }
        Ok(Self::Set { rows: Box::new(rows), next: 0 })
    }

    /// Standard normal rows in the shapes that a model says it takes.
    fn noise(model: &Model, noise: Noise) -> Outcome<Self> {
        let mut arrays = Vec::new();
        for (number, input) in model.inputs().iter().enumerate() {
            let known = sides(input).map(|dim| if let Dim::Known(n) = dim { Some(*n) } else { None });
            let (Some(row_shape), true, true) =
                (known.collect::<Option<Vec<usize>>>(), input.element.is_float(), input.shape.is_some())
            else {
                return Err(Failure::usage(format!(
                    "{}: input \"{}\" is no array of floats whose rows have a known shape, so noise cannot stand for it; expected --data",
                    model.name(),
                    input.name
                )));
            };
            let values = row_shape.iter().try_fold(noise.rows, |count, &side| count.checked_mul(side));
            let Some(values) = values.filter(|&values| values <= NOISE_VALUES) else {
                return Err(Failure::usage(format!(
                    "{}: {} rows of shape {row_shape:?} for input \"{}\" are too many values for noise; expected --data",
                    model.name(),
                    noise.rows,
                    input.name
                )));
            };
            let mut random = stream(noise.seed, Purpose::Noise, number as u64);
            let values = (0..values).map(|_| StandardNormal.sample(&mut random)).collect();
            arrays.push(Drawn { values, row_shape });
        }
        Ok(Self::Noise { arrays, rows: noise.rows, next: 0 })
    }

    fn row_shapes(&self) -> Vec<Vec<usize>> {
        match self {
            Self::Set { rows, .. } => vec![rows.row_shape().to_vec()],
            Self::Files(files) => files.iter().map(|file| file.row_shape().to_vec()).collect(),
            Self::Noise { arrays, .. } => arrays.iter().map(|array| array.row_shape.clone()).collect(),
        }
    }
}

/// The shape in which a model takes rows of `row_shape`: as they are, or with the same values in another shape that it
/// says, as 784 for 1 x 28 x 28.
fn fitted(input: &Input, row_shape: &[usize]) -> Option<Vec<usize>> {
    let fits = |(dim, size): (&Dim, &usize)| !matches!(dim, Dim::Known(n) if n != size);
    if input.shape.is_none() || (sides(input).count() == row_shape.len() && sides(input).zip(row_shape).all(fits)) {
        return Some(row_shape.to_vec());
    }
    let known: Option<Vec<usize>> =
        sides(input).map(|dim| if let Dim::Known(n) = dim { Some(*n) } else { None }).collect();
    known.filter(|known| known.iter().product::<usize>() == row_shape.iter().product::<usize>())
}

/// The shape of a row that a model says it takes.
fn sides(input: &Input) -> impl Iterator<Item = &Dim> {
    input.shape.iter().flatten().skip(1)
}

/// A data set if `data` is the name of one; otherwise it is a path.
fn data_set(data: &str) -> Option<Outcome<DataSpec>> {
    is_data_set(data).then(|| data.parse().map_err(Failure::from))
}

/// Whether `--data` names a data set and no file.
pub fn is_data_set(data: &str) -> bool {
    let name = data.split('=').next().unwrap_or(data);
    SOURCES.iter().any(|source| source.name == name) && (data != name || !Path::new(data).exists())
}

/// One array for each input: of the same name, or the only one for the only input.
fn files(path: &Path, inputs: &[Input], args: &InputArgs, model: &str) -> Outcome<Vec<Box<dyn RowSource>>> {
    let open = |key: Option<String>| Ok(open_matrix(path, &MatrixOptions { key, label_column: None })?);
    let names = match format_of(path)?.holds_several() {
        true => Some(keys(path)?.into_iter().map(|entry| entry.name).collect::<Vec<_>>()),
        false => None,
    };
    if let [input] = inputs {
        let named = names.as_ref().is_some_and(|names| names.contains(&input.name));
        return Ok(vec![open(args.key.clone().or_else(|| named.then(|| input.name.clone())))?]);
    }
    let Some(names) = names else {
        return Err(Failure::usage(format!(
            "{}: holds one array, but {model} has {} inputs ({}); expected a .safetensors or .npz file with an array for each",
            path.display(),
            inputs.len(),
            listed(inputs)
        )));
    };
    if let Some(missing) = inputs.iter().find(|input| !names.contains(&input.name)) {
        return Err(Failure::usage(format!(
            "{}: has no array \"{}\", an input of {model}; it holds {}",
            path.display(),
            missing.name,
            names.join(", ")
        )));
    }
    inputs.iter().map(|input| open(Some(input.name.clone()))).collect()
}

/// Values of an input of whole numbers.
fn whole(values: &[f64], input: &Input, first_row: usize) -> Outcome<Vec<i64>> {
    match values.iter().find(|v| v.fract() != 0.0 || v.abs() > 9e15) {
        None => Ok(values.iter().map(|&v| v as i64).collect()),
        Some(value) => Err(Failure::usage(format!(
            "input \"{}\" takes whole numbers, but the data hold {value} (in the rows from {first_row})",
            input.name
        ))),
    }
}

/// Their names, in a message.
fn listed(inputs: &[Input]) -> String {
    inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", ")
}
