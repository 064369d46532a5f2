//! `pixels`: the pictures' own numbers as features, the baseline of every study.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Whole;
use crate::kind::ahead::{self, Ahead, Known};
use crate::kind::{Arity, Input, NodeKind, Output, Threads};
use crate::value::ty::Type;

/// Takes pixels as features.
pub struct Pixels;

/// The parameters of `pixels`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The side of the square to which pictures are resized (bilinear, as Pillow does), in pixels; by default they keep
    /// their size. 32 keeps what a linear readout can use, at a fiftieth of the columns of 224.
    #[serde(default)]
    #[schemars(extend("x-unit" = "pixels"))]
    pub size: Option<Whole<1, 1024>>,
    /// One number a pixel, its luma (.299 red + .587 green + .114 blue), instead of three.
    #[serde(default)]
    pub grey: bool,
}

impl NodeKind for Pixels {
    const NAME: &'static str = "pixels";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Pictures as features: the baseline.\n\n\
        A row is a picture, flattened from channels × height × width. Numbers are RGB in [0, 1]; a source whose pixels \
        were normalised already is turned back, so that features of different sources compare.";
    const EXAMPLE: &'static str =
        "baseline:\n  kind: pixels\n  in: { images: v4.images }\n  with: { size: 32, grey: true }\n";
    type Params = Params;
    const INPUTS: &'static [Input] =
        &[Input { name: "images", types: &[Type::Images], arity: Arity::One, about: "The pictures." }];
    const OUTPUTS: &'static [Output] =
        &[Output { name: "features", ty: Type::Matrix, keyed: None, role: None, about: "Stimuli × pixels." }];
    const THREADS: Threads = Threads::Team;
    const SHOWS_PICTURES: bool = true;

    fn foresee(params: &Params, ahead: &Ahead<'_>) -> Vec<ahead::Output> {
        let Some(images) = ahead.at("images") else { return Vec::new() };
        let size = params.size.map(|side| (side.get(), side.get())).or(images.known.size);
        let channels = if params.grey { 1 } else { 3 };
        let columns = size.map(|(height, width)| channels * height * width);
        vec![ahead::Output::of("features", Known { rows: images.known.rows, columns, ..Known::default() })]
    }
}

#[cfg(feature = "torch")]
mod compute {
    use rayon::prelude::*;

    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::features::pixels::{Params, Pixels};
    use crate::value::decode::Decoder;
    use crate::value::images::PixelState;
    use crate::value::matrix::About;

