//! What a pickle is read into: values in one list that name one another by index.

use crate::formats::checkpoint::global::Global;
use crate::formats::checkpoint::number::Number;

/// The place of a value in `Values`.
pub type Id = u32;

/// What a pickle holds, as far as weights are concerned.
#[derive(Debug)]
pub enum Value<'a> {
    /// What no tensor depends on: `None`, fractions, bytes, sets, and objects that are passed over.
    Opaque,
    Truth(bool),
    Whole(i64),
    /// An integer of more than 64 bits, little-endian.
    Long(&'a [u8]),
    Text(&'a str),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    /// A dictionary, ordered or not; of equal keys the last counts.
    Dict(Vec<(Id, Id)>),
    Global(Global),
    /// A class of TorchScript's: its module and its name.
    Class(&'a str, &'a str),
    /// A class or function of Python's that is no part of a state dict, and whatever the pickle would have made with it: its
    /// module and its name, of which nothing is looked up and nothing is called.
    Skipped(&'a str, &'a str),
    Storage(Storage<'a>),
    Tensor(Tensor),
    /// An object of TorchScript: its class, and the dictionary of its attributes.
    Module(Id, Option<Id>),
}

/// The values of one pickle.
#[derive(Debug)]
pub struct Values<'a> {
    pub list: Vec<Value<'a>>,
    /// The value that the pickle is of.
    pub root: Id,
    /// How many bytes the pickle took.
    pub length: usize,
}

/// A row of numbers outside the pickle.
#[derive(Clone, Copy, Debug)]
pub struct Storage<'a> {
    /// None for bytes whose type stands with each tensor.
    pub number: Option<Number>,
    pub key: &'a str,
    /// How many numbers it is said to have; bytes, where it has no type.
    pub count: u64,
    /// Where a view into it begins: numbers before it.
    pub skipped: u64,
}

impl Storage<'_> {
    /// Bytes of one of what `count` counts.
    pub fn unit(&self) -> usize {
        self.number.map_or(1, |number| number.size)
    }
}

/// The arguments that a tensor is made of, unchecked.
#[derive(Clone, Copy, Debug)]
pub struct Tensor {
    pub storage: Id,
    pub offset: Id,
    pub shape: Id,
    pub strides: Id,
    /// Its type, where it is not its storage's.
    pub number: Option<Number>,
}

impl<'a> Values<'a> {
    /// The value of an index that another value names.
    pub fn get(&self, id: Id) -> &Value<'a> {
        &self.list[id as usize]
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = &Value<'a>> {
        self.list.iter()
    }

    /// A dictionary's value of a key of text.
    pub fn entry(&self, dict: &[(Id, Id)], key: &str) -> Option<Id> {
        let named = |&&(id, _): &&(Id, Id)| matches!(self.get(id), Value::Text(text) if *text == key);
        dict.iter().rev().find(named).map(|&(_, value)| value)
    }
}
