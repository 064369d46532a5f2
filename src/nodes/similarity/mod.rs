//! Kinds of the domain `similarity`: how alike two representations of the same stimuli are.

pub mod ceiling;
pub mod cka;
pub mod dissimilarity;
pub mod load_rdm;
pub mod on;
#[cfg(test)]
mod oracle;
#[cfg(feature = "torch")]
mod patterns;
#[cfg(feature = "torch")]
mod presentations;
pub mod rsa;
#[cfg(feature = "torch")]
mod scored;
#[cfg(feature = "torch")]
mod sides;
pub mod subjects;
#[cfg(feature = "torch")]
mod tables;
#[cfg(feature = "torch")]
mod whose;

#[cfg(test)]
use crate::nodes::golden::Case;
use crate::nodes::kinds::kinds;

kinds! { "similarity":
    cka::Cka,
    load_rdm::LoadRdm,
    rsa::Rsa,
}
