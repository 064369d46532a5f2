//! HDF5 files (also MATLAB's v7.3): which datasets there are, their numbers by rows, their strings.

use std::path::Path;

use hdf5_reader::error::Error;
use hdf5_reader::group::Group;
use hdf5_reader::{ByteOrder, Dataset, Datatype, H5Type, Hdf5File, OpenOptions, SliceInfo, SliceInfoElem, StringSize};

use crate::formats::array::{Array, Order};
use crate::formats::element::{Element, Kind};
use crate::formats::name_of;

/// Room for the chunks under a batch of rows, also where a chunk holds a sliver of many pictures (h5py's own choice of
/// chunks).
const CHUNK_CACHE_BYTES: usize = 256 << 20;
const CHUNK_CACHE_SLOTS: usize = 1 << 14;
/// Files hold fewer datasets than this, unless their groups hold one another.
const MOST_DATASETS: usize = 1 << 20;
/// Groups nest less deeply than this unless a file is damaged.
const DEEPEST: usize = 16;

/// An open HDF5 file.
pub struct Hdf5 {
    file: Hdf5File,
    name: String,
    /// Whether MATLAB's own header stands before it.
    pub matlab: bool,
}

/// A dataset of numbers with at least one axis; the first axis is rows.
pub struct Floats {
    dataset: Dataset,
    element: Element,
    shape: Vec<usize>,
    /// Such as "`spikes_train` in it.h5".
    place: String,
}

impl Hdf5 {
    /// Opens a file; one that is none, or is shorter than it says, is told so.
    pub fn open(path: &Path) -> Result<Self, String> {
        let name = name_of(path);
        let length = std::fs::metadata(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?.len();
        let options = OpenOptions {
            chunk_cache_bytes: CHUNK_CACHE_BYTES,
            chunk_cache_slots: CHUNK_CACHE_SLOTS,
            // A damaged shape must not ask for all memory; gzip makes at most a thousandth of what it is given.
            max_read_bytes: usize::try_from(length).unwrap_or(usize::MAX).saturating_mul(4096).saturating_add(1 << 26),
            max_chunk_bytes: usize::try_from(length).unwrap_or(usize::MAX).saturating_mul(4096).saturating_add(1 << 26),
            ..OpenOptions::default()
        };
        let file = Hdf5File::open_with_options(path, options).map_err(|e| match e {
            Error::InvalidMagic => format!("{name} is not an HDF5 file"),
            other => format!("{name} is a damaged HDF5 file: {other}"),
        })?;
        let end = file.superblock().eof_address;
        if end != u64::MAX && length < end {
            return Err(format!("{name} is truncated: it should have {end} bytes, but has {length}"));
        }
        Ok(Self { file, name, matlab: begins_with(path, b"MATLAB 7.3") })
    }

    /// The paths of all datasets, sorted, without the leading slash. MATLAB's own bookkeeping is left out.
    pub fn datasets(&self) -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        let root = self.file.root_group().map_err(|e| self.damaged(&e))?;
        let mut open = vec![(String::new(), root)];
        while let Some((prefix, group)) = open.pop() {
            // Names alone: a dataset that cannot be read takes none of the others with it.
            let (groups, datasets) = group.member_names().map_err(|e| self.damaged(&e))?;
            found.extend(datasets.iter().map(|name| format!("{prefix}{name}")));
            if prefix.matches('/').count() < DEEPEST {
                for name in groups.iter().filter(|name| !name.starts_with('#')) {
                    let inner = group.group(name).map_err(|e| self.damaged(&e))?;
                    open.push((format!("{prefix}{name}/"), inner));
                }
            }
            if found.len() > MOST_DATASETS {
                return Err(format!("{} is a damaged HDF5 file: its groups have no end", self.name));
            }
        }
        found.sort();
        Ok(found)
    }

    /// A dataset of numbers.
    pub fn floats(&self, key: &str) -> Result<Floats, String> {
        let dataset = self.dataset(key)?;
        let place = format!("`{key}` in {}", self.name);
        let element = element(dataset.dtype()).ok_or_else(|| format!("{place} {}", no_numbers(dataset.dtype())))?;
        let shape = dataset.shape().iter().map(|&n| n as usize).collect();
        Ok(Floats { dataset, element, shape, place })
    }

