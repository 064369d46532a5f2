//! Pictures as an array: n × height × width × 3, n × 3 × height × width, or n × height × width of grey; MATLAB's have n last.

use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::formats::array::{Array, shape_text};
use crate::formats::content::{self, Content};
use crate::formats::element::{Element, Kind};
use crate::formats::hdf5::{Floats, Hdf5};
use crate::formats::npy::mapped::Mapped;
use crate::formats::open::{self, Options};
use crate::formats::{datasets, name_of};

/// A picture has fewer numbers than this.
const LARGEST: usize = 1 << 28;

/// Pictures out of one array, read one at a time where the file allows it (HDF5, .npy); several threads may at once.
pub struct Stack {
    place: Place,
    /// How the array is read.
    pub form: Form,
    /// How many pictures there are.
    pub count: usize,
    /// Height and width.
    pub size: (usize, usize),
    /// 3, or 1 of grey.
    channels: usize,
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
    Mapped(Mapped),
}

/// What the numbers of an array of pictures mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    pub axes: Axes,
    pub scale: Scale,
}

/// The axes of an array of pictures in order, the first first: n pictures, height, width, channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Axes {
    Nhwc,
    Nchw,
    Nhw,
    Hwcn,
    Hwn,
}

/// What white is in an array of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    One,
    Bytes,
}

/// What one look at a picture tells.
struct Look {
    largest: f32,
    whole: bool,
    as_bytes: Digest,
    as_ones: Option<Digest>,
}

impl Stack {
    /// Opens the pictures of a .npy, .npz, .h5, .nc or .mat, and looks through all of them; with it come their digests, which are
    /// equal for equal pictures, whatever array they lie in. `key` names the array where there are several, `axes` its layout.
    ///
    /// Numbers are 0 to 255, or 0 to 1 where none is larger. Errors: an array of another shape, or of other numbers
    /// (pictures that were standardised have no colours to show); a shape that fits two layouts.
    pub fn open(path: &Path, key: Option<&str>, axes: Option<Axes>) -> Result<(Self, Vec<Digest>), String> {
        let (mut stack, elements) = Self::laid_out(path, key, axes)?;
        let (scale, note, digests) = stack.survey(elements)?;
        stack.form.scale = scale;
        stack.notes.extend(note);
        if stack.channels == 1 {
            stack.notes.push(format!("{} is grey: its pictures get three equal channels", stack.called));
        }
        Ok((stack, digests))
    }

    /// Opens the same pictures again, as it was found that they are read.
    pub fn reopen(path: &Path, key: Option<&str>, form: Form) -> Result<Self, String> {
        let (mut stack, _) = Self::laid_out(path, key, Some(form.axes))?;
        stack.form = form;
        Ok(stack)
    }

    /// The pictures, before it is known what white is; and how a number lies in the file, where that is known.
    fn laid_out(path: &Path, key: Option<&str>, axes: Option<Axes>) -> Result<(Self, Option<Element>), String> {
        let file = name_of(path);
        let called = key.map_or(file.clone(), |key| format!("`{key}` in {file}"));
        let content = content::of(path)?;
        let (place, mut shape, names, mut notes) = placed(path, key, content)?;
        let matlab = match content {
            Some(Content::Hdf5) => Hdf5::open(path)?.matlab,
            other => matches!(other, Some(Content::Matlab4 | Content::Matlab5)),
        };
        let of = |problem: String| format!("{called} {problem}");
        let found = match axes {
            Some(axes) => axes,
            None => likely(&shape, matlab).map_err(of)?,
        };
        let element = match &place {
            Place::Whole(_) => None,
            Place::Rows(floats) => Some(floats.element()),
            Place::Mapped(mapped) => Some(mapped.element),
        };
        let (count, size, channels) = found.read(&shape).map_err(of)?;
        if let Some(element) = element {
            backed(path, &shape, element.size).map_err(of)?;
        }
        let last = matches!(found, Axes::Hwcn | Axes::Hwn);
        if last && axes.is_none() {
            notes.push(format!("{called} ({}) is taken for pictures along its last axis", shape_text(&shape)));
        }
        let place = match place {
            Place::Rows(floats) if last || !is_quick(floats.element()) => Place::Whole(floats.read_all()?.data),
            Place::Mapped(mapped) if last => Place::Whole(mapped.numbers(0..shape.iter().product())),
            other => other,
        };
        let place = match place {
            Place::Whole(data) if last => Place::Whole(turned(data, &mut shape)),
            other => other,
        };
        let form = Form { axes: found, scale: Scale::Bytes };
        Ok((Self { place, form, count, size, channels, notes, names, called }, element))
    }

