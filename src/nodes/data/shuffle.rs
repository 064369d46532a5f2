//! The kind `shuffle`: rows that change places within the parts of a split, the control of every study.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, NodeKind, Output};
use crate::value::ty::Type;

/// Features or responses of other stimuli.
pub struct Shuffle;

/// The parameters of `shuffle`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// What the permutation is drawn from, beside the stimuli's identities; the recipe's seed unless given.
    #[serde(default)]
    pub seed: u64,
}

impl NodeKind for Shuffle {
    const NAME: &'static str = "shuffle";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Rows permuted within the parts of the split: the control.\n\n\
        Stimuli keep their order and identities, and their numbers move: train rows among train, val among val, test among \
        test, under folds within the rows that each fold leaves out. So whatever joins by stimulus pairs one with another's \
        numbers, and nothing can be explained but by chance. A response's repeats move with it. Rows that the split does not \
        know stay as they are. What upstream fits have seen is handed on. Connect `features` or `responses`, and read the \
        output of that name.";
    const EXAMPLE: &'static str = "\
control:
  kind: shuffle
  in: { responses: it.responses, split: it.split }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "features",
            types: &[Type::Matrix],
            arity: Arity::Optional,
            about: "Features whose rows change places; or `responses`.",
        },
        Input {
            name: "responses",
            types: &[Type::Responses],
            arity: Arity::Optional,
            about: "Responses whose rows change places; or `features`.",
        },
        Input {
            name: "split",
            types: &[Type::Split],
            arity: Arity::One,
            about: "The parts, or folds, within which rows change places.",
        },
    ];
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "features",
            ty: Type::Matrix,
            keyed: None,
            role: None,
            about: "The same stimuli with one another's features; there with `features`.",
        },
        Output {
            name: "responses",
            ty: Type::Responses,
            keyed: None,
            role: None,
            about: "The same stimuli with one another's responses; there with `responses`.",
        },
    ];
    const PASSES: &'static [(&'static str, &'static str)] = &[("features", "features"), ("responses", "responses")];
}

#[cfg(feature = "torch")]
mod compute {
    use std::collections::BTreeMap;

    use ndarray::Axis;
    use rand::SeedableRng;
    use rand::seq::SliceRandom;
    use rand_chacha::ChaCha12Rng;

    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::data::shuffle::{Params, Shuffle};
    use crate::value::Value;
    use crate::value::responses::Responses;
    use crate::value::split::{Assignment, Split};
    use crate::value::stimuli::Stimuli;

