//! `load_recordings`: pictures in a folder, a zip or an array, and an array of responses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Whole;
use crate::formats::stack::Axes;
use crate::kind::{Input, NodeKind, Output, ParamProblem};
use crate::nodes::data::layout::{Decimal, Layout, Order, Separator};
use crate::value::decode::DECODERS;
use crate::value::resize::Interpolation;
use crate::value::sizing::Fit;
use crate::value::ty::Type;

/// Loads pictures and responses that were recorded to them.
pub struct LoadRecordings;

/// The parameters of `load_recordings`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// A folder (subfolders included) or a zip archive of pictures: BMP, GIF, JPEG, PNG, TIFF or WebP. A stimulus is called by
    /// its file's name without extension. Or an array of pictures, such as NSD's `stimuli.hdf5` (.npy, .npz, .h5, .mat): n × height ×
    /// width × 3, n × 3 × height × width, or n × height × width of grey; 0 to 255, or 0 to 1. Without pictures, stimuli are known by the names of `ids` or of the file alone, and join
    /// other values with the same list of names.
    #[serde(default)]
    #[schemars(extend("x-file" = true))]
    pub images: Option<String>,
    /// The responses: .npy, .npz, .csv, .tsv, .parquet, .safetensors, .h5, .nc or .mat. Repeats may be a third axis, with NaN where one
    /// is missing, or rows of the same name: the mean over those that are there is the response.
    #[schemars(extend("x-file" = true))]
    pub responses: String,
    /// The axes of `responses` in order; in `units_by_stimuli` and `stimuli_by_units` a third is repeats. A .mat file's axes are as
    /// MATLAB's `size` gives them.
    pub layout: Layout,
    /// Which array of `responses`, where the file holds several.
    #[serde(default)]
    pub key: Option<String>,
    /// The side of the square to which pictures are resized (bilinear, as Pillow does), in pixels; by default they keep
    /// their size, which must be the same for all.
    #[serde(default)]
    #[schemars(extend("x-unit" = "pixels"))]
    pub image_size: Option<Whole<1, 4096>>,
    /// How a picture that is not square comes to `image_size`: it is squashed, its middle is taken (`resize` and `image_size` are then
    /// the two numbers of torchvision's `Resize` and `CenterCrop`, 256 and 224 for most networks), or it gets black borders.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "squash"))]
    pub fit: Fit,
    /// The shorter side before the middle is taken (`fit: crop`); unless given, `image_size`, so that nothing of it is lost.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null, "x-unit" = "pixels"))]
    pub resize: Option<Whole<1, 4096>>,
    /// How pixels between pixels are made up, with antialiasing, as Pillow does.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "bilinear"))]
    pub interpolation: Interpolation,
    /// Which array of `images`, where that is a file of several.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub images_key: Option<String>,
    /// The axes of an array of pictures in order (n pictures, height, width, channels); unless given, as its shape tells.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub images_layout: Option<Axes>,
    /// The names of the pictures of an array, in their order, as in `ids`; `from_0` or `from_1` where their names are their positions,
    /// counted from 0 or 1. Unless given, they are named as the responses are, row by row, or by position from 0.
    #[serde(default)]
    #[schemars(extend("x-file" = true, "x-words" = ["from_0", "from_1"], "x-neutral" = null))]
    pub images_ids: Option<String>,
    /// Which column or array of `images_ids` holds the names; without `images_ids`, which array of `images`'s own file does.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub images_ids_key: Option<String>,
    /// A table (.csv, .tsv, .parquet, or .npy with records) with the columns `id` and `object`, and perhaps `category`, with a row for
    /// every picture. Without it each picture shows an object of its own.
    #[serde(default)]
    #[schemars(extend("x-file" = true))]
    pub labels: Option<String>,
    /// Which column of `labels` names the pictures. Unless given, `id`, else the one that looks like it; where there is none, rows are
    /// the pictures in order.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub labels_id_column: Option<String>,
    /// The names of the pictures in the order of the responses: a CSV with the column `id`, or a text with a name a line. Pictures
    /// that it leaves out have no responses; a name that stands several times has as many repeats. An extension or a folder more or
    /// less, `\\` for `/` and zeros before a number do not matter where what is left is unique.
    #[serde(default)]
    #[schemars(extend("x-file" = true))]
    pub ids: Option<String>,
    /// Which column or array of the file `ids` holds the names; without `ids`, which array of `responses`'s own file does.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub ids_key: Option<String>,
    /// Which column of a .csv, .tsv or .parquet names the rows, and is no number of theirs; `none` where none does. Unless given,
    /// the first where it holds texts or is called like names (id, stimulus_id, image, …), which a note says.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub id_column: Option<String>,
    /// What stands between the cells of a text; unless given, it is read from the text.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub separator: Option<Separator>,
    /// What stands before the fraction of a text's numbers; unless given, it is read from the text.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub decimal: Option<Decimal>,
    /// How responses without names follow the pictures, where the order of their names as texts (1, 10, 2) is not that of their
    /// numbers (1, 2, 10).
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub order: Option<Order>,
}

