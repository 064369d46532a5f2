//! Python's pickles, read and never run: the values that state dicts are made of, and no others.
//!
//! A pickle is a program for a stack machine (CPython's `pickletools` documents its opcodes). This reader builds plain
//! values of it and calls nothing: a global is a name out of a short list (`global.rs`), and what `REDUCE` and `BUILD`
//! mean is written here for each. Other classes (a training's settings) are names too, which are passed over with all that
//! the pickle would have done with them. `serde-pickle` cannot stand in: it refuses persistent ids and globals, of which
//! torch's files consist; loaders that do read them take in every global.
//!
//! Values lie in one list and name one another by index, so that depth costs no stack, cycles are harmless, and a
//! value that is shared a thousandfold is kept once. Memory grows with the bytes that are read, never with what they
//! claim.

use std::collections::HashMap;

use crate::formats::checkpoint::global;
use crate::formats::checkpoint::global::Global;
use crate::formats::checkpoint::number::Number;
use crate::formats::checkpoint::values::{Id, Storage, Tensor, Value, Values};

/// More opcodes than any state dict has, beside it an optimiser's: some 50 per tensor are usual.
const MOST_STEPS: usize = 1 << 22;

/// Reads the pickle that some bytes begin with. The problem reads on from the file's name.
pub fn read(bytes: &[u8]) -> Result<Values<'_>, String> {
    let mut machine = Machine {
        bytes,
        at: 0,
        steps: 0,
        values: vec![Value::Opaque],
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    let root = machine.run()?;
    Ok(Values { list: machine.values, root, length: machine.at })
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    steps: usize,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

/// `values[0]`: all that is opaque and shared.
const OPAQUE: Id = 0;

impl<'a> Machine<'a> {
    fn run(&mut self) -> Result<Id, String> {
        loop {
            self.spend(1)?;
            let opcode = self.byte()?;
            if opcode == b'.' {
                return self.pop();
            }
            let known =
                self.arrange(opcode)? || self.scalar(opcode)? || self.container(opcode)? || self.object(opcode)?;
            if !known {
                return Err(refused(opcode));
            }
        }
    }

    /// What moves values on the stack and into the memo. Whether it was one.
    fn arrange(&mut self, opcode: u8) -> Result<bool, String> {
        match opcode {
            // PROTO and FRAME only announce.
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => match self.marks.pop_if(|mark| *mark == self.stack.len()) {
                Some(_) => {}
                None => drop(self.pop()?),
            },
            b'1' => drop(self.since_mark()?),
            b'2' => self.stack.push(self.top()?),
            b'q' => self.keep::<1>()?,
            b'r' => self.keep::<4>()?,
            0x94 => {
                let top = self.top()?;
                let next = u32::try_from(self.memo.len()).expect("fewer entries than steps");
                self.memo.insert(next, top);
            }
            b'h' => self.recall::<1>()?,
            b'j' => self.recall::<4>()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Numbers, texts, and what is passed over. Whether it was one.
    fn scalar(&mut self, opcode: u8) -> Result<bool, String> {
        match opcode {
            b'N' => self.stack.push(OPAQUE),
            0x88 => self.push(Value::Truth(true)),
            0x89 => self.push(Value::Truth(false)),
            b'K' => self.whole::<1>()?,
            b'M' => self.whole::<2>()?,
            b'J' => {
                let number = i32::from_le_bytes(self.array()?);
                self.push(Value::Whole(number.into()));
            }
            0x8a => {
                let length = self.length::<1>()?;
                self.long(length)?;
            }
            0x8b => {
                let length = self.length::<4>()?;
                self.long(length)?;
            }
            b'G' => {
                self.take(8)?;
                self.stack.push(OPAQUE);
            }
            // Texts; and Python 2's strings, which names were.
            0x8c | b'U' => self.text::<1>()?,
            b'X' | b'T' => self.text::<4>()?,
            0x8d => self.text::<8>()?,
            b'C' => self.skip::<1>()?,
            b'B' => self.skip::<4>()?,
            0x8e | 0x96 => self.skip::<8>()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Tuples, lists, dictionaries, sets. Whether it was one.
    fn container(&mut self, opcode: u8) -> Result<bool, String> {
        match opcode {
            b')' => self.push(Value::Tuple(Vec::new())),
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' => {
                let items = self.since_mark()?;
                self.push(Value::Tuple(items));
            }
            b']' => self.push(Value::List(Vec::new())),
            b'l' => {
                let items = self.since_mark()?;
                self.push(Value::List(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' => {
                let items = self.since_mark()?;
                self.append(&items)?;
            }
            b'}' => self.push(Value::Dict(Vec::new())),
            b'd' => {
                let items = self.since_mark()?;
                let entries = pairs(&items)?;
                self.push(Value::Dict(entries));
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set(&items)?;
            }
            // Sets hold no tensors.
            0x8f => self.stack.push(OPAQUE),
            0x90 => drop(self.since_mark()?),
            0x91 => {
                self.since_mark()?;
                self.stack.push(OPAQUE);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Globals, and what is made of them. Whether it was one.
    fn object(&mut self, opcode: u8) -> Result<bool, String> {
        match opcode {
            b'c' => {
                let module = self.line()?;
                let name = self.line()?;
                self.global(module, name)?;
            }
            0x93 => {
                let name = self.pop()?;
                let module = self.pop()?;
                let (&Value::Text(module), &Value::Text(name)) = (self.get(module), self.get(name)) else {
                    return Err(damaged("names a global by something else than text"));
                };
                self.global(module, name)?;
            }
            b'R' => self.reduce()?,
            0x81 => self.make()?,
            0x92 => {
                self.pop()?;
                self.make()?;
            }
            b'b' => self.build()?,
            b'Q' => self.persistent()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Counts work, so that no short pickle makes a long one.
    fn spend(&mut self, steps: usize) -> Result<(), String> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps <= MOST_STEPS {
            return Ok(());
        }
        Err(format!("has a pickle of more than {MOST_STEPS} steps, which no state dict needs"))
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.array::<1>()?[0])
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..count).ok_or_else(|| {
            format!("is truncated: its pickle wants {count} bytes more where {} are left", rest.len())
        })?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        Ok(self.take(N)?.try_into().expect("as many as were asked for"))
    }

    /// A little-endian length of N bytes.
    fn length<const N: usize>(&mut self) -> Result<usize, String> {
        let mut wide = [0; 8];
        wide[..N].copy_from_slice(self.take(N)?);
        usize::try_from(u64::from_le_bytes(wide)).map_err(|_| damaged("holds a length beyond all memory"))
    }

    /// Up to the end of the line, which is left out.
    fn line(&mut self) -> Result<&'a str, String> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&b| b == b'\n').ok_or_else(|| damaged("ends within a name"))?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| damaged("holds a name that is no text"))
    }

    fn get(&self, id: Id) -> &Value<'a> {
        &self.values[id as usize]
    }

    fn push(&mut self, value: Value<'a>) {
        let id = Id::try_from(self.values.len()).expect("fewer values than steps");
        self.values.push(value);
        self.stack.push(id);
    }

    /// A mark hides what is below it.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Id, String> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn top(&self) -> Result<Id, String> {
        let above = self.stack.len() > self.floor();
        let top = self.stack.last().copied().filter(|_| above);
        top.ok_or_else(|| damaged("takes from an empty stack"))
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or_else(|| damaged("looks for a mark that is not set"))?;
        Ok(self.stack.split_off(mark))
    }

    fn whole<const N: usize>(&mut self) -> Result<(), String> {
        let number = self.length::<N>()?;
        self.push(Value::Whole(i64::try_from(number).expect("two bytes at most")));
        Ok(())
    }

    fn long(&mut self, length: usize) -> Result<(), String> {
        let bytes = self.take(length)?;
        let sign = if bytes.last().is_some_and(|&b| b >= 0x80) { 0xff } else { 0 };
        let mut wide = [sign; 8];
        self.push(match wide.get_mut(..length) {
            Some(low) => {
                low.copy_from_slice(bytes);
                Value::Whole(i64::from_le_bytes(wide))
            }
            None => Value::Long(bytes),
        });
        Ok(())
    }

    fn text<const N: usize>(&mut self) -> Result<(), String> {
        let length = self.length::<N>()?;
        let bytes = self.take(length)?;
        self.push(std::str::from_utf8(bytes).map_or(Value::Opaque, Value::Text));
        Ok(())
    }

    fn skip<const N: usize>(&mut self) -> Result<(), String> {
        let length = self.length::<N>()?;
        self.take(length)?;
        self.stack.push(OPAQUE);
        Ok(())
    }

    fn tuple(&mut self, count: usize) -> Result<(), String> {
        let from = self.stack.len().checked_sub(count).filter(|&from| from >= self.floor());
        let from = from.ok_or_else(|| damaged("takes from an empty stack"))?;
        let items = self.stack.split_off(from);
        self.push(Value::Tuple(items));
        Ok(())
    }

    fn append(&mut self, items: &[Id]) -> Result<(), String> {
        let list = self.top()?;
        match &mut self.values[list as usize] {
            Value::List(list) => list.extend_from_slice(items),
            Value::Opaque | Value::Skipped(..) => {}
            _ => return Err(damaged("appends to what is no list")),
        }
        Ok(())
    }

    fn set(&mut self, items: &[Id]) -> Result<(), String> {
        let entries = pairs(items)?;
        let dict = self.top()?;
        match &mut self.values[dict as usize] {
            Value::Dict(dict) => dict.extend(entries),
            Value::Opaque | Value::Skipped(..) => {}
            _ => return Err(damaged("sets entries of what is no dictionary")),
        }
        Ok(())
    }

    fn keep<const N: usize>(&mut self) -> Result<(), String> {
        let name = u32::try_from(self.length::<N>()?).expect("four bytes at most");
        let top = self.top()?;
        self.memo.insert(name, top);
        Ok(())
    }

    fn recall<const N: usize>(&mut self) -> Result<(), String> {
        let name = u32::try_from(self.length::<N>()?).expect("four bytes at most");
        let id = *self.memo.get(&name).ok_or_else(|| damaged("recalls what it never kept"))?;
        self.stack.push(id);
        Ok(())
    }

    fn global(&mut self, module: &'a str, name: &'a str) -> Result<(), String> {
        let value = match Global::of(module, name) {
            Some(Global::Module) => Value::Class(module, name),
            Some(other) => Value::Global(other),
            None if global::may_stand_beside(module, name) => Value::Skipped(module, name),
            None => return Err(global::refused(module, name)),
        };
        self.push(value);
        Ok(())
    }

    /// A function's result: of the few that state dicts call.
    fn reduce(&mut self) -> Result<(), String> {
        let arguments = self.arguments()?;
        let function = self.pop()?;
        match *self.get(function) {
            Value::Global(function) => self.call(function, &arguments),
            // What it would give is as unknown as it is itself.
            Value::Skipped(..) => {
                self.stack.push(function);
                Ok(())
            }
            _ => Err(damaged("calls what is no function")),
        }
    }

    fn call(&mut self, function: Global, arguments: &[Id]) -> Result<(), String> {
        match (function, arguments) {
            (Global::OrderedDict, _) => self.ordered(arguments)?,
            (Global::Tensor, &[storage, offset, shape, strides, ..]) => {
                self.push(Value::Tensor(Tensor { storage, offset, shape, strides, number: None }));
            }
            (Global::TensorOfType, &[storage, offset, shape, strides, _, _, number, ..]) => {
                let Value::Global(Global::Number(number)) = *self.get(number) else {
                    return Err(damaged("makes a tensor of what is no type"));
                };
                self.push(Value::Tensor(Tensor { storage, offset, shape, strides, number: Some(number) }));
            }
            // A parameter is its tensor, and a size its tuple.
            (Global::Same, &[inner, ..]) => self.stack.push(inner),
            (Global::Subclass, &[function, _, arguments, ..]) => {
                let (&Value::Global(function), Value::Tuple(arguments)) = (self.get(function), self.get(arguments))
                else {
                    return Err(damaged("makes a tensor by what is no function"));
                };
                if !matches!(function, Global::Tensor | Global::TensorOfType) {
                    return Err(damaged("makes a tensor by another function than torch's"));
                }
                let arguments = arguments.clone();
                self.spend(arguments.len())?;
                self.call(function, &arguments)?;
            }
            (Global::Inert, _) => self.stack.push(OPAQUE),
            (Global::Tensor | Global::TensorOfType | Global::Same | Global::Subclass, _) => {
                return Err(damaged("calls a function of torch's with too few arguments"));
            }
            (Global::Number(_) | Global::Untyped | Global::Module, _) => {
                return Err(damaged("calls what is no function"));
            }
        }
        Ok(())
    }

    /// Python 2 gave the entries as a list of pairs; Python 3 sets them afterwards.
    fn ordered(&mut self, arguments: &[Id]) -> Result<(), String> {
        let mut entries = Vec::new();
        if let Some(&list) = arguments.first() {
            let (Value::List(items) | Value::Tuple(items)) = self.get(list) else {
                return Err(damaged("makes a dictionary of what is no list"));
            };
            let count = items.len();
            for &pair in items {
                let (Value::List(pair) | Value::Tuple(pair)) = self.get(pair) else {
                    return Err(damaged("makes a dictionary of what are no pairs"));
                };
                let &[key, value] = pair.as_slice() else {
                    return Err(damaged("makes a dictionary of what are no pairs"));
                };
                entries.push((key, value));
            }
            self.spend(count)?;
        }
        self.push(Value::Dict(entries));
        Ok(())
    }

    /// A new object of a class.
    fn make(&mut self) -> Result<(), String> {
        let arguments = self.arguments()?;
        let class = self.pop()?;
        match *self.get(class) {
            Value::Class(..) => self.push(Value::Module(class, None)),
            Value::Global(class @ (Global::OrderedDict | Global::Same | Global::Inert)) => {
                self.call(class, &arguments)?
            }
            Value::Skipped(..) => self.stack.push(class),
            _ => return Err(damaged("makes an object of what is no class")),
        }
        Ok(())
    }

    fn arguments(&mut self) -> Result<Vec<Id>, String> {
        let arguments = self.pop()?;
        let Value::Tuple(arguments) = self.get(arguments) else {
            return Err(damaged("calls with what are no arguments"));
        };
        let arguments = arguments.clone();
        self.spend(arguments.len())?;
        Ok(arguments)
    }

    /// An object's attributes: TorchScript's modules keep their tensors in them.
    fn build(&mut self) -> Result<(), String> {
        let state = self.pop()?;
        let object = self.top()?;
        match &mut self.values[object as usize] {
            Value::Module(_, attributes) => *attributes = Some(state),
            Value::Opaque | Value::Skipped(..) | Value::Dict(_) | Value::List(_) | Value::Tensor(_) => {}
            _ => return Err(damaged("gives attributes to what has none")),
        }
        Ok(())
    }

    /// `("storage", type, key, device, elements)`, in older files with a view into it: `(key, offset, elements)`.
    fn persistent(&mut self) -> Result<(), String> {
        let id = self.pop()?;
        let wrong = || damaged("refers to something else than a storage outside it");
        let Value::Tuple(parts) = self.get(id) else { return Err(wrong()) };
        let &[kind, class, key, _, count, ref rest @ ..] = parts.as_slice() else { return Err(wrong()) };
        let view = rest.first().map(|&view| self.get(view));
        match self.get(kind) {
            Value::Text("storage") => {}
            Value::Text("module") => {
                return Err("holds a whole pickled model, which is code; save its tensors alone: \
                            torch.save(model.state_dict(), FILE)"
                    .to_owned());
            }
            _ => return Err(wrong()),
        }
        let number: Option<Number> = match *self.get(class) {
            Value::Global(Global::Number(number)) => Some(number),
            Value::Global(Global::Untyped) => None,
            _ => return Err(wrong()),
        };
        let (&Value::Text(key), &Value::Whole(count)) = (self.get(key), self.get(count)) else { return Err(wrong()) };
        let count = u64::try_from(count).map_err(|_| damaged("holds a storage of less than nothing"))?;
        let skipped = match view {
            Some(Value::Tuple(view)) => {
                let Some(&Value::Whole(skipped)) = view.get(1).map(|&offset| self.get(offset)) else {
                    return Err(wrong());
                };
                u64::try_from(skipped).map_err(|_| damaged("holds a view that begins before its storage"))?
            }
            _ => 0,
        };
        self.push(Value::Storage(Storage { number, key, count, skipped }));
        Ok(())
    }
}

fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, String> {
    let (pairs, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(damaged("sets a key without a value"));
    }
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}

fn damaged(what: &str) -> String {
    format!("is damaged, or no state dict: its pickle {what}")
}

fn refused(opcode: u8) -> String {
    let name = match opcode {
        b'i' => "INST",
        b'o' => "OBJ",
        0x82 => "EXT1",
        0x83 => "EXT2",
        0x84 => "EXT4",
        b'P' => "PERSID",
        0x97 => "NEXT_BUFFER",
        0x98 => "READONLY_BUFFER",
        b'I' | b'L' | b'F' | b'S' | b'V' | b'g' | b'p' => "one of protocol 0",
        _ => "none of Python's",
    };
    damaged(&format!("has the opcode 0x{opcode:02x} ({name}), which torch.save does not write"))
}
