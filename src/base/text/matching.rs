//! Names matched with names: which row one list means by what another list calls it.
//!
//! Files write one stimulus as `img_00`, `img_00.png`, `images/img_00.png`, `images\img_00.png` or, where names are numbers, with
//! leading zeros or without. Rules are tried from the strictest on; the first by which a name is found decides for it. Where a rule
//! leaves a choice, it is an error that shows the choice: no name is ever matched by guess.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::text::nearest::nearest;

/// The rule by which a name was found, from the strictest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The very same text.
    Exact,
    /// The same text in Unicode's composed form (NFC), with `\` as `/`, without spaces around it.
    Written,
    /// The same without a file's extension.
    Extension,
    /// The last component of the path alone.
    LastComponent,
    /// Whole numbers alone, whatever zeros lead them.
    Number,
}

impl Rule {
    const ALL: [Self; 5] = [Self::Exact, Self::Written, Self::Extension, Self::LastComponent, Self::Number];

    /// What was left out of account, as a note says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Exact => "as they are written",
            Self::Written => "by the same characters in another encoding (NFC, `\\` as `/`)",
            Self::Extension => "without the extension",
            Self::LastComponent => "by the last component of the path",
            Self::Number => "as numbers, whatever zeros lead them",
        }
    }

    /// Whether two names that come to the same may be the same: folders may be more or fewer, and not others (`cat/1` is not `dog/1`).
    fn allows(self, one: &str, other: &str) -> bool {
        if self < Self::LastComponent {
            return true;
        }
        let folders = |name: &str| -> Vec<String> {
            let written = Self::Written.key(name).unwrap_or_default();
            let parts: Vec<String> = written.split('/').map(str::to_owned).collect();
            parts[..parts.len() - 1].iter().rev().filter(|part| !part.is_empty() && *part != ".").cloned().collect()
        };
        folders(one).iter().zip(&folders(other)).all(|(a, b)| a == b)
    }

    /// What a name comes to under the rule; nothing where the rule is not about it.
    fn key(self, name: &str) -> Option<String> {
        let written = || name.trim().nfc().map(|c| if c == '\\' { '/' } else { c }).collect::<String>();
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        match self {
            Self::Exact => Some(name.to_owned()),
            Self::Written => Some(written()),
            Self::Extension => Some(stem(&written()).to_owned()),
            Self::LastComponent => Some(last(stem(&written()))),
            Self::Number => {
                let digits = last(stem(&written()));
                let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                number.then(|| match digits.trim_start_matches('0') {
                    "" => "0".to_owned(),
                    rest => rest.to_owned(),
                })
            }
        }
    }
}

/// The endings by which a name is known to be a file's. Others may be part of a name: `scene.12`.
const EXTENSIONS: [&str; 24] = [
    "png",
    "jpg",
    "jpeg",
    "jpe",
    "bmp",
    "gif",
    "tif",
    "tiff",
    "webp",
    "npy",
    "npz",
    "mat",
    "h5",
    "hdf5",
    "csv",
    "tsv",
    "txt",
    "pt",
    "pth",
    "safetensors",
    "mp4",
    "avi",
    "wav",
    "nc",
];

/// A name without the extension of a file.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && EXTENSIONS.contains(&ending.to_ascii_lowercase().as_str()) => stem,
        // A whole number that became a real one on its way through a table.
        Some((stem, "0")) if !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => name,
    }
}

/// Names in which others are looked up.
pub struct Index<'a> {
    names: Vec<&'a str>,
    /// By rule and then by what a name comes to under it, the rows of that name.
    rows: [HashMap<String, Vec<usize>>; 5],
}

/// Where each name of a list was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// For each name, the row in the other list.
    pub rows: Vec<usize>,
    /// How many names each rule found.
    pub rules: BTreeMap<Rule, usize>,
}

