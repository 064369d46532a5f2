//! From pictures by reference to pixels: decoded, made RGB, sized as the images say.
//!
//! What Pillow does is the reference, since the networks and the numbers that people compare with come from it:
//! `Image.open(file).convert("RGB").resize(size, BILINEAR)`, transparency dropped, no rotation by EXIF; or the crop and the
//! padding of torchvision's transforms, where the images say so.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;
use std::path::PathBuf;

use image::{ImageFormat, ImageReader};

use crate::digest::Digest;
use crate::formats::cut;
use crate::formats::hdf5::{Floats, Hdf5};
use crate::formats::listing::Pictures;
use crate::formats::stack::Stack;
use crate::value::images::{About, Entry, Images, PixelState, Source};
use crate::value::sizing::{Fit, Sizing};
use crate::value::{jpeg, resize};

/// All that decodes pictures, with versions: part of the key of the kinds that name pictures to decode. `Cargo.lock` holds the same.
pub const DECODERS: &str = "mozjpeg-sys 2.2.3, image-webp 0.2.4, tiff 0.11.3, png 0.18.1, gif 0.14.2, image 0.25.10";
const WEBP: &str = "image-webp 0.2.4";
const TIFF: &str = "tiff 0.11.3";

/// Reads rows of images; several threads may at once.
pub struct Decoder {
    about: About,
    place: Place,
    /// Height and width that come out.
    size: (usize, usize),
}

enum Place {
    Files(Pictures),
    Array(Box<Stack>),
    Datasets(HashMap<String, Floats>),
    Embedded(Images),
}

/// An 8-bit picture: height × width × 3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub size: (usize, usize),
    pub rgb: Vec<u8>,
}

impl Decoder {
    /// Opens what the images refer to; `sources` tells where it lies.
    pub fn open(images: &Images, sources: &BTreeMap<Digest, PathBuf>) -> Result<Self, String> {
        Self::open_at(images, sources, images.about.size)
    }

    /// As `open`, for another (height, width) than the images' own. Sources are resized to it in one step; pictures that are cropped or
    /// padded come to their own size first, so that both sizes show the same.
    pub fn open_at(images: &Images, sources: &BTreeMap<Digest, PathBuf>, size: (usize, usize)) -> Result<Self, String> {
        let about = images.about.clone();
        let path = |digest: &Digest| {
            sources.get(digest).ok_or_else(|| {
                format!("the pictures' source {} is nowhere to be found; run the node that loads it", digest.short())
            })
        };
        let place = match &about.source {
            Source::Zip(digest) | Source::Folder(digest) => Place::Files(Pictures::open(path(digest)?)?),
            Source::Array { file, key, form } => {
                Place::Array(Box::new(Stack::reopen(path(file)?, key.as_deref(), *form)?))
            }
            Source::Hdf5(digest) => {
                let file = Hdf5::open(path(digest)?)?;
                let mut datasets = HashMap::new();
                for entry in &about.entries {
                    if let Entry::Row(name, _) = entry
                        && !datasets.contains_key(name)
                    {
                        let floats = file.floats(name)?;
                        if !matches!(floats.shape(), [_, 3, _, _]) {
                            return Err(format!(
                                "`{name}` has the shape {:?}, where (n, 3, height, width) is expected",
                                floats.shape()
                            ));
                        }
                        datasets.insert(name.clone(), floats);
                    }
                }
                Place::Datasets(datasets)
            }
            Source::Embedded => Place::Embedded(images.clone()),
        };
        Ok(Self { about, place, size })
    }

    /// Height and width of what comes out.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// The pixels of some rows, n × 3 × height × width, in the images' own state. Encoded pictures come out in [0, 1];
    /// pictures of an HDF5 file as the file has them.
    pub fn rows(&self, rows: &[usize]) -> Result<Vec<f32>, String> {
        let mut out = Vec::with_capacity(rows.len() * 3 * self.size.0 * self.size.1);
        if let Place::Datasets(datasets) = &self.place {
            for run in runs(rows, &self.about.entries)? {
                self.floats(&datasets[run.dataset], run.from, run.to, &mut out)?;
            }
            return Ok(out);
        }
        for &row in rows {
            let rgb = self.encoded(row)?;
            for channel in 0..3 {
                out.extend(rgb.iter().skip(channel).step_by(3).map(|&value| f32::from(value) / 255.0));
            }
        }
        Ok(out)
    }

