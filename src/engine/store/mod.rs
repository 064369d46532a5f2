//! The cache folder: objects by content, actions by key, locks, and links that people can read.
//!
//! ```text
//! cache/objects/ab/DIGEST.safetensors   results, by content; read-only
//! cache/actions/ab/KEY.json             records: which objects a computation gave; with a checksum
//! cache/locks/KEY                       held while a computation is under way
//! cache/by-name/RECIPE/NODE/PORT.ext    links to objects
//! cache/recipes/RECIPE.json             what each node's last actions were
//! cache/runs/RECIPE/NUMBER.json        what its last runs were, to compare them
//! cache/files.json                      digests of input files, by their stat
//! cache/local/HOST/objects              which objects a host has seen whole, by their stat
//! cache/profile.json                    what this machine computes with
//! cache/tuned.json                      what was measured on it, such as images per batch
//! cache/scratch/RUN/                    results on their way; swept when their run is gone
//! cache/partial/NAME                    long results on their way, which a later run goes on with
//! cache/checkpoints/NAME                the last state of each training, which a later or longer one goes on with
//! cache/damaged/                        objects whose bytes no longer match their name, records that do not read
//! cache/repl/                           where sessions are built
//! ```
//!
//! Nothing else writes here. Values and records are behind two seams, `Objects` and `Records`, of which the folder is the first
//! implementation. An object is written under `scratch/`, hashed on the way, and renamed into place; the
//! record that names it is written last. So a kill at any moment leaves whole results and litter, never half a
//! result. Results can be made again, so nothing waits for the disk: what a power cut tears has another size than
//! its record says, and is made again.

mod error;
mod folder;
mod format;
mod history;
mod links;
mod locks;
mod notes;
mod object_folder;
mod objects;
mod opened;
mod parcel;
mod record_folder;
mod records;
mod runs;
mod scratch;
mod stat;
mod stats;
mod stream;
mod sweep;
mod writer;

#[cfg(test)]
mod tests;

pub use crate::engine::store::error::StoreError;
pub use crate::engine::store::history::{Failure, History, Last};
pub use crate::engine::store::locks::{ActionLock, Running};
pub use crate::engine::store::objects::{Incoming, Kept, Objects, Output};
pub use crate::engine::store::opened::Store;
pub use crate::engine::store::records::{RecordProblem, Records};
pub use crate::engine::store::runs::{PastRun, REMEMBERED};
pub use crate::engine::store::scratch::SessionFolder;
pub use crate::engine::store::stat::Stat;
pub use crate::engine::store::stream::StreamedObject;
pub use crate::engine::store::sweep::Verified;
