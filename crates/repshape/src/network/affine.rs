//! The affine map `y = x W + b` as one operation on the CPU.
//!
//! Burn's own zeroes the outputs of its products and copies them to a wider alignment, and adds the
//! bias in a further pass. Here the bias is what the product is added to, the products are
//! `faer`'s, and every result stays in the buffer it was computed in.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, DispatchDevice, Flex, backend_extension};
use burn::nn::Linear;
use burn::tensor::{Bytes, DType, Shape, Tensor, TensorData};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use crate::widest::widest;

/// Multiplications above which a product is halved, its halves for rayon's threads: a fixed
/// number, so that the bits do not depend on how many threads there are.
const WHOLE: usize = 2 * 192 * 192 * 192;

/// A tensor in the memory of the CPU backend.
type HostTensor = FloatTensor<Flex>;

/// Applies `layer` to the rows of `x`: `y = x W + b`, with `W` of shape `[in, out]`.
///
/// On the CPU (`Device::flex()`, with autodiff or without) in `f32` this is one operation with a
/// backward pass of its own, `dx = g W^T` (left out where `x` is not tracked), `dW = x^T g`,
/// `db = sum of g's rows`. On every other device, in any other type and for a layer without a
/// bias it is [`Linear::forward`].
///
/// The bits depend on the values and shapes alone, not on the number of threads.
///
/// # Panics
/// As [`Linear::forward`], if `x` does not have `in` columns.
pub fn affine(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    let weight = layer.weight.val();
    match &layer.bias {
        Some(bias) if on_cpu(&x) && on_cpu(&weight) && fits(&x, &weight) => {
            let bias = bias.val().into_dispatch();
            Tensor::from_dispatch(<Dispatch as Affine>::affine(x.into_dispatch(), weight.into_dispatch(), bias))
        }
        _ => layer.forward(x),
    }
}

/// Whether a tensor's values are `f32` in the memory of the CPU backend.
pub(crate) fn on_cpu(tensor: &Tensor<2>) -> bool {
    let device = tensor.device().inner();
    tensor.dtype() == DType::F32 && matches!(device.as_dispatch(), DispatchDevice::Flex(_))
}

/// Whether the product exists and has entries; Burn answers for the rest.
fn fits(x: &Tensor<2>, weight: &Tensor<2>) -> bool {
    let ([rows, columns], [inputs, outputs]) = (x.dims(), weight.dims());
    columns == inputs && rows * inputs * outputs > 0
}

/// Backends with an affine map of ours.
#[backend_extension(Autodiff, Flex)]
trait Affine: Backend {
    /// `x W + b` of `f32` values; none of the sizes is 0.
    fn affine(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Affine for Flex {
    fn affine(x: HostTensor, weight: HostTensor, bias: HostTensor) -> HostTensor {
        let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let (x, weight) = (matrix(&x), matrix(&weight));
        let bias = values(&bias);
        let mut y = Vec::with_capacity(x.nrows() * bias.len());
        for _ in 0..x.nrows() {
            y.extend_from_slice(bias);
        }
        product(MatMut::from_row_major_slice_mut(&mut y, x.nrows(), bias.len()), Accum::Add, x, weight);
        tensor(y, [x.nrows(), bias.len()])
    }
}

impl<C: CheckpointStrategy> Affine for Autodiff<Flex, C> {
    fn affine(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x_tracked, weight_tracked) = (x.is_tracked(), weight.is_tracked());
        let ((x, x_node), (weight, weight_node), (bias, bias_node)) =
            (x.into_parts(), weight.into_parts(), bias.into_parts());
        // the values are kept, never computed again: they are shared, not copied
        let prepared = AffineBackward.prepare::<C>([x_node, weight_node, bias_node]).compute_bound();
        match prepared.stateful() {
            OpsKind::Tracked(tape) => {
                // each is needed only for the gradient of the other
                let state = (weight_tracked.then(|| x.clone()), x_tracked.then(|| weight.clone()));
                tape.finish(state, Flex::affine(x, weight, bias))
            }
            OpsKind::UnTracked(tape) => tape.finish(Flex::affine(x, weight, bias)),
        }
    }
}

/// The backward pass; its state is `x` and `W`, each if it is needed.
#[derive(Debug)]
struct AffineBackward;

impl Backward<Flex, 3> for AffineBackward {
    type State = (Option<HostTensor>, Option<HostTensor>);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let g = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let [x_node, weight_node, bias_node] = ops.parents;
        let (x, weight) = ops.state;
        if let (Some(node), Some(weight)) = (x_node, weight) {
            let weight = weight.to_contiguous();
            gradients.register::<Flex>(node.id, fresh(matrix(&g), matrix(&weight).transpose()));
        }
        if let (Some(node), Some(x)) = (weight_node, x) {
            let x = x.to_contiguous();
            gradients.register::<Flex>(node.id, fresh(matrix(&x).transpose(), matrix(&g)));
        }
        if let Some(node) = bias_node {
            gradients.register::<Flex>(node.id, sum_of_rows(&g));
        }
    }
}

