//! A drawing as a PDF of one page, the figure's size: lines as lines, text as runs of text in fonts that are embedded.

use std::collections::HashMap;

use krilla::geom::{Path, PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings, color::rgb};
use resvg::usvg::fontdb::ID;

use crate::cli::figure::fonts::Fonts;
use crate::report::print::shape::{self, Anchor, Drawing, Pixels, Place, Rgb, Shape, Text};
use crate::report::print::svg::dashes;

/// A circle as four curves: how far their handles reach, in radii.
const HANDLE: f64 = 0.552_284_75;

/// The file's bytes.
pub fn pdf(drawing: &Drawing, fonts: &Fonts) -> Result<Vec<u8>, String> {
    let settings = PageSettings::from_wh(drawing.width as f32, drawing.height as f32)
        .ok_or_else(|| format!("a page of {} × {} pt is none", drawing.width, drawing.height))?;
    let mut document = Document::new_with(SerializeSettings { enable_tagging: false, ..SerializeSettings::default() });
    document.set_metadata(
        Metadata::new().title(drawing.title.clone()).creator(format!("ventral {}", env!("CARGO_PKG_VERSION"))),
    );
    {
        let mut page = document.start_page_with(settings);
        let mut pen = Pen { surface: page.surface(), fonts, known: HashMap::new() };
        drawing.shapes.iter().try_for_each(|shape| pen.shape(shape))?;
    }
    // krilla's errors are of fonts and pictures that do not read.
    document
        .finish()
        .map_err(|_| format!("the font {} or a picture cannot be embedded; --font names another", fonts.family))
}

struct Pen<'a> {
    surface: Surface<'a>,
    fonts: &'a Fonts,
    known: HashMap<ID, Option<Font>>,
}

impl Pen<'_> {
    fn shape(&mut self, shape: &Shape) -> Result<(), String> {
        match shape {
            Shape::Line { points, closed, stroke } => self.path(points, *closed, None, Some(stroked(stroke))),
            Shape::Area { points, fill } => self.path(points, true, Some(filled(fill)), None),
            Shape::Disc { at, radius, fill } => {
                self.surface.set_stroke(None);
                self.surface.set_fill(Some(filled(fill)));
                if let Some(path) = disc(*at, *radius) {
                    self.surface.draw_path(&path);
                }
            }
            Shape::Text(text) => self.text(text)?,
            Shape::Picture { corner, size, pixels } => self.picture(*corner, *size, pixels)?,
        }
        Ok(())
    }

    fn path(&mut self, points: &[Place], closed: bool, fill: Option<Fill>, stroke: Option<Stroke>) {
        let mut path = PathBuilder::new();
        for (at, &(x, y)) in points.iter().enumerate() {
            if at == 0 { path.move_to(x as f32, y as f32) } else { path.line_to(x as f32, y as f32) }
        }
        if closed {
            path.close();
        }
        if let Some(path) = path.finish() {
            self.surface.set_fill(fill);
            self.surface.set_stroke(stroke);
            self.surface.draw_path(&path);
        }
    }

    fn picture(&mut self, (x, y): Place, (width, height): (f64, f64), pixels: &Pixels) -> Result<(), String> {
        let image = match pixels {
            Pixels::Png(bytes) => Image::from_png(bytes.clone().into(), false),
            Pixels::Jpeg(bytes) => Image::from_jpeg(bytes.clone().into(), true),
        };
        let image = image.map_err(|_| "a picture within the figure does not read".to_owned())?;
        if let Some(size) = Size::from_wh(width as f32, height as f32) {
            self.surface.push_transform(&Transform::from_translate(x as f32, y as f32));
            self.surface.draw_image(image, size);
            self.surface.pop();
        }
        Ok(())
    }

    /// Text in as few runs as there are fonts in it.
    fn text(&mut self, text: &Text) -> Result<(), String> {
        let runs = self.runs(text);
        let width: f64 = runs.iter().map(|run| run.width).sum::<f64>() * text.size;
        let shift = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let turned = Transform::from_rotate_at(text.turned as f32, text.at.0 as f32, text.at.1 as f32);
        self.surface.push_transform(&turned);
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(filled(&shape::Fill { colour: text.colour, opacity: 1.0 })));
        let mut x = text.at.0 + shift;
        for run in runs {
            let font = self.font(run.face)?;
            let start = Point::from_xy(x as f32, text.at.1 as f32);
            self.surface.draw_glyphs(start, &run.glyphs, font, &run.text, text.size as f32, false);
            x += run.width * text.size;
        }
        self.surface.pop();
        Ok(())
    }

    fn runs(&self, text: &Text) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for c in text.text.chars() {
            let face = self.fonts.face(text.bold, c);
            if runs.last().is_none_or(|run| run.face != face) {
                runs.push(Run { face, text: String::new(), glyphs: Vec::new(), width: 0.0 });
            }
            let Some(run) = runs.last_mut() else { continue };
            let (glyph, advance) = self.glyph(face, c);
            let from = run.text.len();
            run.text.push(c);
            let range = from..run.text.len();
            run.glyphs.push(KrillaGlyph::new(GlyphId::new(glyph), advance as f32, 0.0, 0.0, 0.0, range, None));
            run.width += advance;
        }
        runs
    }

    /// A character's glyph, and by how many ems the next one stands off.
    fn glyph(&self, face: ID, c: char) -> (u32, f64) {
        let found = self.fonts.database.with_face_data(face, |data, at| {
            let face = ttf_parser::Face::parse(data, at).ok()?;
            let glyph = face.glyph_index(c).unwrap_or(ttf_parser::GlyphId(0));
            let advance = f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)) / f64::from(face.units_per_em());
            Some((u32::from(glyph.0), advance))
        });
        found.flatten().unwrap_or((0, 0.5))
    }

    fn font(&mut self, face: ID) -> Result<Font, String> {
        let database = &self.fonts.database;
        let read = || database.with_face_data(face, |data, at| Font::new(data.to_vec().into(), at)).flatten();
        let font = self.known.entry(face).or_insert_with(read);
        font.clone().ok_or_else(|| format!("the font {} does not read; --font names another", self.fonts.family))
    }
}

