//! Ports that a node's own text names: a kind with them is one kind per set of ports.

use serde_json::Value as Json;

use crate::kind::role::Role;
use crate::value::ty::Type;

/// Reads the output ports out of a node's parameters as they are written.
pub type Reader = fn(&Json) -> Vec<Given>;

/// An output port that a node names.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub name: String,
    pub ty: Type,
    pub role: Option<Role>,
}

/// The parameter that names output ports.
pub const PORTS: &str = "gives";

/// What may arrive at a port that a node names.
pub const TYPES: &[Type] = &[Type::Matrix, Type::Responses, Type::Labels, Type::Split, Type::Table, Type::Rdm];
