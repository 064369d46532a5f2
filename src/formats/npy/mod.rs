//! NumPy's files: one array (`.npy`), or a zip archive of them (`.npz`).
//!
//! The format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. The types of a file's
//! numbers are known only once it is read, which `ndarray-npy`'s typed readers do not allow for.

mod header;
pub mod mapped;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::read::ZipFile;

use crate::formats::array::{Array, Order, choose};
use crate::formats::column::Column;
use crate::formats::ids::{self, Look, Sort};
use crate::formats::name_of;
use crate::formats::npy::header::{Field, Header, Type};

type Archive = zip::ZipArchive<BufReader<File>>;
type Member<'a> = ZipFile<'a, BufReader<File>>;

/// Reads a `.npy` file of numbers or truth values, or of records, whose fields are columns.
pub fn read(path: &Path, id_column: Option<&str>) -> Result<Array, String> {
    parse(&mut open(path)?, id_column, &name_of(path))
}

/// Reads one array of a `.npz` file.
pub fn read_npz(path: &Path, key: Option<&str>, id_column: Option<&str>) -> Result<Array, String> {
    member(path, key, |member, place| parse(member, id_column, place))
}

/// Reads every array of a `.npz` file, in the order of their keys.
pub fn read_npz_all(path: &Path) -> Result<Vec<(String, Array)>, String> {
    let mut archive = archive(path)?;
    let keys = keys(&archive);
    keys.into_iter()
        .map(|key| of_member(&mut archive, &key, path, |m, place| parse(m, None, place)).map(|array| (key, array)))
        .collect()
}

/// Reads all fields of records, or a list of strings; `None` of an array of numbers.
pub fn read_columns(path: &Path) -> Result<Option<Vec<Column>>, String> {
    let place = name_of(path);
    let mut reader = open(path)?;
    let of = |problem: String| format!("{place} {problem}");
    let Header { element, shape, .. } = Header::read(&mut reader).map_err(of)?;
    if let Type::Number(_) = element {
        return Ok(None);
    }
    rows(&shape).ok_or_else(|| format!("{place} has {} axes, where one is expected", shape.len()))?;
    let bytes = numbers(&mut reader, &shape, element.size()).map_err(of)?;
    let column = |heading: Option<String>, element: &Type, cells: &[u8]| match element {
        Type::Number(number) => {
            let column = Column::rounded(heading, &number.decode(cells).expect("the header gives sizes that exist"));
            // Whole numbers keep their digits beyond what a float holds.
            match number.names(cells) {
                Some(Ok(texts)) if number.kind != crate::formats::element::Kind::Float => {
                    Ok(Column { texts, ..column })
                }
                _ => Ok(column),
            }
        }
        other => texts(cells, other).map(|words| Column::words(heading, words)),
    };
    let Type::Record(fields) = &element else {
        return Ok(Some(vec![column(None, &element, &bytes).map_err(of)?]));
    };
    let fields = fields.iter().filter(|field| !field.name.is_empty());
    let list = fields.map(|field| {
        let problem = |problem: String| format!("the field `{}` of {place} {problem}", field.name);
        if !field.shape.is_empty() {
            return Err(problem("holds arrays of its own; save it as an array of its own".to_owned()));
        }
        column(Some(field.name.clone()), &field.element, &gathered(&bytes, field, element.size())).map_err(problem)
    });
    list.collect::<Result<_, _>>().map(Some)
}

/// The shape of an array of numbers, by its header; none of an array of anything else.
pub fn shape(path: &Path) -> Result<Option<Vec<usize>>, String> {
    of_numbers(&mut open(path)?, &name_of(path))
}

/// The same of one array of a `.npz` file.
pub fn npz_shape(path: &Path, key: Option<&str>) -> Result<Option<Vec<usize>>, String> {
    member(path, key, |member, place| of_numbers(member, place))
}

fn of_numbers(reader: &mut impl Read, place: &str) -> Result<Option<Vec<usize>>, String> {
    let header = Header::read(reader).map_err(|problem| format!("{place} {problem}"))?;
    Ok(matches!(header.element, Type::Number(_)).then_some(header.shape))
}