    /// A row as a picture to look at, of the same size.
    pub fn picture(&self, row: usize) -> Result<Picture, String> {
        let rgb = match &self.place {
            Place::Files(_) | Place::Array(_) | Place::Embedded(_) => self.encoded(row)?,
            Place::Datasets(_) => {
                let planes = self.rows(&[row])?;
                let plane = self.size.0 * self.size.1;
                let unit = |channel: usize, x: f32| match &self.about.state {
                    PixelState::Unit => x,
                    PixelState::Normalised { mean, std } => x * std[channel] + mean[channel],
                };
                // `as` saturates, so what lies beyond black and white stays there.
                let byte = |at: usize| (unit(at % 3, planes[at % 3 * plane + at / 3]) * 255.0).round() as u8;
                (0..plane * 3).map(byte).collect()
            }
        };
        Ok(Picture { size: self.size, rgb })
    }

    /// A row of an 8-bit source, resized.
    fn encoded(&self, row: usize) -> Result<Vec<u8>, String> {
        match (&self.place, &self.about.entries[row]) {
            (Place::Files(pictures), Entry::File(name)) => {
                let (rgb, from) =
                    rgb8(&pictures.read(name)?).map_err(|problem| undecodable(name, &pictures.called, &problem))?;
                Ok(self.sized(rgb, from))
            }
            (Place::Array(stack), Entry::Row(_, at)) => Ok(self.sized(stack.rgb(*at)?, stack.size)),
            (Place::Embedded(images), Entry::Row(_, at)) => {
                let from = self.about.size;
                let pixels = images.pixels().expect("embedded images hold pixels");
                let bytes = from.0 * from.1 * 3;
                let picture = pixels
                    .get(at * bytes..(at + 1) * bytes)
                    .ok_or_else(|| format!("picture {at} lies beyond the {} that are stored", pixels.len() / bytes))?;
                Ok(resize::rgb8(picture, from, self.size, self.about.sizing.interpolation))
            }
            (_, entry) => Err(format!("{entry:?} does not lie in a source of this sort")),
        }
    }

    /// A picture of any size in the size that is wanted.
    fn sized(&self, rgb: Vec<u8>, from: (usize, usize)) -> Vec<u8> {
        let (sizing, own) = (self.about.sizing, self.about.size);
        let (rgb, from) = match sizing.fit {
            Fit::Squash => (rgb, from),
            Fit::Crop | Fit::Pad => (sizing.rgb8(&rgb, from, own), own),
        };
        if from == self.size { rgb } else { squashed(sizing).rgb8(&rgb, from, self.size) }
    }

    fn floats(&self, dataset: &Floats, from: usize, to: usize, out: &mut Vec<f32>) -> Result<(), String> {
        let &[rows, _, height, width] = dataset.shape() else { unreachable!("checked when it was opened") };
        if to > rows {
            return Err(format!("picture {} lies beyond the dataset's {rows} rows", to - 1));
        }
        let pixels = dataset.rows(from, to)?;
        if (height, width) == self.size {
            out.extend(pixels);
        } else {
            for plane in pixels.chunks_exact(height * width) {
                out.extend(resize::plane(plane, (height, width), self.size));
            }
        }
        Ok(())
    }
}

/// Consecutive rows of one dataset, which one read fetches.
struct Stretch<'a> {
    dataset: &'a str,
    from: usize,
    to: usize,
}

fn runs<'a>(rows: &[usize], entries: &'a [Entry]) -> Result<Vec<Stretch<'a>>, String> {
    let mut runs: Vec<Stretch<'a>> = Vec::new();
    for &row in rows {
        let Entry::Row(dataset, at) = &entries[row] else {
            return Err(format!("{:?} does not lie in a dataset", entries[row]));
        };
        match runs.last_mut() {
            Some(last) if last.dataset == dataset && last.to == *at => last.to += 1,
            _ => runs.push(Stretch { dataset, from: *at, to: at + 1 }),
        }
    }
    Ok(runs)
}

/// How what has been cropped or padded already comes to another size.
fn squashed(sizing: Sizing) -> Sizing {
    Sizing { fit: Fit::Squash, resize: None, ..sizing }
}

/// The height and width that a picture's header tells; what is cut short is an error.
pub fn probe(bytes: &[u8]) -> Result<(usize, usize), String> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
    if reader.format().is_none() {
        return Err("it is no picture of a known format".to_owned());
    }
    if cut::is_cut(bytes) {
        return Err("it is cut short; copy or download it again".to_owned());
    }
    if reader.format() == Some(ImageFormat::Jpeg) {
        return jpeg::size(bytes);
    }
    let (width, height) = reader.into_dimensions().map_err(|e| e.to_string())?;
    if width == 0 || height == 0 {
        return Err(format!("it is {width} × {height} pixels large"));
    }
    Ok((height as usize, width as usize))
}

