//! Golden kinds: what every kind makes of a toy input, in numbers that are kept.
//!
//! A key tells changed inputs, never changed code: where a kind's numbers move while its `VERSION` stands, old results
//! would be served as new ones, and this test fails. After raising the version, `VENTRAL_GOLDEN=write cargo test golden`
//! writes `tests/golden.json` anew.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::kind::Compute;
use crate::nodes::fixtures::fixture;
use crate::nodes::kept::writes;
use crate::nodes::testing::Inputs;
use crate::value::Value;

/// What a kind is given, and its parameters.
pub type Sample = (Inputs, Json);

/// A kind with a small input whose results are kept.
pub trait Golden: Compute {
    /// Small, and such that every output port is made.
    fn golden() -> Sample;
}

/// A kind's name, and what makes its ports.
pub struct Case {
    name: &'static str,
    make: fn() -> Ports,
}

impl Case {
    /// That of a kind.
    pub fn of<K: Golden>() -> Self {
        Self { name: K::NAME, make: made::<K> }
    }
}

/// What a kind made, by port: shapes exactly, numbers to a tolerance.
pub type Ports = BTreeMap<String, Json>;

/// How far a number may be from the one that is kept, relative to the largest beside it: other processors add up in
/// another order.
const TOLERANCE: f64 = 2e-4;

fn made<K: Golden>() -> Ports {
    let (given, params) = K::golden();
    let made = given.run::<K>(params).unwrap_or_else(|error| panic!("`{}`: {error}", K::NAME));
    made.all().into_iter().map(|(name, value)| (name, described(&value))).collect()
}

fn described(value: &Value) -> Json {
    match value {
        Value::Matrix(m) => json!({ "shape": [m.rows(), m.columns()], "numbers": sample(m.as_slice()) }),
        Value::Responses(r) => {
            let mean: Vec<f32> = r.mean.iter().copied().collect();
            json!({ "shape": r.mean.shape(), "units": r.units(), "numbers": sample(&mean),
                    "repeats": r.repeats.as_ref().map(|x| sample(&x.iter().copied().collect::<Vec<_>>())) })
        }
        Value::Fit(fit) => {
            let array = |x: &ndarray::ArrayD<f32>| json!({ "shape": x.shape(), "numbers": sample(&x.iter().copied().collect::<Vec<_>>()) });
            json!(fit.arrays.iter().map(|(name, x)| (name.clone(), array(x))).collect::<BTreeMap<_, _>>())
        }
        Value::Images(images) => {
            let pixels: Vec<f32> = images.pixels().unwrap_or_default().iter().map(|&byte| f32::from(byte)).collect();
            json!({ "count": images.len(), "size": images.about.size, "state": images.about.state, "numbers": sample(&pixels) })
        }
        Value::Labels(labels) => json!({ "object": labels.object, "category": labels.category }),
        Value::Split(split) => json!(split.assignment),
        Value::Table(table) => {
            // Clocks are no numbers of a kind's.
            let columns = table.columns().iter().filter(|column| column.name() != "seconds").map(|column| {
                let cell = |at: usize| match column.get(at) {
                    Ok(polars::prelude::AnyValue::Null) | Err(_) => Json::Null,
                    Ok(polars::prelude::AnyValue::Boolean(truth)) => json!(truth),
                    Ok(value) => {
                        value.extract::<f64>().map_or_else(|| json!(value.str_value()), |number| json!(number))
                    }
                };
                (column.name().to_string(), (0..column.len().min(12)).map(cell).collect())
            });
            json!({ "rows": table.height(), "columns": columns.collect::<Map<String, Json>>() })
        }
        Value::Network(network) => {
            let tensor = |x: &ndarray::ArrayD<f32>| json!({ "shape": x.shape(), "numbers": sample(&x.iter().copied().collect::<Vec<_>>()) });
            json!(network.tensors.iter().map(|(name, x)| (name.clone(), tensor(x))).collect::<BTreeMap<_, _>>())
        }
        Value::Rdm(rdm) => {
            let of: Vec<Option<String>> = rdm.about.of.iter().map(|of| of.words()).collect();
            json!({ "shape": rdm.pairs.shape(), "of": of, "numbers": sample(&rdm.pairs.iter().copied().collect::<Vec<_>>()) })
        }
        Value::Gram(_) | Value::Eigen(_) | Value::Sums(_) => panic!("no port gives one"),
    }
}

