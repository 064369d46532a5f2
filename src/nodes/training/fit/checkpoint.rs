//! The state of a training after an epoch, as bytes: all that the next epoch depends on.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use crate::nets::weights::{Tensor, Weights};
use crate::nodes::training::fit::history::Epoch;
use crate::value::codec::bytes_of;

/// A training between two epochs. Draws need no state: each epoch's are seeded by its number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The epochs that the training was planned for, which some schedules depend on.
    pub planned: usize,
    /// One row per epoch done.
    pub history: Vec<Epoch>,
    pub weights: Weights,
    /// The best epoch's, where rows judge; the epoch counts from 1.
    pub best: Option<(usize, Weights)>,
    /// Steps that each parameter has taken.
    pub steps: Vec<u64>,
    /// The optimizer's memory of each parameter.
    pub first: Vec<Tensor>,
    pub second: Vec<Tensor>,
    /// What the weighing of tasks has learned.
    pub balance: Vec<f64>,
}

/// All but the numbers.
#[derive(Serialize, Deserialize)]
struct Head {
    planned: usize,
    history: Vec<Epoch>,
    weights: Vec<(String, Vec<usize>)>,
    best: Option<(usize, Vec<(String, Vec<usize>)>)>,
    steps: Vec<u64>,
    first: Vec<Vec<usize>>,
    second: Vec<Vec<usize>>,
    balance: Vec<f64>,
}

impl State {
    /// Eight bytes of length, JSON, and the numbers in its order.
    pub fn write(&self) -> Vec<u8> {
        let named = |weights: &Weights| weights.iter().map(|(name, t)| (name.clone(), t.shape.clone())).collect();
        let shapes = |list: &[Tensor]| list.iter().map(|t| t.shape.clone()).collect();
        let head = Head {
            planned: self.planned,
            history: self.history.clone(),
            weights: named(&self.weights),
            best: self.best.as_ref().map(|(epoch, weights)| (*epoch, named(weights))),
            steps: self.steps.clone(),
            first: shapes(&self.first),
            second: shapes(&self.second),
            balance: self.balance.clone(),
        };
        let head = serde_json::to_vec(&head).expect("plain data");
        let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
        bytes.extend(head);
        let best = self.best.iter().flat_map(|(_, weights)| weights.values());
        for tensor in self.weights.values().chain(best).chain(&self.first).chain(&self.second) {
            bytes.extend_from_slice(bytes_of(&tensor.data));
        }
        bytes
    }

    /// Reads what `write` wrote; none where it is something else, such as what another version wrote.
    pub fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut length = [0; 8];
        bytes.read_exact(&mut length).ok()?;
        let (head, mut rest) = bytes.split_at_checked(usize::try_from(u64::from_le_bytes(length)).ok()?)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        let state = State {
            planned: head.planned,
            history: head.history,
            weights: named(head.weights, &mut rest).ok()?,
            best: match head.best {
                Some((epoch, list)) => Some((epoch, named(list, &mut rest).ok()?)),
                None => None,
            },
            steps: head.steps,
            first: listed(head.first, &mut rest).ok()?,
            second: listed(head.second, &mut rest).ok()?,
            balance: head.balance,
        };
        rest.is_empty().then_some(state)
    }
}

fn named(list: Vec<(String, Vec<usize>)>, bytes: &mut &[u8]) -> io::Result<Weights> {
    list.into_iter().map(|(name, shape)| Ok((name, tensor(shape, bytes)?))).collect()
}

fn listed(list: Vec<Vec<usize>>, bytes: &mut &[u8]) -> io::Result<Vec<Tensor>> {
    list.into_iter().map(|shape| tensor(shape, bytes)).collect()
}

fn tensor(shape: Vec<usize>, bytes: &mut &[u8]) -> io::Result<Tensor> {
    let length = shape.iter().product::<usize>() * 4;
    let Some((own, rest)) = bytes.split_at_checked(length) else { return Err(io::ErrorKind::UnexpectedEof.into()) };
    *bytes = rest;
    let data = own.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().expect("four bytes"))).collect();
    Ok(Tensor { shape, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_reads_as_it_was_written_and_nothing_else_does() {
        let tensor = |x: f32| Tensor { shape: vec![2, 1], data: vec![x, -0.0] };
        let weights =
            Weights::from([("a.weight".to_owned(), tensor(f32::MIN_POSITIVE)), ("b".to_owned(), tensor(1e30))]);
        let epoch = Epoch { learning_rate: 0.1 + 0.2, val_loss: Some(1.0 / 3.0), ..Epoch::default() };
        let state = State {
            planned: 4,
            history: vec![epoch],
            weights: weights.clone(),
            best: Some((1, weights)),
            steps: vec![7, 8],
            first: vec![tensor(0.1)],
            second: vec![tensor(0.2)],
            balance: vec![0.1 + 0.2, -1e-300],
        };
        let bytes = state.write();
        assert_eq!(State::read(&bytes), Some(state));
        for length in [0, 7, 8, 100, bytes.len() - 1] {
            assert_eq!(State::read(&bytes[..length]), None, "{length} bytes");
        }
    }
}
