//! Where a node computes, as recipes and `--device` name it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A device as recipes and `--device` name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// CUDA where it works, else the CPU.
    #[default]
    Auto,
    Cpu,
    /// A GPU by index.
    Cuda(usize),
}

/// Whether an error says that memory ran out, in the words of CUDA, libtorch, oneDNN, C++, Rust or the system.
pub fn is_short_of_memory(error: &str) -> bool {
    const WORDS: [&str; 7] = [
        "memory allocation of",
        "out of memory",
        "can't allocate memory",
        "not enough memory",
        "annot allocate memory",
        "bad_alloc",
        "could not create a memory",
    ];
    WORDS.iter().any(|words| error.contains(words))
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| format!("`{text}` is no device; there are auto, cpu, cuda and cuda:INDEX")),
        }
    }
}

impl TryFrom<String> for Device {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.to_string()
    }
}
