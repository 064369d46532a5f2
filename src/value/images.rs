//! Pictures by reference: the encoded source and how it is decoded, sized and normalised.
//!
//! Pixels are not copied into the cache where a source file holds them; the source is named by its content's
//! digest, and whoever decodes is told where a file of that digest lies now.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::formats::stack::Form;
use crate::value::codec;
use crate::value::codec::{Archive, Part};
use crate::value::error::ReadError;
use crate::value::sizing::Sizing;
use crate::value::stimuli::Stimuli;

const PIXELS: &str = "pixels";

/// Pictures of stimuli, in row order.
#[derive(Clone, Debug)]
pub struct Images {
    pub about: About,
    embedded: Option<Archive>,
    rendered: Option<Arc<Vec<u8>>>,
}

/// Everything about images but embedded pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub stimuli: Stimuli,
    pub source: Source,
    /// Where each stimulus lies in the source, in row order.
    pub entries: Vec<Entry>,
    /// Height and width after decoding: what a network or `pixels` sees. Sources of another size are resized.
    pub size: (usize, usize),
    /// What the numbers mean once decoded.
    pub state: PixelState,
    /// How sources of another size come to `size`.
    #[serde(default, skip_serializing_if = "Sizing::is_default")]
    pub sizing: Sizing,
    /// What decodes them, with its version, where formats leave room for rounding (JPEG, WebP, TIFF): whatever reads the pictures is
    /// then made again with another decoder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decoders: Vec<String>,
}

/// Where encoded pictures lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A zip archive of encoded pictures, by its content.
    Zip(Digest),
    /// A folder of encoded pictures, by the digest of its sorted names and contents.
    Folder(Digest),
    /// Float datasets in an HDF5 file, by its content; shape (n, 3, height, width).
    Hdf5(Digest),
    /// An array of pictures in a file, by its content, read as `form` says; `key` names it where the file holds several.
    Array { file: Digest, key: Option<String>, form: Form },
    /// 8-bit pixels (n, height, width, 3) in the value's own file.
    Embedded,
}

impl Source {
    /// The digest of the file or folder that holds the pictures.
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::Zip(digest) | Self::Folder(digest) | Self::Hdf5(digest) => Some(*digest),
            Self::Array { file, .. } => Some(*file),
            Self::Embedded => None,
        }
    }
}

/// One picture in its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// A file's name in a zip or folder.
    File(String),
    /// A row of a dataset.
    Row(String, usize),
}

/// What a decoded pixel's number means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PixelState {
    /// RGB in [0, 1].
    Unit,
    /// RGB, (x − mean) / std applied by the source already.
    Normalised { mean: [f32; 3], std: [f32; 3] },
}

/// The ImageNet statistics with which torchvision's networks were trained.
pub const IMAGENET: PixelState = PixelState::Normalised { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

impl Images {
    /// Pictures that lie in a file or folder.
    pub fn referenced(about: About) -> Self {
        assert_eq!(about.stimuli.len(), about.entries.len(), "an entry per stimulus");
        Self { about, embedded: None, rendered: None }
    }

    /// Pictures made here: 8-bit RGB, n × height × width × 3.
    pub fn rendered(stimuli: Stimuli, size: (usize, usize), pixels: Vec<u8>) -> Self {
        assert_eq!(pixels.len(), stimuli.len() * size.0 * size.1 * 3, "n × height × width × 3");
        let entries = (0..stimuli.len()).map(|row| Entry::Row(PIXELS.to_owned(), row)).collect();
        let (source, state) = (Source::Embedded, PixelState::Unit);
        let about = About { stimuli, source, entries, size, state, sizing: Sizing::default(), decoders: Vec::new() };
        Self { about, embedded: None, rendered: Some(Arc::new(pixels)) }
    }

    /// The number of pictures.
    pub fn len(&self) -> usize {
        self.about.stimuli.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What to say where they come in a (height, width) of other proportions.
    pub fn squashed(&self, to: (usize, usize)) -> Option<String> {
        let from = self.about.size;
        let proportions_differ = from.0 as u128 * to.1 as u128 != from.1 as u128 * to.0 as u128;
        proportions_differ.then(|| {
            format!(
                "pictures of {} × {} pixels are squashed to {} × {}; `image_size` with `fit: crop` where they are loaded keeps their \
                 proportions",
                from.1, from.0, to.1, to.0
            )
        })
    }

    /// Embedded 8-bit pixels, n × height × width × 3 (rows as `Entry::Row` numbers them), where the source is
    /// `Embedded`.
    pub fn pixels(&self) -> Option<&[u8]> {
        match (&self.rendered, &self.embedded) {
            (Some(pixels), _) => Some(pixels),
            (None, Some(archive)) => archive.get(PIXELS).map(|(_, _, bytes)| bytes),
            (None, None) => None,
        }
    }

    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let archive = Archive::open(path)?;
        let about: About = archive.about(path)?;
        if about.source == Source::Embedded && archive.get(PIXELS).is_none() {
            return Err(ReadError::new(path, "says that it holds pixels, and does not"));
        }
        Ok(Self { about, embedded: Some(archive), rendered: None })
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        let (height, width) = self.about.size;
        match self.pixels() {
            Some(pixels) if self.about.source == Source::Embedded => {
                let rows = pixels.len() / (height * width * 3);
                codec::write(sink, &self.about, &[(PIXELS, Part::u8(&[rows, height, width, 3], pixels))])
            }
            _ => codec::write(sink, &self.about, &[]),
        }
    }
}