impl NodeKind for LoadRecordings {
    const NAME: &'static str = "load_recordings";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "A folder or zip of pictures, and the responses that were recorded to them.\n\n\
        Pictures are joined to the responses by the names in `ids`, or by the names that the file gives its stimuli; where there are \
        none, by position, which is refused where the names' order leaves a choice. Units are called as the file calls them, else \
        `unit_001` and so on. The pictures stay where they are; the cache holds where they lie. JPEGs decode as libjpeg-turbo's do, \
        and so Pillow's, to the bit.";
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
    const DECODERS: Option<&'static str> = Some(DECODERS);

    fn check(params: &Params) -> Result<(), ParamProblem> {
        let sized = [
            ("fit", params.fit != Fit::Squash),
            ("resize", params.resize.is_some()),
            ("interpolation", params.interpolation != Interpolation::Bilinear),
        ];
        match sized.iter().find(|(_, given)| *given) {
            Some((name, _)) if params.image_size.is_none() => {
                Err(ParamProblem::at(*name, "says how pictures come to `image_size`, which is not given"))
            }
            _ if params.resize.is_some() && params.fit != Fit::Crop => {
                Err(ParamProblem::at("resize", "is the shorter side before a crop; say `fit: crop`, or leave it out"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(feature = "torch")]
mod compute {
    use crate::bounds::Whole;
    use crate::formats::{name_of, open};
    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::data::joining::Given;
    use crate::nodes::data::labelled;
    use crate::nodes::data::load_recordings::{LoadRecordings, Params};
    use crate::nodes::data::pictures::{Looked, Options};
    use crate::nodes::data::reading;
    use crate::nodes::data::recorded::Recorded;
    use crate::nodes::data::without_pictures;
    use crate::value::Value;
    use crate::value::labels::Labels;
    use crate::value::sizing::Sizing;

    impl Params {
        /// How the file of responses is read.
        fn reading(&self) -> open::Options<'_> {
            reading::options(self.key.as_deref(), self.id_column.as_deref(), self.separator, self.decimal)
        }

        /// How an array of pictures is read.
        fn pictures(&self) -> Options<'_> {
            Options {
                key: self.images_key.as_deref(),
                axes: self.images_layout,
                ids: self.images_ids.as_deref(),
                ids_key: self.images_ids_key.as_deref(),
            }
        }
    }

    impl Compute for LoadRecordings {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            if params.images.is_none() {
                return run_without_pictures(&params, run);
            }
            let mut looked = Looked::at(run.file("images"), &params.pictures(), run)?;
            for note in &looked.notes {
                run.note(note.clone());
            }
            let recorded = Recorded::read(run.file("responses"), &params.reading(), params.layout)?;
            for note in &recorded.notes {
                run.note(note.clone());
            }
            let file = name_of(run.file("responses").0);
            let ids = reading::ids(params.ids.is_some(), params.ids_key.as_deref(), run.file("responses").0, run)?;
            let own = format!("`responses` ({file})");
            let list = if ids.is_some() { "`ids`" } else { own.as_str() };
            let path = run.file("responses").0.to_owned();
            let names = reading::names(ids, recorded.stimuli.as_deref(), (&path, params.key.as_deref()), run)?;
            let given = Given { recorded: &recorded, names: names.as_deref(), list, file: &file, order: params.order };

            let (called, others) = (looked.called.clone(), looked.others);
            let own_names = looked.names.take();
            let texts = own_names.is_some().then(|| std::mem::take(&mut looked.texts));
            let names = own_names.map_or_else(|| given.names_for(&looked, run), Ok)?;
            let sizing =
                Sizing { fit: params.fit, resize: params.resize.map(Whole::get), interpolation: params.interpolation };
            let (images, squashed) = looked.images(names, params.image_size.map(Whole::get), sizing)?;
            if let Some(squashed) = squashed {
                run.note(squashed);
            }
            let stimuli = images.about.stimuli.clone();
            let rows = given.rows(&stimuli, texts.as_deref(), &called, run)?;
            let (responses, gaps) = recorded.responses(&rows, &stimuli)?;
            if let Some(gaps) = gaps {
                run.note(gaps);
            }
            let labels = match params.labels {
                Some(_) => {
                    let path = run.file("labels").0.to_owned();
                    let files: Vec<&str> = match &texts {
                        Some(texts) => texts.iter().map(String::as_str).collect(),
                        None => stimuli.iter().map(|stimulus| &*stimulus.name).collect(),
                    };
                    labelled::read(&path, params.labels_id_column.as_deref(), (&stimuli, &files), params.order, run)?
                }
                None => {
                    let object = stimuli.iter().map(|stimulus| stimulus.name.to_string()).collect();
                    Labels { stimuli: stimuli.clone(), object, category: None }
                }
            };

            if others > 0 {
                run.note(format!("{others} files beside the pictures were left out"));
            }
            let silent = stimuli.len() - responses.stimuli().len();
            if silent > 0 {
                run.note(format!("{silent} of {} pictures have no responses", stimuli.len()));
            }
            run.emit("images", Value::Images(images))?;
            run.emit("responses", Value::Responses(responses))?;
            run.emit("labels", Value::Labels(labels))
        }
    }

    /// Responses alone: what reads `images` or `labels` is told that there are none.
    fn run_without_pictures(params: &Params, run: &mut Run<'_>) -> Result<(), KindError> {
        let about_pictures = [
            ("image_size", params.image_size.is_some()),
            ("resize", params.resize.is_some()),
            ("images_key", params.images_key.is_some()),
            ("images_layout", params.images_layout.is_some()),
            ("images_ids", params.images_ids.is_some()),
            ("images_ids_key", params.images_ids_key.is_some()),
            ("labels", params.labels.is_some()),
            ("labels_id_column", params.labels_id_column.is_some()),
            ("order", params.order.is_some()),
        ];
        if let Some((name, _)) = about_pictures.iter().find(|(_, given)| *given) {
            return Err(KindError::new(format!("`{name}` is about pictures, but there are no `images`")));
        }
        let recorded = Recorded::read(run.file("responses"), &params.reading(), params.layout)?;
        for note in &recorded.notes {
            run.note(note.clone());
        }
        let ids = reading::ids(params.ids.is_some(), params.ids_key.as_deref(), run.file("responses").0, run)?;
        let path = run.file("responses").0.to_owned();
        let ids = reading::names(ids, recorded.stimuli.as_deref(), (&path, params.key.as_deref()), run)?;
        let file = name_of(run.file("responses").0);
        let responses = without_pictures::responses(&recorded, ids, &file, run)?;
        run.emit("responses", Value::Responses(responses))
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
    fn labels_join_by_whichever_column_names_pictures_else_by_position() {
        let recording = Recording::new();
        let texts = [
            ("stimulus_id;object\nc.png;2\na.png;0\nb.png;1\n", json!({})),
            ("object,kind,picture\n2,id,c\n0,id,a\n1,id,b\n", json!({ "labels_id_column": "picture" })),
            ("object,weight\n0,0.5\n1,0.5\n2,1.5\n", json!({})),
        ];
        for (text, mut more) in texts {
            more["labels"] = json!(recording.write("labels.csv", text));
            let mut bench = Bench::new();
            bench.run::<LoadRecordings>(recording.params(more)).unwrap();
            assert_eq!(unwrap!(bench.output::<LoadRecordings>("labels"), Labels).object, ["0", "1", "2"], "{text}");
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
    fn names_that_stand_several_times_are_trials() {
        let recording = Recording::new();
        recording.responses("r.npy", (1, 4));
        let ids = recording.write("ids.csv", "id\na\nb.png\na\nc\n");
        let mut bench = Bench::new();
        bench.run::<LoadRecordings>(recording.params(json!({ "ids": ids }))).unwrap();
        let responses = unwrap!(bench.output::<LoadRecordings>("responses"), Responses);
        assert_eq!(responses.mean, ndarray::array![[1.0], [1.0], [3.0]], "a at rows 0 and 2, b at 1, c at 3");
        let repeats = responses.repeats.unwrap();
        assert_eq!((repeats[[0, 0, 0]], repeats[[0, 0, 1]], repeats[[1, 0, 1]].is_nan()), (0.0, 2.0, true));
        let said = "4 rows of r.npy are trials of 3 stimuli, up to 2 each; they are repeats";
        assert!(bench.notes.iter().any(|note| note == said), "{:?}", bench.notes);
    }

    #[test]
    fn pictures_whose_names_stand_in_two_orders_need_a_word() {
        let recording = Recording::new();
        for (at, name) in ["1.png", "2.png", "10.png"].into_iter().enumerate() {
            std::fs::create_dir_all(recording.path("numbered")).unwrap();
            recording.picture(&format!("../numbered/{name}"), 4, at as u8);
        }
        let images = recording.path("numbered");
        let error = recording.refused(json!({ "images": images }));
        assert!(
            error.contains("(1.png, 10.png, 2.png, …) and in another by their numbers (1.png, 2.png, 10.png, …)"),
            "{error}"
        );
        for (order, first_unit) in [("natural", [0.0, 2.0, 1.0]), ("by_name", [0.0, 1.0, 2.0])] {
            let mut bench = Bench::new();
            bench.run::<LoadRecordings>(recording.params(json!({ "images": images, "order": order }))).unwrap();
            let responses = unwrap!(bench.output::<LoadRecordings>("responses"), Responses);
            let names: Vec<&str> = responses.stimuli().iter().map(|s| &*s.name).collect();
            assert_eq!(
                (names, responses.mean.column(0).to_vec()),
                (vec!["1", "10", "2"], first_unit.to_vec()),
                "{order}"
            );
        }
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
        assert!(error.contains("names `d`, which pictures does not have (1 of 3 names are unknown)"), "{error}");
        let own = recording.write("own.csv", "id,u\nx,1\ny,2\nz,3\n");
        let error = recording.refused(json!({ "responses": own, "layout": "stimuli_by_units" }));
        assert!(error.starts_with("`responses` (own.csv) names `x`, which pictures does not have (3 of 3"), "{error}");
        let labels = recording.write("labels.csv", "id,object\na,x\nb,y\n");
        assert!(
            recording
                .refused(json!({ "labels": labels }))
                .contains("has 2 rows but `images` has 3 pictures; `c` has no label")
        );
        recording.write("labels.csv", "name,thing\na,x\n");
        assert!(
            recording.refused(json!({ "labels": labels })).contains("has the columns name, thing, and no `object`")
        );
        recording.write("labels.csv", "object\nx\n");
        let error = recording.refused(json!({ "labels": labels }));
        assert!(
            error.contains("of which none names pictures, and 1 rows for 3 pictures; give it a column `id`"),
            "{error}"
        );
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
