//! Which rows are taken together: all of them, or those of one class. Scope lives here and nowhere else.

use std::fmt;
use std::sync::OnceLock;

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// Rows in one Gram product at most, unless one class alone has more: small classes share a product, a
/// large one gets its own, so that the cost stays near `sum_k |S_k|^2 I` and memory near `N * 128`.
const BLOCK_ROWS: usize = 128;

/// Over which rows a moment is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Over all rows of the batch.
    All,
    /// Within each class, then averaged (or summed) over the declared classes.
    Class,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::All => "all",
            Scope::Class => "class",
        })
    }
}

/// Labels that do not make groups.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupsError {
    /// A label is not below the number of classes.
    #[error("row {row} has label {label}, but the number of classes is {classes} (labels run from 0 to {})", classes.saturating_sub(1))]
    Label {
        /// The row, from 0.
        row: usize,
        /// What it has.
        label: u32,
        /// The declared number of classes.
        classes: usize,
    },
    /// There is no row.
    #[error("a batch needs at least one row")]
    NoRows,
}

/// The rows of a batch by group: one group of all rows, or one for each class.
///
/// `K`, the number of groups that a mean divides by, is the number of classes **declared**; a class
/// without a row in the batch adds nothing and still counts. Tensors are made on `device` in `dtype`,
/// which are those of the activations the groups are used with.
///
/// ```
/// use burn::tensor::{DType, Device, Tensor};
/// use repshape::groups::Groups;
///
/// let device = Device::flex();
/// let z = Tensor::<2>::from_data([[1.0, 5.0], [3.0, 9.0], [7.0, 2.0]], &device);
/// let groups = Groups::by_class(&[0, 0, 2], 4, &device, DType::F32)?;
/// assert_eq!(groups.count(), 4); // declared, though two have rows
/// let centred = groups.centre(&z).into_data();
/// centred.assert_approx_eq::<f32>(&[[-1.0, -2.0], [1.0, 2.0], [0.0, 0.0]].into(), Default::default());
/// # Ok::<(), repshape::groups::GroupsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Groups {
    count: usize,
    /// Rows of each group that has any, in the order of the labels.
    sizes: Vec<usize>,
    /// Each row's place in `sizes`; empty when there is one group only.
    members: Vec<u32>,
    device: Device,
    dtype: DType,
    one_hot: OnceLock<Tensor<2>>,
    row_weights: OnceLock<Tensor<2>>,
    inverse_sizes: OnceLock<Tensor<2>>,
    mask: OnceLock<Tensor<2>>,
}

impl Groups {
    /// One group of all `rows`.
    pub fn all(rows: usize, device: &Device, dtype: DType) -> Self {
        Self::new(1, vec![rows], Vec::new(), device, dtype)
    }

    /// One group for each of `classes` declared classes; `labels` run from 0 to `classes - 1`.
    ///
    /// # Errors
    /// A label that is not below `classes` (its row is named), or no rows at all.
    pub fn by_class(labels: &[u32], classes: usize, device: &Device, dtype: DType) -> Result<Self, GroupsError> {
        if labels.is_empty() {
            return Err(GroupsError::NoRows);
        }
        if let Some(row) = labels.iter().position(|&label| label as usize >= classes) {
            return Err(GroupsError::Label { row, label: labels[row], classes });
        }
        let (sizes, members) = present(labels);
        Ok(Self::new(classes, sizes, members, device, dtype))
    }

    fn new(count: usize, sizes: Vec<usize>, members: Vec<u32>, device: &Device, dtype: DType) -> Self {
        let members = if sizes.len() == 1 { Vec::new() } else { members };
        Self {
            count,
            sizes,
            members,
            // groups are constants: made off the tape even if the network's device is on it
            device: device.clone().inner(),
            dtype,
            one_hot: OnceLock::new(),
            row_weights: OnceLock::new(),
            inverse_sizes: OnceLock::new(),
            mask: OnceLock::new(),
        }
    }

    /// `K`: the number of groups declared, present in the batch or not.
    pub fn count(&self) -> usize {
        self.count
    }

    /// `P <= K`: the number of groups that have rows.
    pub fn present(&self) -> usize {
        self.sizes.len()
    }

    /// `N`: the number of rows.
    pub fn rows(&self) -> usize {
        self.sizes.iter().sum()
    }

    /// `|S_k|` of each present group, in the order of the labels.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// `[N, P]`: 1 where the row belongs to the present group.
    pub fn one_hot(&self) -> Tensor<2> {
        self.one_hot
            .get_or_init(|| {
                let (rows, present) = (self.rows(), self.present());
                let mut values = vec![0.0f64; rows * present];
                for row in 0..rows {
                    values[row * present + self.member(row)] = 1.0;
                }
                self.tensor(values, [rows, present])
            })
            .clone()
    }

    /// `[N, 1]`: `1/|S_k|` of each row's group.
    pub fn row_weights(&self) -> Tensor<2> {
        self.row_weights
            .get_or_init(|| {
                let rows = self.rows();
                let values = (0..rows).map(|row| 1.0 / self.sizes[self.member(row)] as f64).collect();
                self.tensor(values, [rows, 1])
            })
            .clone()
    }

    /// `[N, I]`, each row minus the mean of its group.
    pub fn centre(&self, z: &Tensor<2>) -> Tensor<2> {
        z.clone() - self.spread(self.mean(z))
    }

