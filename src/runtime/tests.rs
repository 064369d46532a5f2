//! Files that tch itself writes.

use tch::{Device, Kind, Tensor, nn};

use crate::formats::checkpoint::Checkpoint;

/// tch writes a module of TorchScript, with `|` for the dots in names.
#[test]
fn what_tch_writes_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    for kind in [Kind::Float, Kind::Half, Kind::BFloat16, Kind::Double] {
        let store = nn::VarStore::new(Device::Cpu);
        let numbers = Tensor::arange(20, (Kind::Float, Device::Cpu)) + 0.5;
        let part =
            |from: i64, shape: &[i64]| numbers.narrow(0, from, shape.iter().product()).reshape(shape).to_kind(kind);
        let _ = (store.root() / "a").add("bias", part(0, &[2]), true);
        // Not contiguous: its axes lie in memory the other way round.
        let turned = part(2, &[2, 3, 2]).transpose(0, 2).contiguous().transpose(0, 2);
        let _ = (store.root() / "a").add("weight", turned, true);
        let _ = (store.root() / "b").add("weight", part(14, &[3, 2]), false);
        let path = folder.path().join("x.ot");
        store.save(&path).expect("saved");
        let read = Checkpoint::open(&path).expect("it reads");
        assert_eq!(read.names(), ["a.bias", "a.weight", "b.weight"], "{kind:?}");
        let mut expected = (0..20).map(|i| i as f32 + 0.5);
        for (name, shape) in [("a.bias", vec![2]), ("a.weight", vec![2, 3, 2]), ("b.weight", vec![3, 2])] {
            let stored = read.get(name).expect("it is named");
            assert_eq!(stored.shape, shape, "{kind:?}: {name}");
            let numbers: Vec<f32> = expected.by_ref().take(shape.iter().product()).collect();
            assert_eq!(stored.floats(), numbers, "{kind:?}: {name}");
        }
    }
}
