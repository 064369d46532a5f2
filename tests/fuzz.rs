//! Mutated good files for every reader of arrays, tables, names and pictures: an answer or an error, and never a panic.
//!
//! The suite runs some hundred a reader, the same ones each time; `make fuzz` as many as fit into some seconds each, or
//! `CASES`. It leaves parquet out: polars asks for all memory at a page whose run of values is damaged, which ends the
//! process (and so a worker: one failed node). Its panics are caught and told.

use std::cell::Cell;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use ventral_value::formats::checkpoint::Checkpoint;
use ventral_value::formats::csv::Words;
use ventral_value::formats::dialect::Dialect;
use ventral_value::formats::open::{self, Options};
use ventral_value::formats::stack::Stack;
use ventral_value::formats::{columns, names, parquet};
use ventral_value::value::decode;

/// One change of a file's bytes; places are shares of its length.
#[derive(Clone, Debug)]
enum Change {
    Set(u16, u8),
    Flip(u16, u8),
    /// A word as lengths and counts are: small, large, negative.
    Word(u16, u32),
    Cut(u16),
    Remove(u16, u8),
    Repeat(u16, u8),
    Insert(u16, Vec<u8>),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let word =
        prop_oneof![Just(0), Just(1), Just(u32::MAX), Just(0x7fff_ffff), Just(0x8000_0000), 0..64_u32, any::<u32>()];
    let text = vec(prop_oneof![any::<u8>(), proptest::sample::select(b",;\t|\n\"'.-+eE019{}()[]: #".to_vec())], 1..6);
    let change = prop_oneof![
        4 => (any::<u16>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        4 => (any::<u16>(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        4 => (any::<u16>(), word).prop_map(|(at, word)| Change::Word(at, word)),
        1 => any::<u16>().prop_map(Change::Cut),
        1 => (any::<u16>(), any::<u8>()).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => (any::<u16>(), any::<u8>()).prop_map(|(at, length)| Change::Repeat(at, length)),
        2 => (any::<u16>(), text).prop_map(|(at, text)| Change::Insert(at, text)),
    ];
    vec(change, 1..8)
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let place = |at: u16| usize::from(at) * bytes.len() / (usize::from(u16::MAX) + 1);
        match change {
            _ if bytes.is_empty() => return bytes,
            Change::Set(at, byte) => {
                let at = place(*at);
                bytes[at] = *byte;
            }
            Change::Flip(at, bit) => {
                let at = place(*at);
                bytes[at] ^= 1 << bit;
            }
            Change::Word(at, word) => {
                let at = place(*at);
                bytes.iter_mut().skip(at).zip(word.to_le_bytes()).for_each(|(to, byte)| *to = byte);
            }
            Change::Cut(at) => bytes.truncate(place(*at)),
            Change::Remove(at, length) => {
                let at = place(*at);
                bytes.drain(at..(at + usize::from(*length)).min(bytes.len()));
            }
            Change::Repeat(at, length) => {
                let at = place(*at);
                let part = bytes[at..(at + usize::from(*length)).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            Change::Insert(at, text) => {
                let at = place(*at);
                bytes.splice(at..at, text.iter().copied());
            }
        }
    }
    bytes
}

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The pictures in an archive, in whatever format.
fn members(name: &str) -> Vec<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(fixture(name))).expect("a zip archive");
    let names: Vec<String> = archive.file_names().filter(|name| !name.ends_with(".rgb")).map(str::to_owned).collect();
    let bytes = |name: &String| {
        let mut bytes = Vec::new();
        archive.by_name(name).expect("a member").read_to_end(&mut bytes).expect("it reads");
        bytes
    };
    names.iter().map(bytes).collect()
}

/// Good files of a reader, each with the keys that it has.
fn good(reader: &str) -> Vec<(Vec<u8>, &'static [&'static str])> {
    let files = |names: &[(&str, &'static [&'static str])]| {
        names.iter().map(|(name, keys)| (fixture(name), *keys)).collect::<Vec<_>>()
    };
    let texts = |texts: &[&str]| texts.iter().map(|text| (text.as_bytes().to_vec(), [].as_slice())).collect::<Vec<_>>();
    match reader {
        "text" => {
            let mut all = texts(&[
                "id,a,b\nx,0.5,-1.25\ny,n/a,3\n",
                "nsd_id;V1;V2\n71515;1,5;0,25\n00584;3,5;4\n",
                ",0,1\n0,5,6\n1,7,8\n",
                "sep=|\na|b\n1|\"2\"\n",
                "# a b\n0.5 1\n1e3 2\n",
                "0,05\n1,25\n",
            ]);
            let wide: Vec<u8> = "\u{feff}id\ta\r\nx\t0,5\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
            all.push((wide, &[]));
            all
        }
        "npy" => files(&[("records.npy", &[]), ("nested.npy", &[]), ("strings.npy", &[]), ("pickled.npy", &[])]),
        "npz" => files(&[("arrays.npz", &["a", "names"])]),
        "parquet" => files(&[("table.parquet", &[])]),
        "safetensors" => files(&[("weights_half.safetensors", &["conv.weight"])]),
        "hdf5" => files(&[
            ("types.h5", &["f32", "f64_big", "slivers", "names", "variable", "deep/i16"]),
            ("odd.h5", &["structured", "lists", "objects", "lzf"]),
            ("virtual.h5", &["plain"]),
        ]),
        "matlab" => files(&[
            ("level4.mat", &["responses", "words"]),
            ("level5.mat", &["responses", "data.trials", "data.names", "sessions(2).x", "sparse"]),
            ("level7.mat", &["responses", "data.trials{2}"]),
        ]),
        "matlab73" => files(&[
            ("cells73.mat", &["trials", "names", "data.rates", "nothing", "trials{2}"]),
            ("v73.mat", &["responses"]),
        ]),
        "netcdf" => files(&[("assembly.nc", &["stimulus_id"]), ("packed.nc", &["rates", "image_id"])]),
        "encoded" => {
            members("encoded.zip").into_iter().chain(members("jpegs.zip")).map(|bytes| (bytes, [].as_slice())).collect()
        }
        "checkpoint" => files(&[
            ("weights_checkpoint.pth", &[]),
            ("weights_legacy.pth", &[]),
            ("weights_nested.pth", &[]),
            ("weights_protocol4.pth", &[]),
            ("weights_settings.ckpt", &[]),
            ("weights_strided.pth", &[]),
            ("torchscript_traced.pt", &[]),
        ]),
        "pictures" => files(&[("pictures.h5", &["pictures", "wide", "grey"]), ("pictures.mat", &[])]),
        other => panic!("no reader `{other}`"),
    }
}

