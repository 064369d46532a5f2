//! A worker that a wheel installed: where it lies, and whether the torch that it needs is there.

use std::path::{Path, PathBuf};

/// The torch whose libtorch this build was compiled against.
const TORCH: &str = "2.11";

/// The worker in the Python package beside a command in `folder`, such as env/bin: env/lib/python3.X/site-packages/ventral_studies/bin/.
pub fn worker(folder: &Path) -> Option<PathBuf> {
    let above = folder.parent()?;
    let libraries = ["lib", "lib64", "local/lib"].map(|name| above.join(name));
    let pythons = libraries.iter().filter_map(|library| std::fs::read_dir(library).ok()).flatten().flatten();
    let pythons = pythons
        .map(|entry| entry.path())
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("python3")));
    let sites = pythons.flat_map(|python| [python.join("site-packages"), python.join("dist-packages")]);
    sites.map(|site| site.join("ventral_studies/bin/ventral-worker")).find(|path| path.is_file())
}

/// Refuses an installation whose torch is missing or another.
pub fn torch(worker: &Path) -> Result<(), String> {
    let Some(site) = worker.ancestors().nth(3) else { return Ok(()) };
    let way_out = format!("`pip install \"torch=={TORCH}.*\"` in that environment");
    let text = std::fs::read_to_string(site.join("torch/version.py")).map_err(|_| {
        format!("torch {TORCH}, whose libtorch the worker uses, is not installed in {}: {way_out}", site.display())
    })?;
    let version = text.lines().find_map(|line| line.strip_prefix("__version__ = ")).unwrap_or_default();
    let version = version.trim_matches(['\'', '"', ' ']);
    match version.strip_prefix(TORCH).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '+'])) {
        true => Ok(()),
        false => Err(format!(
            "torch {version} is installed in {}, and this build of ventral runs with torch {TORCH}: {way_out}",
            site.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_s_worker_is_found_and_its_torch_is_looked_at() {
        let folder = tempfile::tempdir().expect("a folder");
        let site = folder.path().join("lib/python3.11/site-packages");
        let bin = folder.path().join("bin");
        let own = site.join("ventral_studies/bin");
        std::fs::create_dir_all(&own).expect("created");
        assert_eq!(worker(&bin), None);
        std::fs::write(own.join("ventral-worker"), "").expect("written");
        let found = worker(&bin).expect("it is there");
        assert!(torch(&found).unwrap_err().starts_with("torch 2.11, whose libtorch the worker uses, is not installed"));
        std::fs::create_dir_all(site.join("torch")).expect("created");
        for (version, fits) in [("2.11.0+cu130", true), ("2.11", true), ("2.12.0", false), ("2.110.0", false)] {
            std::fs::write(site.join("torch/version.py"), format!("__all__ = []\n__version__ = '{version}'\n"))
                .expect("written");
            assert_eq!(torch(&found).is_ok(), fits, "{version}");
        }
    }
}
