//! The kind `select`: of several variants, the one that scores best on val; its ports are handed on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, Measure, NodeKind, Output, Role};
use crate::nodes::measures;
use crate::value::ty::Type;

/// The best of several variants.
pub struct Select;

/// The parameters of `select`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The measure to choose by, the larger the better: `explained_variance`, `r`, `r2`, with a ceiling also
    /// `explained_variance_nc` and `r_nc`; of `decode`, `accuracy`.
    #[serde(default = "measure")]
    #[schemars(extend("x-neutral" = "explained_variance"))]
    pub measure: String,
    /// What of the measure over units counts.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "mean"))]
    pub statistic: Statistic,
}

fn measure() -> String {
    "explained_variance".to_owned()
}

/// One number out of many units' scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Statistic {
    #[default]
    Mean,
    Median,
}

const ALIKE: &str = "The same variants, or fewer variables of them; the winner's is handed on.";

impl NodeKind for Select {
    const NAME: &'static str = "select";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Of several variants, the one that scores best on val; its ports are handed on.\n\n\
        What is connected to an input comes out under the same name: predictions to score, a network or a fit to predict \
        from. All that is handed on remembers that val chose it, so its val score is marked as selected and its test score \
        is not. Scores on train or test rows choose nothing: they are refused.";
    const EXAMPLE: &'static str = "\
best:
  kind: select
  in: { scores: \"scores@*\", split: it.split, predictions: \"readout@*\", fit: \"readout.fit@*\" }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "scores",
            types: &[Type::Table],
            arity: Arity::Many,
            about: "Scores on val of every variant, per unit or summarised, as evaluate and decode give them.",
        },
        Input { name: "split", types: &[Type::Split], arity: Arity::One, about: "Which rows are val." },
        Input { name: "predictions", types: &[Type::Matrix], arity: Arity::AnyNumber, about: ALIKE },
        Input { name: "network", types: &[Type::Network], arity: Arity::AnyNumber, about: ALIKE },
        Input { name: "fit", types: &[Type::Fit], arity: Arity::AnyNumber, about: ALIKE },
        Input { name: "features", types: &[Type::Matrix], arity: Arity::AnyNumber, about: ALIKE },
        Input { name: "history", types: &[Type::Table], arity: Arity::AnyNumber, about: ALIKE },
    ];
    const MEASURES: &'static [Measure] = measures::SCORES;
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "predictions",
            ty: Type::Matrix,
            keyed: None,
            role: Some(Role::Predictions),
            about: "The winner's predictions.",
        },
        Output { name: "network", ty: Type::Network, keyed: None, role: None, about: "The winner's network." },
        Output { name: "fit", ty: Type::Fit, keyed: None, role: None, about: "The winner's fit." },
        Output { name: "features", ty: Type::Matrix, keyed: None, role: None, about: "The winner's features." },
        Output {
            name: "history",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::History),
            about: "The winner's training history.",
        },
        Output {
            name: "choice",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Choice),
            about: "A row per variant: the swept variables (or label), measure, score, selected.",
        },
    ];
    const PASSES: &'static [(&'static str, &'static str)] = &[
        ("predictions", "predictions"),
        ("network", "network"),
        ("fit", "fit"),
        ("features", "features"),
        ("history", "history"),
    ];
    const CHOOSES: bool = true;
}

#[cfg(feature = "torch")]
mod compute {
    use polars::prelude::{Column, DataFrame};
    use serde_json::{Value as Json, json};

    use crate::kind::fact;
    use crate::kind::{Arrival, Compute, KindError, NodeKind, Run};
    use crate::nodes::evaluation::select::{Params, Select, Statistic};
    use crate::nodes::evaluation::variant;
    use crate::value::Value;
    use crate::value::lineage::{Exposure, Lineage};
    use crate::value::split::Part;
    use crate::value::table::{About, Table};

    /// What tells a variant from the others: swept variables and their values, or a label.
    type Label = Vec<(String, Json)>;

    struct Candidate {
        label: Label,
        score: Option<f64>,
        definition: Option<String>,
        lineage: Lineage,
    }

