//! How a training is carried out, from what arrives to the network, its predictions and its history.

pub mod balance;
pub mod checkpoint;
pub mod fitting;
pub mod history;
pub mod pictures;
pub mod request;
pub mod resuming;
pub mod rounds;
pub mod start;
pub mod targets;
pub mod trained;
