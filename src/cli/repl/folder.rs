//! The build folder of sessions: `cache/repl` of the workspace that this command was built from.
//!
//! A session is a crate, `ctx`, that evcxr writes and compiles anew for every cell. Three things make that quick. The
//! library is a dylib of its own, `lib`, so that a cell links against one file and not against 250; cells depend on a
//! `front` of it that is quick to read; and `ctx` lies in a cargo workspace whose root depends on the front too, so that
//! `Cargo.lock` stays the checkout's while evcxr adds and removes dependencies, and whose profile, not evcxr's, says how
//! much is optimised. evcxr writes into its folder, so that each session that is open has a slot of its own. The library
//! is compiled once for all of them; each has it by hard links, and does not see what another session compiles anew.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::cli::repl::files::{problem, unwritten};
use crate::cli::repl::front;
use crate::cli::repl::front::PACKAGE;
use crate::engine::store::{SessionFolder, Store};

/// The sources that the library is compiled from.
const SOURCE: &str = env!("CARGO_MANIFEST_DIR");
/// So many sessions at a time.
const SLOTS: usize = 16;
/// So many are prepared together: a terminal's and a notebook's, which then start alike.
const READY: usize = 2;

/// Where sessions are built.
pub struct Folder {
    source: PathBuf,
    door: SessionFolder,
    /// Where rustc has the standard library for the machine that it runs on.
    standard: PathBuf,
}

/// A session's own part of the folder, for as long as it lives.
pub struct Slot<'a> {
    folder: &'a Folder,
    root: PathBuf,
    _lock: File,
}

impl Folder {
    /// The folder of this build's sources, or of those that `VENTRAL_SOURCE` names.
    pub fn here() -> Result<Self, String> {
        let source = std::env::var_os("VENTRAL_SOURCE").map_or_else(|| PathBuf::from(SOURCE), PathBuf::from);
        if !source.join("src/prelude.rs").is_file() || !source.join("Cargo.lock").is_file() {
            return Err(format!(
                "a session compiles ventral's library, whose sources are not at {}; VENTRAL_SOURCE names where they are",
                source.display()
            ));
        }
        let source = source.canonicalize().map_err(|error| problem(&source, &error))?;
        let door = SessionFolder::of(&Store::place(&source));
        Ok(Self { source, door, standard: standard()? })
    }

    /// A program of evcxr: where `make repl` puts it, else on the path.
    pub fn program(&self, name: &str) -> Result<PathBuf, String> {
        let ours = self.source.join(".evcxr/bin").join(name);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let candidates = std::iter::once(ours).chain(std::env::split_paths(&path).map(|folder| folder.join(name)));
        candidates.into_iter().find(|file| file.is_file()).ok_or_else(|| {
            format!(
                "{name} is not installed; `make repl` in {} installs it (12 minutes on two cores, once)",
                self.source.display()
            )
        })
    }

