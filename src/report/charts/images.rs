//! A contact sheet of stimuli: thumbnails inside the page.

use std::fmt::Write;

use crate::kind::Role;
use crate::kind::chart::Described;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::Nothing;
use crate::report::charts::pictures::{SIDE, is_private, spaced, thumbnails};
use crate::report::draw::figure::{Figure, Panel, Picture};
use crate::report::draw::number::{count, counted};
use crate::report::draw::svg::escape;
use crate::value::images::Images;
use crate::value::labels::Labels;
use crate::value::ty::Type;

/// Stimuli at even distances through all of them.
pub struct ContactSheet;

impl Described for ContactSheet {
    const NAME: &'static str = "images";
    const ABOUT: &'static str = "Stimuli at even distances through all of them.";
    const DRAWS: &'static [Role] = &[Role::Pictures];
    const USUAL: &'static [Role] = &[Role::Pictures];
    type Options = Nothing;
}

impl Draw for ContactSheet {
    fn draw(view: &View<'_>, _: &Nothing) -> Option<Figure> {
        figure(view)
    }
}

fn figure(view: &View<'_>) -> Option<Figure> {
    let (results, node, port) = (view.results, view.first(), view.port);
    let ports = || results.node(node).kind.outputs.iter();
    let port = ports().find(|out| out.ty == Type::Images && port.is_none_or(|port| port == out.name))?;
    let stored = *results.outputs(node, port.name).first()?;
    let images = results.images(stored)?;
    if images.is_empty() {
        return None;
    }
    let labels = ports()
        .filter(|out| out.ty == Type::Labels)
        .find_map(|out| results.labels(*results.outputs(node, out.name).first()?));
    let rows = spaced(images.len());
    let shown = rows.len();
    let mut sheet = String::from("<ul class=\"sheet\">");
    let mut pictures = Vec::new();
    let failure = thumbnails(&images, results.study.sources, &rows).map(|uris| {
        for (&row, uri) in rows.iter().zip(&uris) {
            cell(&mut sheet, &images, labels.as_ref(), row, uri);
        }
        pictures = uris.into_iter().map(|address| Picture { address, below: String::new() }).collect();
    });
    sheet.push_str("</ul>");
    let private = is_private(results, node, &images);
    let (height, width) = images.about.size;
    let mut caption = format!("{} of {}, evenly spaced", count(shown), counted(images.len(), "stimulus"));
    let _ = write!(caption, "; networks see them at {width} × {height} pixels.");
    if private {
        caption += " Private: published pages leave them out.";
    }
    let panel = match failure {
        Ok(()) => Panel { wide: sheet, pictures, ..Panel::default() },
        Err(problem) => {
            caption = format!("{} not shown: {problem}.", counted(images.len(), "stimulus"));
            Panel::default()
        }
    };
    Some(Figure {
        title: view.title(|| "Example stimuli".to_owned()),
        panels: vec![panel],
        layout: "one",
        caption,
        nodes: vec![node],
        private,
        ..Figure::default()
    })
}

fn cell(sheet: &mut String, images: &Images, labels: Option<&Labels>, row: usize, uri: &str) {
    let stimulus = images.about.stimuli.get(row);
    let label = labels.and_then(|labels| {
        let at = labels.stimuli.iter().position(|s| s.source == stimulus.source && s.name == stimulus.name)?;
        labels.object.get(at).cloned()
    });
    let alt = match &label {
        Some(label) => format!("{}: {label}", stimulus.name),
        None => stimulus.name.to_string(),
    };
    let _ = write!(
        sheet,
        "<li><img src=\"{uri}\" alt=\"{}\" title=\"{}\" width=\"{SIDE}\" height=\"{SIDE}\"></li>",
        escape(&alt),
        escape(&alt)
    );
}
