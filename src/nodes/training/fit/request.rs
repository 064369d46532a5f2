//! What a kind of training asks for, and what arrives at its ports.

use serde_json::Value as Json;
use tch::Device;

use crate::nodes::training::fit::balance::Balance;
use crate::nodes::training::parameters::Training;
use crate::value::images::Images;
use crate::value::labels::Labels;
use crate::value::network::Network;
use crate::value::responses::Responses;
use crate::value::split::Split;

/// What a kind asks for.
pub struct Request<'a> {
    pub kind: &'static str,
    pub version: u32,
    pub training: Training,
    /// The parameters as they are written, for the name of checkpoints.
    pub written: Json,
    /// The weighing of two tasks, to start from.
    pub balance: &'a dyn Fn(Device) -> Balance,
    pub alternating: bool,
}

/// What arrives.
pub struct Inputs {
    pub images: Images,
    pub split: Split,
    pub responses: Option<Responses>,
    pub labels: Option<Labels>,
    /// A trained network to go on from.
    pub network: Option<Network>,
    pub size: (usize, usize),
}
