//! `load_recordings`: a folder or zip of pictures, and an array of responses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Whole;
use crate::kind::{Input, NodeKind, Output};
use crate::nodes::data::layout::Layout;
use crate::value::ty::Type;

/// Loads pictures and responses that were recorded to them.
pub struct LoadRecordings;

/// The parameters of `load_recordings`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// A folder (subfolders included) or a zip archive of pictures: BMP, GIF, JPEG, PNG, TIFF or WebP. Sorted by name,
    /// they are in the order of the responses, unless `ids` says otherwise. A stimulus is called by its file's name
    /// without extension.
    #[schemars(extend("x-file" = true))]
    pub images: String,
    /// The responses: .npy, .npz, .csv, .parquet, .safetensors, .h5 or .mat (v7.3). A third axis is repeats, with NaN
    /// where a repeat is missing; the mean over those that are there is the response.
    #[schemars(extend("x-file" = true))]
    pub responses: String,
    /// Which axis of `responses` comes first. A .mat file's axes are as MATLAB's `size` gives them.
    pub layout: Layout,
    /// Which array of `responses`, where the file holds several.
    #[serde(default)]
    pub key: Option<String>,
    /// The side of the square to which pictures are resized (bilinear, as Pillow does), in pixels; by default they keep
    /// their size, which must be the same for all.
    #[serde(default)]
    #[schemars(extend("x-unit" = "pixels"))]
    pub image_size: Option<Whole<1, 4096>>,
    /// A CSV with the columns `id` and `object`, and perhaps `category`, with a row for every picture. Without it each
    /// picture shows an object of its own.
    #[serde(default)]
    #[schemars(extend("x-file" = true))]
    pub labels: Option<String>,
    /// The names of the pictures in the order of the responses: a CSV with the column `id`, or a text with a name a
    /// line. Pictures that it leaves out have no responses.
    #[serde(default)]
    #[schemars(extend("x-file" = true))]
    pub ids: Option<String>,
}

impl NodeKind for LoadRecordings {
    const NAME: &'static str = "load_recordings";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "A folder or zip of pictures, and the responses that were recorded to them.\n\n\
        Pictures are sorted by name and joined to the responses in that order, or by the names in `ids`, or by the \
        names that a .csv or .parquet gives its stimuli. Units are called as the file calls them, else `unit_001` and \
        so on. The pictures stay where they are; the cache holds where they lie.";
    const EXAMPLE: &'static str = "v4:\n  kind: load_recordings\n  with:\n    images: data/images.zip\n    \
        responses: data/responses.npy\n    layout: units_by_stimuli\n    image_size: 224\n";
    type Params = Params;
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [Output] = &[
        Output { name: "images", ty: Type::Images, keyed: None, role: None, about: "The pictures, sorted by name." },
        Output {
            name: "responses",
            ty: Type::Responses,
            keyed: None,
            role: None,
            about: "Stimuli × units, in the order of the pictures, with repeats where they were recorded.",
        },
        Output {
            name: "labels",
            ty: Type::Labels,
            keyed: None,
            role: None,
            about: "The object that each picture shows.",
        },
    ];
}

#[cfg(feature = "torch")]
mod compute {
    use std::collections::HashMap;
    use std::path::Path;

    use rayon::prelude::*;

    use crate::bounds::Whole;
    use crate::digest::Digest;
    use crate::formats::csv::Words;
    use crate::formats::dialect::Dialect;
    use crate::formats::listing::Pictures;
    use crate::formats::name_of;
    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::data::layout::Layout;
    use crate::nodes::data::load_recordings::{LoadRecordings, Params};
    use crate::nodes::data::recorded::{Recorded, stem};
    use crate::text::nearest::nearest;
    use crate::value::images::{Entry, Images, PixelState, Source};
    use crate::value::labels::Labels;
    use crate::value::stimuli::{Stimuli, Stimulus};
    use crate::value::{Value, decode, images};