/// Reads a list of names: strings or whole numbers; `field` of records.
pub fn read_names(path: &Path, field: Option<&str>) -> Result<Vec<String>, String> {
    parse_names(&mut open(path)?, field, &name_of(path))
}

/// The same of one array of a `.npz` file.
pub fn read_npz_names(path: &Path, key: Option<&str>) -> Result<Vec<String>, String> {
    member(path, key, |member, place| parse_names(member, None, place))
}

fn open(path: &Path) -> Result<BufReader<File>, String> {
    Ok(BufReader::new(File::open(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?))
}

fn archive(path: &Path) -> Result<Archive, String> {
    zip::ZipArchive::new(open(path)?).map_err(|e| format!("{} is damaged or no .npz file: {e}", name_of(path)))
}

/// The keys of an archive's arrays, sorted.
fn keys(archive: &Archive) -> Vec<String> {
    let mut keys: Vec<String> =
        archive.file_names().filter_map(|member| member.strip_suffix(".npy")).map(str::to_owned).collect();
    keys.sort();
    keys
}

fn member<T>(
    path: &Path,
    key: Option<&str>,
    parse: impl Fn(&mut Member<'_>, &str) -> Result<T, String>,
) -> Result<T, String> {
    let mut archive = archive(path)?;
    let keys = keys(&archive);
    let key = choose(&keys, key, &name_of(path))?;
    of_member(&mut archive, key, path, parse)
}

fn of_member<T>(
    archive: &mut Archive,
    key: &str,
    path: &Path,
    parse: impl Fn(&mut Member<'_>, &str) -> Result<T, String>,
) -> Result<T, String> {
    let place = format!("`{key}` in {}", name_of(path));
    let mut member = archive.by_name(&format!("{key}.npy")).map_err(|e| format!("{place}: {e}"))?;
    parse(&mut member, &place)
}

/// Reads an array; `place` is what messages call it.
fn parse(reader: &mut impl Read, id_column: Option<&str>, place: &str) -> Result<Array, String> {
    let of = |problem: String| format!("{place} {problem}");
    let Header { element, order, shape } = Header::read(reader).map_err(of)?;
    match element {
        Type::Number(number) => {
            if let Some(column) = id_column.filter(|&column| column != "none") {
                return Err(of(format!("holds numbers without headings, so `id_column: {column}` means nothing")));
            }
            let bytes = numbers(reader, &shape, number.size).map_err(of)?;
            let data = number.decode(&bytes).expect("the header gives sizes that exist");
            Ok(Array::new(shape, data, order).expect("counted above"))
        }
        Type::Record(ref fields) => {
            let rows = rows(&shape)
                .ok_or_else(|| format!("{place} holds records along {} axes, where one is expected", shape.len()))?;
            let bytes = numbers(reader, &shape, element.size()).map_err(of)?;
            records(&bytes, fields, rows, element.size(), id_column, place)
        }
        other => Err(of(refusal(&other))),
    }
}

/// The length of the one axis of a list.
fn rows(shape: &[usize]) -> Option<usize> {
    let long = shape.iter().filter(|&&n| n != 1).count();
    (long <= 1).then(|| shape.iter().product())
}

/// Why an element is no number.
fn refusal(element: &Type) -> String {
    match element {
        Type::Object => {
            "holds a pickled Python object (np.save of a dictionary or list); nothing in it is run; save the array \
                         itself, or np.savez"
                .to_owned()
        }
        Type::Text { .. } => "holds strings, where numbers are expected".to_owned(),
        Type::Record(_) => {
            "holds records in one another, which are no numbers; save their fields as arrays of their own".to_owned()
        }
        Type::Other { descr, .. } if descr.contains('c') => {
            "holds complex numbers; save their real part, imaginary part or magnitude".to_owned()
        }
        Type::Other { descr, .. } => format!("holds elements of type `{descr}`, which are no numbers to compute with"),
        Type::Number(_) => unreachable!("a number is read"),
    }
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

/// Records as a table: a field is a column; which one names the rows: `formats/ids.rs`.
fn records(
    bytes: &[u8],
    fields: &[Field],
    rows: usize,
    size: usize,
    id_column: Option<&str>,
    place: &str,
) -> Result<Array, String> {
    // NumPy pads with fields that have no name.
    let fields: Vec<&Field> = fields.iter().filter(|field| !field.name.is_empty()).collect();
    let mut cells = Vec::with_capacity(fields.len());
    for field in &fields {
        if !field.shape.is_empty() || !matches!(field.element, Type::Number(_) | Type::Text { .. }) {
            let what =
                if field.shape.is_empty() { refusal(&field.element) } else { "holds arrays of its own".to_owned() };
            return Err(format!("the field `{}` of {place} {what}; save it as an array of its own", field.name));
        }
        cells.push(gathered(bytes, field, size));
    }
    let looks: Vec<Look<'_>> = fields.iter().zip(&cells).map(|(field, cells)| look(field, cells, rows)).collect();
    let choice = ids::choose(&looks, id_column, place)?;
    let mut data = Vec::with_capacity(rows * choice.numbers.len());
    for &at in &choice.numbers {
        let Type::Number(number) = fields[at].element else {
            let name = &fields[at].name;
            return Err(format!(
                "the field `{name}` of {place} {}{}",
                refusal(&fields[at].element),
                ids::way_out(name)
            ));
        };
        data.extend(number.decode(&cells[at]).expect("the header gives sizes that exist"));
    }
    let shape = vec![rows, choice.numbers.len()];
    let mut array = Array::new(shape, data, Order::ColumnMajor).expect("fields of one length");
    if let Some(at) = choice.rows {
        let names = texts(&cells[at], &fields[at].element).map_err(|problem| format!("{place} {problem}"))?;
        array.rows = Some(ids::checked(names, place)?);
    }
    array.columns = Some(choice.numbers.iter().map(|&at| fields[at].name.clone()).collect());
    array.notes = choice.notes;
    Ok(array)
}

/// The bytes of one field, record by record.
fn gathered(bytes: &[u8], field: &Field, size: usize) -> Vec<u8> {
    let part = field.element.size();
    bytes.chunks_exact(size.max(1)).flat_map(|record| &record[field.offset..field.offset + part]).copied().collect()
}

fn look<'a>(field: &'a Field, cells: &[u8], rows: usize) -> Look<'a> {
    let look =
        |sort, fractions| Look { heading: Some(&field.name), sort, rows, fractions, distinct: false, counts: false };
    let Type::Number(number) = field.element else { return look(Sort::Words, rows) };
    let whole =
        number.names(cells).and_then(Result::ok).filter(|names| names.iter().all(|name| !name.starts_with('-')));
    let Some(names) = whole else { return look(Sort::Numbers, rows) };
    let plain = number.kind != crate::formats::element::Kind::Float;
    Look {
        distinct: names.iter().collect::<std::collections::HashSet<_>>().len() == rows,
        counts: plain && names.iter().enumerate().all(|(at, name)| name.parse() == Ok(at)),
        ..look(Sort::Whole { plain }, if plain { 0 } else { rows })
    }
}

/// A list of names: strings or whole numbers along one axis.
fn parse_names(reader: &mut impl Read, field: Option<&str>, place: &str) -> Result<Vec<String>, String> {
    let of = |problem: String| format!("{place} {problem}");
    let Header { element, shape, .. } = Header::read(reader).map_err(of)?;
    if rows(&shape).is_none() {
        return Err(format!("{place} has {} axes, where a list of names has one", shape.len()));
    }
    let bytes = numbers(reader, &shape, element.size()).map_err(of)?;
    let Type::Record(fields) = &element else {
        return match field {
            Some(field) => Err(format!("{place} holds one array and no names, so `{field}` means nothing")),
            None => texts(&bytes, &element).map_err(of),
        };
    };
    let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    let name = choose(&names, field.or(names.iter().any(|name| name == "id").then_some("id")), place)?;
    let field = fields.iter().find(|field| field.name == name).expect("chosen among them");
    texts(&gathered(&bytes, field, element.size()), &field.element)
        .map_err(|problem| format!("`{name}` of {place} {problem}"))
}

/// Cells as names. The problem reads on from what holds them.
fn texts(bytes: &[u8], element: &Type) -> Result<Vec<String>, String> {
    match element {
        // NumPy pads with zeros, and writes empty strings in one letter.
        &Type::Text { letters, wide: true, big_endian } => {
            let letter = |word: &[u8; 4]| {
                let code = if big_endian { u32::from_be_bytes(*word) } else { u32::from_le_bytes(*word) };
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            };
            let text = |cell: &[u8]| cell.as_chunks::<4>().0.iter().map(letter).collect::<String>();
            let cells = bytes.chunks_exact((letters * 4).max(1));
            Ok(cells.map(|cell| text(cell).trim_end_matches('\0').to_owned()).collect())
        }
        &Type::Text { letters, .. } => {
            let text = |cell: &[u8]| String::from_utf8_lossy(cell).trim_end_matches('\0').to_owned();
            Ok(bytes.chunks_exact(letters.max(1)).map(text).collect())
        }
        Type::Number(number) => {
            let names = number.names(bytes).expect("the header gives sizes that exist");
            names.map_err(|(at, x)| {
                format!("holds {x} in row {}, which is no name; names are strings or whole numbers", at + 1)
            })
        }
        other => Err(refusal(other)),
    }
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
        let read_back = read(&path, None).unwrap();
        assert_eq!(read_back.shape, [2, 3]);
        assert_eq!(read_back.data, [1.0, 2.0, 3.0, 4.0, 5.0, 6.5]);
        let columns = Array2::from_shape_vec((2, 2).f(), vec![1_i32, 3, 2, 4]).unwrap();
        write_npy(&path, &columns).unwrap();
        assert_eq!(read(&path, None).unwrap().data, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn archives_are_read_by_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npz");
        let mut writer = NpzWriter::new_compressed(File::create(&path).unwrap());
        writer.add_array("a", &array![1_u8, 2]).unwrap();
        writer.add_array("b", &array![[0.5_f32]]).unwrap();
        writer.finish().unwrap();
        assert_eq!(read_npz(&path, Some("b"), None).unwrap().data, [0.5]);
        assert!(read_npz(&path, None, None).unwrap_err().contains("holds 2 arrays"));
    }

    #[test]
    fn damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        write_npy(&path, &array![1.0_f64, 2.0, 3.0]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 4]).unwrap();
        assert_eq!(
            read(&path, None).unwrap_err(),
            "x.npy is truncated: its shape needs 24 bytes of numbers, but 20 are there"
        );
        std::fs::write(&path, b"id,part\n1,train\n").unwrap();
        assert!(read(&path, None).unwrap_err().contains("does not begin with NumPy's mark"));
    }

    /// Made by `tests/fixtures/make_arrays.py`.
    #[test]
    fn records_are_tables_whose_fields_are_columns() {
        let fixture = |name: &str| crate::formats::fixtures::fixture(name);
        let array = read(&fixture("records.npy"), None).unwrap();
        assert_eq!((array.shape, array.data), (vec![3, 2], vec![0.5, -1.0, 1.5, 2.0, -2.25, 3.0]));
        assert_eq!(array.columns, Some(vec!["V1".to_owned(), "V4".to_owned()]));
        assert_eq!(array.rows, Some(vec!["im2".to_owned(), "im10".to_owned(), "é".to_owned()]));
        assert_eq!(read_names(&fixture("records.npy"), Some("name")).unwrap(), ["im2", "im10", "é"]);
        assert_eq!(read_names(&fixture("strings.npy"), None).unwrap(), ["im2", "", "é"]);
        assert_eq!(
            read(&fixture("pickled.npy"), None).unwrap_err(),
            "pickled.npy holds a pickled Python object (np.save of a dictionary or list); nothing in it is run; save the array \
             itself, or np.savez"
        );
        assert_eq!(
            read(&fixture("nested.npy"), None).unwrap_err(),
            "the field `x` of nested.npy holds arrays of its own; save it as an array of its own"
        );
        assert!(read(&fixture("strings.npy"), None).unwrap_err().contains("holds strings"));
    }
}
