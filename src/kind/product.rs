//! What several nodes make of the same values, kept by itself.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::digest::Digest;

/// What an action key is the digest of, part by part: `kind`, `version`, `param.alphas`, `file.weights`,
/// `input.features`. Two ingredient lists that differ say why a node reruns.
pub type Ingredients = BTreeMap<String, Json>;

/// What several nodes make of the same values, such as the Gram matrix of features: an action of its own, so that it is
/// made once, and stands in for an input whose object was dropped (`keep: false`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// No node kind's name.
    pub name: &'static str,
    /// Raised when equal values give other bytes than before; part of every key.
    pub version: u32,
}

impl Product {
    /// What its key is the digest of: the content of the values it is made of, and whatever else decides it.
    pub fn ingredients(self, of: Digest, detail: Option<Digest>) -> Ingredients {
        let mut ingredients = BTreeMap::from([
            ("product".to_owned(), Json::from(self.name)),
            ("version".to_owned(), Json::from(self.version)),
            ("of".to_owned(), Json::from(of.to_string())),
        ]);
        ingredients.extend(detail.map(|detail| ("detail".to_owned(), Json::from(detail.to_string()))));
        ingredients
    }
}
