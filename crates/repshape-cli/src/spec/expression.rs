//! Arithmetic over a trial's numbers: `100 * test_error`, `dead_units <= sparsity`.

use serde::Deserialize;

/// A formula over named numbers, read once and evaluated for each trial.
///
/// `+ - * /`, parentheses, `sqrt(x)`, and comparisons (`<= >= < > ==`, joined by `and`) that give 1 or 0; numbers that agree
/// to [`ROUNDING`] are equal there, so that `100 * 0.07 <= 7` does not hang on a last bit. Names are
/// those of a trial: `test_error`, `train_error`, `validation_error`, `test_loss`, `weight`, `diverged`, every measure,
/// and `MEASURE@SITE` of further sites.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Expression {
    text: String,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Name(String),
    Negative(Box<Node>),
    Root(Box<Node>),
    Pair(Operator, Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    And,
    AtMost,
    AtLeast,
    Below,
    Above,
    Equal,
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// Operators from the loosest to the tightest; longer spellings first, so that `<` does not take `<=`.
const LEVELS: [&[(&str, Operator)]; 4] = [
    &[("and ", Operator::And)],
    &[
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("==", Operator::Equal),
        ("<", Operator::Below),
        (">", Operator::Above),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide)],
];

/// Relative difference up to which compared numbers are equal.
const ROUNDING: f64 = 1e-9;

/// Deepest nesting of parentheses and signs: a recipe needs two.
const DEEPEST: usize = 50;

impl TryFrom<String> for Expression {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut reader = Reader { rest: text.trim(), depth: 0 };
        let root = reader.level(0).map_err(|problem| format!("formula \"{text}\": {problem}"))?;
        match reader.rest {
            "" => Ok(Self { root, text }),
            rest => Err(format!("formula \"{text}\": \"{rest}\" is left over; expected an operator such as + or <=")),
        }
    }
}

impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Expression {
    /// The value, given what names stand for; `None` where one of them is undefined or the result is not finite.
    pub fn value(&self, of: &impl Fn(&str) -> Option<f64>) -> Option<f64> {
        self.root.value(of).filter(|value| value.is_finite())
    }

    /// Whether it compares: its value is 1 or 0.
    pub fn is_comparison(&self) -> bool {
        use Operator::{Above, And, AtLeast, AtMost, Below, Equal};
        matches!(&self.root, Node::Pair(And | AtMost | AtLeast | Below | Above | Equal, ..))
    }
}

impl Node {
    fn value(&self, of: &impl Fn(&str) -> Option<f64>) -> Option<f64> {
        let truth = |is: bool| Some(f64::from(u8::from(is)));
        match self {
            Self::Number(number) => Some(*number),
            Self::Name(name) => of(name),
            Self::Negative(inner) => Some(-inner.value(of)?),
            Self::Root(inner) => Some(inner.value(of)?.sqrt()),
            Self::Pair(operator, left, right) => {
                let (left, right) = (left.value(of)?, right.value(of)?);
                match operator {
                    Operator::And => truth(left != 0.0 && right != 0.0),
                    Operator::AtMost => truth(left < right || equal(left, right)),
                    Operator::AtLeast => truth(left > right || equal(left, right)),
                    Operator::Below => truth(left < right && !equal(left, right)),
                    Operator::Above => truth(left > right && !equal(left, right)),
                    Operator::Equal => truth(equal(left, right)),
                    Operator::Add => Some(left + right),
                    Operator::Subtract => Some(left - right),
                    Operator::Multiply => Some(left * right),
                    Operator::Divide => Some(left / right),
                }
            }
        }
    }
}

fn equal(left: f64, right: f64) -> bool {
    (left - right).abs() <= ROUNDING * left.abs().max(right.abs())
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn level(&mut self, level: usize) -> Result<Node, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.atom();
        };
        let mut left = self.level(level + 1)?;
        while let Some((spelling, operator)) = operators.iter().find(|(spelling, _)| self.rest.starts_with(spelling)) {
            self.skip(spelling.len());
            let right = self.level(level + 1)?;
            left = Node::Pair(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("nested deeper than {DEEPEST}"));
        }
        let node = if self.taken("-") {
            Node::Negative(Box::new(self.atom()?))
        } else if self.taken("(") {
            self.inner()?
        } else if self.taken("sqrt(") {
            Node::Root(Box::new(self.inner()?))
        } else {
            self.word()?
        };
        self.depth -= 1;
        Ok(node)
    }

    /// What stands before a closing parenthesis.
    fn inner(&mut self) -> Result<Node, String> {
        let inner = self.level(0)?;
        if self.taken(")") { Ok(inner) } else { Err("a \")\" is missing".to_owned()) }
    }

    /// A number or a name.
    fn word(&mut self) -> Result<Node, String> {
        let belongs = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '.' | ':');
        let mut end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        // 1e-3 is one number
        if self.rest.starts_with(|c: char| c.is_ascii_digit()) && self.rest[..end].ends_with('e') {
            let exponent = self.rest[end..].find(|c: char| !c.is_ascii_digit() && c != '-').map(|more| end + more);
            end = exponent.unwrap_or(self.rest.len());
        }
        let word = &self.rest[..end];
        let node = match word.chars().next() {
            None => return Err("a number or a name is missing".to_owned()),
            Some(first) if first.is_ascii_digit() => {
                Node::Number(word.parse().map_err(|_| format!("\"{word}\" is no number"))?)
            }
            Some(_) => Node::Name(word.to_owned()),
        };
        self.skip(end);
        Ok(node)
    }

    fn taken(&mut self, text: &str) -> bool {
        let is = self.rest.starts_with(text);
        if is {
            self.skip(text.len());
        }
        is
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest[bytes..].trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<f64> {
        let names = |name: &str| match name {
            "test_error" => Some(0.04),
            "dead_units" => Some(0.25),
            "live_units@fc1" => Some(2.0),
            _ => None,
        };
        Expression::try_from(text.to_owned()).unwrap().value(&names)
    }

    #[test]
    fn worked_by_hand() {
        assert_eq!(value("100 * test_error"), Some(4.0));
        assert_eq!(value("1 - 2 - 3 * (4 - 2)"), Some(-7.0));
        assert_eq!(value("-sqrt(test_error) / 2"), Some(-0.1));
        assert_eq!(value("1e-3*1e3"), Some(1.0));
        assert_eq!(value("live_units@fc1 == 2 and test_error <= 0.04"), Some(1.0));
        assert_eq!(value("live_units@fc1 == 2 and 100 * dead_units > 100 - 75"), Some(0.0));
        assert_eq!(value("100 * 0.07 <= 7 and 7 >= 100 * 0.07"), Some(1.0));
        assert_eq!(value("100 * 0.07 > 7"), Some(0.0));
        assert_eq!(value("absent + 1"), None);
        assert_eq!(value("1 / (test_error - test_error)"), None);
    }

    #[test]
    fn comparisons_are_known() {
        let is = |text: &str| Expression::try_from(text.to_owned()).unwrap().is_comparison();
        assert!(is("a <= b") && is("a == 1 and b == 2"));
        assert!(!is("a + b"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let deep = "(".repeat(60);
        for (text, expected) in [
            ("", "a number or a name is missing"),
            ("1 +", "a number or a name is missing"),
            ("(1", "a \")\" is missing"),
            ("1 2", "\"2\" is left over"),
            ("1x", "\"1x\" is no number"),
            (deep.as_str(), "nested deeper than 50"),
        ] {
            let message = Expression::try_from(text.to_owned()).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
