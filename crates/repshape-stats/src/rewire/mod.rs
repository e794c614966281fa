//! The algebra of rewiring: another network with the same outputs and other characteristics.
//!
//! A change of representation [`Affine`], `z' = (z - m) Q^T`, is folded into the layers before and after a site. By theorem
//! 1 of Choi, Lee, Shin & Rhee (2018), C18, section 3, any nonsingular Q and any m leave every output as it is where the layer is
//! linear; by theorem 2 a positive diagonal times a permutation and m = 0 do so behind a ReLU. [`plan_compact`] makes
//! the site smaller by what carries nothing. Everything is in `f64`: cast once, at the end, and run both networks.
//!
//! ```
//! use repshape_stats::rewire::{Affine, Cutoff, Layer, Site, SiteStatistics, fold};
//! use repshape_stats::{Block, Sketch, SketchConfig};
//!
//! // 3 inputs, 2 linear units, 3 outputs
//! let mut writer = Layer::new(3, vec![1.0, 0.5, -2.0, 1.0, 0.0, 3.0], vec![5.0, -1.0])?;
//! let mut readers = [Layer::new(2, vec![1.0, 0.0, 2.0, -1.0, 1.0, 0.5], vec![0.0, 1.0, 0.0])?];
//! let x = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
//! let z = writer.apply(&x)?;
//! let y = readers[0].apply(&z)?;
//!
//! let mut sketch = Sketch::new(&SketchConfig::new(2))?;
//! sketch.update(&Block::new(&z[..], 2)?)?;
//! let whitened = Affine::whiten(&SiteStatistics::of(sketch.moments())?, Cutoff::Rounding)?;
//! fold(Site::Linear, &mut writer, &mut readers, &whitened.affine)?;
//!
//! // the units have variance 1 and covariance 0 now, and the outputs are what they were
//! let z = writer.apply(&x)?;
//! let mean_product = |i: usize, j: usize| z.chunks_exact(2).map(|row| row[i] * row[j]).sum::<f64>() / 4.0;
//! assert!((mean_product(0, 0) - 1.0).abs() < 1e-12 && mean_product(0, 1).abs() < 1e-12);
//! let after = readers[0].apply(&z)?;
//! assert!(y.iter().zip(&after).all(|(y, after)| (y - after).abs() < 1e-12));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod affine;
mod batch_norm;
mod compact;
mod difference;
mod equalize;
mod error;
mod fold;
mod kernel;
mod layer;
mod product;
mod quantization;
mod random;
mod site;
mod spectral;
mod statistics;

pub use affine::{Affine, Kind};
pub use batch_norm::BatchNorm;
pub use compact::{Bound, CompactOptions, CurvePoint, Holds, Plan, Reason, Removal, Removed, plan_compact};
pub use difference::{Difference, Differences};
pub use equalize::{equalize, equalize_ranges};
pub use error::RewireError;
pub use fold::{check_site, fold, fold_into_reader, fold_into_writer};
pub use kernel::{Kernel, KernelShape};
pub use layer::Layer;
pub use quantization::{QuantizationError, quantization_error, quantized};
pub use site::Site;
pub use spectral::{Cutoff, Fitted};
pub use statistics::SiteStatistics;
