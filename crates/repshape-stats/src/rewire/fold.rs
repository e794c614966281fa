//! A change of representation, folded into the layers before and after it.
//!
//! Theorem 1 of C18 for row-vector layers: with `z = x W + b` read by `y = z R + c`,
//! `W' = W Q^T`, `b' = (b - m) Q^T`, `R' = Q^-T R`, `c' = c + m R` gives `z' = (z - m) Q^T` and the same y. Theorem 2: with a
//! positively homogeneous activation between them the same, for Q a positive diagonal times a permutation and m = 0.

use super::error::{finite, units};
use super::{Affine, Kind, Layer, RewireError, Site};

/// Whether a map passes what stands at the site.
///
/// # Errors
/// Behind an activation: if Q is not a positive diagonal times a permutation, or m is not 0.
pub fn check_site(site: Site, affine: &Affine) -> Result<(), RewireError> {
    if site == Site::Linear {
        return Ok(());
    }
    let kind = affine.kind();
    if kind == Kind::General {
        return Err(RewireError::NotHomogeneous { site, kind });
    }
    match affine.shift().iter().position(|m| *m != 0.0) {
        None => Ok(()),
        Some(unit) => Err(RewireError::ShiftAtActivation { site, unit, shift: affine.shift()[unit] }),
    }
}

/// The half of the fold that is done to a layer that writes the representation: `W' = W Q^T`, `b' = (b - m) Q^T`.
///
/// Where a representation is the sum of several layers, the shift is taken off once: fold the map into one of them and
/// [`Affine::without_shift`] into the others. Checks no activation; see [`check_site`].
///
/// # Errors
/// If the layer does not have one output for each unit, or a value leaves the range of `f64`. It is then as it was.
pub fn fold_into_writer(writer: &mut Layer, affine: &Affine) -> Result<(), RewireError> {
    *writer = written(writer, affine)?;
    Ok(())
}

/// The half of the fold that is done to a layer that reads the representation: `W' = Q^-T W`, `b' = b + m W`.
///
/// # Errors
/// If the layer does not have one input for each unit, or a value leaves the range of `f64`. It is then as it was.
pub fn fold_into_reader(reader: &mut Layer, affine: &Affine) -> Result<(), RewireError> {
    *reader = read(reader, affine)?;
    Ok(())
}

/// The whole fold: the writer gives `z' = (z - m) Q^T` and every reader's output is what it was, but for rounding of about
/// `condition * 2^-52`. All layers that read the site must be given, each once. Cost: one product with Q for each layer.
///
/// ```
/// use repshape_stats::rewire::{Affine, Layer, Site, fold};
///
/// let mut writer = Layer::new(3, vec![1.0, 0.0, 2.0, -1.0, 0.5, 1.0], vec![1.0, -1.0])?;
/// let mut readers = [Layer::new(2, vec![1.0, -1.0, 2.0, 0.0, 3.0, 1.0], vec![0.0, 0.5, 1.0])?];
/// let x = [1.0, -2.0, 4.0];
/// let before = readers[0].apply(&writer.apply(&x)?)?;
///
/// let map = Affine::new(vec![1.0, 2.0, 0.0, 4.0], vec![3.0, -1.0])?;
/// fold(Site::Linear, &mut writer, &mut readers, &map)?;
/// assert_eq!(readers[0].apply(&writer.apply(&x)?)?, before);
///
/// // a ReLU lets no such map through
/// let refused = fold(Site::RELU, &mut writer, &mut readers, &map).unwrap_err().to_string();
/// assert!(refused.starts_with("a general matrix cannot pass a ReLU: only a positive diagonal"));
/// # Ok::<(), repshape_stats::rewire::RewireError>(())
/// ```
///
/// # Errors
/// If the map does not pass the site ([`check_site`]), there is no reader, units do not fit, or a value leaves the range of
/// `f64`. All layers are then as they were.
pub fn fold(site: Site, writer: &mut Layer, readers: &mut [Layer], affine: &Affine) -> Result<(), RewireError> {
    check_site(site, affine)?;
    if readers.is_empty() {
        return Err(RewireError::NoLayers { missing: "reader" });
    }
    let new_writer = written(writer, affine)?;
    let new_readers: Vec<Layer> = readers.iter().map(|reader| read(reader, affine)).collect::<Result<_, _>>()?;
    *writer = new_writer;
    readers.iter_mut().zip(new_readers).for_each(|(reader, new)| *reader = new);
    Ok(())
}

fn written(writer: &Layer, affine: &Affine) -> Result<Layer, RewireError> {
    units("the layer before the site", affine.units(), writer.outputs())?;
    let weights = affine.right_of(&writer.weights);
    let bias = affine.apply(&writer.bias)?;
    finite("the folded weights of the layer before the site", &weights)?;
    finite("the folded bias of the layer before the site", &bias)?;
    Ok(Layer::of_parts(writer.inputs(), weights, bias))
}

fn read(reader: &Layer, affine: &Affine) -> Result<Layer, RewireError> {
    units("the layer after the site", affine.units(), reader.inputs())?;
    let weights = affine.inverse_transposed_left_of(&reader.weights, reader.outputs());
    let moved = affine.shift_times(&reader.weights, reader.outputs());
    let bias: Vec<f64> = reader.bias.iter().zip(moved).map(|(b, m)| b + m).collect();
    finite("the folded weights of the layer after the site", &weights)?;
    finite("the folded bias of the layer after the site", &bias)?;
    Ok(Layer::of_parts(reader.inputs(), weights, bias))
}
