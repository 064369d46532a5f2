//! `synthetic_it`: rendered objects and simulated IT units, for a first look and for tests with a known truth.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Whole;
use crate::kind::ahead::{self, Ahead, Known, Parts};
use crate::kind::{Input, NodeKind, Output, ParamProblem, Threads};
use crate::value::ty::Type;

/// Makes a data set that needs no download.
pub struct SyntheticIt;

/// The parameters of `synthetic_it`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// How many pictures; the 64 objects take turns.
    #[serde(default = "images")]
    pub images: Whole<16, 20_000>,
    /// The side of a picture.
    #[serde(default = "size")]
    #[schemars(extend("x-unit" = "pixels"))]
    pub size: Whole<16, 256>,
    /// How many units.
    #[serde(default = "units")]
    pub units: Whole<1, 2_000>,
    /// How often each unit sees each picture.
    #[serde(default = "repeats")]
    pub repeats: Whole<1, 100>,
    /// How many subjects the units are of: the first part of the units is of `subject 1`, and so on, in parts as equal as can be. Names
    /// alone: the units are the same. Unless given, none is named.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub subjects: Option<Whole<1, 100>>,
    /// The regions into which units are dealt in turn, `IT` unless given. Names alone, too.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub regions: Option<Vec<String>>,
    /// What the scenes, the units' tuning, the spikes and the split depend on; the 64 objects look alike under all.
    #[serde(default)]
    pub seed: u64,
}

fn images() -> Whole<16, 20_000> {
    Whole::new(640)
}

fn size() -> Whole<16, 256> {
    Whole::new(64)
}

fn units() -> Whole<1, 2_000> {
    Whole::new(96)
}

fn repeats() -> Whole<1, 100> {
    Whole::new(10)
}

impl NodeKind for SyntheticIt {
    const NAME: &'static str = "synthetic_it";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Rendered objects and simulated IT units: nothing to download, and the truth is known.\n\n\
        64 objects in the 8 categories of Majaj and colleagues (animals, boats, cars, chairs, faces, fruits, planes, \
        tables) at varied place, size and angle on 1/f noise. Units pool contrast energy over scale, orientation, colour \
        and place, multiply such sums, and like some categories; their spikes in 100 ms are Poisson. Each unit's true \
        ceiling, the share of the variance of its mean over repeats that is no noise, lies in the responses (median .70). \
        82 % train, 9 % val, 9 % test, every object in its share; test responses have a port of their own.";
    const EXAMPLE: &'static str = "it:\n  kind: synthetic_it\n  with: { images: 640, size: 64, units: 96 }\n";
    type Params = Params;
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "images",
            ty: Type::Images,
            keyed: None,
            role: None,
            about: "The pictures, which the value itself holds.",
        },
        Output {
            name: "responses",
            ty: Type::Responses,
            keyed: None,
            role: None,
            about: "Spike counts in 100 ms to the pictures of train and val, with repeats and true ceilings.",
        },
        Output {
            name: "labels",
            ty: Type::Labels,
            keyed: None,
            role: None,
            about: "Object and category of each picture.",
        },
        Output { name: "split", ty: Type::Split, keyed: None, role: None, about: "82 % train, 9 % val, 9 % test." },
        Output {
            name: "test_responses",
            ty: Type::Responses,
            keyed: None,
            role: None,
            about: "Spike counts to the pictures of test.",
        },
    ];
    const THREADS: Threads = Threads::Team;

    fn foresee(params: &Params, _: &Ahead<'_>) -> Vec<ahead::Output> {
        let (rows, side) = (Some(params.images.get()), params.size.get());
        let images = Known { rows, size: Some((side, side)), ..Known::default() };
        let of_parts = |val, test| Known { parts: Some(Parts::HeldOut { val, test }), ..Known::default() };
        let split = Known { rows, parts: Some(Parts::HeldOut { val: true, test: true }), ..Known::default() };
        vec![
            ahead::Output::of("images", images),
            ahead::Output::of("labels", Known { rows, ..Known::default() }),
            ahead::Output::of("split", split),
            // Those to test stand at a port of their own.
            ahead::Output::of("responses", of_parts(true, false)),
            ahead::Output::of("test_responses", of_parts(false, true)),
        ]
    }

    fn check(params: &Params) -> Result<(), ParamProblem> {
        let units = params.units.get();
        if let Some(subjects) = params.subjects.map(Whole::get).filter(|subjects| *subjects > units) {
            return Err(ParamProblem::at(
                "subjects",
                format!("{subjects} subjects are more than {units} units; each has one"),
            ));
        }
        let Some(regions) = &params.regions else { return Ok(()) };
        if regions.is_empty() || regions.len() > units {
            let problem =
                format!("{} regions for {units} units; there is one at least, and each has a unit", regions.len());
            return Err(ParamProblem::at("regions", problem));
        }
        let twice = (1..regions.len()).find(|&at| regions[..at].contains(&regions[at]));
        match twice.or(regions.iter().position(|region| region.trim().is_empty())) {
            Some(at) => Err(ParamProblem::at(format!("regions[{at}]"), "a region has a name of its own")),
            None => Ok(()),
        }
    }
}

