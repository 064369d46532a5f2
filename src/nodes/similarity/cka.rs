//! The kind `cka`: linear centred kernel alignment of two representations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::measure;
use crate::kind::{Arity, Input, Measure, NodeKind, Output, Product, Role, Threads};
use crate::nodes::drawn;
use crate::nodes::regression::ports::{GRAM, ROWSUM};
use crate::nodes::similarity::ceiling::Ceiling;
use crate::nodes::similarity::on::On;
use crate::nodes::similarity::subjects;
use crate::value::ty::Type;

/// Centred kernel alignment.
pub struct Cka;

/// Parameters in which the seed is 0 where nothing is drawn, so that a recipe's seed reruns nothing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Written")]
pub struct Params(Written);

impl From<Written> for Params {
    fn from(mut written: Written) -> Self {
        if written.bootstrap.is_none() {
            written.seed = 0;
        }
        Self(written)
    }
}

/// The parameters of `cka`, as they are written.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The rows to compare: `train`, `val` or `test` of the split, or `all`.
    pub on: On,
    /// Whether HSIC is estimated without bias (Song et al. 2007), so that representations that share nothing align by 0 in the mean, and
    /// below it as often as above. The biased form grows with columns per stimulus.
    #[serde(default = "yes")]
    pub unbiased: bool,
    /// Whether subjects' alignment with one another is the ceiling: `auto` where a region has three or more.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "auto"))]
    pub ceiling: Ceiling,
    /// Draws of stimuli with replacement: `drawn` has the alignment in each, for `agreement`. Copies of a stimulus are not compared with
    /// one another, unless biased.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub bootstrap: Option<drawn::Bootstrap>,
    /// What stimuli are drawn from, with `bootstrap`; the recipe's seed unless given.
    #[serde(default)]
    #[schemars(extend("x-neutral" = 0))]
    pub seed: u64,
}

fn yes() -> bool {
    true
}

/// The columns that measure something.
pub const CKA: Measure = Measure {
    name: "cka",
    definition: "HSIC(K, L)/√(HSIC(K, K)·HSIC(L, L)) of the linear kernels of both, by the unbiased estimate of HSIC (Song et al. 2007)",
    label: "CKA",
    unit: "centred kernel alignment",
    share: true,
    ceiling: measure::Ceiling::Between("between_subjects"),
    interval: "95 % interval by the jackknife over stimuli",
    ..Measure::PLAIN
};
pub const BIASED: &str =
    "HSIC(K, L)/√(HSIC(K, K)·HSIC(L, L)) of the linear kernels of both, HSIC = tr(KHLH)/n² (Kornblith et al. 2019)";
const SE: Measure = Measure {
    name: "se",
    definition: "standard error of CKA by the jackknife over stimuli",
    label: "standard error of CKA",
    share: true,
    ..Measure::PLAIN
};
const BETWEEN: Measure = Measure {
    name: "between_subjects",
    definition: "mean CKA of the subject's responses with those of each other subject, same region and stimuli",
    label: "CKA between subjects",
    unit: "centred kernel alignment",
    share: true,
    ..Measure::PLAIN
};

