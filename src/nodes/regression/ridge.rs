//! The kind `ridge`: ridge regression with a penalty of its own for every unit.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::bounds::Folds;
use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::{Input, Measure, NodeKind, Output, Product, Threads};
use crate::nodes::parts::refuse_nameless;
use crate::nodes::regression::ports::{INPUTS, MEASURES, OUTPUTS, stand_ins};
use crate::value::fit::Form;

/// Ridge regression, exact, one penalty per unit.
pub struct Ridge;

/// The parameters of `ridge`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The penalties tried. `auto`: four a decade, from 1e-6 to 1e4 times the power of ten nearest to the mean eigenvalue of
    /// XᵀX, so that the grid fits the features. `{low, high, count}`: evenly spaced in logarithm. A list: these. One number:
    /// this penalty for every unit, with nothing chosen.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "auto", "x-also" = ["alpha", "penalties", "penalty", "lambda", "lambdas", "l2", "regularization"]))]
    pub alphas: Alphas,
    /// Folds of the train rows on which penalties are judged, dealt by stimulus identity; absent for leave-one-out, which is
    /// exact and takes no longer.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub folds: Option<Folds>,
    /// Whether the grid grows in its own steps, by at most twelve decades at either end, while the best penalty of any unit
    /// lies at that end; at the upper one no further than where a penalty leaves nothing but the mean. Unless given, `auto`
    /// grows, and penalties that are written stay as they are.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub extend: Option<bool>,
}

impl Params {
    #[cfg(feature = "torch")]
    fn grows(&self) -> bool {
        match self.alphas {
            Alphas::One(_) => false,
            Alphas::Auto => self.extend.unwrap_or(true),
            Alphas::List(_) | Alphas::Grid(_) => self.extend.unwrap_or(false),
        }
    }
}

/// Penalties to try; each is finite and above 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Alphas {
    #[default]
    Auto,
    One(f64),
    List(Vec<f64>),
    Grid(Grid),
}

/// Penalties evenly spaced in logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    pub low: f64,
    pub high: f64,
    pub count: usize,
}

impl Alphas {
    fn check(self) -> Result<Self, String> {
        let wrong = |alpha: &f64| !(alpha.is_finite() && *alpha > 0.0);
        let bad = match &self {
            Self::Auto => None,
            Self::One(alpha) => Some(*alpha).filter(wrong),
            Self::List(list) if list.is_empty() => return Err("the list of penalties is empty".to_owned()),
            Self::List(list) => list.iter().copied().find(wrong),
            Self::Grid(grid) if grid.count < 2 || grid.low >= grid.high => {
                return Err(format!(
                    "a grid of {} penalties from {} to {} has no spacing; it is 2 or more, from low to a higher high",
                    grid.count, grid.low, grid.high
                ));
            }
            Self::Grid(grid) => [grid.low, grid.high].into_iter().find(wrong),
        };
        match bad {
            None => Ok(self),
            Some(alpha) => Err(format!("{alpha} is no penalty; one is above 0 and finite")),
        }
    }
}

impl Serialize for Alphas {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::One(alpha) => alpha.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
            Self::Grid(grid) => grid.serialize(serializer),
        }
    }
}

// By hand, since an untagged enum would say no more than "did not match any variant".
impl<'de> Deserialize<'de> for Alphas {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Alphas;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`auto`, a penalty, a list of penalties, or {low, high, count}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Alphas, E> {
                match text {
                    "auto" => Ok(Alphas::Auto),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_f64<E: de::Error>(self, alpha: f64) -> Result<Alphas, E> {
                Ok(Alphas::One(alpha))
            }

            fn visit_i64<E: de::Error>(self, alpha: i64) -> Result<Alphas, E> {
                Ok(Alphas::One(alpha as f64))
            }

            fn visit_u64<E: de::Error>(self, alpha: u64) -> Result<Alphas, E> {
                Ok(Alphas::One(alpha as f64))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<Alphas, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Alphas::List)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Alphas, A::Error> {
                Grid::deserialize(MapAccessDeserializer::new(map)).map(Alphas::Grid)
            }
        }

