//! Element types of binary arrays and their conversion to f64.

use std::fmt;

/// What an array's elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F16,
    F32,
    F64,
}

/// An element type with its byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) kind: Kind,
    pub(crate) big_endian: bool,
}

impl Element {
    /// Bytes of one element.
    pub(crate) fn size(self) -> usize {
        match self.kind {
            Kind::Bool | Kind::I8 | Kind::U8 => 1,
            Kind::I16 | Kind::U16 | Kind::F16 => 2,
            Kind::I32 | Kind::U32 | Kind::F32 => 4,
            Kind::I64 | Kind::U64 | Kind::F64 => 8,
        }
    }

    /// Appends the values of whole elements. 64-bit integers beyond 2^53 are rounded.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut Vec<f64>) {
        macro_rules! each {
            ($kind:ty) => {{
                let (elements, _) = bytes.as_chunks::<{ size_of::<$kind>() }>();
                match self.big_endian {
                    true => out.extend(elements.iter().map(|&e| <$kind>::from_be_bytes(e) as f64)),
                    false => out.extend(elements.iter().map(|&e| <$kind>::from_le_bytes(e) as f64)),
                }
            }};
        }
        match self.kind {
            Kind::Bool => out.extend(bytes.iter().map(|&byte| f64::from(u8::from(byte != 0)))),
            Kind::I8 => each!(i8),
            Kind::U8 => each!(u8),
            Kind::I16 => each!(i16),
            Kind::U16 => each!(u16),
            Kind::I32 => each!(i32),
            Kind::U32 => each!(u32),
            Kind::I64 => each!(i64),
            Kind::U64 => each!(u64),
            Kind::F32 => each!(f32),
            Kind::F64 => each!(f64),
            Kind::F16 => {
                let (elements, _) = bytes.as_chunks::<2>();
                out.extend(
                    elements
                        .iter()
                        .map(|&e| half(if self.big_endian { u16::from_be_bytes(e) } else { u16::from_le_bytes(e) })),
                );
            }
        }
    }
}

/// NumPy's name: `<f8`.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.kind {
            Kind::Bool => 'b',
            Kind::I8 | Kind::I16 | Kind::I32 | Kind::I64 => 'i',
            Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 => 'u',
            Kind::F16 | Kind::F32 | Kind::F64 => 'f',
        };
        let order = match (self.size(), self.big_endian) {
            (1, _) => '|',
            (_, true) => '>',
            (_, false) => '<',
        };
        write!(f, "{order}{letter}{}", self.size())
    }
}

/// IEEE half precision: 1 sign bit, 5 of exponent (bias 15), 10 of mantissa.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let mantissa = f64::from(bits & 0x3ff);
    sign * match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + mantissa) * 2f64.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves() {
        // largest, smallest normal, smallest subnormal, one third: Wikipedia's table
        let cases = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_625e-5),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x3555, 0.333_251_953_125),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ];
        for (bits, value) in cases {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
