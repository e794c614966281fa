//! A block of rows in the precision of its file.

/// The values of some rows, row-major: single precision where the file's values are all numbers of 32 bits, so that
/// nobody widens what nobody needs wide.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbers {
    /// Every value as it is in the file: floats of 32, 16 or 8 exponent bits, integers of at most 16 bits, bool.
    F32(Vec<f32>),
    /// All other types; integers of 64 bits beyond 2^53 are rounded.
    F64(Vec<f64>),
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers::F64(Vec::new())
    }
}

impl Numbers {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Numbers::F32(values) => values.len(),
            Numbers::F64(values) => values.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The buffer for single precision: empty, and the one of before if it was of that kind.
    pub fn single(&mut self) -> &mut Vec<f32> {
        if let Numbers::F64(_) = self {
            *self = Numbers::F32(Vec::new());
        }
        match self {
            Numbers::F32(values) => {
                values.clear();
                values
            }
            Numbers::F64(_) => unreachable!("replaced above"),
        }
    }

    /// The buffer for double precision: empty, and the one of before if it was of that kind.
    pub fn double(&mut self) -> &mut Vec<f64> {
        if let Numbers::F32(_) = self {
            *self = Numbers::F64(Vec::new());
        }
        match self {
            Numbers::F64(values) => {
                values.clear();
                values
            }
            Numbers::F32(_) => unreachable!("replaced above"),
        }
    }

    /// Appends the values from place `start` on, as f64.
    pub(crate) fn widen_into(&self, start: usize, end: usize, into: &mut Vec<f64>) {
        match self {
            Numbers::F32(values) => into.extend(values[start..end].iter().map(|&value| f64::from(value))),
            Numbers::F64(values) => into.extend_from_slice(&values[start..end]),
        }
    }

    /// Appends the values of a place to another block, in the precision of this one.
    pub(crate) fn copy_into(&self, start: usize, end: usize, into: &mut Numbers) {
        match self {
            Numbers::F32(values) => into.single().extend_from_slice(&values[start..end]),
            Numbers::F64(values) => into.double().extend_from_slice(&values[start..end]),
        }
    }
}
