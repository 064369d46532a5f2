//! Recordings of three pictures, in every form that `load_recordings` reads.

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
        let params = json!({ "images": photos, "responses": spikes, "layout": "stimuli_by_units", "image_size": 6 });
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

/// Made by NumPy: `tests/fixtures/make_labels.py`.
#[test]
fn labels_are_arrays_of_other_programs_too() {
    let recording = Recording::new();
    let fixture = |name: &str| json!(crate::nodes::fixtures::fixture(name));
    let forms = [
        (json!({ "labels": fixture("labels.npy") }), None),
        (json!({ "labels": fixture("class_numbers.npy") }), None),
        (
            json!({ "labels": fixture("labels.npz"), "labels_key": "class", "labels_category_key": "kind", "labels_ids_key": "names" }),
            Some(["y", "x", "x"]),
        ),
        (json!({ "labels": fixture("labels.h5"), "labels_key": "meta/class", "labels_ids_key": "meta/names" }), None),
        (json!({ "labels": fixture("labels.mat"), "labels_key": "meta.class", "labels_ids_key": "meta.names" }), None),
    ];
    for (params, category) in forms {
        let mut bench = Bench::new();
        bench.run::<LoadRecordings>(recording.params(params.clone())).unwrap();
        let labels = unwrap!(bench.output::<LoadRecordings>("labels"), Labels);
        let expected = if params["labels"].as_str().unwrap().contains("class_numbers") {
            ["7", "8", "9"]
        } else {
            ["e", "f", "d"]
        };
        assert_eq!(labels.object, expected, "{params}");
        assert_eq!(labels.category, category.map(|all| all.map(str::to_owned).to_vec()));
    }
    let ids = recording.write("order.txt", "c\na\nb\n");
    let mut bench = Bench::new();
    bench
        .run::<LoadRecordings>(recording.params(json!({ "labels": fixture("labels.npy"), "labels_ids": ids })))
        .unwrap();
    assert_eq!(unwrap!(bench.output::<LoadRecordings>("labels"), Labels).object, ["f", "d", "e"], "a, b, c");

    let refused = |params| recording.refused(params);
    assert_eq!(
        refused(json!({ "labels": fixture("labels.npz"), "labels_key": "clas" })),
        "labels.npz holds no array `clas`; it holds `class`, `kind`, `names`; did you mean `class`?"
    );
    let holed = recording.write("labels.csv", "id,object\na,x\nb,\nc,y\n");
    assert_eq!(refused(json!({ "labels": holed })), "`labels` has no object for `b`");
    let short = recording.write("order.txt", "c\na\n");
    assert_eq!(
        refused(json!({ "labels": fixture("labels.npy"), "labels_ids": short })),
        "`labels_ids` names 2 pictures but labels.npy has 3 rows; a row is one picture in both"
    );
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
        assert_eq!((names, responses.mean.column(0).to_vec()), (vec!["1", "10", "2"], first_unit.to_vec()), "{order}");
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
    assert!(recording.refused(json!({ "labels": labels })).contains("has the columns name, thing, and no `object`"));
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