/// What decodes a picture, with its version, where the format leaves room for rounding; a PNG means the same to every decoder.
pub fn decoder_of(bytes: &[u8]) -> Option<&'static str> {
    match image::guess_format(bytes).ok()? {
        ImageFormat::Jpeg => Some(jpeg::DECODER),
        ImageFormat::WebP => Some(WEBP),
        ImageFormat::Tiff => Some(TIFF),
        _ => None,
    }
}

/// "`image0004.jpg` in images.zip does not decode: …".
pub fn undecodable(name: &str, place: &str, problem: &str) -> String {
    let problem = if problem.contains("failed to fill whole buffer") {
        "it is cut short; copy or download it again"
    } else {
        problem
    };
    format!("`{name}` in {place} does not decode: {problem}")
}

/// Encoded bytes to RGB, height × width × 3, and (height, width).
pub fn rgb8(bytes: &[u8]) -> Result<(Vec<u8>, (usize, usize)), String> {
    probe(bytes)?;
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
    if reader.format() == Some(ImageFormat::Jpeg) {
        return jpeg::rgb8(bytes);
    }
    let rgb = reader.decode().map_err(|e| e.to_string())?.into_rgb8();
    let size = (rgb.height() as usize, rgb.width() as usize);
    Ok((rgb.into_raw(), size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::images::IMAGENET;
    use crate::value::resize::Interpolation;
    use crate::value::stimuli::{Stimuli, Stimulus};
    use image::{ColorType, ExtendedColorType, ImageEncoder};

    fn stimuli(count: usize) -> Stimuli {
        let list = (0..count).map(|i| Stimulus { source: "x".into(), name: format!("{i}").into(), content: None });
        Stimuli::new(list.collect()).unwrap()
    }

    fn folder(
        files: &[(&str, Vec<u8>)],
        size: (usize, usize),
    ) -> (tempfile::TempDir, Images, BTreeMap<Digest, PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let digest = Digest::of(b"folder");
        let entries = files.iter().map(|(name, _)| Entry::File((*name).to_owned())).collect();
        let about = About {
            stimuli: stimuli(files.len()),
            source: Source::Folder(digest),
            entries,
            size,
            state: PixelState::Unit,
            sizing: Sizing::default(),
            decoders: Vec::new(),
        };
        let sources = BTreeMap::from([(digest, folder.path().to_owned())]);
        (folder, Images::referenced(about), sources)
    }

    fn png(data: &[u8], width: u32, height: u32, color: ColorType) -> Vec<u8> {
        let mut bytes = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        encoder.write_image(data, width, height, ExtendedColorType::from(color)).unwrap();
        bytes
    }

    #[test]
    fn grey_and_transparent_pictures_become_rgb() {
        let grey = png(&[0, 51, 102, 255], 2, 2, ColorType::L8);
        let clear = png(&[10, 20, 30, 0, 40, 50, 60, 128, 70, 80, 90, 255, 1, 2, 3, 4], 2, 2, ColorType::Rgba8);
        let (_folder, images, sources) = folder(&[("a.png", grey), ("b.png", clear)], (2, 2));
        let decoder = Decoder::open(&images, &sources).unwrap();
        let pixels = decoder.rows(&[1, 0]).unwrap();
        let expected = [10, 40, 70, 1, 20, 50, 80, 2, 30, 60, 90, 3].map(|x: u8| f32::from(x) / 255.0);
        assert_eq!(pixels[..12], expected);
        assert_eq!(pixels[12..], [0.0, 0.2, 0.4, 1.0].repeat(3));
        assert_eq!(decoder.picture(0).unwrap().rgb, [0, 0, 0, 51, 51, 51, 102, 102, 102, 255, 255, 255]);
    }

    #[test]
    fn a_picture_that_does_not_decode_is_named() {
        let whole = png(&[7; 300], 10, 10, ColorType::Rgb8);
        let cut = whole[..whole.len() - 20].to_vec();
        let (_folder, images, sources) =
            folder(&[("a.png", whole), ("b.png", cut), ("c.jpg", b"text".to_vec())], (10, 10));
        let decoder = Decoder::open(&images, &sources).unwrap();
        assert!(decoder.rows(&[0]).is_ok());
        for (row, name) in [(1, "b.png"), (2, "c.jpg")] {
            let error = decoder.rows(&[row]).unwrap_err();
            assert!(error.starts_with(&format!("`{name}` in ")) && error.contains("does not decode: "), "{error}");
        }
    }

    #[test]
    fn a_jpeg_that_is_cut_short_is_no_picture() {
        let mut bytes = Vec::new();
        let noise: Vec<u8> = (0..3 * 64 * 64).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        image::codecs::jpeg::JpegEncoder::new(&mut bytes).encode(&noise, 64, 64, ExtendedColorType::Rgb8).unwrap();
        assert_eq!(probe(&bytes), Ok((64, 64)));
        assert_eq!(probe(&bytes[..bytes.len() / 2]), Err("it is cut short; copy or download it again".to_owned()));
    }

    /// Made by `tests/fixtures/make_encoded.py` with Pillow.
    #[test]
    fn every_format_decodes_as_pillow_decodes_it() {
        let members = crate::formats::testing::archive("encoded.zip");
        let mut others = Vec::new();
        for (name, bytes) in members.iter().filter(|(name, _)| !name.ends_with(".rgb")) {
            let (rgb, (height, width)) = rgb8(bytes).unwrap();
            let wanted = &members[&format!("{name}.{height}x{width}.rgb")];
            let worst = rgb.iter().zip(wanted).map(|(ours, theirs)| ours.abs_diff(*theirs)).max();
            others.extend(worst.filter(|&worst| worst > 0).map(|worst| (name.as_str(), worst)));
            assert!(rgb8(&bytes[..bytes.len() * 2 / 3]).unwrap_err().starts_with("it is cut short; "), "{name}");
        }
        assert_eq!(others, []);
    }

    #[test]
    fn the_decoders_are_called_as_cargo_s_lock_calls_them() {
        let lock = std::fs::read_to_string(crate::formats::fixtures::fixture("../../Cargo.lock")).unwrap();
        for decoder in DECODERS.split(", ") {
            let (name, version) = decoder.split_once(' ').unwrap();
            assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")), "{decoder}");
        }
        assert!([jpeg::DECODER, WEBP, TIFF].iter().all(|one| DECODERS.contains(one)));
    }

    #[test]
    fn embedded_pixels_come_as_they_are_or_resized() {
        let pixels: Vec<u8> = (0..2 * 4 * 4 * 3).map(|i| i as u8).collect();
        let images = Images::rendered(stimuli(2), (4, 4), pixels.clone());
        let decoder = Decoder::open(&images, &BTreeMap::new()).unwrap();
        assert_eq!(decoder.picture(1).unwrap().rgb, pixels[48..]);
        let half = Decoder::open_at(&images, &BTreeMap::new(), (2, 2)).unwrap();
        assert_eq!(half.rows(&[0, 1]).unwrap().len(), 2 * 3 * 2 * 2);
        assert_eq!(half.picture(0).unwrap().rgb, resize::rgb8(&pixels[..48], (4, 4), (2, 2), Interpolation::Bilinear));
    }

    #[test]
    fn rows_of_an_hdf5_file_keep_their_state_and_turn_back_into_pictures() {
        let path = crate::formats::fixtures::fixture("it_tiny.h5");
        let digest = Digest::of_file(&path).unwrap();
        let entries = [3, 4, 0].map(|row| Entry::Row("stimulus_train".to_owned(), row)).to_vec();
        let about = About {
            stimuli: stimuli(3),
            source: Source::Hdf5(digest),
            entries,
            size: (8, 8),
            state: IMAGENET,
            sizing: Sizing::default(),
            decoders: Vec::new(),
        };
        let decoder = Decoder::open(&Images::referenced(about), &BTreeMap::from([(digest, path)])).unwrap();
        let pixels = decoder.rows(&[0, 1, 2]).unwrap();
        assert_eq!(pixels[192..384], decoder.rows(&[1]).unwrap());
        assert!(pixels.iter().all(|x| (-2.2..2.7).contains(x)) && pixels.iter().any(|&x| x < -1.0));
        let picture = decoder.picture(2).unwrap();
        let green = (pixels[2 * 192 + 64] * 0.224 + 0.456) * 255.0;
        assert!((f32::from(picture.rgb[1]) - green).abs() < 1e-3, "bytes were stored, so bytes come back");
    }

    #[test]
    fn a_source_that_is_not_there_is_told() {
        let (_folder, images, _) = folder(&[("a.png", png(&[0; 3], 1, 1, ColorType::Rgb8))], (1, 1));
        assert!(Decoder::open(&images, &BTreeMap::new()).err().unwrap().contains("nowhere to be found"));
    }
}