    impl Compute for Select {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let split = run.split("split")?;
            let val = split.rows(Part::Val);
            if val.is_empty() {
                return Err(KindError::new(
                    "`split` has no val rows, and a choice is made on val; give `split` a fraction `val`",
                ));
            }
            let candidates =
                run.arrivals("scores").iter().map(|arrival| read(arrival, &params)).collect::<Result<Vec<_>, _>>()?;
            let winner = best(&candidates, &params)?;
            run.note(format!(
                "of {} variants, {} has the best {} {} on val, {:.4}",
                candidates.len(),
                name(&candidates[winner].label),
                word(params.statistic),
                params.measure,
                candidates[winner].score.expect("the winner has one")
            ));
            let exposure = Exposure::new(Self::NAME, &split.stimuli, &val);
            for (_, port) in Self::PASSES {
                if run.has(port) && run.wants(port) {
                    hand_on(port, &candidates[winner].label, &exposure, run)?;
                }
            }
            let lineage = Lineage::merge(candidates.iter().map(|c| &c.lineage)).selected_by(exposure);
            run.emit("choice", Value::Table(choice(&candidates, winner, &params, lineage)?))
        }
    }

    fn word(statistic: Statistic) -> &'static str {
        match statistic {
            Statistic::Mean => "mean",
            Statistic::Median => "median",
        }
    }

    fn name(label: &Label) -> String {
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pair = |(name, value): &(String, Json)| match name.as_str() {
            "label" => text(value),
            _ => format!("{name}={}", text(value)),
        };
        let parts: Vec<String> = label.iter().map(pair).collect();
        format!("`{}`", parts.join(", "))
    }

    /// A variant's score; only val may choose.
    fn read(arrival: &Arrival, params: &Params) -> Result<Candidate, KindError> {
        let Value::Table(table) = Value::read(arrival.ty, &arrival.path)? else {
            return Err(KindError::new(format!("`scores` takes Table, but {} arrives", arrival.ty)));
        };
        let whose = name(&arrival.label);
        match table.about.facts.get(fact::SCORED_ON).and_then(Json::as_str) {
            Some("val") => {}
            Some(on) => {
                return Err(KindError::new(format!(
                    "the scores of {whose} are on {on} rows; a choice is made on val, so that test rows stay unseen \
                     (`on: val` in evaluate)"
                )));
            }
            None => {
                return Err(KindError::new(format!(
                    "the table of {whose} does not say which rows it scores; select takes what evaluate or decode gives"
                )));
            }
        }
        let score = table
            .score(&params.measure, word(params.statistic))
            .map_err(|rule| KindError::new(format!("the scores of {whose} {rule}")))?;
        let definition = table.about.definitions.get(&params.measure).cloned();
        Ok(Candidate { label: arrival.label.clone(), score, definition, lineage: table.about.lineage })
    }

    /// The largest score; of equal ones the first, as the recipe has them.
    fn best(candidates: &[Candidate], params: &Params) -> Result<usize, KindError> {
        let (first, others) = candidates.split_first().ok_or_else(|| KindError::new("nothing arrives at `scores`"))?;
        if let Some(other) = others.iter().find(|other| other.definition != first.definition) {
            let text = |c: &Candidate| c.definition.clone().unwrap_or_else(|| "nothing".to_owned());
            return Err(KindError::new(format!(
                "`{}` means “{}” for {} but “{}” for {}; scores of different definitions choose nothing",
                params.measure,
                text(first),
                name(&first.label),
                text(other),
                name(&other.label)
            )));
        }
        let mut winner: Option<(usize, f64)> = None;
        for (at, candidate) in candidates.iter().enumerate() {
            match candidate.score.filter(|score| score.is_finite()) {
                Some(score) if winner.is_none_or(|(_, best)| score > best) => winner = Some((at, score)),
                _ => {}
            }
        }
        winner.map(|(at, _)| at).ok_or_else(|| {
            KindError::new(format!(
                "none of {} variants has a `{}`; there is nothing to choose by",
                candidates.len(),
                params.measure
            ))
        })
    }

    /// Whether a value at another port is the winner's: it agrees in every variable that both have.
    fn belongs(label: &Label, winner: &Label) -> bool {
        label.iter().all(|(name, value)| match winner.iter().find(|(known, _)| known == name) {
            Some((_, known)) => known == value,
            // A value without variants serves them all.
            None => name == "label",
        })
    }

    /// Stores the winner's value under its port's name, with the choice in its lineage.
    fn hand_on(port: &str, winner: &Label, exposure: &Exposure, run: &mut Run<'_>) -> Result<(), KindError> {
        let arrivals = run.arrivals(port);
        let mine: Vec<Arrival> = arrivals.iter().filter(|arrival| belongs(&arrival.label, winner)).cloned().collect();
        let [one] = mine.as_slice() else {
            let found: Vec<String> = arrivals.iter().take(6).map(|arrival| name(&arrival.label)).collect();
            return Err(KindError::new(format!(
                "{} of {} values at `{port}` belong to the winner {}: they are {}; give `{port}` and `scores` the same \
                 variants, or maps with the same labels",
                mine.len(),
                arrivals.len(),
                name(winner),
                found.join(", ")
            )));
        };
        let chosen = |lineage: &Lineage| lineage.clone().selected_by(exposure.clone());
        match Value::read(one.ty, &one.path)? {
            Value::Matrix(matrix) => {
                let mut about = matrix.about.clone();
                about.lineage = chosen(&about.lineage);
                let mut sink = run.open_matrix(port, None, &about, matrix.rows(), matrix.columns())?;
                let raw = matrix.raw();
                let mut numbers = vec![0.0; raw.columns];
                for row in 0..raw.rows {
                    raw.row(row, &mut numbers);
                    sink.write(&numbers)?;
                }
                sink.finish()
            }
            Value::Network(mut network) => {
                network.about.lineage = chosen(&network.about.lineage);
                run.emit(port, Value::Network(network))
            }
            Value::Fit(mut fit) => {
                fit.about.lineage = chosen(&fit.about.lineage);
                run.emit(port, Value::Fit(fit))
            }
            Value::Table(mut table) => {
                table.about.lineage = chosen(&table.about.lineage);
                run.emit(port, Value::Table(table))
            }
            other => Err(KindError::new(format!("`{port}` cannot hand on {}", other.ty()))),
        }
    }

    fn choice(candidates: &[Candidate], winner: usize, params: &Params, lineage: Lineage) -> Result<Table, KindError> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in candidates.iter().flat_map(|candidate| &candidate.label) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let mut columns: Vec<Column> = names
            .iter()
            .map(|&name| {
                let values: Vec<Option<&Json>> = candidates
                    .iter()
                    .map(|candidate| candidate.label.iter().find(|(n, _)| n == name).map(|(_, value)| value))
                    .collect();
                variant::column(name, &values)
            })
            .collect();
        columns.push(Column::new("measure".into(), vec![params.measure.as_str(); candidates.len()]));
        columns.push(Column::new("score".into(), candidates.iter().map(|c| c.score).collect::<Vec<_>>()));
        columns.push(Column::new("selected".into(), (0..candidates.len()).map(|at| at == winner).collect::<Vec<_>>()));
        let frame = DataFrame::new(candidates.len(), columns).map_err(|e| KindError::new(e.to_string()))?;
        let definition = candidates[winner].definition.as_deref().unwrap_or("as the scores' own node says");
        let definitions = [
            (
                "score".to_owned(),
                format!("{} of {} over units, on val: {definition}", word(params.statistic), params.measure),
            ),
            ("selected".to_owned(), "the variant of largest score, whose ports are handed on".to_owned()),
        ];
        let facts = [
            (fact::SCORED_ON.to_owned(), json!("val")),
            ("measure".to_owned(), json!(params.measure)),
            ("statistic".to_owned(), json!(params.statistic)),
            ("winner".to_owned(), json!(name(&candidates[winner].label).trim_matches('`'))),
        ];
        Ok(Table { frame, about: About { definitions: definitions.into(), facts: facts.into(), lineage } })
    }
}