/// `lhs rhs`, in a buffer of its own.
fn fresh(lhs: MatRef<'_, f32>, rhs: MatRef<'_, f32>) -> HostTensor {
    let (rows, columns) = (lhs.nrows(), rhs.ncols());
    let mut out = vec![0.0; rows * columns];
    product(MatMut::from_row_major_slice_mut(&mut out, rows, columns), Accum::Replace, lhs, rhs);
    tensor(out, [rows, columns])
}

/// Writes `lhs rhs` into `out` or adds it.
fn product(out: MatMut<'_, f32>, accum: Accum, lhs: MatRef<'_, f32>, rhs: MatRef<'_, f32>) {
    let (rows, columns) = (out.nrows(), out.ncols());
    if rows * columns * lhs.ncols() <= WHOLE || rows.max(columns) < 2 {
        matmul(out, accum, lhs, rhs, 1.0, Par::Seq);
    } else if rows >= columns {
        let (out_a, out_b) = out.split_at_row_mut(rows / 2);
        let (lhs_a, lhs_b) = lhs.split_at_row(rows / 2);
        rayon::join(|| product(out_a, accum, lhs_a, rhs), || product(out_b, accum, lhs_b, rhs));
    } else {
        let (out_a, out_b) = out.split_at_col_mut(columns / 2);
        let (rhs_a, rhs_b) = rhs.split_at_col(columns / 2);
        rayon::join(|| product(out_a, accum, lhs, rhs_a), || product(out_b, accum, lhs, rhs_b));
    }
}

/// The sum of a matrix' rows, first to last.
fn sum_of_rows(g: &HostTensor) -> HostTensor {
    let columns = matrix(g).ncols();
    let mut sum = vec![0.0_f32; columns];
    // the widest vectors of this processor; each column is summed in the rows' order at any width
    widest(
        #[inline(always)]
        || {
            for row in values(g).chunks_exact(columns) {
                for (s, value) in sum.iter_mut().zip(row) {
                    *s += value;
                }
            }
        },
    );
    tensor(sum, [columns])
}

/// The values of a contiguous tensor.
fn values(tensor: &HostTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage()[start..start + tensor.layout().num_elements()]
}

/// A contiguous tensor of two axes as a matrix.
fn matrix(tensor: &HostTensor) -> MatRef<'_, f32> {
    let shape = tensor.layout().shape();
    MatRef::from_row_major_slice(values(tensor), shape[0], shape[1])
}

/// A tensor that takes a vector over: neither copied nor moved to a wider alignment.
fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> HostTensor {
    HostTensor::from_data(TensorData::from_bytes(Bytes::from_elems(values), Shape::from(shape), DType::F32))
}

#[cfg(test)]
mod tests {
    use burn::module::{Module, Param};
    use burn::tensor::Device;
    use rand::RngExt;
    use repshape_data::{Purpose, stream};

