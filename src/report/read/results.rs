//! The study's values at hand: outputs of nodes, read once, and what each edge leads to.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::digest::Digest;
use crate::engine::record::Stored;
use crate::kind::Role;
use crate::plan::{Node, NodeIndex};
use crate::report::draw::medium::Medium;
use crate::report::read::grid::Grid;
use crate::report::read::measure::Measures;
use crate::report::read::study::Study;
use crate::value::Value;
use crate::value::images::Images;
use crate::value::labels::Labels;
use crate::value::matrix::Matrix;
use crate::value::rdm::Rdm;
use crate::value::responses::Responses;
use crate::value::split::Split;
use crate::value::ty::Type;

/// Reads values of a study and remembers them, and what could not be read.
pub struct Results<'a> {
    pub study: &'a Study<'a>,
    values: RefCell<HashMap<Digest, Option<Rc<Value>>>>,
    grids: RefCell<HashMap<Digest, Option<Rc<Grid>>>>,
    problems: RefCell<Vec<String>>,
    pub measures: Measures,
    /// What charts of them are drawn for.
    pub medium: Medium,
}

impl<'a> Results<'a> {
    /// Results of which nothing has been read.
    pub fn new(study: &'a Study<'a>) -> Self {
        Self {
            study,
            values: RefCell::default(),
            grids: RefCell::default(),
            problems: RefCell::default(),
            measures: Measures::of(study.plan),
            medium: Medium::Page,
        }
    }

    /// The same for charts of another medium.
    pub fn printed(study: &'a Study<'a>, medium: Medium) -> Self {
        Self { medium, ..Self::new(study) }
    }

