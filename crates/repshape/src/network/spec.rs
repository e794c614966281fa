//! The text form of a multilayer perceptron: `mlp:100,100:linear,100`.

use std::fmt;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Activation, Initialization, hidden_names};

/// Widest layer and deepest network that a spec may ask for; beyond them a typo is likelier than
/// an intention, and the first layer alone would not fit in memory.
const MAX_WIDTH: usize = 1 << 20;
const MAX_DEPTH: usize = 1000;

/// One hidden layer: width, nonlinearity and what stands beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSpec {
    /// Number of units.
    pub width: usize,
    /// The nonlinearity; `relu` unless told.
    #[serde(default)]
    pub activation: Activation,
    /// Batch normalisation between the affine map and the nonlinearity.
    #[serde(default)]
    pub batch_norm: bool,
    /// Rate of the dropout after the nonlinearity, in `[0, 1)`.
    #[serde(default)]
    pub dropout: f64,
}

impl LayerSpec {
    /// A plain layer without batch normalisation or dropout.
    pub const fn new(width: usize, activation: Activation) -> Self {
        Self { width, activation, batch_norm: false, dropout: 0.0 }
    }
}

/// The hidden layers of a multilayer perceptron; input and output widths come from the data.
///
/// ```
/// use repshape::network::{Activation, MlpSpec};
/// let spec: MlpSpec = "mlp:100,50:linear".parse()?;
/// assert_eq!(spec.hidden[1].width, 50);
/// assert_eq!(spec.hidden[1].activation, Activation::Linear);
/// assert_eq!(spec.to_string(), "mlp:100,50:linear");
/// # Ok::<(), repshape::network::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MlpSpec {
    /// The hidden layers, first to last.
    pub hidden: Vec<LayerSpec>,
    /// How weights start.
    pub initialization: Initialization,
}

/// The longer form of a spec file: layers as tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    hidden: Vec<LayerSpec>,
    #[serde(default)]
    initialization: Initialization,
}

/// A spec file may hold either form. Not an untagged enum: that would say "no variant matched"
/// where this says which key is unknown.
impl<'de> Deserialize<'de> for MlpSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = MlpSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text such as \"mlp:100,100\" or a table with hidden = [{ width = 100 }]")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<MlpSpec, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MlpSpec, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                let spec = MlpSpec { hidden: table.hidden, initialization: table.initialization };
                spec.check().map_err(de::Error::custom)?;
                Ok(spec)
            }
        }
        deserializer.deserialize_any(Form)
    }
}

/// What is wrong with a network spec.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("network \"{spec}\": {problem}; expected the form mlp:WIDTH[:ACTIVATION],... as in mlp:100,100:linear,100")]
pub struct SpecError {
    spec: String,
    problem: String,
}

impl MlpSpec {
    /// The name of the site after the last hidden layer's nonlinearity: where penalties act
    /// unless told otherwise.
    pub fn last_hidden_site(&self) -> String {
        let [_, after] = hidden_names(self.hidden.len());
        after
    }

    /// The hidden layer that a site such as `fc2` or `fc2.pre` belongs to.
    pub fn layer_of_site_mut(&mut self, site: &str) -> Option<&mut LayerSpec> {
        let number: usize = site.strip_prefix("fc")?.trim_end_matches(".pre").parse().ok()?;
        self.hidden.get_mut(number.checked_sub(1)?)
    }

    /// Names of all sites, in the order of the forward pass.
    pub fn site_names(&self) -> Vec<String> {
        (1..=self.hidden.len()).flat_map(hidden_names).chain(["output".to_owned()]).collect()
    }

    /// Number of weights and biases between these inputs and outputs, batch normalisation included.
    ///
    /// ```
    /// let spec: repshape::network::MlpSpec = "mlp:100".parse()?;
    /// assert_eq!(spec.parameters(64, 10), (64 + 1) * 100 + (100 + 1) * 10);
    /// # Ok::<(), repshape::network::SpecError>(())
    /// ```
    pub fn parameters(&self, inputs: usize, outputs: usize) -> usize {
        let (mut total, mut width) = (0usize, inputs);
        let layers = self.hidden.iter().map(|layer| (layer.width, 2 * usize::from(layer.batch_norm)));
        for (units, norms) in layers.chain([(outputs, 0)]) {
            total = total.saturating_add(width.saturating_add(1 + norms).saturating_mul(units));
            width = units;
        }
        total
    }

    fn check(&self) -> Result<(), SpecError> {
        let problem = |problem: String| SpecError { spec: self.to_string(), problem };
        if self.hidden.is_empty() {
            return Err(problem("it has no hidden layer".to_owned()));
        }
        if self.hidden.len() > MAX_DEPTH {
            return Err(problem(format!("more than {MAX_DEPTH} hidden layers")));
        }
        for (n, layer) in (1..).zip(&self.hidden) {
            if layer.width == 0 || layer.width > MAX_WIDTH {
                return Err(problem(format!("layer {n} has width {}, widths run from 1 to {MAX_WIDTH}", layer.width)));
            }
            if !(0.0..1.0).contains(&layer.dropout) {
                return Err(problem(format!(
                    "layer {n} has dropout {}, rates run from 0 up to, not including, 1",
                    layer.dropout
                )));
            }
        }
        Ok(())
    }
}

impl fmt::Display for MlpSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mlp:")?;
        for (n, layer) in self.hidden.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            write!(f, "{comma}{}", layer.width)?;
            if layer.activation != Activation::default() {
                write!(f, ":{}", layer.activation)?;
            }
        }
        Ok(())
    }
}

impl FromStr for MlpSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let problem = |problem: String| SpecError { spec: text.to_owned(), problem };
        let layers = text
            .strip_prefix("mlp:")
            .ok_or_else(|| problem("only networks of the form mlp:... are known here".to_owned()))?;
        let hidden = layers
            .split(',')
            .map(|layer| {
                let (width, activation) = layer.split_once(':').unwrap_or((layer, "relu"));
                let width = width.trim().parse().map_err(|_| problem(format!("\"{width}\" is not a width")))?;
                let activation = activation.trim().parse().map_err(problem)?;
                Ok(LayerSpec::new(width, activation))
            })
            .collect::<Result<_, _>>()?;
        let spec = Self { hidden, initialization: Initialization::default() };
        spec.check()?;
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for text in ["mlp:100", "mlp:7:tanh,3,2:linear", "mlp:5:leaky-relu,4:logistic"] {
            assert_eq!(text.parse::<MlpSpec>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn errors_name_the_layer_and_the_form() {
        for (text, expected) in [
            ("mlp:", "\"\" is not a width"),
            ("mlp:10,0", "layer 2 has width 0"),
            ("mlp:10:rleu", "did you mean \"relu\"?"),
            ("cnn:3", "only networks of the form mlp:"),
            ("mlp:99999999999999999999", "is not a width"),
            ("mlp:-3", "\"-3\" is not a width"),
        ] {
            let message = text.parse::<MlpSpec>().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("expected the form mlp:"), "{message}");
        }
    }

    #[test]
    fn sites_name_their_layer() {
        let mut spec: MlpSpec = "mlp:4,3".parse().unwrap();
        assert_eq!(spec.site_names(), ["fc1.pre", "fc1", "fc2.pre", "fc2", "output"]);
        assert_eq!(spec.layer_of_site_mut("fc2.pre").unwrap().width, 3);
        for site in ["fc0", "fc3", "output", "fc", "fcx"] {
            assert!(spec.layer_of_site_mut(site).is_none(), "{site}");
        }
    }
}
