//! MATLAB's files of version 4: matrices, one behind the other, with 20 bytes and a name before each.

use crate::formats::element::{Element, Kind};
use crate::formats::matlab::variable::Variable;

/// All variables of a file, by name. Problems read on from the file's name.
pub fn read(mut bytes: &[u8]) -> Result<Vec<(String, Variable)>, String> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (name, variable, size) = matrix(bytes).ok_or("is damaged, or no MATLAB file of version 4")?;
        found.push((name, variable));
        bytes = bytes.get(size..).ok_or("is truncated: its last variable ends early")?;
    }
    Ok(found)
}

/// The first matrix, and how many bytes it takes.
fn matrix(bytes: &[u8]) -> Option<(String, Variable, usize)> {
    let header = bytes.first_chunk::<20>()?;
    let words = |big: bool| {
        [0, 4, 8, 12, 16].map(|at| {
            let word = [header[at], header[at + 1], header[at + 2], header[at + 3]];
            if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
        })
    };
    let big_endian = words(false)[0] >= 5000;
    let [kind, rows, columns, complex, length] = words(big_endian);
    let (rows, columns, length) = (rows as usize, columns as usize, length as usize);
    let (number, size) = match kind / 10 % 10 {
        0 => (Kind::Float, 8),
        1 => (Kind::Float, 4),
        2 => (Kind::Signed, 4),
        3 => (Kind::Signed, 2),
        4 => (Kind::Unsigned, 2),
        5 => (Kind::Unsigned, 1),
        _ => return None,
    };
    let name = bytes.get(20..20_usize.checked_add(length)?)?;
    let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
    let from = 20 + length;
    let part = rows.checked_mul(columns)?.checked_mul(size)?;
    let element = Element { kind: number, size, big_endian };
    let shape = vec![rows, columns];
    let all = if complex == 1 { part.checked_mul(2)? } else { part };
    let part = bytes.get(from..from.checked_add(part)?);
    let variable = match (kind % 10, complex) {
        (_, 1) => Variable::Other("holds complex numbers; save `real(x)`, `imag(x)` or `abs(x)`"),
        (0, _) => Variable::Numbers { shape, element, bytes: part?.to_vec() },
        (1, _) => {
            let letter = |code: f32| char::from_u32(code as u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            Variable::Letters { shape, letters: element.decode(part?)?.into_iter().map(letter).collect() }
        }
        _ => Variable::Other("is a sparse matrix; save `full(x)`"),
    };
    Some((name, variable, from.checked_add(all)?))
}
