//! `load_majaj`: the course's file of the Majaj–Hong recordings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Input, NodeKind, Output, Threads};
use crate::nodes::data::layout::OF_UNITS;
use crate::value::ty::Type;

/// Loads the course's `IT_data.h5`.
pub struct LoadMajaj;

/// The parameters of `load_majaj`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The HDF5 file, with the datasets `stimulus_train`, `stimulus_val` and `stimulus_test` (n × 3 × height × width,
    /// floats, normalised with ImageNet's mean and standard deviation), `spikes_train` and `spikes_val` (n × units)
    /// and `object_train`, `object_val` and `object_test` (n names). The pictures stay in it. Or the word `synthetic`: the 640
    /// pictures of `synthetic_it` with their simulated responses, so that a recipe for the file runs where there is none.
    #[schemars(extend("x-file" = true, "x-words" = ["synthetic"]))]
    pub path: String,
}

impl NodeKind for LoadMajaj {
    const NAME: &'static str = "load_majaj";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "The course's `IT_data.h5`: pictures, macaque IT responses, objects and the split.\n\n\
        Responses to 64 objects in 8 categories, mean rates 70–170 ms after onset (Majaj, Hong, Solomon & DiCarlo \
        2015, J. Neurosci. 35(39):13402). The test set has pictures and objects, but no responses. The pixels are \
        normalised in the file already, and no node normalises them again.";
    const EXAMPLE: &'static str = "it:\n  kind: load_majaj\n  with: { path: data/IT_data.h5 }\n";
    type Params = Params;
    const INPUTS: &'static [Input] = &[];
    const ELSEWHERE: &'static [(&'static str, &'static str)] = OF_UNITS;
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "images",
            ty: Type::Images,
            keyed: None,
            role: None,
            about: "All pictures: train, val, then test.",
        },
        Output {
            name: "responses",
            ty: Type::Responses,
            keyed: None,
            role: None,
            about: "Stimuli × units, of train and val.",
        },
        Output {
            name: "labels",
            ty: Type::Labels,
            keyed: None,
            role: None,
            about: "The object that each picture shows.",
        },
        Output {
            name: "split",
            ty: Type::Split,
            keyed: None,
            role: None,
            about: "Train, val and test as the file has them.",
        },
    ];
    const THREADS: Threads = Threads::Team;
}

#[cfg(feature = "torch")]
mod compute {
    use rayon::prelude::*;

    use crate::digest::Digest;
    use crate::formats::hdf5::{Floats, Hdf5};
    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::data::load_majaj::{LoadMajaj, Params};
    use crate::nodes::data::rows::unit_names;
    use crate::nodes::data::synthetic_it::compute::embedded;
    use crate::value::images::{Entry, IMAGENET, Images, Source};
    use crate::value::labels::Labels;
    use crate::value::responses::Responses;
    use crate::value::sizing::Sizing;
    use crate::value::split::{Assignment, Part, Split};
    use crate::value::stimuli::{Stimuli, Stimulus};
    use crate::value::{Value, codec, images, responses};

    /// The word for the embedded data in the file's place.
    const SYNTHETIC: &str = "synthetic";

    /// What ImageNet's statistics make of black and of white, with room for rounding.
    const NORMALISED: std::ops::RangeInclusive<f32> = -2.2..=2.7;

    const EXPECTED: [&str; 8] = [
        "stimulus_train",
        "stimulus_val",
        "stimulus_test",
        "spikes_train",
        "spikes_val",
        "object_train",
        "object_val",
        "object_test",
    ];

    impl Compute for LoadMajaj {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            if params.path == SYNTHETIC {
                return embedded(run);
            }
            let (path, digest) = run.file("path");
            let file = Hdf5::open(path)?;
            let name = crate::formats::name_of(path);
            check_datasets(&file, &name)?;
            let parts = [Part::Train, Part::Val, Part::Test].map(|part| read_part(&file, part));
            let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
            let size = common_size(&parts)?;
            let source = digest.short();

