//! A network's layers on the host in `f64`, and back with one rounding.

use burn::module::Param;
use burn::nn::{BatchNorm, Linear};
use burn::tensor::{Device, Tensor, TensorData};
use repshape_stats::rewire::{BatchNorm as AffineNorm, Layer, RewireError};

use super::{Place, RewireNetworkError};
use crate::network::{Dense, Mlp, hidden_names};

/// The layers on both sides of a place. A batch normalisation of the writer is folded into it.
pub(super) fn layers_at(network: &Mlp, place: &Place) -> Result<(Layer, Layer), RewireNetworkError> {
    let of = |layer: &str| {
        let layer = layer.to_owned();
        move |source| RewireNetworkError::Layer { layer, source }
    };
    let dense = &network.layers[place.layer];
    let mut writer = layer(&dense.linear).map_err(of(&place.after))?;
    if let Some(norm) = &dense.batch_norm {
        let fold = |norm: AffineNorm| norm.fold_into_layer_before(&mut writer);
        batch_norm(norm).and_then(fold).map_err(of(&place.after))?;
    }
    let reader = match network.layers.get(place.layer + 1) {
        Some(next) => layer(&next.linear),
        None => layer(&network.output),
    };
    Ok((writer, reader.map_err(of(&place.reader))?))
}

/// The network with other layers on both sides of a place, which may have another number of units there. Everything
/// else is shared with the old network.
pub(super) fn with_layers(
    network: &Mlp,
    place: &Place,
    writer: &Layer,
    reader: &Layer,
) -> Result<Mlp, RewireNetworkError> {
    let mut new = network.clone();
    let dense = &mut new.layers[place.layer];
    dense.linear = linear(writer, &device_of(&dense.linear), &place.after)?;
    dense.batch_norm = None;
    dense.sites.iter_mut().for_each(|site| site.units = writer.outputs());
    let reading = match new.layers.get_mut(place.layer + 1) {
        Some(next) => &mut next.linear,
        None => &mut new.output,
    };
    *reading = linear(reader, &device_of(reading), &place.reader)?;
    Ok(new)
}

/// Gives the hidden layers' sites their numbers again, after one was inserted.
pub(super) fn number(layers: &mut [Dense]) {
    for (number, layer) in (1..).zip(layers) {
        for (site, name) in layer.sites.iter_mut().zip(hidden_names(number)) {
            site.name = name;
        }
    }
}

/// A linear layer as the algebra has it.
pub(super) fn layer(linear: &Linear) -> Result<Layer, RewireError> {
    let [inputs, outputs] = linear.weight.dims();
    let bias = linear.bias.as_ref().map_or_else(|| vec![0.0; outputs], |bias| values(bias.val()));
    Layer::new(inputs, values(linear.weight.val()), bias)
}

/// The one rounding to `f32`.
pub(super) fn linear(layer: &Layer, device: &Device, name: &str) -> Result<Linear, RewireNetworkError> {
    let cast = |what: &'static str, values: &[f64]| -> Result<Vec<f32>, RewireNetworkError> {
        let out = |value: f64| RewireNetworkError::Range { layer: name.to_owned(), what, value };
        values.iter().map(|&x| if (x as f32).is_finite() { Ok(x as f32) } else { Err(out(x)) }).collect()
    };
    let shape = [layer.inputs(), layer.outputs()];
    let weight = TensorData::new(cast("weight", layer.weights())?, shape);
    let bias = TensorData::new(cast("bias", layer.bias())?, [layer.outputs()]);
    Ok(Linear { weight: Param::from_data(weight, device), bias: Some(Param::from_data(bias, device)) })
}

/// Where a layer's weights are; on the tape if they are.
pub(super) fn device_of(linear: &Linear) -> Device {
    linear.weight.val().device()
}

fn batch_norm(norm: &BatchNorm) -> Result<AffineNorm, RewireError> {
    let (mean, variance) = (norm.running_mean.value_sync(), norm.running_var.value_sync());
    AffineNorm::new(&values(norm.gamma.val()), &values(norm.beta.val()), &values(mean), &values(variance), norm.epsilon)
}

/// Values of any float type.
fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let data = tensor.into_data();
    match data.as_slice::<f32>() {
        Ok(values) => values.iter().map(|&x| f64::from(x)).collect(),
        Err(_) => data.iter::<f64>().collect(),
    }
}