    /// A one-dimensional dataset of strings: UTF-8, else Latin-1; padding is cut off.
    pub fn strings(&self, key: &str) -> Result<Vec<String>, String> {
        let dataset = self.dataset(key)?;
        let place = format!("`{key}` in {}", self.name);
        if dataset.ndim() != 1 {
            return Err(format!("{place} has {} axes, where a list of strings has one", dataset.ndim()));
        }
        match dataset.dtype() {
            Datatype::String { size: StringSize::Fixed(length), .. } => {
                let bytes = dataset.read_raw_bytes().map_err(|e| unreadable(&place, &e))?;
                Ok(bytes.chunks_exact((*length).max(1) as usize).map(text).collect())
            }
            Datatype::String { .. } | Datatype::VarLen { .. } => {
                dataset.read_strings().map_err(|e| unreadable(&place, &e))
            }
            other if element(other).is_some() => Err(format!("{place} holds numbers, where strings are expected")),
            other => Err(format!("{place} {}", no_numbers(other).replace("numbers are", "strings are"))),
        }
    }

    /// A dataset of strings or whole numbers along one axis, as names.
    pub fn names(&self, key: &str) -> Result<Vec<String>, String> {
        let dataset = self.dataset(key)?;
        let Some(element) = element(dataset.dtype()) else { return self.strings(key) };
        let place = format!("`{key}` in {}", self.name);
        if dataset.shape().iter().filter(|&&n| n != 1).count() > 1 {
            return Err(format!("{place} has {} axes, where a list of names has one", dataset.ndim()));
        }
        let bytes = dataset.read_raw_bytes().map_err(|e| unreadable(&place, &e))?;
        let names = element.names(&bytes).ok_or_else(|| format!("{place} holds numbers of an odd width"))?;
        names.map_err(|(at, x)| {
            format!("{place} holds {x} in row {}, which is no name; names are strings or whole numbers", at + 1)
        })
    }

    /// What the file is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The group that all others lie in.
    pub fn root(&self) -> Result<Group, String> {
        self.file.root_group().map_err(|e| self.damaged(&e))
    }

    /// Any dataset, whatever it holds.
    pub fn dataset(&self, key: &str) -> Result<Dataset, String> {
        self.file.dataset(key).map_err(|e| {
            if is_absence(&e) {
                format!("{} has no dataset `{key}`", self.name)
            } else {
                unreadable(&format!("`{key}` in {}", self.name), &e)
            }
        })
    }

    fn damaged(&self, error: &Error) -> String {
        if let Some(problem) = known(error) {
            return format!("a dataset in {} {problem}", self.name);
        }
        format!("{} is a damaged HDF5 file: {error}", self.name)
    }
}

impl Floats {
    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many rows lie in one chunk of the file; reading as many at a time inflates each chunk once.
    pub fn rows_per_chunk(&self) -> usize {
        self.dataset.chunks().and_then(|chunks| chunks.first().copied()).map_or(1, |rows| rows.max(1) as usize)
    }

    /// Rows `from..to`, row-major, as 32-bit floats. Several threads may read at once.
    pub fn rows(&self, from: usize, to: usize) -> Result<Vec<f32>, String> {
        assert!(from <= to && self.shape.first().is_some_and(|&rows| to <= rows), "rows of the dataset");
        let mut selection = SliceInfo::all(self.shape.len());
        selection.selections[0] = SliceInfoElem::Slice { start: from as u64, end: to as u64, step: 1 };
        match (self.element.kind, self.element.size) {
            (Kind::Float, 4) => self.slice::<f32>(&selection, |x| x),
            (Kind::Float, 8) => self.slice::<f64>(&selection, |x| x as f32),
            (Kind::Unsigned, 1) => self.slice::<u8>(&selection, f32::from),
            _ => {
                let all = self.read_all()?;
                let width: usize = self.shape[1..].iter().product();
                Ok(all.data[from * width..to * width].to_vec())
            }
        }
    }

    fn slice<T: H5Type>(&self, selection: &SliceInfo, number: impl Fn(T) -> f32) -> Result<Vec<f32>, String> {
        let array = self.dataset.read_slice::<T>(selection).map_err(|e| self.unreadable(&e))?;
        // The slice's strides are the reader's own affair; logical order is row-major.
        let (data, offset) = if array.is_standard_layout() {
            array.into_raw_vec_and_offset()
        } else {
            (array.iter().cloned().collect(), Some(0))
        };
        Ok(data.into_iter().skip(offset.unwrap_or(0)).map(number).collect())
    }

