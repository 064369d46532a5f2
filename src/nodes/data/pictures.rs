//! Pictures that a recipe names: a folder or zip archive of files, or an array; looked at, named and sized.

use std::path::Path;

use rayon::prelude::*;

use crate::digest::Digest;
use crate::formats::content::{self, Content};
use crate::formats::listing::Pictures;
use crate::formats::stack::{Axes, Stack};
use crate::formats::{name_of, names};
use crate::kind::{KindError, Run};
use crate::value::decode;
use crate::value::images::{About, Entry, Images, PixelState, Source};
use crate::value::sizing::{Fit, Sizing};
use crate::value::stimuli::{Stimuli, Stimulus};

/// What a recipe says of the array that pictures are, and of their names.
pub struct Options<'a> {
    pub key: Option<&'a str>,
    pub axes: Option<Axes>,
    /// A file of names, or one of the words for positions.
    pub ids: Option<&'a str>,
    pub ids_key: Option<&'a str>,
}

/// Pictures that were looked at: each has decoded so far as its header and its end tell.
pub struct Looked {
    origin: Digest,
    source: Source,
    entries: Vec<Entry>,
    contents: Vec<String>,
    /// Height and width of each.
    sizes: Vec<(usize, usize)>,
    decoders: Vec<String>,
    /// What they are called, in their order, if anything calls them something.
    pub names: Option<Vec<String>>,
    /// What their order is read from, such as files' names with extensions: as many as there are names.
    pub texts: Vec<String>,
    /// What messages call them all.
    pub called: String,
    /// How many files beside them were left out.
    pub others: usize,
    /// What was taken for granted.
    pub notes: Vec<String>,
    /// How messages call one of them.
    each: Vec<String>,
}

/// The words that stand for names out of positions, and from which number they count.
const POSITIONS: [(&str, usize); 2] = [("from_0", 0), ("from_1", 1)];

impl Looked {
    /// Reads every picture's header and content; what is no picture is told at once, not hours into a run.
    pub fn at((path, digest): (&Path, Digest), options: &Options<'_>, run: &Run<'_>) -> Result<Self, KindError> {
        if is_array(path) {
            return Self::array((path, digest), options, run);
        }
        let of_arrays = [
            ("images_key", options.key.is_some()),
            ("images_layout", options.axes.is_some()),
            ("images_ids", options.ids.is_some()),
            ("images_ids_key", options.ids_key.is_some()),
        ];
        if let Some((name, _)) = of_arrays.iter().find(|(_, given)| *given) {
            return Err(KindError::new(format!(
                "`{name}` is about pictures in an array, but {} holds files, which are called by their names",
                name_of(path)
            )));
        }
        Self::files((path, digest))
    }

    fn files((path, digest): (&Path, Digest)) -> Result<Self, KindError> {
        let source = if path.is_dir() { Source::Folder(digest) } else { Source::Zip(digest) };
        let pictures = Pictures::open(path)?;
        if pictures.names().is_empty() {
            return Err(KindError::new(format!(
                "{} holds no pictures (BMP, GIF, JPEG, PNG, TIFF, WebP)",
                pictures.called
            )));
        }
        let names = pictures.stimulus_names()?;
        let seen: Vec<Result<_, String>> = pictures
            .names()
            .par_iter()
            .map(|name| {
                let bytes = pictures.read(name)?;
                let size = decode::probe(&bytes).map_err(|e| decode::undecodable(name, &pictures.called, &e))?;
                Ok((short(Digest::of(&bytes)), size, decode::decoder_of(&bytes)))
            })
            .collect();
        let bad = seen.iter().filter(|one| one.is_err()).count();
        let seen = seen.into_iter().collect::<Result<Vec<_>, _>>().map_err(|first| match bad {
            1 => first,
            _ => format!("{first} ({bad} pictures do not)"),
        })?;
        let mut decoders: Vec<String> = seen.iter().filter_map(|(_, _, decoder)| decoder.map(str::to_owned)).collect();
        decoders.sort();
        decoders.dedup();
        Ok(Self {
            origin: digest,
            source,
            entries: pictures.names().iter().cloned().map(Entry::File).collect(),
            sizes: seen.iter().map(|(_, size, _)| *size).collect(),
            contents: seen.into_iter().map(|(content, _, _)| content).collect(),
            decoders,
            names: Some(names),
            texts: pictures.names().to_vec(),
            called: pictures.called.clone(),
            others: pictures.others,
            notes: Vec::new(),
            each: pictures.names().to_vec(),
        })
    }