/// A matrix in ten numbers: mean, root mean square, and eight that lie evenly over it.
fn sample(x: &[f32]) -> Vec<f64> {
    if x.is_empty() {
        return Vec::new();
    }
    let wide = || x.iter().map(|&value| f64::from(value));
    let count = x.len() as f64;
    let (mean, power) = (wide().sum::<f64>() / count, wide().map(|value| value * value).sum::<f64>() / count);
    [mean, power.sqrt()].into_iter().chain((0..8).map(|at| f64::from(x[at * (x.len() - 1) / 7]))).collect()
}

/// Whether two descriptions agree; numbers in one list are compared on the list's own scale.
fn agree(kept: &Json, now: &Json) -> bool {
    match (kept, now) {
        (Json::Array(a), Json::Array(b)) => {
            let scale = a.iter().filter_map(Json::as_f64).map(f64::abs).fold(1e-6, f64::max);
            let near = |a: &Json, b: &Json| match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() <= TOLERANCE * scale,
                _ => agree(a, b),
            };
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| agree(a, b)))
        }
        (a, b) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= TOLERANCE * a.abs().max(1e-6),
            _ => a == b,
        },
    }
}

/// What every kind makes of its sample.
fn all() -> BTreeMap<&'static str, Ports> {
    let lists = [
        crate::nodes::data::golden(),
        crate::nodes::evaluation::golden(),
        crate::nodes::own::golden(),
        crate::nodes::features::golden(),
        crate::nodes::regression::golden(),
        crate::nodes::similarity::golden(),
        crate::nodes::training::golden(),
    ];
    lists.into_iter().flatten().map(|case| (case.name, (case.make)())).collect()
}

#[test]
fn golden_kinds_make_what_they_made() {
    let root = fixture("..").join("golden.json");
    let registry = crate::nodes::registry();
    let now = all();
    let known: BTreeSet<&str> = registry.iter().map(|kind| kind.name).collect();
    assert_eq!(now.keys().copied().collect::<BTreeSet<_>>(), known, "every kind has its golden case");
    if writes() {
        let all: BTreeMap<_, _> = now
            .iter()
            .map(|(name, ports)| {
                (name, json!({ "version": registry.get(name).expect("known").version, "ports": ports }))
            })
            .collect();
        let text = serde_json::to_string_pretty(&all).expect("it serialises");
        std::fs::write(&root, text + "\n").expect("written");
        return;
    }
    let text = std::fs::read_to_string(&root).expect("tests/golden.json");
    let kept: BTreeMap<String, Json> = serde_json::from_str(&text).expect("JSON");
    for (name, ports) in &now {
        let version = registry.get(name).expect("known").version;
        let kept = kept.get(*name).unwrap_or_else(|| panic!("`{name}` has no golden numbers yet"));
        assert_eq!(kept["version"], version, "`{name}` has another version: write its golden numbers anew");
        let (kept, ports) = (&kept["ports"], serde_json::to_value(ports).expect("it serialises"));
        for (port, now) in ports.as_object().expect("ports") {
            let kept = &kept[port];
            assert!(
                agree(kept, now),
                "`{name}.{port}` moved while VERSION stands at {version}; raise it\nkept: {kept}\nnow:  {now}"
            );
        }
        assert_eq!(kept.as_object().map(Map::len), ports.as_object().map(Map::len), "`{name}` has other ports");
    }
}

/// A check that cannot fail is none.
#[test]
fn a_moved_number_is_noticed() {
    let kept = json!({ "shape": [2, 3], "numbers": [0.0, 1.0, -2.0] });
    assert!(agree(&kept, &json!({ "shape": [2, 3], "numbers": [1e-4, 1.0001, -2.0] })));
    assert!(!agree(&kept, &json!({ "shape": [2, 3], "numbers": [0.0, 1.0, -2.01] })));
    assert!(!agree(&kept, &json!({ "shape": [3, 2], "numbers": [0.0, 1.0, -2.0] })));
    assert!(!agree(&kept, &json!({ "shape": [2, 3] })));
}
