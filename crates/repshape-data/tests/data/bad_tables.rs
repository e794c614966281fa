//! What is wrong with safetensors, parquet, pipes and labels of strings is said by name.

use std::io::Cursor;

use repshape_data::{LabelOptions, MatrixOptions, keys, open_matrix, open_matrix_from, read_labels, read_matrix};

use crate::bad_input::{Folder, gzip, npy};
use crate::golden;

/// A file with this header and so many bytes of values.
fn safetensors(header: &str, values: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(vec![0; values]);
    bytes
}

#[test]
fn safetensors_files() {
    let folder = Folder::new();
    let matrix = |bytes: &[u8]| folder.matrix(&folder.file("z.safetensors", bytes));
    let tensor = |dtype: &str, shape: &str, from: u64, to: u64| {
        format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    let one = |dtype: &str, shape: &str, to: u64, values: usize| {
        safetensors(&format!(r#"{{"z":{}}}"#, tensor(dtype, shape, 0, to)), values)
    };
    let two = |a: [u64; 2], b: [u64; 2], values: usize| {
        let (a, b) = (tensor("F32", "[2,1]", a[0], a[1]), tensor("F32", "[2,1]", b[0], b[1]));
        safetensors(&format!(r#"{{"a":{a},"b":{b}}}"#), values)
    };
    let whole = one("F32", "[2,3]", 24, 24);
    let mut long_header = whole.clone();
    long_header[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let huge = [(20u64 << 20).to_le_bytes().as_slice(), &vec![b'{'; 21 << 20]].concat();
    let deep = safetensors(&"{\"a\":".repeat(100_000), 0);
    let key = |key: &str| {
        let options = MatrixOptions { key: Some(key.to_owned()), ..MatrixOptions::default() };
        let path = folder.file("two.safetensors", two([0, 8], [8, 16], 16));
        folder.message(|| open_matrix(&path, &options))
    };
    let messages = [
        matrix(b"short"),
        matrix(b"PK\x03\x04 something else altogether"),
        matrix(&long_header),
        matrix(&huge),
        matrix(&deep),
        matrix(&whole[..whole.len() - 1]),
        matrix(&[whole.as_slice(), b"x"].concat()),
        matrix(&one("F32", "[2,3]", 20, 20)),
        matrix(&one("F32", "[2,4]", 24, 24)),
        matrix(&one("F32", "[4611686018427387904,4]", 24, 24)),
        matrix(&one("F32", "[0,3]", 0, 0)),
        matrix(&one("F32", "[]", 4, 4)),
        matrix(&one("F8_E4M3", "[2,3]", 6, 6)),
        matrix(&one("C64", "[2,3]", 48, 48)),
        matrix(&safetensors(r#"{"z":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8)),
        matrix(&safetensors(r#"{"z":{"dtype":"F32","shape":[2]}}"#, 8)),
        matrix(&safetensors("{\"z\": nothing}", 8)),
        matrix(&safetensors("{}", 0)),
        matrix(&two([0, 8], [4, 12], 12)),
        matrix(&two([8, 0], [8, 16], 16)),
        matrix(&two([0, 8], [12, 20], 20)),
        matrix(&two([0, 8], [8, 16], 16)),
        matrix(&safetensors(&format!("{{\"z\":{0},\"z\":{0}}}", tensor("F32", "[2]", 0, 8)), 8)),
        matrix(&gzip(&whole)),
        key("c"),
        folder
            .message(|| {
                let path = golden::folder().join("maps.safetensors");
                read_labels(&path, &LabelOptions { key: Some("map".into()), ..LabelOptions::default() })
            })
            .replace(&format!("{}/", golden::folder().display()), ""),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    z.safetensors: is no safetensors file: expected the length of a JSON header in 8 bytes, then the header
    z.safetensors: is no safetensors file: expected the length of a JSON header in 8 bytes, then the header
    z.safetensors: is no safetensors file: expected the length of a JSON header in 8 bytes, then the header
    z.safetensors: has a header of 20,971,520 bytes; up to 16,777,216 are read
    z.safetensors: has a broken safetensors header: unknown field `a`, expected one of `dtype`, `shape`, `data_offsets` at line 1 column 9
    z.safetensors: is truncated: the tensor "z" claims the bytes 0 to 24 of 23 that follow the header
    z.safetensors: has the wrong size: its tensors end after 24 bytes, but 25 follow the header
    z.safetensors:z: is truncated: its header promises 24 bytes of values (shape (2, 3) of <f4), but 20 follow
    z.safetensors:z: is truncated: its header promises 32 bytes of values (shape (2, 4) of <f4), but 24 follow
    z.safetensors:z: claims the impossible shape (4611686018427387904, 4)
    z.safetensors:z: has shape (0, 3): there are no values
    z.safetensors:z: has shape (); expected 1 to 5 dimensions, rows first
    z.safetensors:z: holds elements of type F8_E4M3; expected BOOL, integers, F16, BF16, F32 or F64
    z.safetensors:z: holds elements of type C64; expected BOOL, integers, F16, BF16, F32 or F64
    z.safetensors: has a broken safetensors header: invalid value: integer `-2`, expected usize at line 1 column 31
    z.safetensors: has a broken safetensors header: missing field `data_offsets` at line 1 column 32
    z.safetensors: has a broken safetensors header: expected ident at line 1 column 8
    z.safetensors: holds no tensors
    z.safetensors: has a broken header: the tensor "b" lies over the one before it
    z.safetensors: has a broken header: the tensor "a" claims the bytes 8 to 0 of 16 that follow the header
    z.safetensors: has a broken header: the tensor "b" leaves a gap after the one before it
    z.safetensors: holds several arrays (a, b); choose one by its key
    z.safetensors: has a broken safetensors header: the name "z" stands twice at line 1 column 57
    z.safetensors: is gzipped; unpack it first, safetensors are read from a plain file
    two.safetensors: holds no array "c" (it holds a, b)
    maps.safetensors: holds no array "map"; did you mean "maps"? (it holds labels, maps)
    "#);
}

#[test]
fn parquet_files() {
    let folder = Folder::new();
    let whole = std::fs::read(golden::folder().join("pages.parquet")).unwrap();
    let matrix = |bytes: &[u8]| folder.matrix(&folder.file("z.parquet", bytes));
    let mut footer = whole.clone();
    let end = footer.len() - 8;
    footer[end..end + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut empty_footer = whole.clone();
    empty_footer[end..end + 4].copy_from_slice(&0u32.to_le_bytes());
    // a group in a group in a group ...: name "a" (field 4), one child (field 5)
    let level = [0x48, 1, b'a', 0x15, 2, 0];
    let mut deep = b"PAR1".to_vec();
    let mut description = vec![0x15, 2, 0x19, 0xfc];
    description.extend([0xa0, 0x8d, 0x06]);
    description.extend(level.repeat(100_000));
    deep.extend(&description);
    deep.extend((description.len() as u32).to_le_bytes());
    deep.extend(b"PAR1");
    let shown = |message: String| message.replace(&format!("{}/", golden::folder().display()), "");
    let golden = |name: &str| shown(folder.matrix(&golden::folder().join(name)));
    let of = |name: &str, key: Option<&str>, label: Option<&str>| {
        let options = MatrixOptions { key: key.map(str::to_owned), label_column: label.map(str::to_owned) };
        shown(folder.message(|| open_matrix(&golden::folder().join(name), &options)))
    };
    let labels = |name: &str, key: Option<&str>, rows: Option<usize>| {
        let key = key.map(str::to_owned);
        let rows = rows.map(|rows| (rows, "z.npy".to_owned()));
        shown(folder.message(|| read_labels(&golden::folder().join(name), &LabelOptions { classes: None, key, rows })))
    };
    let messages = [
        matrix(b"PAR1PAR1"),
        matrix(b"not parquet at all"),
        matrix(&whole[..whole.len() - 3]),
        matrix(&[&whole[..200], &whole[400..]].concat()),
        matrix(&footer),
        matrix(&empty_footer),
        matrix(&deep),
        matrix(&gzip(&whole)),
        golden("columns_none_1.parquet"),
        of("columns_none_1.parquet", None, Some("specie")),
        of("columns_none_1.parquet", Some("int9"), None),
        golden("lists.parquet"),
        of("lists.parquet", None, Some("id")),
        of("words.parquet", Some("x"), Some("klass")),
        golden("null.parquet"),
        golden("null_in_list.parquet"),
        golden("null_list.parquet"),
        golden("ragged.parquet"),
        golden("nested.parquet"),
        golden("empty_lists.parquet"),
        golden("odd_when.parquet"),
        golden("odd_price.parquet"),
        golden("odd_raw.parquet"),
        golden("odd_point.parquet"),
        labels("odd_text.parquet", Some("text"), None),
        labels("odd_when.parquet", Some("when"), None),
        labels("pages.parquet", None, None),
        labels("pages.parquet", Some("a"), None),
        labels("words.parquet", None, Some(10)),
        labels("null.parquet", Some("a"), None),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    z.parquet: is truncated: a parquet file ends with PAR1
    z.parquet: is no parquet file: it starts with [6e, 6f, 74, 20], not with PAR1
    z.parquet: is truncated: a parquet file ends with PAR1
    z.parquet: is broken: column "a" has a page without a sensible header
    z.parquet: is truncated: its description takes 4,294,967,295 bytes, but the file has 2,040
    z.parquet: is broken: the description at its end makes no sense
    z.parquet: nests its columns more than 16 deep
    z.parquet: is gzipped; unpack it first, parquet is read from a plain file
    columns_none_1.parquet: column 13 (species) holds strings; a matrix takes numbers. If it holds the labels, name it (--label-column species)
    columns_none_1.parquet: has no column "specie"; did you mean "species"? (it has int8, uint8, int16, uint16, int32, uint32, int64, uint64, float16, float32 and 3 more)
    columns_none_1.parquet: has no column "int9"; did you mean "int8"? (it has int8, uint8, int16, uint16, int32, uint32, int64, uint64, float16, float32 and 3 more)
    lists.parquet: column 2 (embedding) holds lists and stands beside 2 other columns; name it by its key, or the column of labels
    lists.parquet: column 2 (embedding) holds lists and stands beside 1 other column; name it by its key, or the column of labels
    words.parquet: has no column "klass"; did you mean "class"? (it has x, class)
    null.parquet: row 2: column "a" is null; expected a number
    null_in_list.parquet: row 1: column "e" is null; expected a number
    null_list.parquet: row 1: column "e" is null; expected a number
    ragged.parquet: row 2 holds a list of 1 numbers, but row 0 one of 2
    nested.parquet: column 1 (e) holds lists of lists of numbers; expected bool, integers, floats of 16 to 64 bits or lists of one of these
    empty_lists.parquet: row 0 holds an empty list or none; expected a list of numbers
    odd_when.parquet: column 2 (when) holds dates or times (Timestamp(µs)); expected bool, integers, floats of 16 to 64 bits or lists of one of these
    odd_price.parquet: column 2 (price) holds decimal numbers (Decimal128(9, 2)); expected bool, integers, floats of 16 to 64 bits or lists of one of these
    odd_raw.parquet: column 2 (raw) holds raw bytes; expected bool, integers, floats of 16 to 64 bits or lists of one of these
    odd_point.parquet: column 2 (point) holds records; expected bool, integers, floats of 16 to 64 bits or lists of one of these
    odd_text.parquet: row 1 has no label: column "text" is null there
    odd_when.parquet: column 2 (when) holds dates or times (Timestamp(µs)); labels are integers or strings
    pages.parquet: has 3 columns and none is called label; name the one that holds the labels
    pages.parquet: row 0 has label -0.07999999821186066; labels are whole numbers from 0
    words.parquet: has 9 labels, but z.npy has 10 rows
    null.parquet: row 2: column "a" is null; expected a number
    "#);
}

#[test]
fn strings_and_objects() {
    let folder = Folder::new();
    let labels = |bytes: &[u8]| folder.labels(&folder.file("y.npy", bytes), None);
    let wide = |text: &str| text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect::<Vec<u8>>();
    let golden = golden::folder().join("objects.npy");
    let messages = [
        labels(&npy("'<U2'", "False", "(2, 2)", &wide("aabbccdd"))),
        labels(&npy("'<U2'", "False", "(3,)", &wide("aabbc"))),
        labels(&npy("'<U2'", "False", "()", &wide("aa"))),
        labels(&npy("'<U1'", "False", "(2,)", &[b'a', 0, 0, 0, 0, 0xd8, 0, 0])),
        labels(&npy("'|S2'", "False", "(2,)", b"ab\xff\xfe")),
        labels(&npy("'|S2'", "False", "(2,)", b"ab\0\0")),
        labels(&npy("'<U0'", "False", "(2,)", b"")),
        labels(&npy("'<U99999999999999999999'", "False", "(2,)", b"")),
        labels(&npy("'<U4000000000'", "False", "(2,)", b"")),
        labels(&npy("'<U2'", "False", "(9223372036854775807,)", b"")),
        labels(&npy("[('x', '<f4'), ('y', ('<i4', (2,)))]", "False", "(2,)", b"")),
        labels(&npy("[('x', '<f4'", "False", "(2,)", b"")),
        folder.message(|| read_matrix(&golden)).replace(&format!("{}/", golden::folder().display()), ""),
        folder
            .message(|| read_labels(&golden, &LabelOptions::default()))
            .replace(&format!("{}/", golden::folder().display()), ""),
        folder.message(|| keys(&folder.file("z.npy", b"any"))),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    y.npy: has shape (2, 2); expected one label per row: (2,) or (2, 1)
    y.npy: is truncated: its header promises 24 bytes of values (shape (3,) of <U2), but 20 follow
    y.npy: has shape (); expected 1 to 5 dimensions, rows first
    y.npy: row 1 is no text; expected a string in UTF-32
    y.npy: row 1 is no text; expected a string in UTF-8
    y.npy: row 1 has no label: its text is empty
    y.npy: holds strings without a letter (dtype "<U0")
    y.npy: holds strings of unknown width (dtype "<U99999999999999999999"); expected bool, integers or floats of 16 to 64 bits
    y.npy: holds strings of 16,000,000,000 bytes; labels take up to 16,384 each
    y.npy: claims the impossible shape (9223372036854775807,)
    y.npy: holds records (a structured dtype); expected an array of numbers, for example one field of it
    y.npy: has a broken .npy header: an open list at "[('x', '<f4', 'fortr"
    objects.npy: holds Python objects (dtype "|O"); expected bool, integers or floats of 16 to 64 bits
    objects.npy: holds Python objects (dtype "|O"); expected bool, integers or floats of 16 to 64 bits
    z.npy: holds one matrix; .npz and .safetensors hold arrays by name
    "#);
}

#[test]
fn pipes() {
    let folder = Folder::new();
    let read = |bytes: Vec<u8>| {
        folder.message(|| {
            let mut source = open_matrix_from(Box::new(Cursor::new(bytes)), "standard input")?;
            let mut block = Vec::new();
            while source.next_block(&mut block, 4096)? > 0 {}
            Ok(())
        })
    };
    let values = [0; 48];
    let messages = [
        read(Vec::new()),
        read(b"1,2\n3,4\n".to_vec()),
        read(npy("'<f8'", "False", "(2, 3)", &values[..40])),
        read(npy("'<f8'", "True", "(2, 3)", &values[..40])),
        read(npy("'<f8'", "False", "(2, 2)", &values)),
        read(npy("'<f8'", "True", "(2, 2)", &values)),
        read(npy("'<f8'", "False", "(2, 100000000000000)", &values)),
        read(npy("'<f8'", "True", "(2, 100000000000000)", &values)),
        read(npy("'<f8'", "False", "(1000000000000000, 3)", &values)),
        read(npy("'<U2'", "False", "(2, 3)", &values)),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    standard input: is truncated within its .npy header
    standard input: is no .npy file: it starts with [31, 2c, 32, 0a, 33, 2c], not with [93, 4e, 55, 4d, 50, 59]
    standard input: is truncated: it ends before the values that its header promises (shape (2, 3))
    standard input: is truncated: it ends before the values that its header promises (shape (2, 3))
    standard input: has the wrong size: it goes on after the values that its header promises (shape (2, 2))
    standard input: has the wrong size: it goes on after the values that its header promises (shape (2, 2))
    standard input: is truncated: it ends before the values that its header promises (shape (2, 100000000000000))
    standard input: is truncated: it ends before the values that its header promises (shape (2, 100000000000000))
    standard input: is truncated: it ends before the values that its header promises (shape (1000000000000000, 3))
    standard input: holds strings (dtype "<U2"); expected bool, integers or floats of 16 to 64 bits
    "#);
}
