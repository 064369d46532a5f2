//! Files of PyTorch's own making read back; hostile and damaged ones are refused in words, and none panics.

use std::fs;
use std::io::Write;

use proptest::prelude::*;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::formats::checkpoint::*;
use crate::formats::fixtures::fixture;

/// The tensors of the state dict that a file is about, or of its first.
fn read(bytes: &[u8]) -> Result<BTreeMap<String, Placed>, String> {
    content::read(bytes)?.groups.swap_remove(0).tensors
}

/// The tensors that every fixture holds, which `make_weights.py` describes.
fn check(checkpoint: &Checkpoint, what: &str) {
    assert_eq!(checkpoint.names(), ["a.bias", "a.weight", "b.weight"], "{what}");
    let mut expected = (0..20).map(|i| i as f32 + 0.5);
    for (name, shape) in [("a.bias", vec![2]), ("a.weight", vec![2, 3, 2]), ("b.weight", vec![3, 2])] {
        let stored = checkpoint.get(name).expect("it is named");
        assert_eq!(stored.shape, shape, "{what}: {name}");
        let numbers: Vec<f32> = expected.by_ref().take(shape.iter().product()).collect();
        assert_eq!(stored.floats(), numbers, "{what}: {name}");
    }
}

#[test]
fn every_format_and_layout_gives_the_same_numbers() {
    for name in [
        "zip.pth",
        "legacy.pth",
        "strided.pth",
        "strided_legacy.pth",
        "half.pth",
        "bfloat16.pt",
        "double.th",
        "module.pth",
        "shared.pth",
        "protocol4.pth",
        "checkpoint.pth",
        "nested.pth",
        "half.safetensors",
        "script.pt",
        "settings.ckpt",
    ] {
        let path = fixture(&format!("weights_{name}"));
        check(&Checkpoint::open(&path).unwrap_or_else(|e| panic!("{name}: {e}")), name);
    }
}

#[test]
fn settings_are_passed_over_and_every_state_dict_is_there() {
    let checkpoint = Checkpoint::open(&fixture("weights_settings.ckpt")).expect("it reads");
    assert_eq!(
        checkpoint.skipped(),
        [
            "argparse.Namespace",
            "omegaconf.dictconfig.DictConfig",
            "omegaconf.base.ContainerMetadata",
            "omegaconf.nodes.AnyNode",
            "omegaconf.base.Metadata",
            "omegaconf.listconfig.ListConfig",
            "study.Options",
            "study.Mode",
            "functools.partial",
            "study.halve"
        ]
    );
    let keys: Vec<(&str, bool)> = checkpoint.groups().map(|group| (group.key(), group.is_main())).collect();
    assert_eq!(keys, [("state_dict", true), ("state_dict_ema", false)]);
    let averaged = checkpoint.groups().nth(1).expect("there are two");
    assert_eq!(averaged.get("a.bias").expect("it is named").floats(), [1.0, 3.0]);
    assert_eq!(averaged.under("a.").collect::<Vec<_>>(), ["a.bias", "a.weight"]);
}

#[test]
fn content_tells_the_format_whatever_the_extension() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["zip.pth", "legacy.pth", "half.safetensors"] {
        let path = folder.path().join("x.bin");
        fs::copy(fixture(&format!("weights_{name}")), &path).expect("copied");
        check(&Checkpoint::open(&path).expect("it reads"), name);
    }
}

/// The real file beside the project, as people have it and as safetensors.
#[test]
fn needs_shared_a_published_network_reads_alike_in_both_formats() {
    let root = fixture("").ancestors().nth(3).map(|above| above.join("shared/weights")).expect("a folder above");
    let [pth, safetensors] = ["pth", "safetensors"].map(|ending| {
        Checkpoint::open(&root.join(format!("squeezenet1_1.{ending}")))
            .unwrap_or_else(|e| panic!("../shared/weights: {e}"))
    });
    assert_eq!(pth.names(), safetensors.names());
    assert_eq!(pth.names().len(), 52);
    for name in pth.names() {
        let (ours, theirs) = (pth.get(name).expect("named"), safetensors.get(name).expect("named"));
        assert_eq!((ours.shape, ours.floats()), (theirs.shape, theirs.floats()), "{name}");
    }
}

