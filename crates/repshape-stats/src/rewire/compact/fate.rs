//! What becomes of each unit.

use crate::rewire::Layer;

/// What stands for a unit from now on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fate {
    Kept,
    Constant(f64),
    /// `factor z_of + offset`; `of` is no copy itself.
    Copy {
        of: usize,
        factor: f64,
        offset: f64,
    },
}

/// One for each unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fates(Vec<Fate>);

impl Fates {
    pub(super) fn all_kept(units: usize) -> Self {
        Self(vec![Fate::Kept; units])
    }

    pub(super) fn set(&mut self, unit: usize, fate: Fate) {
        self.0[unit] = fate;
    }

    pub(super) fn is_kept(&self, unit: usize) -> bool {
        self.0[unit] == Fate::Kept
    }

    pub(super) fn kept(&self) -> Vec<usize> {
        (0..self.0.len()).filter(|&unit| self.is_kept(unit)).collect()
    }

    /// The layer that writes the units that are kept.
    pub(super) fn write(&self, layer: &Layer) -> Layer {
        let kept = self.kept();
        let rows = layer.weights.chunks_exact(layer.outputs().max(1));
        let weights = rows.flat_map(|row| kept.iter().map(move |&unit| row[unit])).collect();
        Layer::of_parts(layer.inputs(), weights, kept.iter().map(|&unit| layer.bias[unit]).collect())
    }

    /// The layer that reads the units that are kept and computes what it did from all.
    pub(super) fn read(&self, layer: &Layer) -> Layer {
        let mut bias = layer.bias.clone();
        let mut weights = layer.weights.clone();
        let width = layer.outputs();
        let add = |into: &mut [f64], by: f64, row: &[f64]| {
            if by != 0.0 {
                into.iter_mut().zip(row).for_each(|(sum, w)| *sum += by * w);
            }
        };
        for (unit, fate) in self.0.iter().enumerate() {
            let row = layer.outgoing(unit);
            match *fate {
                Fate::Kept => {}
                Fate::Constant(value) => add(&mut bias, value, row),
                Fate::Copy { of, factor, offset } => match self.0[of] {
                    Fate::Constant(value) => add(&mut bias, factor * value + offset, row),
                    _ => {
                        add(&mut bias, offset, row);
                        add(&mut weights[of * width..(of + 1) * width], factor, row);
                    }
                },
            }
        }
        let kept = self.kept();
        let weights = kept.iter().flat_map(|unit| weights[unit * width..(unit + 1) * width].to_vec()).collect();
        Layer::of_parts(kept.len(), weights, bias)
    }
}
