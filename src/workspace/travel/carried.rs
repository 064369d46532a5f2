//! Which inputs a pack carries, under which names, and which it leaves out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::engine::away;
use crate::engine::away::Away;
use crate::engine::files::parts;
use crate::plan::Plan;
use crate::text::amount;
use crate::workspace::travel::inputs::Input;
use crate::workspace::travel::names;

/// Where inputs from elsewhere lie in a pack.
const ELSEWHERE: &str = "inputs";

/// The inputs of a pack.
#[derive(Debug, Default)]
pub struct Carried {
    /// Files by their names in the pack.
    pub files: BTreeMap<String, PathBuf>,
    /// What each input is in the pack, by the path that the recipe writes: a file's name, or a folder's with a slash at its end. Those
    /// that were left out are not here.
    pub names: BTreeMap<String, String>,
    /// Inputs that do not lie where the recipe says, or are left out.
    pub away: Vec<away::Input>,
}

impl Carried {
    /// Chooses among inputs: those that are private or larger than `up_to` bytes stay here. `known` is what the workspace itself came
    /// without.
    pub fn of(
        plan: &Plan,
        inputs: &BTreeMap<String, Input>,
        private: &BTreeSet<Digest>,
        up_to: u64,
        known: &Away,
    ) -> Result<Self, String> {
        let mut carried = Self::default();
        for (written, input) in inputs {
            let unreadable = |error: std::io::Error| format!("cannot pack {}: {error}", input.path.display());
            let away =
                |bytes, at, left_out| away::Input { path: written.clone(), digest: input.digest, bytes, at, left_out };
            if !input.path.exists() {
                let bytes = known.input(written).map_or(0, |input| input.bytes);
                carried.away.push(away(bytes, None, Some("it was not here when the study was packed".to_owned())));
                continue;
            }
            let files = parts(&input.path).map_err(unreadable)?;
            let sizes: std::io::Result<Vec<u64>> = files.iter().map(|file| Ok(file.metadata()?.len())).collect();
            let bytes = sizes.map_err(unreadable)?.iter().sum();
            if private.contains(&input.digest) {
                carried.away.push(away(bytes, None, Some("it is private".to_owned())));
                continue;
            }
            if bytes > up_to {
                let why =
                    format!("it has {}, and inputs up to {} are packed", amount::bytes(bytes), amount::bytes(up_to));
                carried.away.push(away(bytes, None, Some(why)));
                continue;
            }
            let relative = Path::new(written).is_relative();
            let place = names::place(&plan.workspace, written);
            let name = place.clone().unwrap_or_else(|| {
                let own = input.path.file_name().unwrap_or_default().to_string_lossy();
                format!("{ELSEWHERE}/{}/{own}", input.digest.short())
            });
            if place.is_none() || !relative {
                carried.away.push(away(bytes, Some(name.clone()), None));
            }
            carried.add(written, &name, &input.path, files)?;
        }
        Ok(carried)
    }

    fn add(&mut self, written: &str, name: &str, path: &Path, files: Vec<PathBuf>) -> Result<(), String> {
        let folder = path.is_dir();
        // Parts of an index lie beside it.
        let (root, above) = match folder {
            true => (path, name),
            false => (path.parent().unwrap_or(path), name.rsplit_once('/').map_or("", |(above, _)| above)),
        };
        for file in files {
            let own = if file == path { Some(name.to_owned()) } else { below(above, root, &file) };
            let own = own.ok_or_else(|| format!("cannot pack {}: its name is no UTF-8 text", file.display()))?;
            if let Some(why) = names::problem(&own) {
                return Err(format!("cannot pack {} as `{own}`: {why}", file.display()));
            }
            self.files.insert(own, file);
        }
        self.names.insert(written.to_owned(), if folder { format!("{name}/") } else { name.to_owned() });
        Ok(())
    }
}

fn below(above: &str, root: &Path, file: &Path) -> Option<String> {
    let relative = file.strip_prefix(root).ok()?.to_str()?;
    Some(if above.is_empty() { relative.to_owned() } else { format!("{above}/{relative}") })
}
