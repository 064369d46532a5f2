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

/// What stands beside the weights in checkpoints of training: arguments, NumPy's numbers, counters.
fn is_inert(module: &str, name: &str) -> bool {
    match module {
        "torch" => matches!(name, "device" | "Tensor" | "strided"),
        "torch.nn.parameter" => matches!(name, "Parameter" | "Buffer"),
        "torch.serialization" => name == "_get_layout",
        "torch.jit._pickle" => true,
        "argparse" => name == "Namespace",
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
                | "set"
                | "slice"
                | "str"
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
}