#[cfg(test)]
mod tests {
    use super::Select;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::{Inputs, hold_out, inputs, matrix, stimuli};
    use crate::value::Value;
    use crate::value::table::Table;
    use ndarray::Array2;
    use polars::prelude::{Column, DataFrame};
    use serde_json::{Value as Json, json};

    impl Golden for Select {
        fn golden() -> Sample {
            let (one, two) = ([("label", json!("one"))], [("label", json!("two"))]);
            let (predictions, scores) = (samples::predictions(), samples::scores(&samples::predictions(), "val"));
            let given = inputs()
                .value("split", &samples::split())
                .labelled("scores", &one, &scores)
                .labelled("scores", &two, &scores)
                .labelled("predictions", &one, &predictions)
                .labelled("predictions", &two, &samples::x());
            (given, json!({}))
        }
    }

    fn scores(on: &str, values: &[Option<f64>]) -> Value {
        let units: Vec<String> = (0..values.len()).map(|at| format!("u{at}")).collect();
        let columns =
            vec![Column::new("unit".into(), units), Column::new("explained_variance".into(), values.to_vec())];
        let mut table = Table::new(DataFrame::new(values.len(), columns).unwrap());
        table.about.facts.insert("on".to_owned(), json!(on));
        table.about.definitions.insert("explained_variance".to_owned(), "the usual".to_owned());
        Value::Table(table)
    }

