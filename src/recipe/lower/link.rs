//! Drafts → variants with edges: how often each node exists, in which order, and what each variant reads.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use serde_json::Value as Json;
use typed_index_collections::TiVec;

use crate::diagnostic::{Problems, listed, quoted};
use crate::plan::{Edge, NodeIndex};
use crate::recipe::lower::heads::Heads;
use crate::recipe::lower::node::Draft;
use crate::recipe::lower::ports::{Label, Pick, Slot, Target, Wire};
use crate::recipe::lower::suggest::suggest;
use crate::recipe::lower::sweep;
use crate::recipe::lower::sweep::{MAX_VARIANTS, Row, Sweep};
use crate::recipe::lower::variables::Variables;

/// A plan has at most this many nodes, and ten times as many edges.
const MAX_NODES: usize = 100_000;

/// One variant of a node.
pub struct Placed {
    /// The node's position among the heads.
    pub node: usize,
    pub row: Row,
    /// Absent where they are wrong.
    pub params: Option<Json>,
    /// The keys of its keyed output, where they are known.
    entries: Option<Vec<String>>,
    pub edges: Vec<Edge>,
}

/// Every variant of every node.
pub struct Linked {
    /// In an order in which every variant comes after what it reads.
    pub placed: TiVec<NodeIndex, Placed>,
    /// The swept variables that each node varies with, ascending.
    pub varies: Vec<Vec<usize>>,
    /// The variants of each node, by row; none for nodes that could not be placed.
    pub variants: Vec<Variants>,
}

/// The variants of one node.
#[derive(Default)]
pub struct Variants {
    /// In the sweep's order.
    pub all: Vec<NodeIndex>,
    by_row: HashMap<Row, NodeIndex>,
}

/// Places every node that can be placed and reports why others cannot.
pub fn link(heads: &Heads<'_>, drafts: &[Draft<'_>], variables: &Variables, problems: &mut Problems) -> Linked {
    let order = order(heads, drafts, problems);
    let mut linked = Linked {
        placed: TiVec::new(),
        varies: vec![Vec::new(); drafts.len()],
        variants: drafts.iter().map(|_| Variants::default()).collect(),
    };
    let mut edges = 0;
    for node in order {
        let varies = varies(&drafts[node], &linked.varies);
        let Some(rows) = variables.sweep.project(&varies) else {
            let names = varies.iter().map(|&variable| variables.sweep.variables[variable].name.as_str());
            let message = format!("{} would exist more than {MAX_VARIANTS} times", quoted(heads.all[node].name));
            problems.error(heads.all[node].place.clone(), message).help(format!("it varies with {}", listed(names)));
            continue;
        };
        linked.varies[node] = varies;
        for row in rows {
            if linked.placed.len() >= MAX_NODES || edges > 10 * MAX_NODES {
                let message =
                    format!("from here on there are more than {MAX_NODES} nodes, variants counted, or too many edges");
                problems.error(heads.all[node].place.clone(), message).help("sweep over less");
                return linked;
            }
            let placed = Linker { heads, variables, linked: &linked }.place(node, &drafts[node], row, problems);
            edges += placed.edges.len();
            let index = linked.placed.next_key();
            linked.variants[node].all.push(index);
            linked.variants[node].by_row.insert(placed.row.clone(), index);
            linked.placed.push(placed);
        }
    }
    linked
}

/// Needs first, else as the recipe has it. Nodes in a cycle, which is reported, and what reads them are left out.
fn order(heads: &Heads<'_>, drafts: &[Draft<'_>], problems: &mut Problems) -> Vec<usize> {
    let needs: Vec<BTreeSet<usize>> =
        drafts.iter().map(|draft| targets(draft).map(|target| target.node).collect()).collect();
    let mut missing: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for (reader, needs) in needs.iter().enumerate() {
        needs.iter().for_each(|&need| readers[need].push(reader));
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..drafts.len()).filter(|&at| missing[at] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(drafts.len());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for &reader in &readers[node] {
            missing[reader] -= 1;
            if missing[reader] == 0 {
                ready.push(Reverse(reader));
            }
        }
    }
    report_cycles(heads, drafts, &needs, &missing, problems);
    order
}