impl Matched {
    /// What a person should know of how names were found; nothing where all were the same.
    pub fn note(&self, whose: &str) -> Option<String> {
        let loose = self.rules.iter().filter(|(rule, _)| **rule != Rule::Exact);
        let said: Vec<String> = loose.map(|(rule, count)| format!("{count} {}", rule.words())).collect();
        (!said.is_empty())
            .then(|| format!("of the {} names of {whose}, these were matched: {}", self.rows.len(), said.join(", ")))
    }
}

/// Why names do not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// A name that the other list does not have, how many such there are, and the nearest name.
    Unknown { name: String, unknown: usize, of: usize, near: Option<String> },
    /// A name that may mean several.
    Several { name: String, rule: Rule, candidates: Vec<String> },
    /// Two names that come to mean the same.
    Same { names: [String; 2], found: String },
}

impl<'a> Index<'a> {
    /// The names of a list, by row.
    pub fn of(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        let rows = Rule::ALL.map(|rule| {
            let mut rows: HashMap<String, Vec<usize>> = HashMap::with_capacity(names.len());
            for (row, key) in names.iter().enumerate().filter_map(|(row, name)| Some((row, rule.key(name)?))) {
                rows.entry(key).or_default().push(row);
            }
            rows
        });
        Self { names, rows }
    }

    /// The row that a name means, and the rule that says so; `None` where there is none of the name.
    pub fn find(&self, name: &str) -> Result<Option<(usize, Rule)>, Mismatch> {
        for (rule, rows) in Rule::ALL.into_iter().zip(&self.rows) {
            let Some(found) = rule.key(name).and_then(|key| rows.get(&key)) else { continue };
            let able: Vec<usize> = found.iter().copied().filter(|&row| rule.allows(name, self.names[row])).collect();
            return match able[..] {
                [] => continue,
                [row] => Ok(Some((row, rule))),
                _ => Err(Mismatch::Several {
                    name: name.to_owned(),
                    rule,
                    candidates: able.iter().take(4).map(|&row| self.names[row].to_owned()).collect(),
                }),
            };
        }
        Ok(None)
    }

    /// Where each name is found. A name may stand several times; two different names must not come to mean the same.
    pub fn find_all<S: AsRef<str>>(&self, names: &[S]) -> Result<Matched, Mismatch> {
        let mut matched = Matched { rows: Vec::with_capacity(names.len()), rules: BTreeMap::new() };
        let mut by: HashMap<usize, &str> = HashMap::with_capacity(names.len());
        for name in names.iter().map(AsRef::as_ref) {
            let Some((row, rule)) = self.find(name)? else { return Err(self.unknown(name, names)) };
            match by.insert(row, name) {
                Some(other) if other != name => {
                    let names = [other.to_owned(), name.to_owned()];
                    return Err(Mismatch::Same { names, found: self.names[row].to_owned() });
                }
                _ => {}
            }
            matched.rows.push(row);
            *matched.rules.entry(rule).or_default() += 1;
        }
        Ok(matched)
    }

    /// Whether any of the names is found.
    pub fn knows_any<S: AsRef<str>>(&self, names: &[S]) -> bool {
        names.iter().any(|name| !matches!(self.find(name.as_ref()), Ok(None)))
    }

    fn unknown<S: AsRef<str>>(&self, name: &str, names: &[S]) -> Mismatch {
        let unknown = names.iter().filter(|name| matches!(self.find(name.as_ref()), Ok(None))).count();
        // Looked for among the texts that rules compare, so that an extension or a folder is no distance.
        let key = |name: &str| Rule::LastComponent.key(name).unwrap_or_default();
        let keys: Vec<(String, &str)> = self.names.iter().map(|known| (key(known), *known)).collect();
        let near = nearest(&key(name), keys.iter().map(|(key, _)| key.as_str()));
        let near = near.and_then(|near| keys.iter().find(|(key, _)| key == near)).map(|(_, known)| (*known).to_owned());
        Mismatch::Unknown { name: name.to_owned(), unknown, of: names.len(), near }
    }
}

