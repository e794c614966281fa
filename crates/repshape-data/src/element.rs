//! Element types of binary arrays and their conversion to f64 or f32.

use std::fmt;

use half::{bf16, f16};

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
    BF16,
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
            Kind::I16 | Kind::U16 | Kind::F16 | Kind::BF16 => 2,
            Kind::I32 | Kind::U32 | Kind::F32 => 4,
            Kind::I64 | Kind::U64 | Kind::F64 => 8,
        }
    }

    /// Whether every value is one of f32.
    pub(crate) fn is_single(self) -> bool {
        match self.kind {
            Kind::Bool | Kind::I8 | Kind::U8 | Kind::I16 | Kind::U16 => true,
            Kind::F16 | Kind::BF16 | Kind::F32 => true,
            Kind::I32 | Kind::U32 | Kind::I64 | Kind::U64 | Kind::F64 => false,
        }
    }

    /// Appends the values of whole elements. To f64, 64-bit integers beyond 2^53 are rounded; to f32 all is
    /// rounded that is not [`Element::is_single`].
    pub(crate) fn decode<T: Real>(self, bytes: &[u8], out: &mut Vec<T>) {
        macro_rules! each {
            ($kind:ty, $real:expr) => {{
                let (elements, _) = bytes.as_chunks::<{ size_of::<$kind>() }>();
                match self.big_endian {
                    true => out.extend(elements.iter().map(|&e| $real(<$kind>::from_be_bytes(e)))),
                    false => out.extend(elements.iter().map(|&e| $real(<$kind>::from_le_bytes(e)))),
                }
            }};
        }
        match self.kind {
            Kind::Bool => out.extend(bytes.iter().map(|&byte| T::single(f32::from(u8::from(byte != 0))))),
            Kind::I8 => each!(i8, |e| T::single(f32::from(e))),
            Kind::U8 => each!(u8, |e| T::single(f32::from(e))),
            Kind::I16 => each!(i16, |e| T::single(f32::from(e))),
            Kind::U16 => each!(u16, |e| T::single(f32::from(e))),
            Kind::F16 => each!(f16, |e| T::single(f32::from(e))),
            Kind::BF16 => each!(bf16, |e| T::single(f32::from(e))),
            Kind::F32 => each!(f32, T::single),
            Kind::I32 => each!(i32, |e| T::double(f64::from(e))),
            Kind::U32 => each!(u32, |e| T::double(f64::from(e))),
            Kind::I64 => each!(i64, |e| T::double(e as f64)),
            Kind::U64 => each!(u64, |e| T::double(e as f64)),
            Kind::F64 => each!(f64, T::double),
        }
    }
}

/// What values are read as.
pub(crate) trait Real: Copy + Default {
    fn single(value: f32) -> Self;
    fn double(value: f64) -> Self;
}

impl Real for f32 {
    fn single(value: f32) -> f32 {
        value
    }

    fn double(value: f64) -> f32 {
        value as f32
    }
}

impl Real for f64 {
    fn single(value: f32) -> f64 {
        f64::from(value)
    }

    fn double(value: f64) -> f64 {
        value
    }
}

/// NumPy's name: `<f8`. It has none for the upper half of an f32.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == Kind::BF16 {
            return f.write_str("bfloat16");
        }
        let letter = match self.kind {
            Kind::Bool => 'b',
            Kind::I8 | Kind::I16 | Kind::I32 | Kind::I64 => 'i',
            Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 => 'u',
            Kind::F16 | Kind::BF16 | Kind::F32 | Kind::F64 => 'f',
        };
        let order = match (self.size(), self.big_endian) {
            (1, _) => '|',
            (_, true) => '>',
            (_, false) => '<',
        };
        write!(f, "{order}{letter}{}", self.size())
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
        let read = |kind, bits: u16| {
            let (mut double, mut single) = (Vec::new(), Vec::new());
            Element { kind, big_endian: true }.decode::<f64>(&bits.to_be_bytes(), &mut double);
            Element { kind, big_endian: false }.decode::<f32>(&bits.to_le_bytes(), &mut single);
            assert!(f64::from(single[0]).to_bits() == double[0].to_bits());
            double[0]
        };
        for (bits, value) in cases {
            assert_eq!(read(Kind::F16, bits), value, "{bits:#06x}");
        }
        assert!(read(Kind::F16, 0x7e00).is_nan());
        // the upper half of an f32: 8 bits of exponent (bias 127), 7 of mantissa
        let cases = [
            (0x3f80, 1.0),
            (0xc000, -2.0),
            (0x4049, 3.140_625),
            (0x7f7f, 255.0 * 2f64.powi(120)),
            (0x0080, 2f64.powi(-126)),
            (0x0001, 2f64.powi(-133)),
            (0x7f80, f64::INFINITY),
        ];
        for (bits, value) in cases {
            assert_eq!(read(Kind::BF16, bits), value, "{bits:#06x}");
        }
        assert!(read(Kind::BF16, 0x7fc0).is_nan());
    }
}
