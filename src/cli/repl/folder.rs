//! The build folder of sessions: `cache/repl` of the workspace that this command was built from.
//!
//! A session is a crate, `ctx`, that evcxr writes and compiles anew for every cell. Three things make that quick. The
//! library is a dylib of its own, `lib`, so that a cell links against one file and not against 250; `ctx` lies in a cargo
//! workspace whose root depends on the library too, so that `Cargo.lock` stays the checkout's while evcxr adds and removes
//! dependencies; and the root's profile, not evcxr's, says how much is optimised. evcxr writes into its folder, so that
//! each session that is open has a slot of its own; slots share what is compiled by hard links.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

/// The sources that the library is compiled from.
const SOURCE: &str = env!("CARGO_MANIFEST_DIR");
/// So many sessions at a time.
const SLOTS: usize = 16;

/// Where sessions are built.
pub struct Folder {
    source: PathBuf,
    root: PathBuf,
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
        let source = source.canonicalize().map_err(|error| told(&source, &error))?;
        let root = source.join("cache/repl");
        Ok(Self { source, root, standard: standard()? })
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
        for number in 1..=SLOTS {
            let root = self.root.join(number.to_string());
            fs::create_dir_all(&root).map_err(|error| told(&root, &error))?;
            let path = root.join("lock");
            let file = File::create(&path).map_err(|error| told(&path, &error))?;
            // SAFETY: a call on a descriptor that `file` keeps open.
            if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
                let slot = Slot { folder: self, root, _lock: file };
                let shared = self.root.join("1/ctx/target");
                if number > 1 && !slot.is_prepared() && shared.is_dir() {
                    link_all(&shared, &slot.target()).map_err(|error| told(&shared, &error))?;
                }
                return Ok(slot);
            }
        }
        Err(format!("{SLOTS} sessions are open; end one"))
    }

    /// Writes the description of a kernel; gives the folder for `JUPYTER_PATH`.
    pub fn write_kernel(&self, name: &str, kernel: &Json) -> Result<PathBuf, String> {
        let share = self.root.join("jupyter");
        let text = serde_json::to_string_pretty(kernel).expect("JSON values serialise");
        write(&share.join("kernels").join(name).join("kernel.json"), &text)?;
        Ok(share)
    }

    /// The machine's triple: the standard library lies in `lib/rustlib/TRIPLE/lib`.
    fn host(&self) -> &OsStr {
        self.standard.parent().and_then(Path::file_name).unwrap_or_default()
    }

    /// Whether evcxr finds the sources of the standard library, from which it tells the types of variables.
    pub fn has_sources(&self) -> bool {
        self.rust_sources().is_dir() || self.debian_sources().is_some()
    }

    fn rust_sources(&self) -> PathBuf {
        self.standard.join("../../src/rust/library")
    }

    /// Those of Debian's package, of whatever version, where the toolchain has none.
    fn debian_sources(&self) -> Option<PathBuf> {
        if self.rust_sources().is_dir() || std::env::var_os("RUST_SRC_PATH").is_some() {
            return None;
        }
        let folders = fs::read_dir("/usr/src").ok()?.flatten().map(|entry| entry.path());
        let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rustc-"));
        folders.filter(named).map(|path| path.join("library")).filter(|path| path.is_dir()).max()
    }

    fn library(&self) -> PathBuf {
        self.root.join("lib")
    }

    /// The line of the checkout's manifest that names a dependency, so that sessions have the same features and compile
    /// it once.
    fn dependency(&self, name: &str) -> Result<String, String> {
        let path = self.source.join("Cargo.toml");
        let manifest = fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
        let start = format!("{name} = ");
        let line = manifest.lines().find(|line| line.starts_with(&start));
        line.map(str::to_owned).ok_or_else(|| format!("{} names no {name}", path.display()))
    }
}