/// Every node that waits leads to a cycle when one follows what it waits for; each cycle is told once.
fn report_cycles(
    heads: &Heads<'_>,
    drafts: &[Draft<'_>],
    needs: &[BTreeSet<usize>],
    missing: &[usize],
    problems: &mut Problems,
) {
    let mut seen_in_walk = vec![usize::MAX; needs.len()];
    for start in (0..needs.len()).filter(|&at| missing[at] > 0) {
        let mut path = Vec::new();
        let mut at = start;
        while seen_in_walk[at] == usize::MAX {
            seen_in_walk[at] = start;
            path.push(at);
            at = *needs[at].iter().find(|&&need| missing[need] > 0).expect("a node that waits waits for another");
        }
        if seen_in_walk[at] != start {
            continue;
        }
        let from = path.iter().position(|&node| node == at).expect("the walk came back to where it has been");
        let mut cycle = path.split_off(from);
        let first = cycle.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(at, _)| at);
        cycle.rotate_left(first);
        let next = cycle[1 % cycle.len()];
        let wire = wires(&drafts[cycle[0]]).find(|wire| wire.targets.values().flatten().any(|t| t.node == next));
        let place = wire.map_or(heads.all[cycle[0]].place.clone(), |wire| wire.tree.place.clone());
        let names: Vec<String> =
            cycle.iter().chain(&cycle[..1]).take(12).map(|&node| quoted(heads.all[node].name)).collect();
        let message = match cycle.len() {
            1 => format!("{} reads itself", names[0]),
            _ => format!("{} reads itself in a cycle: {}", names[0], names.join(" reads ")),
        };
        problems.error(place, message).help("results flow one way; cut one of these references");
    }
}

fn wires<'d, 't>(draft: &'d Draft<'t>) -> impl Iterator<Item = &'d Wire<'t>> {
    draft.slots.iter().flat_map(|slot| &slot.wires)
}

fn targets<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = &'d Target> {
    wires(draft).flat_map(|wire| wire.targets.values().flatten())
}

/// The swept variables that a node uses itself or through an edge.
fn varies(draft: &Draft<'_>, known: &[Vec<usize>]) -> Vec<usize> {
    let mut varies: Vec<usize> = draft.uses.clone();
    for target in targets(draft) {
        varies.extend(known[target.node].iter().filter(|&&variable| !target.pick.settles(variable)));
    }
    varies.sort_unstable();
    varies.dedup();
    varies
}

struct Linker<'a, 't> {
    heads: &'a Heads<'t>,
    variables: &'a Variables,
    /// What is placed already, which holds everything that this node reads.
    linked: &'a Linked,
}

impl Linker<'_, '_> {
    fn place(&self, node: usize, draft: &Draft<'_>, row: Row, problems: &mut Problems) -> Placed {
        let params = draft.params.by_row.get(&sweep::restrict(&row, &draft.params.uses)).cloned().flatten();
        let kind = self.heads.all[node].kind;
        let keyed = kind.filter(|kind| kind.outputs.iter().any(|output| output.keyed.is_some()));
        let entries = keyed.zip(params.as_ref()).map(|(kind, params)| kind.entries(params));
        let mut edges = Vec::new();
        for slot in &draft.slots {
            for wire in &slot.wires {
                self.connect(slot, wire, &row, &mut edges, problems);
            }
        }
        Placed { node, row, params, entries, edges }
    }

    fn connect(&self, slot: &Slot<'_>, wire: &Wire<'_>, row: &Row, edges: &mut Vec<Edge>, problems: &mut Problems) {
        let Some(Some(target)) = wire.targets.get(&sweep::restrict(row, &wire.uses)) else { return };
        let free = self.free(target, wire, problems);
        for from in self.find(target, &free, row, wire, problems) {
            let label = label(&wire.label, target, &free, &self.linked.placed[from].row, &self.variables.sweep);
            let key = self.key(target, from, problems);
            let (port, output) = (slot.input.name.to_owned(), target.output.name.to_owned());
            edges.push(Edge { port, label, from, output, key, ty: target.output.ty });
        }
    }

    /// The variables along which all variants are meant.
    fn free(&self, target: &Target, wire: &Wire<'_>, problems: &mut Problems) -> Vec<usize> {
        let varies = &self.linked.varies[target.node];
        let name = self.heads.all[target.node].name;
        let names = || varies.iter().map(|&variable| self.variables.sweep.variables[variable].name.as_str());
        match &target.pick {
            Pick::Same => Vec::new(),
            Pick::All => {
                if varies.is_empty() {
                    problems
                        .warning(wire.tree.place.clone(), format!("`{name}` has no variants; `@*` means it alone"))
                        .help("a node has variants where it uses a variable under `sweep:`, itself or through what it reads");
                }
                varies.clone()
            }
            Pick::Chosen(choices) => {
                for (variable, _) in choices.iter().filter(|(variable, _)| !varies.contains(variable)) {
                    let swept = &self.variables.sweep.variables[*variable].name;
                    let problem =
                        problems.error(wire.tree.place.clone(), format!("`{name}` does not vary with `{swept}`"));
                    match varies.is_empty() {
                        true => problem.help(format!("it has no variants: write `{}`", target.base)),
                        false => problem.help(format!("it varies with {}", listed(names()))),
                    };
                }
                choices.iter().filter(|(_, value)| value.is_none()).map(|(variable, _)| *variable).collect()
            }
        }
    }

