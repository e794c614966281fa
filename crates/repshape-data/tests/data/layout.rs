//! Axes become rows and units as the layout says.

use proptest::prelude::*;

use repshape_data::{Arrangement, Layout};

const EVERY: [Layout; 5] = [Layout::Auto, Layout::Channels, Layout::Positions, Layout::Tokens, Layout::Flatten];

fn applied(layout: Layout, shape: &[usize], block: &[u32]) -> (Arrangement, Vec<u32>) {
    let arrangement = layout.arrange(shape).unwrap();
    let mut rows = vec![99];
    arrangement.apply(block, &mut rows);
    (arrangement, rows)
}

#[test]
fn each_layout_of_a_small_map() {
    // two rows of 3 channels x 2 x 1 positions; row, channel, position are the digits of a value
    let block: Vec<u32> =
        (1..3).flat_map(|n| (1..4).flat_map(move |c| (1..3).map(move |p| 100 * n + 10 * c + p))).collect();
    assert_eq!(block, [111, 112, 121, 122, 131, 132, 211, 212, 221, 222, 231, 232]);
    let shape = [3, 2, 1];
    let (channels, rows) = applied(Layout::Channels, &shape, &block);
    assert_eq!((channels.units, channels.rows_per_row), (3, 2));
    assert_eq!(rows, [111, 121, 131, 112, 122, 132, 211, 221, 231, 212, 222, 232]);
    assert!(!channels.is_identity());
    let (positions, rows) = applied(Layout::Positions, &shape, &block);
    assert_eq!((positions.units, positions.rows_per_row), (2, 3));
    assert_eq!(rows, block);
    let (flatten, rows) = applied(Layout::Flatten, &shape, &block);
    assert_eq!((flatten.units, flatten.rows_per_row, rows), (6, 1, block.clone()));
    assert_eq!(Layout::Auto.arrange(&shape), Layout::Flatten.arrange(&shape));
    // the last axis is units, all before it are tokens
    let (tokens, rows) = applied(Layout::Tokens, &shape, &block);
    assert_eq!((tokens.units, tokens.rows_per_row, rows), (1, 6, block));
}

#[test]
fn tokens_are_what_two_axes_mean() {
    let auto = Layout::Auto.arrange(&[7, 3]).unwrap();
    assert_eq!(auto, Layout::Tokens.arrange(&[7, 3]).unwrap());
    assert_eq!((auto.units, auto.rows_per_row), (3, 7));
    assert_eq!(auto.describe(), "tokens: tokens as rows, 3 units");
    for shape in [&[][..], &[5]] {
        let auto = Layout::Auto.arrange(shape).unwrap();
        assert_eq!((auto.layout, auto.rows_per_row), (Layout::Flatten, 1));
        assert!(auto.is_identity());
    }
    assert_eq!(Layout::Auto.arrange(&[]).unwrap().describe(), "flatten: one row each, 1 unit");
    assert_eq!(Layout::Channels.arrange(&[32, 7, 7]).unwrap().describe(), "channels: positions as rows, 32 units");
    assert_eq!(Layout::Positions.arrange(&[32, 7, 7]).unwrap().describe(), "positions: channels as rows, 49 units");
}

#[test]
fn a_mask_keeps_arranged_rows() {
    let block: Vec<u32> = (0..12).collect();
    let mut kept = Vec::new();
    // two rows of three tokens of two units
    let tokens = Layout::Tokens.arrange(&[3, 2]).unwrap();
    let mask = [true, false, true, false, false, true];
    assert_eq!(tokens.apply_masked(&block, &mask, &mut kept), 3);
    assert_eq!(kept, [0, 1, 4, 5, 10, 11]);
    // two rows of two channels of three positions: position 1 of the first, 0 of the second
    let channels = Layout::Channels.arrange(&[2, 3]).unwrap();
    let mask = [false, true, false, true, false, false];
    assert_eq!(channels.apply_masked(&block, &mask, &mut kept), 2);
    assert_eq!(kept, [1, 4, 6, 9]);
}

#[test]
fn what_does_not_fit_is_named() {
    let refused = |layout: Layout, shape: &[usize]| layout.arrange(shape).unwrap_err();
    insta::assert_snapshot!(
        [
            refused(Layout::Channels, &[5]),
            refused(Layout::Positions, &[]),
            refused(Layout::Tokens, &[5]),
            refused(Layout::Flatten, &[3, 0]),
            refused(Layout::Flatten, &[usize::MAX, 2]),
            "Flatten".parse::<Layout>().unwrap_err(),
        ]
        .join("\n"),
        @r#"
        layout channels does not fit N x 5: it needs N x C x H x W (channels, then positions); a matrix of rows by units takes flatten
        layout positions does not fit N: it needs N x C x H x W (channels, then positions); a matrix of rows by units takes flatten
        layout tokens does not fit N x 5: it needs N x T x D (tokens, then units); a matrix of rows by units takes flatten
        rows of shape (3, 0) hold no values
        rows of shape (18446744073709551615, 2) hold too many values
        unknown layout "Flatten"; expected auto, channels, positions, tokens, flatten
        "#
    );
    for layout in EVERY {
        assert_eq!(layout.to_string().parse(), Ok(layout));
    }
}

proptest! {
    /// Every value of a block comes once, and the value at (row, axes) is where the layout says.
    #[test]
    fn layouts_move_values_and_lose_none(shape in prop::collection::vec(1usize..5, 2..5), rows in 1usize..4) {
        let size: usize = shape.iter().product();
        let block: Vec<usize> = (0..rows * size).collect();
        for layout in EVERY {
            let arrangement = layout.arrange(&shape).unwrap();
            prop_assert_eq!(arrangement.units * arrangement.rows_per_row, size);
            let mut moved = Vec::new();
            arrangement.apply(&block, &mut moved);
            let positions = size / shape[0];
            for (at, &value) in moved.iter().enumerate() {
                let (row, unit) = (at / arrangement.units, at % arrangement.units);
                let (n, within) = (row / arrangement.rows_per_row, row % arrangement.rows_per_row);
                let (channel, position) = match arrangement.layout {
                    Layout::Channels => (unit, within),
                    Layout::Positions => (within, unit),
                    _ => {
                        let flat = within * arrangement.units + unit;
                        (flat / positions, flat % positions)
                    }
                };
                prop_assert_eq!(value, n * size + channel * positions + position);
            }
            prop_assert_eq!(moved.len(), block.len());
            if arrangement.is_identity() {
                prop_assert_eq!(&moved, &block);
            }
            // a mask of all rows is no mask, and a row masked away is the only one that is missing
            let (mut kept, all) = (Vec::new(), rows * arrangement.rows_per_row);
            arrangement.apply_masked(&block, &vec![true; all], &mut kept);
            prop_assert_eq!(&kept, &moved);
            let mask: Vec<bool> = (0..all).map(|row| row != all / 2).collect();
            prop_assert_eq!(arrangement.apply_masked(&block, &mask, &mut kept), all - 1);
            let gap = all / 2 * arrangement.units;
            moved.drain(gap..gap + arrangement.units);
            prop_assert_eq!(&kept, &moved);
        }
    }
}