impl Mismatch {
    /// In words: `list` is what names, such as "`ids`"; `known` is what is named, such as "pics"; names are of stimuli.
    pub fn words(&self, list: &str, known: &str) -> String {
        self.words_of("stimulus", list, known)
    }

    /// The same of names of something else: `noun` is one of them, such as "unit".
    pub fn words_of(&self, noun: &str, list: &str, known: &str) -> String {
        match self {
            Self::Unknown { name, unknown, of, near } => {
                let hint = near.as_ref().map(|near| format!("; did you mean `{near}`?{}", difference(name, near)));
                format!(
                    "{list} names `{name}`, which {known} does not have ({unknown} of {of} names are unknown){}",
                    hint.unwrap_or_default()
                )
            }
            Self::Several { name, candidates, .. } if candidates.iter().all(|one| one == name) => {
                format!("{list} names `{name}`, which stands twice in {known}; a name tells one {noun} from all others")
            }
            Self::Several { name, rule, candidates } => {
                let shown: Vec<String> = candidates.iter().map(|name| format!("`{name}`")).collect();
                format!(
                    "{list} names `{name}`, which {} may be {} of {known}; name it as {known} does",
                    rule.words(),
                    shown.join(" or ")
                )
            }
            Self::Same { names: [one, other], found } => format!(
                "{list} names `{one}` and `{other}`, which both mean `{found}` of {known}; one {noun} has one name"
            ),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words("the list", "the other"))
    }
}

/// How two texts differ that look alike: said where their first difference cannot be seen.
fn difference(one: &str, other: &str) -> String {
    let (mut a, mut b) = (one.chars(), other.chars());
    loop {
        let (x, y) = (a.next(), b.next());
        if x == y && x.is_some() {
            continue;
        }
        let unseen = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() || c.is_whitespace() || c.is_control());
        let shown = |c: Option<char>| c.map_or_else(|| "nothing".to_owned(), |c| format!("U+{:04X}", u32::from(c)));
        return if unseen(x) || unseen(y) {
            format!(" (they differ in a character: {} and {})", shown(x), shown(y))
        } else {
            String::new()
        };
    }
}

/// Whether names, sorted as texts, stand in another order than sorted by the numbers in them (`1, 10, 2` for `1, 2, 10`), however
/// they are given; then the beginning of both.
pub fn orders_differ<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<[String; 2]> {
    let mut by_text: Vec<&str> = names.into_iter().collect();
    by_text.sort_unstable();
    let natural = natural(&by_text);
    let shown = |rows: &mut dyn Iterator<Item = &str>| rows.take(4).collect::<Vec<_>>().join(", ");
    (!natural.is_sorted())
        .then(|| [shown(&mut by_text.iter().copied()), shown(&mut natural.iter().map(|&row| by_text[row]))])
}