    /// The whole dataset.
    pub fn read_all(&self) -> Result<Array, String> {
        let bytes = self.dataset.read_raw_bytes().map_err(|e| self.unreadable(&e))?;
        let data =
            self.element.decode(&bytes).ok_or_else(|| format!("{} holds numbers of an odd width", self.place))?;
        Array::new(self.shape.clone(), data, Order::RowMajor)
            .ok_or_else(|| format!("{} has fewer numbers than its shape says", self.place))
    }

    /// How a number lies in the file.
    pub fn element(&self) -> Element {
        self.element
    }

    /// The dataset's bytes, and how a number lies in them.
    pub fn bytes(&self) -> Result<(Element, Vec<u8>), String> {
        Ok((self.element, self.dataset.read_raw_bytes().map_err(|e| self.unreadable(&e))?))
    }

    fn unreadable(&self, error: &Error) -> String {
        unreadable(&self.place, error)
    }
}

fn unreadable(place: &str, error: &Error) -> String {
    known(error).map_or_else(|| format!("{place} does not read: {error}"), |problem| format!("{place} {problem}"))
}

/// What is sound, and only not read here, in words that follow its place.
fn known(error: &Error) -> Option<String> {
    match error {
        Error::Context { source, .. } => known(source),
        Error::UnsupportedLayoutClass(3) => Some(
            "is a virtual dataset, which points into other files; copy it into one file, in h5py with `new[key] = old[key][()]`"
                .to_owned(),
        ),
        Error::UnsupportedFilter(filter) => {
            let called = match filter.trim_start_matches(|c: char| !c.is_ascii_digit()) {
                "32000" => "lzf",
                "32001" => "blosc",
                "32008" => "bitshuffle",
                "32013" => "zfp",
                "32015" => "zstd",
                "32026" => "blosc2",
                _ => filter,
            };
            Some(format!("is compressed with {called}, which is not read; write it with gzip (h5py: `compression=\"gzip\"`)"))
        }
        _ => None,
    }
}

/// What a dataset holds that are no numbers, in words that follow its place.
fn no_numbers(datatype: &Datatype) -> String {
    match datatype {
        Datatype::Compound { fields, .. } if matches!(&fields[..], [re, im] if re.name == "r" && im.name == "i") => {
            "holds complex numbers; save their real part, imaginary part or magnitude".to_owned()
        }
        Datatype::Compound { fields, .. } => {
            let names: Vec<String> = fields.iter().take(8).map(|field| format!("`{}`", field.name)).collect();
            format!(
                "is a structured dataset, with the fields {}; save each field as a dataset of its own",
                names.join(", ")
            )
        }
        Datatype::Reference { .. } => {
            "holds references to other objects, as object arrays and MATLAB's cells do, and no numbers; save a numeric array"
                .to_owned()
        }
        Datatype::String { .. } => "holds no numbers, but strings".to_owned(),
        Datatype::VarLen { base, .. } if base.is_vlen_string_base() => "holds no numbers, but strings".to_owned(),
        Datatype::VarLen { .. } => {
            "holds lists of different lengths; save a numeric array, filled up with NaN".to_owned()
        }
        _ => "holds elements that are no single numbers; save a numeric array".to_owned(),
    }
}

fn is_absence(error: &Error) -> bool {
    match error {
        Error::DatasetNotFound(_) | Error::GroupNotFound(_) => true,
        Error::Context { source, .. } => is_absence(source),
        _ => false,
    }
}

fn element(datatype: &Datatype) -> Option<Element> {
    let element = |kind, size: &u8, order: &ByteOrder| Element {
        kind,
        size: usize::from(*size),
        big_endian: matches!(order, ByteOrder::BigEndian),
    };
    match datatype {
        Datatype::FloatingPoint { size: size @ (2 | 4 | 8), byte_order } => {
            Some(element(Kind::Float, size, byte_order))
        }
        Datatype::FixedPoint { size: size @ (1 | 2 | 4 | 8), signed, byte_order } => {
            Some(element(if *signed { Kind::Signed } else { Kind::Unsigned }, size, byte_order))
        }
        // h5py stores truth values as an enumeration of bytes.
        Datatype::Enum { base, .. } => crate::formats::hdf5::element(base),
        _ => None,
    }
}

