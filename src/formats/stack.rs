//! Pictures as an array: n × height × width × 3, n × 3 × height × width, or n × height × width of grey.

use std::path::Path;

use ndarray::{ArrayD, IxDyn};

use crate::digest::Digest;
use crate::formats::array::Array;
use crate::formats::content::{self, Content};
use crate::formats::element::{Element, Kind};
use crate::formats::hdf5::{Floats, Hdf5};
use crate::formats::open::{self, Options};
use crate::formats::{datasets, name_of};

/// A picture has fewer numbers than this.
const LARGEST: usize = 1 << 28;

/// Pictures out of one array, read one at a time where the file allows it (HDF5); several threads may at once.
pub struct Stack {
    place: Place,
    axes: Axes,
    /// How many pictures there are.
    pub count: usize,
    /// Height and width.
    pub size: (usize, usize),
    /// What white is in the file.
    scale: Scale,
    /// What was taken for granted, in users' words.
    pub notes: Vec<String>,
    /// What the pictures are called, where the file says so.
    pub names: Option<Vec<String>>,
    /// Such as "`imgBrick` in stimuli.hdf5".
    called: String,
}

enum Place {
    Whole(Vec<f32>),
    Rows(Box<Floats>),
}

/// Where a picture's channels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axes {
    /// height × width × 3
    Last,
    /// 3 × height × width
    First,
    /// height × width
    Grey,
}

/// What white is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    One,
    Bytes,
}

impl Stack {
    /// Opens the pictures of a .npy, .npz, .h5, .nc or .mat; `key` names the array where there are several.
    ///
    /// Numbers are 0 to 255, or 0 to 1 where none is larger. Errors: an array of another shape, or of other numbers
    /// (pictures that were standardised have no colours to show); a shape that fits two layouts.
    pub fn open(path: &Path, key: Option<&str>) -> Result<Self, String> {
        let file = name_of(path);
        let called = key.map_or(file.clone(), |key| format!("`{key}` in {file}"));
        let plain = match content::of(path)? {
            Some(Content::Hdf5) => datasets::plain(path, key)?,
            Some(Content::Npy | Content::Npz | Content::Matlab4 | Content::Matlab5) => None,
            _ => return Err(format!("{file} is no array of pictures; there are .npy, .npz, .h5 and .mat")),
        };
        let (place, shape, names, mut notes) = match plain {
            Some((hdf5, key)) => {
                let floats = Hdf5::floats(&hdf5, &key)?;
                let shape = floats.shape().to_vec();
                (Place::Rows(Box::new(floats)), shape, None, Vec::new())
            }
            None => {
                let Array { shape, data, rows, notes, .. } = open::read(path, &Options { key, ..Options::default() })?;
                (Place::Whole(data), shape, rows, notes)
            }
        };
        let (place, shape) = first_axis(place, shape)?;
        let (axes, count, size) = axes(&shape).map_err(|problem| format!("{called} {problem}"))?;
        let mut stack = Self { place, axes, count, size, scale: Scale::Bytes, notes: vec![], names, called };
        let (scale, note) = stack.scale()?;
        notes.extend(note);
        notes.extend(
            (axes == Axes::Grey).then(|| format!("{} is grey: its pictures get three equal channels", stack.called)),
        );
        (stack.scale, stack.notes) = (scale, notes);
        Ok(stack)
    }

    /// Picture `at` as height × width × 3 bytes.
    pub fn rgb(&self, at: usize) -> Result<Vec<u8>, String> {
        let numbers = self.numbers(at)?;
        let factor = if self.scale == Scale::One { 255.0 } else { 1.0 };
        // `as` saturates; `scale` saw that nothing lies beyond.
        let byte = |x: f32| (x * factor).round() as u8;
        let plane = self.size.0 * self.size.1;
        Ok(match self.axes {
            Axes::Last => numbers.into_iter().map(byte).collect(),
            Axes::First => (0..plane * 3).map(|at| byte(numbers[at % 3 * plane + at / 3])).collect(),
            Axes::Grey => numbers.into_iter().flat_map(|x| [byte(x); 3]).collect(),
        })
    }

