//! TorchScript's archives: which class of module they hold, and its program, as text that can be changed.
//!
//! Beside a state dict's entries lie `NAME/code/__torch__/….py`: the source of every class that `data.pkl` names, in
//! the part of Python that libtorch compiles.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use memmap2::Mmap;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::formats::checkpoint::pickle;
use crate::formats::checkpoint::values::Value;
use crate::formats::checkpoint::zipped::{Archive, PICKLE};
use crate::formats::name_of;

/// More text than any network's program; what unpacks to more is refused.
const MOST_CODE: u64 = 64 << 20;
/// Where the program lies in an archive, and what holds the places that debuggers show of a file of it.
const CODE: &str = "code/";
const PLACES: &str = ".debug_pkl";

/// An open archive.
pub struct Script {
    map: Mmap,
    /// What it calls itself: the file's name.
    pub name: String,
    /// The class of the module it holds, such as `__torch__.torchvision.models.resnet.ResNet`.
    pub class: String,
    /// The program: text by path, such as `__torch__/torchvision/models/resnet.py`.
    pub code: BTreeMap<String, String>,
}

impl Script {
    /// Opens a file that `torch.jit.save` wrote. Errors name the file, and what to do where it holds weights alone.
    pub fn open(path: &Path) -> Result<Self, String> {
        let cannot = |e| format!("cannot read {}: {e}", path.display());
        let file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_dir() {
            return Err(format!("{} is a folder; a TorchScript is a file", path.display()));
        }
        // SAFETY: like every input, the file is not changed while a node reads it; its digest was just taken.
        let map = unsafe { Mmap::map(&file) }.map_err(cannot)?;
        let name = name_of(path);
        let (class, code) = read(&map).map_err(|problem| format!("{name} {problem}"))?;
        Ok(Self { map, name, class, code })
    }

    /// The file's size in bytes.
    pub fn bytes(&self) -> u64 {
        self.map.len() as u64
    }

    /// Writes the archive with other text at some paths of its program.
    pub fn write(&self, changed: &BTreeMap<String, String>, to: &mut File) -> Result<(), String> {
        let cannot =
            |e: &dyn std::fmt::Display| format!("cannot write a copy of {} to the temporary folder: {e}", self.name);
        let mut archive = Archive::open(&self.map)?;
        let code = archive.folder()? + CODE;
        let mut copy = ZipWriter::new(&mut *to);
        for at in 0..archive.archive.len() {
            let entry = archive.archive.by_index_raw(at).map_err(|e| cannot(&e))?;
            let path = entry.name().strip_prefix(&code);
            let replaced = |path: &str| changed.contains_key(path);
            if path.is_some_and(|path| replaced(path) || path.strip_suffix(PLACES).is_some_and(replaced)) {
                continue;
            }
            copy.raw_copy_file(entry).map_err(|e| cannot(&e))?;
        }
        let plainly = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for (path, text) in changed {
            copy.start_file(format!("{code}{path}"), plainly).map_err(|e| cannot(&e))?;
            copy.write_all(text.as_bytes()).map_err(|e| cannot(&e))?;
        }
        copy.finish().map_err(|e| cannot(&e))?;
        to.flush().map_err(|e| cannot(&e))
    }
}

/// The class and the program. The problem reads on from the file's name.
fn read(bytes: &[u8]) -> Result<(String, BTreeMap<String, String>), String> {
    const HOW: &str = "torch.jit.script(model).save(FILE) or torch.jit.trace(model, images).save(FILE) writes one";
    match bytes {
        [] => return Err("is empty".to_owned()),
        [b'P', b'K', 3 | 5, ..] => {}
        _ => return Err(format!("is no TorchScript; {HOW}")),
    }
    let mut archive = Archive::open(bytes)?;
    let folder = archive.folder().map_err(|_| format!("is a zip archive, but no TorchScript; {HOW}"))?;
    let prefix = format!("{folder}{CODE}");
    let names: Vec<String> = archive
        .archive
        .file_names()
        .filter(|name| name.starts_with(&prefix) && name.ends_with(".py"))
        .map(str::to_owned)
        .collect();
    if names.is_empty() {
        return Err(format!(
            "holds tensors but no program: a state dict, or a checkpoint of training. Name its architecture, `model: NAME`, \
             and give the file as `weights`; for a network of your own, {HOW}"
        ));
    }
    let pickle = archive.entry(&format!("{folder}{PICKLE}"))?;
    let values = pickle::read(&bytes[pickle])?;
    let class = match values.get(values.root) {
        Value::Module(class, _) => match values.get(*class) {
            Value::Class(module, name) => format!("{module}.{name}"),
            _ => unreachable!("modules are made of classes alone"),
        },
        _ => return Err(format!("has a program but holds no module; {HOW}")),
    };
    let mut code = BTreeMap::new();
    let mut left = MOST_CODE;
    for name in names {
        let damaged = |e: &dyn std::fmt::Display| format!("is damaged: its entry {name}: {e}");
        let mut text = String::new();
        let entry = archive.archive.by_name(&name).map_err(|e| damaged(&e))?;
        let length = entry.take(left + 1).read_to_string(&mut text).map_err(|e| damaged(&e))? as u64;
        left = left.checked_sub(length).ok_or_else(|| format!("has a program of more than {MOST_CODE} bytes"))?;
        code.insert(name[prefix.len()..].to_owned(), text);
    }
    Ok((class, code))
}