    /// The first slot that no session has open.
    pub fn slot(&self) -> Result<Slot<'_>, String> {
        Ok(self.slots(1)?.swap_remove(0))
    }

    /// Compiles what the next sessions need.
    pub fn prepare(&self, say: impl Fn(&str)) -> Result<(), String> {
        self.slots(READY)?.iter().try_for_each(|slot| slot.prepare(&say))
    }

    /// The first slots that no session has open, at least one.
    fn slots(&self, count: usize) -> Result<Vec<Slot<'_>>, String> {
        let mut free = Vec::new();
        for number in 1..=SLOTS {
            let root = self.root().join(number.to_string());
            self.door.create(&root).map_err(unwritten)?;
            if let Some(lock) = self.door.lock(&root.join("lock")).map_err(unwritten)? {
                free.push(Slot { folder: self, root, _lock: lock });
            }
            if free.len() == count {
                break;
            }
        }
        if free.is_empty() { Err(format!("{SLOTS} sessions are open; end one")) } else { Ok(free) }
    }

    /// Whether the library was compiled, of the sources as they are or as they were.
    pub fn is_prepared(&self) -> bool {
        self.made().is_file()
    }

    /// The library as cargo leaves it.
    fn made(&self) -> PathBuf {
        self.target().join(self.host()).join("debug/deps/libventral_session.so")
    }

    fn root(&self) -> &Path {
        self.door.root()
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), String> {
        self.door.write(path, text).map_err(unwritten)
    }

    /// Where it is compiled, for all slots.
    fn target(&self) -> PathBuf {
        self.root().join("target")
    }

    /// Writes the description of a kernel; gives the folder for `JUPYTER_PATH`.
    pub fn write_kernel(&self, name: &str, kernel: &Json) -> Result<PathBuf, String> {
        let share = self.root().join("jupyter");
        let text = serde_json::to_string_pretty(kernel).expect("JSON values serialise");
        self.write(&share.join("kernels").join(name).join("kernel.json"), &text)?;
        Ok(share)
    }

    /// The machine's triple: the standard library lies in `lib/rustlib/TRIPLE/lib`.
    fn host(&self) -> &OsStr {
        self.standard.parent().and_then(Path::file_name).unwrap_or_default()
    }

    /// Whether evcxr finds the sources of the standard library, from which it tells the types of variables.
    pub fn has_sources(&self) -> bool {
        self.sources().is_some()
    }

    /// The sources of the standard library: those that one names, the toolchain's, or those of Debian's package, of
    /// whatever version.
    fn sources(&self) -> Option<PathBuf> {
        let named = std::env::var_os("RUST_SRC_PATH").map(PathBuf::from);
        let toolchains = self.standard.join("../../src/rust/library");
        let debians = || {
            let folders = fs::read_dir("/usr/src").ok()?.flatten().map(|entry| entry.path());
            let rusts = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("rustc-"));
            folders.filter(rusts).map(|path| path.join("library")).filter(|path| path.join("core").is_dir()).max()
        };
        let known = named.into_iter().chain([toolchains]).find(|path| path.join("core").is_dir());
        known.or_else(debians)
    }

    fn library(&self) -> PathBuf {
        self.root().join("lib")
    }

    /// The line of the checkout's manifest that names a dependency, so that sessions have the same features and compile
    /// it once.
    fn dependency(&self, name: &str) -> Result<String, String> {
        let path = self.source.join("Cargo.toml");
        let manifest = fs::read_to_string(&path).map_err(|error| problem(&path, &error))?;
        let start = format!("{name} = ");
        let line = manifest.lines().find(|line| line.starts_with(&start));
        line.map(str::to_owned).ok_or_else(|| format!("{} names no {name}", path.display()))
    }
}

