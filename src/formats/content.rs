//! What a file is, read from its first bytes: the same bytes mean the same, whatever they are called.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::formats::name_of;

const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
/// As much of a file as is looked at.
const LOOKED_AT: usize = 4096;
/// HDF5 looks for its mark at 0, 512, 1024 … behind what another program put before it; MATLAB's block has 512 bytes.
const HDF5_AT: [u64; 6] = [0, 512, 1024, 2048, 4096, 8192];

/// A sort of file that holds arrays, tables or names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Npy,
    /// NumPy's arrays in a zip archive.
    Npz,
    Parquet,
    Safetensors,
    /// HDF5, MATLAB's of version 7.3 and NetCDF-4 among it.
    Hdf5,
    /// MATLAB's files of version 5, 6 and 7.
    Matlab5,
    /// MATLAB's files of version 4.
    Matlab4,
    Text,
}

/// What a file holds; `None` where it is nothing that is read here. A file that can be told, but not read, is an error
/// that says what it is and what to do.
pub fn of(path: &Path) -> Result<Option<Content>, String> {
    let cannot = |e: std::io::Error| format!("cannot read {}: {e}", path.display());
    let mut file = File::open(path).map_err(cannot)?;
    if file.metadata().map_err(cannot)?.is_dir() {
        return Err(format!("{} is a folder, where a file is expected", name_of(path)));
    }
    let mut start = Vec::new();
    file.by_ref().take(LOOKED_AT as u64).read_to_end(&mut start).map_err(cannot)?;
    if let Some(what) = foreign(&start) {
        return Err(format!("{} {what}", name_of(path)));
    }
    if let Some(content) = marked(&start) {
        return Ok(Some(content));
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return zipped(path, file);
    }
    for at in HDF5_AT {
        let mut mark = [0; 8];
        if file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut mark)).is_ok() && mark == HDF5 {
            return Ok(Some(Content::Hdf5));
        }
    }
    Ok(if is_matlab_4(&start) {
        Some(Content::Matlab4)
    } else if is_text(&start) {
        Some(Content::Text)
    } else {
        None
    })
}

/// Formats that begin with a mark of their own.
fn marked(start: &[u8]) -> Option<Content> {
    let length = start.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
    match start {
        _ if start.starts_with(b"\x93NUMPY") => Some(Content::Npy),
        _ if start.starts_with(b"PAR1") => Some(Content::Parquet),
        _ if start.starts_with(HDF5) => Some(Content::Hdf5),
        _ if start.starts_with(b"MATLAB 5.0 MAT-file") => Some(Content::Matlab5),
        // The length of a header in JSON, then the header.
        _ if start.get(8) == Some(&b'{') && length.is_some_and(|n| n < 1 << 32) => Some(Content::Safetensors),
        // Octave and others leave the text out, but not the version and the order of bytes behind it.
        _ if matches!(start.get(124..128), Some([0, 1, b'I', b'M'] | [1, 0, b'M', b'I'])) => None,
        _ if matches!(start.get(124..128), Some([0, 1, b'M', b'I'] | [1, 0, b'I', b'M'])) => Some(Content::Matlab5),
        _ => None,
    }
}

/// What is known and not read, in words that follow the file's name.
fn foreign(start: &[u8]) -> Option<&'static str> {
    match start {
        [b'C', b'D', b'F', 1 | 2 | 5, ..] => Some(
            "is a NetCDF file of the classic format (NetCDF-3), which is not read; write it as NetCDF-4, in Python with \
             `xarray.open_dataset(file).to_netcdf(other, format='NETCDF4')`",
        ),
        [0x1f, 0x8b, ..] => Some("is compressed with gzip; unpack it first (`gunzip`)"),
        [0x80, 2..=5, ..] => Some(
            "is a Python pickle; nothing in it is run; save the array itself with `np.save`, or a table as .csv or .parquet",
        ),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("is an Excel workbook (.xls); save the sheet as CSV (UTF-8)"),
        _ => None,
    }
}

/// A zip archive is NumPy's where it holds arrays of NumPy's.
fn zipped(path: &Path, file: File) -> Result<Option<Content>, String> {
    let mut file = file;
    file.rewind().map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let name = name_of(path);
    let archive = zip::ZipArchive::new(std::io::BufReader::new(file))
        .map_err(|e| format!("{name} is damaged or no .npz file: {e}"))?;
    if archive.file_names().any(|member| member.ends_with(".npy")) {
        return Ok(Some(Content::Npz));
    }
    if archive.file_names().any(|member| member == "xl/workbook.xml") {
        return Err(format!("{name} is an Excel workbook (.xlsx); save the sheet as CSV (UTF-8)"));
    }
    if archive.is_empty() { Ok(Some(Content::Npz)) } else { Ok(None) }
}

/// Whether bytes begin a file of MATLAB's version 4: 20 bytes of header that say little, and a name.
fn is_matlab_4(start: &[u8]) -> bool {
    let Some(header) = start.first_chunk::<20>() else { return false };
    let at = |big: bool, word: usize| {
        let bytes = [0, 1, 2, 3].map(|byte| header[word * 4 + byte]);
        if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    [false, true].into_iter().any(|big| {
        let (kind, complex, length) = (at(big, 0), at(big, 3), at(big, 4) as usize);
        let machine = if big { 1 } else { 0 };
        let known = kind / 1000 == machine && kind / 100 % 10 == 0 && kind / 10 % 10 <= 5 && kind % 10 <= 2;
        let name = start.get(20..20 + length.min(LOOKED_AT)).unwrap_or_default();
        known
            && complex <= 1
            && (2..=256).contains(&length)
            && name.last() == Some(&0)
            && name[..name.len() - 1].iter().all(|&b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// Whether bytes begin a text: UTF-16 says so by its mark; else there are no control characters.
fn is_text(start: &[u8]) -> bool {
    start.starts_with(&[0xff, 0xfe])
        || start.starts_with(&[0xfe, 0xff])
        || !start.iter().any(|&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(bytes: &[u8]) -> Result<Option<Content>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, bytes).unwrap();
        of(&path)
    }

    #[test]
    fn bytes_say_what_a_file_is() {
        assert_eq!(content(b"\x93NUMPY\x01\0"), Ok(Some(Content::Npy)));
        assert_eq!(content(b"PAR1xx"), Ok(Some(Content::Parquet)));
        assert_eq!(content(b"\x08\0\0\0\0\0\0\0{}      "), Ok(Some(Content::Safetensors)));
        assert_eq!(content(&[&[b' '; 512], HDF5].concat()), Ok(Some(Content::Hdf5)));
        assert_eq!(content(b"id,a\nx,1\n"), Ok(Some(Content::Text)));
        assert_eq!(content(b"\xff\xfei\0d\0"), Ok(Some(Content::Text)));
        assert_eq!(content(b""), Ok(Some(Content::Text)));
        assert_eq!(content(b"\x89PNG\r\n\x1a\n\0\0"), Ok(None));
        let matrix = [0_u32, 2, 3, 0, 2].map(u32::to_le_bytes).concat();
        assert_eq!(content(&[&matrix[..], b"r\0"].concat()), Ok(Some(Content::Matlab4)));
    }

    #[test]
    fn what_is_known_and_not_read_is_told_by_its_name() {
        assert!(content(b"CDF\x01\0\0").unwrap_err().contains("NetCDF-3"));
        assert!(content(b"\x1f\x8b\x08").unwrap_err().contains("gunzip"));
        assert!(content(b"\x80\x04\x95").unwrap_err().contains("nothing in it is run"));
    }
}