    /// The digest of a picture's pixels and size: equal for equal pictures, whatever array they lie in.
    pub fn digest(&self, at: usize) -> Result<Digest, String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.size.0 as u64).to_le_bytes()).update(&(self.size.1 as u64).to_le_bytes());
        hasher.update(&self.rgb(at)?);
        Ok(Digest::from(hasher))
    }

    fn numbers(&self, at: usize) -> Result<Vec<f32>, String> {
        if at >= self.count {
            return Err(format!("{} has {} pictures, and none at {at}", self.called, self.count));
        }
        let length = self.size.0 * self.size.1 * if self.axes == Axes::Grey { 1 } else { 3 };
        match &self.place {
            Place::Whole(data) => Ok(data[at * length..(at + 1) * length].to_vec()),
            Place::Rows(floats) => floats.rows(at, at + 1),
        }
    }

    /// Looks through all pictures for the largest number, and refuses what is no colour.
    fn scale(&self) -> Result<(Scale, Option<String>), String> {
        let byte = |element: Element| (element.kind, element.size) == (Kind::Unsigned, 1);
        let are_bytes = matches!(&self.place, Place::Rows(floats) if byte(floats.element()));
        let (mut largest, mut whole) = (0.0_f32, true);
        for at in 0..self.count {
            for x in self.numbers(at)? {
                if !(0.0..=255.0).contains(&x) {
                    return Err(format!(
                        "{} holds {x} in picture {at}; pictures hold 0 to 255, or 0 to 1 (undo a standardisation first)",
                        self.called
                    ));
                }
                largest = largest.max(x);
                whole &= x.fract() == 0.0;
            }
            if are_bytes && largest > 1.0 {
                break;
            }
        }
        let called = &self.called;
        match (largest <= 1.0, whole) {
            (false, true) => Ok((Scale::Bytes, None)),
            (false, false) => Ok((Scale::Bytes, Some(format!("{called} is taken for pictures of 0 to 255, rounded")))),
            (true, false) => Ok((Scale::One, Some(format!("{called} is taken for pictures of 0 to 1")))),
            (true, true) => Err(format!(
                "{called} holds 0 and 1 alone, so that white may be 1 or 255; save it times 255 as 8-bit numbers"
            )),
        }
    }
}

/// Brings the axis of pictures to the front, where it is the last as MATLAB's users have it (height × width × 3 × n, and
/// height × width × n of squares), and reads what HDF5 gives by rows only slowly.
fn first_axis(place: Place, shape: Vec<usize>) -> Result<(Place, Vec<usize>), String> {
    let last = match shape[..] {
        [height, width, 3, n] => height != 3 && width != 3 && n != 3,
        [height, width, n] => height == width && width != n && n != 3,
        _ => false,
    };
    let quick = matches!(&place, Place::Rows(floats) if matches!((floats.element().kind, floats.element().size), (Kind::Unsigned, 1) | (Kind::Float, 4 | 8)));
    if !last && (quick || matches!(place, Place::Whole(_))) {
        return Ok((place, shape));
    }
    let data = match place {
        Place::Whole(data) => data,
        Place::Rows(floats) => floats.read_all()?.data,
    };
    if !last {
        return Ok((Place::Whole(data), shape));
    }
    let mut order: Vec<usize> = (0..shape.len()).collect();
    order.rotate_right(1);
    let array = ArrayD::from_shape_vec(IxDyn(&shape), data).expect("as many as the shape says").permuted_axes(order);
    let shape = array.shape().to_vec();
    Ok((Place::Whole(array.as_standard_layout().into_owned().into_raw_vec_and_offset().0), shape))
}