impl NodeKind for Cka {
    const NAME: &'static str = "cka";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "Linear centred kernel alignment of two representations of the same stimuli.\n\n\
        Each side is features, predictions or responses; rows join by stimulus. Responses are compared by subject and region, a row \
        each. Predictions whose columns are called as the responses' units are compared with those units, group by group \
        (encoding-CKA). A negative value stays negative. Refuses rows that a fit behind either side has seen, unless told \
        `on: train`.\n\n\
        Of features with more columns than rows only the products of rows are read, which a ridge or pca has kept; centred kernels \
        are kept for every other comparison.";
    const EXAMPLE: &'static str = "\
aligned:
  kind: cka
  in: { a: layers, b: it.responses, split: it.split }
  with: { on: test }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "a",
            types: &[Type::Matrix, Type::Responses],
            arity: Arity::One,
            about: "Features, predictions or responses.",
        },
        Input {
            name: "b",
            types: &[Type::Responses, Type::Matrix],
            arity: Arity::One,
            about: "What it is compared with; responses by subject and region.",
        },
        Input {
            name: "split",
            types: &[Type::Split],
            arity: Arity::Optional,
            about: "Which rows are which; not needed `on: all`.",
        },
        subjects::INPUT,
    ];
    const MEASURES: &'static [Measure] = &[CKA, SE, BETWEEN];
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "table",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Similarity),
            about: "A row per pair: a, b, subject, region, cka, se, low and high (95 %, normal), between_subjects; and, as `rsa` \
                has them, similarity (cka), p (none), ceiling_low (between_subjects), ceiling_high (none).",
        },
        Output {
            name: "summary",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::OverSubjects),
            about: "A row per a and region: the mean over subjects, its sem over them, how many they are, and the mean of between_subjects: the ceiling.",
        },
        Output {
            name: drawn::PORT,
            ty: Type::Table,
            keyed: None,
            role: None,
            about: "With `bootstrap`, a row per draw and pair: draw (0: all stimuli once), a, subject, region, cka.",
        },
    ];
    const LAZY: &'static [&'static str] = &[drawn::PORT];
    const THREADS: Threads = Threads::Team;

    fn stand_ins(_: &Params, _: &std::collections::BTreeSet<String>) -> Vec<(&'static str, Product)> {
        vec![("a", GRAM), ("a", ROWSUM), ("b", GRAM), ("b", ROWSUM)]
    }

    fn fits(Params(params): &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        params.on.fits(ahead)
    }
}

#[cfg(feature = "torch")]
mod compute {
    use polars::prelude::Column;

    use crate::kind::{Compute, KindError, Run};
    use crate::math::similarity::cka::{Alignment, Form, alignment};
    use crate::math::similarity::cka_drawn::Pair;
    use crate::nodes::drawn;
    use crate::nodes::drawn::table::{self, Draws};
    use crate::nodes::similarity::ceiling::Ceiling;
    use crate::nodes::similarity::cka::{BETWEEN, BIASED, CKA, Cka, Params, SE};
    use crate::nodes::similarity::patterns::words;
    use crate::nodes::similarity::scored::Scored;
    use crate::nodes::similarity::sides::{Pairing, Side};
    use crate::nodes::similarity::tables::{self, Sets};
    use crate::nodes::similarity::whose;
    use crate::stats::summary::summarise;
    use crate::value::Value;
    use crate::value::lineage::Lineage;
    use crate::value::matrix::Matrix;

    /// Two-sided 95 % of the normal distribution.
    const NORMAL: f64 = 1.959_963_984_540_054;

