//! `load_recordings`: pictures in a folder, a zip or an array, and an array of responses.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Whole;
use crate::formats::array::shape_text;
use crate::formats::listing::Pictures;
use crate::formats::stack::Axes;
use crate::formats::{glimpse, name_of};
use crate::kind::ahead::{self, Ahead, Known, Misfit};
use crate::kind::{Input, NodeKind, Output, ParamProblem};
use crate::nodes::data::layout::{Axis, Decimal, Layout, OF_UNITS, Order, Separator};
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
    /// What each picture shows: a table (.csv, .tsv, .parquet, or .npy with records) with the columns `id` and `object`, and perhaps
    /// `category`, with a row for every picture; or an array of words or class numbers (.npy, .npz, .h5, .nc, .mat) in the pictures'
    /// order or with names beside it. Without it each picture shows an object of its own.
    #[serde(default)]
    #[schemars(extend("x-file" = true))]
    pub labels: Option<String>,
    /// Which column or array of `labels` holds the objects; `object` unless given.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub labels_key: Option<String>,
    /// Which column or array of `labels` holds the objects' categories; of a table `category`, where it has one, unless given.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub labels_category_key: Option<String>,
    /// Which column of the table `labels` names the pictures. Unless given, `id`, else the one that looks like it; where there is
    /// none, rows are the pictures in order.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub labels_id_column: Option<String>,
    /// The names of the pictures in the order of `labels`, as in `ids`.
    #[serde(default)]
    #[schemars(extend("x-file" = true, "x-neutral" = null))]
    pub labels_ids: Option<String>,
    /// Which column or array of `labels_ids` holds the names; without `labels_ids`, which array of `labels`'s own file does.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub labels_ids_key: Option<String>,
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

impl Params {
    /// The axes of the responses by their file's header, where that tells them and the layout takes them.
    fn axes(&self, ahead: &Ahead<'_>) -> Option<Vec<usize>> {
        let shape = glimpse::shape(&ahead.file(&self.responses)?, self.key.as_deref())?;
        let takes = shape.len() == 3 || (shape.len() == 2 && self.layout.takes_two());
        (takes && !shape.contains(&0)).then_some(shape)
    }

    /// How many pictures there are, where a list of files tells it.
    fn listed(&self, ahead: &Ahead<'_>) -> Option<usize> {
        let count = Pictures::open(&ahead.file(self.images.as_deref()?)?).ok()?.names().len();
        (count > 0).then_some(count)
    }
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
    const ELSEWHERE: &'static [(&'static str, &'static str)] = OF_UNITS;
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

    fn foresee(params: &Params, ahead: &Ahead<'_>) -> Vec<ahead::Output> {
        let rows = params.listed(ahead);
        let size = params.image_size.map(|side| (side.get(), side.get()));
        let axes = params.axes(ahead);
        let along = |axis: Axis| params.layout.along(axis, axes.as_deref()?);
        let of_stimuli = |known: Known| Known { rows, ..known };
        vec![
            ahead::Output::of("images", of_stimuli(Known { size, ..Known::default() })),
            ahead::Output::of("labels", of_stimuli(Known::default())),
            ahead::Output::of("responses", Known { columns: along(Axis::Units), ..Known::default() }),
        ]
    }

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        if params.ids.is_some() || params.ids_key.is_some() {
            return Ok(());
        }
        let (Some(axes), Some(pictures)) = (params.axes(ahead), params.listed(ahead)) else { return Ok(()) };
        let Some(count) = params.layout.along(Axis::Stimuli, &axes).filter(|&count| count != pictures) else {
            return Ok(());
        };
        let message = format!(
            "{} has {count} stimuli by its `layout`, and {} has {pictures} pictures; where responses have no names, each stimulus is \
             one picture",
            name_of(Path::new(&params.responses)),
            name_of(Path::new(params.images.as_deref().unwrap_or_default()))
        );
        let others: Vec<String> = params.layout.others(&axes, pictures).map(|other| format!("`{other}`")).collect();
        Err(Misfit::param("layout", message).help(if others.is_empty() {
            "`ids` names the pictures of the responses, where they are of some of them".to_owned()
        } else {
            format!("of its axes ({}) another has {pictures}: write {}", shape_text(&axes), others.join(" or "))
        }))
    }
}

#[cfg(feature = "torch")]
mod compute {
    use crate::bounds::Whole;
    use crate::formats::{name_of, open};
    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::data::joining::Given;
    use crate::nodes::data::labelled::Labelled;
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

        /// How the file of labels is read.
        fn labelled(&self) -> Labelled<'_> {
            Labelled {
                object: self.labels_key.as_deref(),
                category: self.labels_category_key.as_deref(),
                id_column: self.labels_id_column.as_deref(),
                ids: self.labels_ids.is_some(),
                ids_key: self.labels_ids_key.as_deref(),
            }
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
                    let files: Vec<&str> = match &texts {
                        Some(texts) => texts.iter().map(String::as_str).collect(),
                        None => stimuli.iter().map(|stimulus| &*stimulus.name).collect(),
                    };
                    params.labelled().read((&stimuli, &files), params.order, run)?
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
            ("labels_key", params.labels_key.is_some()),
            ("labels_category_key", params.labels_category_key.is_some()),
            ("labels_id_column", params.labels_id_column.is_some()),
            ("labels_ids", params.labels_ids.is_some()),
            ("labels_ids_key", params.labels_ids_key.is_some()),
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
mod tests;