    impl Compute for LoadRecordings {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let (path, digest) = run.file("images");
            let source = if path.is_dir() { Source::Folder(digest) } else { Source::Zip(digest) };
            let pictures = Pictures::open(path)?;
            let images = look(&pictures, source, digest, params.image_size.map(Whole::get))?;
            let stimuli = images.about.stimuli.clone();
            let recorded = Recorded::read(run.file("responses").0, params.key.as_deref(), params.layout)?;
            let ids = match params.ids {
                Some(_) => Some(read_ids(run.file("ids").0)?),
                None => recorded.ids_of(&stimuli),
            };
            let rows = order(&recorded, ids.as_deref(), &stimuli, &pictures.called, &name_of(run.file("responses").0))?;
            let responses = recorded.responses(&rows, &stimuli)?;
            let labels = match params.labels {
                Some(_) => read_labels(run.file("labels").0, &stimuli)?,
                None => {
                    let object = stimuli.iter().map(|stimulus| stimulus.name.to_string()).collect();
                    Labels { stimuli: stimuli.clone(), object, category: None }
                }
            };

            if pictures.others > 0 {
                run.note(format!("{} files beside the pictures were left out", pictures.others));
            }
            let silent = stimuli.len() - responses.stimuli().len();
            if silent > 0 {
                run.note(format!("{silent} of {} pictures have no responses", stimuli.len()));
            }
            if ids.is_none() && recorded.stimuli.is_some() {
                run.note(
                    "the names of stimuli in `responses` are no pictures' names; their order is taken to be the pictures'",
                );
            }
            run.emit("images", Value::Images(images))?;
            run.emit("responses", Value::Responses(responses))?;
            run.emit("labels", Value::Labels(labels))
        }
    }

    /// Reads every picture's header and content; what is no picture is told at once, not hours into a run.
    fn look(pictures: &Pictures, source: Source, digest: Digest, side: Option<usize>) -> Result<Images, KindError> {
        if pictures.names().is_empty() {
            return Err(KindError::new(format!(
                "{} holds no pictures (BMP, GIF, JPEG, PNG, TIFF, WebP)",
                pictures.called
            )));
        }
        let names = pictures.stimulus_names()?;
        let seen: Vec<Result<(String, (usize, usize)), String>> = pictures
            .names()
            .par_iter()
            .map(|name| {
                let bytes = pictures.read(name)?;
                let size = decode::probe(&bytes).map_err(|e| decode::undecodable(name, &pictures.called, &e))?;
                Ok((Digest::of(&bytes).to_string()[..16].to_owned(), size))
            })
            .collect();
        let bad = seen.iter().filter(|one| one.is_err()).count();
        let seen = seen.into_iter().collect::<Result<Vec<_>, _>>().map_err(|first| match bad {
            1 => first,
            _ => format!("{first} ({bad} pictures do not)"),
        })?;
        let first = seen[0].1;
        let other = seen.iter().position(|(_, size)| *size != first);
        let size = match (side, other) {
            (Some(side), _) => (side, side),
            (None, None) => first,
            (None, Some(at)) => {
                return Err(KindError::new(format!(
                    "`{}` is {} × {} pixels large but `{}` is {} × {}; give `image_size` to resize all to one size",
                    pictures.names()[0],
                    first.1,
                    first.0,
                    pictures.names()[at],
                    seen[at].1.1,
                    seen[at].1.0
                )));
            }
        };
        let origin: std::sync::Arc<str> = digest.short().into();
        let list = names.into_iter().zip(seen).map(|(name, (content, _))| Stimulus {
            source: origin.clone(),
            name: name.into(),
            content: Some(content.into()),
        });
        let entries = pictures.names().iter().cloned().map(Entry::File).collect();
        let stimuli = Stimuli::new(list.collect())?;
        Ok(Images::referenced(images::About { stimuli, source, entries, size, state: PixelState::Unit }))
    }

    /// For each picture, the place of its stimulus in the responses.
    fn order(
        recorded: &Recorded,
        ids: Option<&[String]>,
        stimuli: &Stimuli,
        pictures: &str,
        file: &str,
    ) -> Result<Vec<Option<usize>>, KindError> {
        let (count, units, _) = recorded.counts;
        let swapped = |wanted: usize| match recorded.layout {
            Layout::UnitsByStimuli if units == wanted => "; the other axis fits: set `layout: stimuli_by_units`",
            Layout::StimuliByUnits if units == wanted => "; the other axis fits: set `layout: units_by_stimuli`",
            _ => "; a stimulus is one picture in both (if the axes are swapped, set `layout`)",
        };
        let Some(ids) = ids else {
            if count != stimuli.len() {
                return Err(KindError::new(format!(
                    "{file} has {count} stimuli but {pictures} has {}{}",
                    stimuli.len(),
                    swapped(stimuli.len())
                )));
            }
            return Ok((0..count).map(Some).collect());
        };
        if ids.len() != count {
            return Err(KindError::new(format!(
                "`ids` names {} stimuli but {file} has {count}{}",
                ids.len(),
                swapped(ids.len())
            )));
        }
        let mut rows = vec![None; stimuli.len()];
        let found = find_all(ids, stimuli, "`ids`", pictures)?;
        for (at, row) in found.into_iter().enumerate() {
            rows[row] = Some(at);
        }
        Ok(rows)
    }

    /// The row of each name; names that are unknown or stand twice are errors.
    fn find_all(names: &[String], stimuli: &Stimuli, port: &str, pictures: &str) -> Result<Vec<usize>, KindError> {
        let rows: HashMap<&str, usize> = stimuli.iter().enumerate().map(|(row, s)| (&*s.name, row)).collect();
        let known = rows.keys().copied().collect();
        let mut seen = vec![false; stimuli.len()];
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let Some(&row) = rows.get(stem(name, &known)) else {
                let unknown = names.iter().filter(|name| !rows.contains_key(stem(name, &known))).count();
                let hint =
                    nearest(name, stimuli.iter().map(|s| &*s.name)).map(|near| format!("; did you mean `{near}`?"));
                return Err(KindError::new(format!(
                    "{port} names `{name}`, but {pictures} has no such picture ({unknown} of {} names are unknown){}",
                    names.len(),
                    hint.unwrap_or_default()
                )));
            };
            if std::mem::replace(&mut seen[row], true) {
                return Err(KindError::new(format!("{port} names `{name}` twice; a stimulus stands once")));
            }
            found.push(row);
        }
        Ok(found)
    }

    fn read_ids(path: &Path) -> Result<Vec<String>, KindError> {
        let words = Words::read(path, &Dialect::default())?;
        if let Some(column) = words.column("id") {
            return Ok(words.rows.into_iter().map(|mut row| row.swap_remove(column)).collect());
        }
        if words.columns.len() > 1 {
            return Err(KindError::new(format!(
                "{} has the columns {}; one must be called `id`",
                name_of(path),
                words.columns.join(", ")
            )));
        }
        // A plain list: its first line is a name too.
        let first = words.columns.into_iter();
        Ok(first.chain(words.rows.into_iter().flatten()).filter(|name| !name.is_empty()).collect())
    }

    fn read_labels(path: &Path, stimuli: &Stimuli) -> Result<Labels, KindError> {
        let words = Words::read(path, &Dialect::default())?;
        let file = name_of(path);
        let column = |name: &str| {
            words.column(name).ok_or_else(|| {
                KindError::new(format!("{file} has the columns {}, and no `{name}`", words.columns.join(", ")))
            })
        };
        let (id, object) = (column("id")?, column("object")?);
        let category = words.column("category");
        let names: Vec<String> = words.rows.iter().map(|row| row[id].clone()).collect();
        let found = find_all(&names, stimuli, "`labels`", "`images`")?;
        let mut place = vec![None; stimuli.len()];
        for (at, row) in found.into_iter().enumerate() {
            place[row] = Some(at);
        }
        let places: Vec<usize> = place.iter().copied().flatten().collect();
        if let Some(row) = place.iter().position(Option::is_none) {
            return Err(KindError::new(format!(
                "`labels` has {} rows but `images` has {} pictures; `{}` has no label",
                names.len(),
                stimuli.len(),
                stimuli.get(row).name
            )));
        }
        let pick = |column: usize| places.iter().map(|&at| words.rows[at][column].clone()).collect();
        Ok(Labels { stimuli: stimuli.clone(), object: pick(object), category: category.map(pick) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::data::testing::{Bench, refusal, shared, unwrap};
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::testing::inputs;
    use crate::value::decode;
    use image::ExtendedColorType;
    use ndarray::Array2;
    use ndarray_npy::write_npy;
    use serde_json::{Value as Json, json};
    use std::path::PathBuf;

    impl Golden for LoadRecordings {
        fn golden() -> Sample {
            let given = inputs();
            let (photos, spikes) = (given.path("pictures"), given.path("r.csv"));
            std::fs::create_dir(&photos).expect("created");
            for at in 0..3_u32 {
                let picture = image::RgbImage::from_fn(4, 4, |x, y| image::Rgb([x, y, at].map(|z| (z * 60) as u8)));
                picture.save(photos.join(format!("p{at}.png"))).expect("saved");
            }
            std::fs::write(&spikes, "id,u,v\np0,1,2\np1,3,4.5\np2,0,7\n").expect("written");
            let params =
                json!({ "images": photos, "responses": spikes, "layout": "stimuli_by_units", "image_size": 6 });
            (given.file("images", photos).file("responses", spikes), params)
        }
    }

    /// A folder of three pictures and responses of two units, and what a recipe says of them.
    struct Recording {
        folder: tempfile::TempDir,
    }

    impl Recording {
        fn new() -> Self {
            let recording = Self { folder: tempfile::tempdir().unwrap() };
            std::fs::create_dir(recording.path("pictures")).unwrap();
            for (at, name) in ["c", "a", "b"].into_iter().enumerate() {
                recording.picture(&format!("{name}.png"), 4, at as u8);
            }
            recording.responses("r.npy", (2, 3));
            recording
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            std::fs::write(self.path(name), text).unwrap();
            self.path(name)
        }

        fn picture(&self, name: &str, side: u32, grey: u8) {
            let path = self.path("pictures").join(name);
            let pixels = vec![grey; (side * side * 3) as usize];
            image::save_buffer(path, &pixels, side, side, ExtendedColorType::Rgb8).unwrap();
        }

        fn responses(&self, name: &str, shape: (usize, usize)) {
            let array = Array2::from_shape_fn(shape, |(unit, stimulus)| (10 * unit + stimulus) as f64);
            write_npy(self.path(name), &array).unwrap();
        }

        fn params(&self, more: Json) -> Json {
            let mut params = json!({
                "images": self.path("pictures"), "responses": self.path("r.npy"), "layout": "units_by_stimuli",
            });
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            params
        }

        fn refused(&self, more: Json) -> String {
            refusal::<LoadRecordings>(&mut Bench::new(), self.params(more))
        }
    }

    #[test]
    fn pictures_join_in_the_order_of_their_names() {
        let recording = Recording::new();
        let mut bench = Bench::new();
        bench.run::<LoadRecordings>(recording.params(json!({}))).unwrap();
        let images = unwrap!(bench.output::<LoadRecordings>("images"), Images);
        let names: Vec<&str> = images.about.stimuli.iter().map(|s| &*s.name).collect();
        assert_eq!((names, images.about.size), (vec!["a", "b", "c"], (4, 4)));
        let responses = unwrap!(bench.output::<LoadRecordings>("responses"), Responses);
        assert_eq!(responses.mean, ndarray::array![[0.0, 10.0], [1.0, 11.0], [2.0, 12.0]]);
        assert_eq!(responses.units(), ["unit_001", "unit_002"]);
        assert!(responses.repeats.is_none());
        assert_eq!(responses.stimuli(), &images.about.stimuli);
        let labels = unwrap!(bench.output::<LoadRecordings>("labels"), Labels);
        assert_eq!(labels.object, ["a", "b", "c"]);
        let decoder = decode::Decoder::open(&images, &bench.sources).unwrap();
        assert_eq!(decoder.rows(&[0]).unwrap()[0], 1.0 / 255.0);
    }

    #[test]
    fn ids_and_labels_join_by_name() {
        let recording = Recording::new();
        let labels = recording.write("labels.csv", "object,id,category\nd,c,x\ne,a,y\nf,b,x\n");
        for ids in ["id\nc\na\nb\n", "c.png\na.png\nb.png\n"] {
            let ids = recording.write("ids.txt", ids);
            let mut bench = Bench::new();
            bench.run::<LoadRecordings>(recording.params(json!({ "ids": ids, "labels": labels }))).unwrap();
            let responses = unwrap!(bench.output::<LoadRecordings>("responses"), Responses);
            assert_eq!(responses.mean.column(0).to_vec(), [1.0, 2.0, 0.0], "a, b, c");
            let labels = unwrap!(bench.output::<LoadRecordings>("labels"), Labels);
            assert_eq!(labels.object, ["e", "f", "d"]);
            assert_eq!(labels.category.unwrap(), ["y", "x", "x"]);
        }
    }

    #[test]
    fn a_csv_s_own_names_join_and_pictures_may_lack_responses() {
        let recording = Recording::new();
        let responses = recording.write("r.csv", "id,left,right\nc,1,2\na,3,4\n");
        let mut bench = Bench::new();
        let more = json!({ "responses": responses, "layout": "stimuli_by_units", "image_size": 2 });
        bench.run::<LoadRecordings>(recording.params(more)).unwrap();
        let responses = unwrap!(bench.output::<LoadRecordings>("responses"), Responses);
        assert_eq!(responses.mean, ndarray::array![[3.0, 4.0], [1.0, 2.0]]);
        assert_eq!(responses.units(), ["left", "right"]);
        assert_eq!(bench.notes, ["1 of 3 pictures have no responses"]);
        let images = unwrap!(bench.output::<LoadRecordings>("images"), Images);
        assert_eq!(images.about.size, (2, 2));
    }

    #[test]
    fn counts_that_disagree_are_refused_with_the_rule() {
        let recording = Recording::new();
        recording.responses("r.npy", (3, 2));
        let error = recording.refused(json!({}));
        assert!(error.starts_with("r.npy has 2 stimuli but pictures has 3; the other axis fits"), "{error}");
        recording.responses("r.npy", (2, 7));
        assert!(recording.refused(json!({})).starts_with("r.npy has 7 stimuli but pictures has 3; a stimulus is"));
        let ids = recording.write("ids.csv", "id\na\n");
        assert!(recording.refused(json!({ "ids": ids })).starts_with("`ids` names 1 stimuli but r.npy has 7"));
    }

    #[test]
    fn names_that_do_not_fit_are_refused() {
        let recording = Recording::new();
        let ids = recording.write("ids.csv", "id\na\nb\nd\n");
        let error = recording.refused(json!({ "ids": ids }));
        assert!(error.contains("names `d`, but pictures has no such picture (1 of 3 names are unknown)"), "{error}");
        recording.write("ids.csv", "id\na\nb\na\n");
        assert!(recording.refused(json!({ "ids": ids })).contains("names `a` twice"));
        let labels = recording.write("labels.csv", "id,object\na,x\nb,y\n");
        assert!(
            recording
                .refused(json!({ "labels": labels }))
                .contains("has 2 rows but `images` has 3 pictures; `c` has no label")
        );
        recording.write("labels.csv", "name,object\na,x\n");
        assert!(recording.refused(json!({ "labels": labels })).contains("has the columns name, object, and no `id`"));
    }

    #[test]
    fn pictures_that_cannot_be_used_are_named() {
        let recording = Recording::new();
        recording.picture("d.png", 6, 0);
        let error = recording.refused(json!({}));
        assert!(error.starts_with("`a.png` is 4 × 4 pixels large but `d.png` is 6 × 6; give `image_size`"), "{error}");
        std::fs::write(recording.path("pictures").join("d.png"), b"no picture").unwrap();
        let error = recording.refused(json!({}));
        assert!(error.starts_with("`d.png` in pictures does not decode: "), "{error}");
        std::fs::remove_file(recording.path("pictures").join("d.png")).unwrap();
        recording.picture("a.bmp", 4, 0);
        assert!(recording.refused(json!({})).starts_with("`a.bmp` and `a.png` in pictures are both called `a`"));
        std::fs::create_dir(recording.path("empty")).unwrap();
        assert!(recording.refused(json!({ "images": recording.path("empty") })).starts_with("empty holds no pictures"));
        let broken = recording.write("broken.zip", "no archive");
        assert!(recording.refused(json!({ "images": broken })).contains("no zip archive"));
        assert!(recording.refused(json!({ "image_size": 0 })).contains("0 is out of range"));
    }

    #[test]
    fn needs_shared_a_real_recording_with_repeats_has_the_means_that_came_with_it() {
        let folder = shared("v4-210325");
        let run = |responses: &str| {
            let mut bench = Bench::new();
            let params = json!({
                "images": folder.join("images.zip"), "responses": folder.join(responses), "layout": "units_by_stimuli",
            });
            bench.run::<LoadRecordings>(params).unwrap();
            unwrap!(bench.output::<LoadRecordings>("responses"), Responses)
        };
        let (repeated, plain) = (run("responses_repeats.npy"), run("responses.npy"));
        assert_eq!(repeated.repeats.as_ref().unwrap().dim(), (640, 50, 10));
        assert_eq!(repeated.stimuli(), plain.stimuli());
        let worst = repeated.mean.iter().zip(&plain.mean).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{worst}");
    }
}
