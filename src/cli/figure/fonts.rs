//! The fonts that this machine has, and which of them stands in for one that it has not.

use resvg::usvg::fontdb::{Database, FaceInfo, ID, Style, Weight};

/// Fonts as wide as Helvetica, which may stand in for it unseen.
const LIKE: [&str; 8] = [
    "Helvetica Neue",
    "Arial",
    "Liberation Sans",
    "Nimbus Sans",
    "Nimbus Sans L",
    "TeX Gyre Heros",
    "Arimo",
    "FreeSans",
];
/// Other sans-serif fonts that systems have.
const SANS: [&str; 8] =
    ["Noto Sans", "DejaVu Sans", "Open Sans", "Roboto", "Inter", "Source Sans 3", "Segoe UI", "Verdana"];

/// A family's regular and bold face, and all others for what these lack.
pub struct Fonts {
    pub database: Database,
    pub family: String,
    pub regular: ID,
    pub bold: ID,
    /// What stands in for the font that was asked for.
    pub note: Option<String>,
}

impl Fonts {
    /// The first of some fonts that is there, else one that is like it; an error where the system has none.
    pub fn find(asked: &[String]) -> Result<Self, String> {
        let mut database = Database::new();
        database.load_system_fonts();
        Self::among(database, asked)
    }

    fn among(database: Database, asked: &[String]) -> Result<Self, String> {
        let first = asked.first().map_or("Helvetica", String::as_str);
        let names = asked.iter().map(String::as_str).chain(LIKE).chain(SANS);
        let named = names.clone().find_map(|name| face(&database, name, Weight::NORMAL));
        let any = || {
            let faces: Vec<&FaceInfo> = database.faces().collect();
            let upright = || faces.iter().copied().filter(|face| face.style == Style::Normal && !face.monospaced);
            let sans = |face: &&FaceInfo| face.families.iter().any(|family| family.0.contains("Sans"));
            upright().find(sans).or_else(|| upright().next()).or_else(|| faces.first().copied())
        };
        let Some(regular) = named.or_else(any) else {
            return Err(format!(
                "this machine has no font to set text in; install one (Debian: fonts-liberation, macOS and Windows bring theirs), \
                 or write a .svg, which names `{first}` and is set where it is opened"
            ));
        };
        let family = regular.families.first().map_or_else(String::new, |family| family.0.clone());
        let regular = regular.id;
        let bold = face(&database, &family, Weight::BOLD).map_or(regular, |face| face.id);
        let note = (!family.eq_ignore_ascii_case(first))
            .then(|| format!("there is no font `{first}` here; {family} stands in for it"));
        Ok(Self { family, regular, bold, note, database })
    }

    /// The face for a character: of the family where it has it, else of any font that does.
    pub fn face(&self, bold: bool, c: char) -> ID {
        let own = if bold { self.bold } else { self.regular };
        if self.has(own, c) {
            return own;
        }
        let others = self.database.faces().filter(|face| face.style == Style::Normal && !face.monospaced);
        others.map(|face| face.id).find(|&id| self.has(id, c)).unwrap_or(own)
    }

    fn has(&self, face: ID, c: char) -> bool {
        let glyph = self.database.with_face_data(face, |data, at| {
            ttf_parser::Face::parse(data, at).ok().and_then(|face| face.glyph_index(c)).is_some()
        });
        glyph == Some(true)
    }
}

/// The upright face of a family that is nearest in weight.
fn face<'a>(database: &'a Database, family: &str, weight: Weight) -> Option<&'a FaceInfo> {
    let of = |face: &&FaceInfo| face.families.iter().any(|known| known.0.eq_ignore_ascii_case(family));
    let upright = database.faces().filter(of).filter(|face| face.style == Style::Normal);
    // Of condensed and normal faces, the normal one.
    upright.min_by_key(|face| {
        (face.stretch.to_number().abs_diff(5), face.weight.0.abs_diff(weight.0), face.post_script_name.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_fonts_says_so() {
        let refused = Fonts::among(Database::new(), &["Helvetica".to_owned()]).map(|fonts| fonts.family);
        let message = refused.expect_err("there are none");
        assert!(message.starts_with("this machine has no font to set text in; install one"), "{message}");
    }
}
