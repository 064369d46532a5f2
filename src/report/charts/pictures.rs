//! Pictures of stimuli as thumbnails, within a page or side by side in one picture.

use std::collections::BTreeMap;
use std::path::PathBuf;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage};

use crate::digest::Digest;
use crate::plan::{NodeIndex, Plan};
use crate::report::draw::base64::base64;
use crate::report::read::results::Results;
use crate::value::decode::{Decoder, Picture};
use crate::value::images::{Images, Source};

/// The most thumbnails on a sheet.
const PICTURES: usize = 24;
/// The longer side of a thumbnail, in pixels.
pub const SIDE: usize = 96;
/// Pixels between the pictures of a sheet that is written out.
const GAP: u32 = 4;
const QUALITY: u8 = 82;

/// Whether a node's pictures stay here: those that the recipe names, or all that were read from files.
pub fn is_private(results: &Results<'_>, node: NodeIndex, images: &Images) -> bool {
    kept_private(results.study.plan, node, images)
}

/// The same for a plan.
pub fn kept_private(plan: &Plan, node: NodeIndex, images: &Images) -> bool {
    match &plan.private {
        Some(names) => names.contains(&plan.nodes[node].id.name),
        None => images.about.source != Source::Embedded,
    }
}

/// Rows at even distances, as many as a sheet has room for.
pub fn spaced(all: usize) -> Vec<usize> {
    let shown = PICTURES.min(all);
    (0..shown).map(|at| at * all / shown).collect()
}

/// Height and width of a thumbnail: the images' own, scaled down to fit.
fn small((height, width): (usize, usize)) -> (usize, usize) {
    let scale = (SIDE as f64 / height.max(width).max(1) as f64).min(1.0);
    let to = |side: usize| ((side as f64 * scale).round() as usize).max(1);
    (to(height), to(width))
}

fn decoded(images: &Images, sources: &BTreeMap<Digest, PathBuf>, rows: &[usize]) -> Result<Vec<RgbImage>, String> {
    let decoder = Decoder::open_at(images, sources, small(images.about.size))?;
    let pictures = rows.iter().map(|&row| {
        let Picture { size: (height, width), rgb } = decoder.picture(row)?;
        RgbImage::from_raw(width as u32, height as u32, rgb)
            .ok_or_else(|| format!("a picture of {width} × {height} pixels has another number of bytes"))
    });
    pictures.collect()
}

/// The pictures of some rows as JPEGs in `data:` addresses.
pub fn thumbnails(images: &Images, sources: &BTreeMap<Digest, PathBuf>, rows: &[usize]) -> Result<Vec<String>, String> {
    let pictures = decoded(images, sources, rows)?;
    let encoded = pictures.iter().map(|picture| {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
            .write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
            .map_err(|e| format!("a thumbnail does not encode: {e}"))?;
        Ok(format!("data:image/jpeg;base64,{}", base64(&jpeg)))
    });
    encoded.collect()
}

/// Stimuli at even distances, eight a row, as one picture.
pub fn contact_sheet(images: &Images, sources: &BTreeMap<Digest, PathBuf>) -> Result<RgbImage, String> {
    contact_sheet_of(images, sources, &spaced(images.len()))
}

/// The stimuli of some rows, eight a row, as one picture.
pub fn contact_sheet_of(
    images: &Images,
    sources: &BTreeMap<Digest, PathBuf>,
    rows: &[usize],
) -> Result<RgbImage, String> {
    let pictures = decoded(images, sources, rows)?;
    let first = pictures.first().ok_or("there are no pictures")?;
    let (width, height) = (first.width() + GAP, first.height() + GAP);
    let (columns, rows) = (pictures.len().min(8) as u32, pictures.len().div_ceil(8) as u32);
    let mut sheet = RgbImage::from_pixel(columns * width + GAP, rows * height + GAP, Rgb([255; 3]));
    for (at, picture) in (0u32..).zip(&pictures) {
        let (x, y) = (GAP + at % 8 * width, GAP + at / 8 * height);
        image::imageops::replace(&mut sheet, picture, x.into(), y.into());
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::stimuli::{Stimuli, Stimulus};

    #[test]
    fn thumbnails_are_small_jpegs_of_every_source_size() {
        let stimulus = |at: usize| Stimulus { source: "x".into(), name: format!("s{at}").into(), content: None };
        let stimuli = Stimuli::new((0..30).map(stimulus).collect()).unwrap();
        let images = Images::rendered(stimuli, (100, 200), vec![127; 30 * 100 * 200 * 3]);
        let uris = thumbnails(&images, &BTreeMap::new(), &spaced(30)).unwrap();
        assert_eq!(uris.len(), PICTURES);
        assert!(uris[0].starts_with("data:image/jpeg;base64,/9j/"), "{}", &uris[0][..40]);
        let sheet = contact_sheet(&images, &BTreeMap::new()).unwrap();
        assert_eq!((sheet.width(), sheet.height()), (8 * 100 + 4, 3 * 52 + 4));
        assert_eq!(small((1, 1)), (1, 1));
    }
}
