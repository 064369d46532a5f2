//! A network's tensors as people have them: `.safetensors`, what `torch.save` writes (of either format), tch's `.ot`; in one
//! file, or in parts with an index.
//!
//! Formats are told apart by content, never by extension. Nothing in a file is run, what it claims is held against its
//! bytes, and no tensor is copied before somebody asks for its numbers.

mod content;
mod global;
pub mod index;
mod names;
mod number;
mod pickle;
pub mod script;
mod state;
mod stream;
mod tensor;
#[cfg(test)]
mod tests;
mod values;
mod zipped;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use crate::formats::checkpoint::index::{Parts, Source};
use crate::formats::checkpoint::tensor::{Contents, Placed};
use crate::formats::element::Element;
use crate::formats::name_of;

/// Open files of tensors.
pub struct Checkpoint {
    maps: Vec<Mmap>,
    groups: Vec<Held>,
    skipped: Vec<String>,
    read: String,
}

/// A state dict of a checkpoint.
struct Held {
    key: String,
    is_main: bool,
    /// By name, in which of the files and where in it; or what is wrong with one of them.
    tensors: Result<BTreeMap<String, (usize, Placed)>, String>,
    /// What wrappers of the whole put in front of all names.
    front: String,
}

/// A state dict of a checkpoint.
#[derive(Clone, Copy)]
pub struct Group<'a> {
    checkpoint: &'a Checkpoint,
    held: &'a Held,
}

/// A tensor as a file holds it.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    pub element: Element,
    pub shape: &'a [usize],
    /// Elements from one entry to the next along each axis; none for row-major order.
    pub strides: Option<&'a [usize]>,
    /// From the first element to the last.
    pub bytes: &'a [u8],
}

impl Stored<'_> {
    /// Its numbers in row-major order, as 32-bit floats.
    ///
    /// As many as the shape says: strides of 0 let a small file say a great many, so look at the shape first.
    pub fn floats(&self) -> Vec<f32> {
        const KNOWN: &str = "types were checked when the file was opened";
        let Some(strides) = self.strides else {
            return self.element.decode(self.bytes).expect(KNOWN);
        };
        let size = self.element.size;
        let mut bytes = Vec::with_capacity(self.shape.iter().product::<usize>() * size);
        let mut index = vec![0; self.shape.len()];
        if !self.shape.contains(&0) {
            loop {
                let at = size * index.iter().zip(strides).map(|(i, stride)| i * stride).sum::<usize>();
                bytes.extend_from_slice(&self.bytes[at..at + size]);
                // The last axis that has a next entry moves on; those behind it begin again.
                let Some(axis) = (0..index.len()).rev().find(|&axis| index[axis] + 1 < self.shape[axis]) else { break };
                index[axis] += 1;
                index[axis + 1..].fill(0);
            }
        }
        self.element.decode(&bytes).expect(KNOWN)
    }
}

impl Checkpoint {
    /// Opens a file of any of the formats, an index of parts, or a folder that holds one of these.
    ///
    /// Errors name the file: it does not read, is of no such format, is damaged, or asks for code to be run.
    pub fn open(path: &Path) -> Result<Self, String> {
        match index::source(path)? {
            Source::File(file) => {
                let map = map(&file)?;
                let Contents { groups, skipped } = contents(&file, &map)?;
                let held = groups.into_iter().map(|group| {
                    let tensors = group.tensors.map(|tensors| in_file(0, tensors));
                    Held::new(group.key, group.is_main, tensors)
                });
                let groups = held.collect();
                Ok(Self { maps: vec![map], groups, skipped, read: name_of(&file) })
            }
            Source::Parts { folder, parts, by } => Self::join(&folder, parts, by),
        }
    }

    /// Opens the parts of a checkpoint.
    fn join(folder: &Path, parts: Parts, by: String) -> Result<Self, String> {
        let (mut maps, mut all, mut skipped) = (Vec::new(), BTreeMap::new(), Vec::new());
        let count = parts.len();
        for (at, (name, wanted)) in parts.into_iter().enumerate() {
            let path = folder.join(&name);
            if !path.is_file() {
                return Err(format!("{by} names {name}, which is not beside it; all {count} parts must be there"));
            }
            let map = map(&path)?;
            let contents = contents(&path, &map)?;
            let main = contents.groups.into_iter().find(|group| group.is_main);
            let main = main.ok_or_else(|| {
                format!("{name}, a part of {by}, holds several state dicts and says not which counts")
            })?;
            let mut tensors = main.tensors.map_err(|problem| format!("{name} {problem}"))?;
            if let Some(wanted) = wanted {
                if let Some(absent) = wanted.iter().find(|tensor| !tensors.contains_key(*tensor)) {
                    return Err(format!(
                        "{by} says that tensor {absent} is in {name}, which does not hold it; are these parts of another \
                         checkpoint?"
                    ));
                }
                tensors.retain(|tensor, _| wanted.contains(tensor));
            }
            for (tensor, placed) in in_file(at, tensors) {
                if all.insert(tensor.clone(), placed).is_some() {
                    return Err(format!(
                        "tensor {tensor} is in two parts of {by}, {name} the second; an index says which counts"
                    ));
                }
            }
            maps.push(map);
            skipped.extend(contents.skipped);
        }
        Ok(Self { maps, groups: vec![Held::new(String::new(), true, Ok(all))], skipped, read: by })
    }

