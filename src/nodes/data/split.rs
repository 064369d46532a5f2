//! `split`: which stimuli fit, select and test; or folds that take turns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::{Fraction, Whole};
use crate::kind::ahead::{self, Ahead, Known, Parts};
use crate::kind::{Arity, Input, NodeKind, Output, ParamProblem};
use crate::value::ty::Type;

/// Assigns stimuli to train, val and test, or to folds.
pub struct Split;

/// The parameters of `split`. Give fractions (`test`, `val`), or `folds`, or `from`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The fraction of the stimuli that is held out to test.
    #[serde(default)]
    #[schemars(extend("x-also" = ["test_size", "test_fraction", "holdout"]))]
    pub test: Option<Fraction>,
    /// The fraction of the stimuli on which variants are selected.
    #[serde(default)]
    pub val: Option<Fraction>,
    /// The number of folds, each of which is left out once.
    #[serde(default)]
    #[schemars(extend("x-also" = ["n_splits", "k_fold", "kfold", "cv"]))]
    pub folds: Option<Whole<2, 1000>>,
    /// Draws `test` so many times anew, 2 to 1000: fits are keyed by draw, and `evaluate` with `on: test` scores each draw and gives the
    /// mean over draws and its standard error.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub shuffles: Option<Whole<2, 1000>>,
    /// Stimuli of one `object` or `category` of `labels` stay together: whole groups are held out, or left out in turn.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub groups: Option<Groups>,
    /// A CSV with a row for every stimulus: the column `id`, its name, and either `part` (train, val or test) or `fold`
    /// (whole numbers from 0 or 1). With `draw` (likewise), a row for every stimulus that a draw tests, the others being train; with
    /// `draw` and `part`, a row for every stimulus of every draw.
    #[serde(default)]
    #[schemars(extend("x-file" = true))]
    pub from: Option<String>,
    /// What the draw depends on, beside the stimuli's identities: another seed, another split.
    #[serde(default)]
    pub seed: u64,
}

/// What keeps stimuli together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Groups {
    Object,
    Category,
}

