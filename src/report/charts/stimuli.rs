//! The stimuli that a model predicts best and worst.

use crate::kind::Role;
use crate::kind::chart::Described;
use crate::plan::NodeIndex;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::Nothing;
use crate::report::charts::pictures;
use crate::report::draw::data::{Data, cell};
use crate::report::draw::figure::{Figure, Panel, Picture};
use crate::report::draw::number::{count, score};
use crate::report::draw::svg::escape;
use crate::report::read::best::evaluation_of;
use crate::report::read::results::Results;
use crate::report::read::scored::{Scored, identity, scored};
use crate::report::read::status::told;
use crate::value::images::Images;
use crate::value::responses::Responses;
use crate::value::stimuli::Stimulus;
use crate::value::ty::Type;

/// So many of each.
const EACH: usize = 8;

/// A stimulus with its error, the mean over units of squared residuals in units of each unit's variance.
struct Judged {
    response: usize,
    error: f64,
}

/// The stimuli that a model predicts best and worst.
pub struct Stimuli;

impl Described for Stimuli {
    const NAME: &'static str = "stimuli";
    const ABOUT: &'static str = "The stimuli that a model predicts best and worst.";
    const DRAWS: &'static [Role] = &[Role::Predictions];
    type Options = Nothing;
}

impl Draw for Stimuli {
    fn draw(view: &View<'_>, _: &Nothing) -> Option<Figure> {
        figure(view.results, evaluation_of(view.results, view.nodes)?, view.title)
    }
}

/// Pictures of an evaluation's best and worst predicted stimuli, where its pictures are known.
fn figure(results: &Results<'_>, node: NodeIndex, title: Option<&str>) -> Option<Figure> {
    let scores = results.of_role(node, Role::Scores);
    let scored = scored(results, node, scores.as_deref())?;
    let (judged, names) = results.with_responses(node, |responses| {
        let judged = judge(&scored, responses);
        let names: Vec<Stimulus> = judged.iter().map(|one| responses.stimuli().get(one.response).clone()).collect();
        (judged, names)
    })?;
    if judged.len() < 2 * EACH {
        return None;
    }
    let (source, images) = pictured(results, &names[0])?;
    let places = crate::report::read::scored::index(&images.about.stimuli);
    let at = |pick: usize| Some((places.get(&identity(&names[pick])).copied()?, &names[pick], judged[pick].error));
    let best: Vec<_> = (0..EACH).filter_map(at).collect();
    let worst: Vec<_> = (0..EACH).map(|back| judged.len() - 1 - back).filter_map(at).collect();
    let rows: Vec<usize> = best.iter().chain(&worst).map(|one| one.0).collect();
    let uris = pictures::thumbnails(&images, results.study.sources, &rows).ok()?;
    let sheet = |picks: &[(usize, &Stimulus, f64)], uris: &[String]| {
        let cells = picks.iter().zip(uris).map(|((_, stimulus, error), uri)| {
            let name = escape(&stimulus.name);
            let error = score(*error);
            format!("<li><img src=\"{uri}\" alt=\"{name}, error {error}\" title=\"{name}\" width=\"96\" height=\"96\"><span>{error}</span></li>")
        });
        format!("<ul class=\"sheet\">{}</ul>", cells.collect::<String>())
    };
    let panel = |heading: &str, picks: &[(usize, &Stimulus, f64)], uris: &[String]| Panel {
        heading: heading.to_owned(),
        wide: sheet(picks, uris),
        pictures: uris
            .iter()
            .zip(picks)
            .map(|(address, (_, _, error))| Picture { address: address.clone(), below: score(*error) })
            .collect(),
        ..Panel::default()
    };
    let panels = vec![
        panel("Predicted best", &best, &uris[..best.len()]),
        panel("Predicted worst", &worst, &uris[best.len()..]),
    ];
    let mut data = Data::of(["stimulus", "error"]);
    for (one, stimulus) in judged.iter().zip(&names) {
        data.row([stimulus.name.to_string(), cell(one.error)]);
    }
    let id = &results.node(node).id;
    let of = told(id);
    let private = pictures::is_private(results, source, &images);
    let mut caption = format!("{EACH} of the {} {} stimuli each, with their errors.", count(judged.len()), scored.part);
    if private {
        caption += " Private: published pages leave them out.";
    }
    Some(Figure {
        title: title.map_or_else(|| format!("Stimuli predicted best and worst{of}"), str::to_owned),
        panels,
        layout: "pair",
        data,
        caption,
        definition:
            "Error of a stimulus: the mean over units of (y − ŷ)² / Var(y), with each unit's variance over the \
                     scored stimuli; 1 is as good as predicting the mean."
                .to_owned(),
        nodes: vec![node],
        private,
        ..Figure::default()
    })
}

/// The scored stimuli in the order of their errors.
fn judge(scored: &Scored, responses: &Responses) -> Vec<Judged> {
    let mut errors = vec![(0.0, 0usize); scored.rows.len()];
    for (column, unit) in responses.units().iter().enumerate() {
        let predicted = scored.columns(responses, unit);
        let pairs: Vec<Option<(f64, f64)>> = scored
            .rows
            .iter()
            .map(|&(response, matrix, row)| {
                let y = f64::from(responses.mean[(response, column)]);
                let x = f64::from(scored.predictions[matrix].view()[(row, predicted[matrix]?)]);
                (x.is_finite() && y.is_finite()).then_some((x, y))
            })
            .collect();
        let known: Vec<f64> = pairs.iter().flatten().map(|pair| pair.1).collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let variance = known.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / known.len().max(1) as f64;
        if variance <= 0.0 {
            continue;
        }
        for (error, pair) in errors.iter_mut().zip(&pairs) {
            if let Some((x, y)) = pair {
                error.0 += (y - x).powi(2) / variance;
                error.1 += 1;
            }
        }
    }
    let all = scored.rows.iter().zip(errors).filter(|(_, (_, units))| *units > 0);
    let mut judged: Vec<Judged> =
        all.map(|(row, (sum, units))| Judged { response: row.0, error: sum / units as f64 }).collect();
    judged.sort_by(|a, b| a.error.total_cmp(&b.error).then(a.response.cmp(&b.response)));
    judged
}

/// The node whose pictures a stimulus is among.
fn pictured(results: &Results<'_>, stimulus: &Stimulus) -> Option<(NodeIndex, Images)> {
    results.study.plan.nodes.keys().find_map(|node| {
        let images =
            results.all_outputs(node).filter(|stored| stored.ty == Type::Images).find_map(|s| results.images(s))?;
        images.about.stimuli.iter().any(|known| identity(known) == identity(stimulus)).then_some((node, images))
    })
}
