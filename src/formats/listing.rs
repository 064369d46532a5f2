//! Pictures in a folder or a zip archive: which there are, and their bytes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;
use rayon::prelude::*;
use zip::ZipArchive;

use crate::digest::Digest;
use crate::formats::name_of;

const PICTURES: [&str; 8] = ["bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"];
/// Folders nest less deeply than this unless links run in a circle.
const DEEPEST: usize = 32;

/// The pictures of a folder or a zip archive, sorted by name. Several threads may read at once.
pub struct Pictures {
    place: Place,
    /// Names in the folder or archive, with `/` between folders and extension.
    names: Vec<String>,
    /// How many other files there are, hidden ones not counted.
    pub others: usize,
    /// What the folder or archive is called.
    pub called: String,
}

enum Place {
    Folder(PathBuf),
    Zip(ZipArchive<Cursor<Shared>>),
}

/// A memory map that clones of an archive share.
#[derive(Clone)]
struct Shared(Arc<Mmap>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Pictures {
    /// Opens a folder, subfolders included, or a zip archive. Hidden files, `__MACOSX` and what has no picture's
    /// extension are left out.
    pub fn open(path: &Path) -> Result<Self, String> {
        let cannot = |e: io::Error| format!("cannot read {}: {e}", path.display());
        let called = name_of(path);
        let (place, all) = if fs::metadata(path).map_err(cannot)?.is_dir() {
            (Place::Folder(path.to_owned()), files_under(path).map_err(cannot)?)
        } else {
            let file = File::open(path).map_err(cannot)?;
            // SAFETY: like every input, the archive is not changed while a node reads it; its digest was just taken.
            let map = unsafe { Mmap::map(&file) }.map_err(cannot)?;
            let archive = ZipArchive::new(Cursor::new(Shared(Arc::new(map)))).map_err(|_| {
                format!(
                    "{called} is damaged or no zip archive; pictures are a folder or zip archive of files, or an array (.npy, .npz, .h5, \
                     .mat)"
                )
            })?;
            let all = archive.file_names().filter(|name| !name.ends_with('/')).map(str::to_owned).collect();
            (Place::Zip(archive), all)
        };
        let visible: Vec<String> = all.into_iter().filter(|name| !is_hidden(name)).collect();
        let count = visible.len();
        let mut names: Vec<String> = visible.into_iter().filter(|name| is_picture(name)).collect();
        names.sort();
        Ok(Self { place, others: count - names.len(), names, called })
    }

    /// The names, sorted.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What stimuli are called: names without extension and without folders that all share. Two pictures that come
    /// out alike are an error that names them.
    pub fn stimulus_names(&self) -> Result<Vec<String>, String> {
        let shared = shared_folder(&self.names);
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        let mut stems = Vec::with_capacity(self.names.len());
        for name in &self.names {
            let stem = &name[shared..name.rfind('.').expect("pictures have an extension")];
            if let Some(first) = seen.insert(stem, name) {
                return Err(format!(
                    "`{first}` and `{name}` in {} are both called `{stem}`; names without extension tell stimuli apart",
                    self.called
                ));
            }
            stems.push(stem.to_owned());
        }
        Ok(stems)
    }

    /// The encoded bytes of a picture.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let unreadable = |e: &dyn std::fmt::Display| format!("`{name}` in {} does not read: {e}", self.called);
        match &self.place {
            Place::Folder(root) => fs::read(root.join(name)).map_err(|e| unreadable(&e)),
            Place::Zip(archive) => {
                // A clone shares the directory and the map, and has a cursor of its own.
                let mut archive = archive.clone();
                let mut file = archive.by_name(name).map_err(|e| unreadable(&e))?;
                let mut bytes = Vec::with_capacity(usize::try_from(file.size()).unwrap_or(0).min(1 << 26));
                file.read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
                Ok(bytes)
            }
        }
    }
}