    fn rate(at: f64) -> [(&'static str, Json); 1] {
        [("rate", json!(at))]
    }

    fn job() -> Inputs {
        let rows = stimuli(6);
        let flat = |value| matrix(&rows, Array2::from_elem((6, 2), value));
        inputs()
            .value("split", &hold_out(&rows, "tttvve"))
            .labelled("scores", &rate(0.1), &scores("val", &[Some(0.9), Some(0.1), None]))
            .labelled("scores", &rate(0.2), &scores("val", &[Some(0.6), Some(0.6), None]))
            .labelled("scores", &rate(0.3), &scores("val", &[None, None, None]))
            .labelled("predictions", &rate(0.1), &flat(1.0))
            .labelled("predictions", &rate(0.2), &flat(2.0))
            .labelled("predictions", &rate(0.3), &flat(3.0))
            .labelled("features", &[("label", json!("shared"))], &flat(7.0))
    }

    #[test]
    fn the_best_on_val_hands_its_ports_on_and_val_is_known_to_have_chosen() {
        let made = job().run::<Select>(json!({})).unwrap();
        assert_eq!(made.matrix("predictions").view()[[0, 0]], 2.0);
        assert_eq!(made.matrix("features").view()[[0, 0]], 7.0, "what has no variants serves all");
        assert!(!made.has("network") && !made.has("fit"));
        let lineage = made.matrix("predictions").about.lineage.clone();
        let saw: Vec<bool> = stimuli(6).iter().map(|stimulus| lineage.selected[0].saw(stimulus)).collect();
        assert_eq!(saw, [false, false, false, true, true, false]);
        assert_eq!((lineage.selected[0].by.as_str(), lineage.fitted.len()), ("select", 0));
        let choice = made.table("choice");
        let selected: Vec<_> = choice.column("selected").unwrap().bool().unwrap().iter().collect();
        assert_eq!(selected, [Some(false), Some(true), Some(false)]);
        assert_eq!(made.numbers("choice", "rate"), [0.1, 0.2, 0.3]);
        assert_eq!(made.numbers("choice", "score")[..2], [0.5, 0.6]);
        assert!(
            made.notes[0].contains("of 3 variants, `rate=0.2` has the best mean explained_variance"),
            "{:?}",
            made.notes
        );
        let made = job().run::<Select>(json!({ "statistic": "median" })).unwrap();
        assert_eq!(made.table("choice").about.facts["winner"], json!("rate=0.2"));
    }

    #[test]
    fn what_cannot_choose_is_refused_in_words() {
        let rows = stimuli(6);
        let refusal = |given: Inputs, params| given.refusal::<Select>(params).message;
        let with = |on: &str, parts: &str| {
            inputs()
                .value("split", &hold_out(&rows, parts))
                .labelled("scores", &rate(0.1), &scores(on, &[Some(0.9)]))
                .labelled("predictions", &rate(0.4), &matrix(&rows, Array2::zeros((6, 1))))
        };
        assert!(refusal(with("test", "tttvve"), json!({})).starts_with("the scores of `rate=0.1` are on test rows"));
        assert!(refusal(with("val", "ttteee"), json!({})).starts_with("`split` has no val rows"));
        assert!(
            refusal(with("val", "tttvve"), json!({}))
                .starts_with("0 of 1 values at `predictions` belong to the winner")
        );
        let unknown = refusal(job(), json!({ "measure": "accuracy" }));
        assert_eq!(unknown, "the scores of `rate=0.1` have no measure `accuracy`; they have explained_variance");
        let empty =
            inputs().value("split", &hold_out(&rows, "tttvve")).labelled("scores", &rate(0.1), &scores("val", &[None]));
        assert!(refusal(empty, json!({})).starts_with("none of 1 variants has a `explained_variance`"));
    }
}
