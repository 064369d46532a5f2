//! The DAG as a picture: a box per node name with its variants in it, laid out in layers.
//!
//! Layers by longest path; edges that skip layers pass through places of their own, so that they run beside boxes
//! and not through them; order within a layer by the mean place of neighbours, swept both ways (Sugiyama, Tagawa and
//! Toda 1981).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use typed_index_collections::TiVec;

use crate::plan::NodeIndex;
use crate::report::draw::number::{count, seconds};
use crate::report::draw::svg::{escape, shortened};
use crate::report::read::status::{Family, Status, families};
use crate::report::read::study::Study;

/// Beyond these a picture says less than the list below it.
const BOXES: usize = 150;

/// Which way the layers follow one another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Right,
    Down,
}

/// A box, or the place where an edge passes a layer.
struct Place {
    layer: usize,
    /// The family; none where an edge passes.
    family: Option<usize>,
    /// The middle across the flow, in pixels.
    across: f64,
}

struct Layout {
    places: Vec<Place>,
    /// Chains of places from reader's needs to reader.
    edges: Vec<Vec<usize>>,
    layers: Vec<Vec<usize>>,
}

/// Sizes in pixels: a box along and across the flow, gaps between layers and between boxes, room for a passing edge.
struct Sizes {
    along: f64,
    across: f64,
    layer_gap: f64,
    gap: f64,
    pass: f64,
}

const RIGHT: Sizes = Sizes { along: 128.0, across: 62.0, layer_gap: 44.0, gap: 16.0, pass: 10.0 };
const DOWN: Sizes = Sizes { along: 60.0, across: 106.0, layer_gap: 30.0, gap: 10.0, pass: 8.0 };

/// The DAG as an SVG element; none where it is too large to be read.
pub fn picture(study: &Study<'_>, flow: Flow) -> Option<String> {
    let families = families(&study.plan.nodes);
    if families.is_empty() || families.len() > BOXES {
        return None;
    }
    let sizes = if flow == Flow::Right { RIGHT } else { DOWN };
    let layout = lay_out(study, &families, &sizes);
    Some(draw(study, &families, &layout, &sizes, flow))
}

fn lay_out(study: &Study<'_>, families: &[Family<'_>], sizes: &Sizes) -> Layout {
    let mut of_node: TiVec<NodeIndex, usize> = vec![0; study.plan.nodes.len()].into();
    for (at, family) in families.iter().enumerate() {
        for &node in &family.nodes {
            of_node[node] = at;
        }
    }
    let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut layer = vec![0usize; families.len()];
    for (reader, node) in study.plan.nodes.iter_enumerated() {
        for edge in &node.edges {
            let (from, to) = (of_node[edge.from], of_node[reader]);
            if from != to {
                pairs.insert((from, to));
            }
        }
    }
    // As many rounds as a path can be long; one more would change nothing in a DAG.
    for _ in 0..families.len() {
        let before = layer.clone();
        for &(from, to) in &pairs {
            layer[to] = layer[to].max(layer[from] + 1).min(families.len() - 1);
        }
        if before == layer {
            break;
        }
    }
    let mut places: Vec<Place> =
        layer.iter().enumerate().map(|(at, &layer)| Place { layer, family: Some(at), across: 0.0 }).collect();
    let mut edges = Vec::new();
    for &(from, to) in &pairs {
        let mut chain = vec![from];
        for layer in layer[from] + 1..layer[to] {
            chain.push(places.len());
            places.push(Place { layer, family: None, across: 0.0 });
        }
        chain.push(to);
        edges.push(chain);
    }
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); layer.iter().max().map_or(1, |most| most + 1)];
    for (at, place) in places.iter().enumerate() {
        layers[place.layer].push(at);
    }
    let mut layout = Layout { places, edges, layers };
    order(&mut layout);
    spread(&mut layout, sizes);
    layout
}