#[test]
fn strides_are_seen() {
    let strided = |name: &str| {
        let checkpoint = Checkpoint::open(&fixture(name)).expect("it reads");
        checkpoint.get("b.weight").expect("it is named").strides.map(<[usize]>::to_vec)
    };
    assert_eq!(strided("weights_zip.pth"), None);
    assert_eq!(strided("weights_strided.pth"), Some(vec![1, 3]));
}

/// The file's own words, without its name.
fn refusal(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(problem) => problem,
        Ok(tensors) => panic!("it read: {:?}", tensors.keys()),
    }
}

#[test]
fn what_is_no_state_dict_is_refused_in_words() {
    let open = |name: &str| Checkpoint::open(&fixture(name)).err().expect("it is refused");
    assert_eq!(
        open("weights_complex.pth"),
        "weights_complex.pth holds tensor a.weight, which is of complex64, which is no plain number; weights are floats \
         of 16, 32 or 64 bits"
    );
    assert_eq!(
        open("weights_model.pth"),
        "weights_model.pth asks for the Python object `torch.nn.modules.linear.Linear`, which no state dict needs; nothing \
         was run. Save the tensors alone: torch.save(model.state_dict(), FILE)"
    );
    assert!(open("none.pth").starts_with("cannot read "));
    assert!(open("").contains("is a folder with "), "{}", open(""));
    assert_eq!(refusal(b""), "is empty");
    assert!(refusal(b"<html>404 Not Found</html>").starts_with("is no file of weights"));
    assert!(refusal(b"version https://git-lfs.github.com/spec/v1\n").contains("`git lfs pull`"));
    assert!(refusal(b"\x89HDF\r\n\x1a\n").contains("HDF5"));
    assert!(refusal(b"\x80\x02K\x01.").contains("none of torch.save's"));
}

/// A zip archive of entries stored plainly.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    packed(entries, zip::CompressionMethod::Stored)
}

fn packed(entries: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).expect("begun");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("finished").into_inner()
}

/// A zip file whose pickle is a program, and whose storage `0` has 16 bytes.
fn program(opcodes: &[u8]) -> Vec<u8> {
    zip(&[("x/data.pkl", &[b"\x80\x02".as_slice(), opcodes].concat()), ("x/data/0", &[0; 16])])
}

/// The program for `{"w": tensor}`, with what stands in for the storage's count, the offset, the shape, the strides.
fn tensor(count: &[u8], offset: &[u8], shape: &[u8], strides: &[u8]) -> Vec<u8> {
    let parts: [&[u8]; 11] = [
        b"}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu",
        count,
        b"tQ",
        offset,
        b"(",
        shape,
        b"t(",
        strides,
        b"t\x89ccollections\nOrderedDict\n)R",
        b"tR",
        b"s.",
    ];
    parts.concat()
}

