//! Golden kinds: what every kind makes of a toy input, in numbers that are kept.
//!
//! A key tells changed inputs, never changed code: where a kind's numbers move while its `VERSION` stands, old results
//! would be served as new ones, and this test fails. After raising the version, `VENTRAL_GOLDEN=write cargo test golden`
//! writes `tests/golden.json` anew.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array2, Array3, Axis};
use serde_json::{Map, Value as Json, json};

use crate::kind::Compute;
use crate::nodes::data::load_features::LoadFeatures;
use crate::nodes::data::load_majaj::LoadMajaj;
use crate::nodes::data::load_recordings::LoadRecordings;
use crate::nodes::data::split::Split;
use crate::nodes::data::synthetic_it::SyntheticIt;
use crate::nodes::evaluation::compare::Compare;
use crate::nodes::evaluation::decode::Decode;
use crate::nodes::evaluation::evaluate::Evaluate;
use crate::nodes::evaluation::noise_ceiling::NoiseCeiling;
use crate::nodes::evaluation::predict::Predict;
use crate::nodes::evaluation::select::Select;
use crate::nodes::features::concat::Concat;
use crate::nodes::features::extract_layer::ExtractLayer;
use crate::nodes::features::pixels::Pixels;
use crate::nodes::features::random_projection::RandomProjection;
use crate::nodes::features::select_units::SelectUnits;
use crate::nodes::features::standardize::Standardize;
use crate::nodes::fixtures::fixture;
use crate::nodes::regression::linear::Linear;
use crate::nodes::regression::pca::Pca;
use crate::nodes::regression::ridge::Ridge;
use crate::nodes::testing::{Given, about, folds, given, hold_out, matrix, responses, stimuli};
use crate::nodes::training::co_train::CoTrain;
use crate::nodes::training::train_cnn::TrainCnn;
use crate::value::Value;
use crate::value::images::Images;
use crate::value::labels::Labels;
use crate::value::responses::Responses;

/// What a kind made, by port: shapes exactly, numbers to a tolerance.
type Ports = BTreeMap<String, Json>;

/// How far a number may be from the one that is kept, relative to the largest beside it: other processors add up in
/// another order.
const TOLERANCE: f64 = 2e-4;

/// Smooth numbers without a pattern that PCA would find.
fn features(rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 7 + j * 13 + i * j * 3) as f32 * 0.37).sin())
}

fn repeats(rows: usize) -> Value {
    let x = features(rows, 5);
    let repeats =
        Array3::from_shape_fn((rows, 3, 4), |(i, unit, r)| x[[i, unit]] + 0.3 * x[[(i + r * 5) % rows, 3 + unit % 2]]);
    Value::Responses(Responses::new(about(&stimuli(rows), 3), repeats.mean_axis(Axis(2)).unwrap(), Some(repeats)))
}

