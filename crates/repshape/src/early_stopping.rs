//! Stopping when the validation loss no longer falls.

use crate::fit::{Flow, Observer, Training};

/// Stops a training after `patience` epochs in a row whose validation loss was not below the lowest before them.
///
/// Without validation rows it never stops. A pair of observers is an observer too: `(EarlyStopping::new(5), other)`.
///
/// ```
/// use repshape::early_stopping::EarlyStopping;
/// let stopping = EarlyStopping::new(5);
/// assert_eq!(stopping.lowest(), None);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct EarlyStopping {
    patience: usize,
    lowest: Option<f64>,
    since: usize,
}

impl EarlyStopping {
    /// Waits so many epochs for the loss to fall; 0 counts as 1.
    pub const fn new(patience: usize) -> Self {
        Self { patience, lowest: None, since: 0 }
    }

    /// The lowest validation loss so far.
    pub const fn lowest(&self) -> Option<f64> {
        self.lowest
    }

    fn see(&mut self, loss: f64) -> Flow {
        if self.lowest.is_none_or(|lowest| loss < lowest) {
            (self.lowest, self.since) = (Some(loss), 0);
            return Flow::Continue;
        }
        self.since += 1;
        if self.since >= self.patience { Flow::Stop } else { Flow::Continue }
    }
}

impl<N> Observer<N> for EarlyStopping {
    fn epoch(&mut self, training: &Training<N>) -> Flow {
        let last = training.history.last().and_then(|epoch| epoch.validation);
        last.map_or(Flow::Continue, |scores| self.see(scores.loss))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_after_patience_epochs_without_a_lower_loss() {
        let flows = |losses: &[f64]| {
            let mut stopping = EarlyStopping::new(2);
            losses.iter().map(|loss| stopping.see(*loss) == Flow::Stop).collect::<Vec<_>>()
        };
        assert_eq!(flows(&[1.0, 0.5, 0.6, 0.5]), [false, false, false, true]);
        assert_eq!(flows(&[1.0, 1.1, 0.9, 1.0, 0.8]), [false; 5]);
    }
}
