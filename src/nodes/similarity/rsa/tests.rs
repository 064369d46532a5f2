//! Similarities as rsatoolbox has them, and what is refused.

use ndarray::{Array2, Axis};
use polars::prelude::{Column, DataFrame};
use rand::{Rng, SeedableRng};
use serde_json::{Value as Json, json};

use super::Rsa;
use crate::nodes::golden::{Golden, Sample};
use crate::nodes::samples;
use crate::nodes::similarity::oracle;
use crate::nodes::testing::{Inputs, Outputs, about, inputs, matrix, predictions, responses, stimuli};
use crate::value::Value;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::matrix::{About, Matrix};
use crate::value::rdm::{self, Of, Rdm};
use crate::value::responses::Responses;
use crate::value::table::Table;

impl Golden for Rsa {
    fn golden() -> Sample {
        let given = inputs().value("a", &samples::x()).value("b", &samples::repeats(samples::ROWS));
        let params = json!({ "on": "train", "bootstrap": { "draws": 50 }, "permutations": 99, "seed": 1 });
        (given.value("split", &samples::split()), params)
    }
}

const COMPARATORS: [&str; 7] = ["spearman", "pearson", "cosine", "rho_a", "tau_a", "cosine_cov", "corr_cov"];

fn both(a: &Value, b: &Value) -> Inputs {
    inputs().value("a", a).value("b", b)
}

fn rdm_of(made: &Outputs, port: &str) -> Rdm {
    match made.value(port) {
        Value::Rdm(rdm) => rdm,
        other => panic!("{}", other.ty()),
    }
}

fn near(got: f64, right: &Json, tolerance: f64, what: &str) {
    let right = right.as_f64().expect("a number");
    assert!((got - right).abs() < tolerance, "{what}: {got} for {right}");
}

#[test]
fn similarities_are_rsatoolbox_s() {
    let oracle = oracle::numbers();
    let (x, y) = (oracle::patterns("x"), oracle::patterns("y"));
    let rows = stimuli(x.nrows());
    for (rdm, compare) in ["correlation", "euclidean"].iter().flat_map(|rdm| COMPARATORS.map(|compare| (rdm, compare)))
    {
        let given = both(&matrix(&rows, x.clone()), &responses(&rows, y.clone()));
        let made = given.run::<Rsa>(json!({ "on": "all", "rdm": rdm, "compare": compare })).unwrap();
        let got = made.numbers("table", "similarity")[0];
        near(got, &oracle[*rdm][compare], 1e-7, &format!("{rdm} {compare}"));
    }
    let given = both(&matrix(&rows, x), &responses(&rows, y));
    let made = given.run::<Rsa>(json!({ "on": "all" })).unwrap();
    let whole = rdm_of(&made, "rdm_a");
    assert_eq!(whole.about.dissimilarity, "correlation");
    for (got, right) in whole.pairs.iter().zip(oracle["rdm"]["correlation"].as_array().unwrap()) {
        near(f64::from(*got), right, 1e-6, "pair");
    }
}

/// Three subjects with four repeats each.
fn subjects() -> Value {
    let each: Vec<_> = (0..3).map(oracle::repeats).collect();
    let views: Vec<_> = each.iter().map(|one| one.view()).collect();
    let repeats = ndarray::concatenate(Axis(1), &views).unwrap();
    let (rows, units, _) = repeats.dim();
    let mut about = about(&stimuli(rows), units);
    about.subjects = Some((0..units).map(|unit| format!("m{}", unit / 12)).collect());
    let mean = repeats.mapv(f64::from).mean_axis(Axis(2)).unwrap().mapv(|value| value as f32);
    Value::Responses(Responses::new(about, mean, Some(repeats)))
}

