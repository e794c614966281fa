//! `Kernel`: a convolution, which is an affine layer on its channels at each position of its window.

use super::error::{finite, length};
use super::fold::{fold_into_reader, fold_into_writer};
use super::{Affine, Kind, Layer, RewireError};

/// The kernel of a convolution, in the layout `[outputs, inputs / groups, taps]` of ONNX and PyTorch, the window's axes
/// flattened into `taps`.
///
/// **As writer** any Q mixes its output channels: each position of the output is multiplied alike, whatever stride,
/// padding and dilation are. **As reader** any Q mixes its input channels, and a shift goes into the bias, exactly only
/// where the window never meets padding: with padding, zeros stand where the shift should, so m must be 0. A
/// grouped (depthwise) convolution takes positive diagonals only.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    outputs: usize,
    inputs: usize,
    taps: usize,
    groups: usize,
    padded: bool,
    weights: Vec<f64>,
    bias: Vec<f64>,
}

/// The sizes of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelShape {
    /// Output channels.
    pub outputs: usize,
    /// Input channels, of all groups together.
    pub inputs: usize,
    /// Positions of the window: height times width.
    pub taps: usize,
    /// Groups; 1 unless the convolution is grouped or depthwise.
    pub groups: usize,
    /// Whether the input is padded with zeros anywhere.
    pub padded: bool,
}

impl Kernel {
    /// Of weights `[outputs, inputs / groups, taps]` and one bias for each output channel.
    ///
    /// # Errors
    /// If a size is 0, groups do not divide the channels, lengths do not fit, or a value is not finite.
    pub fn new(shape: KernelShape, weights: Vec<f64>, bias: Vec<f64>) -> Result<Self, RewireError> {
        let KernelShape { outputs, inputs, taps, groups, padded } = shape;
        if outputs == 0 || inputs == 0 || taps == 0 || groups == 0 || outputs % groups != 0 || inputs % groups != 0 {
            return Err(RewireError::Setting {
                field: "the shape of the kernel",
                found: format!("{outputs} outputs, {inputs} inputs, {taps} taps, {groups} groups"),
                expected: "at least 1 of each, and groups that divide the channels",
            });
        }
        length("the kernel", outputs.saturating_mul(inputs / groups).saturating_mul(taps), weights.len())?;
        length("the bias", outputs, bias.len())?;
        finite("the kernel", &weights)?;
        finite("the bias", &bias)?;
        Ok(Self { outputs, inputs, taps, groups, padded, weights, bias })
    }

    /// Its sizes.
    #[must_use]
    pub fn shape(&self) -> KernelShape {
        let Self { outputs, inputs, taps, groups, padded, .. } = *self;
        KernelShape { outputs, inputs, taps, groups, padded }
    }

    /// Weights, `[outputs, inputs / groups, taps]`.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// One for each output channel.
    #[must_use]
    pub fn bias(&self) -> &[f64] {
        &self.bias
    }

    /// Weights and bias.
    #[must_use]
    pub fn into_parts(self) -> (Vec<f64>, Vec<f64>) {
        (self.weights, self.bias)
    }

    /// As the layer that writes its output channels from `inputs * taps` values: rows `input * taps + tap`.
    ///
    /// # Errors
    /// For a grouped convolution, which is no such layer.
    pub fn as_writer(&self) -> Result<Layer, RewireError> {
        self.check_ungrouped(Kind::General)?;
        let rows = self.inputs * self.taps;
        let weights = super::product::transpose(&self.weights, self.outputs, rows);
        Ok(Layer::of_parts(rows, weights, self.bias.clone()))
    }

    /// The same kernel with the weights of a layer as [`as_writer`](Self::as_writer) gives, which may have another number
    /// of outputs.
    ///
    /// # Errors
    /// If the layer has other inputs, or the convolution is grouped.
    pub fn with_writer(&self, layer: &Layer) -> Result<Self, RewireError> {
        self.check_ungrouped(Kind::General)?;
        length("the rows of the kernel", self.inputs * self.taps, layer.inputs())?;
        let weights = super::product::transpose(&layer.weights, layer.inputs(), layer.outputs());
        Self::new(KernelShape { outputs: layer.outputs(), ..self.shape() }, weights, layer.bias.clone())
    }

