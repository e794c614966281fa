//! Each kind of bad input gives one message that names the file and the place, in no time and
//! little memory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use repshape_data::{
    DataError, LabelOptions, MatrixOptions, SearchFolder, load, open_matrix, read_labels,
    read_matrix,
};

use crate::memory::peak;

/// A folder whose name does not show in messages.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The message of an action that must fail, within the bounds that every refusal keeps.
    fn message<T>(&self, action: impl FnOnce() -> Result<T, DataError>) -> String {
        let start = Instant::now();
        let (result, bytes) = peak(action);
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "took {:?}",
            start.elapsed()
        );
        assert!(bytes < 300 << 20, "took {bytes} bytes");
        let message = match result {
            Ok(_) => "no error".to_owned(),
            Err(error) => error.to_string(),
        };
        message.replace(&format!("{}/", self.0.path().display()), "")
    }

    fn matrix(&self, path: &Path) -> String {
        self.message(|| read_matrix(path))
    }

    fn labels(&self, path: &Path, classes: Option<usize>) -> String {
        self.message(|| {
            read_labels(
                path,
                &LabelOptions {
                    classes,
                    ..LabelOptions::default()
                },
            )
        })
    }

    fn set(&self, form: &str) -> String {
        let text = form.replace('@', &format!("{}/", self.0.path().display()));
        self.message(|| load(&text.parse()?, &[]))
    }
}

/// A version 1 file with this header and these bytes.
fn npy(descr: &str, fortran: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values);
    bytes
}

fn floats(shape: &str, values: &[f64]) -> Vec<u8> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    npy("'<f8'", "False", shape, &bytes)
}

fn idx(kind: u8, sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, sizes.len() as u8];
    sizes
        .iter()
        .for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
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
    insta::assert_snapshot!(messages.join("\n"), @"");
}

#[test]
fn npy_files() {
    let folder = Folder::new();
    let whole = floats("(2, 3)", &[0.0; 6]);
    let matrix = |name: &str, bytes: &[u8]| folder.matrix(&folder.file(name, bytes));
    let with = |descr: &str, fortran: &str, shape: &str| {
        matrix("a.npy", &npy(descr, fortran, shape, &[0; 48]))
    };
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
    insta::assert_snapshot!(messages.join("\n"), @"");
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
    // 400 MB of zeros: both say what they claim truly
    let zeros = vec![0; 400 << 20];
    let bomb = npy("'|u1'", "False", "(419430400, 1)", &zeros);
    let (bomb_gz, bomb_npz) = (gzip(&bomb), npz(&[("x.npy", &bomb)], DEFLATED));
    // as small, but claims 10^12 rows
    let liar = npy("'|u1'", "False", "(1000000000000, 1)", &zeros[..1000]);
    let endless = gzip(
        [b"1,2,".repeat(20 << 20), b"\n".to_vec()]
            .concat()
            .as_slice(),
    );
    drop((zeros, bomb));
    let two = npz(&[("a.npy", &whole), ("b.npy", &whole)], STORED);
    let mut flipped = two.clone();
    let at = 30 + "a.npy".len() + whole.len() - 3;
    flipped[at] ^= 1;
    let key = |key: &str, bytes: &[u8]| {
        let path = folder.file("z.npz", bytes);
        let options = MatrixOptions {
            key: Some(key.to_owned()),
            ..MatrixOptions::default()
        };
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
        key(
            "x",
            &npz(
                &[("x.npy", &npy("'|O'", "False", "(3,)", b"pickle"))],
                DEFLATED,
            ),
        ),
    ];
    insta::assert_snapshot!(messages.join("\n"), @"");
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
        matrix(
            "e-idx3-ubyte",
            &idx(8, &[u32::MAX, u32::MAX, u32::MAX], &[0; 9]),
        ),
        matrix("f-idx3-ubyte", &idx(8, &[1_000_000_000, 1000], &[0; 9])),
        matrix("g-idx3-ubyte", &idx(8, &[1, 1, 1, 1, 1, 1], &[0])),
        matrix("h-idx3-ubyte", &idx(7, &[1], &[0])),
        matrix("i-idx3-ubyte", &[0, 0, 8, 3, 0, 0]),
        matrix("j-idx3-ubyte", &idx(8, &[], &[1])),
        matrix("k-idx3-ubyte.gz", &gzip(&idx(8, &[2, 3, 3], &[0; 17]))),
    ];
    insta::assert_snapshot!(messages.join("\n"), @"");
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
            open_matrix(
                &path,
                &MatrixOptions {
                    key: None,
                    label_column,
                },
            )
        }),
    ];
    insta::assert_snapshot!(messages.join("\n"), @"");
}

#[test]
fn label_files() {
    let folder = Folder::new();
    let mut labels = [3.0; 20];
    let array = |values: &[f64]| {
        folder.file(
            "train-labels.npy",
            floats(&format!("({},)", values.len()), values),
        )
    };
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
        folder.labels(
            &folder.file("one-hot.npy", floats("(2, 3)", &[0.0; 6])),
            None,
        ),
        folder.message(|| {
            let rows = Some((100, "z.npy".to_owned()));
            let options = LabelOptions {
                rows,
                ..LabelOptions::default()
            };
            read_labels(&array(&[0.0; 99]), &options)
        }),
        folder.labels(&folder.file("y.csv", "label\n0\n1\n12\n"), Some(10)),
        folder.labels(&folder.file("y.csv", "0\n1\n-2\n"), None),
        folder.labels(&folder.file("y.csv", "0,1\n1,2\n"), None),
        folder.labels(&folder.file("y.csv", "a\nb\nc\na\n"), Some(2)),
        folder.labels(&folder.file("y.csv", "label,x\na,1\n,2\n"), None),
        folder.labels(
            &folder.file("y-idx1-ubyte", idx(8, &[3], &[0, 11, 2])),
            Some(10),
        ),
        folder.labels(
            &folder.file("y.npz", npz(&[("x.npy", b""), ("z.npy", b"")], STORED)),
            None,
        ),
    ];
    insta::assert_snapshot!(messages.join("\n"), @"");
}

#[test]
fn data_sets() {
    let folder = Folder::new();
    folder.file("X.npy", floats("(6, 1)", &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
    folder.file(
        "nan.npy",
        floats("(5, 2)", &[0., 1., 2., 3., 4., 5., 6., f64::NAN, 8., 9.]),
    );
    folder.file("big.npy", floats("(5, 1)", &[0.0, 1.0, 1e300, 2.0, 3.0]));
    folder.file("y5.npy", floats("(5,)", &[0.0, 1.0, 2.0, 3.0, 4.0]));
    folder.file("few.npy", floats("(3, 1)", &[0.0, 1.0, 2.0]));
    folder.file("y.npz", npz(&[("y.npy", &floats("(1,)", &[0.0]))], STORED));
    let x = floats("(2, 1)", &[0.0, 1.0]);
    let wide = floats("(1, 2)", &[0.0, 1.0]);
    folder.file(
        "shapes.npz",
        npz(&[("x_train.npy", &x), ("x_test.npy", &wide)], STORED),
    );
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
                SearchFolder {
                    label: "$REPSHAPE_DATA".into(),
                    path: None,
                },
                SearchFolder {
                    label: "the user's data folder".into(),
                    path,
                },
            ];
            load(&"mnist".parse()?, &folders)
        }),
    ];
    insta::assert_snapshot!(messages.join("\n"), @"");
}