    /// Picture `at` as height × width × 3 bytes.
    pub fn rgb(&self, at: usize) -> Result<Vec<u8>, String> {
        Ok(self.bytes(&self.numbers(at)?, self.form.scale))
    }

    fn bytes(&self, numbers: &[f32], scale: Scale) -> Vec<u8> {
        let factor = if scale == Scale::One { 255.0 } else { 1.0 };
        // `as` saturates; the survey saw that nothing lies beyond.
        let byte = |x: f32| (x * factor).round() as u8;
        let plane = self.size.0 * self.size.1;
        match (self.channels, self.form.axes) {
            (1, _) => numbers.iter().flat_map(|&x| [byte(x); 3]).collect(),
            (_, Axes::Nchw) => (0..plane * 3).map(|at| byte(numbers[at % 3 * plane + at / 3])).collect(),
            _ => numbers.iter().map(|&x| byte(x)).collect(),
        }
    }

    fn digest(&self, rgb: &[u8]) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.size.0 as u64).to_le_bytes()).update(&(self.size.1 as u64).to_le_bytes());
        hasher.update(rgb);
        Digest::from(hasher)
    }

    fn numbers(&self, at: usize) -> Result<Vec<f32>, String> {
        if at >= self.count {
            return Err(format!("{} has {} pictures, and none at {at}", self.called, self.count));
        }
        let length = self.size.0 * self.size.1 * self.channels;
        match &self.place {
            Place::Whole(data) => Ok(data[at * length..(at + 1) * length].to_vec()),
            Place::Rows(floats) => floats.rows(at, at + 1),
            Place::Mapped(mapped) => Ok(mapped.numbers(at * length..(at + 1) * length)),
        }
    }

    /// Looks at all pictures once: what white is, with a note on it, and each picture's digest. What is no colour is refused.
    fn survey(&self, element: Option<Element>) -> Result<(Scale, Option<String>, Vec<Digest>), String> {
        let are_bytes = element.is_some_and(|element| (element.kind, element.size) == (Kind::Unsigned, 1));
        let looks: Vec<Look> =
            (0..self.count).into_par_iter().map(|at| self.look(at, are_bytes)).collect::<Result<_, _>>()?;
        let largest = looks.iter().map(|look| look.largest).fold(0.0, f32::max);
        let whole = looks.iter().all(|look| look.whole);
        let called = &self.called;
        let (scale, note) = match (largest <= 1.0, whole) {
            (false, false) if largest < 2.0 => {
                return Err(format!(
                    "{called} holds fractions up to {largest}, so that white may be 1, which some overshoot, or 255; clip it to 0 to 1 \
                     (`np.clip`), or save it times 255 as 8-bit numbers"
                ));
            }
            (false, true) => (Scale::Bytes, None),
            (false, false) => (Scale::Bytes, Some(format!("{called} is taken for pictures of 0 to 255, rounded"))),
            (true, false) => (Scale::One, Some(format!("{called} is taken for pictures of 0 to 1"))),
            (true, true) => {
                return Err(format!(
                    "{called} holds 0 and 1 alone, so that white may be 1 or 255; save it times 255 as 8-bit numbers"
                ));
            }
        };
        let digest = |look: Look| match scale {
            Scale::One => look.as_ones.expect("none of its numbers is larger than 1"),
            Scale::Bytes => look.as_bytes,
        };
        Ok((scale, note, looks.into_iter().map(digest).collect()))
    }

    fn look(&self, at: usize, are_bytes: bool) -> Result<Look, String> {
        let numbers = self.numbers(at)?;
        if let Some(x) = numbers.iter().find(|x| !(0.0..=255.0).contains(*x)) {
            return Err(format!(
                "{} holds {x} in picture {at}; pictures hold 0 to 255, or 0 to 1 (undo a standardisation first)",
                self.called
            ));
        }
        let largest = numbers.iter().copied().fold(0.0, f32::max);
        let whole = are_bytes || numbers.iter().all(|x| x.fract() == 0.0);
        let digest = |scale| self.digest(&self.bytes(&numbers, scale));
        let as_ones = (largest <= 1.0 && !are_bytes).then(|| digest(Scale::One));
        Ok(Look { largest, whole, as_bytes: digest(Scale::Bytes), as_ones })
    }
}