    use super::*;

    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let mut rng = stream(seed, Purpose::Weights, 0);
        (0..count).map(|_| rng.random::<f32>() - 0.5).collect()
    }

    fn rows(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    fn layer(inputs: usize, outputs: usize, device: &Device) -> Linear {
        Linear {
            weight: Param::from_data(TensorData::new(numbers(inputs * outputs, 1), [inputs, outputs]), device),
            bias: Some(Param::from_data(TensorData::new(numbers(outputs, 2), [outputs]), device)),
        }
    }

    fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_into_vec::<f32>().unwrap()
    }

    /// `y`, and the gradients of `sum(y * r)` by `x`, `W` and `b`, none of which may be missing.
    fn pass(forward: fn(&Linear, Tensor<2>) -> Tensor<2>, layer: &Linear, x: Tensor<2>) -> [Vec<f32>; 4] {
        let y = forward(layer, x.clone());
        let [n, outputs] = y.dims();
        let r = rows(numbers(n * outputs, 4), [n, outputs], &y.device());
        let gradients = (y.clone() * r).sum().backward();
        let bias = layer.bias.as_ref().unwrap().val();
        [
            host(y),
            host(x.grad(&gradients).unwrap()),
            host(layer.weight.val().grad(&gradients).unwrap()),
            host(bias.grad(&gradients).unwrap()),
        ]
    }

    fn burn_linear(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
        layer.forward(x)
    }

    /// Equal but for the order of at most `terms` additions of numbers below 1.
    fn assert_close(ours: &[Vec<f32>], theirs: &[Vec<f32>], terms: usize) {
        let tolerance = f32::EPSILON * terms as f32;
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!(ours.len(), theirs.len());
            let worst = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= tolerance, "{worst} > {tolerance}");
        }
    }

    #[test]
    fn values_and_gradients_are_those_of_burn() {
        let device = Device::flex().autodiff();
        // the last is halved three times, by rows and by columns
        for (n, inputs, outputs) in [(7, 5, 3), (1, 1, 1), (100, 784, 100), (401, 301, 503)] {
            let layer = layer(inputs, outputs, &device);
            let x = || rows(numbers(n * inputs, 3), [n, inputs], &device).require_grad();
            let terms = n.max(inputs).max(outputs);
            assert_close(&pass(affine, &layer, x()), &pass(burn_linear, &layer, x()), terms);
        }
    }

    #[test]
    fn the_choice_is_by_device_and_type() {
        let device = Device::flex().autodiff();
        let x = rows(vec![1.0, 1.0], [1, 2], &device);
        assert!(on_cpu(&x) && on_cpu(&x.clone().inner()));
        assert!(fits(&x, &layer(2, 1, &device).weight.val()) && !fits(&x, &layer(3, 1, &device).weight.val()));
        let wide = Tensor::<2>::from_data(TensorData::new(vec![1.0_f64; 2], [1, 2]), (&device, DType::F64));
        assert!(!on_cpu(&wide));
    }

    #[test]
    fn gradients_are_central_differences() {
        let device = Device::flex().autodiff();
        let (n, inputs, outputs) = (7, 5, 3);
        let [x, w, b] = [numbers(n * inputs, 3), numbers(inputs * outputs, 1), numbers(outputs, 2)];
        let value = |x: &[f32], w: &[f32], b: &[f32]| -> f64 {
            let device = Device::flex();
            let layer = Linear {
                weight: Param::from_data(TensorData::new(w.to_vec(), [inputs, outputs]), &device),
                bias: Some(Param::from_data(TensorData::new(b.to_vec(), [outputs]), &device)),
            };
            let y = host(affine(&layer, rows(x.to_vec(), [n, inputs], &device)));
            y.iter().zip(numbers(n * outputs, 4)).map(|(y, r)| f64::from(y * r)).sum()
        };
        let x_tensor = rows(x.clone(), [n, inputs], &device).require_grad();
        let [_, dx, dw, db] = pass(affine, &layer(inputs, outputs, &device), x_tensor);
        // the map is linear in each argument: a wide step is exact but for rounding
        let step = 0.5;
        let check = |gradient: &[f32], at: &[f32], value: &dyn Fn(&[f32]) -> f64| {
            for (i, g) in gradient.iter().enumerate() {
                let moved = |by: f32| {
                    let mut at = at.to_vec();
                    at[i] += by;
                    value(&at)
                };
                let difference = (moved(step) - moved(-step)) / f64::from(2.0 * step);
                assert!((difference - f64::from(*g)).abs() < 2e-6, "entry {i}: {difference} and {g}");
            }
        };
        check(&dx, &x, &|x| value(x, &w, &b));
        check(&dw, &w, &|w| value(&x, w, &b));
        check(&db, &b, &|b| value(&x, &w, b));
    }

    #[test]
    fn views_are_read_in_their_own_order() {
        let device = Device::flex().autodiff();
        let layer = layer(5, 3, &device);
        // a transposed part of a larger matrix: neither contiguous nor at its buffer's start
        let view = |x: &Tensor<2>| x.clone().slice([1..6, 2..9]).transpose();
        let x = || rows(numbers(60, 3), [6, 10], &device).require_grad();
        let all = |forward: fn(&Linear, Tensor<2>) -> Tensor<2>| {
            let x = x();
            let y = forward(&layer, view(&x));
            // a gradient that is a view too
            let r = rows(numbers(21, 4), [3, 7], &device).transpose();
            let gradients = (y.clone() * r).sum().backward();
            [host(y), host(x.grad(&gradients).unwrap()), host(layer.weight.val().grad(&gradients).unwrap())]
        };
        assert_close(&all(affine), &all(burn_linear), 7);
    }

    #[test]
    fn what_is_not_tracked_gets_no_gradient() {
        let device = Device::flex().autodiff();
        let free = layer(5, 3, &device);
        let x = rows(numbers(35, 3), [7, 5], &device);
        let gradients = affine(&free, x.clone()).sum().backward();
        assert!(x.grad(&gradients).is_none());
        assert_eq!(host(free.bias.as_ref().unwrap().val().grad(&gradients).unwrap()), [7.0; 3]);
        assert!(free.weight.val().grad(&gradients).is_some());

        let frozen = layer(5, 3, &device).no_grad();
        let x = x.require_grad();
        let gradients = affine(&frozen, x.clone()).sum().backward();
        assert!(frozen.weight.val().grad(&gradients).is_none());
        let sums: Vec<f32> = host(frozen.weight.val()).chunks(3).map(|row| row.iter().sum()).collect();
        assert_close(&[host(x.grad(&gradients).unwrap())], &[sums.repeat(7)], 5);
    }

    #[test]
    fn other_types_and_layers_without_a_bias_are_burns() {
        let device = Device::flex();
        let wide = |values: Vec<f32>, shape: [usize; 2]| {
            Tensor::<2>::from_data(TensorData::new(values, shape).convert::<f64>(), (&device, DType::F64))
        };
        let mut plain = layer(5, 3, &device);
        plain.bias = None;
        let x = rows(numbers(35, 3), [7, 5], &device);
        assert_eq!(host(affine(&plain, x.clone())), host(plain.forward(x)));
        plain.weight = Param::initialized(plain.weight.id, wide(numbers(15, 1), [5, 3]));
        let y = affine(&plain, wide(numbers(35, 3), [7, 5]));
        assert_eq!(y.dtype(), DType::F64);
    }

    #[test]
    fn no_rows_give_no_rows() {
        let device = Device::flex();
        assert_eq!(affine(&layer(5, 3, &device), Tensor::zeros([0, 5], &device)).dims(), [0, 3]);
    }

    #[test]
    fn bits_do_not_depend_on_the_threads() {
        let device = Device::flex().autodiff();
        for (n, inputs, outputs) in [(100, 784, 100), (401, 301, 503)] {
            let run = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let x = rows(numbers(n * inputs, 3), [n, inputs], &device).require_grad();
                    pass(affine, &layer(inputs, outputs, &device), x)
                        .map(|v| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
                })
            };
            let one = run(1);
            assert!(run(2) == one && run(3) == one);
        }
    }
}
