//! Each kind of bad input gives one message that names the file and the place, in no time and
//! little memory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use repshape_data::{
    DataError, LabelOptions, MatrixOptions, SearchFolder, load, open_matrix, read_labels, read_matrix,
};

use crate::memory::peak;

/// A folder whose name does not show in messages.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The message of an action that must fail, within the bounds that every refusal keeps.
    pub fn message<T>(&self, action: impl FnOnce() -> Result<T, DataError>) -> String {
        let start = Instant::now();
        let (result, bytes) = peak(action);
        assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
        assert!(bytes < 300 << 20, "took {bytes} bytes");
        let message = match result {
            Ok(_) => "no error".to_owned(),
            Err(error) => error.to_string(),
        };
        message.replace(&format!("{}/", self.0.path().display()), "")
    }

    pub fn matrix(&self, path: &Path) -> String {
        self.message(|| read_matrix(path))
    }

    pub fn labels(&self, path: &Path, classes: Option<usize>) -> String {
        self.message(|| read_labels(path, &LabelOptions { classes, ..LabelOptions::default() }))
    }

    fn set(&self, form: &str) -> String {
        let text = form.replace('@', &format!("{}/", self.0.path().display()));
        self.message(|| load(&text.parse()?, &[]))
    }
}

/// A version 1 file with this header and these bytes.
pub fn npy(descr: &str, fortran: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values);
    bytes
}

fn floats(shape: &str, values: &[f64]) -> Vec<u8> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    npy("'<f8'", "False", shape, &bytes)
}

fn idx(kind: u8, sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, sizes.len() as u8];
    sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend(values);
    bytes
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn npz(entries: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const STORED: zip::CompressionMethod = zip::CompressionMethod::Stored;
const DEFLATED: zip::CompressionMethod = zip::CompressionMethod::Deflated;

#[test]
fn files_that_are_none() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("folder.npy")).unwrap();
    let messages = [
        folder.matrix(&folder.path("absent.npy")),
        folder.matrix(&folder.path("absent")),
        folder.matrix(&folder.path("folder.npy")),
        folder.matrix(&folder.file("empty.npy", "")),
        folder.matrix(&folder.file("empty.csv", "")),
        folder.matrix(&folder.file("notes.doc", "hello")),
        folder.matrix(&folder.file("-dash and space – ü.npy", "hello")),
        folder.matrix(Path::new("/dev/zero")),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    absent.npy: no such file
    absent: no such file
    folder.npy: is a folder; expected a file
    empty.npy: is empty
    empty.csv: is empty
    notes.doc: is of no known format; expected a name that ends in .npy, .npz, .safetensors, .parquet, .pq, .csv, .tsv, .txt, -ubyte, .idx
    -dash and space – ü.npy: is no .npy file: it starts with [68, 65, 6c, 6c, 6f], not with [93, 4e, 55, 4d, 50, 59]
    /dev/zero: is no regular file (a pipe or device?)
    "#);
}