    fn array((path, digest): (&Path, Digest), options: &Options<'_>, run: &Run<'_>) -> Result<Self, KindError> {
        let (mut stack, digests) = Stack::open(path, options.key, options.axes).map_err(for_pictures)?;
        let file = name_of(path);
        let names = match (options.ids, options.ids_key) {
            (Some(word), key) => match (POSITIONS.iter().find(|(position, _)| *position == word), key) {
                (Some((_, first)), None) => Some((0..stack.count).map(|at| (at + first).to_string()).collect()),
                (Some(_), Some(_)) => {
                    return Err(KindError::new(format!(
                        "`images_ids_key` names a column or array, but `images_ids: {word}` are positions"
                    )));
                }
                (None, key) => Some(names::read(run.file("images_ids").0, key)?),
            },
            (None, Some(key)) => Some(names::read(path, Some(key))?),
            (None, None) => stack.names.take(),
        };
        if let Some(names) = &names {
            distinct(names, stack.count, &file)?;
        }
        let row = options.key.unwrap_or_default();
        Ok(Self {
            origin: digest,
            source: Source::Array { file: digest, key: options.key.map(str::to_owned), form: stack.form },
            entries: (0..stack.count).map(|at| Entry::Row(row.to_owned(), at)).collect(),
            sizes: vec![stack.size; stack.count],
            contents: digests.into_iter().map(short).collect(),
            decoders: Vec::new(),
            texts: names.clone().unwrap_or_default(),
            names,
            called: file,
            others: 0,
            notes: stack.notes,
            each: (0..stack.count).map(|at| format!("picture {at}")).collect(),
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The pictures under names of their own or those that are given, of one size, with what a person should know of their sizing.
    pub fn images(
        self,
        names: Vec<String>,
        side: Option<usize>,
        sizing: Sizing,
    ) -> Result<(Images, Option<String>), KindError> {
        let (size, note) = (self.size(side)?, self.squashed(side, sizing));
        let origin: std::sync::Arc<str> = self.origin.short().into();
        let list = names.into_iter().zip(self.contents).map(|(name, content)| Stimulus {
            source: origin.clone(),
            name: name.into(),
            content: Some(content.into()),
        });
        let about = About {
            stimuli: Stimuli::new(list.collect())?,
            source: self.source,
            entries: self.entries,
            size,
            state: PixelState::Unit,
            sizing,
            decoders: self.decoders,
        };
        Ok((Images::referenced(about), note))
    }

    /// The one size of all.
    fn size(&self, side: Option<usize>) -> Result<(usize, usize), KindError> {
        let first = self.sizes[0];
        let other = self.sizes.iter().position(|size| *size != first);
        match (side, other) {
            (Some(side), _) => Ok((side, side)),
            (None, None) => Ok(first),
            (None, Some(at)) => Err(KindError::new(format!(
                "`{}` is {} × {} pixels large but `{}` is {} × {}; give `image_size` to resize all to one size",
                self.each[0], first.1, first.0, self.each[at], self.sizes[at].1, self.sizes[at].0
            ))),
        }
    }

    /// What to say where pictures that are not square become so.
    fn squashed(&self, side: Option<usize>, sizing: Sizing) -> Option<String> {
        if let (Fit::Crop, Some(side), Some(resize)) = (sizing.fit, side, sizing.resize)
            && resize < side
        {
            return Some(format!(
                "`resize` is {resize}, less than `image_size` {side}: pictures get black borders where they are smaller than what is cut out"
            ));
        }
        let side = side.filter(|_| sizing.fit == Fit::Squash)?;
        let oblong: Vec<usize> = (0..self.len()).filter(|&at| self.sizes[at].0 != self.sizes[at].1).collect();
        let first = *oblong.first()?;
        Some(format!(
            "{} of {} pictures are not square and are squashed to {side} × {side} (`{}` is {} × {}); `fit: crop` takes their middle, as \
             networks were mostly trained, and `fit: pad` gives them borders",
            oblong.len(),
            self.len(),
            self.each[first],
            self.sizes[first].1,
            self.sizes[first].0
        ))
    }
}

/// Whether a file is no archive of pictures, but something that holds arrays.
fn is_array(path: &Path) -> bool {
    if path.is_dir() {
        return false;
    }
    match content::of(path) {
        // NumPy's archives are zips, and arrays may lie beside pictures in one.
        Ok(Some(Content::Npz)) => Pictures::open(path).is_ok_and(|zip| zip.names().is_empty() && zip.others > 0),
        Ok(Some(Content::Text) | None) | Err(_) => false,
        Ok(Some(_)) => true,
    }
}

/// The first digits of a digest, by which equal pictures are known.
fn short(digest: Digest) -> String {
    digest.to_string()[..16].to_owned()
}

/// What `key` is for responses is `images_key` for pictures.
fn for_pictures(problem: String) -> String {
    problem.replace("name one with `key`", "name one with `images_key`")
}

/// As many names as pictures, each once.
fn distinct(names: &[String], count: usize, file: &str) -> Result<(), KindError> {
    if names.len() != count {
        return Err(KindError::new(format!(
            "`images_ids` has {} names but {file} has {count} pictures; it names every picture, in their order",
            names.len()
        )));
    }
    let mut seen = std::collections::HashMap::with_capacity(count);
    for (at, name) in names.iter().enumerate() {
        if let Some(first) = seen.insert(name, at) {
            return Err(KindError::new(format!(
                "`images_ids` calls the pictures {first} and {at} of {file} both `{name}`; names tell pictures apart"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use image::RgbImage;
    use ndarray::{Array2, Array4};
    use ndarray_npy::write_npy;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::nodes::data::load_recordings::LoadRecordings;
    use crate::nodes::data::testing::{Bench, refusal, unwrap};
    use crate::value::decode::Decoder;
    use crate::value::jpeg;
    use crate::value::resize::Interpolation;

    /// A folder of inputs.
    struct Inputs(tempfile::TempDir);

    impl Inputs {
        /// Responses of one unit to so many stimuli: 0, 1, 2 and so on.
        fn new(stimuli: usize) -> Self {
            let inputs = Self(tempfile::tempdir().unwrap());
            std::fs::create_dir(inputs.path("pictures")).unwrap();
            let responses = Array2::from_shape_fn((stimuli, 1), |(stimulus, _)| stimulus as f64);
            write_npy(inputs.path("r.npy"), &responses).unwrap();
            inputs
        }

        /// The same with an array of pictures, whose picture `n` begins with the byte `n`.
        fn stacked(pictures: usize, stimuli: usize) -> Self {
            let inputs = Self::new(stimuli);
            let array = Array4::from_shape_fn((pictures, 4, 6, 3), |(n, y, x, c)| (n + 40 * y + 5 * x + c) as u8);
            write_npy(inputs.path("pictures.npy"), &array).unwrap();
            inputs
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn ids(&self, name: &str, ids: &[&str]) -> PathBuf {
            std::fs::write(self.path(name), format!("id\n{}\n", ids.join("\n"))).unwrap();
            self.path(name)
        }

        fn picture(&self, name: &str, (height, width): (u32, u32)) {
            let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([x * 7, y * 9, x * y].map(|z| z as u8)));
            picture.save(self.path("pictures").join(name)).unwrap();
        }

        fn params(&self, images: &str, more: Json) -> Json {
            let mut params =
                json!({ "images": self.path(images), "responses": self.path("r.npy"), "layout": "stimuli_by_units" });
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            params
        }

        fn loaded(&self, images: &str, more: Json) -> Loaded {
            let mut bench = Bench::new();
            bench.run::<LoadRecordings>(self.params(images, more)).unwrap();
            let images = unwrap!(bench.output::<LoadRecordings>("images"), Images);
            let responses = unwrap!(bench.output::<LoadRecordings>("responses"), Responses);
            let by_name = responses.stimuli().iter().zip(responses.mean.rows());
            let decoder = Decoder::open(&images, &bench.sources).unwrap();
            Loaded {
                names: images.about.stimuli.iter().map(|stimulus| stimulus.name.to_string()).collect(),
                first: (0..images.len()).map(|row| decoder.picture(row).unwrap().rgb[0]).collect(),
                responses: by_name.map(|(stimulus, row)| (stimulus.name.to_string(), row[0])).collect(),
                images,
                bench,
            }
        }

        fn refused(&self, images: &str, more: Json) -> String {
            refusal::<LoadRecordings>(&mut Bench::new(), self.params(images, more))
        }
    }

    struct Loaded {
        names: Vec<String>,
        /// The first byte of each picture.
        first: Vec<u8>,
        responses: Vec<(String, f32)>,
        images: Images,
        bench: Bench,
    }

    impl Loaded {
        fn noted(&self, text: &str) -> bool {
            self.bench.notes.iter().any(|note| note.contains(text))
        }
    }

    fn pairs(list: &[(&str, f32)]) -> Vec<(String, f32)> {
        list.iter().map(|(name, response)| ((*name).to_owned(), *response)).collect()
    }

    #[test]
    fn an_array_without_names_joins_by_position_where_the_counts_agree() {
        let inputs = Inputs::stacked(12, 12);
        let loaded = inputs.loaded("pictures.npy", json!({}));
        assert_eq!(loaded.names[..3], ["0", "1", "2"]);
        assert_eq!(loaded.names[11], "11");
        assert_eq!(loaded.first, (0..12).collect::<Vec<u8>>());
        assert_eq!(loaded.responses[11], ("11".to_owned(), 11.0));
        assert!(loaded.noted("neither pictures.npy nor r.npy has names"), "{:?}", loaded.bench.notes);
        assert_eq!(loaded.images.about.size, (4, 6));
        let error = Inputs::stacked(11, 12).refused("pictures.npy", json!({}));
        assert!(error.starts_with("r.npy has 12 stimuli but pictures.npy has 11"), "{error}");
        let error = inputs.refused("pictures.npy", json!({ "order": "natural" }));
        assert_eq!(error, "`order` is about names, but neither `images` nor `responses` has any");
    }

    #[test]
    fn positions_are_names_where_a_recipe_says_so() {
        let inputs = Inputs::stacked(12, 3);
        let ids = inputs.ids("ids.csv", &["10", "2", "7"]);
        let (from_0, from_1) =
            (json!({ "ids": ids, "images_ids": "from_0" }), json!({ "ids": ids, "images_ids": "from_1" }));
        let loaded = inputs.loaded("pictures.npy", from_0);
        assert_eq!(loaded.responses, pairs(&[("2", 1.0), ("7", 2.0), ("10", 0.0)]));
        assert_eq!(loaded.first[10], 10);
        let loaded = inputs.loaded("pictures.npy", from_1);
        let at = loaded.names.iter().position(|name| name == "10").unwrap();
        assert_eq!(loaded.first[at], 9);
        let error = inputs.refused("pictures.npy", json!({ "ids": ids }));
        assert!(error.contains("pictures.npy has 12 pictures, which have no names, but `ids` has 3 names"), "{error}");
        assert!(error.contains("`images_ids: from_0` or `from_1`"), "{error}");
    }

    #[test]
    fn pictures_take_the_names_of_as_many_responses_unless_their_order_leaves_a_choice() {
        let inputs = Inputs::stacked(3, 3);
        let ids = inputs.ids("ids.csv", &["b", "a", "c"]);
        let loaded = inputs.loaded("pictures.npy", json!({ "ids": ids }));
        assert_eq!((&loaded.names[..], &loaded.first[..]), (&["b", "a", "c"].map(str::to_owned)[..], &[0, 1, 2][..]));
        assert_eq!(loaded.responses, pairs(&[("b", 0.0), ("a", 1.0), ("c", 2.0)]));
        assert!(loaded.noted("`images` (pictures.npy) has no names; its rows are taken to be those of `ids`"));
        let falling = inputs.ids("falling.csv", &["2", "0", "1"]);
        let error = inputs.refused("pictures.npy", json!({ "ids": falling }));
        assert!(error.contains("`ids` has numbers that do not rise (2, then 0)"), "{error}");
        let said = inputs.loaded("pictures.npy", json!({ "ids": falling, "order": "as_given" }));
        assert_eq!(said.names, ["2", "0", "1"]);
        let twice = inputs.ids("twice.csv", &["a", "b", "a"]);
        assert!(inputs.refused("pictures.npy", json!({ "ids": twice })).starts_with("`ids` names `a` twice"));
        let own = inputs.ids("own.csv", &["c", "a", "b"]);
        let joined = inputs.loaded("pictures.npy", json!({ "ids": ids, "images_ids": own }));
        assert_eq!(joined.responses, pairs(&[("c", 2.0), ("a", 1.0), ("b", 0.0)]));
        let few = inputs.ids("few.csv", &["c", "a"]);
        let error = inputs.refused("pictures.npy", json!({ "images_ids": few }));
        assert!(error.starts_with("`images_ids` has 2 names but pictures.npy has 3 pictures"), "{error}");
        let error = inputs.refused("pictures.npy", json!({ "images_ids": twice }));
        assert!(error.contains("calls the pictures 0 and 2 of pictures.npy both `a`"), "{error}");
    }

    #[test]
    fn an_array_s_axes_are_told_and_its_pictures_resized() {
        let inputs = Inputs::stacked(2, 2);
        let first = Array4::from_shape_fn((2, 3, 4, 3), |(n, c, y, x)| (n + 40 * y + 5 * x + c) as u8);
        write_npy(inputs.path("either.npy"), &first).unwrap();
        let error = inputs.refused("either.npy", json!({}));
        assert!(error.contains("several axes may be the channels: say `images_layout: nhwc`"), "{error}");
        assert_eq!(inputs.loaded("either.npy", json!({ "images_layout": "nchw" })).images.about.size, (4, 3));
        let loaded = inputs.loaded("pictures.npy", json!({ "image_size": 2, "fit": "crop" }));
        assert_eq!(loaded.images.about.size, (2, 2));
        let error = inputs.refused("r.npy", json!({}));
        assert!(error.starts_with("r.npy is 2 × 1, where pictures are"), "{error}");
        inputs.picture("a.png", (4, 4));
        let error = inputs.refused("pictures", json!({ "images_layout": "nchw" }));
        assert!(
            error.starts_with("`images_layout` is about pictures in an array, but pictures holds files"),
            "{error}"
        );
    }

    #[test]
    fn pictures_that_are_not_square_are_squashed_with_a_note_cropped_or_padded() {
        let inputs = Inputs::new(3);
        for (name, size) in [("a.png", (24, 48)), ("b.png", (48, 24)), ("c.png", (30, 30))] {
            inputs.picture(name, size);
        }
        let squashed = inputs.loaded("pictures", json!({ "image_size": 12 }));
        let said = "2 of 3 pictures are not square and are squashed to 12 × 12 (`a.png` is 48 × 24); `fit: crop` takes";
        assert!(squashed.noted(said), "{:?}", squashed.bench.notes);
        assert!(squashed.images.about.sizing.is_default());
        let more = json!({ "image_size": 12, "fit": "crop", "resize": 16, "interpolation": "bicubic" });
        let cropped = inputs.loaded("pictures", more);
        assert!(!cropped.noted("squashed"));
        let sizing = Sizing { fit: Fit::Crop, resize: Some(16), interpolation: Interpolation::Bicubic };
        assert_eq!(cropped.images.about.sizing, sizing);
        let source = image::open(inputs.path("pictures/a.png")).unwrap().into_rgb8();
        let wanted = sizing.rgb8(source.as_raw(), (24, 48), (12, 12));
        let decoder = Decoder::open(&cropped.images, &cropped.bench.sources).unwrap();
        assert_eq!(decoder.picture(0).unwrap().rgb, wanted);
        // Another size shows the same part.
        let small = Decoder::open_at(&cropped.images, &cropped.bench.sources, (6, 6)).unwrap();
        let squash = Sizing { fit: Fit::Squash, resize: None, ..sizing };
        assert_eq!(small.picture(0).unwrap().rgb, squash.rgb8(&wanted, (12, 12), (6, 6)));
        let padded = inputs.loaded("pictures", json!({ "image_size": 12, "fit": "pad" }));
        assert_eq!(padded.first[..2], [0, 0], "black beside what is oblong");
        let error = inputs.refused("pictures", json!({ "fit": "crop" }));
        assert_eq!(error, "says how pictures come to `image_size`, which is not given");
        let error = inputs.refused("pictures", json!({ "image_size": 12, "resize": 16 }));
        assert_eq!(error, "is the shorter side before a crop; say `fit: crop`, or leave it out");
    }

    #[test]
    fn a_picture_that_is_cut_short_is_refused_where_it_is_loaded() {
        let inputs = Inputs::new(1);
        for extension in ["png", "jpg", "gif", "bmp", "tif", "webp"] {
            let name = format!("x.{extension}");
            inputs.picture(&name, (20, 20));
            inputs.loaded("pictures", json!({}));
            let path = inputs.path("pictures").join(&name);
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, &bytes[..bytes.len() * 3 / 4]).unwrap();
            let error = inputs.refused("pictures", json!({}));
            let said = format!("`{name}` in pictures does not decode: it is cut short; copy or download it again");
            assert_eq!(error, said);
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn what_decodes_is_part_of_the_pictures_where_it_matters() {
        let inputs = Inputs::new(2);
        inputs.picture("a.png", (8, 8));
        inputs.picture("b.png", (8, 8));
        let lossless = inputs.loaded("pictures", json!({}));
        assert!(lossless.images.about.decoders.is_empty());
        std::fs::remove_file(inputs.path("pictures/b.png")).unwrap();
        inputs.picture("b.jpg", (8, 8));
        let mixed = inputs.loaded("pictures", json!({}));
        assert_eq!(mixed.images.about.decoders, [jpeg::DECODER]);
        let bytes = |decoders: &[&str]| {
            let mut images = mixed.images.clone();
            images.about.decoders = decoders.iter().map(|&one| one.to_owned()).collect();
            let mut bytes = Vec::new();
            crate::value::Value::Images(images).write(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(bytes(&[jpeg::DECODER]), mixed.bench.bytes("images"));
        assert_ne!(bytes(&["another 1.0"]), mixed.bench.bytes("images"), "what reads the pictures has another key");
    }

    #[test]
    fn a_zip_of_pictures_with_an_array_beside_them_is_pictures() {
        let inputs = Inputs::new(1);
        inputs.picture("a.png", (8, 8));
        let mut zip = zip_of(&inputs.path("x.zip"));
        for (name, from) in [("a.png", "pictures/a.png"), ("r.npy", "r.npy")] {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut zip, &std::fs::read(inputs.path(from)).unwrap()).unwrap();
        }
        zip.finish().unwrap();
        assert_eq!(inputs.loaded("x.zip", json!({})).names, ["a"]);
    }

    fn zip_of(path: &Path) -> zip::ZipWriter<std::fs::File> {
        zip::ZipWriter::new(std::fs::File::create(path).unwrap())
    }
}
