//! Values as a session sets them: numbers, texts and lists of either.

use serde_json::Value as Json;

/// What a variable or a parameter is set to.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting(pub(super) Json);

impl Setting {
    /// As a recipe or `--set` spells it: JSON, with texts bare where YAML reads them as the same texts.
    pub(super) fn yaml(&self) -> String {
        spelt(&self.0)
    }
}

fn spelt(value: &Json) -> String {
    match value {
        Json::String(text) => {
            let harmless = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '+');
            let reads_same = serde_yaml::from_str::<Json>(text).is_ok_and(|read| read == *value);
            if !text.is_empty() && text.chars().all(harmless) && reads_same { text.clone() } else { value.to_string() }
        }
        Json::Array(items) => format!("[{}]", items.iter().map(spelt).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Numbers and truth values, by the type that JSON has for them.
macro_rules! plain {
    ($($ty:ty),*) => { $(
        impl From<$ty> for Setting {
            fn from(value: $ty) -> Self {
                Self(Json::from(value))
            }
        }
    )* };
}

// A macro, since `impl From<T> for Setting where Json: From<T>` would forbid the lists below.
plain!(bool, i32, i64, u32, u64, usize, f32, f64, &str, String, Json);

impl<T: Into<Setting>> From<Vec<T>> for Setting {
    fn from(values: Vec<T>) -> Self {
        Self(values.into_iter().map(|value| value.into().0).collect())
    }
}

impl<T: Into<Setting>, const N: usize> From<[T; N]> for Setting {
    fn from(values: [T; N]) -> Self {
        Self(values.into_iter().map(|value| value.into().0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Setting;

    #[test]
    fn settings_are_spelt_as_recipes_spell_them() {
        let spelt = |setting: Setting| setting.yaml();
        assert_eq!(spelt(200.into()), "200");
        assert_eq!(spelt(0.25.into()), "0.25");
        assert_eq!(spelt("features.9".into()), "features.9");
        assert_eq!(spelt("1".into()), "\"1\"");
        assert_eq!(spelt("a: b".into()), "\"a: b\"");
        assert_eq!(spelt([4, 8].into()), "[4, 8]");
        assert_eq!(spelt(vec!["features.9", "no"].into()), "[features.9, no]");
    }
}