/// Text in one font.
struct Run {
    face: ID,
    text: String,
    glyphs: Vec<KrillaGlyph>,
    /// In ems.
    width: f64,
}

fn colour([r, g, b]: Rgb) -> rgb::Color {
    rgb::Color::new(r, g, b)
}

fn share(x: f64) -> NormalizedF32 {
    NormalizedF32::new((x as f32).clamp(0.0, 1.0)).unwrap_or(NormalizedF32::ONE)
}

fn filled(fill: &shape::Fill) -> Fill {
    Fill { paint: colour(fill.colour).into(), opacity: share(fill.opacity), ..Fill::default() }
}

fn stroked(stroke: &shape::Stroke) -> Stroke {
    let dash = StrokeDash { array: dashes(stroke.width).map(|length| length as f32).to_vec(), offset: 0.0 };
    Stroke {
        paint: colour(stroke.colour).into(),
        width: stroke.width as f32,
        opacity: share(stroke.opacity),
        line_join: LineJoin::Round,
        line_cap: if stroke.dashed { LineCap::Butt } else { LineCap::Round },
        dash: stroke.dashed.then_some(dash),
        ..Stroke::default()
    }
}

fn disc((x, y): Place, radius: f64) -> Option<Path> {
    let (x, y, r, k) = (x as f32, y as f32, radius as f32, (radius * HANDLE) as f32);
    // Refused by its bounds where it is none.
    Rect::from_ltrb(x - r, y - r, x + r, y + r)?;
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.cubic_to(x + r, y + k, x + k, y + r, x, y + r);
    path.cubic_to(x - k, y + r, x - r, y + k, x - r, y);
    path.cubic_to(x - r, y - k, x - k, y - r, x, y - r);
    path.cubic_to(x + k, y - r, x + r, y - k, x + r, y);
    path.close();
    path.finish()
}