        deserializer.deserialize_any(Visitor)?.check().map_err(de::Error::custom)
    }
}

impl JsonSchema for Alphas {
    fn schema_name() -> Cow<'static, str> {
        "Alphas".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let penalty = json_schema!({ "type": "number", "exclusiveMinimum": 0 });
        json_schema!({
            "oneOf": [
                { "const": "auto" },
                penalty,
                { "type": "array", "items": penalty, "minItems": 1 },
                {
                    "type": "object",
                    "properties": { "low": penalty, "high": penalty, "count": { "type": "integer", "minimum": 2 } },
                    "required": ["low", "high", "count"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

impl NodeKind for Ridge {
    const NAME: &'static str = "ridge";
    const VERSION: u32 = 5;
    const ABOUT: &'static str = "Ridge regression from features to every unit, fitted on train, a penalty per unit.\n\n\
        Exact: one decomposition serves all penalties and units. The intercept is fitted and not penalised. Penalties \
        are chosen on train rows only, by leave-one-out or k-fold squared error, from a grid that fits the features and \
        grows while the best lies at its edge. A unit whose best stays at the upper edge is predicted by its mean.";
    const EXAMPLE: &'static str = "\
readout:
  kind: ridge
  in: { features: pcs, responses: it.responses, split: it.split }
  with: { alphas: auto }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &INPUTS;
    const MEASURES: &'static [Measure] = MEASURES;
    const OUTPUTS: &'static [Output] = &OUTPUTS;
    const LAZY: &'static [&'static str] = &["fit"];
    const FIT: Option<Form> = Some(Form::Weights);
    const THREADS: Threads = Threads::Team;

    fn stand_ins(_params: &Params, wanted: &BTreeSet<String>) -> Vec<(&'static str, Product)> {
        stand_ins(wanted, Self::LAZY)
    }

    fn fits(_: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        refuse_nameless("features", ahead)
    }
}

#[cfg(feature = "torch")]
mod compute {
    use tch::Tensor;

    use crate::kind::{Compute, KindError, Run};
    use crate::math::linear::basis::Basis;
    use crate::math::linear::dual::{Bands, by_bands};
    use crate::math::linear::penalty::{AUTO, Choice, choose, log_grid, scaled_grid};
    use crate::math::linear::ridge::Judge;
    use crate::math::tensor::{column_means, from_array, place};
    use crate::nodes::regression::readout::{Design, Found, Penalties, Solved, emit};
    use crate::nodes::regression::ridge::{Alphas, Params, Ridge};
    use crate::nodes::regression::task::Task;

    impl Compute for Ridge {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let split = run.split("split")?;
            let responses = run.responses("responses")?;
            let rounds = split.rounds();
            let mut penalties = Penalties::default();
            let mut tried: Vec<f64> = Vec::new();
            let mut extended = false;
            for (done, round) in rounds.iter().enumerate() {
                let tasks = Task::join("ridge", &split, round, &responses, run)?;
                let mut solved = Vec::with_capacity(tasks.len());
                let mut chosen = Vec::with_capacity(tasks.len());
                for task in &tasks {
                    let (one, choice, grid) = solve(&params, task, round.train.len(), run)?;
                    solved.push(one);
                    chosen.push((choice, grid));
                }
                report(&params, &chosen, round.fold, run);
                let mut found = Vec::with_capacity(tasks.len());
                for (choice, _) in chosen {
                    let Choice { alpha, at_edge, explained, .. } = choice;
                    found.push(Found { alpha, at_edge, explained });
                    tried.extend(choice.grid);
                    extended |= choice.extended;
                }
                penalties.add(&tasks, found);
                emit("ridge", &tasks, solved, run)?;
                run.progress(done as u64 + 1, rounds.len() as u64, "fits");
            }
            tried.sort_by(f64::total_cmp);
            tried.dedup();
            let method = match params.folds {
                None => "leave-one-out".to_owned(),
                Some(folds) => format!("{}-fold", folds.get()),
            };
            penalties.emit(run, &tried, extended, &method, "the penalty α of Σ(y − ŷ)² + α‖w‖², features not scaled")
        }
    }

    /// Fits units that share their train rows: what they get, their penalties, and the grid as it was asked for.
    fn solve(
        params: &Params,
        task: &Task,
        all: usize,
        run: &mut Run<'_>,
    ) -> Result<(Solved, Choice, Vec<f64>), KindError> {
        let folds = params.folds.map(|folds| task.dealt(folds.get(), all)).transpose()?;
        // A fit without a fold holds half a square beside what some of them do together.
        let more = bands(params, task).map_or(0, |folds| 1 + folds / 2);
        let design = Design::of(task, more, run)?;
        let y = from_array(&task.y, place(run.device));
        let mean = column_means(&y);
        let y = y - &mean;
        let grid = grid(&params.alphas, &design, task);
        let (choice, coefficients) = fit(params, task, &design, folds.as_deref(), &y, &grid, run)?;
        Ok((Solved::of(task, &design, &coefficients, &mean, run), choice, grid))
    }

    fn grid(alphas: &Alphas, design: &Design, task: &Task) -> Vec<f64> {
        match alphas {
            Alphas::Auto => scaled_grid(design.trace, design.most_rank(task)),
            Alphas::One(alpha) => vec![*alpha],
            Alphas::List(list) => list.clone(),
            Alphas::Grid(grid) => log_grid(grid.low, grid.high, grid.count),
        }
    }

    /// How many folds are judged by bands, should the form be dual; nothing where they are not.
    fn bands(params: &Params, task: &Task) -> Option<usize> {
        let penalties = match &params.alphas {
            Alphas::Auto => AUTO,
            Alphas::One(_) => 1,
            Alphas::List(list) => list.len(),
            Alphas::Grid(grid) => grid.count,
        };
        let folds = params.folds?.get();
        by_bands(task.train.len(), task.units.len(), folds, penalties).then_some(folds)
    }

    /// The penalties chosen, and the coefficients of the design's columns for them.
    fn fit(
        params: &Params,
        task: &Task,
        design: &Design,
        folds: Option<&[usize]>,
        y: &Tensor,
        grid: &[f64],
        run: &mut Run<'_>,
    ) -> Result<(Choice, Tensor), KindError> {
        let extend = params.grows();
        if let (Some(fold), Some(count), Some(_)) = (folds, bands(params, task), &design.dual) {
            let bands = Bands::of(&design.inside, fold, count);
            let choice = choose(&Judge::Bands(&bands), y, grid, extend);
            let coefficients = bands.coefficients(y, &choice.alpha);
            return Ok((choice, coefficients));
        }
        let eigen = design.eigen(task, run)?;
        let basis = eigen.as_ref().map_or_else(|| Basis::primal(&design.inside), Basis::dual);
        let judge = match (folds, params.folds, &design.dual) {
            (Some(fold), Some(count), Some(_)) => Judge::blocks(&basis, fold, count.get()),
            (Some(fold), Some(count), None) => {
                Judge::folds_primal(&design.inside, &basis, fold, count.get(), grid.len())
            }
            _ => Judge::LeaveOneOut(&basis),
        };
        let choice = choose(&judge, y, grid, extend);
        let coefficients = basis.coefficients(y, &choice.alpha);
        Ok((choice, coefficients))
    }

    /// Says where the grid was too small: for the units of one fit with its numbers, for those of several by counts.
    fn report(params: &Params, chosen: &[(Choice, Vec<f64>)], fold: Option<usize>, run: &mut Run<'_>) {
        let place = fold.map_or(String::new(), |fold| format!("fold {fold}: "));
        let ends = |choice: &Choice| [choice.grid[choice.grid.len() - 1], choice.grid[0]];
        let extended: Vec<_> = chosen.iter().filter(|(choice, _)| choice.extended).collect();
        match (chosen, extended.len()) {
            (_, 0) => {}
            ([(choice, grid)], _) => {
                let from = grid.iter().copied().fold(f64::INFINITY, f64::min);
                let to = grid.iter().copied().fold(0.0, f64::max);
                let [high, low] = ends(choice);
                run.note(format!(
                    "{place}the penalties {} to {} were extended to {} to {}, since the best of \
                     some units lay at an edge",
                    short(from),
                    short(to),
                    short(low),
                    short(high)
                ));
            }
            (_, some) => run.note(format!(
                "{place}the penalties of {some} of {} fits were extended, since the best of some units lay at an edge",
                chosen.len()
            )),
        }
        let units: usize = chosen.iter().map(|(choice, _)| choice.alpha.len()).sum();
        for (end, name, meaning) in
            [(0, "largest", "they are predicted by nearly their mean"), (1, "smallest", "hardly penalised")]
        {
            let of = |choice: &Choice| {
                let edge = ends(choice)[end];
                (0..choice.alpha.len()).filter(|&unit| choice.at_edge[unit] && choice.alpha[unit] == edge).count()
            };
            let count: usize = chosen.iter().map(|(choice, _)| of(choice)).sum();
            if count > 0 {
                let advice = match (params.grows(), &params.alphas) {
                    (true, _) => meaning,
                    (false, Alphas::Auto) => "drop `extend: false`",
                    (false, _) => "widen `alphas`, or say `extend: true`",
                };
                let which = match chosen {
                    [(choice, _)] => format!(", {}", short(ends(choice)[end])),
                    _ => " for their fit".to_owned(),
                };
                run.note(format!(
                    "{place}for {count} of {units} units the best penalty is the {name} tried{which}: {advice}"
                ));
            }
        }
    }

    /// A penalty to four digits, without those that are zero: 1e-3, 3.162e4.
    fn short(penalty: f64) -> String {
        let text = format!("{penalty:.3e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::Ridge;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::{Inputs, folds, hold_out, inputs, matrix, named, responses, stimuli};
    use crate::value::Value;
    use ndarray::{Array2, Ix2, s};
    use rand::{Rng, SeedableRng};
    use serde_json::{Value as Json, json};

    impl Golden for Ridge {
        fn golden() -> Sample {
            (samples::readout(), json!({}))
        }
    }

    fn normal(height: usize, width: usize, seed: u64) -> Array2<f32> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        Array2::from_shape_fn((height, width), |_| rng.sample::<f32, _>(rand_distr::StandardNormal))
    }

    /// Two units that follow the features, with noise, and one that does not.
    fn random(height: usize, width: usize) -> (Array2<f32>, Array2<f32>) {
        let x = normal(height, width, 1) + 5.0;
        let mut y = x.dot(&normal(width, 3, 2)) + normal(height, 3, 3) * 2.0;
        y.column_mut(2).assign(&normal(height, 1, 4).column(0));
        (x, y)
    }

    fn job(x: &Array2<f32>, y: &Array2<f32>, split: &Value) -> Inputs {
        let rows = stimuli(x.nrows());
        inputs()
            .value("features", &matrix(&rows, x.clone()))
            .value("responses", &responses(&rows, y.clone()))
            .value("split", split)
    }

    /// Solves the normal equations by gradient descent: an oracle that shares no code with the solver.
    fn oracle(x: &Array2<f32>, y: &Array2<f32>, train: usize, alpha: f64) -> Array2<f64> {
        let (x, y) = (x.mapv(f64::from), y.mapv(f64::from));
        let mean_x = x.slice(s![..train, ..]).mean_axis(ndarray::Axis(0)).unwrap();
        let mean_y = y.slice(s![..train, ..]).mean_axis(ndarray::Axis(0)).unwrap();
        let inside = &x.slice(s![..train, ..]) - &mean_x;
        let target = &y.slice(s![..train, ..]) - &mean_y;
        let step = 1.0 / (inside.mapv(|value| value * value).sum() + alpha);
        let mut w = Array2::<f64>::zeros((x.ncols(), y.ncols()));
        for _ in 0..20_000 {
            let gradient = inside.t().dot(&(inside.dot(&w) - &target)) + &w * alpha;
            w.scaled_add(-step, &gradient);
        }
        (&x - &mean_x).dot(&w) + &mean_y
    }

    #[test]
    fn predictions_of_all_rows_follow_the_normal_equations_in_both_forms() {
        for (height, width) in [(24, 4), (12, 16)] {
            let (x, y) = random(height, width);
            let train = height - 4;
            let split = hold_out(&stimuli(height), &("t".repeat(train) + "vvee"));
            let expected = oracle(&x, &y, train, 30.0);
            let of = |params: Json| {
                let made = job(&x, &y, &split).run::<Ridge>(params).unwrap();
                for (got, expected) in made.matrix("predictions").view().iter().zip(&expected) {
                    assert!((f64::from(*got) - expected).abs() < 1e-4, "{got} against {expected}");
                }
                made
            };
            of(json!({ "alphas": 30.0, "folds": 3 }));
            let made = of(json!({ "alphas": 30.0 }));
            let predictions = made.matrix("predictions");
            let fit = made.fit("fit");
            let weights = fit.arrays["weights"].view().into_dimensionality::<Ix2>().unwrap();
            let mut by_weights = x.dot(&weights);
            by_weights += &fit.arrays["intercept"].view().into_dimensionality::<ndarray::Ix1>().unwrap();
            assert!((&by_weights - &predictions.view()).iter().all(|difference| difference.abs() < 1e-3));
            assert_eq!(made.numbers("alphas", "alpha"), [30.0; 3]);
            assert_eq!(predictions.about.columns, Some(vec!["u0".into(), "u1".into(), "u2".into()]));
            assert_eq!(predictions.about.lineage.fitted[0].len(), train);
        }
    }

    #[test]
    fn each_unit_has_its_own_penalty_and_noise_is_predicted_by_its_mean() {
        let (x, y) = random(60, 6);
        let split = hold_out(&stimuli(60), &"t".repeat(60));
        for params in [Json::Null, json!({ "folds": 5 })] {
            let made = job(&x, &y, &split).run::<Ridge>(params).unwrap();
            let (alpha, explained) = (made.numbers("alphas", "alpha"), made.numbers("alphas", "explained_variance"));
            assert!(alpha[2] > 2.0 * alpha[0].max(alpha[1]), "{alpha:?}");
            assert!(explained[0] > 0.3 && explained[2] < 0.2, "{explained:?}");
            let table = made.table("alphas");
            assert_eq!(table.about.facts["grid"].as_array().unwrap().len() % 4, 1);
        }
    }

    #[test]
    fn written_penalties_stand_and_grow_where_told_to() {
        let (x, y) = random(60, 6);
        let split = hold_out(&stimuli(60), &"t".repeat(60));
        let grows = json!({ "alphas": { "low": 1e-4, "high": 1e-2, "count": 5 }, "extend": true });
        let made = job(&x, &y, &split).run::<Ridge>(grows).unwrap();
        assert_eq!(made.table("alphas").about.facts["extended"], json!(true));
        assert!(made.notes[0].contains("were extended to"), "{:?}", made.notes);
        assert!(made.numbers("alphas", "alpha")[0] > 1e-2);
        let stays = json!({ "alphas": [1e-4, 1e-2] });
        let made = job(&x, &y, &split).run::<Ridge>(stays).unwrap();
        assert_eq!(made.table("alphas").about.facts["extended"], json!(false));
        assert!(made.notes.iter().any(|note| note.contains("widen `alphas`")), "{:?}", made.notes);
    }

    #[test]
    fn every_fold_is_fitted_without_its_rows() {
        let (x, y) = random(21, 4);
        let made = job(&x, &y, &folds(&stimuli(21), 3)).run::<Ridge>(json!({ "alphas": 3.0 })).unwrap();
        assert_eq!(made.keys("predictions"), ["0", "1", "2"]);
        let parts: String = (0..21).map(|row| if row % 3 == 1 { 'e' } else { 't' }).collect();
        let alone = job(&x, &y, &hold_out(&stimuli(21), &parts)).run::<Ridge>(json!({ "alphas": 3.0 })).unwrap();
        assert_eq!(made.matrix_of("predictions", "1").view(), alone.matrix("predictions").view());
        let fold = made.table("alphas").column("fold").unwrap().u32().unwrap().iter().flatten().collect::<Vec<_>>();
        assert_eq!(fold, [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    }

    #[test]
    fn rows_join_by_stimulus_and_only_train_needs_responses() {
        let (x, y) = random(20, 4);
        let rows = stimuli(20);
        let split = hold_out(&rows, &("t".repeat(14) + "vvveee"));
        let straight = job(&x, &y, &split).run::<Ridge>(Json::Null).unwrap();
        // Responses reversed, and none for the last three stimuli.
        let order: Vec<usize> = (0..17).rev().collect();
        let reversed = responses(&named(order.iter().map(|at| format!("s{at}"))), y.select(ndarray::Axis(0), &order));
        let joined = inputs()
            .value("features", &matrix(&rows, x.clone()))
            .value("responses", &reversed)
            .value("split", &split)
            .run::<Ridge>(Json::Null)
            .unwrap();
        assert_eq!(straight.bytes("predictions"), joined.bytes("predictions"));
        let few = inputs()
            .value("features", &matrix(&rows, x))
            .value("responses", &responses(&stimuli(10), y.slice(s![..10, ..]).to_owned()))
            .value("split", &split);
        let error = few.refusal::<Ridge>(Json::Null).message;
        assert!(
            error.contains("4 of 14 stimuli of `train` are not in `responses` (10 rows); the first is `s10`"),
            "{error}"
        );
    }

    #[test]
    fn bad_responses_and_features_are_refused_in_words() {
        let (x, mut y) = random(10, 3);
        let split = hold_out(&stimuli(10), "tttttttvee");
        y.column_mut(0).fill(4.0);
        let made = job(&x, &y, &split).run::<Ridge>(Json::Null).unwrap();
        assert!(made.notes[0].contains("1 of 3 units are constant over the train rows"), "{:?}", made.notes);
        assert!(made.matrix("predictions").view().column(0).iter().all(|&value| value == 4.0));
        assert!(made.numbers("alphas", "explained_variance")[0].is_nan());
        y[[8, 1]] = f32::NAN;
        assert!(job(&x, &y, &split).run::<Ridge>(Json::Null).is_ok(), "not a train row");
        y[[2, 1]] = f32::INFINITY;
        let error = job(&x, &y, &split).refusal::<Ridge>(Json::Null).message;
        assert!(error.contains("inf for unit `u1` at train stimulus `s2`"), "{error}");
        y.slice_mut(s![..5, 1]).fill(f32::NAN);
        let error = job(&x, &y, &split).refusal::<Ridge>(Json::Null).message;
        assert!(error.contains("1 of 3 units have fewer than 3 responses among the 7 train stimuli"), "{error}");
        let (_, y) = random(10, 3);
        let error = job(&Array2::ones((10, 3)), &y, &split).refusal::<Ridge>(Json::Null).message;
        assert!(error.contains("all 7 train rows of `features` are the same"), "{error}");
        let error = job(&x, &y, &split).refusal::<Ridge>(json!({ "folds": 9 })).message;
        assert!(error.contains("`folds` is 9, but 7 rows are train"), "{error}");
    }

    #[test]
    fn penalties_are_told_apart_and_checked() {
        let (x, y) = random(10, 3);
        let split = hold_out(&stimuli(10), "tttttttvee");
        let refusal = |alphas: Json| job(&x, &y, &split).refusal::<Ridge>(json!({ "alphas": alphas })).message;
        assert!(refusal(json!(-1.0)).contains("-1 is no penalty; one is above 0"));
        assert!(refusal(json!([])).contains("is empty"));
        assert!(refusal(json!("best")).contains("expected `auto`, a penalty"));
        assert!(refusal(json!({ "low": 1.0, "high": 0.1, "count": 3 })).contains("has no spacing"));
        assert!(refusal(json!({ "low": 1.0, "hgh": 2.0 })).contains("unknown field `hgh`"));
    }
}