    impl Compute for Pixels {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let images = run.images("images")?;
            let size = params.size.map_or(images.about.size, |side| (side.get(), side.get()));
            if let Some(squashed) = images.squashed(size) {
                run.note(squashed);
            }
            let decoder = Decoder::open_at(&images, &run.sources, size)?;
            let channels = if params.grey { 1 } else { 3 };
            let about = About {
                stimuli: Some(images.about.stimuli.clone()),
                columns: None,
                row_shape: vec![channels, size.0, size.1],
                lineage: Default::default(),
            };
            let mut sink = run.open_matrix("features", None, &about, images.len(), channels * size.0 * size.1)?;
            let rows: Vec<usize> = (0..images.len()).collect();
            for batch in rows.chunks(64) {
                let pictures: Vec<Result<Vec<f32>, String>> = batch
                    .par_iter()
                    .map(|&row| {
                        let mut pixels = decoder.rows(&[row])?;
                        to_unit(&mut pixels, &images.about.state);
                        Ok(if params.grey { luma(&pixels) } else { pixels })
                    })
                    .collect();
                for picture in pictures {
                    sink.write(&picture?)?;
                }
                run.progress(batch.last().map_or(0, |row| row + 1) as u64, rows.len() as u64, "images");
            }
            sink.finish()
        }
    }

    /// Turns the normalisation of a source back.
    fn to_unit(pixels: &mut [f32], state: &PixelState) {
        let PixelState::Normalised { mean, std } = state else { return };
        let plane = pixels.len() / 3;
        for (channel, plane) in pixels.chunks_exact_mut(plane).enumerate() {
            plane.iter_mut().for_each(|x| *x = *x * std[channel] + mean[channel]);
        }
    }

    /// ITU-R BT.601 luma of planes of red, green and blue.
    fn luma(pixels: &[f32]) -> Vec<f32> {
        let plane = pixels.len() / 3;
        (0..plane).map(|at| 0.299 * pixels[at] + 0.587 * pixels[plane + at] + 0.114 * pixels[2 * plane + at]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::data::load_majaj::LoadMajaj;
    use crate::nodes::data::testing::{Bench, refusal, unwrap};
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::inputs;
    use crate::value::Value;
    use crate::value::images::Images;
    use crate::value::stimuli::{Stimuli, Stimulus};
    use serde_json::json;

    impl Golden for Pixels {
        fn golden() -> Sample {
            (inputs().value("images", &samples::pictures()), json!({ "size": 5, "grey": true }))
        }
    }

    fn pictures() -> Value {
        let list = (0..2).map(|i| Stimulus { source: "x".into(), name: format!("{i}").into(), content: None });
        let pixels = (0..2 * 4 * 4 * 3).map(|i| (i * 2) as u8).collect();
        Value::Images(Images::rendered(Stimuli::new(list.collect()).unwrap(), (4, 4), pixels))
    }

    #[test]
    fn rows_are_pictures_channel_by_channel() {
        let mut bench = Bench::new().input("images", &pictures());
        bench.run::<Pixels>(json!({})).unwrap();
        let matrix = unwrap!(bench.output::<Pixels>("features"), Matrix);
        assert_eq!((matrix.rows(), matrix.columns(), &matrix.about.row_shape[..]), (2, 48, &[3, 4, 4][..]));
        assert_eq!(matrix.view()[[1, 17]], (2 * (48 + 3 + 1)) as f32 / 255.0, "green of the second pixel");
        bench.run::<Pixels>(json!({ "size": 1, "grey": true })).unwrap();
        let matrix = unwrap!(bench.output::<Pixels>("features"), Matrix);
        assert_eq!((matrix.rows(), matrix.columns()), (2, 1));
        // The mean over 16 pixels of values that rise by 6 from 0, 2 and 4: 45, 47 and 49.
        assert!((matrix.view()[[0, 0]] * 255.0 - (0.299 * 45.0 + 0.587 * 47.0 + 0.114 * 49.0)).abs() < 1.0);
        assert!(refusal::<Pixels>(&mut bench, json!({ "size": 0 })).contains("0 is out of range"));
        assert!(bench.notes.is_empty());
    }

    #[test]
    fn proportions_that_are_lost_are_told() {
        let list = vec![Stimulus { source: "x".into(), name: "a".into(), content: None }];
        let wide = Images::rendered(Stimuli::new(list).unwrap(), (2, 4), vec![9; 24]);
        let mut bench = Bench::new().input("images", &Value::Images(wide));
        bench.run::<Pixels>(json!({ "size": 2 })).unwrap();
        let said = "pictures of 4 × 2 pixels are squashed to 2 × 2; `image_size` with `fit: crop` where they are loaded keeps their \
                    proportions";
        assert_eq!(bench.notes, [said]);
    }

    #[test]
    fn normalised_sources_are_turned_back() {
        let mut bench = Bench::new();
        bench.run::<LoadMajaj>(json!({ "path": crate::nodes::fixtures::fixture("it_tiny.h5") })).unwrap();
        let images = bench.output::<LoadMajaj>("images");
        let mut bench = bench.input("images", &images);
        bench.run::<Pixels>(json!({})).unwrap();
        let matrix = unwrap!(bench.output::<Pixels>("features"), Matrix);
        let bytes = matrix.as_slice().iter().map(|x| x * 255.0);
        assert!(bytes.clone().all(|x| (-0.01..255.01).contains(&x) && (x - x.round()).abs() < 1e-3));
    }
}
