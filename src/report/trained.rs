//! What the study of the tests has beyond readouts: a training, a decoder, a choice among variants.

use polars::prelude::{Column, NamedFrom, Series};

use crate::plan::NodeIndex;
use crate::report::fixture::{Maker, frame, noise, numbers, strings};
use crate::report::kinds::{Decode, Select, Train};
use crate::value::Value;
use crate::value::table::{About, Table};

impl Maker {
    /// Adds the three of them, after the node that loads everything.
    pub fn trained(&mut self, load: NodeIndex) {
        let table = |columns: Vec<Column>| Value::Table(Table { frame: frame(columns), about: About::default() });
        let epochs: Vec<u32> = (1..=24).collect();
        let curve = |of: &dyn Fn(f64) -> f64| {
            numbers("", &epochs.iter().map(|&epoch| Some(of(f64::from(epoch)))).collect::<Vec<_>>())
        };
        let named = |name: &str, of: &dyn Fn(f64) -> f64| curve(of).with_name(name.into());
        let history = table(vec![
            Series::new("epoch".into(), epochs.clone()).into(),
            named("train_loss", &|t| 0.9 * (-t / 7.0).exp() + 0.05),
            named("val_loss", &|t| 0.9 * (-t / 6.0).exp() + 0.12 + 0.004 * t),
            named("val_explained_variance", &|t| 0.3 * (1.0 - (-t / 5.0).exp())),
            named("learning_rate", &|t| 1e-3 * 0.5f64.powf((t / 8.0).floor())),
            named("seconds", &|t| t * 0.4),
        ]);
        self.add::<Train>("cnn", None, vec![("images", load, "images")], vec![("history", None, history)], &[]);

        let classes: Vec<String> = ["animals", "boats", "cars", "chairs"].map(str::to_owned).into();
        let (mut truth, mut predicted, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for (row, class) in classes.iter().enumerate() {
            for (column, other) in classes.iter().enumerate() {
                truth.push(class.clone());
                predicted.push(other.clone());
                counts.push(Some(if row == column { 15.0 } else { ((row * 3 + column) % 4) as f64 }));
            }
        }
        let confusion =
            table(vec![strings("true", &truth), strings("predicted", &predicted), numbers("count", &counts)]);
        let summary = table(vec![strings("measure", &["accuracy".to_owned()]), numbers("value", &[Some(0.75)])]);
        let outputs = vec![("summary", None, summary), ("confusion", None, confusion)];
        self.add::<Decode>("objects", None, vec![("labels", load, "labels")], outputs, &[]);

        let (mut layers, mut components, mut scores) = (Vec::new(), Vec::new(), Vec::new());
        for (at, layer) in ["features.3", "features.6", "features.9"].into_iter().enumerate() {
            for (place, count) in ["100", "500"].into_iter().enumerate() {
                layers.push(layer.to_owned());
                components.push(count.to_owned());
                scores.push(Some(0.2 + 0.05 * at as f64 + 0.02 * place as f64 + 0.003 * noise(at, place)));
            }
        }
        let measures = vec!["explained_variance".to_owned(); scores.len()];
        let best: Vec<bool> = (0..scores.len()).map(|at| at + 1 == scores.len()).collect();
        let choice = table(vec![
            strings("layer", &layers),
            strings("components", &components),
            numbers("score", &scores),
            strings("measure", &measures),
            Series::new("selected".into(), best).into(),
        ]);
        self.add::<Select>("best", None, vec![("labels", load, "labels")], vec![("choice", None, choice)], &[]);
    }
}