fn made<K: Compute>(given: Given, params: Json) -> Ports {
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
        Value::Gram(_) | Value::Eigen(_) => panic!("no port gives one"),
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

fn pictures() -> Value {
    let pixels = (0..6 * 32 * 32 * 3).map(|at: usize| ((at * at) / 97 % 256) as u8).collect();
    Value::Images(Images::rendered(stimuli(6), (32, 32), pixels))
}

/// Sixteen pictures with responses and labels, as far as they are asked for.
fn training(ports: &[&str]) -> Given {
    let rows = stimuli(16);
    let pixels = (0..16 * 16 * 16 * 3).map(|at: usize| ((at * at) / 97 % 256) as u8).collect();
    let object = (0..16).map(|row| ["car", "face"][row % 2].to_owned()).collect();
    let labels = Value::Labels(Labels { stimuli: rows.clone(), object, category: None });
    let images = Value::Images(Images::rendered(rows.clone(), (16, 16), pixels));
    let given = given().value("images", &images).value("split", &hold_out(&rows, "ttttttttttttvvee"));
    ports.iter().fold(given, |given, &port| match port {
        "labels" => given.value(port, &labels),
        _ => given.value(port, &responses(&rows, features(16, 3))),
    })
}

/// A training of moments.
fn tiny(more: Json) -> Json {
    let mut params = json!({
        "architecture": { "blocks": [{ "channels": 4, "kernel": 3, "stride": 2, "dropout": 0.1 }, { "channels": 4, "pool": 2 }] },
        "epochs": 2, "batch": 4, "augment": { "flip": true, "shift": 1, "brightness": 0.1 }, "seed": 3
    });
    for (name, value) in more.as_object().expect("a map") {
        params[name] = value.clone();
    }
    params
}

/// Every kind on its toy input.
fn all() -> BTreeMap<&'static str, Ports> {
    let rows = stimuli(24);
    let split = hold_out(&rows, "tttttttttttttttttvvveeee");
    let x = || matrix(&rows, features(24, 6));
    let readout = || {
        let y = responses(&rows, features(24, 9).slice(ndarray::s![.., 6..]).to_owned());
        given().value("features", &x()).value("responses", &y).value("split", &split)
    };
    let ceiling = given().value("responses", &repeats(24)).run::<NoiseCeiling>(json!({ "seed": 1 })).unwrap();
    let predictions = matrix(&rows, features(24, 3));
    let evaluate = || {
        let given = given().value("predictions", &predictions).value("responses", &repeats(24));
        given.value("ceiling", &ceiling.value("ceiling")).value("split", &split)
    };
    let scores = |on: &str| evaluate().run::<Evaluate>(json!({ "on": on })).unwrap().value("per_unit");
    let other = {
        let shifted = matrix(&rows, features(24, 4).slice(ndarray::s![.., 1..]).to_owned());
        let given = given().value("predictions", &shifted).value("responses", &repeats(24));
        given.value("ceiling", &ceiling.value("ceiling")).value("split", &split)
    };
    let other = other.run::<Evaluate>(json!({ "on": "test" })).unwrap().value("per_unit");

    let (one, two) = (("label", json!("one")), ("label", json!("two")));
    let chosen = given()
        .value("split", &split)
        .labelled("scores", std::slice::from_ref(&one), &scores("val"))
        .labelled("scores", std::slice::from_ref(&two), &scores("val"))
        .labelled("predictions", std::slice::from_ref(&one), &predictions)
        .labelled("predictions", std::slice::from_ref(&two), &x());
    let fit = readout().run::<Linear>(json!({})).unwrap().value("fit");
    let objects = (0..24).map(|row| ["car", "face"][row % 2].to_owned()).collect();
    let labels = Value::Labels(Labels { stimuli: rows.clone(), object: objects, category: None });

    let folder = tempfile::tempdir().expect("a folder");
    let photos = folder.path().join("pictures");
    std::fs::create_dir(&photos).expect("created");
    for at in 0..3_u32 {
        let picture = image::RgbImage::from_fn(4, 4, |x, y| image::Rgb([x, y, at].map(|z| (z * 60) as u8)));
        picture.save(photos.join(format!("p{at}.png"))).expect("saved");
    }
    let table = folder.path().join("f.csv");
    std::fs::write(&table, "id,a,b\ns0,1,2\ns1,3,4.5\n").expect("written");
    let spikes = folder.path().join("r.csv");
    std::fs::write(&spikes, "id,u,v\np0,1,2\np1,3,4.5\np2,0,7\n").expect("written");
    let recordings = given().file("images", photos.clone()).file("responses", spikes.clone());
    let it = fixture("it_tiny.h5");

    BTreeMap::from([
        ("load_majaj", made::<LoadMajaj>(given().file("path", it.clone()), json!({ "path": it }))),
        (
            "load_recordings",
            made::<LoadRecordings>(
                recordings,
                json!({ "images": photos, "responses": spikes, "layout": "stimuli_by_units", "image_size": 6 }),
            ),
        ),
        ("load_features", made::<LoadFeatures>(given().file("path", table.clone()), json!({ "path": table }))),
        (
            "synthetic_it",
            made::<SyntheticIt>(given(), json!({ "images": 64, "size": 16, "units": 4, "repeats": 2, "seed": 5 })),
        ),
        ("split", made::<Split>(given().value("rows", &x()), json!({ "test": 0.25, "val": 0.1, "seed": 3 }))),
        ("pixels", made::<Pixels>(given().value("images", &pictures()), json!({ "size": 5, "grey": true }))),
        (
            "standardize",
            made::<Standardize>(given().value("features", &x()).value("split", &folds(&rows, 2)), json!({})),
        ),
        ("concat", made::<Concat>(given().value("features", &x()).value("features", &predictions), json!({}))),
        (
            "select_units",
            made::<SelectUnits>(given().value("responses", &repeats(24)), json!({ "names": ["u2", "u0"] })),
        ),
        (
            "extract_layer",
            made::<ExtractLayer>(
                given().value("images", &pictures()),
                json!({ "model": "squeezenet1_1", "weights": "random", "seed": 2, "layers": ["features.0", "features.3"] }),
            ),
        ),
        ("pca", made::<Pca>(given().value("features", &x()).value("split", &split), json!({ "components": 3 }))),
        (
            "random_projection",
            made::<RandomProjection>(given().value("features", &x()), json!({ "components": 4, "seed": 2 })),
        ),
        ("linear", made::<Linear>(readout(), json!({}))),
        ("ridge", made::<Ridge>(readout(), json!({}))),
        ("train_cnn", made::<TrainCnn>(training(&["responses"]), tiny(json!({})))),
        ("co_train", made::<CoTrain>(training(&["responses", "labels"]), tiny(json!({ "balance": "gradnorm" })))),
        ("noise_ceiling", made::<NoiseCeiling>(given().value("responses", &repeats(24)), json!({ "seed": 1 }))),
        ("evaluate", made::<Evaluate>(evaluate(), json!({ "on": "test" }))),
        ("select", made::<Select>(chosen, json!({}))),
        ("predict", made::<Predict>(given().value("features", &x()).value("model", &fit), json!({}))),
        (
            "decode",
            made::<Decode>(
                given().value("features", &x()).value("labels", &labels).value("split", &split),
                json!({ "on": "test", "iterations": 30 }),
            ),
        ),
        (
            "compare",
            made::<Compare>(
                given().labelled("scores", &[("label", json!("one"))], &scores("test")).labelled(
                    "scores",
                    &[("label", json!("two"))],
                    &other,
                ),
                json!({}),
            ),
        ),
    ])
}

#[test]
fn golden_kinds_make_what_they_made() {
    let root = fixture("..").join("golden.json");
    let registry = crate::nodes::registry();
    let now = all();
    let known: BTreeSet<&str> = registry.iter().map(|kind| kind.name).collect();
    assert_eq!(now.keys().copied().collect::<BTreeSet<_>>(), known, "every kind has its golden case");
    if std::env::var_os("VENTRAL_GOLDEN").is_some_and(|word| word == "write") {
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
