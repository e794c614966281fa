//! Numbers as a reader wants them.

/// What stands where a value is undefined.
pub(crate) const UNDEFINED: &str = "–";

/// A fraction in percent with two decimals: `2.31`.
pub(crate) fn percent(fraction: f64) -> String {
    if fraction.is_finite() { format!("{:.2}", 100.0 * fraction) } else { UNDEFINED.into() }
}

/// Three significant digits: `0.0123`, `4.56`, `1,230`; powers of ten only beyond 1e-4 and 1e6.
pub(crate) fn significant(value: f64) -> String {
    if !value.is_finite() {
        return UNDEFINED.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let magnitude = value.abs();
    if !(1e-4..1e6).contains(&magnitude) {
        return format!("{value:.1e}").replace('-', "−");
    }
    let decimals = (2 - magnitude.log10().floor() as i32).max(0) as usize;
    format!("{value:.decimals$}").replace('-', "−")
}

/// A weight as it was written: `0.001`, `10`, `1e-5`.
pub(crate) fn weight(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e6).contains(&value.abs()) { format!("{value:e}") } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_the_undefined() {
        assert_eq!(percent(0.02314), "2.31");
        assert_eq!(percent(f64::NAN), "–");
        assert_eq!(significant(0.012345), "0.0123");
        assert_eq!(significant(-4.5678), "−4.57");
        assert_eq!(significant(123.4), "123");
        assert_eq!(significant(0.000_001_23), "1.2e−6");
        assert_eq!(significant(f64::INFINITY), "–");
        assert_eq!(significant(0.0), "0");
        assert_eq!(weight(1e-5), "1e-5");
        assert_eq!(weight(0.001), "0.001");
        assert_eq!(weight(10.0), "10");
    }
}
