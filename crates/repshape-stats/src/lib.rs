//! Characteristics of hidden representations, in one pass over blocks of rows.
//!
//! A representation is a matrix of `rows x units`: the activations of one site of a network over a data set. Blocks of
//! its rows, `f32` or `f64`, go into a [`Sketch`]: mergeable [`Moments`] and a bounded sample of [`Rows`]. From a sketch
//! [`measure()`] reads every measure of the [`CATALOG`], all in `f64`:
//!
//! ```
//! use repshape_stats::{Block, Selection, Sketch, SketchConfig, measure};
//!
//! // four rows of three units after a ReLU, two classes; the last unit is dead
//! let z = [1.0_f32, 0.0, 0.0, 3.0, 0.5, 0.0, 0.0, 2.0, 0.0, 0.5, 4.0, 0.0];
//! let labels = [0, 0, 1, 1];
//!
//! let mut sketch = Sketch::new(&SketchConfig::new(3).with_classes(2))?;
//! sketch.update(&Block::new(&z[..], 3)?.with_labels(&labels)?)?;
//! let measurement = measure(&sketch, &Selection::default());
//!
//! for (name, value) in measurement.measures.iter() {
//!     match value {
//!         Some(value) => println!("{name:32} {value:.4}"),
//!         None => println!("{name:32} undefined"),
//!     }
//! }
//! assert_eq!(measurement.get("dead_units"), Some(1.0 / 3.0));
//! assert_eq!(measurement.get("rank"), Some(2.0));
//! assert_eq!(measurement.notes[0], "1 dead unit left out of correlation");
//! # Ok::<(), repshape_stats::StatsError>(())
//! ```
//!
//! Conventions, the same everywhere: covariances are biased (`1/N`) unless a formula says otherwise; a measure that is
//! undefined is `None`, never NaN; a class without a row is left out of a mean over classes, one with a single row
//! counts as 0 in class-wise variance and covariance; a unit with one value only is left out of correlations.
//!
//! Sources: C18 is Choi, Lee, Shin & Rhee (2018), C19 Choi & Rhee (2019), K17 Kågebäck & Mogren (2017).

mod block;
pub mod compare;
pub mod disentanglement;
mod error;
mod exp;
mod gram;
pub mod intrinsic_dimension;
pub mod measure;
pub mod moments;
pub mod mutual_information;
pub mod pictures;
pub mod rewire;
pub mod sample;
mod sketch;
pub mod spectrum;
pub mod state;

pub use block::{Block, Values};
pub use error::StatsError;
pub use measure::{CATALOG, Head, Measurement, Options, Selection, Value, measure};
pub use moments::{Moments, UnitPairs};
pub use mutual_information::NoiseVariance;
pub use pictures::pictures;
pub use sample::{Rows, SampleSize};
pub use sketch::{Sketch, SketchConfig};
pub use state::{Partial, PartialSite, Shard};