    impl Compute for Cka {
        fn run(Params(params): Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let (a, b) = whose::both(run)?;
            let scored = Scored::of(params.on, b.stimuli(), run)?;
            let form = if params.unbiased { Form::Unbiased } else { Form::Biased };
            if scored.len() < form.least() {
                let which = if params.unbiased { "unbiased" } else { "biased" };
                return Err(KindError::new(format!(
                    "{} {} rows are compared; {which} CKA needs at least {}",
                    scored.len(),
                    params.on.word(),
                    form.least()
                )));
            }
            let lineage = Lineage::merge([a.lineage(), b.lineage()]);
            let selected = scored.check(&lineage, run)?;
            let pairing = Pairing::of(&a, &b, &scored, run)?;
            let kernels = |side: &Side, groups: &[_], run: &mut Run<'_>| -> Result<Vec<Matrix>, KindError> {
                groups.iter().map(|group| side.kernel(group, &scored, form, run)).collect()
            };
            let (of_a, of_b) = (kernels(&a, &pairing.a, run)?, kernels(&b, &pairing.b, run)?);
            let align = |x: &Matrix, y: &Matrix| alignment(x.as_slice(), y.as_slice(), scored.len(), form);
            let found: Vec<Option<Alignment>> = pairing.pairs.iter().map(|&(x, y)| align(&of_a[x], &of_b[y])).collect();
            if let Some(at) = found.iter().position(Option::is_none) {
                let (x, y) = pairing.pairs[at];
                return Err(KindError::new(format!(
                    "`a`{} and `b`{} have no alignment: one of them does not differ over the compared stimuli",
                    words(&pairing.a[x].of),
                    words(&pairing.b[y].of)
                )));
            }
            let found: Vec<Alignment> = found.into_iter().flatten().collect();
            let sets = Sets::of(&pairing);
            let ceilings = ceilings(params.ceiling, &sets, &pairing, &of_b, &align, run)?;
            let mut about = tables::about(&scored, selected, lineage);
            let definition = if params.unbiased { CKA.definition } else { BIASED };
            about.definitions = [(CKA.name, definition), (SE.name, SE.definition), (BETWEEN.name, BETWEEN.definition)]
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .into();
            let values: Vec<f64> = found.iter().map(|one| one.value).collect();
            if let Some(bootstrap) = params.bootstrap.as_ref().filter(|_| run.wants(drawn::PORT)) {
                let draws: Vec<Vec<u32>> =
                    (0..bootstrap.draws.get()).map(|at| table::counts(scored.len(), params.seed, at)).collect();
                let of_pair = |at: usize| {
                    let (x, y) = pairing.pairs[at];
                    let pair = Pair { k: of_a[x].as_slice(), l: of_b[y].as_slice(), form };
                    let drawn = pair.all(&draws).into_iter().map(|value| value.unwrap_or(f64::NAN));
                    (tables::cell(&pairing, at), std::iter::once(values[at]).chain(drawn).collect())
                };
                let cells = (0..values.len()).map(of_pair).collect();
                let drawn = table::of(&scored.stimuli, &[scored.len()], params.seed);
                let draws = Draws { measure: CKA.name.to_owned(), drawn, cells, about: about.clone() };
                run.emit(drawn::PORT, Value::Table(draws.table()?))?;
            }
            let se: Vec<Option<f64>> = found.iter().map(|one| one.se).collect();
            let end = |sign: f64| -> Vec<Option<f64>> {
                found.iter().map(|one| Some(one.value + sign * NORMAL * one.se?)).collect()
            };
            let mut columns = tables::of_pairs(&pairing);
            columns.extend([
                Column::new(CKA.name.into(), values.clone()),
                Column::new(SE.name.into(), se),
                Column::new("low".into(), end(-1.0)),
                Column::new("high".into(), end(1.0)),
                Column::new(BETWEEN.name.into(), ceilings.clone()),
                // As `rsa` calls the same, so that tables of both lie under one another.
                Column::new("similarity".into(), values.clone()),
                Column::new("p".into(), vec![None::<f64>; values.len()]),
                Column::new("ceiling_low".into(), ceilings.clone()),
                Column::new("ceiling_high".into(), vec![None::<f64>; values.len()]),
            ]);
            run.emit("table", Value::Table(tables::table(columns, about.clone())?))?;
            let over = |set: &Vec<usize>| summarise(&set.iter().map(|&at| Some(values[at])).collect::<Vec<_>>());
            let over: Vec<_> = sets.all.iter().map(over).collect();
            let mean_ceiling =
                |set: &Vec<usize>| summarise(&set.iter().map(|&at| ceilings[at]).collect::<Vec<_>>()).mean;
            let mut columns = sets.columns(&pairing);
            columns.extend([
                Column::new(CKA.name.into(), over.iter().map(|one| one.mean).collect::<Vec<_>>()),
                Column::new("sem".into(), over.iter().map(|one| one.sem).collect::<Vec<_>>()),
                Column::new(BETWEEN.name.into(), sets.all.iter().map(mean_ceiling).collect::<Vec<_>>()),
            ]);
            run.emit("summary", Value::Table(tables::table(columns, about)?))
        }
    }

    /// Per pair, how far the subject of `b` aligns with the other subjects of its region.
    fn ceilings(
        asked: Ceiling,
        sets: &Sets,
        pairing: &Pairing,
        kernels: &[Matrix],
        align: &dyn Fn(&Matrix, &Matrix) -> Option<Alignment>,
        run: &mut Run<'_>,
    ) -> Result<Vec<Option<f64>>, KindError> {
        let mut ceilings = vec![None; pairing.pairs.len()];
        for set in &sets.all {
            if !tables::has_ceiling(set, pairing, asked, run)? {
                continue;
            }
            for &at in set {
                let own = pairing.pairs[at].1;
                let others = set.iter().map(|&other| pairing.pairs[other].1).filter(|&other| other != own);
                let values: Vec<Option<f64>> =
                    others.map(|other| align(&kernels[own], &kernels[other]).map(|one| one.value)).collect();
                ceilings[at] = summarise(&values).mean;
            }
        }
        Ok(ceilings)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis};
    use serde_json::json;

    use super::Cka;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::similarity::oracle;
    use crate::nodes::testing::{Inputs, about, folds, hold_out, inputs, matrix, predictions, responses, stimuli};
    use crate::value::Value;
    use crate::value::lineage::{Exposure, Lineage};
    use crate::value::matrix::{About, Matrix};
    use crate::value::responses::Responses;

    impl Golden for Cka {
        fn golden() -> Sample {
            let given = inputs().value("a", &samples::x()).value("b", &samples::repeats(samples::ROWS));
            let params = json!({ "on": "train", "bootstrap": { "draws": 20 }, "seed": 3 });
            (given.value("split", &samples::split()), params)
        }
    }

    fn all(a: &Value, b: &Value) -> Inputs {
        inputs().value("a", a).value("b", b)
    }

    #[test]
    fn alignments_are_those_of_the_oracle() {
        let (x, y, oracle) = (oracle::patterns("x"), oracle::patterns("y"), &oracle::numbers()["cka"]);
        let rows = stimuli(x.nrows());
        for (name, unbiased) in [("unbiased", true), ("biased", false)] {
            let given = all(&matrix(&rows, x.clone()), &responses(&rows, y.clone()));
            let made = given.run::<Cka>(json!({ "on": "all", "unbiased": unbiased })).unwrap();
            let right = oracle[name].as_f64().unwrap();
            assert!((made.numbers("table", "cka")[0] - right).abs() < 2e-8, "{name}");
            let right = oracle[format!("se_{name}")].as_f64().unwrap();
            let se = made.numbers("table", "se")[0];
            assert!((se - right).abs() < 1e-7, "{name}: {se} for {right}");
            let (low, high) = (made.numbers("table", "low")[0], made.numbers("table", "high")[0]);
            assert!((high - low - 2.0 * 1.959_963_984_540_054 * se).abs() < 1e-12);
        }
    }

    /// Two regions of three subjects, two units each.
    fn recorded(rows: usize) -> (Value, Array2<f32>) {
        let y = samples::features(rows, 12);
        let word = |all: [&str; 12]| Some(all.map(str::to_owned).to_vec());
        let mut about = about(&stimuli(rows), 12);
        about.subjects = word(["a", "a", "b", "b", "c", "c", "a", "a", "b", "b", "c", "c"]);
        about.regions = word(["V4", "V4", "V4", "V4", "V4", "V4", "IT", "IT", "IT", "IT", "IT", "IT"]);
        (Value::Responses(Responses::new(about, y.clone(), None)), y)
    }

    #[test]
    fn subjects_and_regions_have_rows_and_subjects_are_one_another_s_ceiling() {
        let rows = stimuli(24);
        let (b, y) = recorded(24);
        let made = all(&samples::x(), &b).run::<Cka>(json!({ "on": "all" })).unwrap();
        assert_eq!(made.texts("table", "subject"), ["a", "b", "c", "a", "b", "c"]);
        assert_eq!(made.texts("table", "region"), ["V4", "V4", "V4", "IT", "IT", "IT"]);
        let part = |units: &[usize]| matrix(&rows, y.select(Axis(1), units));
        let alone =
            |a: &Value, b: &Value| all(a, b).run::<Cka>(json!({ "on": "all" })).unwrap().numbers("table", "cka")[0];
        let cka = made.numbers("table", "cka");
        assert_eq!(cka[4], alone(&samples::x(), &part(&[8, 9])));
        let ceiling = (alone(&part(&[2, 3]), &part(&[0, 1])) + alone(&part(&[2, 3]), &part(&[4, 5]))) / 2.0;
        assert!((made.numbers("table", "between_subjects")[1] - ceiling).abs() < 1e-12);
        assert_eq!(made.texts("summary", "region"), ["V4", "IT"]);
        assert!((made.numbers("summary", "cka")[0] - (cka[0] + cka[1] + cka[2]) / 3.0).abs() < 1e-15);
        let none = all(&samples::x(), &b).run::<Cka>(json!({ "on": "all", "ceiling": "none" })).unwrap();
        assert!(none.numbers("table", "between_subjects").iter().all(|value| value.is_nan()));
    }

    #[test]
    fn draws_begin_with_all_stimuli_and_spread_as_the_jackknife_says() {
        let rows = stimuli(60);
        let x = samples::features(60, 5);
        let mut y = samples::features(60, 11).slice(ndarray::s![.., 6..]).to_owned();
        y.zip_mut_with(&x, |y, x| *y = 2.0 * y.powi(3) + x);
        let given = || all(&matrix(&rows, x.clone()), &responses(&rows, y.clone()));
        let made = given().run::<Cka>(json!({ "on": "all", "bootstrap": { "draws": 800 }, "seed": 1 })).unwrap();
        let drawn = made.numbers("drawn", "cka");
        assert_eq!((drawn.len(), drawn[0]), (801, made.numbers("table", "cka")[0]));
        let spread = crate::stats::summary::variance(&drawn[1..]).sqrt();
        let se = made.numbers("table", "se")[0];
        assert!((0.7..1.5).contains(&(spread / se)), "{spread} {se}");
        let plain = given().run::<Cka>(json!({ "on": "all" })).unwrap();
        assert!(!plain.all().contains_key("drawn"));
    }

    #[test]
    fn predictions_are_compared_with_their_own_units() {
        let rows = stimuli(24);
        let (b, _) = recorded(24);
        let guess = samples::features(24, 13).slice(ndarray::s![.., 1..]).to_owned();
        let made = all(&predictions(&rows, guess.clone()), &b).run::<Cka>(json!({ "on": "all" })).unwrap();
        assert_eq!(made.table("table").height(), 6);
        let Value::Responses(whole) = &b else { unreachable!() };
        let units = [4, 5];
        let one = Responses::new(whole.about.of_units(&units), whole.mean.select(Axis(1), &units), None);
        let alone = all(&matrix(&rows, guess.select(Axis(1), &units)), &Value::Responses(one));
        let alone = alone.run::<Cka>(json!({ "on": "all" })).unwrap().numbers("table", "cka")[0];
        assert_eq!(made.numbers("table", "cka")[2], alone);
        let some = predictions(&rows, guess.slice(ndarray::s![.., ..7]).to_owned());
        let refusal = all(&some, &b).refusal::<Cka>(json!({ "on": "all" })).message;
        assert!(refusal.contains("`a` has columns for 7 of the 12 units of `b`"), "{refusal}");
    }

    #[test]
    fn rows_that_a_fit_has_seen_are_refused() {
        let rows = stimuli(24);
        let lineage = Lineage::default().fitted_on(Exposure::new("ridge", &rows, &[0, 1, 20]));
        let about = About { stimuli: Some(rows.clone()), lineage, ..About::default() };
        let seen = Value::Matrix(Matrix::new(samples::features(24, 4), about));
        let given = |a: &Value, b: &Value| all(a, b).value("split", &samples::split());
        let y = responses(&rows, samples::features(24, 3));
        for (a, b) in [(&seen, &y), (&y, &seen)] {
            let error = given(a, b).refusal::<Cka>(json!({ "on": "test" }));
            assert!(error.message.starts_with("1 of 4 test rows were seen by `ridge`"), "{error}");
            assert_eq!(error.leak.as_deref(), Some("ridge"));
            let error = given(a, b).refusal::<Cka>(json!({ "on": "all" }));
            assert!(error.message.starts_with("3 of 24 compared rows were seen by `ridge`"), "{error}");
            assert!(given(a, b).run::<Cka>(json!({ "on": "train" })).is_ok());
        }
    }

    #[test]
    fn what_cannot_be_aligned_is_refused_in_words() {
        let rows = stimuli(6);
        let (x, y) = (matrix(&rows, samples::features(6, 5)), responses(&rows, samples::features(6, 3)));
        let refusal = |given: Inputs, on: &str| given.refusal::<Cka>(json!({ "on": on })).message;
        let few = all(&x, &y).value("split", &hold_out(&rows, "tttvee"));
        assert_eq!(refusal(few, "train"), "3 train rows are compared; unbiased CKA needs at least 4");
        assert!(refusal(all(&x, &y), "test").starts_with("nothing arrives at `split`"));
        let folded = all(&x, &y).value("split", &folds(&rows, 2));
        assert!(refusal(folded, "test").starts_with("`split` has 2 folds and no test rows"));
        let same = matrix(&rows, Array2::from_elem((6, 3), 2.5));
        let error = refusal(all(&same, &y), "all");
        assert!(error.starts_with("the patterns of `a` do not differ over 6 compared stimuli"), "{error}");
        let perfold = inputs().keyed("a", "0", &x).keyed("a", "1", &x).value("b", &y);
        assert!(refusal(perfold, "all").starts_with("`a` was fitted per fold (2 folds)"));
        let mut two = about(&rows, 2);
        two.subjects = Some(vec!["m".to_owned(), "n".to_owned()]);
        let two = Value::Responses(Responses::new(two, samples::features(6, 2), None));
        let made = all(&x, &two).run::<Cka>(json!({ "on": "all" })).unwrap();
        assert_eq!(made.notes, ["`b` has 2 subjects, and a ceiling between subjects needs 3: there is none"]);
        let error = all(&x, &two).refusal::<Cka>(json!({ "on": "all", "ceiling": "subjects" })).message;
        assert!(error.starts_with("`b` has 2 subjects; a ceiling between subjects needs at least 3"), "{error}");
    }

    #[test]
    fn units_that_miss_a_stimulus_are_left_out() {
        let rows = stimuli(24);
        let mut y = samples::features(24, 3);
        y[[5, 1]] = f32::NAN;
        let made = all(&samples::x(), &responses(&rows, y.clone())).run::<Cka>(json!({ "on": "all" })).unwrap();
        assert_eq!(
            made.notes,
            ["1 of 3 units of `b` were not recorded to all of 24 compared stimuli and are left out"]
        );
        let kept = responses(&rows, y.select(Axis(1), &[0, 2]));
        let alone = all(&samples::x(), &kept).run::<Cka>(json!({ "on": "all" })).unwrap();
        assert_eq!(made.numbers("table", "cka"), alone.numbers("table", "cka"));
        let none = responses(&rows, Array2::from_elem((24, 2), f32::NAN));
        let error = all(&samples::x(), &none).refusal::<Cka>(json!({ "on": "all" })).message;
        assert!(error.starts_with("none of the units of `b` was recorded to all of 24 compared stimuli"), "{error}");
    }
}