impl Slot<'_> {
    /// Compiles the library and its front, or finds them compiled.
    pub fn prepare(&self, say: impl Fn(&str)) -> Result<(), String> {
        self.write_crates()?;
        self.build(&self.folder.library(), "ventral-session", &self.folder.target(), &say)?;
        let made = self.folder.made();
        let of = fs::metadata(&made).and_then(|file| file.modified()).map_err(|error| problem(&made, &error))?;
        let (of, stamp) = (format!("{of:?}"), self.root.join("prepared"));
        if fs::read_to_string(&stamp).is_ok_and(|before| before == of) {
            return Ok(());
        }
        self.link_library()?;
        // Else the first cell would compile it, in silence.
        self.build(&self.root, PACKAGE, &self.target(), &say)?;
        // Else the first session would, or would not start without a network: rust-analyzer has cargo resolve what other
        // machines need, too.
        self.cargo(&["fetch"], &self.root, &self.target(), &say)?;
        self.folder.write(&stamp, &of)
    }

    /// Takes the library and the crates that it is made of, as they are now.
    fn link_library(&self) -> Result<(), String> {
        let (target, to) = (self.folder.target(), self.root.join("lib"));
        self.folder.door.empty(&to).map_err(unwritten)?;
        // Macros are crates of the machine that compiles.
        for from in [target.join(self.folder.host()).join("debug/deps"), target.join("debug/deps")] {
            link_crates(&self.folder.door, &from, &to)?;
        }
        Ok(())
    }

    fn build(&self, workspace: &Path, package: &str, target: &Path, say: &impl Fn(&str)) -> Result<(), String> {
        let host = self.folder.host().to_string_lossy();
        self.cargo(&["build", "--package", package, "--target", &host], workspace, target, say)
    }

    fn cargo(&self, arguments: &[&str], workspace: &Path, target: &Path, say: &impl Fn(&str)) -> Result<(), String> {
        let mut command = Command::new("cargo");
        command
            .args(arguments)
            .current_dir(workspace)
            .envs(self.environment())
            // As evcxr calls cargo, so that it finds everything made.
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_BUILD_BUILD_DIR", target)
            .env("RUSTFLAGS", "-Cprefer-dynamic")
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        let cannot = |error: io::Error| format!("cannot start cargo: {error}");
        let mut cargo = command.spawn().map_err(cannot)?;
        let said = BufReader::new(cargo.stderr.take().expect("piped"));
        // Whoever waits sees what is compiled; the rest is of interest where it fails.
        let mut rest = String::new();
        for line in said.lines().map_while(Result::ok) {
            if line.trim_start().starts_with("Compiling ") {
                say(&line);
            } else {
                rest = format!("{rest}{line}\n");
            }
        }
        let status = cargo.wait().map_err(cannot)?;
        if !status.success() {
            let did = if arguments[0] == "fetch" { "cannot be had" } else { "does not compile" };
            return Err(format!("the library for sessions {did} ({status}):\n{rest}"));
        }
        Ok(())
    }

    /// The session's dependency, as `:dep` takes it.
    pub fn dependency(&self) -> String {
        let front = self.folder.root().join("front");
        format!("ventral = {{ package = \"{PACKAGE}\", path = {:?} }}", front.display().to_string())
    }

    /// Writes what evcxr runs at the start.
    pub fn write_prelude(&self, text: &str) -> Result<(), String> {
        self.folder.write(&self.root.join("config/prelude.rs"), text)
    }

    /// What evcxr and cargo are told.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut libraries: OsString = self.root.join("lib").into();
        libraries.push(":");
        libraries.push(&self.folder.standard);
        if let Some(known) = std::env::var_os("LD_LIBRARY_PATH") {
            libraries.push(":");
            libraries.push(known);
        }
        vec![
            ("EVCXR_TMPDIR", self.root.join("ctx").into()),
            ("EVCXR_CONFIG_DIR", self.root.join("config").into()),
            ("LD_LIBRARY_PATH", libraries),
            ("RUST_SRC_PATH", self.folder.root().join("std").into()),
            // As `prepare` and evcxr must agree, whatever is set around them; cells are small.
            ("CARGO_INCREMENTAL", "0".into()),
        ]
    }

    fn target(&self) -> PathBuf {
        self.root.join("ctx/target")
    }

    fn write_crates(&self) -> Result<(), String> {
        let folder = self.folder;
        let library = folder.library();
        let plotters = folder.dependency("plotters")?;
        let plotters = plotters.replacen("features = [", "features = [\"evcxr\", ", 1);
        // Optimising takes most of the time that compiling does, and a session computes nothing heavy itself.
        let profile = "[profile.dev]\ndebug = false\nrpath = true\n\n[profile.dev.package.\"*\"]\nopt-level = 0\n";
        folder.write(
            &library.join("Cargo.toml"),
            &format!(
                "[package]\nname = \"ventral-session\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                 [lib]\npath = \"lib.rs\"\ncrate-type = [\"dylib\"]\n\n\
                 [dependencies]\nventral = {{ path = {:?}, default-features = false }}\n{plotters}\n\n[workspace]\n\n{profile}",
                folder.source.display().to_string()
            ),
        )?;
        folder.write(
            &library.join("lib.rs"),
            "//! ventral in one file, for the cells of a session.\n\npub use ventral::*;\n",
        )?;
        self.write_lock(&library)?;
        front::write_front(&folder.door, &folder.source, &folder.dependency("ndarray")?)?;
        front::write_standard(&folder.door, &folder.root().join("std"), folder.sources().as_deref())?;
        folder.write(
            &self.root.join("Cargo.toml"),
            &format!(
                "[package]\nname = \"ventral-sessions\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n\
                 [dependencies]\n{PACKAGE} = {{ path = \"../front\" }}\n\n[workspace]\nmembers = [\"ctx\"]\n\n{profile}",
            ),
        )?;
        folder.write(&self.root.join("lib.rs"), "//! Keeps the session's dependencies in the workspace's lock.\n")?;
        // Without what an earlier session depended on, as evcxr begins.
        let ctx = self.root.join("ctx");
        folder.write(
            &ctx.join("Cargo.toml"),
            "[package]\nname = \"ctx\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\"]\npath = \"src/lib.rs\"\n",
        )?;
        if !ctx.join("src/lib.rs").is_file() {
            folder.write(&ctx.join("src/lib.rs"), "")?;
        }
        self.write_lock(&self.root)
    }

    /// The checkout's lock for a workspace; anew when it changes, since cargo puts the workspace's crates into it.
    fn write_lock(&self, workspace: &Path) -> Result<(), String> {
        let path = self.folder.source.join("Cargo.lock");
        let lock = fs::read_to_string(&path).map_err(|error| problem(&path, &error))?;
        let seen = workspace.join("Cargo.lock.source");
        if fs::read_to_string(&seen).ok().as_ref() != Some(&lock) {
            self.folder.write(&workspace.join("Cargo.lock"), &lock)?;
            self.folder.write(&seen, &lock)?;
        }
        Ok(())
    }
}