/// The layout of a shape, the count of pictures, and their height and width.
fn axes(shape: &[usize]) -> Result<(Axes, usize, (usize, usize)), String> {
    if shape.is_empty() || shape.contains(&0) {
        return Err("holds no pictures".to_owned());
    }
    if shape[1..].iter().try_fold(1_usize, |product, &n| product.checked_mul(n)).is_none_or(|n| n > LARGEST) {
        return Err("holds pictures beyond all memory".to_owned());
    }
    let text = || shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ");
    match *shape {
        [_, 3, _, 3] | [_, _, 3, 3] => Err(format!(
            "is {}, of which several axes may be the channels; pictures are n × height × width × 3, and larger",
            text()
        )),
        [n, height, width, 3] => Ok((Axes::Last, n, (height, width))),
        [n, 3, height, width] => Ok((Axes::First, n, (height, width))),
        [n, height, width, 1] | [n, 1, height, width] => Ok((Axes::Grey, n, (height, width))),
        [_, _, 3] => {
            Err(format!("is {}, which may be one picture; an array of pictures has n × height × width × 3", text()))
        }
        [n, height, width] => Ok((Axes::Grey, n, (height, width))),
        _ => Err(format!(
            "is {}, where pictures are n × height × width × 3, n × 3 × height × width or n × height × width",
            text()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;
    use ndarray_npy::write_npy;

    fn colours() -> Array4<u8> {
        Array4::from_shape_fn((2, 4, 5, 3), |(n, y, x, c)| (n * 100 + y * 20 + x * 4 + c) as u8)
    }

    fn opened(array: &Array4<f32>) -> Result<Stack, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        write_npy(&path, array).unwrap();
        Stack::open(&path, None)
    }

    #[test]
    fn every_layout_gives_the_same_pictures() {
        let want = colours();
        let bytes = want.mapv(f32::from);
        let last = opened(&bytes).unwrap();
        assert_eq!((last.count, last.size, last.notes.len()), (2, (4, 5), 0));
        let first = opened(&bytes.clone().permuted_axes([0, 3, 1, 2]).as_standard_layout().to_owned()).unwrap();
        let ones = opened(&bytes.mapv(|x| x / 255.0)).unwrap();
        assert_eq!(ones.notes, ["x.npy is taken for pictures of 0 to 1"]);
        for stack in [&last, &first, &ones] {
            for at in 0..2 {
                let picture: Vec<u8> = want.index_axis(ndarray::Axis(0), at).iter().copied().collect();
                assert_eq!(stack.rgb(at).unwrap(), picture);
                assert_eq!(stack.digest(at), last.digest(at));
            }
        }
        assert_ne!(last.digest(0), last.digest(1));
        assert!(last.rgb(2).unwrap_err().contains("none at 2"));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let error = |shape: [usize; 4], x: f32| opened(&Array4::from_elem(shape, x)).err().unwrap();
        assert!(error([1, 3, 9, 3], 9.0).contains("several axes may be the channels"));
        assert!(error([1, 4, 4, 2], 9.0).contains("is 1 × 4 × 4 × 2, where pictures are"));
        assert!(error([1, 4, 4, 3], -1.5).contains("holds -1.5 in picture 0"));
        assert!(error([1, 4, 4, 3], f32::NAN).contains("holds NaN in picture 0"));
        assert!(error([1, 4, 4, 3], 1.0).contains("white may be 1 or 255"));
        let grey = opened(&Array4::from_elem([1, 2, 2, 1], 7.0)).unwrap();
        assert_eq!(grey.rgb(0).unwrap(), [7; 12]);
    }

    /// Made by `tests/fixtures/make_assemblies.py` and `make_mat.py`: pictures that count, by rows of HDF5 and with
    /// MATLAB's order of axes.
    #[test]
    fn pictures_of_hdf5_and_of_matlab_are_the_same() {
        let fixture = |name: &str| crate::formats::fixtures::fixture(name);
        let stack = Stack::open(&fixture("pictures.h5"), Some("pictures")).unwrap();
        assert_eq!((stack.count, stack.size), (3, (4, 5)));
        let want: Vec<u8> = (60..120).collect();
        assert_eq!(stack.rgb(1).unwrap(), want);
        let matlab = Stack::open(&fixture("pictures.mat"), None).unwrap();
        assert_eq!((matlab.count, matlab.size), (2, (4, 5)));
        let wide = Stack::open(&fixture("pictures.h5"), Some("wide")).unwrap();
        for at in 0..2 {
            assert_eq!(matlab.rgb(at), stack.rgb(at));
            assert_eq!(wide.rgb(at), stack.rgb(at));
        }
        let grey = Stack::open(&fixture("pictures.h5"), Some("grey")).unwrap();
        assert_eq!((grey.count, grey.size), (2, (4, 4)));
        assert_eq!(grey.rgb(0).unwrap()[..9], [0, 0, 0, 2, 2, 2, 4, 4, 4]);
        assert_eq!(grey.notes, ["`grey` in pictures.h5 is grey: its pictures get three equal channels"]);
        let error = Stack::open(&fixture("it_tiny.h5"), Some("stimulus_train")).err().unwrap();
        assert!(error.contains("undo a standardisation first"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no.txt");
        std::fs::write(&path, "1,2\n").unwrap();
        assert!(Stack::open(&path, None).err().unwrap().contains("is no array of pictures"));
    }
}
