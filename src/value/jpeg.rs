//! JPEG as libjpeg-turbo decodes it unless told otherwise, and so Pillow, torchvision and OpenCV: the exact integer IDCT (`islow`) and
//! smooth ("fancy") upsampling of colours. MozJPEG is that decoder, and its C code compiles without further tools.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mozjpeg::{Decompress, Format};

/// What decodes, with its version: part of keys, since other versions may round otherwise.
pub const DECODER: &str = "mozjpeg-sys 2.2.3";
/// Pictures have fewer bytes than this.
const LARGEST: usize = 1 << 29;

/// Encoded bytes to RGB, height × width × 3, and (height, width). Grey has three equal channels; inks (CMYK) are taken for inverted, as
/// Adobe writes them, and mixed as Pillow mixes them. A rotation in EXIF is not applied.
pub fn rgb8(bytes: &[u8]) -> Result<(Vec<u8>, (usize, usize)), String> {
    caught(|| {
        let decoder = opened(bytes)?;
        let (width, height) = decoder.size();
        let rgb = match decoder.image().map_err(words)? {
            Format::RGB(mut started) => started.read_scanlines::<u8>().map_err(words)?,
            Format::Gray(mut started) => {
                started.read_scanlines::<u8>().map_err(words)?.into_iter().flat_map(|x| [x; 3]).collect()
            }
            Format::CMYK(mut started) => {
                started.read_scanlines::<[u8; 4]>().map_err(words)?.into_iter().flat_map(mixed).collect()
            }
        };
        if rgb.len() != height * width * 3 {
            return Err("it has fewer rows than it says".to_owned());
        }
        Ok((rgb, (height, width)))
    })
}

/// The height and width that the header tells.
pub fn size(bytes: &[u8]) -> Result<(usize, usize), String> {
    caught(|| opened(bytes).map(|decoder| (decoder.height(), decoder.width())))
}

fn opened(bytes: &[u8]) -> Result<Decompress<&[u8]>, String> {
    let decoder = Decompress::new_mem(bytes).map_err(words)?;
    let (width, height) = decoder.size();
    if width.saturating_mul(height).saturating_mul(4) > LARGEST {
        return Err(format!("it is {width} × {height} pixels large, which is beyond what is decoded"));
    }
    Ok(decoder)
}

/// What libjpeg's fatal errors unwind with: their text.
fn caught<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map_or("it is damaged", |text| text.as_str());
        Err(text.trim_start_matches("libjpeg fatal error: ").to_owned())
    })
}

fn words(error: std::io::Error) -> String {
    error.to_string()
}

/// Red, green and blue out of inverted inks.
fn mixed([cyan, magenta, yellow, light]: [u8; 4]) -> [u8; 3] {
    let light = u32::from(light);
    [cyan, magenta, yellow].map(|ink| {
        // `ink · light / 255`, rounded as Pillow rounds it.
        let product = u32::from(255 - ink) * light + 128;
        light.saturating_sub(((product >> 8) + product) >> 8) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::archive;

    /// Made by `tests/fixtures/make_jpegs.py` with Pillow (libjpeg-turbo 3.1, and 3.2 makes the same).
    #[test]
    fn pixels_are_pillow_s_to_the_bit() {
        let members = archive("jpegs.zip");
        let mut compared = 0;
        for (name, wanted) in members.iter().filter(|(name, _)| name.ends_with(".rgb")) {
            let stem = name.trim_end_matches(".rgb").rsplit_once('.').unwrap().0;
            let (rgb, (height, width)) = rgb8(&members[&format!("{stem}.jpg")]).unwrap();
            assert_eq!(format!("{stem}.{height}x{width}.rgb"), *name);
            assert!(rgb == *wanted, "{stem}");
            compared += 1;
        }
        assert_eq!(compared, members.len() / 2);
    }

    #[test]
    fn what_is_no_jpeg_is_told_in_words() {
        let whole = &archive("jpegs.zip")["grey.jpg"];
        assert_eq!(size(whole), Ok((23, 29)));
        assert!(rgb8(b"no picture").unwrap_err().starts_with("Not a JPEG file"));
        assert!(rgb8(&whole[..20]).is_err());
        let mut large = whole.clone();
        let frame = large.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        large[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
        assert_eq!(rgb8(&large).unwrap_err(), "it is 65500 × 65500 pixels large, which is beyond what is decoded");
    }
}