#[test]
fn npy_files() {
    let folder = Folder::new();
    let whole = floats("(2, 3)", &[0.0; 6]);
    let matrix = |name: &str, bytes: &[u8]| folder.matrix(&folder.file(name, bytes));
    let with = |descr: &str, fortran: &str, shape: &str| matrix("a.npy", &npy(descr, fortran, shape, &[0; 48]));
    let mut version = whole.clone();
    version[6] = 9;
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend([0xff; 8]);
    let messages = [
        matrix("csv.npy", b"1,2,3\n"),
        matrix("short.npy", &whole[..4]),
        matrix("cut in header.npy", &whole[..40]),
        matrix("cut.npy", &whole[..whole.len() - 1]),
        matrix("long.npy", &[whole.as_slice(), &[0]].concat()),
        matrix("version.npy", &version),
        matrix("header.npy", &long),
        with("'|O'", "False", "(2, 3)"),
        with("'<U5'", "False", "(2, 3)"),
        with("'|S5'", "False", "(2, 3)"),
        with("'<c16'", "False", "(2, 3)"),
        with("'<M8[ns]'", "False", "(2, 3)"),
        with("'<f16'", "False", "(3,)"),
        with("[('x', '<f8'), ('y', '<f8')]", "False", "(3,)"),
        with("'<f8'", "False", "()"),
        with("'<f8'", "False", "(2, 0)"),
        with("'<f8'", "False", "(1, 1, 1, 1, 2, 3)"),
        with("'<f8'", "False", "(1000000000000, 3)"),
        with("'<f8'", "True", "(1000000000000, 3)"),
        with("'<f8'", "False", "(9999999999999, 9999999999999)"),
        with("'<f8'", "False", "(99999999999999999999999,)"),
        with("'<f8'", "False", "(-2, 3)"),
        with("'<f8'", "Maybe", "(2, 3)"),
        with("'<f8'", "False", "(2, 3"),
        matrix("none.npy", &{
            let mut bytes = b"\x93NUMPY\x01\x00\x03\x00".to_vec();
            bytes.extend(b"{ }");
            bytes
        }),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    csv.npy: is no .npy file: it starts with [31, 2c, 32, 2c, 33, 0a], not with [93, 4e, 55, 4d, 50, 59]
    short.npy: is truncated within its .npy header
    cut in header.npy: is truncated within its .npy header
    cut.npy: is truncated: its header promises 48 bytes of values (shape (2, 3) of <f8), but 47 follow
    long.npy: has the wrong size: its header promises 48 bytes of values (shape (2, 3) of <f8), but 49 follow
    version.npy: has .npy version 9; versions 1 to 3 can be read
    header.npy: has a header of 4294967295 bytes; that of an array of numbers has about 100
    a.npy: holds Python objects (dtype "|O"); expected bool, integers or floats of 16 to 64 bits
    a.npy: holds strings (dtype "<U5"); expected bool, integers or floats of 16 to 64 bits
    a.npy: holds strings (dtype "|S5"); expected bool, integers or floats of 16 to 64 bits
    a.npy: holds complex numbers (dtype "<c16"); expected bool, integers or floats of 16 to 64 bits
    a.npy: holds dates or times (dtype "<M8[ns]"); expected bool, integers or floats of 16 to 64 bits
    a.npy: holds floats of an unusual width (dtype "<f16"); expected bool, integers or floats of 16 to 64 bits
    a.npy: holds records (a structured dtype); expected an array of numbers, for example one field of it
    a.npy: has shape (); expected 1 to 5 dimensions, rows first
    a.npy: has shape (2, 0): there are no values
    a.npy: has shape (1, 1, 1, 1, 2, 3); expected 1 to 5 dimensions, rows first
    a.npy: is truncated: its header promises 24,000,000,000,000 bytes of values (shape (1000000000000, 3) of <f8), but 48 follow
    a.npy: is truncated: its header promises 24,000,000,000,000 bytes of values (shape (1000000000000, 3) of <f8), but 48 follow
    a.npy: claims the impossible shape (9999999999999, 9999999999999)
    a.npy: has a broken .npy header: no size at "99999999999999999999"
    a.npy: has a broken .npy header: no size at "-2, 3), }\n"
    a.npy: has a broken .npy header: neither True nor False at "Maybe, 'shape': (2, "
    a.npy: has a broken .npy header: no size at "}\n"
    none.npy: has a broken .npy header: descr, fortran_order or shape is missing
    "#);
}

#[test]
fn compressed_files() {
    let folder = Folder::new();
    let matrix = |name: &str, bytes: &[u8]| folder.matrix(&folder.file(name, bytes));
    let whole = floats("(2, 3)", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let packed = gzip(&whole);
    let mut checksum = packed.clone();
    let at = checksum.len() - 6;
    checksum[at] ^= 1;
    let mut broken = packed.clone();
    broken[30] ^= 0xff;
    // 100 MB of zeros: both say what they claim truly
    let zeros = vec![0; 100 << 20];
    let bomb = npy("'|u1'", "False", "(104857600, 1)", &zeros);
    let (bomb_gz, bomb_npz) = (gzip(&bomb), npz(&[("x.npy", &bomb)], DEFLATED));
    // as small, but claims 10^12 rows
    let liar = npy("'|u1'", "False", "(1000000000000, 1)", &zeros[..1000]);
    let endless = gzip([b"1,2,".repeat(20 << 20), b"\n".to_vec()].concat().as_slice());
    drop((zeros, bomb));
    let two = npz(&[("a.npy", &whole), ("b.npy", &whole)], STORED);
    let mut flipped = two.clone();
    let at = 30 + "a.npy".len() + whole.len() - 3;
    flipped[at] ^= 1;
    let key = |key: &str, bytes: &[u8]| {
        let path = folder.file("z.npz", bytes);
        let options = MatrixOptions { key: Some(key.to_owned()), ..MatrixOptions::default() };
        folder.message(|| {
            let mut source = open_matrix(&path, &options)?;
            source.next_block(&mut Vec::new(), 100)
        })
    };
    let messages = [
        matrix("cut.npy.gz", &packed[..packed.len() / 2]),
        matrix("checksum.npy.gz", &checksum),
        matrix("broken.npy.gz", &broken),
        matrix("trailing.npy.gz", &[packed.as_slice(), b"rest"].concat()),
        matrix("longer.npy.gz", &gzip(&[whole.as_slice(), &[0]].concat())),
        matrix("shorter.npy.gz", &gzip(&whole[..whole.len() - 1])),
        matrix("bomb.npy.gz", &bomb_gz),
        matrix("liar.npy.gz", &gzip(&liar)),
        matrix("endless.csv.gz", &endless),
        matrix("bomb.npz", &bomb_npz),
        matrix("liar.npz", &npz(&[("x.npy", &liar)], DEFLATED)),
        matrix("no.npz", b"PK\x03\x04 nothing of the kind"),
        matrix("cut.npz", &two[..two.len() - 30]),
        matrix("none.npz", &npz(&[("readme.txt", b"hello")], STORED)),
        matrix("two.npz", &two),
        key("c", &two),
        key("a", &flipped),
        key("x", &npz(&[("x.npy", &npy("'|O'", "False", "(3,)", b"pickle"))], DEFLATED)),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    cut.npy.gz: is truncated, or goes on after its compressed data
    checksum.npy.gz: compressed data are broken: corrupt gzip stream does not have a matching checksum
    broken.npy.gz: has a broken .npy header: no string at "/w<f8', 'fortran_ord"
    trailing.npy.gz: is truncated, or goes on after its compressed data
    longer.npy.gz: has the wrong size: it goes on after the values that its header promises (shape (2, 3))
    shorter.npy.gz: is truncated: it ends before the values that its header promises (shape (2, 3))
    bomb.npy.gz: its header promises 104,857,600 bytes of values (shape (104857600, 1) of |u1), more than its compressed data can hold or 200 times their size; unpack the file to use it all the same
    liar.npy.gz: its header promises 1,000,000,000,000 bytes of values (shape (1000000000000, 1) of |u1), more than its compressed data can hold or 200 times their size; unpack the file to use it all the same
    endless.csv.gz: compressed data are broken: they inflate more than 200-fold; unpack the file to use it all the same
    bomb.npz:x: claims 104,857,678 bytes out of 102,012 in the archive; unpack the archive to use it all the same
    liar.npz:x: is truncated: its header promises 1,000,000,000,000 bytes of values (shape (1000000000000, 1) of |u1), but 1,000 follow
    no.npz: is no .npz file (a zip archive of arrays): invalid Zip archive: Could not find EOCD
    cut.npz: is no .npz file (a zip archive of arrays): invalid Zip archive: Could not find EOCD
    none.npz: holds no arrays (no entry ends in .npy)
    two.npz: holds several arrays (a, b); choose one by its key
    z.npz: holds no array "c" (it holds a, b)
    z.npz:a: compressed data are broken: the checksum does not match
    z.npz:x: holds Python objects (dtype "|O"); expected bool, integers or floats of 16 to 64 bits
    "#);
}

#[test]
fn idx_files() {
    let folder = Folder::new();
    let matrix = |name: &str, bytes: &[u8]| folder.matrix(&folder.file(name, bytes));
    let messages = [
        matrix("a-idx3-ubyte", b"\x89PNG and so on"),
        matrix("b-idx3-ubyte", &[0, 0]),
        matrix("c-idx3-ubyte", &idx(8, &[2, 3, 3], &[0; 17])),
        matrix("d-idx3-ubyte", &idx(8, &[2, 3, 3], &[0; 19])),
        matrix("e-idx3-ubyte", &idx(8, &[u32::MAX, u32::MAX, u32::MAX], &[0; 9])),
        matrix("f-idx3-ubyte", &idx(8, &[1_000_000_000, 1000], &[0; 9])),
        matrix("g-idx3-ubyte", &idx(8, &[1, 1, 1, 1, 1, 1], &[0])),
        matrix("h-idx3-ubyte", &idx(7, &[1], &[0])),
        matrix("i-idx3-ubyte", &[0, 0, 8, 3, 0, 0]),
        matrix("j-idx3-ubyte", &idx(8, &[], &[1])),
        matrix("k-idx3-ubyte.gz", &gzip(&idx(8, &[2, 3, 3], &[0; 17]))),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    a-idx3-ubyte: is no IDX file: it starts with [89, 50, 4e, 47], not with 00 00, a type from 08 to 0e and the number of dimensions
    b-idx3-ubyte: is no IDX file: it starts with [00, 00], not with 00 00, a type from 08 to 0e and the number of dimensions
    c-idx3-ubyte: is truncated: its header promises 18 bytes of values (shape (2, 3, 3) of |u1), but 17 follow
    d-idx3-ubyte: has the wrong size: its header promises 18 bytes of values (shape (2, 3, 3) of |u1), but 19 follow
    e-idx3-ubyte: claims the impossible shape (4294967295, 4294967295, 4294967295)
    f-idx3-ubyte: is truncated: its header promises 1,000,000,000,000 bytes of values (shape (1000000000, 1000) of |u1), but 9 follow
    g-idx3-ubyte: claims 6 dimensions; expected 1 to 5
    h-idx3-ubyte: is no IDX file: it starts with [00, 00, 07, 01], not with 00 00, a type from 08 to 0e and the number of dimensions
    i-idx3-ubyte: is truncated within its IDX header
    j-idx3-ubyte: claims 0 dimensions; expected 1 to 5
    k-idx3-ubyte.gz: is truncated: it ends before the values that its header promises (shape (2, 3, 3))
    "#);
}

#[test]
fn text_files() {
    let folder = Folder::new();
    let matrix = |text: &str| folder.matrix(&folder.file("z.csv", text));
    let messages = [
        matrix("a,b\n"),
        matrix("\n\n"),
        matrix("a,b\n1,2\n3\n"),
        matrix("a,b\n1,2\n3,x\n"),
        matrix("1,2\n3,x4\n"),
        matrix("1,2\n3,\n"),
        matrix("1,2\n\n3,4\n"),
        matrix("a,b\n\"1\",\"2\n"),
        matrix("a,b\n\"1\"2,2\n"),
        matrix("1;2\n3;4\n"),
        folder.matrix(&folder.file("z.csv", b"1,2\n3,\xff\n")),
        folder.message(|| {
            let path = folder.file("z.csv", "width,height\n1,2\n");
            let label_column = Some("heihgt".to_owned());
            open_matrix(&path, &MatrixOptions { key: None, label_column })
        }),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    z.csv: holds a line of names and no rows
    z.csv: holds no rows
    z.csv: line 3 has 1 column, but the first has 2
    z.csv: line 3 column 2 (b): "x" is no number
    z.csv: line 2 column 2: "x4" is no number
    z.csv: line 2 column 2: an empty field is no number
    z.csv: line 2 is blank; expected a value in every column
    z.csv: line 2 has a quoted field that does not end on it
    z.csv: line 2 has text after a closing quote
    z.csv: line 2 column 1 (1;2): "3;4" is no number
    z.csv: line 2 is no UTF-8 text; expected a table in text
    z.csv: line 1 names no column "heihgt"; did you mean "height"?
    "#);
}

#[test]
fn label_files() {
    let folder = Folder::new();
    let mut labels = [3.0; 20];
    let array = |values: &[f64]| folder.file("train-labels.npy", floats(&format!("({},)", values.len()), values));
    let mut with = |value: f64, classes| {
        labels[17] = value;
        folder.labels(&array(&labels), classes)
    };
    let messages = [
        with(12.0, Some(10)),
        with(12.0, None),
        with(1.5, None),
        with(-1.0, Some(10)),
        with(f64::NAN, None),
        with(f64::INFINITY, Some(10)),
        with(4e9, None),
        folder.labels(&folder.file("one-hot.npy", floats("(2, 3)", &[0.0; 6])), None),
        folder.message(|| {
            let rows = Some((100, "z.npy".to_owned()));
            let options = LabelOptions { rows, ..LabelOptions::default() };
            read_labels(&array(&[0.0; 99]), &options)
        }),
        folder.labels(&folder.file("y.csv", "label\n0\n1\n12\n"), Some(10)),
        folder.labels(&folder.file("y.csv", "0\n1\n-2\n"), None),
        folder.labels(&folder.file("y.csv", "0,1\n1,2\n"), None),
        folder.labels(&folder.file("y.csv", "a\nb\nc\na\n"), Some(2)),
        folder.labels(&folder.file("y.csv", "label,x\na,1\n,2\n"), None),
        folder.labels(&folder.file("y-idx1-ubyte", idx(8, &[3], &[0, 11, 2])), Some(10)),
        folder.labels(&folder.file("y.npz", npz(&[("x.npy", b""), ("z.npy", b"")], STORED)), None),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    train-labels.npy: row 17 has label 12, but --classes is 10 (labels run from 0 to 9)
    no error
    train-labels.npy: row 17 has label 1.5; labels are whole numbers from 0
    train-labels.npy: row 17 has label -1; labels are whole numbers from 0
    train-labels.npy: row 17 has label NaN; labels are whole numbers from 0
    train-labels.npy: row 17 has label inf; labels are whole numbers from 0
    train-labels.npy: row 17 has label 4000000000; labels run from 0 to at most 999,999
    one-hot.npy: has shape (2, 3); expected one label per row: (2,) or (2, 1)
    train-labels.npy: has 99 labels, but z.npy has 100 rows
    y.csv: line 4 has label 12, but --classes is 10 (labels run from 0 to 9)
    y.csv: line 3 has label -2; labels are whole numbers from 0
    y.csv: line 1 has 2 columns and none is called label; name the one that holds the labels
    y.csv: has 3 different labels (a, b, c, ...), but --classes is 2
    y.csv: line 3 column 1: the label is missing
    y-idx1-ubyte: row 1 has label 11, but --classes is 10 (labels run from 0 to 9)
    y.npz: holds no array "y" (it holds x, z)
    "#);
}

#[test]
fn data_sets() {
    let folder = Folder::new();
    folder.file("X.npy", floats("(6, 1)", &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
    folder.file("nan.npy", floats("(5, 2)", &[0., 1., 2., 3., 4., 5., 6., f64::NAN, 8., 9.]));
    folder.file("big.npy", floats("(5, 1)", &[0.0, 1.0, 1e300, 2.0, 3.0]));
    folder.file("y5.npy", floats("(5,)", &[0.0, 1.0, 2.0, 3.0, 4.0]));
    folder.file("few.npy", floats("(3, 1)", &[0.0, 1.0, 2.0]));
    folder.file("y.npz", npz(&[("y.npy", &floats("(1,)", &[0.0]))], STORED));
    let x = floats("(2, 1)", &[0.0, 1.0]);
    let wide = floats("(1, 2)", &[0.0, 1.0]);
    folder.file("shapes.npz", npz(&[("x_train.npy", &x), ("x_test.npy", &wide)], STORED));
    for (name, bytes) in [
        ("train-images-idx3-ubyte", idx(8, &[2, 2, 2], &[0; 8])),
        ("train-labels-idx1-ubyte", idx(8, &[2], &[0, 1])),
        ("t10k-images-idx3-ubyte", idx(8, &[1, 3, 2], &[0; 6])),
    ] {
        std::fs::create_dir_all(folder.path("mn ist")).unwrap();
        folder.file(&format!("mn ist/{name}"), bytes);
    }
    let incomplete = folder.set("mnist=@mn ist");
    folder.file("mn ist/t10k-labels.idx1-ubyte", idx(8, &[1], &[9]));
    let messages = [
        folder.set("mnsit=@mn ist"),
        folder.set("z.npy"),
        folder.set("digits=@mn ist"),
        folder.set("mnist="),
        folder.set("npy"),
        folder.set("mnist=@absent"),
        folder.set("mnist=@X.npy"),
        folder.set("mnist=@."),
        incomplete,
        folder.set("mnist=@mn ist"),
        folder.set("idx=@X.npy"),
        folder.set("idx=@X.npy,@y5.npy"),
        folder.set("npy=@X.npy,@absent.npy"),
        folder.set("npy=@a,b.npy,@c.npy"),
        folder.set("npy=@X.npy,@y5.npy"),
        folder.set("npy=@nan.npy"),
        folder.set("npy=@big.npy,@y5.npy"),
        folder.set("npy=@few.npy"),
        folder.set("npz=@y.npz"),
        folder.set("npz=@shapes.npz"),
        folder.message(|| {
            let path = Some(folder.path("data"));
            let folders = [
                SearchFolder { label: "$REPSHAPE_DATA".into(), path: None },
                SearchFolder { label: "the user's data folder".into(), path },
            ];
            load(&"mnist".parse()?, &folders)
        }),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    unknown data set "mnsit"; did you mean "mnist"? (known: digits, mnist=DIR, idx=IMAGES,LABELS, npy=X.npy,y.npy, npz=FILE, xor, mixture=D[,KEY:N...], factors=D[,KEY:N...])
    unknown data set "z.npy" (known: digits, mnist=DIR, idx=IMAGES,LABELS, npy=X.npy,y.npy, npz=FILE, xor, mixture=D[,KEY:N...], factors=D[,KEY:N...])
    data set "digits" is part of this program and takes no path; write digits
    data set "mnist" needs a path: mnist=DIR
    data set "npy" needs a path: npy=X.npy,y.npy
    absent: no such folder; expected one with the four IDX files of MNIST
    X.npy: is a file; expected a folder with the four IDX files of MNIST
    .: holds no train-images-idx3-ubyte (gzipped or not)
    mn ist: holds no t10k-labels-idx1-ubyte (gzipped or not)
    mn ist/t10k-images-idx3-ubyte: has rows of [3, 2], but the training images have [2, 2]
    "X.npy" names one file; two are needed, with a comma between them: idx=IMAGES,LABELS
    X.npy: is no IDX file: it starts with [93, 4e, 55, 4d], not with 00 00, a type from 08 to 0e and the number of dimensions
    absent.npy: no such file
    "a,b.npy,c.npy": at none of the commas are there two files that exist (npy=X.npy,y.npy)
    y5.npy: has 5 labels, but X.npy has 6 rows
    nan.npy: row 3, column 1 is NaN; every value must be finite and fit 32 bits
    big.npy: row 2, column 0 is inf; every value must be finite and fit 32 bits
    few.npy: has 3 rows; at least 5 are needed to hold out a fifth for the test
    y.npz: holds the arrays y; expected x, y or x_train, y_train, x_test, y_test
    shapes.npz:x_test: has rows of [2], but x_train has rows of [1]
    data set "mnist" not found: looked in $REPSHAPE_DATA (not set) and data/mnist (the user's data folder); run "repshape data get mnist" or name its folder: mnist=DIR
    "#);
}