/// Asks rustc, which a session cannot do without.
fn standard() -> Result<PathBuf, String> {
    let output = Command::new("rustc").args(["--print", "target-libdir"]).output();
    let output = output.map_err(|error| format!("a session needs Rust's compiler: rustc does not start: {error}"))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// The crates of one folder in another, by hard links: cargo and rustc replace files and write into none.
fn link_crates(door: &SessionFolder, from: &Path, to: &Path) -> Result<(), String> {
    let unread = |error: io::Error| problem(from, &error);
    for entry in fs::read_dir(from).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        let is_crate = path.extension().is_some_and(|kind| kind == "so" || kind == "rlib" || kind == "rmeta");
        let Some(name) = path.file_name().filter(|_| is_crate) else { continue };
        // What another session just replaces is of no use here either.
        door.share(&path, &to.join(name)).map_err(unwritten)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(root: &Path) -> Folder {
        let standard = PathBuf::from("/toolchain/lib/rustlib/x86_64-unknown-linux-gnu/lib");
        Folder { source: PathBuf::from(SOURCE), door: SessionFolder::of(root), standard }
    }

    #[test]
    fn the_session_has_the_checkouts_dependencies() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = folder(root.path());
        assert_eq!(folder.host(), "x86_64-unknown-linux-gnu");
        let slot = folder.slot().expect("a slot");
        slot.write_crates().expect("written");
        let manifest = fs::read_to_string(folder.library().join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains("features = [\"evcxr\", \"svg_backend\""), "{manifest}");
        assert!(
            manifest.contains(&format!("ventral = {{ path = \"{SOURCE}\", default-features = false }}")),
            "{manifest}"
        );
        let lock = fs::read_to_string(Path::new(SOURCE).join("Cargo.lock")).expect("the checkout's lock");
        for workspace in ["1", "lib"] {
            assert_eq!(fs::read_to_string(folder.root().join(workspace).join("Cargo.lock")).expect("a lock"), lock);
        }
    }

    #[test]
    fn sessions_that_are_open_have_folders_of_their_own() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = folder(root.path());
        let deps = folder.target().join(folder.host()).join("debug/deps");
        folder.write(&deps.join("libventral_session.so"), "compiled").expect("written");
        folder.write(&deps.join("ventral.d"), "no crate").expect("written");
        fs::create_dir_all(folder.target().join("debug/deps")).expect("created");
        let first = folder.slot().expect("a slot");
        let second = folder.slot().expect("another slot");
        assert_ne!(first.root, second.root);
        first.link_library().and_then(|()| second.link_library()).expect("linked");
        // What is compiled anew for one, the other does not see.
        fs::remove_file(deps.join("libventral_session.so")).expect("removed");
        folder.write(&deps.join("libventral_session.so"), "anew").expect("written");
        second.link_library().expect("linked again");
        let library = |slot: &Slot<'_>| fs::read_to_string(slot.root.join("lib/libventral_session.so"));
        assert_eq!(
            (library(&first).expect("as it was"), library(&second).expect("anew")),
            ("compiled".into(), "anew".into())
        );
        assert!(!second.root.join("lib/ventral.d").exists());
        let ready = folder.slots(READY).expect("what is prepared together");
        assert!(ready[0].root.ends_with("3") && ready[1].root.ends_with("4"), "beside those that are open");
        drop(first);
        assert!(folder.slot().expect("the first again").root.ends_with("1"));
    }
}