#[test]
fn tensors_beyond_their_storage_are_refused() {
    let read = |count: &[u8], offset: &[u8], shape: &[u8], strides: &[u8]| {
        read(&program(&tensor(count, offset, shape, strides))).map(|tensors| tensors.len())
    };
    // Four floats are there.
    assert_eq!(read(b"K\x04", b"K\x00", b"K\x02K\x02", b"K\x02K\x01"), Ok(1));
    assert_eq!(read(b"K\x04", b"K\x03", b"K\x01", b"K\x01"), Ok(1));
    // A million million entries of one number are a view that torch can make, and cost nothing here.
    assert_eq!(read(b"K\x04", b"K\x00", b"J\x40\x42\x0f\0J\x40\x42\x0f\0", b"K\x00K\x00"), Ok(1));
    let outside: [(&[u8], &[u8], &[u8]); 7] = [
        (b"K\x00", b"K\x05", b"K\x01"),
        (b"K\x04", b"K\x01", b"K\x01"),
        (b"K\x00", b"K\x02", b"K\x04"),
        (b"J\xff\xff\xff\xff", b"K\x01", b"K\x01"),
        (b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", b"K\x01", b"K\x01"),
        (b"K\x00", b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", b"K\x00"),
        (b"K\x00", b"K\x02", b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"),
    ];
    for (offset, shape, strides) in outside {
        let problem = read(b"K\x04", offset, shape, strides).expect_err("it lies outside");
        assert!(problem.starts_with("holds tensor w, which lies outside its storage"), "{problem}");
    }
    let negative = read(b"K\x04", b"K\x03", b"K\x02", b"J\xff\xff\xff\xff").expect_err("a negative stride");
    assert!(negative.contains("has a strides that is no list of sizes"), "{negative}");
    let axes = read(b"K\x04", b"K\x00", b"K\x01K\x01", b"K\x01").expect_err("an axis without a stride");
    assert!(axes.contains("has 2 axes but 1 strides"), "{axes}");
    let truncated = read(b"J\xff\xff\xff\x7f", b"K\x00", b"K\x01", b"K\x01").expect_err("a storage that is not there");
    assert_eq!(truncated, "is truncated: storage `0` is said to have 2147483647 numbers, but 16 bytes are there");
}

#[test]
fn nothing_is_run() {
    let marker = std::env::temp_dir().join(format!("ventral-pickle-{}", std::process::id()));
    let command = format!("touch {}", marker.display());
    let text = |text: &str| [b"X".as_slice(), &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let program_of = |parts: &[&[u8]]| refusal(&program(&parts.concat()));
    let argument = text(&command);
    for (what, problem) in [
        ("posix.system", program_of(&[b"cposix\nsystem\n", &argument, b"\x85R."])),
        ("os.system", program_of(&[&text("os"), &text("system"), b"\x93", &argument, b"\x85R."])),
        ("builtins.eval", program_of(&[b"cbuiltins\neval\n", &argument, b"\x85R."])),
        ("subprocess.Popen", program_of(&[b"csubprocess\nPopen\n", &argument, b"\x85\x81."])),
        ("INST", program_of(&[b"(", &argument, b"iposix\nsystem\n."])),
        ("OBJ", program_of(&[b"(ccollections\nOrderedDict\no."])),
        ("EXT1", program_of(&[b"\x82\x01)R."])),
        ("EXT4", program_of(&[b"\x84\x01\0\0\0)R."])),
        ("PERSID", program_of(&[b"Pposix.system\n."])),
        ("calls what is no function", program_of(&[b"ctorch\nFloatStorage\n)R."])),
        ("calls what is no function", program_of(&[b"})R."])),
        ("gives attributes to what has none", program_of(&[b"ccollections\nOrderedDict\n}b."])),
        ("a whole pickled model", program_of(&[b"(", &text("module"), b"ccollections\nOrderedDict\nNNNtQ."])),
        ("refers to something else than a storage", program_of(&[&argument, b"Q."])),
        ("by another function than torch's", {
            program_of(&[b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch\nSize\nN)NtR."])
        }),
    ] {
        assert!(problem.contains(what), "`{what}` is not in: {problem}");
    }
    // The same in the older format.
    let legacy = fs::read(fixture("weights_legacy.pth")).expect("a fixture");
    let at = legacy.windows(13).position(|bytes| bytes == b"ccollections\n").expect("it has a dictionary");
    let hostile = [&legacy[..at], b"cposix\nsystem\n", &argument, b"\x85R.", &legacy[at..]].concat();
    assert!(refusal(&hostile).contains("posix.system"));
    assert!(!marker.exists(), "a pickle was run");
}

#[test]
fn bombs_cost_no_more_than_their_bytes() {
    // Lists a hundred thousand deep; what is dropped or looked through recursively would overflow the stack.
    let deep = program(&[b"]".repeat(100_000), b"a".repeat(99_999), b".".to_vec()].concat());
    assert!(refusal(&deep).contains("no state dict"));
    // A tuple of two of the last, forty times: 2^40 values where each is copied.
    let laughs = program(&[b")".to_vec(), b"2\x86".repeat(40), b".".to_vec()].concat());
    assert!(refusal(&laughs).contains("no state dict"));
    // A dictionary that holds itself under the name of a wrapper.
    let circle = program(b"}q\0X\x05\0\0\0modelh\0s.");
    assert!(refusal(&circle).contains("holds no state dict"));
    // Modules that each hold the next twice, thirty deep.
    let module = |inner: &[u8]| [b"c__torch__\nM\n)\x81q\0}X\x01\0\0\0ah\x01sX\x01\0\0\0bh\x01sb0", inner].concat();
    let twice = (0..30).fold(b"c__torch__\nM\n)\x81q\x010".to_vec(), |all, _| [all, module(b"h\0q\x010")].concat());
    let problem = refusal(&program(&[&twice, b"h\x01.".as_slice()].concat()));
    assert!(problem.contains("more than 100000 modules"), "{problem}");
    // Dictionaries that each hold the next twice, under keys that wrap state dicts and under others.
    for keys in [[b"model", b"state"], [b"other", b"thing"]] {
        let [a, b] = keys.map(|key| [b"X\x05\0\0\0", key.as_slice(), b"h\0s"].concat());
        let level = [b"}".as_slice(), &a, &b, b"q\x000"].concat();
        let all = [b"}q\x000".to_vec(), level.repeat(30), b"h\0.".to_vec()].concat();
        assert!(refusal(&program(&all)).contains("no state dict"), "{keys:?}");
    }
    let [a, b] = ["model", "module"]
        .map(|key| [b"X".as_slice(), &(key.len() as u32).to_le_bytes(), key.as_bytes(), b"h\0s"].concat());
    let level = [b"}".as_slice(), &a, &b, b"q\x000"].concat();
    let problem = refusal(&program(&[b"}q\x000".to_vec(), level.repeat(30), b"h\0.".to_vec()].concat()));
    assert_eq!(problem, "has more than 10000 dictionaries in one another, and no tensors in them");
    // A module that holds itself.
    let problem = refusal(&program(b"c__torch__\nM\n)\x81q\0}X\x01\0\0\0ah\0sb."));
    assert!(problem.contains("does one hold itself?"), "{problem}");
    // A memo's index, and lengths, far beyond the file.
    assert!(refusal(&program(b"Nr\xff\xff\xff\xff.")).contains("no state dict"));
    for lengthy in [b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f".as_slice(), b"X\xff\xff\xff\xff", b"\x8b\xff\xff\xff\x7f"] {
        assert!(refusal(&program(lengthy)).contains("is truncated: its pickle wants"), "{lengthy:?}");
    }
    let endless = program(&b"N0".repeat(3_000_000));
    assert!(refusal(&endless).contains("steps, which no state dict needs"));
    // A list of pairs, made into a dictionary again and again: a quadratic cost.
    let pairs = [
        b"](".to_vec(),
        b"NN\x86".repeat(20_000),
        b"eq\0".to_vec(),
        b"ccollections\nOrderedDict\nh\0\x85R0".repeat(20_000),
    ];
    assert!(refusal(&program(&pairs.concat())).contains("steps, which no state dict needs"));
}

#[test]
fn archives_that_lie_are_refused() {
    let whole = tensor(b"K\x04", b"K\x00", b"K\x04", b"K\x01");
    let pickle = [b"\x80\x02".as_slice(), &whole].concat();
    let bomb = vec![0; 1 << 24];
    let entries: [(&str, &[u8]); 2] = [("x/data.pkl", &pickle), ("x/data/0", &bomb)];
    assert!(read(&zip(&entries)).is_ok());
    let problem = refusal(&packed(&entries, zip::CompressionMethod::Deflated));
    assert!(problem.contains("was packed again: its entry x/data.pkl is compressed"), "{problem}");
    assert!(refusal(&zip(&[("x/data.pkl", &pickle)])).contains("its entry x/data/0"));
    assert!(refusal(&zip(&[("a.npy", &pickle)])).contains("holds no data.pkl"));
    let big = zip(&[("x/data.pkl", &pickle), ("x/data/0", &[0; 16]), ("x/byteorder", b"big")]);
    assert_eq!(refusal(&big), "is of byte order `big`; only little-endian files are read");
    let mut flipped = zip(&[("x/data.pkl", &pickle), ("x/data/0", &[7; 16])]);
    let at = flipped.windows(16).position(|bytes| bytes == [7; 16]).expect("the storage");
    flipped[at] ^= 1;
    assert!(refusal(&flipped).contains("x/data/0 is not what its checksum says"));
    let legacy = fs::read(fixture("weights_legacy.pth")).expect("a fixture");
    let at = legacy.windows(13).position(|bytes| bytes == b"little_endian").expect("it says so");
    let truth = at + legacy[at..].iter().position(|&byte| byte == 0x88).expect("and that it is");
    let mut big = legacy.clone();
    big[truth] = 0x89;
    assert!(refusal(&big).contains("big-endian"));
    let mut longer = legacy.clone();
    let count = longer.len() - 24 - 8;
    longer[count..count + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(refusal(&longer).contains("is truncated: storage"));
}

#[test]
fn every_truncation_is_an_error() {
    for name in ["weights_zip.pth", "weights_legacy.pth", "weights_half.safetensors", "weights_checkpoint.pth"] {
        let bytes = fs::read(fixture(name)).expect("a fixture");
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{name} cut to {length} bytes reads");
        }
    }
}

/// Takes all numbers out, where the shapes are of a size that a caller would let through.
fn take(bytes: &[u8]) {
    let Ok(tensors) = read(bytes) else { return };
    for Placed { element, shape, strides, bytes: range } in names::unwrapped(tensors).values() {
        if shape.iter().map(|&side| side as f64).product::<f64>() < 1e6 {
            let stored = Stored { element: *element, shape, strides: Some(strides), bytes: &bytes[range.clone()] };
            assert_eq!(stored.floats().len(), shape.iter().product::<usize>());
        }
    }
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_mutated_index_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        noise in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut index = br#"{"metadata": {"total_size": 1}, "weight_map": {"a": "m-1-of-2.bin", "b.c": "m-2-of-2.bin"}}"#.to_vec();
        for (at, byte) in changes {
            let at = at.index(index.len());
            index[at] = byte;
        }
        _ = index::of_bytes(&index);
        _ = index::of_bytes(&noise);
        let name = String::from_utf8_lossy(&noise);
        _ = index::part(&name);
        _ = index::part(&format!("{name}-{}-of-{}{name}", noise.len(), noise.first().unwrap_or(&0)));
    }

    #[test]
    fn no_mutation_panics(
        which in 0..8_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
    ) {
        let names = [
            "zip.pth",
            "legacy.pth",
            "strided.pth",
            "checkpoint.pth",
            "nested.pth",
            "half.safetensors",
            "script.pt",
            "settings.ckpt",
        ];
        let mut bytes = fs::read(fixture(&format!("weights_{}", names[which]))).expect("a fixture");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some((from, to)) = cut {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            bytes.drain(from.min(to)..from.max(to));
        }
        take(&bytes);
    }

    #[test]
    fn no_mutated_pickle_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        // Past the checksums, which stop most of the above.
        let mut opcodes = tensor(b"K\x04", b"K\x00", b"K\x02K\x02", b"K\x01K\x02");
        for (at, byte) in changes {
            let at = at.index(opcodes.len());
            opcodes[at] = byte;
        }
        take(&program(&opcodes));
    }

    #[test]
    fn no_noise_panics(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        take(&program(&noise));
        let legacy = fs::read(fixture("weights_legacy.pth")).expect("a fixture");
        take(&[&legacy[..legacy.len() / 4], noise.as_slice()].concat());
        take(&noise);
    }
}