    impl Compute for Shuffle {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let split = run.split("split")?;
            match (run.has("features"), run.has("responses")) {
                (true, false) => features(params.seed, &split, run),
                (false, true) => responses(params.seed, &split, run),
                (true, true) => Err(KindError::new(
                    "both `features` and `responses` are connected; one of them is shuffled, the other stays as it is",
                )),
                (false, false) => Err(KindError::new(
                    "nothing arrives at `features` or `responses`; connect the one whose rows change places",
                )),
            }
        }
    }

    fn features(seed: u64, split: &Split, run: &mut Run<'_>) -> Result<(), KindError> {
        for arrival in run.arrivals("features").to_vec() {
            let fold = arrival.key.as_ref().and_then(|key| key.parse().ok());
            if arrival.key.is_some() && fold.is_none() {
                // Several entries of a keyed port: the error says to name one.
                run.matrix("features")?;
            }
            let matrix = run.matrix_of_fold("features", fold)?;
            let from = permuted(seed, split, matrix.stimuli("features")?, "features", run)?;
            let raw = matrix.raw();
            let mut sink = run.open_matrix("features", arrival.key.as_deref(), &matrix.about, raw.rows, raw.columns)?;
            let mut numbers = vec![0.0; raw.columns];
            for row in from {
                raw.row(row, &mut numbers);
                sink.write(&numbers)?;
            }
            sink.finish()?;
        }
        Ok(())
    }

    fn responses(seed: u64, split: &Split, run: &mut Run<'_>) -> Result<(), KindError> {
        let responses = run.responses("responses")?;
        let from = permuted(seed, split, responses.stimuli(), "responses", run)?;
        let mean = responses.mean.select(Axis(0), &from);
        let repeats = responses.repeats.as_ref().map(|repeats| repeats.select(Axis(0), &from));
        run.emit("responses", Value::Responses(Responses::new(responses.about, mean, repeats)))
    }

    /// For each row, the one whose numbers it gets: of the same part, drawn from the seed and the part's identities, whatever the
    /// order of the rows.
    fn permuted(
        seed: u64,
        split: &Split,
        stimuli: &Stimuli,
        port: &str,
        run: &mut Run<'_>,
    ) -> Result<Vec<usize>, KindError> {
        let part = |row: usize| match &split.assignment {
            Assignment::Parts(parts) => parts[row].name().to_owned(),
            Assignment::Folds { fold, .. } => format!("fold {}", fold[row]),
            // Stimuli that are held out together in every draw.
            Assignment::Draws(draws) => draws.iter().map(|parts| &parts[row].name()[..2]).collect(),
        };
        let mut parts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut from: Vec<usize> = (0..stimuli.len()).collect();
        let mut unknown = 0;
        for (row, found) in stimuli.find_in(&split.stimuli, port, "split")?.into_iter().enumerate() {
            match found {
                Some(at) => parts.entry(part(at)).or_default().push(row),
                None => unknown += 1,
            }
        }
        if unknown > 0 {
            run.note(format!("{unknown} of {} rows are not in `split` and stay as they are", stimuli.len()));
        }
        for (name, mut rows) in parts {
            if rows.len() == 1 {
                run.note(format!("{name} has one row, which cannot change places"));
            }
            rows.sort_unstable_by_key(|&row| stimuli.get(row).identity());
            let mut dealt = rows.clone();
            dealt.shuffle(&mut stream(seed, &name));
            for (to, row) in rows.into_iter().zip(dealt) {
                from[to] = row;
            }
        }
        Ok(from)
    }

    /// A generator of a part's own, so that other parts' rows do not decide its permutation.
    fn stream(seed: u64, part: &str) -> ChaCha12Rng {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"shuffle").update(&seed.to_le_bytes()).update(part.as_bytes());
        ChaCha12Rng::from_seed(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ndarray::{Array2, Array3, Axis};
    use serde_json::json;

    use super::Shuffle;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::{about, folds, hold_out, inputs, matrix, named, responses, stimuli};
    use crate::value::Value;
    use crate::value::lineage::{Exposure, Lineage};
    use crate::value::matrix::{About, Matrix};
    use crate::value::responses::Responses;

    impl Golden for Shuffle {
        fn golden() -> Sample {
            let given = inputs().value("responses", &samples::repeats(samples::ROWS));
            (given.value("split", &samples::split()), json!({ "seed": 3 }))
        }
    }

    const PARTS: &str = "tttttttttttttttvvvvvvveeeeeeee";

    /// A row says who it was.
    fn told(rows: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, 2), |(row, column)| (row * 10 + column) as f32)
    }

    fn shuffled(seed: u64) -> Matrix {
        let rows = stimuli(30);
        let given = inputs().value("features", &matrix(&rows, told(30))).value("split", &hold_out(&rows, PARTS));
        given.run::<Shuffle>(json!({ "seed": seed })).unwrap().matrix("features")
    }

    /// Whose numbers each row holds.
    fn whose(view: ndarray::ArrayView2<'_, f32>) -> Vec<usize> {
        assert!(view.rows().into_iter().all(|row| row[1] == row[0] + 1.0), "rows move as a whole");
        view.column(0).iter().map(|&x| x as usize / 10).collect()
    }

    #[test]
    fn each_part_keeps_its_rows_and_every_stimulus_its_place() {
        let out = shuffled(1);
        assert_eq!(out.stimuli("features").unwrap(), &stimuli(30));
        let whose = whose(out.view());
        for part in ["t", "v", "e"] {
            let places: Vec<usize> =
                PARTS.char_indices().filter(|(_, p)| p.to_string() == part).map(|(at, _)| at).collect();
            let mut there: Vec<usize> = places.iter().map(|&at| whose[at]).collect();
            assert_ne!(there, places, "{part} moved");
            there.sort_unstable();
            assert_eq!(there, places, "{part} holds its own rows");
        }
    }

    #[test]
    fn a_seed_decides_and_the_order_of_rows_does_not() {
        assert_eq!(shuffled(1).view(), shuffled(1).view());
        assert_ne!(shuffled(1).view(), shuffled(2).view());
        let order: Vec<usize> = (0..30).rev().collect();
        let reversed = matrix(&named(order.iter().map(|at| format!("s{at}"))), told(30).select(Axis(0), &order));
        let given = inputs().value("features", &reversed).value("split", &hold_out(&stimuli(30), PARTS));
        let out = given.run::<Shuffle>(json!({ "seed": 1 })).unwrap().matrix("features");
        assert_eq!(out.view().select(Axis(0), &order), shuffled(1).view());
    }

    #[test]
    fn repeats_move_with_their_means_and_units_stay() {
        let rows = stimuli(30);
        let repeats = Array3::from_shape_fn((30, 2, 3), |(row, unit, repeat)| (100 * row + 10 * unit + repeat) as f32);
        let mean = repeats.mean_axis(Axis(2)).unwrap();
        let value = Value::Responses(Responses::new(about(&rows, 2), mean, Some(repeats)));
        let given = inputs().value("responses", &value).value("split", &hold_out(&rows, PARTS));
        let made = given.run::<Shuffle>(json!({})).unwrap();
        assert!(!made.has("features"));
        let out = made.responses("responses");
        assert_eq!((out.stimuli(), out.units()), (&rows, about(&rows, 2).units.as_slice()));
        let repeats = out.repeats.as_ref().unwrap();
        assert_eq!(repeats.mean_axis(Axis(2)).unwrap(), out.mean);
        let whose: Vec<usize> = out.mean.column(0).iter().map(|&x| x as usize / 100).collect();
        let mut sorted = whose.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..30) && !whose.into_iter().eq(0..30));
    }

    #[test]
    fn rows_stay_within_the_fold_that_leaves_them_out() {
        let rows = stimuli(30);
        let (split, x) = (folds(&rows, 3), matrix(&rows, told(30)));
        let made = inputs().value("features", &x).value("split", &split).run::<Shuffle>(json!({})).unwrap();
        let whose = whose(made.matrix("features").view());
        assert!(whose.iter().enumerate().all(|(at, row)| at % 3 == row % 3) && !whose.iter().copied().eq(0..30));
        // What was fitted per fold stays so, each fold's with the same permutation.
        let keyed = inputs().keyed("features", "0", &x).keyed("features", "1", &x).value("split", &split);
        let keyed = keyed.run::<Shuffle>(json!({})).unwrap();
        assert_eq!(keyed.keys("features"), ["0", "1"]);
        assert_eq!(keyed.matrix_of("features", "1").view(), made.matrix("features").view());
    }

    #[test]
    fn what_was_seen_is_handed_on_and_what_the_split_does_not_know_stays() {
        let rows = stimuli(6);
        let lineage = Lineage::default().fitted_on(Exposure::new("pca", &rows, &[0, 1]));
        let seen =
            Matrix::new(told(6), About { stimuli: Some(rows.clone()), lineage: lineage.clone(), ..About::default() });
        let split = hold_out(&rows.select(&[0, 1, 2, 3]), "tttv");
        let made = inputs().value("features", &Value::Matrix(seen)).value("split", &split).run::<Shuffle>(json!({}));
        let made = made.unwrap();
        let out = made.matrix("features");
        assert_eq!(out.about.lineage, lineage);
        assert_eq!(whose(out.view())[3..], [3, 4, 5]);
        let expected =
            ["2 of 6 rows are not in `split` and stay as they are", "val has one row, which cannot change places"];
        assert_eq!(made.notes, expected);
    }

    #[test]
    fn one_of_both_is_shuffled() {
        let rows = stimuli(4);
        let split = hold_out(&rows, "ttve");
        let none = inputs().value("split", &split).refusal::<Shuffle>(json!({})).message;
        assert!(none.starts_with("nothing arrives at `features` or `responses`"), "{none}");
        let both = inputs().value("features", &matrix(&rows, told(4))).value("responses", &responses(&rows, told(4)));
        let both = both.value("split", &split).refusal::<Shuffle>(json!({})).message;
        assert!(both.starts_with("both `features` and `responses` are connected"), "{both}");
        let unknown: BTreeMap<&str, i32> = [("sed", 1)].into();
        let given = inputs().value("features", &matrix(&rows, told(4))).value("split", &split);
        assert!(given.refusal::<Shuffle>(json!(unknown)).message.contains("unknown field `sed`"));
    }
}