/// The places before and after each place.
fn neighbours(layout: &Layout) -> (BTreeMap<usize, Vec<usize>>, BTreeMap<usize, Vec<usize>>) {
    let (mut before, mut after): (BTreeMap<usize, Vec<usize>>, BTreeMap<usize, Vec<usize>>) = Default::default();
    for step in layout.edges.iter().flat_map(|chain| chain.windows(2)) {
        after.entry(step[0]).or_default().push(step[1]);
        before.entry(step[1]).or_default().push(step[0]);
    }
    (before, after)
}

fn order(layout: &mut Layout) {
    let (before, after) = neighbours(layout);
    let mut rank = vec![0.0; layout.places.len()];
    let number = |layers: &[Vec<usize>], rank: &mut Vec<f64>| {
        for layer in layers {
            for (at, &place) in layer.iter().enumerate() {
                rank[place] = at as f64 - (layer.len() as f64 - 1.0) / 2.0;
            }
        }
    };
    number(&layout.layers, &mut rank);
    for sweep in 0..8 {
        let forward = sweep % 2 == 0;
        let sides = if forward { &before } else { &after };
        for step in 0..layout.layers.len() {
            let at = if forward { step } else { layout.layers.len() - 1 - step };
            let mean = |place: &usize| {
                let near = sides.get(place).map_or(&[][..], Vec::as_slice);
                if near.is_empty() {
                    rank[*place]
                } else {
                    near.iter().map(|n| rank[*n]).sum::<f64>() / near.len() as f64
                }
            };
            let mut keyed: Vec<(f64, usize)> = layout.layers[at].iter().map(|place| (mean(place), *place)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            layout.layers[at] = keyed.into_iter().map(|(_, place)| place).collect();
            number(&layout.layers[at..=at], &mut rank);
        }
    }
}

/// Draws places towards their neighbours as far as those beside them leave room.
fn spread(layout: &mut Layout, sizes: &Sizes) {
    let (before, after) = neighbours(layout);
    let half = |place: &Place| if place.family.is_some() { sizes.across / 2.0 } else { sizes.pass / 2.0 };
    for layer in &layout.layers {
        let total: f64 = layer.iter().map(|&at| 2.0 * half(&layout.places[at]) + sizes.gap).sum();
        let mut next = -total / 2.0;
        for &at in layer {
            let half = half(&layout.places[at]);
            layout.places[at].across = next + half + sizes.gap / 2.0;
            next += 2.0 * half + sizes.gap;
        }
    }
    for round in 0..24 {
        for layer in &layout.layers {
            for step in 0..layer.len() {
                let at = if round % 2 == 0 { step } else { layer.len() - 1 - step };
                let place = layer[at];
                let near: Vec<f64> = [&before, &after]
                    .iter()
                    .flat_map(|side| side.get(&place).map_or(&[][..], Vec::as_slice))
                    .map(|&n| layout.places[n].across)
                    .collect();
                if near.is_empty() {
                    continue;
                }
                let wish = near.iter().sum::<f64>() / near.len() as f64;
                let mine = half(&layout.places[place]) + sizes.gap;
                let low = at.checked_sub(1).map_or(f64::NEG_INFINITY, |a| {
                    let other = &layout.places[layer[a]];
                    other.across + half(other) + mine
                });
                let high = layer.get(at + 1).map_or(f64::INFINITY, |&b| {
                    let other = &layout.places[b];
                    other.across - half(other) - mine
                });
                if low <= high {
                    layout.places[place].across = wish.clamp(low, high);
                }
            }
        }
    }
}

fn draw(study: &Study<'_>, families: &[Family<'_>], layout: &Layout, sizes: &Sizes, flow: Flow) -> String {
    let half = |place: &Place| if place.family.is_some() { sizes.across / 2.0 } else { sizes.pass / 2.0 };
    let low = layout.places.iter().map(|p| p.across - half(p)).fold(f64::INFINITY, f64::min) - 6.0;
    let high = layout.places.iter().map(|p| p.across + half(p)).fold(f64::NEG_INFINITY, f64::max) + 6.0;
    let along = |layer: usize| 6.0 + layer as f64 * (sizes.along + sizes.layer_gap);
    let end = along(layout.layers.len() - 1) + sizes.along + 6.0;
    let turn = |along: f64, across: f64| match flow {
        Flow::Right => (along, across - low),
        Flow::Down => (across - low, along),
    };
    let (width, height) = turn(end, high);
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg class=\"dag {}\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         role=\"group\" aria-label=\"{}\">",
        if flow == Flow::Right { "wide" } else { "narrow" },
        escape(&alt(study, families))
    );
    for chain in &layout.edges {
        let mut path = String::new();
        for (step, &at) in chain.iter().enumerate() {
            let place = &layout.places[at];
            let (enter, leave) = (along(place.layer), along(place.layer) + sizes.along);
            if step == 0 {
                let (x, y) = turn(leave, place.across);
                let _ = write!(path, "M{x:.1} {y:.1}");
                continue;
            }
            let previous = &layout.places[chain[step - 1]];
            let from = along(previous.layer) + sizes.along;
            let bend = from + (enter - from) * 0.5;
            let ((ax, ay), (bx, by)) = (turn(bend, previous.across), turn(bend, place.across));
            let (x, y) = turn(enter, place.across);
            let _ = write!(path, "C{ax:.1} {ay:.1} {bx:.1} {by:.1} {x:.1} {y:.1}");
            if step + 1 < chain.len() {
                let (x, y) = turn(leave, place.across);
                let _ = write!(path, "L{x:.1} {y:.1}");
            }
        }
        let _ = write!(out, "<path class=\"edge\" d=\"{path}\"/>");
    }
    for place in &layout.places {
        let Some(family) = place.family.map(|at| &families[at]) else { continue };
        let (a, b) = (turn(along(place.layer), place.across - sizes.across / 2.0), sizes);
        let (w, h) = if flow == Flow::Right { (b.along, b.across) } else { (b.across, b.along) };
        boxed(&mut out, study, family, a, (w, h));
    }
    out.push_str("</svg>");
    out
}

