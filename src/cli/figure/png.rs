//! A drawing as pixels, for slides and for journals that take no vectors.

use std::io::Cursor;
use std::sync::Arc;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::cli::figure::fonts::Fonts;
use crate::report::print::shape::Drawing;
use crate::report::print::svg::svg;

/// More pixels than these no journal takes and few machines hold.
const MOST: f64 = 400e6;

/// The file's bytes: so many pixels an inch, on white, and said in the file.
pub fn png(drawing: &Drawing, fonts: &Fonts, dpi: f64) -> Result<Vec<u8>, String> {
    let pixels = |points: f64| (points / 72.0 * dpi).round().max(1.0);
    let (width, height) = (pixels(drawing.width), pixels(drawing.height));
    if width * height > MOST {
        return Err(format!(
            "{width} × {height} pixels are too many; a lower --dpi does, or a .pdf, which has no pixels"
        ));
    }
    let options = Options { fontdb: Arc::new(fonts.database.clone()), ..Options::default() };
    let text = svg(drawing, std::slice::from_ref(&fonts.family));
    let tree = Tree::from_str(&text, &options).map_err(|_| "the figure does not read as SVG".to_owned())?;
    let mut map = Pixmap::new(width as u32, height as u32)
        .ok_or_else(|| format!("there is no room for {width} × {height} pixels"))?;
    map.fill(resvg::tiny_skia::Color::WHITE);
    let scale = Transform::from_scale(width as f32 / tree.size().width(), height as f32 / tree.size().height());
    resvg::render(&tree, scale, &mut map.as_mut());
    let rgb: Vec<u8> = map.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
    let mut png = Cursor::new(Vec::new());
    PngEncoder::new(&mut png)
        .write_image(&rgb, width as u32, height as u32, ExtendedColorType::Rgb8)
        .map_err(|e| format!("the pixels do not encode: {e}"))?;
    Ok(resolved(png.into_inner(), dpi))
}

/// The same file with its resolution in it (the chunk `pHYs`, pixels a metre), right after its head.
fn resolved(png: Vec<u8>, dpi: f64) -> Vec<u8> {
    // The signature, and the head with its length, name and checksum.
    const HEAD: usize = 8 + 4 + 4 + 13 + 4;
    let metre = (dpi / 0.0254).round() as u32;
    let mut chunk = b"pHYs".to_vec();
    chunk.extend([metre.to_be_bytes(), metre.to_be_bytes()].concat());
    chunk.push(1);
    let sum = crc32fast::hash(&chunk);
    let (head, rest) = png.split_at(HEAD.min(png.len()));
    [head, &9u32.to_be_bytes(), &chunk, &sum.to_be_bytes(), rest].concat()
}