#[test]
fn ceilings_are_rsatoolbox_s_and_brain_score_s() {
    let oracle = oracle::numbers();
    let x = matrix(&stimuli(40), oracle::patterns("x"));
    for compare in COMPARATORS {
        let made = both(&x, &subjects()).run::<Rsa>(json!({ "on": "all", "compare": compare })).unwrap();
        assert_eq!(made.texts("table", "subject"), ["m0", "m1", "m2"]);
        for (column, at) in [("ceiling_low", 0), ("ceiling_high", 1)] {
            near(made.numbers("table", column)[1], &oracle["ceilings"][compare][at], 2e-6, compare);
            near(made.numbers("summary", column)[0], &oracle["ceilings"][compare][at], 2e-6, compare);
        }
    }
    let made = both(&x, &subjects()).run::<Rsa>(json!({ "on": "all", "pool": "plain" })).unwrap();
    near(made.numbers("table", "ceiling_low")[0], &oracle["plain"][0], 2e-6, "plain");
    near(made.numbers("table", "ceiling_high")[0], &oracle["plain"][1], 2e-6, "plain");
}

#[test]
fn distances_in_units_of_noise_are_rsatoolbox_s() {
    let oracle = oracle::numbers();
    let x = matrix(&stimuli(40), oracle::patterns("x"));
    for of in ["mahalanobis", "crossnobis"] {
        let made = both(&x, &subjects()).run::<Rsa>(json!({ "on": "all", "rdm": of })).unwrap();
        let whole = rdm_of(&made, "rdm_b");
        assert_eq!((whole.pairs.nrows(), whole.about.dissimilarity.as_str()), (3, of));
        assert_eq!(rdm_of(&made, "rdm_a").about.dissimilarity, "euclidean");
        let scale = whole.pairs.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        for (got, right) in whole.pairs.row(0).iter().zip(oracle["noise"][of].as_array().unwrap()) {
            near(f64::from(got / scale), &json!(right.as_f64().unwrap() / f64::from(scale)), 1e-6, of);
        }
    }
    let bare = responses(&stimuli(40), oracle::patterns("y"));
    let error = both(&x, &bare).refusal::<Rsa>(json!({ "on": "all", "rdm": "crossnobis" })).message;
    assert!(error.starts_with("`b` has no repeats, and crossnobis distances are in units of the noise"), "{error}");
}

#[test]
fn chance_gives_large_p_and_likeness_small_ones() {
    let x = matrix(&stimuli(40), oracle::patterns("x"));
    let params = json!({ "on": "all", "permutations": 199, "bootstrap": { "over": "both", "draws": 200 }, "seed": 3 });
    let made = both(&x, &subjects()).run::<Rsa>(params.clone()).unwrap();
    assert_eq!(made.numbers("table", "p"), [0.005; 3]);
    assert_eq!(made.numbers("summary", "p"), [0.005]);
    let again = both(&x, &subjects()).run::<Rsa>(params).unwrap();
    assert_eq!(made.bytes("table"), again.bytes("table"));
    let (low, high) = (made.numbers("table", "low"), made.numbers("table", "high"));
    let value = made.numbers("table", "similarity");
    assert!((0..3).all(|at| low[at] < value[at] && value[at] < high[at]));
    // Over both, with three subjects: wider than over stimuli alone.
    let wide = made.numbers("summary", "high")[0] - made.numbers("summary", "low")[0];
    let alone =
        both(&x, &subjects()).run::<Rsa>(json!({ "on": "all", "bootstrap": { "draws": 200 }, "seed": 3 })).unwrap();
    assert!(wide > alone.numbers("summary", "high")[0] - alone.numbers("summary", "low")[0]);
    assert_eq!(low, alone.numbers("table", "low"));
    // Independent patterns.
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let noise = matrix(&stimuli(24), Array2::from_shape_fn((24, 5), |_| rng.random::<f32>()));
    let made = both(&samples::x(), &noise).run::<Rsa>(json!({ "on": "all", "permutations": 199 })).unwrap();
    assert!(made.numbers("table", "p")[0] > 0.01);
}

#[test]
fn predictions_are_compared_with_their_own_units_and_rows_join_by_stimulus() {
    let Value::Responses(whole) = subjects() else { unreachable!() };
    let guess = whole.mean.mapv(|value| value + (3.0 * value).sin());
    let order: Vec<usize> = (0..40).rev().collect();
    let turned = predictions(&stimuli(40).select(&order), guess.select(Axis(0), &order));
    let made = both(&turned, &subjects()).run::<Rsa>(json!({ "on": "all" })).unwrap();
    assert_eq!(made.table("table").height(), 3);
    assert_eq!(made.table("summary").height(), 1);
    let units: Vec<usize> = (12..24).collect();
    let one = |data: &Array2<f32>| matrix(&stimuli(40), data.select(Axis(1), &units));
    let alone = both(&one(&guess), &one(&whole.mean)).run::<Rsa>(json!({ "on": "all" })).unwrap();
    let (got, right) = (made.numbers("table", "similarity")[1], alone.numbers("table", "similarity")[0]);
    assert!((got - right).abs() < 1e-9, "{got} {right}");
}