fn boxed(out: &mut String, study: &Study<'_>, family: &Family<'_>, (x, y): (f64, f64), (w, h): (f64, f64)) {
    let status = family.status(study);
    let first = family.nodes[0];
    let variants = family.nodes.len();
    let of_that = family.nodes.iter().filter(|&&node| Status::of(study, node) == status).count();
    let mut third = if status == Status::Done { seconds(family.seconds(study)) } else { status.name().to_owned() };
    if status != Status::Done && variants > 1 {
        third = format!("{of_that} of {variants} {third}");
    } else if variants > 1 {
        third = format!("{variants} × · {third}");
    }
    let title = format!("{}: {}, {}", family.name, family.kind, third);
    let _ = write!(
        out,
        "<a href=\"#n{first}\" class=\"box {}\" data-name=\"{}\"><title>{}</title>",
        status.name(),
        escape(family.name),
        escape(&title)
    );
    if variants > 1 {
        let _ = write!(
            out,
            "<rect class=\"behind\" x=\"{:.1}\" y=\"{:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"6\"/>",
            x + 4.0,
            y - 4.0
        );
    }
    let _ = write!(out, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"6\"/>");
    let _ = write!(
        out,
        "<rect class=\"bar\" x=\"{x:.1}\" y=\"{:.1}\" width=\"4\" height=\"{:.1}\" rx=\"2\"/>",
        y + 6.0,
        h - 12.0
    );
    let lines = [("name", 13.0, family.name), ("kind", 11.5, family.kind), ("when", 11.5, third.as_str())];
    for (at, (class, size, text)) in lines.into_iter().enumerate() {
        let _ = write!(
            out,
            "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" font-size=\"{size}\">{}</text>",
            x + 13.0,
            y + h / 2.0 - 13.0 + 17.0 * at as f64,
            escape(&shortened(text, size, w - 20.0))
        );
    }
    out.push_str("</a>");
}

fn alt(study: &Study<'_>, families: &[Family<'_>]) -> String {
    let listed = families.iter().take(40).map(|family| {
        let variants =
            if family.nodes.len() > 1 { format!(" in {} variants", count(family.nodes.len())) } else { String::new() };
        format!("{} ({}{variants}) {}", family.name, family.kind, family.status(study).name())
    });
    format!("The study as a graph: {}.", listed.collect::<Vec<_>>().join(", "))
}