/// The rows of names in their natural order: by the numbers in them as numbers.
pub fn natural(names: &[&str]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|&a, &b| alphanumeric_sort::compare_str(names[a], names[b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(known: &[&str], names: &[&str]) -> Result<Matched, Mismatch> {
        Index::of(known.iter().copied()).find_all(names)
    }

    #[test]
    fn rules_are_tried_from_the_strictest_on() {
        let known = ["img_00", "sub/img_01", "caf\u{e9}", "00042", "scene.12"];
        for (name, row, rule) in [
            ("img_00", 0, Rule::Exact),
            ("img_00.png", 0, Rule::Extension),
            ("data/img_00.JPG", 0, Rule::LastComponent),
            ("sub\\img_01", 1, Rule::Written),
            ("sub\\img_01.png", 1, Rule::Extension),
            ("img_01", 1, Rule::LastComponent),
            ("cafe\u{301}", 2, Rule::Written),
            (" caf\u{e9} ", 2, Rule::Written),
            ("42", 3, Rule::Number),
            ("0042.png", 3, Rule::Number),
            ("42.0", 3, Rule::Number),
            ("scene.12", 4, Rule::Exact),
        ] {
            let matched = found(&known, &[name]).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(
                (matched.rows[0], matched.rules.keys().copied().collect::<Vec<_>>()),
                (row, vec![rule]),
                "{name}"
            );
        }
        for name in ["scene.13", "scene", "img", "4", "IMG_00", ""] {
            assert!(matches!(found(&known, &[name]), Err(Mismatch::Unknown { .. })), "{name}");
        }
    }

    #[test]
    fn what_may_be_two_is_refused_with_both() {
        let error = found(&["a/img", "b/img"], &["img.png"]).unwrap_err();
        assert_eq!(
            error.words("`ids`", "pics"),
            "`ids` names `img.png`, which by the last component of the path may be `a/img` or `b/img` of pics; name it as pics does"
        );
        let error = found(&["7", "007", "8"], &["07"]).unwrap_err();
        assert!(matches!(error, Mismatch::Several { rule: Rule::Number, .. }), "{error:?}");
        // An exact name is no guess, though a laxer rule would leave a choice.
        assert_eq!(found(&["7", "007", "8"], &["007"]).unwrap().rows, [1]);
        let error = found(&["img"], &["a/img.png", "b/img.png"]).unwrap_err();
        assert!(error.words("`ids`", "pics").contains("`a/img.png` and `b/img.png`, which both mean `img`"), "{error}");
        assert_eq!(found(&["img"], &["img.png", "img.png"]).unwrap().rows, [0, 0]);
    }

    #[test]
    fn unknown_names_are_counted_and_the_nearest_is_shown() {
        let error = found(&["image00", "other"], &["image00", "imagee.png", "zzz"]).unwrap_err();
        assert_eq!(
            error.words("`ids`", "pics"),
            "`ids` names `imagee.png`, which pics does not have (2 of 3 names are unknown); did you mean `image00`?"
        );
        // A Cyrillic letter that looks like a Latin one.
        let error = found(&["cat"], &["c\u{430}t"]).unwrap_err().words("`ids`", "pics");
        assert!(error.ends_with("did you mean `cat`? (they differ in a character: U+0430 and U+0061)"), "{error}");
    }

    #[test]
    fn loose_rules_are_said() {
        let matched = found(&["a", "b"], &["a", "b.png"]).unwrap();
        assert_eq!(
            matched.note("`ids`").unwrap(),
            "of the 2 names of `ids`, these were matched: 1 without the extension"
        );
        assert_eq!(found(&["a"], &["a"]).unwrap().note("`ids`"), None);
    }

    #[test]
    fn orders_by_text_and_by_number_are_compared() {
        assert_eq!(orders_differ(["1", "10", "2"]), Some(["1, 10, 2".to_owned(), "1, 2, 10".to_owned()]));
        assert_eq!(orders_differ(["01", "02", "10"]), None);
        assert_eq!(orders_differ(["image0001", "image0002"]), None);
        assert_eq!(
            orders_differ(["pic1", "pic10", "pic9"]).map(|both| both[1].clone()),
            Some("pic1, pic9, pic10".to_owned())
        );
        let shuffled =
            orders_differ(["2", "1", "10"]).expect("whoever gives names in an order of their own may mean either");
        assert_eq!(shuffled, ["1, 10, 2", "1, 2, 10"]);
    }

    #[test]
    fn other_folders_are_other_names() {
        let index = Index::of(["cat/1.png", "dog/2.png", "set/birds/3.png"]);
        assert_eq!(index.find("dog/1"), Ok(None));
        assert_eq!(index.find("cat/02"), Ok(None));
        assert_eq!(index.find("photos/cat/1.jpg"), Ok(Some((0, Rule::LastComponent))));
        assert_eq!(index.find("birds/3"), Ok(Some((2, Rule::LastComponent))));
        let index = Index::of(["cat/1", "dog/1"]);
        assert_eq!(index.find("x/dog/1.png"), Ok(Some((1, Rule::LastComponent))));
        assert!(index.find("1").is_err());
    }
}