fn dissimilarities(pairs: Array2<f32>, names: &[&str]) -> Value {
    let of = names.iter().map(|&name| Of { name: Some(name.to_owned()), ..Of::default() }).collect();
    let about = rdm::About { stimuli: stimuli(4), of, dissimilarity: "given".to_owned(), lineage: Lineage::default() };
    Value::Rdm(Rdm::new(about, pairs))
}

#[test]
fn dissimilarities_are_compared_as_they_are() {
    let models = ndarray::array![[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]];
    let brains =
        ndarray::array![[1.0, 2.0, 3.0, 4.0, 6.0, 5.0], [6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 3.0, 2.0, 4.0, 5.0, 6.0]];
    let given = both(&dissimilarities(models, &["order", "half"]), &dissimilarities(brains, &["x", "y", "z"]));
    let made = given.run::<Rsa>(json!({ "on": "all", "compare": "tau_a" })).unwrap();
    assert_eq!(made.texts("table", "a"), ["order", "order", "order", "half", "half", "half"]);
    assert_eq!(made.texts("table", "subject"), ["x", "y", "z", "x", "y", "z"]);
    let tau = made.numbers("table", "similarity");
    assert_eq!(tau[..3], [13.0 / 15.0, -1.0, 13.0 / 15.0]);
    assert_eq!(tau[3], -9.0 / 15.0);
    assert_eq!(made.texts("summary", "a"), ["order", "half"]);
    assert_eq!(made.numbers("summary", "ceiling_low")[0], made.numbers("summary", "ceiling_low")[1]);
}