/// How much longer numbers may be than the file that holds them: gzip makes at most a thousandth of them.
const MOST_PACKED: u128 = 2048;

/// Refuses a shape that the file cannot fill, before each of its pictures is looked at: a damaged length, or data that were never written.
fn backed(path: &Path, shape: &[usize], size: usize) -> Result<(), String> {
    let file = std::fs::metadata(path).map_err(|e| format!("cannot be read: {e}"))?.len();
    let bytes = shape.iter().fold(size as u128, |bytes, &n| bytes.saturating_mul(n as u128));
    if bytes > u128::from(file) * MOST_PACKED {
        return Err(format!(
            "is {} by its header, but the file has {file} bytes: it is damaged, or was never written to its end",
            shape_text(shape)
        ));
    }
    Ok(())
}

/// Where the numbers are, their shape, names along the first axis, and what their reader took for granted.
type Placed = (Place, Vec<usize>, Option<Vec<String>>, Vec<String>);

fn placed(path: &Path, key: Option<&str>, content: Option<Content>) -> Result<Placed, String> {
    match content {
        Some(Content::Hdf5) => {
            if let Some((hdf5, key)) = datasets::plain(path, key)? {
                let floats = hdf5.floats(&key)?;
                let shape = floats.shape().to_vec();
                return Ok((Place::Rows(Box::new(floats)), shape, None, Vec::new()));
            }
        }
        Some(Content::Npy) if key.is_none() => {
            if let Some(mapped) = Mapped::open(path)? {
                let shape = mapped.shape.clone();
                return Ok((Place::Mapped(mapped), shape, None, Vec::new()));
            }
        }
        Some(Content::Npy | Content::Npz | Content::Matlab4 | Content::Matlab5) => {}
        _ => return Err(format!("{} is no array of pictures; there are .npy, .npz, .h5 and .mat", name_of(path))),
    }
    let Array { shape, data, rows, notes, .. } = open::read(path, &Options { key, ..Options::default() })?;
    Ok((Place::Whole(data), shape, rows, notes))
}

/// Whether rows of such numbers are read without reading all of them.
fn is_quick(element: Element) -> bool {
    matches!((element.kind, element.size), (Kind::Unsigned, 1) | (Kind::Float, 4 | 8))
}

/// Numbers whose last axis comes first then.
fn turned(data: Vec<f32>, shape: &mut Vec<usize>) -> Vec<f32> {
    let mut order: Vec<usize> = (0..shape.len()).collect();
    order.rotate_right(1);
    let array = ArrayD::from_shape_vec(IxDyn(shape), data).expect("as many as the shape says").permuted_axes(order);
    *shape = array.shape().to_vec();
    array.as_standard_layout().into_owned().into_raw_vec_and_offset().0
}

/// The layout that a shape has where no one says it. MATLAB's users have pictures along the last axis.
fn likely(shape: &[usize], matlab: bool) -> Result<Axes, String> {
    let ways = "say `images_layout: nhwc`, `nchw`, `nhw`, `hwcn` or `hwn`";
    let several = |what: &str| Err(format!("is {}, {what}: {ways}", shape_text(shape)));
    let channels = |n: usize| match *shape {
        [_, b, c, d] => vec![(Axes::Nhwc, d == n), (Axes::Nchw, b == n), (Axes::Hwcn, c == n)],
        _ => Vec::new(),
    };
    match *shape {
        [_, _, _, _] => {
            let fits = |n: usize| -> Vec<Axes> {
                channels(n).into_iter().filter(|(_, fits)| *fits).map(|(axes, _)| axes).collect()
            };
            let (colours, grey) = (fits(3), fits(1));
            match (&colours[..], &grey[..]) {
                ([one], _) | ([], [one]) => Ok(*one),
                ([], []) => Err(format!(
                    "is {}, where pictures are n × height × width × 3, n × 3 × height × width or n × height × width",
                    shape_text(shape)
                )),
                _ => several("of which several axes may be the channels"),
            }
        }
        [a, _, c] if a == 3 || c == 3 => several("which may be one picture, or several of grey"),
        [a, b, c] if a == b && b == c && matlab => several("whose pictures may lie along the first axis or the last"),
        [a, b, c] if a == b && b != c && !matlab => {
            several("whose pictures may lie along the first axis or, as squares, along the last")
        }
        [a, b, _] if a == b => Ok(if matlab { Axes::Hwn } else { Axes::Nhw }),
        [_, b, c] if matlab && b != c => several("whose pictures may lie along the first axis or the last"),
        [_, _, _] => Ok(Axes::Nhw),
        _ => Err(format!(
            "is {}, where pictures are n × height × width × 3, n × 3 × height × width or n × height × width",
            shape_text(shape)
        )),
    }
}

