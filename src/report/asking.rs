//! Questions of a recipe: their numbers beside plain arithmetic over the tables, and the sentences.

use crate::kind::Role;
use crate::plan::{Ask, Baseline, Question};
use crate::report::fixture::{Fixture, Options, fixture};
use crate::report::page::asked::answered;
use crate::report::read::asked::{Finding, asked};
use crate::report::read::derived::derived;
use crate::report::read::results::Results;

const MEASURE: &str = "explained_variance";

/// A study of five layers that asks something of its evaluations.
fn asks(ask: Ask) -> Fixture {
    let layers = (1..=5).map(|at| format!("block.{at}")).collect();
    let mut study = fixture(Options { layers, ..Options::default() });
    let of = study.plan.find("scores");
    study.plan.sweep = vec![("layer".to_owned(), (1..=5).map(|at| format!("block.{at}").into()).collect())];
    study.plan.question = Some(Question { ask, of, measure: Some(MEASURE.to_owned()) });
    study
}

/// Scores as the tables have them: a list by layer, in the order of units.
fn scores(study: &Fixture) -> Vec<Vec<f64>> {
    let (plan, read) = (&study.plan, study.study());
    let results = Results::new(&read);
    plan.find("scores")
        .into_iter()
        .map(|node| {
            let grid = results.of_role(node, Role::Scores).expect("scores");
            (0..grid.rows).map(|row| grid.number(MEASURE, row).expect("defined")).collect()
        })
        .collect()
}

fn finding(study: &Fixture) -> Finding {
    let read = study.study();
    let question = study.plan.question.as_ref().expect("a question");
    asked(&Results::new(&read), question).expect("scores").expect("an answer").finding
}

fn sentence(study: &Fixture) -> String {
    let read = study.study();
    let answer = answered(&Results::new(&read)).expect("an answer");
    format!("{}{}{} {}", answer.before, answer.score, answer.after, answer.sure.join(" "))
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} and {b}");
}

#[test]
fn a_contrast_is_the_mean_difference_of_the_same_units() {
    let [of, plus, minus] = ["layer", "block.4", "block.1"].map(str::to_owned);
    let study = asks(Ask::Contrast { of, plus, minus, by: None });
    let all = scores(&study);
    let differences: Vec<f64> = all[3].iter().zip(&all[0]).map(|(a, b)| a - b).collect();
    let Finding::Contrast { over_all, variants: 1, parts } = finding(&study) else { panic!("a contrast") };
    close(over_all.mean, mean(&differences));
    assert_eq!((over_all.units, parts.len()), (differences.len(), 0));
    let (low, high) = over_all.interval.expect("an interval");
    assert!(low < over_all.mean && over_all.mean < high);
    // About two standard errors on either side.
    let centre = mean(&differences);
    let variance = differences.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / (differences.len() - 1) as f64;
    let error = (variance / differences.len() as f64).sqrt();
    assert!(((high - low) / (2.0 * 1.96 * error) - 1.0).abs() < 0.15, "{low} {high} {error}");
    assert!(over_all.p.expect("a test") < 1e-6);
    let said = sentence(&study);
    assert!(said.starts_with("Block.4 scores higher than block.1, by ."), "{said}");
    assert!(said.contains("p < .001) over 89 units"), "{said}");
}

#[test]
fn the_best_value_leads_each_other_by_what_its_units_do() {
    let study = asks(Ask::Best("layer".to_owned()));
    let all = scores(&study);
    let means: Vec<f64> = all.iter().map(|one| mean(one)).collect();
    let best = (0..5).max_by(|&a, &b| means[a].total_cmp(&means[b])).expect("five");
    let Finding::Best { value, mean: of_best, units: 89, others } = finding(&study) else { panic!("the best") };
    assert_eq!(value, format!("block.{}", best + 1));
    close(of_best, means[best]);
    let mut apart: Vec<f64> = (0..5).filter(|&at| at != best).map(|at| means[best] - means[at]).collect();
    apart.sort_by(f64::total_cmp);
    assert_eq!(others.len(), 4);
    others.iter().zip(&apart).for_each(|(other, apart)| close(other.mean, *apart));
    // Holm: the smallest p counts for as many as there are.
    let least = others.iter().filter_map(|one| one.p).fold(f64::MAX, f64::min);
    let corrected = others.iter().filter_map(|one| one.adjusted).fold(f64::MAX, f64::min);
    close(corrected, (4.0 * least).min(1.0));
}

#[test]
fn a_trend_is_each_units_slope_over_the_order_of_the_sweep() {
    let study = asks(Ask::Trend("layer".to_owned()));
    let all = scores(&study);
    let slopes = (0..all[0].len()).map(|unit| {
        let y: Vec<f64> = all.iter().map(|layer| layer[unit]).collect();
        let xy: f64 = y.iter().enumerate().map(|(x, y)| x as f64 * y).sum();
        // Least squares over x = 0 … 4, whose mean is 2 and sum of squares about it 10.
        (xy - 5.0 * 2.0 * mean(&y)) / 10.0
    });
    let slopes: Vec<f64> = slopes.collect();
    let Finding::Trend { step, means } = finding(&study) else { panic!("a trend") };
    close(step.mean, mean(&slopes));
    assert_eq!(means.iter().map(|(value, _)| value.as_str()).next_back(), Some("block.5"));
    assert!(sentence(&study).starts_with("Explained variance rises along layer: by ."), "{}", sentence(&study));
}

#[test]
fn a_baseline_is_held_against_every_variant() {
    let study = asks(Ask::Against(Baseline::Published(0.406)));
    let all = scores(&study);
    let best = all.iter().map(|one| mean(one)).fold(f64::MIN, f64::max);
    let Finding::Against { mean: of_best, effects, .. } = finding(&study) else { panic!("a baseline") };
    close(of_best, best);
    close(effects[0].mean, best - 0.406);
    let own = asks(Ask::Against(Baseline::Scores("scores".to_owned(), study.plan.find("scores@layer=block.1"))));
    let Finding::Against { baseline, effects, .. } = finding(&own) else { panic!("a baseline") };
    close(baseline.1, mean(&all[0]));
    let itself = effects.iter().find(|one| one.name == "block.1").expect("block.1");
    close(itself.mean, 0.0);
    assert_eq!(itself.p, None);
}

#[test]
fn a_sweep_over_a_control_asks_by_itself() {
    let layers = vec!["trained".to_owned(), "random".to_owned()];
    let mut study = fixture(Options { layers, ..Options::default() });
    study.plan.sweep = vec![("layer".to_owned(), vec!["trained".into(), "random".into()])];
    let read = study.study();
    let question = derived(&Results::new(&read)).expect("a contrast");
    let [of, plus, minus] = ["layer", "trained", "random"].map(str::to_owned);
    assert_eq!(question.ask, Ask::Contrast { of, plus, minus, by: None });
    assert_eq!(question.of, study.plan.find("scores"));
    let said = sentence(&study);
    assert!(said.starts_with("Trained ") && said.contains("random"), "{said}");
    // Two layers are no contrast of anything with a control.
    study.plan.sweep = vec![("layer".to_owned(), vec!["block.1".into(), "block.2".into()])];
    let read = study.study();
    assert_eq!(derived(&Results::new(&read)), None);
}