#[test]
fn what_cannot_be_compared_is_refused_in_words() {
    let rows = stimuli(24);
    let y = responses(&rows, samples::features(24, 3));
    let refusal = |a: &Value, b: &Value, params: Json| both(a, b).refusal::<Rsa>(params).message;
    let mut flat = samples::features(24, 6);
    flat.row_mut(7).fill(0.25);
    let flat = matrix(&rows, flat);
    assert_eq!(
        refusal(&flat, &y, json!({ "on": "all" })),
        "the pattern of stimulus `s7` in `a` does not vary over its columns, so that it has no dissimilarity to others; take \
         `euclidean`, or leave the stimulus out"
    );
    assert!(both(&flat, &y).run::<Rsa>(json!({ "on": "all", "rdm": "euclidean" })).is_ok());
    let one = matrix(&rows, samples::features(24, 1));
    assert!(refusal(&one, &y, json!({ "on": "all" })).starts_with("patterns of `a` have 1 column"));
    let few = responses(&stimuli(2), samples::features(2, 3));
    let error = refusal(&samples::x(), &few, json!({ "on": "all" }));
    assert_eq!(error, "2 all rows are compared; their dissimilarities need at least 3");
    let error = refusal(&samples::x(), &y, json!({ "on": "all", "bootstrap": { "draws": 0 } }));
    assert!(error.contains("0 is out of range; it runs from 20"), "{error}");
    let whitened = json!({ "on": "all", "compare": "cosine_cov", "bootstrap": {} });
    assert!(refusal(&samples::x(), &y, whitened).contains("whitened comparisons are not defined"));
    let error = refusal(&samples::x(), &y, json!({ "on": "all", "bootstrap": { "over": "subjects" } }));
    assert!(error.starts_with("`b` has 1 subjects in a region; a bootstrap over subjects needs at least 3"), "{error}");
    let same = dissimilarities(Array2::ones((1, 6)), &["m"]);
    let right = dissimilarities(ndarray::array![[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], &["n"]);
    let error = refusal(&same, &right, json!({ "on": "all" }));
    assert!(error.ends_with("cannot be compared: the dissimilarities of one of them are all the same"), "{error}");
    let lineage = Lineage::default().fitted_on(Exposure::new("pca", &rows, &[22]));
    let about = About { stimuli: Some(rows.clone()), lineage, ..About::default() };
    let seen = Value::Matrix(Matrix::new(samples::features(24, 4), about));
    let error = both(&seen, &y).value("split", &samples::split()).refusal::<Rsa>(json!({ "on": "test" }));
    assert!(error.message.starts_with("1 of 4 test rows were seen by `pca`"), "{error}");
}

#[test]
fn pairs_too_much_alike_for_32_bits_are_computed_from_their_rows() {
    // Wide enough for products in 32 bits.
    let (n, p) = (1500, 9000);
    let mut x = Array2::from_shape_fn((n, p), |(i, j)| (((i * 7919 + j * 104_729) % 10_007) as f32 / 10_007.0).powi(2));
    let near = x.row(3).mapv(|value| value * 1.0001);
    x.row_mut(8).assign(&near);
    x[[8, 17]] += 0.01;
    let rows = stimuli(n);
    let few: Vec<usize> = (0..10).collect();
    let part = responses(&rows.select(&few), samples::features(10, 3));
    let made = both(&matrix(&rows, x.clone()), &part).run::<Rsa>(json!({ "on": "all" })).unwrap();
    let alone = matrix(&rows.select(&few), x.select(Axis(0), &few));
    let right = both(&alone, &part).run::<Rsa>(json!({ "on": "all" })).unwrap();
    let (got, right) = (rdm_of(&made, "rdm_a"), rdm_of(&right, "rdm_a"));
    for (got, right) in got.pairs.iter().zip(&right.pairs) {
        assert!((got - right).abs() < 2e-6 && (got / right - 1.0).abs() < 1e-4, "{got} for {right}");
    }
}

#[test]
fn a_table_says_whose_units_are_of_responses_that_do_not() {
    let Value::Responses(known) = subjects() else { unreachable!() };
    let mut bare = known.clone();
    let of = bare.about.subjects.take().expect("subjects");
    // Not in the units' order, with a unit that is of no interest.
    let mut units: Vec<String> = bare.about.units.iter().rev().cloned().chain(["u99".to_owned()]).collect();
    let said: Vec<String> = of.iter().rev().cloned().chain(["m9".to_owned()]).collect();
    let table = |units: &[String]| {
        let columns = vec![Column::new("unit".into(), units), Column::new("subject".into(), &said[..units.len()])];
        Value::Table(Table::new(DataFrame::new(units.len(), columns).unwrap()))
    };
    let x = matrix(&stimuli(40), oracle::patterns("x"));
    let given = |responses: &Responses| both(&x, &Value::Responses(responses.clone()));
    let made = given(&bare).value("subjects", &table(&units)).run::<Rsa>(json!({ "on": "all" })).unwrap();
    let right = given(&known).run::<Rsa>(json!({ "on": "all" })).unwrap();
    assert_eq!(made.texts("table", "subject"), ["m0", "m1", "m2"]);
    assert_eq!(made.numbers("table", "similarity"), right.numbers("table", "similarity"));
    assert_eq!(made.numbers("table", "ceiling_low"), right.numbers("table", "ceiling_low"));
    let same = given(&known).value("subjects", &table(&units)).run::<Rsa>(json!({ "on": "all" })).unwrap();
    assert_eq!(same.bytes("summary"), right.bytes("summary"));
    // Another subject than the responses know, a unit without a row, and nothing that has units.
    let mut other = known.clone();
    other.about.subjects.as_mut().expect("subjects")[3] = "m2".to_owned();
    let error = given(&other).value("subjects", &table(&units)).refusal::<Rsa>(json!({ "on": "all" })).message;
    assert!(
        error
            .starts_with("unit `u3` of `b` is of subject `m2` by the responses and of `m0` by the table at `subjects`"),
        "{error}"
    );
    units.truncate(20);
    let error = given(&bare).value("subjects", &table(&units)).refusal::<Rsa>(json!({ "on": "all" })).message;
    assert!(error.contains("every unit has a row"), "{error}");
    let error = both(&x, &x).value("subjects", &table(&units)).refusal::<Rsa>(json!({ "on": "all" })).message;
    assert!(error.ends_with("neither `a` nor `b` is responses; leave it out"), "{error}");
}

#[test]
fn a_table_says_what_its_intervals_are_over() {
    let x = matrix(&stimuli(40), oracle::patterns("x"));
    for (over, words) in [("stimuli", "stimuli"), ("subjects", "subjects"), ("both", "stimuli and subjects")] {
        let params = json!({ "on": "all", "bootstrap": { "over": over, "draws": 50 } });
        let made = both(&x, &subjects()).run::<Rsa>(params).unwrap();
        for port in ["table", "summary"] {
            assert_eq!(made.table(port).about.facts["interval"], format!("bootstrap 95 % interval over {words}"));
        }
    }
    let made = both(&x, &subjects()).run::<Rsa>(json!({ "on": "all" })).unwrap();
    assert!(!made.table("summary").about.facts.contains_key("interval"));
}

/// 92 images, four subjects of two sessions, eight models (Kriegeskorte et al. 2008), in ../shared/data/similarity.
mod needs_similarity {
    use std::path::PathBuf;

    use super::*;
    use crate::nodes::data::load_features::LoadFeatures;
    use crate::nodes::fixtures::fixture;
    use crate::nodes::similarity::cka::Cka;
    use crate::nodes::similarity::load_rdm::LoadRdm;

    fn shared(name: &str) -> PathBuf {
        let path = fixture("../../../shared/data/similarity").join(name);
        assert!(path.is_file(), "{} is not here; `make test` leaves this test out then", path.display());
        path
    }

    /// A file with names for its rows.
    fn named(file: &str) -> Inputs {
        let given = inputs();
        let ids = given.path("ids.txt");
        std::fs::write(&ids, (1..=92).map(|at| format!("image{at}\n")).collect::<String>()).unwrap();
        given.file("path", shared(file)).file("ids", ids)
    }

    fn loaded(file: &str, key: Option<&str>, mean_over: Option<usize>) -> Value {
        let params = json!({ "path": file, "ids": "ids.txt", "key": key, "mean_over": mean_over });
        named(file).run::<LoadRdm>(params).unwrap().value("rdm")
    }

    #[test]
    fn models_and_subjects_of_92_images_are_as_alike_as_rsatoolbox_has_them() {
        let oracle = &oracle::numbers()["images92"];
        let (models, brains) =
            (loaded("92_modelRDMs.mat", None, None), loaded("92_brainRDMs.mat", Some("RDMs.RDM"), Some(2)));
        for compare in COMPARATORS {
            let made = both(&models, &brains).run::<Rsa>(json!({ "on": "all", "compare": compare })).unwrap();
            let names = made.texts("summary", "a");
            assert_eq!(names.len(), 8);
            let found = made.numbers("summary", "similarity");
            for (name, got) in names.iter().zip(found) {
                near(got, &oracle["models"][name][compare], 1e-6, &format!("{name} {compare}"));
            }
            for (column, at) in [("ceiling_low", 0), ("ceiling_high", 1)] {
                near(made.numbers("summary", column)[0], &oracle["ceilings"][compare][at], 1e-6, compare);
            }
        }
        let made = both(&models, &brains).run::<Rsa>(json!({ "on": "all", "pool": "plain" })).unwrap();
        near(made.numbers("summary", "ceiling_low")[0], &oracle["plain"][0], 1e-6, "plain");
        near(made.numbers("summary", "ceiling_high")[0], &oracle["plain"][1], 1e-6, "plain");
    }

    #[test]
    fn simulated_patterns_align_as_published() {
        let oracle = &oracle::numbers()["images92"]["cka"];
        let patterns = |key: &str| {
            let params = json!({ "path": "x.mat", "ids": "ids.txt", "key": key });
            named("simTruePatterns.mat").run::<LoadFeatures>(params).unwrap().value("features")
        };
        for (unbiased, name, published) in [(true, "unbiased", 0.670_023_94), (false, "biased", 0.648_934_17)] {
            let given = both(&patterns("simTruePatterns"), &patterns("simTruePatterns2"));
            let made = given.run::<Cka>(json!({ "on": "all", "unbiased": unbiased })).unwrap();
            let got = made.numbers("table", "cka")[0];
            near(got, &oracle[name], 1e-7, name);
            assert!((got - published).abs() < 1e-7);
            near(made.numbers("table", "se")[0], &oracle[format!("se_{name}")], 1e-7, name);
        }
    }
}