#[cfg(feature = "torch")]
pub(super) mod compute {
    use rayon::prelude::*;

    use crate::bounds::Whole;
    use crate::digest::Digest;
    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::data::hold_out::hold_out;
    use crate::nodes::data::rows::unit_names;
    use crate::nodes::data::synthetic;
    use crate::nodes::data::synthetic_it::{Params, SyntheticIt};
    use crate::value::images::Images;
    use crate::value::labels::Labels;
    use crate::value::responses::Responses;
    use crate::value::split::{Assignment, Part};
    use crate::value::stimuli::{Stimuli, Stimulus};
    use crate::value::{Value, responses, split};

    /// The shares of test and val in the course's file.
    const HELD_OUT: (f64, f64) = (0.09, 0.09);

    impl Compute for SyntheticIt {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let made = make(&params, run)?;
            let (known, test) = (made.responses(&made.known()), made.responses(&made.split.rows(Part::Test)));
            made.emit(known, run)?;
            run.emit("test_responses", Value::Responses(test))
        }
    }

    /// The data of the default parameters under the ports of the course's file, which holds no responses to test pictures.
    pub fn embedded(run: &mut Run<'_>) -> Result<(), KindError> {
        let params = serde_json::from_value(serde_json::json!({})).expect("every parameter has a default");
        let made = make(&params, run)?;
        let known = made.responses(&made.known());
        made.emit(known, run)
    }

    /// Everything that is drawn.
    struct Drawn {
        images: Images,
        labels: Labels,
        split: split::Split,
        /// Stimuli × units × repeats.
        counts: ndarray::Array3<f32>,
        /// Per unit.
        ceilings: Vec<f64>,
        regions: Vec<String>,
        subjects: Option<Vec<String>>,
    }

    fn make(params: &Params, run: &mut Run<'_>) -> Result<Drawn, KindError> {
        let (count, side, seed) = (params.images.get(), params.size.get(), params.seed);
        let objects: Vec<usize> = (0..count).map(|at| at % synthetic::OBJECTS).collect();
        let pictures: Vec<Vec<u8>> =
            objects.par_iter().enumerate().map(|(at, &object)| synthetic::render(seed, at, object, side)).collect();
        let list = pictures.iter().enumerate().map(|(at, picture)| Stimulus {
            source: format!("synthetic_it:{seed}").into(),
            name: format!("image_{:04}", at + 1).into(),
            content: Some(Digest::of(picture).to_string()[..16].into()),
        });
        let stimuli = Stimuli::new(list.collect())?;
        let pixels = pictures.concat();
        run.progress(1, 2, "steps");

        let population = synthetic::respond(seed, &pixels, side, &objects, params.units.get(), params.repeats.get());
        let object: Vec<String> = objects.iter().map(|&object| synthetic::object_name(object)).collect();
        let category = objects.iter().map(|&object| synthetic::category_name(object).to_owned()).collect();
        let assignment = hold_out(&stimuli, &object, HELD_OUT, seed)?;
        let split = split::Split { stimuli: stimuli.clone(), assignment: Assignment::Parts(assignment) };
        let shape = (count, params.units.get(), params.repeats.get());
        let counts = ndarray::Array3::from_shape_vec(shape, population.counts).expect("stimuli × units × repeats");
        let images = Images::rendered(stimuli.clone(), (side, side), pixels);
        let labels = Labels { stimuli, object, category: Some(category) };
        let (regions, subjects) = named(params);
        Ok(Drawn { images, labels, split, counts, ceilings: population.ceilings, regions, subjects })
    }

    /// The region and the subject of each unit. Regions take turns and subjects follow one another, so that each subject has units of
    /// every region.
    fn named(params: &Params) -> (Vec<String>, Option<Vec<String>>) {
        let units = params.units.get();
        let regions = params.regions.clone().unwrap_or_else(|| vec!["IT".to_owned()]);
        let regions = (0..units).map(|unit| regions[unit % regions.len()].clone()).collect();
        let subjects = params.subjects.map(Whole::get);
        (regions, subjects.map(|n| (0..units).map(|unit| format!("subject {}", unit * n / units + 1)).collect()))
    }

    impl Drawn {
        /// The rows of train and val, ascending.
        fn known(&self) -> Vec<usize> {
            let mut known = [Part::Train, Part::Val].map(|part| self.split.rows(part)).concat();
            known.sort_unstable();
            known
        }

        /// Responses to some pictures.
        fn responses(&self, rows: &[usize]) -> Responses {
            let (_, units, repeats) = self.counts.dim();
            let about = responses::About {
                stimuli: self.split.stimuli.select(rows),
                units: unit_names(units),
                regions: Some(self.regions.clone()),
                subjects: self.subjects.clone(),
                known: Default::default(),
                true_ceiling: Some(self.ceilings.clone()),
                recording: None,
                lineage: Default::default(),
            };
            let counts = self.counts.select(ndarray::Axis(0), rows);
            let mean = counts.mean_axis(ndarray::Axis(2)).expect("at least one repeat");
            Responses::new(about, mean, (repeats > 1).then_some(counts))
        }

        /// Stores what the course's file has, too.
        fn emit(self, responses: Responses, run: &mut Run<'_>) -> Result<(), KindError> {
            run.emit("images", Value::Images(self.images))?;
            run.emit("responses", Value::Responses(responses))?;
            run.emit("labels", Value::Labels(self.labels))?;
            run.emit("split", Value::Split(self.split))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::data::testing::{Bench, refusal, unwrap};
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::testing::inputs;
    use crate::value::split::Part;
    use ndarray::{Array2, Axis};
    use serde_json::json;
    use std::collections::BTreeSet;
    use tch::{Kind, Tensor};

    impl Golden for SyntheticIt {
        fn golden() -> Sample {
            (inputs(), json!({ "images": 64, "size": 16, "units": 4, "repeats": 2, "seed": 5 }))
        }
    }

    #[test]
    fn every_port_carries_what_it_says() {
        let mut bench = Bench::new();
        let params = json!({ "images": 128, "size": 16, "units": 7, "repeats": 3, "seed": 5 });
        bench.run::<SyntheticIt>(params.clone()).unwrap();
        let images = unwrap!(bench.output::<SyntheticIt>("images"), Images);
        assert_eq!((images.len(), images.about.size), (128, (16, 16)));
        let labels = unwrap!(bench.output::<SyntheticIt>("labels"), Labels);
        assert_eq!(labels.object.iter().collect::<BTreeSet<_>>().len(), 64);
        assert_eq!(labels.category.unwrap().iter().collect::<BTreeSet<_>>().len(), 8);
        let split = unwrap!(bench.output::<SyntheticIt>("split"), Split);
        let sizes = [Part::Train, Part::Val, Part::Test].map(|part| split.rows(part).len());
        assert_eq!(sizes, [104, 12, 12]);
        let responses = unwrap!(bench.output::<SyntheticIt>("responses"), Responses);
        let test = unwrap!(bench.output::<SyntheticIt>("test_responses"), Responses);
        assert_eq!((responses.mean.dim(), test.mean.dim()), ((116, 7), (12, 7)));
        assert_eq!(*test.stimuli(), split.stimuli.select(&split.rows(Part::Test)));
        let repeats = test.repeats.as_ref().unwrap();
        assert_eq!(repeats.dim(), (12, 7, 3));
        assert!((repeats.sum_axis(Axis(2)) / 3.0 - &test.mean).iter().all(|x| x.abs() < 1e-5));
        assert_eq!(test.about.true_ceiling, responses.about.true_ceiling);

        let mut again = Bench::new();
        again.run::<SyntheticIt>(params).unwrap();
        for output in SyntheticIt::OUTPUTS {
            assert!(bench.bytes(output.name) == again.bytes(output.name), "{} differs", output.name);
        }
        assert!(refusal::<SyntheticIt>(&mut bench, json!({ "size": 8 })).contains("it runs from 16 to 256"));
    }

    #[test]
    fn units_are_named_after_regions_and_subjects_and_are_the_same() {
        let made = |more: serde_json::Value| {
            let mut params = json!({ "images": 16, "size": 16, "units": 5, "repeats": 2, "seed": 5 });
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let mut bench = Bench::new();
            bench.run::<SyntheticIt>(params).map(|()| unwrap!(bench.output::<SyntheticIt>("responses"), Responses))
        };
        let plain = made(json!({})).unwrap();
        assert_eq!((plain.about.regions.clone(), plain.about.subjects.clone()), (Some(vec!["IT".to_owned(); 5]), None));
        let named = made(json!({ "subjects": 2, "regions": ["V4", "IT"] })).unwrap();
        assert_eq!((&named.mean, &named.repeats), (&plain.mean, &plain.repeats));
        assert_eq!(named.about.regions.unwrap(), ["V4", "IT", "V4", "IT", "V4"]);
        assert_eq!(named.about.subjects.unwrap(), ["subject 1", "subject 1", "subject 1", "subject 2", "subject 2"]);
        let refused = |more| made(more).unwrap_err().message;
        assert_eq!(refused(json!({ "subjects": 6 })), "6 subjects are more than 5 units; each has one");
        assert_eq!(refused(json!({ "regions": ["V4", "V4"] })), "a region has a name of its own");
        assert!(refused(json!({ "regions": [] })).starts_with("0 regions for 5 units"));
    }

    /// The share of the explainable variance that a ridge explains in 48 pictures it has not seen, with the best of all
    /// penalties for each unit: the dual solution K(K + αI)⁻¹y.
    fn explained(features: &Tensor, responses: &Array2<f32>, ceilings: &[f64]) -> f64 {
        let (rows, units) = (responses.nrows() as i64, responses.ncols() as i64);
        let fitted = rows - 48;
        let x = features - features.narrow(0, 0, fitted).mean_dim(0, true, Kind::Float);
        let y = Tensor::from_slice(responses.as_slice().unwrap()).view([rows, units]);
        let y = &y - y.narrow(0, 0, fitted).mean_dim(0, true, Kind::Float);
        let gram = x.matmul(&x.narrow(0, 0, fitted).tr());
        let scale = gram.narrow(0, 0, fitted).trace().double_value(&[]) / fitted as f64;
        let truth = y.narrow(0, fitted, 48);
        let scores: Vec<Tensor> = (-4..6)
            .map(|power| {
                let penalty = Tensor::eye(fitted, (Kind::Float, tch::Device::Cpu)) * (scale * 10_f64.powi(power));
                let (weights, _) = Tensor::linalg_solve_ex(
                    &(gram.narrow(0, 0, fitted) + penalty),
                    &y.narrow(0, 0, fitted),
                    true,
                    false,
                );
                let left = &truth - gram.narrow(0, fitted, 48).matmul(&weights);
                1.0 - left.var_dim(0, true, false) / truth.var_dim(0, true, false)
            })
            .collect();
        let best = Tensor::stack(&scores, 0).amax([0_i64], false);
        let shares = (0..units).filter(|&unit| ceilings[unit as usize] > 0.5);
        let shares: Vec<f64> = shares.map(|unit| best.double_value(&[unit]) / ceilings[unit as usize]).collect();
        shares.iter().sum::<f64>() / shares.len() as f64
    }

    #[test]
    fn pixels_explain_little_and_random_features_more() {
        let mut bench = Bench::new();
        bench.run::<SyntheticIt>(json!({ "images": 256, "size": 32, "units": 24 })).unwrap();
        let images = unwrap!(bench.output::<SyntheticIt>("images"), Images);
        let responses = unwrap!(bench.output::<SyntheticIt>("responses"), Responses);
        let rows = responses.stimuli().align(&images.about.stimuli, "responses", "images").unwrap();
        let decoder = crate::value::decode::Decoder::open(&images, &bench.sources).unwrap();
        let pixels = Tensor::from_slice(&decoder.rows(&rows).unwrap()).view([-1, 3, 32, 32]);
        let ceilings = responses.about.true_ceiling.clone().unwrap();
        let of_pixels = explained(&pixels.flatten(1, -1), &responses.mean, &ceilings);

        tch::manual_seed(0);
        let mut features = (pixels - 0.45) / 0.23;
        for (from, to) in [(3, 64), (64, 128), (128, 128)] {
            let weights =
                Tensor::randn([to, from, 3, 3], (Kind::Float, tch::Device::Cpu)) * (2.0 / (9.0 * from as f64)).sqrt();
            let none: Option<Tensor> = None;
            features = features.conv2d(&weights, none, [1, 1], [1, 1], [1, 1], 1).relu();
            features = features.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false);
        }
        let of_features = explained(&features.flatten(1, -1), &responses.mean, &ceilings);
        println!("of the explainable variance, pixels explain {of_pixels:.3}, random features {of_features:.3}");
        assert!(of_pixels < 0.15, "{of_pixels}");
        assert!(of_features > of_pixels + 0.08, "{of_features} {of_pixels}");
    }
}