    /// A node of the plan.
    pub fn node(&self, at: NodeIndex) -> &'a Node {
        &self.study.plan.nodes[at]
    }

    /// The outputs of a node; none where it has no current result, or has dropped them (`keep: false`).
    pub fn all_outputs(&self, node: NodeIndex) -> impl Iterator<Item = &'a Stored> {
        let keep = self.node(node).keep;
        let objects = self.study.objects;
        let outcome = self.study.outcomes.get(node).into_iter();
        outcome.flat_map(|outcome| outcome.outputs()).filter(move |stored| keep || objects.has(stored))
    }

    /// The outputs stored at a port, of all keys.
    pub fn outputs(&self, node: NodeIndex, port: &str) -> Vec<&'a Stored> {
        self.all_outputs(node).filter(|stored| stored.port == port).collect()
    }

    /// The outputs that arrive at an input port, with the nodes that made them.
    pub fn arrivals(&self, node: NodeIndex, port: &str) -> Vec<(NodeIndex, &'a Stored)> {
        let edges = self.node(node).edges.iter().filter(|edge| edge.port == port);
        edges
            .flat_map(|edge| {
                let stored = self.outputs(edge.from, &edge.output).into_iter();
                stored.filter(|stored| edge.key.is_none() || edge.key == stored.key).map(|stored| (edge.from, stored))
            })
            .collect()
    }

    /// A stored value; none where it does not read, which is told once in `problems`.
    pub fn value(&self, stored: &Stored) -> Option<Rc<Value>> {
        if let Some(known) = self.values.borrow().get(&stored.digest) {
            return known.clone();
        }
        let value = match self.study.objects.value(stored) {
            Ok(value) => Some(Rc::new(value)),
            Err(error) => {
                // The path is of this machine and says nothing to a reader; the digest does.
                let text = format!("`{}` ({}) does not read: {}", stored.name(), stored.digest.short(), error.problem);
                self.problems.borrow_mut().push(text);
                None
            }
        };
        self.values.borrow_mut().insert(stored.digest, value.clone());
        value
    }

    /// A stored table.
    pub fn grid(&self, stored: &Stored) -> Option<Rc<Grid>> {
        if stored.ty != Type::Table {
            return None;
        }
        if let Some(known) = self.grids.borrow().get(&stored.digest) {
            return known.clone();
        }
        let grid = self.value(stored).and_then(|value| match &*value {
            Value::Table(table) => Some(Rc::new(Grid::of(table, self.measures.clone()))),
            _ => None,
        });
        self.grids.borrow_mut().insert(stored.digest, grid.clone());
        grid
    }

    /// The table at a port that is not keyed.
    pub fn table(&self, node: NodeIndex, port: &str) -> Option<Rc<Grid>> {
        self.outputs(node, port).into_iter().find_map(|stored| self.grid(stored))
    }

    /// The tables of all keys of a port.
    pub fn tables(&self, node: NodeIndex, port: &str) -> Vec<Rc<Grid>> {
        self.outputs(node, port).into_iter().filter_map(|stored| self.grid(stored)).collect()
    }

    /// The port at which a node's kind gives something of a role.
    pub fn port(&self, node: NodeIndex, role: Role) -> Option<&'static str> {
        self.node(node).kind.gives(role).map(|port| port.name)
    }

    /// Whether a node's kind gives all of some roles.
    pub fn gives(&self, node: NodeIndex, roles: &[Role]) -> bool {
        roles.iter().all(|&role| self.port(node, role).is_some())
    }

    /// The nodes whose kinds give all of some roles.
    pub fn giving(&self, roles: &[Role]) -> Vec<NodeIndex> {
        self.study.plan.nodes.keys().filter(|&node| self.gives(node, roles)).collect()
    }

    /// The table of a role, where it is not keyed.
    pub fn of_role(&self, node: NodeIndex, role: Role) -> Option<Rc<Grid>> {
        self.table(node, self.port(node, role)?)
    }

    /// The tables of a role, of all keys.
    pub fn all_of_role(&self, node: NodeIndex, role: Role) -> Vec<Rc<Grid>> {
        self.port(node, role).map(|port| self.tables(node, port)).unwrap_or_default()
    }

    /// What arrives at the input of a node that takes a type and no other.
    pub fn arrivals_of(&self, node: NodeIndex, ty: Type) -> Vec<(NodeIndex, &'a Stored)> {
        self.node(node).kind.takes(ty).map(|input| self.arrivals(node, input.name)).unwrap_or_default()
    }

    /// The names of a node's ports that hold tables, in the kind's order.
    pub fn table_ports(&self, node: NodeIndex) -> impl Iterator<Item = &'static str> {
        self.node(node).kind.outputs.iter().filter(|port| port.ty == Type::Table).map(|port| port.name)
    }

    /// The images of a stored value.
    pub fn images(&self, stored: &Stored) -> Option<Images> {
        match &*self.value(stored)? {
            Value::Images(images) => Some(images.clone()),
            _ => None,
        }
    }

    /// The labels of a stored value.
    pub fn labels(&self, stored: &Stored) -> Option<Labels> {
        match &*self.value(stored)? {
            Value::Labels(labels) => Some(labels.clone()),
            _ => None,
        }
    }

    /// The matrix of a stored value; its numbers stay where they are.
    pub fn matrix(&self, stored: &Stored) -> Option<Matrix> {
        match &*self.value(stored)? {
            Value::Matrix(matrix) => Some(matrix.clone()),
            _ => None,
        }
    }

    /// The dissimilarities of a stored value.
    pub fn rdm(&self, stored: &Stored) -> Option<Rdm> {
        match &*self.value(stored)? {
            Value::Rdm(rdm) => Some(rdm.clone()),
            _ => None,
        }
    }

    /// The split that arrives at a node.
    pub fn split(&self, node: NodeIndex) -> Option<Split> {
        let (_, stored) = *self.arrivals_of(node, Type::Split).first()?;
        match &*self.value(stored)? {
            Value::Split(split) => Some(split.clone()),
            _ => None,
        }
    }

    /// What a function makes of the responses that arrive at a node.
    pub fn with_responses<T>(&self, node: NodeIndex, read: impl FnOnce(&Responses) -> T) -> Option<T> {
        let (_, stored) = *self.arrivals_of(node, Type::Responses).first()?;
        match &*self.value(stored)? {
            Value::Responses(responses) => Some(read(responses)),
            _ => None,
        }
    }

    /// What did not read so far.
    pub fn problems(&self) -> Vec<String> {
        self.problems.borrow().clone()
    }
}
