//! Numbers as a reader wants them.

/// What stands where a value is undefined.
pub(crate) const UNDEFINED: &str = "–";

/// A fraction in percent with two decimals: `2.31`.
pub(crate) fn percent(fraction: f64) -> String {
    if fraction.is_finite() { format!("{:.2}", 100.0 * fraction) } else { UNDEFINED.into() }
}

/// Places behind the point at which a standard deviation has two digits; `None` where it is 0, not finite or of three digits
/// and more.
pub fn places(deviation: f64) -> Option<usize> {
    let places = 1.0 - deviation.log10().floor();
    (places.is_finite() && places >= 0.0).then_some(places as usize)
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

/// One digit more than its power of ten, as differences of outputs are told: `3.1e−7`, `0`.
pub(crate) fn scientific(value: f64) -> String {
    match value {
        0.0 => "0".into(),
        value if value.is_finite() => format!("{value:.1e}").replace('-', "−"),
        _ => UNDEFINED.into(),
    }
}

/// A share in percent that is 100 only where nothing is missing: `100`, `99.72`, `> 99.99`.
pub(crate) fn share(fraction: f64) -> String {
    match fraction {
        1.0 => "100".into(),
        almost if (0.999_95..1.0).contains(&almost) => "> 99.99".into(),
        fraction => percent(fraction),
    }
}

/// The values of one column with the same number of decimals: three significant digits for the largest, two for
/// the smallest, at most four decimals. What would vanish or overflow at that is written as [`significant`] does.
pub(crate) fn column(values: &[Option<f64>]) -> Vec<String> {
    let magnitudes = || values.iter().flatten().map(|value| value.abs()).filter(|value| (1e-4..1e6).contains(value));
    let digits = |value: f64, significant: i32| significant - 1 - value.log10().floor() as i32;
    let largest = magnitudes().reduce(f64::max).map_or(0, |value| digits(value, 3));
    let smallest = magnitudes().reduce(f64::min).map_or(0, |value| digits(value, 2));
    let decimals = largest.max(smallest).clamp(0, 4) as usize;
    let whole = values.iter().flatten().all(|value| value.fract() == 0.0);
    let decimals = if whole { 0 } else { decimals };
    let write = |value: &Option<f64>| match *value {
        Some(value) if value.is_finite() && (value == 0.0 || (1e-4..1e6).contains(&value.abs())) => {
            format!("{value:.decimals$}").replace('-', "−")
        }
        Some(value) => significant(value),
        None => UNDEFINED.into(),
    };
    values.iter().map(write).collect()
}

/// A count with its thousands apart: `32,768`.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An integer as it is, anything else with three significant digits: ranks count, other measures lie between counts.
pub(crate) fn whole_or_significant(value: f64) -> String {
    let whole = value.fract() == 0.0 && (0.0..1e15).contains(&value);
    if whole { grouped(value as usize) } else { significant(value) }
}

/// A weight as it was written: `0.001`, `10`, `1e-5`.
pub(crate) fn weight(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e6).contains(&value.abs()) { format!("{value:e}") } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_aligned() {
        assert_eq!(column(&[Some(0.835), Some(0.0504), None, Some(0.0)]), ["0.835", "0.050", "–", "0.000"]);
        assert_eq!(column(&[Some(10.0), Some(7.0)]), ["10", "7"]);
        assert_eq!(column(&[Some(24.23), Some(9.9)]), ["24.2", "9.9"]);
        assert_eq!(column(&[Some(-1.5), Some(1e-9), Some(f64::NAN)]), ["−1.50", "1.0e−9", "–"]);
    }

    #[test]
    fn a_share_is_whole_only_where_nothing_is_missing() {
        assert_eq!([1.0, 0.999_999, 0.9972, 0.0].map(share), ["100", "> 99.99", "99.72", "0.00"]);
        assert_eq!(share(f64::NAN), "–");
        assert_eq!([3.14e-7, 0.0, 12.0, f64::INFINITY].map(scientific), ["3.1e−7", "0", "1.2e1", "–"]);
    }

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
        assert_eq!(
            [grouped(7), grouped(999), grouped(32_768), grouped(1_000_000)],
            ["7", "999", "32,768", "1,000,000"]
        );
        assert_eq!([97.0, 1234.0, 2.559].map(whole_or_significant), ["97", "1,234", "2.56"]);
        assert_eq!(weight(1e-5), "1e-5");
        assert_eq!(weight(0.001), "0.001");
        assert_eq!(weight(10.0), "10");
    }
}