    /// Each row of `[N, M]` times `scale/|S_k|` of its group.
    pub fn weigh(&self, z: Tensor<2>, scale: f64) -> Tensor<2> {
        match self.sizes[..] {
            [size] => z * (scale / size as f64),
            _ => z * (self.row_weights() * scale),
        }
    }

    /// Each row of `[P, M]` times `1/|S_k|`.
    pub fn weigh_groups(&self, of_groups: Tensor<2>) -> Tensor<2> {
        match self.sizes[..] {
            [size] => of_groups * (1.0 / size as f64),
            _ => {
                let inverse = self.inverse_sizes.get_or_init(|| {
                    let values = self.sizes.iter().map(|&size| 1.0 / size as f64).collect();
                    self.tensor(values, [self.present(), 1])
                });
                of_groups * inverse.clone()
            }
        }
    }

    /// `[N, M]` to `[P, M]`: means over the rows of each group.
    pub fn mean(&self, z: &Tensor<2>) -> Tensor<2> {
        self.weigh_groups(self.sum(z))
    }

    /// `[N, M]` to `[P, M]`: sums over the rows of each group.
    pub fn sum(&self, z: &Tensor<2>) -> Tensor<2> {
        match self.sizes[..] {
            [_] => z.clone().sum_dim(0),
            _ => self.one_hot().transpose().matmul(z.clone()),
        }
    }

    /// `[P, M]` to `[N, M]` (`[1, M]`, to broadcast, when there is one group): each row gets its group's values.
    pub fn spread(&self, of_groups: Tensor<2>) -> Tensor<2> {
        match self.sizes[..] {
            [_] => of_groups,
            _ => self.one_hot().matmul(of_groups),
        }
    }

    /// A Gram matrix `[N, N]` with pairs from different groups set to 0 and the others times `1/|S_k|^2`.
    pub fn within(&self, gram: Tensor<2>) -> Tensor<2> {
        match self.sizes[..] {
            [size] => gram * (1.0 / (size as f64 * size as f64)),
            _ => {
                let mask = self.mask.get_or_init(|| {
                    let weighted = self.one_hot() * self.row_weights();
                    weighted.clone().matmul(weighted.transpose())
                });
                gram * mask.clone()
            }
        }
    }

    /// Calls `f` on blocks of rows that hold whole groups, and puts values and rows back together in their order.
    ///
    /// A block is one large group, or several small ones with at most 128 rows together, so products between
    /// rows never need an `N x N` matrix of a whole data set. A training batch is usually one block.
    pub fn by_block(
        &self,
        z: Tensor<2>,
        f: impl Fn(Tensor<2>, &Groups) -> (Tensor<1>, Tensor<2>),
    ) -> (Tensor<1>, Tensor<2>) {
        if self.present() == 1 || self.rows() <= BLOCK_ROWS {
            return f(z, self);
        }
        let mut rows_of = vec![Vec::new(); self.present()];
        for row in 0..self.rows() {
            rows_of[self.member(row)].push(row);
        }
        let mut value: Option<Tensor<1>> = None;
        let (mut parts, mut order) = (Vec::new(), Vec::new());
        for members in pack(&self.sizes) {
            let rows: Vec<usize> = members.clone().flat_map(|k| rows_of[k].iter().copied()).collect();
            let labels: Vec<u32> =
                members.clone().flat_map(|k| std::iter::repeat_n((k - members.start) as u32, self.sizes[k])).collect();
            let block = Self::new(members.len(), self.sizes[members].to_vec(), labels, &self.device, self.dtype);
            let (part, rows_out) = f(z.clone().select(0, self.indices(&rows)), &block);
            value = Some(match value {
                Some(value) => value + part,
                None => part,
            });
            parts.push(rows_out);
            order.extend(rows);
        }
        let mut back = vec![0; order.len()];
        for (place, &row) in order.iter().enumerate() {
            back[row] = place;
        }
        let value = value.unwrap_or_else(|| Tensor::zeros([1], (&self.device, self.dtype)));
        (value, Tensor::cat(parts, 0).select(0, self.indices(&back)))
    }

    fn member(&self, row: usize) -> usize {
        self.members.get(row).map_or(0, |&member| member as usize)
    }

    fn tensor(&self, values: Vec<f64>, shape: [usize; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, shape), (&self.device, self.dtype))
    }

    fn indices(&self, rows: &[usize]) -> Tensor<1, Int> {
        let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        let length = rows.len();
        Tensor::from_data(TensorData::new(rows, [length]), &self.device)
    }
}

/// Sizes of the classes that occur, in the order of their labels, and each row's place among them.
fn present(labels: &[u32]) -> (Vec<usize>, Vec<u32>) {
    let mut distinct = labels.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let mut sizes = vec![0; distinct.len()];
    let members = labels
        .iter()
        .map(|label| {
            let place = distinct.partition_point(|other| other < label);
            sizes[place] += 1;
            place as u32
        })
        .collect();
    (sizes, members)
}

/// Runs of consecutive groups with at most [`BLOCK_ROWS`] rows together, or a single larger group.
fn pack(sizes: &[usize]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    let mut rows = 0;
    for (k, &size) in sizes.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if rows + size <= BLOCK_ROWS => {
                run.end = k + 1;
                rows += size;
            }
            _ => {
                runs.push(k..k + 1);
                rows = size;
            }
        }
    }
    runs
}
