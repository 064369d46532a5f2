//! NumPy's files: one array (`.npy`), or a zip archive of them (`.npz`).
//!
//! The format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. The types of a file's
//! numbers are known only once it is read, which `ndarray-npy`'s typed readers do not allow for.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::read::ZipFile;

use crate::formats::array::{Array, Order, choose};
use crate::formats::element::{Element, Kind};
use crate::formats::name_of;

/// Headers are a line; more than this is no header.
const LONGEST_HEADER: usize = 1 << 20;

/// Names have fewer letters than this.
const LONGEST_NAME: usize = 1 << 16;

/// Reads a `.npy` file of numbers or truth values.
pub fn read(path: &Path) -> Result<Array, String> {
    let file = File::open(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    parse(&mut BufReader::new(file)).map_err(|problem| format!("{} {problem}", name_of(path)))
}

/// Reads one array of a `.npz` file.
pub fn read_npz(path: &Path, key: Option<&str>) -> Result<Array, String> {
    member(path, key, |member| parse(member))
}

/// Reads a list of names: strings or whole numbers.
pub fn read_names(path: &Path) -> Result<Vec<String>, String> {
    let file = File::open(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    parse_names(&mut BufReader::new(file)).map_err(|problem| format!("{} {problem}", name_of(path)))
}

/// The same of one array of a `.npz` file.
pub fn read_npz_names(path: &Path, key: Option<&str>) -> Result<Vec<String>, String> {
    member(path, key, |member| parse_names(member))
}

fn member<T>(
    path: &Path,
    key: Option<&str>,
    parse: impl Fn(&mut ZipFile<'_, BufReader<File>>) -> Result<T, String>,
) -> Result<T, String> {
    let file = File::open(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let name = name_of(path);
    let mut archive =
        zip::ZipArchive::new(BufReader::new(file)).map_err(|e| format!("{name} is damaged or no .npz file: {e}"))?;
    let names: Vec<String> =
        archive.file_names().filter_map(|member| member.strip_suffix(".npy")).map(str::to_owned).collect();
    let key = choose(&names, key, &name)?;
    let mut member = archive.by_name(&format!("{key}.npy")).map_err(|e| format!("`{key}` in {name}: {e}"))?;
    parse(&mut member).map_err(|problem| format!("`{key}` in {name} {problem}"))
}

/// The problem reads on from the file's name: "x.npy is truncated".
fn parse(reader: &mut impl Read) -> Result<Array, String> {
    let header = read_header(reader)?;
    let element = element(&header)?;
    let fortran = match field(&header, "fortran_order") {
        Some(text) if text.starts_with("True") => Order::ColumnMajor,
        Some(text) if text.starts_with("False") => Order::RowMajor,
        _ => return Err("has a header without `fortran_order`".to_owned()),
    };
    let shape = shape(&header)?;
    let data = numbers(reader, &shape, element.size)?;
    let data = element.decode(&data).expect("`element` gives sizes that exist");
    Ok(Array::new(shape, data, fortran).expect("counted above"))
}

/// The bytes behind the header: as many as the shape needs.
fn numbers(reader: &mut impl Read, shape: &[usize], size: usize) -> Result<Vec<u8>, String> {
    let count = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
    let bytes = count.and_then(|count| count.checked_mul(size)).ok_or("has a shape beyond all memory")?;
    let mut data = Vec::new();
    reader.take(bytes as u64).read_to_end(&mut data).map_err(|e| format!("does not read: {e}"))?;
    if data.len() < bytes {
        return Err(format!("is truncated: its shape needs {bytes} bytes of numbers, but {} are there", data.len()));
    }
    Ok(data)
}

/// A list of names: strings (`U` or `S`) or whole numbers along one axis.
fn parse_names(reader: &mut impl Read) -> Result<Vec<String>, String> {
    let header = read_header(reader)?;
    let shape = shape(&header)?;
    if shape.iter().filter(|&&n| n != 1).count() > 1 {
        return Err(format!("has {} axes, where a list of names has one", shape.len()));
    }
    let descr = field(&header, "descr").ok_or("has a header without `descr`")?;
    let descr = descr.strip_prefix(['\'', '"']).and_then(|rest| rest.split(['\'', '"']).next()).unwrap_or_default();
    let (order, rest) = descr.split_at_checked(1).unwrap_or_default();
    let (kind, size) = rest.split_at_checked(1).unwrap_or_default();
    match (kind, size.parse::<usize>()) {
        ("U", Ok(size @ 1..=LONGEST_NAME)) => {
            let bytes = numbers(reader, &shape, size * 4)?;
            let letter = |word: &[u8; 4]| {
                let code = if order == ">" { u32::from_be_bytes(*word) } else { u32::from_le_bytes(*word) };
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            };
            let text = |cell: &[u8]| cell.as_chunks::<4>().0.iter().map(letter).collect::<String>();
            Ok(bytes.chunks_exact(size * 4).map(|cell| text(cell).trim_end_matches('\0').to_owned()).collect())
        }
        ("S" | "a", Ok(size @ 1..=LONGEST_NAME)) => {
            let bytes = numbers(reader, &shape, size)?;
            let text = |cell: &[u8]| String::from_utf8_lossy(cell).trim_end_matches('\0').to_owned();
            Ok(bytes.chunks_exact(size).map(text).collect())
        }
        _ => {
            let element = element(&header)?;
            let bytes = numbers(reader, &shape, element.size)?;
            element.names(&bytes).expect("`element` gives sizes that exist").map_err(|(at, x)| {
                format!("holds {x} in row {}, which is no name; names are strings or whole numbers", at + 1)
            })
        }
    }
}

fn read_header(reader: &mut impl Read) -> Result<String, String> {
    let short = |e: std::io::Error| format!("is no .npy file: {e}");
    let mut start = [0; 8];
    reader.read_exact(&mut start).map_err(short)?;
    if &start[..6] != b"\x93NUMPY" {
        return Err("is no .npy file: it does not begin with NumPy's mark".to_owned());
    }
    let length = if start[6] == 1 {
        let mut length = [0; 2];
        reader.read_exact(&mut length).map_err(short)?;
        usize::from(u16::from_le_bytes(length))
    } else {
        let mut length = [0; 4];
        reader.read_exact(&mut length).map_err(short)?;
        u32::from_le_bytes(length) as usize
    };
    if length > LONGEST_HEADER {
        return Err(format!("has a header of {length} bytes, which none has"));
    }
    let mut header = vec![0; length];
    reader.read_exact(&mut header).map_err(short)?;
    String::from_utf8(header).map_err(|_| "has a header that is no text".to_owned())
}

/// What follows a field's name in the header, a Python dictionary such as
/// `{'descr': '<f8', 'fortran_order': False, 'shape': (89, 1200), }`.
fn field<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let at = [format!("'{name}'"), format!("\"{name}\"")].iter().find_map(|quoted| {
        let at = header.find(quoted.as_str())?;
        Some(at + quoted.len())
    })?;
    Some(header[at..].trim_start().strip_prefix(':')?.trim_start())
}

fn element(header: &str) -> Result<Element, String> {
    let text = field(header, "descr").ok_or("has a header without `descr`")?;
    let descr = text.strip_prefix(['\'', '"']).and_then(|rest| rest.split(['\'', '"']).next()).unwrap_or(text);
    let refused = || format!("holds elements of type `{descr}`, which are no numbers to compute with");
    let mut letters = descr.chars();
    let order = letters.next().ok_or_else(refused)?;
    let kind = letters.next().ok_or_else(refused)?;
    let size: usize = letters.as_str().parse().map_err(|_| refused())?;
    let kind = match (kind, size) {
        ('f', 2 | 4 | 8) => Kind::Float,
        ('i', 1 | 2 | 4 | 8) => Kind::Signed,
        ('u', 1 | 2 | 4 | 8) | ('b', 1) => Kind::Unsigned,
        _ => return Err(refused()),
    };
    Ok(Element { kind, size, big_endian: order == '>' })
}

fn shape(header: &str) -> Result<Vec<usize>, String> {
    let wrong = || "has a header whose `shape` does not read".to_owned();
    let text = field(header, "shape").and_then(|text| text.strip_prefix('(')).ok_or_else(wrong)?;
    let (inside, _) = text.split_once(')').ok_or_else(wrong)?;
    let lengths = inside.split(',').map(str::trim).filter(|length| !length.is_empty());
    lengths.map(|length| length.trim_end_matches('L').parse().map_err(|_| wrong())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, ShapeBuilder, array};
    use ndarray_npy::{NpzWriter, write_npy};

    #[test]
    fn arrays_that_another_writer_wrote_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        write_npy(&path, &array![[1.0_f64, 2.0, 3.0], [4.0, 5.0, 6.5]]).unwrap();
        let read_back = read(&path).unwrap();
        assert_eq!(read_back.shape, [2, 3]);
        assert_eq!(read_back.data, [1.0, 2.0, 3.0, 4.0, 5.0, 6.5]);
        let columns = Array2::from_shape_vec((2, 2).f(), vec![1_i32, 3, 2, 4]).unwrap();
        write_npy(&path, &columns).unwrap();
        assert_eq!(read(&path).unwrap().data, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn archives_are_read_by_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npz");
        let mut writer = NpzWriter::new_compressed(File::create(&path).unwrap());
        writer.add_array("a", &array![1_u8, 2]).unwrap();
        writer.add_array("b", &array![[0.5_f32]]).unwrap();
        writer.finish().unwrap();
        assert_eq!(read_npz(&path, Some("b")).unwrap().data, [0.5]);
        assert!(read_npz(&path, None).unwrap_err().contains("holds 2 arrays"));
    }

    #[test]
    fn damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        write_npy(&path, &array![1.0_f64, 2.0, 3.0]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 4]).unwrap();
        assert_eq!(
            read(&path).unwrap_err(),
            "x.npy is truncated: its shape needs 24 bytes of numbers, but 20 are there"
        );
        std::fs::write(&path, b"id,part\n1,train\n").unwrap();
        assert!(read(&path).unwrap_err().contains("does not begin with NumPy's mark"));
        let strings = String::from_utf8_lossy(&bytes).replace("<f8", "<U2");
        assert!(element(&strings).unwrap_err().contains("`<U2`"));
        assert!(shape("{'shape': (18446744073709551616,), }").is_err());
    }
}
