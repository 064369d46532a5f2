//! The crate that cells depend on: for rustc a way to the compiled library, for rust-analyzer its sources and little else.
//!
//! evcxr asks rust-analyzer for the type of every variable, and rust-analyzer resolves the names of every crate that cargo
//! knows: with ventral's 250 it answered after half a minute. Hence the front, whose dependencies are ndarray and a
//! stand-in for polars. Its build script tells rustc, and not rust-analyzer, where the library lies, and to see a re-export
//! of it in place of the modules. The standard library is cut to three crates: what the processors' instructions take
//! there is half of all that there is to read.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::repl::files::{problem, unwritten};
use crate::engine::store::SessionFolder;

/// What a session is told to depend on.
pub const PACKAGE: &str = "ventral-front";

/// The slot's `lib` lies beside its `ctx`, in whose target folder this is compiled.
const BUILD: &str = "\
//! Leads rustc to the library that was compiled before, and to the crates that it needs.

fn main() {
    let out = std::env::var(\"OUT_DIR\").expect(\"cargo sets it\");
    println!(\"cargo::rustc-check-cfg=cfg(compiled)\");
    println!(\"cargo::rustc-cfg=compiled\");
    println!(\"cargo::rustc-link-search=all={out}/../../../../../../../lib\");
    println!(\"cargo::rerun-if-changed={out}/../../../../../../../lib/libventral_session.so\");
}
";

/// Writes the front of a checkout's sources; `ndarray` is the checkout's line that names it.
pub fn write_front(door: &SessionFolder, source: &Path, ndarray: &str) -> Result<(), String> {
    let write = |path: &Path, text: &str| door.write(path, text).map_err(unwritten);
    let front = door.root().join("front");
    write(
        &front.join("Cargo.toml"),
        &format!(
            "[package]\nname = \"{PACKAGE}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\npolars = {{ path = \"../polars\" }}\n{ndarray}\n"
        ),
    )?;
    write(&front.join("build.rs"), BUILD)?;
    let polars = door.root().join("polars");
    write(
        &polars.join("Cargo.toml"),
        "[package]\nname = \"polars\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n",
    )?;
    write(&polars.join("lib.rs"), include_str!("polars.rs"))?;

    let mut library = String::from(
        "//! ventral as a session sees it.\n\n#[cfg(compiled)]\nextern crate ventral_session;\n\
         #[cfg(compiled)]\npub use ventral_session::*;\n",
    );
    for room in rooms(&source.join("src"))? {
        library.push_str(&format!("#[cfg(not(compiled))]\npub mod {};\n", room.name));
        let name = room.place.file_name().expect("a room has a file or a folder of its name");
        door.link(&room.place, &front.join("src").join(name)).map_err(unwritten)?;
    }
    write(&front.join("src/lib.rs"), &library)
}

/// A room that a session sees: the file or the folder of its name.
struct Room {
    name: String,
    place: PathBuf,
}

/// The rooms of the library and of the crates whose rooms it hands on. A path within them begins at the room's name in
/// every crate, so that one crate may hold them all.
fn rooms(source: &Path) -> Result<Vec<Room>, String> {
    let door = source.join("lib.rs");
    let text = fs::read_to_string(&door).map_err(|error| problem(&door, &error))?;
    let crates = text.lines().filter_map(|line| line.strip_prefix("pub use ventral_")?.split("::").next());
    let mut rooms = opened(source, &text);
    for name in crates {
        let folder = source.join(name);
        let door = folder.join("lib.rs");
        let text = fs::read_to_string(&door).map_err(|error| problem(&door, &error))?;
        rooms.extend(opened(&folder, &text));
    }
    // Commands are of no use in a session, and what clap derives is of no use to rust-analyzer.
    rooms.retain(|room| room.name != "cli");
    Ok(rooms)
}

/// The rooms that a crate's root declares.
fn opened(folder: &Path, text: &str) -> Vec<Room> {
    let mut rooms = Vec::new();
    let mut named = None;
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
            named = Some(path);
            continue;
        }
        let Some(name) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
        let file = folder.join(format!("{name}.rs"));
        let place = match named.take() {
            Some(path) => folder.join(path).parent().expect("a file lies in a folder").to_owned(),
            None if file.is_file() => file,
            None => folder.join(name),
        };
        let place = place.canonicalize().unwrap_or(place);
        rooms.push(Room { name: name.to_owned(), place });
    }
    rooms
}

/// Links the crates of the standard library that a session's types come from into a folder; none where there are no
/// sources, in a folder that says so: where it finds none at all, rust-analyzer would have rustup fetch them.
pub fn write_standard(door: &SessionFolder, folder: &Path, sources: Option<&Path>) -> Result<(), String> {
    let Some(sources) = sources else {
        return door.create(&folder.join("core")).map_err(unwritten);
    };
    for name in ["core", "alloc", "std"] {
        door.link(&sources.join(name), &folder.join(name)).map_err(unwritten)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_analyzer_sees_the_modules_and_rustc_the_library() {
        let root = tempfile::tempdir().expect("a folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let door = SessionFolder::of(root.path());
        write_front(&door, source, "ndarray = \"0.16\"").expect("written");
        write_front(&door, source, "ndarray = \"0.16\"").expect("written again");
        let library = fs::read_to_string(door.root().join("front/src/lib.rs")).expect("a library");
        assert!(library.contains("#[cfg(compiled)]\npub use ventral_session::*;"), "{library}");
        assert!(
            library.contains("#[cfg(not(compiled))]\npub mod prelude;") && !library.contains("mod cli;"),
            "{library}"
        );
        for file in ["digest.rs", "prelude.rs", "repl/run.rs", "value/mod.rs", "formats/mod.rs", "workspace/session.rs"]
        {
            assert!(door.root().join("front/src").join(file).is_file(), "{file}");
        }
    }

    #[test]
    fn the_standard_library_is_there_once_its_sources_are() {
        let root = tempfile::tempdir().expect("a folder");
        let door = SessionFolder::of(root.path());
        let (folder, sources) = (door.root().join("std"), root.path().join("library"));
        write_standard(&door, &folder, None).expect("written");
        assert!(folder.join("core").is_dir() && !folder.join("core/src").exists());
        for name in ["core", "alloc", "std", "stdarch"] {
            fs::create_dir_all(sources.join(name).join("src")).expect("created");
        }
        write_standard(&door, &folder, Some(&sources)).expect("written");
        assert!(folder.join("core/src").is_dir() && folder.join("std/src").is_dir());
        assert!(!folder.join("stdarch").exists());
    }
}