/// The digest of a folder's pictures: of their sorted names and contents. Files that are not read do not enter.
pub fn folder_digest(path: &Path) -> io::Result<Digest> {
    let mut names: Vec<String> = files_under(path)?;
    names.retain(|name| !is_hidden(name) && is_picture(name));
    names.sort();
    let contents: Vec<io::Result<Digest>> =
        names.par_iter().map(|name| Ok(Digest::of(&fs::read(path.join(name))?))).collect();
    let mut hasher = blake3::Hasher::new();
    for (name, content) in names.iter().zip(contents) {
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hasher.update(content?.to_string().as_bytes());
    }
    Ok(Digest::from(hasher))
}

/// The names of all files under a folder, with `/` between folders.
fn files_under(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = open.pop() {
        if depth > DEEPEST {
            return Err(io::Error::other(format!(
                "more than {DEEPEST} folders in one another; does a link run in a circle?"
            )));
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            if fs::metadata(&path)?.is_dir() {
                open.push((path, format!("{prefix}{name}/"), depth + 1));
            } else {
                found.push(format!("{prefix}{name}"));
            }
        }
    }
    Ok(found)
}

fn is_hidden(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX")
}

fn is_picture(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| PICTURES.contains(&extension.to_lowercase().as_str()))
}

/// The length of the folder that stands before every name.
fn shared_folder(names: &[String]) -> usize {
    let Some(first) = names.first() else { return 0 };
    let mut length = first.rfind('/').map_or(0, |at| at + 1);
    while length > 0 && !names.iter().all(|name| name.starts_with(&first[..length])) {
        length = first[..length - 1].rfind('/').map_or(0, |at| at + 1);
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    #[test]
    fn folders_are_listed_through_and_hidden_files_left_out() {
        let folder = folder(&[
            ("b.png", b"1"),
            ("sub/a.JPG", b"2"),
            (".hidden.png", b"3"),
            ("__MACOSX/b.png", b"4"),
            ("notes.txt", b"5"),
        ]);
        let pictures = Pictures::open(folder.path()).unwrap();
        assert_eq!(pictures.names(), ["b.png", "sub/a.JPG"]);
        assert_eq!(pictures.stimulus_names().unwrap(), ["b", "sub/a"]);
        assert_eq!(pictures.others, 1);
        assert_eq!(pictures.read("sub/a.JPG").unwrap(), b"2");
    }

    #[test]
    fn archives_read_like_folders_and_shared_folders_fall_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.zip");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        for name in ["stimuli/two.png", "stimuli/one.png", "__MACOSX/stimuli/._one.png"] {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(name.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        let pictures = Pictures::open(&path).unwrap();
        assert_eq!(pictures.names(), ["stimuli/one.png", "stimuli/two.png"]);
        assert_eq!(pictures.stimulus_names().unwrap(), ["one", "two"]);
        assert_eq!(pictures.read("stimuli/two.png").unwrap(), b"stimuli/two.png");
    }

    #[test]
    fn two_pictures_of_one_name_are_refused() {
        let folder = folder(&[("a.jpg", b"1"), ("a.png", b"2")]);
        let error = Pictures::open(folder.path()).unwrap().stimulus_names().unwrap_err();
        assert!(error.starts_with("`a.jpg` and `a.png`"), "{error}");
    }

    #[test]
    fn what_is_no_archive_is_told() {
        let folder = folder(&[("x.zip", b"no archive")]);
        let error = Pictures::open(&folder.path().join("x.zip")).err().unwrap();
        assert!(error.starts_with("x.zip is damaged or no zip archive"), "{error}");
    }

    #[test]
    fn a_folder_s_digest_sees_names_and_contents_of_pictures_only() {
        let digest = |files: &[(&str, &[u8])]| folder_digest(folder(files).path()).unwrap();
        let base = digest(&[("a.png", b"1"), ("b.png", b"2")]);
        assert_eq!(base, digest(&[("b.png", b"2"), ("a.png", b"1"), ("labels.csv", b"x"), (".DS_Store", b"y")]));
        assert_ne!(base, digest(&[("a.png", b"2"), ("b.png", b"1")]));
        assert_ne!(base, digest(&[("a.png", b"1"), ("c.png", b"2")]));
    }
}