            let (mut list, mut entries, mut object, mut assignment) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            let total: usize = parts.iter().map(|part| part.stimuli.shape()[0]).sum();
            for part in &parts {
                let contents = contents(part, list.len(), total, run)?;
                let dataset = format!("stimulus_{}", part.part.name());
                for (row, content) in contents.into_iter().enumerate() {
                    let name = format!("{}_{:04}", part.part.name(), row + 1);
                    list.push(Stimulus {
                        source: source.as_str().into(),
                        name: name.into(),
                        content: Some(content.into()),
                    });
                    entries.push(Entry::Row(dataset.clone(), row));
                    assignment.push(part.part);
                }
                object.extend(part.objects.iter().cloned());
            }
            let stimuli = Stimuli::new(list)?;
            let with_spikes = parts.iter().filter_map(|part| part.spikes.as_ref());
            let recorded: Vec<usize> = (0..stimuli.len()).filter(|&row| assignment[row] != Part::Test).collect();
            let responses = join_spikes(stimuli.select(&recorded), with_spikes.collect())?;

            let about = images::About {
                stimuli: stimuli.clone(),
                source: Source::Hdf5(digest),
                entries,
                size,
                state: IMAGENET,
                sizing: Sizing::default(),
                decoders: Vec::new(),
            };
            run.emit("images", Value::Images(Images::referenced(about)))?;
            run.emit("responses", Value::Responses(responses))?;
            run.emit("labels", Value::Labels(Labels { stimuli: stimuli.clone(), object, category: None }))?;
            run.emit("split", Value::Split(Split { stimuli, assignment: Assignment::Parts(assignment) }))
        }
    }

    /// One of train, val and test, its rows counted and checked.
    struct PartOfFile {
        part: Part,
        stimuli: Floats,
        spikes: Option<ndarray::Array2<f32>>,
        objects: Vec<String>,
    }

    fn check_datasets(file: &Hdf5, name: &str) -> Result<(), KindError> {
        let present = file.datasets()?;
        let missing: Vec<&str> =
            EXPECTED.into_iter().filter(|expected| !present.iter().any(|name| name == expected)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let has = if present.is_empty() { "nothing".to_owned() } else { present.join(", ") };
        Err(KindError::new(format!(
            "{name} lacks {}; it must hold {}, and holds {has}",
            missing.join(", "),
            EXPECTED.join(", ")
        )))
    }

    fn read_part(file: &Hdf5, part: Part) -> Result<PartOfFile, KindError> {
        let named = |what: &str| format!("{what}_{}", part.name());
        let stimuli = file.floats(&named("stimulus"))?;
        let &[rows, 3, height, width] = stimuli.shape() else {
            return Err(KindError::new(format!(
                "`{}` has the shape {:?}, where (n, 3, height, width) is expected",
                named("stimulus"),
                stimuli.shape()
            )));
        };
        if rows == 0 || height == 0 || width == 0 {
            return Err(KindError::new(format!("`{}` is empty: {:?}", named("stimulus"), stimuli.shape())));
        }
        let objects = file.strings(&named("object"))?;
        if objects.len() != rows {
            return Err(KindError::new(format!(
                "`{}` has {rows} rows but `{}` has {}; a row is one stimulus in both",
                named("stimulus"),
                named("object"),
                objects.len()
            )));
        }
        let spikes = match part {
            Part::Test => None,
            _ => Some(read_spikes(&file.floats(&named("spikes"))?, rows, &named("stimulus"), &named("spikes"))?),
        };
        Ok(PartOfFile { part, stimuli, spikes, objects })
    }

    fn read_spikes(
        spikes: &Floats,
        rows: usize,
        stimulus: &str,
        name: &str,
    ) -> Result<ndarray::Array2<f32>, KindError> {
        let &[have, units] = spikes.shape() else {
            return Err(KindError::new(format!(
                "`{name}` has the shape {:?}, where (n, units) is expected",
                spikes.shape()
            )));
        };
        if have != rows {
            return Err(KindError::new(format!(
                "`{stimulus}` has {rows} rows but `{name}` has {have}; a row is one stimulus in both"
            )));
        }
        if units == 0 {
            return Err(KindError::new(format!("`{name}` has no units: {:?}", spikes.shape())));
        }
        let data = spikes.read_all()?.data;
        if let Some(at) = data.iter().position(|x| !x.is_finite()) {
            return Err(KindError::new(format!(
                "`{name}` holds {} in row {}, unit {} (of {rows} × {units}); every response must be a finite number",
                data[at],
                at / units,
                at % units
            )));
        }
        Ok(ndarray::Array2::from_shape_vec((rows, units), data).expect("as many numbers as the shape says"))
    }

    fn common_size(parts: &[PartOfFile]) -> Result<(usize, usize), KindError> {
        let size = |part: &PartOfFile| (part.stimuli.shape()[2], part.stimuli.shape()[3]);
        match parts.iter().find(|part| size(part) != size(&parts[0])) {
            None => Ok(size(&parts[0])),
            Some(other) => Err(KindError::new(format!(
                "pictures of `stimulus_{}` are {:?} pixels large but those of `stimulus_{}` {:?}; all must be of one size",
                parts[0].part.name(),
                size(&parts[0]),
                other.part.name(),
                size(other)
            ))),
        }
    }

    /// The digest of each picture's floats, so that a picture that stands in two parts is found out; on the way, whether
    /// the pixels are what they must be.
    fn contents(part: &PartOfFile, before: usize, total: usize, run: &mut Run<'_>) -> Result<Vec<String>, KindError> {
        let rows = part.stimuli.shape()[0];
        let width: usize = part.stimuli.shape()[1..].iter().product();
        let step = part.stimuli.rows_per_chunk();
        let starts: Vec<usize> = (0..rows).step_by(step).collect();
        let mut found = Vec::with_capacity(rows);
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        // Small teams of chunks keep memory bounded and progress visible.
        for starts in starts.chunks((256 / step).max(2 * rayon::current_num_threads())) {
            let scanned: Vec<Result<Vec<(String, f32, f32)>, String>> = starts
                .par_iter()
                .map(|&from| {
                    let pixels = part.stimuli.rows(from, (from + step).min(rows))?;
                    Ok(pixels.chunks_exact(width).map(scan).collect())
                })
                .collect();
            for rows in scanned {
                for (digest, smallest, largest) in rows? {
                    low = low.min(smallest);
                    high = high.max(largest);
                    found.push(digest);
                }
            }
            run.progress((before + found.len()) as u64, total as u64, "images");
        }
        if !NORMALISED.contains(&low) || !NORMALISED.contains(&high) || low >= 0.0 {
            return Err(KindError::new(format!(
                "pixels of `stimulus_{}` run from {low} to {high}, which does not look ImageNet-normalised; \
                 (x − mean) / std of RGB in [0, 1] runs from −2.118 to 2.640",
                part.part.name()
            )));
        }
        Ok(found)
    }

    /// A picture's digest, smallest and largest number; anything that is no finite number makes the largest infinite.
    fn scan(pixels: &[f32]) -> (String, f32, f32) {
        let digest = Digest::of(codec::bytes_of(pixels)).to_string()[..16].to_owned();
        let (mut low, mut high, mut finite) = (f32::INFINITY, f32::NEG_INFINITY, true);
        for &x in pixels {
            low = if x < low { x } else { low };
            high = if x > high { x } else { high };
            finite &= x.is_finite();
        }
        (digest, low, if finite { high } else { f32::INFINITY })
    }

    fn join_spikes(stimuli: Stimuli, parts: Vec<&ndarray::Array2<f32>>) -> Result<Responses, KindError> {
        let units = parts[0].ncols();
        if let Some(other) = parts.iter().find(|part| part.ncols() != units) {
            return Err(KindError::new(format!(
                "`spikes_train` has {units} units but `spikes_val` has {}; both are of one population",
                other.ncols()
            )));
        }
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        let mean = ndarray::concatenate(ndarray::Axis(0), &views).expect("equally many columns");
        let about = responses::About {
            stimuli,
            units: unit_names(units),
            regions: Some(vec!["IT".to_owned(); units]),
            subjects: None,
            known: Default::default(),
            true_ceiling: None,
            recording: None,
            lineage: Default::default(),
        };
        Ok(Responses::new(about, mean, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::nodes::data::testing::{Bench, refusal, shared, unwrap};
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::testing::inputs;
    use crate::value::codec;
    use crate::value::decode::Decoder;
    use crate::value::images::IMAGENET;
    use crate::value::split::Part;
    use serde_json::json;

    impl Golden for LoadMajaj {
        fn golden() -> Sample {
            let it = crate::nodes::fixtures::fixture("it_tiny.h5");
            (inputs().file("path", it.clone()), json!({ "path": it }))
        }
    }

    fn tiny() -> String {
        crate::nodes::fixtures::fixture("it_tiny.h5").display().to_string()
    }

    #[test]
    fn the_course_s_layout_loads() {
        let mut bench = Bench::new();
        bench.run::<LoadMajaj>(json!({ "path": tiny() })).unwrap();
        let images = unwrap!(bench.output::<LoadMajaj>("images"), Images);
        assert_eq!((images.len(), images.about.size), (10, (8, 8)));
        assert_eq!(&*images.about.stimuli.get(6).name, "val_0001");
        assert_eq!(images.about.state, IMAGENET);
        let responses = unwrap!(bench.output::<LoadMajaj>("responses"), Responses);
        assert_eq!(responses.mean.dim(), (8, 3));
        assert_eq!(responses.mean[[1, 2]], 0.5);
        assert_eq!(responses.mean[[7, 0]], 0.3, "the second row of val");
        assert_eq!(&*responses.stimuli().get(7).name, "val_0002");
        let labels = unwrap!(bench.output::<LoadMajaj>("labels"), Labels);
        assert_eq!(labels.object[..4], ["object_0", "object_1", "object_2", "object_0"]);
        let split = unwrap!(bench.output::<LoadMajaj>("split"), Split);
        assert_eq!(split.rows(Part::Test), [8, 9]);
        let decoder = Decoder::open(&images, &bench.sources).unwrap();
        let first = decoder.rows(&[0]).unwrap();
        let content = Digest::of(codec::bytes_of(&first)).to_string();
        assert_eq!(images.about.stimuli.get(0).content.as_deref(), Some(&content[..16]));
    }

    #[test]
    fn other_files_are_refused_in_words() {
        let mut bench = Bench::new();
        let types = crate::nodes::fixtures::fixture("types.h5");
        let error = refusal::<LoadMajaj>(&mut bench, json!({ "path": types }));
        assert!(
            error.starts_with("types.h5 lacks stimulus_train, stimulus_val") && error.contains("deep/f16"),
            "{error}"
        );
        let cases = [
            ("rows", "`stimulus_train` has 6 rows but `spikes_train` has 5"),
            ("objects", "`stimulus_val` has 2 rows but `object_val` has 3"),
            ("shape", "`stimulus_test` has the shape [2, 8, 2, 3]"),
            ("units", "`spikes_train` has 3 units but `spikes_val` has 4"),
            ("nan", "`spikes_val` holds NaN in row 1, unit 2"),
            ("range", "pixels of `stimulus_train` run from 0 to 255"),
            ("unit", "pixels of `stimulus_train` run from 0 to 1"),
        ];
        for (name, expected) in cases {
            let path = crate::nodes::fixtures::fixture(&format!("it_bad_{name}.h5"));
            let error = refusal::<LoadMajaj>(&mut bench, json!({ "path": path }));
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn needs_python_a_real_file_loads_where_one_is_at_hand() {
        // Made from a recording that is not ours to ship, by a script beside it.
        let script = shared("make_it_h5.py");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.h5");
        let recording = script.with_file_name("v4-201025");
        let package = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = package.join("../../../target/tools/python/bin/python");
        let made =
            std::process::Command::new(&python).arg(&script).arg(recording).arg(&path).args(["40", "32"]).output();
        let made = made.unwrap_or_else(|e| panic!("{} (.tools/python.sh provides it): {e}", python.display()));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut bench = Bench::new();
        bench.run::<LoadMajaj>(json!({ "path": path })).unwrap();
        let responses = unwrap!(bench.output::<LoadMajaj>("responses"), Responses);
        assert_eq!(responses.mean.dim(), (36, 89));
    }
}