    /// What was read: the file's or index's own name, which stands in no recipe where that names a folder.
    pub fn read(&self) -> &str {
        &self.read
    }

    /// The state dicts in it, the one that it is about first, where it says which.
    pub fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        self.groups.iter().map(|held| Group { checkpoint: self, held })
    }

    /// Objects of Python's that it names beside its tensors, each once; none was looked up or called.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// The names of the first state dict's tensors, sorted, without what stands in front of every one of them.
    pub fn names(&self) -> Vec<&str> {
        let first = self.groups().next().expect("a checkpoint has a state dict");
        first.names().map(|name| &name[first.front().len()..]).collect()
    }

    /// A tensor of the first state dict.
    pub fn get(&self, name: &str) -> Option<Stored<'_>> {
        let first = self.groups().next()?;
        first.get(&format!("{}{name}", first.front()))
    }
}

impl Held {
    fn new(key: String, is_main: bool, tensors: Result<BTreeMap<String, (usize, Placed)>, String>) -> Self {
        let tensors = tensors.map(names::unwrapped);
        let front = tensors.as_ref().map(names::in_front).unwrap_or_default();
        Self { key, is_main, tensors, front }
    }
}

impl<'a> Group<'a> {
    /// The keys that lead to it, with dots between them; empty for the whole file.
    pub fn key(&self) -> &'a str {
        &self.held.key
    }

    /// Whether it is the one that the file is about, as files of its make go.
    pub fn is_main(&self) -> bool {
        self.held.is_main
    }

    /// What is wrong with one of its tensors, as it reads on from the file's name; it has none then.
    pub fn problem(&self) -> Option<&'a str> {
        self.held.tensors.as_ref().err().map(String::as_str)
    }

    /// What wrappers of whole models put in front of all its names, such as `module.`.
    pub fn front(&self) -> &'a str {
        &self.held.front
    }

    /// Its tensors' names that begin in a way, sorted. What wrappers of a part left within is left out.
    pub fn under<'p>(&self, prefix: &'p str) -> impl Iterator<Item = &'a str> + use<'a, 'p> {
        let held = self.held;
        let tensors = held.tensors.as_ref().ok();
        let after = tensors.map(|tensors| tensors.range(prefix.to_owned()..));
        after.into_iter().flatten().map(|(name, _)| name.as_str()).take_while(move |name| name.starts_with(prefix))
    }

    /// All its tensors' names.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.under("")
    }

    /// A tensor.
    pub fn get(&self, name: &str) -> Option<Stored<'a>> {
        let (file, Placed { element, shape, strides, bytes }) = self.held.tensors.as_ref().ok()?.get(name)?;
        let strides = (!is_row_major(shape, strides)).then_some(strides.as_slice());
        let bytes = &self.checkpoint.maps[*file][bytes.clone()];
        Some(Stored { element: *element, shape, strides, bytes })
    }
}

/// A name as a recipe may write it, without what wrappers of a part leave within.
pub fn plain_name(name: &str) -> String {
    names::within(name)
}

fn map(path: &Path) -> Result<Mmap, String> {
    let cannot = |e| format!("cannot read {}: {e}", path.display());
    let file = File::open(path).map_err(cannot)?;
    // SAFETY: like every input, the file is not changed while a node reads it; its digest was just taken.
    unsafe { Mmap::map(&file) }.map_err(cannot)
}

fn contents(path: &Path, bytes: &[u8]) -> Result<Contents, String> {
    // An index counts with its parts' contents, and only where its name lets these be found.
    if !index::is_json(path) && bytes.get(8) != Some(&b'{') && index::of_bytes(bytes).is_ok() {
        return Err(format!(
            "{} is an index of a checkpoint in parts, but its name does not end in .json (is it what a link leads to?); name \
             the folder that holds it with its parts",
            path.display()
        ));
    }
    content::read(bytes).map_err(|problem| format!("{} {problem}", name_of(path)))
}

fn in_file(file: usize, tensors: BTreeMap<String, Placed>) -> BTreeMap<String, (usize, Placed)> {
    tensors.into_iter().map(|(name, placed)| (name, (file, placed))).collect()
}

/// Whether the elements lie in row-major order; the stride of an axis of one entry says nothing.
fn is_row_major(shape: &[usize], strides: &[usize]) -> bool {
    shape.iter().zip(strides).zip(content::row_major(shape)).all(|((&side, &stride), row)| side == 1 || stride == row)
        || shape.contains(&0)
}