    /// As the layer that reads its input channels: `outputs * taps` columns `output * taps + tap`, bias 0.
    ///
    /// # Errors
    /// For a grouped convolution, which is no such layer.
    pub fn as_reader(&self) -> Result<Layer, RewireError> {
        self.check_ungrouped(Kind::General)?;
        let columns = self.outputs * self.taps;
        let mut weights = Vec::with_capacity(self.weights.len());
        for input in 0..self.inputs {
            for output in 0..self.outputs {
                let start = (output * self.inputs + input) * self.taps;
                weights.extend_from_slice(&self.weights[start..start + self.taps]);
            }
        }
        Ok(Layer::of_parts(self.inputs, weights, vec![0.0; columns]))
    }

    /// The same kernel with the weights of a layer as [`as_reader`](Self::as_reader) gives, which may have another number
    /// of inputs. Its bias, summed over the taps, is added to the kernel's.
    ///
    /// # Errors
    /// If the layer has other outputs, the convolution is grouped, or the layer has a bias and the convolution pads.
    pub fn with_reader(&self, layer: &Layer) -> Result<Self, RewireError> {
        self.check_ungrouped(Kind::General)?;
        length("the columns of the kernel", self.outputs * self.taps, layer.outputs())?;
        let moved: Vec<f64> = layer.bias.chunks_exact(self.taps).map(|taps| taps.iter().sum()).collect();
        if self.padded
            && let Some(index) = layer.bias.iter().position(|b| *b != 0.0)
        {
            return Err(RewireError::ShiftAtPadding { unit: index / self.taps, shift: layer.bias[index] });
        }
        let inputs = layer.inputs();
        let mut weights = Vec::with_capacity(layer.weights.len());
        for output in 0..self.outputs {
            for input in 0..inputs {
                let start = (input * self.outputs + output) * self.taps;
                weights.extend_from_slice(&layer.weights[start..start + self.taps]);
            }
        }
        let bias = self.bias.iter().zip(moved).map(|(b, m)| b + m).collect();
        Self::new(KernelShape { inputs, ..self.shape() }, weights, bias)
    }

    /// [`fold_into_writer`] of the output channels.
    ///
    /// # Errors
    /// As there; and for a grouped convolution if Q is not a positive diagonal. The kernel is then as it was.
    pub fn fold_as_writer(&mut self, affine: &Affine) -> Result<(), RewireError> {
        super::error::units("the convolution before the site", affine.units(), self.outputs)?;
        if self.groups == 1 {
            let mut layer = self.as_writer()?;
            fold_into_writer(&mut layer, affine)?;
            *self = self.with_writer(&layer)?;
            return Ok(());
        }
        self.check_ungrouped(affine.kind())?;
        let scale = affine.forward(&vec![1.0; self.outputs]);
        let bias = affine.apply(&self.bias)?;
        let mut weights = self.weights.clone();
        let per_output = weights.len() / self.outputs;
        weights.chunks_exact_mut(per_output).zip(scale).for_each(|(w, s)| w.iter_mut().for_each(|w| *w *= s));
        *self = Self::new(self.shape(), weights, bias)?;
        Ok(())
    }

    /// [`fold_into_reader`] of the input channels.
    ///
    /// # Errors
    /// As there; if m is not 0 and the convolution pads; and for a grouped convolution if Q is not a positive diagonal.
    /// The kernel is then as it was.
    pub fn fold_as_reader(&mut self, affine: &Affine) -> Result<(), RewireError> {
        super::error::units("the convolution after the site", affine.units(), self.inputs)?;
        if self.padded
            && let Some(unit) = affine.shift().iter().position(|m| *m != 0.0)
        {
            return Err(RewireError::ShiftAtPadding { unit, shift: affine.shift()[unit] });
        }
        if self.groups == 1 {
            let mut layer = self.as_reader()?;
            fold_into_reader(&mut layer, affine)?;
            *self = self.with_reader(&layer)?;
            return Ok(());
        }
        self.check_ungrouped(affine.kind())?;
        let scale = affine.forward(&vec![1.0; self.inputs]);
        let (of_group, outputs_of_group) = (self.inputs / self.groups, self.outputs / self.groups);
        let (mut weights, mut bias) = (self.weights.clone(), self.bias.clone());
        for (index, window) in weights.chunks_exact_mut(self.taps).enumerate() {
            let (output, own) = (index / of_group, index % of_group);
            let input = output / outputs_of_group * of_group + own;
            bias[output] += affine.shift()[input] * window.iter().sum::<f64>();
            window.iter_mut().for_each(|w| *w /= scale[input]);
        }
        *self = Self::new(self.shape(), weights, bias)?;
        Ok(())
    }

    fn check_ungrouped(&self, kind: Kind) -> Result<(), RewireError> {
        if self.groups == 1 || kind == Kind::PositiveDiagonal {
            return Ok(());
        }
        Err(RewireError::Grouped { kind, groups: self.groups })
    }
}