/// Reads a file in every way that there is.
fn read(path: &Path, keys: &[&str]) {
    for key in keys.iter().map(|&key| Some(key)).chain([None]) {
        let options = Options { key, ..Options::default() };
        if let Ok(array) = open::read(path, &options) {
            assert_eq!(array.data.len(), array.shape.iter().product::<usize>(), "numbers and shape");
            assert!(array.rows.is_none_or(|rows| Some(&rows.len()) == array.shape.first()), "a name a row");
            assert!(array.columns.is_none_or(|columns| Some(&columns.len()) == array.shape.get(1)), "a name a column");
        }
        let _ = names::read(path, key);
        if let Ok((stack, digests)) = Stack::open(path, key, None) {
            let _ = stack.rgb(stack.count - 1);
            assert_eq!(digests.len(), stack.count, "a digest a picture");
        }
    }
    // Large ones decode as well, and not in the time of many.
    let bytes = std::fs::read(path).expect("written before");
    if decode::probe(&bytes).is_ok_and(|(height, width)| height.saturating_mul(width) < 1 << 20) {
        let _ = decode::rgb8(&bytes);
    }
    let _ = open::read(path, &Options { id_column: Some("id"), ..Options::default() });
    let _ = open::read(path, &Options { separator: Some(';'), decimal: Some(','), ..Options::default() });
    let _ = Words::read(path, &Dialect::default());
    let _ = parquet::columns(path);
    let _ = columns::read(path, &Options::default(), keys);
    weights(path);
}

/// Every state dict that a file holds; small tensors are read too.
fn weights(path: &Path) {
    let Ok(checkpoint) = Checkpoint::open(path) else { return };
    for group in checkpoint.groups() {
        for name in group.names() {
            let tensor = group.get(name).expect("it names them");
            if tensor.shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n)).is_some_and(|count| count < 1 << 16)
            {
                assert_eq!(
                    tensor.floats().len(),
                    tensor.shape.iter().product::<usize>(),
                    "numbers and shape of {name}"
                );
            }
        }
    }
}

/// Reads so many changed files of a reader, or as many as the time allows; with `fixed`, the same in every run.
fn run(reader: &str, cases: u32, time: Duration, fixed: bool) -> u32 {
    let folder = tempfile::tempdir().expect("a folder");
    let path: PathBuf = folder.path().join("x");
    let good = good(reader);
    for (bytes, keys) in &good {
        std::fs::write(&path, bytes).expect("written");
        read(&path, keys);
    }
    let start = Instant::now();
    let ran = Cell::new(0);
    let each = cases.min(500);
    // A runner counts what it ran over all its runs, so that each batch has one of its own.
    let batch = || {
        let config = Config { cases: each, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
        let mut runner = if fixed {
            TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
        } else {
            TestRunner::new(config)
        };
        runner.run(&(0..good.len(), changes()), |(file, changes)| {
            let (bytes, keys) = &good[file];
            // Written over, it would be flushed to the disk each time.
            std::fs::remove_file(&path).expect("written before");
            std::fs::write(&path, changed(bytes.clone(), &changes)).expect("written");
            read(&path, keys);
            ran.set(ran.get() + 1);
            Ok(())
        })
    };
    let outcome = std::iter::repeat(()).try_for_each(|()| {
        if let Err(failure) = batch() {
            return ControlFlow::Break(Err(failure));
        }
        if ran.get() >= cases || start.elapsed() > time {
            ControlFlow::Break(Ok(()))
        } else {
            ControlFlow::Continue(())
        }
    });
    if let ControlFlow::Break(Err(failure)) = outcome {
        panic!("{reader}: {failure}");
    }
    ran.get()
}

/// A few in the suite, and many behind `--ignored`.
macro_rules! readers {
    ($($name:ident)*) => {
        mod some {
            use super::*;
            $(#[test] fn $name() {
                assert!(run(stringify!($name), 300, Duration::from_secs(60), true) >= 300);
            })*
        }
        mod many {
            use super::*;
            $(#[test] #[ignore = "takes its time: make fuzz"] fn $name() {
                let number = |name: &str, otherwise: u64| {
                    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"))
                };
                let cases = u32::try_from(number("CASES", u32::MAX.into())).expect("a count");
                let seconds = number("FUZZ_SECONDS", 10);
                let count = run(stringify!($name), cases, Duration::from_secs(seconds), false);
                println!("fuzz: {count} changed files of {}", stringify!($name));
            })*
        }
    };
}

readers! { text npy npz parquet safetensors checkpoint hdf5 matlab matlab73 netcdf pictures encoded }