    /// The variants that are meant.
    fn find(
        &self,
        target: &Target,
        free: &[usize],
        row: &Row,
        wire: &Wire<'_>,
        problems: &mut Problems,
    ) -> Vec<NodeIndex> {
        let chosen = |variable| match &target.pick {
            Pick::Chosen(choices) => choices.iter().find(|(of, _)| *of == variable).and_then(|(_, value)| *value),
            Pick::Same | Pick::All => None,
        };
        let bound: Row = self.linked.varies[target.node]
            .iter()
            .filter(|variable| !free.contains(variable))
            .filter_map(|&variable| Some((variable, chosen(variable).or_else(|| sweep::at(row, variable))?)))
            .collect();
        let variants = &self.linked.variants[target.node];
        let found: Vec<NodeIndex> = if free.is_empty() {
            variants.by_row.get(&bound).copied().into_iter().collect()
        } else {
            let agrees = |index: &NodeIndex| {
                let row = &self.linked.placed[*index].row;
                bound.iter().all(|&(variable, value)| sweep::at(row, variable) == Some(value))
            };
            variants.all.iter().copied().filter(agrees).collect()
        };
        if found.is_empty() && !variants.all.is_empty() {
            let variant = self.variables.sweep.variant(&bound);
            let text = variant.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",");
            let name = self.heads.all[target.node].name;
            problems
                .error(wire.tree.place.clone(), format!("`{name}` has no variant {}", quoted(&text)))
                .help("the sweep lists the combinations that exist, and this is none of them");
        }
        found
    }

    /// The key of an edge from a keyed output, which must be an entry that exists.
    fn key(&self, target: &Target, from: NodeIndex, problems: &mut Problems) -> Option<String> {
        let entries = self.linked.placed[from].entries.as_deref().unwrap_or_default();
        let Some(keyed) = target.output.keyed.filter(|_| !entries.is_empty()) else { return target.key.clone() };
        let name = self.heads.all[target.node].name;
        match (&target.key, entries) {
            (None, [one]) => return Some(one.clone()),
            (None, [first, ..]) => {
                let all = listed(entries.iter().map(String::as_str));
                problems
                    .error(
                        target.key_place.clone(),
                        format!("`{}` has a {keyed} of its own for each of {all}", target.base),
                    )
                    .help(format!("name one, as in `{}[{first}]`", target.base));
            }
            (Some(key), _) if !entries.contains(key) => {
                let message = format!("`{name}` has no {keyed} {}", quoted(key));
                let problem = problems.error(target.key_place.clone(), message);
                suggest(problem, key, entries.iter().map(String::as_str), "it has");
            }
            _ => {}
        }
        target.key.clone()
    }
}

/// What tells an edge from others at its port.
fn label(label: &Label, target: &Target, free: &[usize], from: &Row, sweep: &Sweep) -> Vec<(String, Json)> {
    let named = |text: &str| ("label".to_owned(), Json::String(text.to_owned()));
    let over = free
        .iter()
        .filter_map(|&variable| Some((sweep.variables[variable].name.clone(), sweep.label(from, variable)?)));
    let own = match label {
        Label::None => return Vec::new(),
        Label::Alone | Label::Listed if free.is_empty() => Some(named(&full(target, sweep))),
        Label::Alone => None,
        Label::Listed => Some(named(&target.base)),
        Label::Given(label) => Some(named(label)),
    };
    own.into_iter().chain(over).collect()
}

/// The reference's text with its variant.
fn full(target: &Target, sweep: &Sweep) -> String {
    let Pick::Chosen(choices) = &target.pick else { return target.base.clone() };
    let row: Row = choices.iter().filter_map(|(variable, value)| Some((*variable, (*value)?))).collect();
    let variant = sweep.variant(&row).into_iter().map(|(name, value)| format!("{name}={value}"));
    format!("{}@{}", target.base, variant.collect::<Vec<_>>().join(","))
}
