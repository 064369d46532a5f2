//! Ports that a node's own text names: a kind with them is one kind per set of ports.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::{Value as Json, json};

use crate::kind::{Arity, Input, Kind, Output, ParamProblem, Role};
use crate::value::ty::Type;

/// Reads the output ports out of a node's parameters as they are written.
pub type Reader = fn(&Json) -> Result<Vec<Given>, ParamProblem>;

/// An output port that a node names.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub name: String,
    pub ty: Type,
    pub role: Option<Role>,
}

/// The parameter that names output ports.
const PORTS: &str = "gives";

/// What may arrive at a port that a node names.
pub const TYPES: &[Type] = &[Type::Matrix, Type::Responses, Type::Labels, Type::Split, Type::Table, Type::Rdm];

impl Kind {
    /// Whether nodes of this kind name their own ports.
    pub fn is_shaped(&self) -> bool {
        self.shape.is_some()
    }

    /// Whether a parameter does so.
    pub fn names_ports(&self, param: &str) -> bool {
        self.is_shaped() && param == PORTS
    }

    /// The kind with the ports that a node names: `inputs` by name, outputs by its parameters. The same for the same ports, as long as the
    /// program lives.
    pub fn shaped(&'static self, inputs: &[&str], params: &Json) -> Result<&'static Kind, ParamProblem> {
        static KNOWN: LazyLock<Mutex<HashMap<String, &'static Kind>>> = LazyLock::new(Mutex::default);
        let Some(read) = self.shape else { return Ok(self) };
        let given = read(params)?;
        let ports: Vec<Json> = given.iter().map(|one| json!([one.name, one.ty, format!("{:?}", one.role)])).collect();
        let name = json!([self.name, inputs, ports]).to_string();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(known.entry(name).or_insert_with(|| Box::leak(Box::new(self.with_ports(inputs, &given)))))
    }

    fn with_ports(&self, inputs: &[&str], given: &[Given]) -> Self {
        let text = |name: &str| -> &'static str { Box::leak(name.to_owned().into_boxed_str()) };
        let input =
            |name: &&str| Input { name: text(name), types: TYPES, arity: Arity::One, about: "What the node names so." };
        let output = |one: &Given| Output {
            name: text(&one.name),
            ty: one.ty,
            keyed: None,
            role: one.role,
            about: "What the node promises by this name.",
        };
        Self {
            inputs: Box::leak(inputs.iter().map(input).collect::<Vec<_>>().into_boxed_slice()),
            outputs: Box::leak(given.iter().map(output).collect::<Vec<_>>().into_boxed_slice()),
            schema: self.schema.clone(),
            ..*self
        }
    }
}