impl NodeKind for Split {
    const NAME: &'static str = "split";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "A hold-out (train, val, test), or folds.\n\n\
        With `test` and `val`, that fraction of the stimuli, to the nearest whole number, is held out; with `folds`, \
        each fold is left out in turn; with `shuffles`, `test` is drawn several times. Where `labels` arrive, every object has \
        its share in each part, or, with `groups`, all its stimuli in one. Stimuli are \
        drawn by their identity and the seed, whatever the order of the rows; the same picture under several names is one \
        stimulus, and stays in one part. With `from`, a file says it.";
    const EXAMPLE: &'static str =
        "split:\n  kind: split\n  in: { rows: v4.images, labels: v4.labels }\n  with: { test: 0.2, val: 0.1 }\n";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "rows",
            types: &[Type::Images, Type::Responses, Type::Labels, Type::Matrix],
            arity: Arity::One,
            about: "The stimuli to assign.",
        },
        Input {
            name: "labels",
            types: &[Type::Labels],
            arity: Arity::Optional,
            about: "Objects, each of which gets its share in every part.",
        },
    ];
    const OUTPUTS: &'static [Output] =
        &[Output { name: "split", ty: Type::Split, keyed: None, role: None, about: "A part or a fold per stimulus." }];

    fn check(params: &Params) -> Result<(), ParamProblem> {
        let (test, val) = (params.test.map_or(0.0, Fraction::get), params.val.map_or(0.0, Fraction::get));
        let fractions = params.test.is_some() || params.val.is_some();
        match (fractions, params.folds.is_some(), params.from.is_some()) {
            (false, false, false) => {
                Err(ParamProblem::at("", "says nothing; give `test` (and `val`), `folds` or `from`".to_owned()))
            }
            (true, true, _) => {
                Err(ParamProblem::at("folds", "excludes `test` and `val`; a split holds out or takes turns".to_owned()))
            }
            (true, _, true) | (_, true, true) => {
                Err(ParamProblem::at("from", "excludes `test`, `val` and `folds`; the file says it all".to_owned()))
            }
            (true, false, false) if test + val >= 1.0 => Err(ParamProblem::at(
                "test",
                format!("{test} and `val` {val} leave nothing to train on; their sum must be below 1"),
            )),
            _ => Ok(()),
        }?;
        match (params.shuffles.is_some(), params.test.is_some(), params.val.is_some()) {
            (true, false, _) => {
                Err(ParamProblem::at("shuffles", "draws `test` several times; say how much that is".to_owned()))
            }
            (true, _, true) => {
                Err(ParamProblem::at("val", "a draw of `shuffles` holds out `test` alone; leave `val` out".to_owned()))
            }
            _ if params.groups.is_some() && params.from.is_some() => {
                Err(ParamProblem::at("groups", "excludes `from`; the file says it all".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn foresee(params: &Params, ahead: &Ahead<'_>) -> Vec<ahead::Output> {
        let held_out = |fraction: Option<Fraction>| fraction.is_some_and(|fraction| fraction.get() > 0.0);
        let parts = match (&params.from, params.folds, params.shuffles) {
            (Some(_), _, _) => None,
            (None, Some(count), _) => Some(Parts::Folds(count.get())),
            (None, None, Some(count)) => Some(Parts::Draws(count.get())),
            (None, None, None) => Some(Parts::HeldOut { val: held_out(params.val), test: held_out(params.test) }),
        };
        let rows = ahead.at("rows").and_then(|arriving| arriving.known.rows);
        vec![ahead::Output::of("split", Known { parts, rows, ..Known::default() })]
    }
}

#[cfg(feature = "torch")]
mod compute {
    use std::collections::BTreeMap;

    use crate::formats::csv::Words;
    use crate::formats::dialect::Dialect;
    use crate::formats::name_of;
    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::data::alike::Alike;
    use crate::nodes::data::given_draws::given_draws;
    use crate::nodes::data::hold_out::{drawn, hold_out, take_turns};
    use crate::nodes::data::named::Naming;
    use crate::nodes::data::rows::stimuli_of;
    use crate::nodes::data::split::{Groups, Params, Split};
    use crate::nodes::data::whole_groups::Whole;
    use crate::value::split::{Assignment, Part};
    use crate::value::stimuli::Stimuli;
    use crate::value::{Value, split};

    impl Compute for Split {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let stimuli = stimuli_of(&run.value("rows")?, "rows")?;
            if stimuli.is_empty() {
                return Err(KindError::new("`rows` has no stimuli to split"));
            }
            let groups = labelled(&params, &stimuli, run)?;
            let assignment = match params.from {
                Some(_) => given(&stimuli, run)?,
                None => {
                    let alike = Alike::of(&stimuli);
                    if let Some(note) = alike.note(&stimuli) {
                        run.note(note);
                    }
                    let (distinct, groups) = (stimuli.select(&alike.first), select(&groups, &alike.first));
                    let whole = params.groups.map(|_| Whole::of(&groups));
                    if let Some(note) = once(&groups).filter(|_| whole.is_none() && run.has("labels")) {
                        run.note(note);
                    }
                    alike.all(assigned(&params, &distinct, &groups, whole.as_ref())?)
                }
            };
            run.emit("split", Value::Split(split::Split { stimuli, assignment }))
        }
    }

    /// The label of each stimulus that it shares in, or stays together by; all alike without labels.
    fn labelled(params: &Params, stimuli: &Stimuli, run: &Run<'_>) -> Result<Vec<String>, KindError> {
        if !run.has("labels") {
            return match params.groups {
                Some(_) => {
                    Err(KindError::new("`groups` keeps stimuli of one label together, and nothing arrives at `labels`"))
                }
                None => Ok(vec![String::new(); stimuli.len()]),
            };
        }
        let labels = run.labels("labels")?;
        let of = match (params.groups, &labels.category) {
            (Some(Groups::Category), Some(category)) => category,
            (Some(Groups::Category), None) => {
                return Err(KindError::new("`groups: category`, but `labels` has objects alone; say `groups: object`"));
            }
            _ => &labels.object,
        };
        Ok(stimuli.align(&labels.stimuli, "rows", "labels")?.into_iter().map(|row| of[row].clone()).collect())
    }

    /// What to say of labels that occur once: of such there is no share for each part.
    fn once(labels: &[String]) -> Option<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        labels.iter().for_each(|label| *counts.entry(label).or_default() += 1);
        let once: Vec<&str> = counts.iter().filter(|(_, count)| **count == 1).map(|(label, _)| *label).collect();
        let first = once.first()?;
        Some(if once.len() == counts.len() {
            format!(
                "each of the {} objects of `labels` occurs once, so that parts are drawn as without labels, and no object is in two parts",
                once.len()
            )
        } else {
            format!(
                "{} of {} objects of `labels` occur once (`{first}`, for one), so that each of these is in one part alone",
                once.len(),
                counts.len()
            )
        })
    }

    /// Draws parts, folds or several draws of pictures.
    fn assigned(
        params: &Params,
        distinct: &Stimuli,
        groups: &[String],
        whole: Option<&Whole>,
    ) -> Result<Assignment, KindError> {
        if let Some(folds) = params.folds {
            return match whole {
                Some(whole) => whole.take_turns(folds.get(), params.seed),
                None => take_turns(&drawn(distinct, groups, params.seed), folds.get(), distinct.len()),
            };
        }
        let fractions = (params.test.unwrap_or_default().get(), params.val.unwrap_or_default().get());
        let parts = |seed| match whole {
            Some(whole) => whole.hold_out(fractions, seed),
            None => hold_out(distinct, groups, fractions, seed),
        };
        match params.shuffles {
            None => Ok(Assignment::Parts(parts(params.seed)?)),
            // A seed of its own for each draw, far from those of neighbouring seeds.
            Some(count) => (0..count.get() as u64)
                .map(|draw| parts(params.seed ^ (draw + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
                .collect::<Result<_, _>>()
                .map(Assignment::Draws),
        }
    }

    fn select(groups: &[String], rows: &[usize]) -> Vec<String> {
        rows.iter().map(|&row| groups[row].clone()).collect()
    }

    /// Reads the file that says which stimulus plays which part.
    pub(super) fn given(stimuli: &Stimuli, run: &mut Run<'_>) -> Result<Assignment, KindError> {
        let path = run.file("from").0;
        let words = Words::read(path, &Dialect::default())?;
        let file = name_of(path);
        for note in &words.notes {
            run.note(note);
        }
        let id = words.column("id").ok_or_else(|| {
            KindError::new(format!("{file} has the columns {}, and no `id`", words.columns.join(", ")))
        })?;
        if let Some(draw) = words.column("draw") {
            return given_draws(&words, (id, draw, words.column("part")), stimuli, &file, run);
        }
        let (column, folds) = match (words.column("part"), words.column("fold")) {
            (Some(column), None) => (column, false),
            (None, Some(column)) => (column, true),
            _ => {
                return Err(KindError::new(format!(
                    "{file} has the columns {}; beside `id` there must be `part` or `fold`, and one of them",
                    words.columns.join(", ")
                )));
            }
        };
        let cells = cells_by_row(&words, (id, column), stimuli, &file, run)?;
        if folds { given_folds(&cells, &file) } else { given_parts(&cells, stimuli, &file) }
    }

    fn cells_by_row<'a>(
        words: &'a Words,
        (id, column): (usize, usize),
        stimuli: &Stimuli,
        file: &str,
        run: &mut Run<'_>,
    ) -> Result<Vec<&'a str>, KindError> {
        let names: Vec<String> = words.rows.iter().map(|record| record[id].clone()).collect();
        let naming = Naming { list: file, known: "`rows`" };
        let mut cells: Vec<Option<&str>> = vec![None; stimuli.len()];
        for (row, record) in naming.find_once(&names, stimuli, run)?.into_iter().zip(&words.rows) {
            cells[row] = Some(&record[column]);
        }
        let missing = cells.iter().filter(|cell| cell.is_none()).count();
        match cells.iter().position(Option::is_none) {
            None => Ok(cells.into_iter().flatten().collect()),
            Some(first) => Err(KindError::new(format!(
                "{file} leaves out {missing} of {} stimuli; the first is `{}`",
                stimuli.len(),
                stimuli.get(first).name
            ))),
        }
    }

    fn given_parts(cells: &[&str], stimuli: &Stimuli, file: &str) -> Result<Assignment, KindError> {
        let part = |(row, cell): (usize, &&str)| match *cell {
            "train" => Ok(Part::Train),
            "val" => Ok(Part::Val),
            "test" => Ok(Part::Test),
            other => Err(KindError::new(format!(
                "{file} gives `{}` the part `{other}`; there are train, val and test",
                stimuli.get(row).name
            ))),
        };
        let parts: Vec<Part> = cells.iter().enumerate().map(part).collect::<Result<_, _>>()?;
        if !parts.contains(&Part::Train) {
            return Err(KindError::new(format!("{file} gives no stimulus the part train; nothing could be fitted")));
        }
        Ok(Assignment::Parts(parts))
    }

    fn given_folds(cells: &[&str], file: &str) -> Result<Assignment, KindError> {
        let number = |cell: &&str| {
            cell.parse::<usize>()
                .map_err(|_| KindError::new(format!("{file} has the fold `{cell}`, which is no whole number")))
        };
        let mut fold: Vec<usize> = cells.iter().map(number).collect::<Result<_, _>>()?;
        let (low, high) = (fold.iter().min().copied().unwrap_or(0), fold.iter().max().copied().unwrap_or(0));
        if low == 1 {
            fold.iter_mut().for_each(|fold| *fold -= 1);
        }
        let count = high + 1 - low.min(1);
        let empty = (0..count.min(fold.len() + 1)).find(|number| !fold.contains(number));
        if count < 2 || empty.is_some() {
            return Err(KindError::new(format!(
                "{file} has the folds {low} to {high}{}; they count up from 0 or 1, at least two, each with stimuli",
                empty.map(|empty| format!(", and none in {}", empty + low.min(1))).unwrap_or_default()
            )));
        }
        Ok(Assignment::Folds { count, fold })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::data::testing::{Bench, refusal, shared, unwrap};
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::inputs;
    use crate::value::labels::Labels;
    use crate::value::split::{Assignment, Part};
    use crate::value::stimuli::{Stimuli, Stimulus};
    use crate::value::{Value, split};
    use serde_json::{Value as Json, json};
    use std::collections::BTreeMap;

    impl Golden for Split {
        fn golden() -> Sample {
            (inputs().value("rows", &samples::x()), json!({ "test": 0.25, "val": 0.1, "seed": 3 }))
        }
    }

    /// `count` stimuli of objects that take turns, in ascending or descending order.
    fn rows(count: usize, objects: usize, reversed: bool) -> Labels {
        let mut order: Vec<usize> = (0..count).collect();
        if reversed {
            order.reverse();
        }
        let stimulus = |i: &usize| Stimulus { source: "x".into(), name: format!("s{i}").into(), content: None };
        let object = order.iter().map(|i| format!("o{}", i % objects)).collect();
        Labels { stimuli: Stimuli::new(order.iter().map(stimulus).collect()).unwrap(), object, category: None }
    }

    fn made(labels: &Labels, stratified: bool, params: Json) -> split::Split {
        let value = Value::Labels(labels.clone());
        let bench = Bench::new().input("rows", &value);
        let mut bench = if stratified { bench.input("labels", &value) } else { bench };
        bench.run::<Split>(params).unwrap();
        unwrap!(bench.output::<Split>("split"), Split)
    }

    fn refused(labels: &Labels, params: Json) -> String {
        refusal::<Split>(&mut Bench::new().input("rows", &Value::Labels(labels.clone())), params)
    }

    fn from(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("split.csv");
        std::fs::write(&path, text).unwrap();
        refused(&rows(3, 1, false), json!({ "from": path }))
    }

    #[test]
    fn fractions_hold_to_the_nearest_row_and_every_object_has_its_share() {
        let labels = rows(1203, 10, false);
        for stratified in [false, true] {
            let split = made(&labels, stratified, json!({ "test": 0.2, "val": 0.09 }));
            assert_eq!((split.rows(Part::Test).len(), split.rows(Part::Val).len()), (241, 108));
            if stratified {
                for (part, exact) in [(Part::Test, 24.1), (Part::Val, 10.8)] {
                    for object in 0..10 {
                        let name = format!("o{object}");
                        let share = split.rows(part).iter().filter(|&&row| labels.object[row] == name).count();
                        assert!((share as f64 - exact).abs() < 1.1, "{share} of {exact}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_draw_depends_on_identities_and_seed_not_on_the_order_of_rows() {
        let part_by_name = |labels: &Labels, params: Json| -> BTreeMap<String, Part> {
            let split = made(labels, true, params);
            let Assignment::Parts(parts) = split.assignment else { panic!("parts") };
            split.stimuli.iter().map(|s| s.name.to_string()).zip(parts).collect()
        };
        let one = part_by_name(&rows(100, 7, false), json!({ "test": 0.3, "seed": 1 }));
        assert_eq!(one, part_by_name(&rows(100, 7, true), json!({ "test": 0.3, "seed": 1 })));
        assert_ne!(one, part_by_name(&rows(100, 7, false), json!({ "test": 0.3, "seed": 2 })));
    }

    #[test]
    fn folds_are_even_for_all_and_for_each_object() {
        let labels = rows(103, 4, false);
        let split = made(&labels, true, json!({ "folds": 5 }));
        let Assignment::Folds { count: 5, fold } = split.assignment else { panic!("five folds") };
        for left_out in 0..5 {
            let rows: Vec<usize> = (0..103).filter(|&row| fold[row] == left_out).collect();
            assert!((20..=21).contains(&rows.len()));
            for object in 0..4 {
                let share = rows.iter().filter(|&&row| labels.object[row] == format!("o{object}")).count();
                assert!((5..=6).contains(&share), "{share}");
            }
        }
    }

    #[test]
    fn objects_shown_once_are_drawn_like_any_other() {
        let split = made(&rows(50, 50, false), true, json!({ "test": 0.2, "val": 0.2 }));
        assert_eq!((split.rows(Part::Test).len(), split.rows(Part::Val).len()), (10, 10));
    }

    #[test]
    fn a_file_s_split_is_taken_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("split.csv");
        std::fs::write(&path, "part,id\ntest,s2\ntrain,s0\nval,s1\n").unwrap();
        let parts = made(&rows(3, 1, false), false, json!({ "from": path }));
        assert_eq!(parts.assignment, Assignment::Parts(vec![Part::Train, Part::Val, Part::Test]));
        std::fs::write(&path, "id,fold\ns2,1\ns0,2\ns1,1\n").unwrap();
        let folds = made(&rows(3, 1, false), false, json!({ "from": path }));
        assert_eq!(folds.assignment, Assignment::Folds { count: 2, fold: vec![1, 0, 0] });
    }

    #[test]
    fn files_that_do_not_fit_are_refused() {
        assert!(
            from("id,part\ns0,train\ns1,test\nx9,val\n").contains("names `x9`, which `rows` does not have (1 of 3")
        );
        assert!(from("id,part\ns0,train\ns0,test\ns1,val\n").contains("names `s0` twice"));
        assert!(from("id,part\ns0,train\ns2,test\n").contains("leaves out 1 of 3 stimuli; the first is `s1`"));
        assert!(from("id,part\ns0,train\ns1,trian\ns2,test\n").contains("gives `s1` the part `trian`"));
        assert!(from("id,part\ns0,val\ns1,val\ns2,test\n").contains("no stimulus the part train"));
        assert!(from("name,part\ns0,train\n").contains("has the columns name, part, and no `id`"));
        assert!(from("id,set\ns0,train\n").contains("there must be `part` or `fold`"));
        assert!(from("id,fold\ns0,0\ns1,2\ns2,2\n").contains("and none in 1"));
        assert!(from("id,fold\ns0,0\ns1,x\ns2,2\n").contains("the fold `x`"));
    }

    #[test]
    fn shuffles_draw_the_test_rows_several_times_each_with_every_object_s_share() {
        let labels = rows(60, 3, false);
        let split = made(&labels, true, json!({ "test": 0.2, "shuffles": 10, "seed": 1 }));
        let Assignment::Draws(draws) = &split.assignment else { panic!("draws") };
        let tests: Vec<Vec<usize>> =
            draws.iter().map(|parts| (0..60).filter(|&row| parts[row] == Part::Test).collect()).collect();
        assert!(tests.len() == 10 && tests.iter().all(|rows| rows.len() == 12));
        let distinct: std::collections::BTreeSet<&Vec<usize>> = tests.iter().collect();
        assert_eq!(distinct.len(), 10, "no draw is another's");
        for rows in &tests {
            let of = |object: &str| rows.iter().filter(|&&row| labels.object[row] == object).count();
            assert_eq!([of("o0"), of("o1"), of("o2")], [4, 4, 4]);
        }
        let rounds = split.rounds();
        assert_eq!((rounds[3].fold, &rounds[3].held_out), (Some(3), &tests[3]));
        assert_eq!(split, made(&labels, true, json!({ "test": 0.2, "shuffles": 10, "seed": 1 })));
        assert_ne!(split, made(&labels, true, json!({ "test": 0.2, "shuffles": 10, "seed": 2 })));
    }

    #[test]
    fn groups_stay_together() {
        let mut labels = rows(60, 6, false);
        let object = |name: usize| format!("o{name}");
        let parts_of = |split: &split::Split, name: usize| -> std::collections::BTreeSet<String> {
            let part = |row: usize| match &split.assignment {
                Assignment::Parts(parts) => parts[row].name().to_owned(),
                Assignment::Folds { fold, .. } => fold[row].to_string(),
                Assignment::Draws(draws) => draws.iter().map(|parts| &parts[row].name()[..1]).collect(),
            };
            (0..60).filter(|&row| labels.object[row] == object(name)).map(part).collect()
        };
        for params in [
            json!({ "test": 0.34 }),
            json!({ "test": 0.3, "val": 0.2 }),
            json!({ "folds": 3 }),
            json!({ "test": 0.2, "shuffles": 4 }),
        ] {
            let mut params = params;
            params["groups"] = json!("object");
            let split = made(&labels, true, params.clone());
            assert!((0..6).all(|name| parts_of(&split, name).len() == 1), "{params}");
            if params.get("folds").is_some() {
                let Assignment::Folds { fold, .. } = &split.assignment else { panic!("folds") };
                assert_eq!([0, 1, 2].map(|of| fold.iter().filter(|&&fold| fold == of).count()), [20, 20, 20]);
            }
        }
        assert_eq!(made(&labels, true, json!({ "test": 0.34, "groups": "object" })).rows(Part::Test).len(), 20);
        assert!(refused(&labels, json!({ "test": 0.3, "groups": "object" })).contains("nothing arrives at `labels`"));
        let stratified = |labels: &Labels, params: Json| {
            let value = Value::Labels(labels.clone());
            refusal::<Split>(&mut Bench::new().input("rows", &value).input("labels", &value), params)
        };
        assert!(stratified(&labels, json!({ "test": 0.3, "groups": "category" })).contains("has objects alone"));
        assert!(
            stratified(&labels, json!({ "test": 0.05, "groups": "object" }))
                .contains("less than half of any of the 6 groups")
        );
        assert!(stratified(&labels, json!({ "folds": 7, "groups": "object" })).contains("there are 6 groups"));
        labels.category = Some((0..60).map(|row| format!("c{}", row % 2)).collect());
        let split = made(&labels, true, json!({ "folds": 2, "groups": "category" }));
        let Assignment::Folds { fold, .. } = split.assignment else { panic!("folds") };
        assert!((0..60).all(|row| fold[row] == fold[row % 2]));
    }

    #[test]
    fn a_file_s_draws_are_taken_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("split.csv");
        let of = |text: &str| {
            std::fs::write(&path, text).unwrap();
            made(&rows(3, 1, false), false, json!({ "from": path })).assignment
        };
        let (train, test) = (Part::Train, Part::Test);
        assert_eq!(
            of("id,draw\ns2,1\ns0,2\ns1,2\n"),
            Assignment::Draws(vec![vec![train, train, test], vec![test, test, train]])
        );
        assert_eq!(
            of("id,draw,part\ns0,0,test\ns1,0,train\ns2,0,train\ns0,1,train\ns1,1,test\ns2,1,train\n"),
            Assignment::Draws(vec![vec![test, train, train], vec![train, test, train]])
        );
        assert!(from("id,draw\ns0,1\n").contains("has 1 draws, 1 to 1"));
        assert!(from("id,draw\ns0,1\ns0,3\n").contains("has 2 draws, 1 to 3"));
        assert!(from("id,draw\ns0,1\nx,2\n").contains("names `x`"));
        assert!(from("id,draw,part\ns0,0,test\ns0,1,test\n").contains("gives `s1` no part in draw 0"));
        assert!(from("id,draw\ns0,0\ns1,0\ns2,0\ns0,1\n").contains("draw 0 of split.csv needs stimuli of both"));
    }

    #[test]
    fn parameters_that_contradict_each_other_are_refused() {
        let rows = rows(10, 1, false);
        assert!(refused(&rows, json!({})).contains("says nothing"));
        assert!(refused(&rows, json!({ "test": 0.5, "val": 0.5 })).contains("their sum must be below 1"));
        assert!(refused(&rows, json!({ "test": 0.5, "folds": 5 })).contains("excludes `test`"));
        assert!(refused(&rows, json!({ "test": 1.0 })).contains("1 is out of range"));
        assert!(refused(&rows, json!({ "folds": 2, "shuffles": 3 })).contains("say how much that is"));
        assert!(refused(&rows, json!({ "test": 0.2, "val": 0.2, "shuffles": 3 })).contains("leave `val` out"));
        assert!(refused(&rows, json!({ "test": 0.2, "shuffles": 0 })).contains("0 is out of range"));
        assert!(refused(&rows, json!({ "folds": 1 })).contains("1 is out of range"));
        assert!(refused(&rows, json!({ "folds": 11 })).contains("`folds` is 11 but `rows` has 10"));
        assert!(refused(&rows, json!({ "test": 0.01 })).contains("is 0.01 of 10 stimuli, which is none"));
        assert!(refused(&rows, json!({ "test": 0.96 })).contains("leave none of 10 to train on"));
    }

    #[test]
    fn needs_shared_the_notebooks_split_reads() {
        let path = shared("v4-201025/notebook_split.csv");
        let stimulus = |i: usize| Stimulus { source: "x".into(), name: format!("image{i:04}").into(), content: None };
        let stimuli = Stimuli::new((1..=1200).map(stimulus).collect()).unwrap();
        let object = vec!["x".to_owned(); stimuli.len()];
        let mut bench = Bench::new().input("rows", &Value::Labels(Labels { stimuli, object, category: None }));
        bench.run::<Split>(json!({ "from": path })).unwrap();
        let split = unwrap!(bench.output::<Split>("split"), Split);
        let Assignment::Parts(parts) = split.assignment else { panic!("parts") };
        assert_eq!(parts.iter().filter(|&&part| part == Part::Test).count(), 240);
    }
}