/// A fixed-length string without its padding.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let bytes = bytes[..end].trim_ascii_end();
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|&b| char::from(b)).collect(), str::to_owned)
}

fn begins_with(path: &Path, mark: &[u8; 10]) -> bool {
    use std::io::Read;
    let mut start = [0; 10];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && &start == mark
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `tests/fixtures/make_hdf5.py`: `x` counts from 0 in every dataset.
    fn fixture(name: &str) -> std::path::PathBuf {
        crate::formats::fixtures::fixture(name)
    }

    #[test]
    fn datasets_are_listed_through_groups() {
        let file = Hdf5::open(&fixture("types.h5")).unwrap();
        let names = file.datasets().unwrap();
        assert_eq!(names, ["deep/f16", "deep/i16", "f32", "f64_big", "flags", "names", "slivers", "u8", "variable"]);
    }

    #[test]
    fn numbers_of_every_type_read_by_rows_and_whole() {
        let file = Hdf5::open(&fixture("types.h5")).unwrap();
        for key in ["deep/f16", "deep/i16", "f32", "f64_big", "slivers", "u8"] {
            let floats = file.floats(key).unwrap();
            assert_eq!(floats.shape(), [5, 2, 3], "{key}");
            let counted: Vec<f32> = (0..30_u8).map(f32::from).collect();
            assert_eq!(floats.read_all().unwrap().data, counted, "{key}");
            assert_eq!(floats.rows(1, 3).unwrap(), counted[6..18], "{key}");
        }
        assert_eq!(file.floats("flags").unwrap().read_all().unwrap().data, [1.0, 0.0, 1.0]);
        assert_eq!(file.floats("slivers").unwrap().rows_per_chunk(), 4);
    }

    #[test]
    fn strings_read_in_both_encodings() {
        let file = Hdf5::open(&fixture("types.h5")).unwrap();
        assert_eq!(file.strings("names").unwrap(), ["bear", "café", "plane"]);
        assert_eq!(file.strings("variable").unwrap(), ["a", "", "longer text"]);
        assert!(file.strings("f32").unwrap_err().contains("has 3 axes"));
        assert!(file.floats("names").err().unwrap().contains("holds no numbers"));
        assert_eq!(file.floats("x").err().unwrap(), "types.h5 has no dataset `x`");
    }

    #[test]
    fn what_is_sound_and_not_read_is_called_by_its_name() {
        let file = Hdf5::open(&fixture("odd.h5")).unwrap();
        assert_eq!(file.datasets().unwrap(), ["complex", "lists", "lzf", "objects", "plain", "structured"]);
        let error = |key: &str| file.floats(key).and_then(|floats| floats.read_all()).unwrap_err();
        assert_eq!(
            error("structured"),
            "`structured` in odd.h5 is a structured dataset, with the fields `a`, `b`; save each field as a dataset of its own"
        );
        assert!(error("complex").contains("complex numbers"));
        assert!(error("lists").contains("lists of different lengths"));
        assert!(error("objects").contains("references to other objects"));
        assert!(error("lzf").contains("is compressed with lzf"), "{}", error("lzf"));
        let file = Hdf5::open(&fixture("virtual.h5")).unwrap();
        assert!(file.datasets().unwrap_err().starts_with("a dataset in virtual.h5 is a virtual dataset, which points"));
        assert!(file.floats("virtual").err().unwrap().starts_with("`virtual` in virtual.h5 is a virtual dataset"));
        assert_eq!(file.floats("plain").unwrap().read_all().unwrap().data, [0.0, 1.0, 2.0]);
    }

    #[test]
    fn what_is_no_hdf5_or_ends_early_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.h5");
        std::fs::write(&path, b"no hdf5 at all").unwrap();
        assert_eq!(Hdf5::open(&path).err().unwrap(), "x.h5 is not an HDF5 file");
        let whole = std::fs::read(fixture("types.h5")).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let error = Hdf5::open(&path).err().unwrap();
        assert!(error.contains("truncated") || error.contains("damaged"), "{error}");
    }
}
