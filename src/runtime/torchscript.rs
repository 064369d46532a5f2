//! A TorchScript network with weights on a device, ready to give some of its layers' outputs.
//!
//! The program in the file is run, as libtorch runs it: it can compute, and read no more than libtorch's operators
//! let it. It runs in evaluation mode without gradients, on images in plain channel, height, width order, since
//! programs may `view` tensors as such.

use std::collections::BTreeMap;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use tch::jit::{CModule, IValue};
use tch::{Device, Kind, Tensor};

use crate::formats::checkpoint::script::Script;
use crate::libtorch;
use crate::nets::torchscript::{METHOD, Program};
use crate::runtime::pipeline::Forward;
use crate::system;

/// How many layers an error lists, and how deep in others those lie: `layer1.0`, not `layer1.0.conv1`.
const LISTED: usize = 60;
const LISTED_DOTS: usize = 1;

/// A loaded program.
pub struct ScriptNetwork {
    module: CModule,
    /// The file's name, for errors.
    name: String,
    layers: Vec<String>,
}

/// What images of a size come to.
pub struct Shapes {
    /// The shape of each layer's output for one image.
    pub each: Vec<Vec<usize>>,
    /// Whether several images pass at a time.
    pub together: bool,
}

impl ScriptNetwork {
    /// Loads the program of a file with what gives `layers`, onto a device.
    ///
    /// Errors name the file: a layer is not to be had (with those that are), the copy of the program finds no room in
    /// the temporary folder, libtorch refuses the program.
    pub fn load(script: &Script, layers: &[&str], device: Device) -> Result<Self, String> {
        let name = script.name.clone();
        let program = Program::read(&script.class, &script.code).map_err(|problem| format!("{name} {problem}"))?;
        let changed = program.tapped(layers).map_err(|at| no_such_layer(&name, &program, layers[at]))?;
        let module = compile(script, &changed, device)?;
        Ok(Self { module, name, layers: layers.iter().map(|&layer| layer.to_owned()).collect() })
    }

    /// The shapes of the layers' outputs for images of a height and width, by passing one, and then two, blank ones.
    pub fn shapes(&self, (height, width): (usize, usize), device: Device) -> Result<Shapes, String> {
        let outputs = |count: usize| {
            let sides = [count, 3, height, width].map(|side| side as i64);
            libtorch::guard(|| self.outputs(&Tensor::full(sides, 0.5, (Kind::Float, device)))).flatten()
        };
        let one = outputs(1).map_err(|problem| format!("an image of {height} × {width} does not pass: {problem}"))?;
        let each = one.iter().map(|output| output.size()[1..].iter().map(|&side| side as usize).collect()).collect();
        let same = |two: Vec<Tensor>| two.iter().zip(&one).all(|(two, one)| two.size()[1..] == one.size()[1..]);
        Ok(Shapes { each, together: outputs(2).is_ok_and(same) })
    }
}

impl Forward for Arc<ScriptNetwork> {
    fn outputs(&self, images: &Tensor) -> Result<Vec<Tensor>, String> {
        (**self).outputs(images)
    }
}

impl ScriptNetwork {
    fn outputs(&self, images: &Tensor) -> Result<Vec<Tensor>, String> {
        let _guard = tch::no_grad_guard();
        let name = &self.name;
        let given = self.module.method_is(METHOD, &[IValue::Tensor(images.contiguous())]);
        let given = given.map_err(|e| format!("{name}: libtorch: {}", said(&e.to_string())))?;
        let IValue::GenericDict(given) = given else {
            return Err(format!("{name} gives something else than its layers"));
        };
        let mut by_place = BTreeMap::new();
        for entry in given {
            if let (IValue::Int(place), IValue::Tensor(output)) = entry {
                by_place.insert(place, output);
            }
        }
        let count = images.size()[0];
        let of_layer = |(place, layer): (usize, &String)| {
            let output = by_place.get(&(place as i64)).ok_or_else(|| {
                format!("layer `{layer}` of {name} is not given for these images, in evaluation mode")
            })?;
            match output.size().first() {
                Some(&first) if first == count => Ok(output.to_kind(Kind::Float)),
                _ => Err(format!(
                    "layer `{layer}` of {name} gives a tensor of shape {:?} for {count} image{}; a layer's first side is \
                     one entry per image",
                    output.size(),
                    if count == 1 { "" } else { "s" }
                )),
            }
        };
        self.layers.iter().enumerate().map(of_layer).collect()
    }
}

/// Loads the program with changes, by way of a file without a name, which is gone when it is closed, even by a kill.
fn compile(script: &Script, changed: &BTreeMap<String, String>, device: Device) -> Result<CModule, String> {
    let name = &script.name;
    let mut copy = tempfile::tempfile().map_err(|e| format!("cannot write to the temporary folder: {e}"))?;
    script.write(changed, &mut copy)?;
    let path = system::path_of(copy.as_raw_fd());
    let module = libtorch::guard(|| CModule::load_on_device(&path, device));
    let module = module?.and_then(|mut module| module.f_set_eval().map(|()| module));
    module.map_err(|e| format!("{name} does not load: libtorch: {}", said(&e.to_string())))
}

/// What libtorch says is wrong, without where in the program: that stands in lines before and after.
fn said(text: &str) -> String {
    let error = text.lines().rev().find_map(|line| line.trim().strip_prefix("RuntimeError: "));
    let line = error.or_else(|| text.lines().map(str::trim).find(|line| !line.is_empty())).unwrap_or(text);
    line.trim_end_matches(':').to_owned()
}

fn no_such_layer(name: &str, program: &Program<'_>, layer: &str) -> String {
    let (listed, inner): (Vec<&str>, Vec<&str>) =
        program.layers().partition(|layer| layer.matches('.').count() <= LISTED_DOTS);
    let shown = listed[..listed.len().min(LISTED)].join(", ");
    let rest = listed.len() - listed.len().min(LISTED) + inner.len();
    let more = inner.first().map_or(String::new(), |inner| format!(", such as {inner}"));
    let more = if rest == 0 { String::new() } else { format!(", and {rest} within{more}") };
    let modules = if listed.is_empty() && inner.is_empty() {
        "no module of it (frozen and traced-through programs keep none)".to_owned()
    } else {
        format!("{shown}{more}")
    };
    format!(
        "{name} has no layer `{layer}` to be had; there are {}, and {modules}; a layer is a module that the program calls \
         and that gives one tensor",
        program.outputs_in_words()
    )
}