impl Slot<'_> {
    /// Whether the library was compiled here, of the sources as they are or as they were.
    pub fn is_prepared(&self) -> bool {
        self.root.join("prepared").is_file()
    }

    /// Compiles the library, or finds it compiled.
    pub fn prepare(&self, say: impl Fn(&str)) -> Result<(), String> {
        self.write_crates()?;
        let mut command = Command::new("cargo");
        command
            .args(["build", "--package", "ventral-session", "--target"])
            .arg(self.folder.host())
            .current_dir(&self.root)
            .envs(self.environment())
            // As evcxr calls cargo, so that it finds everything made.
            .env("CARGO_TARGET_DIR", self.target())
            .env("CARGO_BUILD_BUILD_DIR", self.target())
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
            return Err(format!("the library for sessions does not compile ({status}):\n{rest}"));
        }
        write(&self.root.join("prepared"), "")
    }

    /// The session's dependency, as `:dep` takes it.
    pub fn dependency(&self) -> String {
        format!(
            "ventral = {{ package = \"ventral-session\", path = {:?} }}",
            self.folder.library().display().to_string()
        )
    }

    /// Writes what evcxr runs at the start.
    pub fn write_prelude(&self, text: &str) -> Result<(), String> {
        write(&self.root.join("config/prelude.rs"), text)
    }

    /// What evcxr and cargo are told.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut libraries: OsString = self.target().join(self.folder.host()).join("debug/deps").into();
        libraries.push(":");
        libraries.push(&self.folder.standard);
        if let Some(known) = std::env::var_os("LD_LIBRARY_PATH") {
            libraries.push(":");
            libraries.push(known);
        }
        let mut told = vec![
            ("EVCXR_TMPDIR", self.root.join("ctx").into()),
            ("EVCXR_CONFIG_DIR", self.root.join("config").into()),
            ("LD_LIBRARY_PATH", libraries),
        ];
        if let Some(sources) = self.folder.debian_sources() {
            told.push(("RUST_SRC_PATH", sources.into()));
        }
        told
    }

    fn target(&self) -> PathBuf {
        self.root.join("ctx/target")
    }

    fn write_crates(&self) -> Result<(), String> {
        let folder = self.folder;
        let library = folder.library();
        let plotters = folder.dependency("plotters")?;
        let plotters = plotters.replacen("features = [", "features = [\"evcxr\", ", 1);
        write(
            &library.join("Cargo.toml"),
            &format!(
                "[package]\nname = \"ventral-session\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                 [lib]\npath = \"lib.rs\"\ncrate-type = [\"dylib\"]\n\n\
                 [dependencies]\nventral = {{ path = {:?} }}\n{plotters}\n\n[workspace]\n",
                folder.source.display().to_string()
            ),
        )?;
        write(
            &library.join("lib.rs"),
            "//! ventral in one file, for the cells of a session.\n\npub use ventral::*;\n",
        )?;
        // Optimising takes most of the time that compiling does, and a session computes nothing heavy itself.
        write(
            &self.root.join("Cargo.toml"),
            &format!(
                "[package]\nname = \"ventral-sessions\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n\
                 [dependencies]\nventral-session = {{ path = {:?} }}\n\n[workspace]\nmembers = [\"ctx\"]\n\n\
                 [profile.dev]\ndebug = false\nrpath = true\n\n[profile.dev.package.\"*\"]\nopt-level = 0\n",
                library.display().to_string()
            ),
        )?;
        write(&self.root.join("lib.rs"), "//! Keeps the session's dependencies in the workspace's lock.\n")?;
        let ctx = self.root.join("ctx");
        if !ctx.join("Cargo.toml").is_file() {
            write(
                &ctx.join("Cargo.toml"),
                "[package]\nname = \"ctx\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\"]\npath = \"src/lib.rs\"\n",
            )?;
            write(&ctx.join("src/lib.rs"), "")?;
        }
        // cargo adds the session's crates to the lock; the checkout's comes anew when it changes.
        let path = folder.source.join("Cargo.lock");
        let lock = fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
        let seen = self.root.join("Cargo.lock.source");
        if fs::read_to_string(&seen).ok().as_ref() != Some(&lock) {
            write(&self.root.join("Cargo.lock"), &lock)?;
            write(&seen, &lock)?;
        }
        Ok(())
    }
}

/// Writes a file unless it holds this already: cargo compiles again what is newer.
fn write(path: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let folder = path.parent().expect("a file of ours lies in a folder");
    fs::create_dir_all(folder).and_then(|()| fs::write(path, text)).map_err(|error| told(path, &error))
}

fn told(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// Asks rustc, which a session cannot do without.
fn standard() -> Result<PathBuf, String> {
    let output = Command::new("rustc").args(["--print", "target-libdir"]).output();
    let output = output.map_err(|error| format!("a session needs Rust's compiler: rustc does not start: {error}"))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// A tree of folders whose files are those of another; cargo and rustc replace files and write into none.
fn link_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            link_all(&path, &to)?;
        } else {
            match fs::hard_link(&path, &to) {
                // A file that the other session just replaced is made here anew.
                Err(error) if !matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => {
                    return Err(error);
                }
                _ => {}
            }
        }
    }
    Ok(())
}

// The worker's package, which shares this file, has no sessions and another folder.
#[cfg(all(test, not(feature = "torch")))]
mod tests {
    use super::*;

    fn folder(root: &Path) -> Folder {
        let standard = PathBuf::from("/toolchain/lib/rustlib/x86_64-unknown-linux-gnu/lib");
        Folder { source: PathBuf::from(SOURCE), root: root.to_owned(), standard }
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
        assert!(manifest.contains(&format!("ventral = {{ path = \"{SOURCE}\" }}")), "{manifest}");
        let lock = fs::read_to_string(Path::new(SOURCE).join("Cargo.lock")).expect("the checkout's lock");
        assert_eq!(fs::read_to_string(root.path().join("1/Cargo.lock")).expect("a lock"), lock);
    }

    #[test]
    fn sessions_that_are_open_have_folders_of_their_own() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = folder(root.path());
        let first = folder.slot().expect("a slot");
        write(&first.target().join("debug/deps/lib.so"), "compiled").expect("written");
        let second = folder.slot().expect("another slot");
        assert_ne!(first.root, second.root);
        let shared = second.target().join("debug/deps/lib.so");
        assert_eq!(fs::read_to_string(&shared).expect("linked"), "compiled");
        // What one compiles anew, the other does not see.
        fs::remove_file(&shared).and_then(|()| fs::write(&shared, "anew")).expect("written");
        assert_eq!(fs::read_to_string(first.target().join("debug/deps/lib.so")).expect("as it was"), "compiled");
        drop(first);
        assert!(folder.slot().expect("the first again").root.ends_with("1"));
    }
}
