//! What the study of the tests has of similarities and shares: two regions of three subjects, and bands of features.

use std::collections::BTreeMap;

use ndarray::Array2;
use polars::prelude::{Column, NamedFrom, Series};
use serde_json::json;

use crate::plan::NodeIndex;
use crate::report::fixture::{Maker, frame, noise, numbers, strings};
use crate::report::kinds::{Agreement, Banded, Cka, Rsa};
use crate::value::Value;
use crate::value::rdm;
use crate::value::rdm::{Of, Rdm};
use crate::value::table::{About, Table};

const REGIONS: [&str; 2] = ["V4", "IT"];
const SUBJECTS: [&str; 3] = ["ann", "bob", "cid"];

/// How alike a layer and a subject's region are, in eighths and their parts, which add up exactly.
pub fn alike(layer: usize, region: usize, subject: usize) -> f64 {
    (2.0 + layer as f64 + region as f64) / 16.0 + (subject as f64 - 1.0) / 64.0
}

impl Maker {
    /// Adds similarities of every layer, by two measures, and shares of three bands.
    pub fn alike(&mut self, load: NodeIndex) {
        for layer in 0..self.options.layers.len() {
            let edges = vec![("a", load, "images"), ("b", load, "responses")];
            let [table, summary] = similarities(layer, ("similarity", &["ceiling_low", "ceiling_high"]));
            let outputs = vec![("table", None, table), ("summary", None, summary), ("rdm_b", None, self.rdm())];
            self.add::<Rsa>("rsa", Some(layer), edges.clone(), outputs, &[]);
            let [table, summary] = similarities(layer, ("cka", &["between_subjects"]));
            self.add::<Cka>("cka", Some(layer), edges, vec![("table", None, table), ("summary", None, summary)], &[]);
        }
        let (mut units, mut bands, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        for (at, unit) in self.options.units.iter().enumerate() {
            for (place, band) in ["pixels", "layer", "pixels & layer"].into_iter().enumerate() {
                units.push(unit.clone());
                bands.push(band.to_owned());
                // The last unit has none.
                let share = [0.0625 * (at % 5) as f64, 0.25, -0.125][place];
                shares.push((at + 1 < self.options.units.len()).then_some(share));
            }
        }
        let columns = vec![strings("unit", &units), strings("band", &bands), numbers("share", &shares)];
        let facts = BTreeMap::from([("on".to_owned(), json!("test")), ("rows_scored".to_owned(), json!(80))]);
        let shares = Value::Table(Table { frame: frame(columns), about: About { facts, ..About::default() } });
        self.add::<Banded>("banded", None, vec![("responses", load, "responses")], vec![("shares", None, shares)], &[]);
        self.agreement(load);
    }

    /// Adds how two measures rank three layers in two regions.
    fn agreement(&mut self, load: NodeIndex) {
        let facts = BTreeMap::from([("interval".to_owned(), json!("95 % over draws of stimuli (percentiles)"))]);
        let table = |columns: Vec<Column>| {
            Value::Table(Table { frame: frame(columns), about: About { facts: facts.clone(), ..About::default() } })
        };
        let texts = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let halves = |all: &[f64]| all.iter().map(|&value| Some(value)).collect::<Vec<_>>();
        let pairs = table(vec![
            strings("region", &texts(&REGIONS)),
            strings("a", &texts(&["ridge", "ridge"])),
            strings("b", &texts(&["RSA", "RSA"])),
            numbers("tau", &halves(&[0.5, -0.25])),
            numbers("low", &halves(&[0.25, -0.5])),
            numbers("high", &halves(&[0.75, 0.25])),
        ]);
        let all: Vec<(&str, &str, usize)> = REGIONS
            .into_iter()
            .flat_map(|region| ["ridge", "RSA"].into_iter().flat_map(move |by| (0..2).map(move |at| (region, by, at))))
            .collect();
        let of = |of: &dyn Fn(&(&str, &str, usize)) -> f64| all.iter().map(|row| Some(of(row))).collect::<Vec<_>>();
        let ranks = table(vec![
            strings("region", &all.iter().map(|row| row.0.to_owned()).collect::<Vec<_>>()),
            strings("ranked_by", &all.iter().map(|row| row.1.to_owned()).collect::<Vec<_>>()),
            strings("variant", &all.iter().map(|row| format!("features.{}", row.2)).collect::<Vec<_>>()),
            numbers("score", &of(&|row| 0.5 / (row.2 + 1) as f64)),
            numbers("place", &of(&|row| (row.2 + 1) as f64)),
            numbers("low", &of(&|row| (row.2 + 1) as f64)),
            numbers("high", &of(&|row| if row.1 == "RSA" { 2.0 } else { (row.2 + 1) as f64 })),
            numbers("first", &of(&|row| 1.0 - row.2 as f64)),
        ]);
        let outputs = vec![("table", None, pairs), ("ranks", None, ranks)];
        self.add::<Agreement>("agree", None, vec![("drawn", load, "responses")], outputs, &[]);
    }

    fn rdm(&self) -> Value {
        let n = self.options.stimuli;
        let about = rdm::About {
            stimuli: self.stimuli().clone(),
            of: vec![Of { region: Some("V4".to_owned()), ..Of::default() }],
            dissimilarity: "correlation".to_owned(),
            lineage: Default::default(),
        };
        let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
        let far = |(i, j): (usize, usize)| (f32::from(u8::from(i % 8 != j % 8)) + 0.1 * noise(i, j) as f32).abs();
        let values: Vec<f32> = pairs.map(far).collect();
        Value::Rdm(Rdm::new(about, Array2::from_shape_vec((1, values.len()), values).expect("a number for every pair")))
    }
}

/// The table of pairs and of means over subjects; ceilings of a region are those of all layers.
fn similarities(layer: usize, (measure, ceilings): (&str, &[&str])) -> [Value; 2] {
    let table = |columns: Vec<Column>| Value::Table(Table { frame: frame(columns), about: About::default() });
    let all: Vec<(usize, usize)> = (0..2).flat_map(|region| (0..3).map(move |subject| (region, subject))).collect();
    let words = |of: &dyn Fn(&(usize, usize)) -> String| all.iter().map(of).collect::<Vec<_>>();
    let pairs = table(vec![
        strings("a", &words(&|_| "a".to_owned())),
        strings("b", &words(&|&(region, subject)| format!("{}, {}", SUBJECTS[subject], REGIONS[region]))),
        strings("subject", &words(&|&(_, subject)| SUBJECTS[subject].to_owned())),
        strings("region", &words(&|&(region, _)| REGIONS[region].to_owned())),
        numbers(measure, &all.iter().map(|&(region, subject)| Some(alike(layer, region, subject))).collect::<Vec<_>>()),
    ]);
    let mut columns = vec![
        strings("a", &["a".to_owned(), "a".to_owned()]),
        strings("region", &REGIONS.map(str::to_owned)),
        Series::new("subjects".into(), vec![3u32; 2]).into(),
        numbers(measure, &[0, 1].map(|region| Some(alike(layer, region, 1)))),
        numbers("sem", &[Some(0.03125); 2]),
    ];
    columns.extend(
        ceilings
            .iter()
            .enumerate()
            .map(|(at, name)| numbers(name, &[0.75 + 0.125 * at as f64, 0.625 + 0.125 * at as f64].map(Some))),
    );
    [pairs, table(columns)]
}