impl Axes {
    /// The count of pictures, their height and width, and their channels.
    fn read(self, shape: &[usize]) -> Result<(usize, (usize, usize), usize), String> {
        let (count, size, channels) = match (self, shape) {
            (_, []) => return Err("is a single number, and no pictures".to_owned()),
            (_, _) if shape.contains(&0) => return Err("holds no pictures".to_owned()),
            (Self::Nhwc, &[n, h, w, c]) | (Self::Nchw, &[n, c, h, w]) | (Self::Hwcn, &[h, w, c, n]) => (n, (h, w), c),
            (Self::Nhw, &[n, h, w]) | (Self::Hwn, &[h, w, n]) => (n, (h, w), 1),
            _ => return Err(format!("is {}, which `images_layout: {}` does not fit", shape_text(shape), self.name())),
        };
        if channels != 3 && channels != 1 {
            return Err(format!(
                "is {}, of which {channels} channels are none of colours (3) or of grey (1)",
                shape_text(shape)
            ));
        }
        let numbers = size.0.checked_mul(size.1).and_then(|n| n.checked_mul(channels));
        if numbers.is_none_or(|n| n > LARGEST) {
            return Err("holds pictures beyond all memory".to_owned());
        }
        Ok((count, size, channels))
    }

    /// As a recipe writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nhwc => "nhwc",
            Self::Nchw => "nchw",
            Self::Nhw => "nhw",
            Self::Hwcn => "hwcn",
            Self::Hwn => "hwn",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array4, Axis};
    use ndarray_npy::write_npy;

    fn colours() -> Array4<u8> {
        Array4::from_shape_fn((2, 4, 5, 3), |(n, y, x, c)| (n * 100 + y * 20 + x * 4 + c) as u8)
    }

    fn written<T: ndarray_npy::WritableElement, D: ndarray::Dimension>(
        array: &ndarray::Array<T, D>,
        axes: Option<Axes>,
    ) -> Result<(Stack, Vec<Digest>), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        write_npy(&path, array).unwrap();
        let (stack, digests) = Stack::open(&path, None, axes)?;
        let again = Stack::reopen(&path, None, stack.form).unwrap();
        for at in 0..stack.count {
            assert_eq!(again.rgb(at), stack.rgb(at));
        }
        Ok((stack, digests))
    }

    #[test]
    fn a_length_that_the_file_cannot_fill_is_refused_at_once() {
        let mut bytes = std::fs::read(crate::formats::fixtures::fixture("pictures.h5")).unwrap();
        let lengths: Vec<u8> = [3_u64, 4, 5, 3].into_iter().flat_map(u64::to_le_bytes).collect();
        let at = bytes.windows(lengths.len()).position(|window| window == lengths).unwrap();
        bytes[at + 4] = 2;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged.h5");
        std::fs::write(&path, bytes).unwrap();
        let error = Stack::open(&path, Some("pictures"), None).err().unwrap();
        assert!(error.contains("is 8589934595 × 4 × 5 × 3 by its header, but the file has"), "{error}");
    }

    #[test]
    fn every_layout_gives_the_same_pictures() {
        let want = colours();
        let turned = |order: [usize; 4]| want.clone().permuted_axes(order).as_standard_layout().to_owned();
        let (last, digests) = written(&want, None).unwrap();
        assert_eq!((last.count, last.size, last.notes.len()), (2, (4, 5), 0));
        let first = written(&turned([0, 3, 1, 2]), None).unwrap();
        let ones = written(&want.mapv(|x| f64::from(x) / 255.0), None).unwrap();
        assert_eq!(ones.0.notes, ["x.npy is taken for pictures of 0 to 1"]);
        let columns = written(&want.clone().reversed_axes().reversed_axes(), None).unwrap();
        let behind = written(&turned([1, 2, 3, 0]), None).unwrap();
        assert_eq!(behind.0.notes, ["x.npy (4 × 5 × 3 × 2) is taken for pictures along its last axis"]);
        let said = written(&turned([1, 2, 3, 0]), Some(Axes::Hwcn)).unwrap();
        assert!(said.0.notes.is_empty());
        for (stack, theirs) in [first, ones, columns, behind, said] {
            for at in 0..2 {
                let picture: Vec<u8> = want.index_axis(Axis(0), at).iter().copied().collect();
                assert_eq!(stack.rgb(at).unwrap(), picture);
            }
            assert_eq!(theirs, digests);
        }
        assert_ne!(digests[0], digests[1]);
        assert!(last.rgb(2).unwrap_err().contains("none at 2"));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let error = |shape: [usize; 4], x: f32| written(&Array4::from_elem(shape, x), None).err().unwrap();
        assert!(
            error([1, 3, 9, 3], 9.0)
                .contains("is 1 × 3 × 9 × 3, of which several axes may be the channels: say `images_layout")
        );
        assert!(error([3, 9, 3, 3], 9.0).contains("several axes may be the channels"));
        assert!(error([1, 4, 4, 2], 9.0).contains("is 1 × 4 × 4 × 2, where pictures are"));
        assert!(error([1, 4, 4, 3], -1.5).contains("holds -1.5 in picture 0"));
        assert!(error([1, 4, 4, 3], f32::NAN).contains("holds NaN in picture 0"));
        assert!(error([1, 4, 4, 3], 1.0).contains("white may be 1 or 255"));
        let (grey, _) = written(&Array4::from_elem([1, 2, 2, 1], 7.0_f32), None).unwrap();
        assert_eq!(grey.rgb(0).unwrap(), [7; 12]);
        let one = ndarray::Array3::from_elem((4, 5, 3), 9_u8);
        assert!(written(&one, None).err().unwrap().contains("may be one picture"));
        assert_eq!(written(&one, Some(Axes::Nhw)).unwrap().0.size, (5, 3));
        assert!(written(&one, Some(Axes::Nhwc)).err().unwrap().contains("which `images_layout: nhwc` does not fit"));
        let squares = ndarray::Array3::from_elem((4, 4, 9), 9_u8);
        assert!(written(&squares, None).err().unwrap().contains("as squares, along the last"));
        assert_eq!(written(&squares, Some(Axes::Hwn)).unwrap().0.count, 9);
    }

    /// Made by `tests/fixtures/make_assemblies.py` and `make_mat.py`: pictures that count, by rows of HDF5 and with
    /// MATLAB's order of axes.
    #[test]
    fn pictures_of_hdf5_and_of_matlab_are_the_same() {
        let fixture = |name: &str| crate::formats::fixtures::fixture(name);
        let open = |name: &str, key: Option<&str>, axes| Stack::open(&fixture(name), key, axes);
        let (stack, digests) = open("pictures.h5", Some("pictures"), None).unwrap();
        assert_eq!((stack.count, stack.size), (3, (4, 5)));
        let want: Vec<u8> = (60..120).collect();
        assert_eq!(stack.rgb(1).unwrap(), want);
        let (matlab, same) = open("pictures.mat", None, None).unwrap();
        assert_eq!((matlab.count, matlab.size), (2, (4, 5)));
        let wide = open("pictures.h5", Some("wide"), None).unwrap().0;
        for at in 0..2 {
            assert_eq!(matlab.rgb(at), stack.rgb(at));
            assert_eq!(wide.rgb(at), stack.rgb(at));
            assert_eq!(same[at], digests[at]);
        }
        let (grey, _) = open("pictures.h5", Some("grey"), Some(Axes::Hwn)).unwrap();
        assert_eq!((grey.count, grey.size), (2, (4, 4)));
        assert_eq!(grey.rgb(0).unwrap()[..9], [0, 0, 0, 2, 2, 2, 4, 4, 4]);
        assert_eq!(grey.notes, ["`grey` in pictures.h5 is grey: its pictures get three equal channels"]);
        let error = open("it_tiny.h5", Some("stimulus_train"), None).err().unwrap();
        assert!(error.contains("undo a standardisation first"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no.txt");
        std::fs::write(&path, "1,2\n").unwrap();
        assert!(Stack::open(&path, None, None).err().unwrap().contains("is no array of pictures"));
    }
}
