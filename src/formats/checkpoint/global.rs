//! The Python objects that pickles of state dicts may name. They are names here: none of them is ever called.

use crate::formats::checkpoint::number::Number;

/// What a global stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Global {
    /// `collections.OrderedDict`.
    OrderedDict,
    /// `_rebuild_tensor(storage, offset, shape, strides, …)`.
    Tensor,
    /// `_rebuild_tensor_v3(storage, offset, shape, strides, requires_grad, hooks, dtype, …)`.
    TensorOfType,
    /// What gives its first argument: a parameter its tensor, `torch.Size` its tuple.
    Same,
    /// `_rebuild_from_type_v2(function, type, arguments, state)`.
    Subclass,
    /// A storage's class, or a type of numbers.
    Number(Number),
    /// A storage of bytes, whose type stands with each tensor.
    Untyped,
    /// A class of TorchScript.
    Module,
    /// Something beside the weights that holds none: passed over.
    Inert,
}

impl Global {
    /// The object of a module and a name, if state dicts name it.
    pub fn of(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Self::Tensor,
            ("torch._utils", "_rebuild_tensor_v3") => Self::TensorOfType,
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") | ("torch", "Size") => Self::Same,
            ("torch._tensor", "_rebuild_from_type_v2") => Self::Subclass,
            ("torch.storage", "UntypedStorage") | ("torch", "UntypedStorage") => Self::Untyped,
            ("torch" | "torch.cuda", _) if Number::of_storage(name).is_some() => {
                Self::Number(Number::of_storage(name)?)
            }
            ("torch", _) if Number::of_type(name).is_some() => Self::Number(Number::of_type(name)?),
            ("__torch__", _) => Self::Module,
            _ if module.starts_with("__torch__.") => Self::Module,
            _ if is_inert(module, name) => Self::Inert,
            _ => return None,
        })
    }
}

/// What stands beside the weights in checkpoints of training and says nothing of itself: NumPy's numbers, counters, paths.
fn is_inert(module: &str, name: &str) -> bool {
    match module {
        "torch" => matches!(name, "device" | "Tensor" | "strided"),
        "torch.nn.parameter" => matches!(name, "Parameter" | "Buffer"),
        "torch.serialization" => name == "_get_layout",
        "torch.jit._pickle" => true,
        "collections" => matches!(name, "Counter" | "defaultdict" | "deque"),
        "builtins" | "__builtin__" => matches!(
            name,
            "bool"
                | "bytearray"
                | "complex"
                | "dict"
                | "float"
                | "frozenset"
                | "int"
                | "list"
                | "long"
                | "set"
                | "slice"
                | "str"
                | "unicode"
        ),
        "_codecs" => name == "encode",
        "numpy" => matches!(name, "dtype" | "ndarray"),
        "numpy.core.multiarray" | "numpy._core.multiarray" => matches!(name, "_reconstruct" | "scalar"),
        "numpy.core.numeric" | "numpy._core.numeric" => name == "_frombuffer",
        "numpy.dtypes" => name.ends_with("DType"),
        "pathlib" | "pathlib._local" => {
            matches!(name, "Path" | "PosixPath" | "PurePath" | "PurePosixPath" | "PureWindowsPath" | "WindowsPath")
        }
        "datetime" => matches!(name, "date" | "datetime" | "timedelta" | "timezone"),
        _ => false,
    }
}

/// Modules whose functions no settings are made of: a file that names one is meant to do harm where it is loaded in Python.
const HOSTILE: [&str; 23] = [
    "_pickle",
    "asyncio",
    "code",
    "codeop",
    "commands",
    "ctypes",
    "http",
    "importlib",
    "marshal",
    "multiprocessing",
    "nt",
    "os",
    "pickle",
    "pip",
    "posix",
    "pty",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "urllib",
    "webbrowser",
];
/// The modules whose functions make tensors: one of them that is not known makes a tensor that would go missing.
const MAKERS: [&str; 3] = ["torch._utils", "torch._tensor", "torch.storage"];
/// Plain machinery of pickles, which says nothing of what a file holds.
const MACHINERY: [&str; 6] = ["builtins", "__builtin__", "copyreg", "copy_reg", "typing", "enum"];
/// How much of a name an error shows.
const SHOWN: usize = 100;

/// Whether an object that no state dict names may stand beside one, to be passed over: a class of somebody's settings,
/// unlike what runs programs and what makes tensors in a way that is unknown here.
pub fn may_stand_beside(module: &str, name: &str) -> bool {
    let root = module.split('.').next().unwrap_or_default();
    match root {
        "builtins" | "__builtin__" => matches!(name, "getattr" | "object" | "type" | "range" | "property"),
        "torch" => !MAKERS.contains(&module) && module != "torch.hub" && name != "load",
        _ => !HOSTILE.contains(&root),
    }
}

/// Whether it is worth telling that an object was passed over.
pub fn is_machinery(module: &str) -> bool {
    MACHINERY.contains(&module)
}

/// An object's name as messages show it: short, and without what would move a terminal's cursor.
pub fn shown(module: &str, name: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    format!("{module}.{name}").chars().take(SHOWN).map(plain).collect()
}

/// Why a file is refused that asks for an object. The problem reads on from the file's name.
pub fn refused(module: &str, name: &str) -> String {
    format!(
        "asks for the Python object `{}`, which no state dict needs; nothing was run. Save the tensors alone: \
         torch.save(model.state_dict(), FILE)",
        shown(module, name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_state_dicts_name_is_known() {
        assert_eq!(Global::of("collections", "OrderedDict"), Some(Global::OrderedDict));
        assert_eq!(Global::of("torch", "FloatStorage"), Global::of("torch.cuda", "FloatStorage"));
        assert_eq!(Global::of("__torch__.torchvision.models.resnet", "ResNet"), Some(Global::Module));
        for (module, name) in [
            ("os", "system"),
            ("posix", "system"),
            ("builtins", "eval"),
            ("builtins", "getattr"),
            ("__builtin__", "exec"),
            ("torch", "load"),
            ("torch.hub", "load"),
            ("torch.cuda", "float32"),
            ("__torch__evil", "x"),
            ("torchvision.models.resnet", "ResNet"),
            ("numpy", "load"),
        ] {
            assert_eq!(Global::of(module, name), None, "{module}.{name}");
        }
    }

    #[test]
    fn settings_may_stand_beside_tensors_and_programs_may_not() {
        for (module, name) in [
            ("argparse", "Namespace"),
            ("omegaconf.dictconfig", "DictConfig"),
            ("builtins", "getattr"),
            ("torchvision.models.resnet", "ResNet"),
            ("torch.nn.modules.linear", "Linear"),
            ("__main__", "Config"),
            ("osmium", "Settings"),
        ] {
            assert!(may_stand_beside(module, name), "{module}.{name}");
        }
        for (module, name) in [
            ("os", "system"),
            ("os.path", "join"),
            ("posix", "system"),
            ("builtins", "eval"),
            ("__builtin__", "exec"),
            ("subprocess", "Popen"),
            ("torch", "load"),
            ("torch.hub", "load"),
            ("torch._utils", "_rebuild_qtensor"),
        ] {
            assert!(!may_stand_beside(module, name), "{module}.{name}");
        }
        assert_eq!(shown("a\u{1b}[2J", "b"), "a\u{fffd}[2J.b");
    }
}
