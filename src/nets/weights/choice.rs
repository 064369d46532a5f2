//! Where in a checkpoint a network's tensors stand: under which key and what prefix; and which is taken where several do.
//!
//! 1. The state dict that the file is about (`state_dict`, `model`, …), without what wrappers put in front of every name,
//!    where it is this network and nothing else.
//! 2. Else every prefix, in every state dict, under which all needed tensors stand with their shapes. Equal numbers count
//!    once.
//! 3. Of several, what `PREFERRED` says, and raw weights before averaged ones.
//! 4. Of several still, none: an error lists them.
//!
//! What is taken never depends on which layers are asked for: what would be preferred, but lacks tensors, is an error.

use std::collections::{BTreeMap, BTreeSet};

use crate::formats::checkpoint::{Checkpoint, Group, Stored, plain_name};
use crate::nets::weights::{Differences, Wanted, some};

/// Of two networks whose keys and prefixes differ in one word, the one that is taken, the other, and what the first is.
const PREFERRED: [(&str, &str, &str); 2] =
    [("encoder_q", "encoder_k", "MoCo's query encoder"), ("teacher", "student", "DINO's teacher")];
/// What wrappers put into keys and prefixes, which tells no network from another.
const WRAPPERS: [&str; 2] = ["module", "_orig_mod"];
/// Words within keys and prefixes of averaged weights.
const AVERAGED: [&str; 3] = ["ema", "swa", "averaged"];
/// Names with more dots are not looked into further.
const MOST_DOTS: usize = 16;
/// More networks than any file has.
const MOST_PLACES: usize = 100;
/// What is asked where tensors speak of another network.
const ANOTHER: &str = "; are these weights of another architecture?";
/// How many places an error names.
const SHOWN: usize = 8;

/// What in a file a recipe asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    pub prefix: Option<&'a str>,
    pub key: Option<&'a str>,
}

/// Where tensors stand.
#[derive(Clone)]
pub struct Place<'a> {
    group: Group<'a>,
    prefix: String,
}

/// The place that is taken.
pub struct Chosen<'a> {
    pub place: Place<'a>,
    pub notes: Vec<String>,
}

/// A place where some of the needed tensors stand, and what differs there.
struct Partial<'a> {
    place: Place<'a>,
    /// How many of the needed names stand there.
    count: usize,
}

/// Chooses the place that the wanted tensors are taken from. The problem reads on from the file's name and a colon.
pub fn choose<'a>(file: &'a Checkpoint, asked: Asked<'_>, wanted: &Wanted<'_>) -> Result<Chosen<'a>, String> {
    let groups = of_key(file, asked.key)?;
    let first = groups[0];
    let main = Place { group: first, prefix: first.front().to_owned() };
    let is_main = asked.prefix.is_none() && (first.is_main() || asked.key.is_some());
    let differences = is_main.then(|| main.compare(wanted));
    if differences.as_ref().is_some_and(Differences::is_none) {
        return Ok(as_ever(file, main, &groups, wanted));
    }
    let Search { mut fitting, mut partial } = Search::new(&groups, wanted);
    if let Some(prefix) = asked.prefix {
        let prefix = plain_name(prefix);
        let exact = fitting.iter().chain(partial.iter().map(|one| &one.place)).any(|place| place.prefix == prefix);
        let is_meant = |place: &Place<'_>| {
            let rest = place.prefix.strip_suffix(&prefix);
            if exact || prefix.is_empty() {
                place.prefix == prefix
            } else {
                rest.is_some_and(|rest| rest.ends_with('.'))
            }
        };
        fitting.retain(is_meant);
        partial.retain(|one| is_meant(&one.place));
        if fitting.is_empty() && partial.is_empty() {
            return Err(no_such_prefix(&prefix, &groups));
        }
    }
    if fitting.is_empty() {
        return Err(misfit(file, wanted, &groups, partial, differences.map(|differences| (main, differences))));
    }
    if fitting.len() > MOST_PLACES {
        return Err(format!(
            "it holds {} networks with all tensors that the layers need; `prefix` and `key` say which is meant",
            fitting.len()
        ));
    }
    let strict = differences.filter(|differences| differences.unknown.is_empty()).map(|_| main);
    one_of(file, fitting, &partial, strict, wanted)
}

/// The state dicts under a key, or all.
fn of_key<'a>(file: &'a Checkpoint, key: Option<&str>) -> Result<Vec<Group<'a>>, String> {
    let mut groups: Vec<Group<'a>> = file.groups().collect();
    if let Some(key) = key {
        let within = format!("{key}.");
        let keys: Vec<String> = groups
            .iter()
            .map(|group| group.key())
            .filter(|key| !key.is_empty())
            .map(|key| format!("`{key}`"))
            .collect();
        groups.retain(|group| group.key() == key || group.key().starts_with(&within));
        groups.sort_by_key(|group| group.key() != key);
        if groups.is_empty() {
            let there = if keys.is_empty() {
                "its tensors stand at its top, without a key".to_owned()
            } else {
                format!("tensors stand under {}", some(&keys))
            };
            return Err(format!("has no tensors under key `{key}`; {there}"));
        }
    }
    if let Some(problem) = groups[0].problem().filter(|_| key.is_some() || groups.len() == 1) {
        return Err(format!("it {problem}"));
    }
    Ok(groups)
}

/// What is taken by the first rule, and what else there is.
fn as_ever<'a>(file: &Checkpoint, main: Place<'a>, groups: &[Group<'a>], wanted: &Wanted<'_>) -> Chosen<'a> {
    let mut notes = Vec::new();
    if !main.prefix.is_empty() {
        notes.push(format!("{}: tensors are taken from under `{}`", file.read(), main.prefix));
    }
    if groups.len() > 1 {
        let others = Search::new(&groups[1..], wanted).fitting;
        let others: Vec<&Place<'_>> = others.iter().filter(|other| !main.is_same(other, wanted)).collect();
        if let Some(other) = others.first() {
            let averaged = if other.is_averaged() { ", averaged weights," } else { "" };
            let shown: Vec<String> = others.iter().map(|place| place.text()).collect();
            notes.push(format!(
                "{}: the weights of {} are taken; those of {}{averaged} differ and would fit too: `{}` takes them",
                file.read(),
                main.text(),
                some(&shown),
                other.written(file)
            ));
        }
    }
    Chosen { place: main, notes }
}

/// Every place in some state dicts where needed tensors stand.
struct Search<'a> {
    /// Where all do.
    fitting: Vec<Place<'a>>,
    /// Where not all do, or what speaks of another architecture stands too.
    partial: Vec<Partial<'a>>,
}

impl<'a> Search<'a> {
    fn new(groups: &[Group<'a>], wanted: &Wanted<'_>) -> Self {
        let mut search = Self { fitting: Vec::new(), partial: Vec::new() };
        let needed: BTreeSet<String> =
            wanted.names().flat_map(|(name, former)| std::iter::once(name.to_owned()).chain(former)).collect();
        for &group in groups {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for name in group.names() {
                let dots = name.match_indices('.').map(|(at, _)| at + 1).take(MOST_DOTS);
                for at in std::iter::once(0).chain(dots) {
                    if needed.contains(&name[at..]) {
                        *counts.entry(&name[..at]).or_default() += 1;
                    }
                }
            }
            for (prefix, count) in counts {
                let place = Place { group, prefix: prefix.to_owned() };
                let fits = count >= wanted.count() && {
                    let differences = place.compare(wanted);
                    differences.fits() && place.foreign(&differences, wanted).is_empty()
                };
                if fits {
                    search.fitting.push(place);
                } else {
                    search.partial.push(Partial { place, count });
                }
            }
        }
        search
    }
}

/// The one of some places that is taken, by preference where they differ.
fn one_of<'a>(
    file: &Checkpoint,
    fitting: Vec<Place<'a>>,
    partial: &[Partial<'a>],
    strict: Option<Place<'a>>,
    wanted: &Wanted<'_>,
) -> Result<Chosen<'a>, String> {
    let mut classes: Vec<Vec<Place<'a>>> = Vec::new();
    for place in fitting {
        match classes.iter_mut().find(|class| class[0].is_same(&place, wanted)) {
            Some(class) => class.push(place),
            None => classes.push(vec![place]),
        }
    }
    for class in &mut classes {
        class.sort_by_key(|place| (place.group.key().len() + place.prefix.len(), place.prefix.clone()));
    }
    let before = |a: &[Place<'_>], b: &[Place<'_>]| {
        a.iter().flat_map(|a| b.iter().map(move |b| (a, b))).find_map(|(a, b)| a.before(b))
    };
    let kept: Vec<usize> = (0..classes.len())
        .filter(|&at| !(0..classes.len()).any(|other| other != at && before(&classes[other], &classes[at]).is_some()))
        .collect();
    let &[taken] = kept.as_slice() else {
        return Err(several(file, &classes, wanted));
    };
    let class = &classes[taken];
    let place = class[0].clone();
    let preferred = partial.iter().find(|one| class.iter().any(|place| one.place.surely_before(place)));
    let preferred = preferred.map(|one| (&one.place, one.count));
    let strict = strict.as_ref().map(|main| (main, main.count(wanted))).filter(|(_, count)| *count > 0);
    if let Some((other, count)) = preferred.or(strict).filter(|(other, _)| !class.iter().any(|place| place.is(other))) {
        return Err(format!(
            "all {} tensors that the layers of {} need stand under {}, but it is {} that would be taken, which has {count} of \
             them; `{}` takes the first",
            wanted.count(),
            wanted.architecture.name,
            place.text(),
            other.text(),
            place.written(file)
        ));
    }
    let mut note = format!("{}: tensors are taken from under {}", file.read(), place.text());
    if class.len() > 1 {
        let others: Vec<String> = class[1..].iter().map(Place::text).collect();
        note += &format!("; under {} stand the same", some(&others));
    }
    let others: Vec<&Vec<Place<'_>>> =
        classes.iter().enumerate().filter(|(at, _)| *at != taken).map(|(_, class)| class).collect();
    if let Some(other) = others.first() {
        let what = before(class, other).unwrap_or("raw weights");
        let shown: Vec<String> = others.iter().map(|class| class[0].text()).collect();
        note += &format!(
            ", {what}, and not from under {}: `{}` takes them from there",
            some(&shown),
            other[0].written(file)
        );
    }
    let mut notes = vec![note];
    let unknown = place.compare(wanted).unknown;
    if !unknown.is_empty() {
        notes.push(format!(
            "{}: {} tensors beside them are none of {}'s and play no part: {}",
            file.read(),
            unknown.len(),
            wanted.architecture.name,
            some(&unknown)
        ));
    }
    Ok(Chosen { place, notes })
}

/// That several places fit, and how one is named.
fn several(file: &Checkpoint, classes: &[Vec<Place<'_>>], wanted: &Wanted<'_>) -> String {
    let shown: Vec<String> = classes.iter().map(|class| class[0].text()).take(SHOWN).collect();
    let more = if classes.len() > SHOWN { format!(" and {} more", classes.len() - SHOWN) } else { String::new() };
    let (last, others) = shown.split_last().expect("there are several");
    let listed = if more.is_empty() { format!("{} and {last}", others.join(", ")) } else { shown.join(", ") + &more };
    format!(
        "it holds {} networks with all tensors that the layers of {} need, and their numbers differ: under {listed}; say which \
         with `{}`",
        classes.len(),
        wanted.architecture.name,
        classes[0][0].written(file)
    )
}

/// That no place fits, and what differs at the nearest one.
fn misfit<'a>(
    file: &Checkpoint,
    wanted: &Wanted<'_>,
    groups: &[Group<'a>],
    partial: Vec<Partial<'a>>,
    main: Option<(Place<'a>, Differences)>,
) -> String {
    let keys: Vec<String> = groups.iter().map(|group| format!("`{}`", group.key())).collect();
    let keys = if keys.len() > 1 { format!(" (tensors stand under the keys {})", some(&keys)) } else { String::new() };
    // The first of the nearest: of equal ones, the main state dict's.
    let best = partial.into_iter().rev().max_by_key(|one| one.count);
    if let Some(Partial { place, count }) = best.filter(|best| 2 * best.count >= wanted.count()) {
        let mut differences = place.compare(wanted);
        if let Some(problem) = differences.whole_numbers().filter(|_| differences.absent.is_empty()) {
            return problem;
        }
        differences.unknown = place.foreign(&differences, wanted);
        let question =
            if differences.unknown.is_empty() { "; layers that need none of these can be asked for" } else { ANOTHER };
        return format!(
            "under {} stand {} of the {} tensors that the layers of {} need, but {}{question}{keys}",
            place.text(),
            count.min(wanted.count()),
            wanted.count(),
            wanted.architecture.name,
            differences.text()
        );
    }
    let (_, differences) = main.unwrap_or_else(|| {
        let main = Place { group: groups[0], prefix: groups[0].front().to_owned() };
        let differences = main.compare(wanted);
        (main, differences)
    });
    let problem = groups[0].problem().map(|problem| format!(" ({} {problem})", file.read())).unwrap_or_default();
    format!("{}{keys}{problem}", wanted.another(&differences))
}

fn no_such_prefix(prefix: &str, groups: &[Group<'_>]) -> String {
    let first = |name: &str| name.split_inclusive('.').next().unwrap_or_default().to_owned();
    let starts: BTreeSet<String> = groups.iter().flat_map(Group::names).map(first).collect();
    let starts: Vec<String> = starts.into_iter().map(|start| format!("`{start}`")).collect();
    format!("no needed tensor stands under prefix `{prefix}`; names in it begin with {}", some(&starts))
}

impl<'a> Place<'a> {
    /// A tensor by the network's own name for it.
    pub fn get(&self, name: &str) -> Option<Stored<'a>> {
        self.group.get(&format!("{}{name}", self.prefix))
    }

    fn compare(&self, wanted: &Wanted<'_>) -> Differences {
        let names = self.group.under(&self.prefix).map(|name| &name[self.prefix.len()..]);
        wanted.compare(names, |name| self.get(name))
    }

    fn foreign(&self, differences: &Differences, wanted: &Wanted<'_>) -> Vec<String> {
        wanted.foreign(&differences.unknown, |name| self.get(name).is_some())
    }

    /// How many needed tensors stand here.
    fn count(&self, wanted: &Wanted<'_>) -> usize {
        wanted.names().filter(|(name, _)| wanted.find(name, |name| self.get(name)).is_some()).count()
    }

    fn is(&self, other: &Self) -> bool {
        self.group.key() == other.group.key() && self.prefix == other.prefix
    }

    /// Whether the needed tensors have the same numbers here and there.
    fn is_same(&self, other: &Self, wanted: &Wanted<'_>) -> bool {
        wanted.names().all(|(name, _)| {
            let [a, b] = [self, other].map(|place| wanted.find(name, |name| place.get(name)));
            let (Some(a), Some(b)) = (a, b) else { return false };
            let at_once = a.element == b.element && a.strides == b.strides && a.bytes == b.bytes;
            let bits = |stored: &Stored<'_>| stored.floats().into_iter().map(f32::to_bits).collect::<Vec<_>>();
            a.shape == b.shape && (at_once || bits(&a) == bits(&b))
        })
    }

    /// The words of its key and prefix.
    fn words(&self) -> Vec<&str> {
        let words = self.group.key().split('.').chain(self.prefix.split('.'));
        words.filter(|word| !word.is_empty() && !WRAPPERS.contains(word)).collect()
    }

    fn is_averaged(&self) -> bool {
        self.words().into_iter().any(|word| word.split(['_', '-']).any(|part| AVERAGED.contains(&part)))
    }

    /// What it is that is taken rather than another, if it is.
    fn before(&self, other: &Self) -> Option<&'static str> {
        let (a, b) = (self.words(), other.words());
        let differing: Vec<(&str, &str)> = a.iter().copied().zip(b.iter().copied()).filter(|(a, b)| a != b).collect();
        let pair = match differing.as_slice() {
            [pair] if a.len() == b.len() => {
                PREFERRED.iter().find(|(first, second, _)| *pair == (*first, *second)).map(|(.., what)| *what)
            }
            _ => None,
        };
        pair.or((other.is_averaged() && !self.is_averaged()).then_some("raw weights, not averaged ones"))
    }

    /// The same, where the two differ in nothing else: so that it would count though it lacks tensors.
    fn surely_before(&self, other: &Self) -> bool {
        let raw = |place: &Self| -> Vec<String> {
            let plain = |word: &str| {
                word.split(['_', '-']).filter(|part| !AVERAGED.contains(part)).collect::<Vec<_>>().join("_")
            };
            place.words().into_iter().map(plain).filter(|word| !word.is_empty()).collect()
        };
        self.before(other).is_some_and(|_| !other.is_averaged() || raw(self) == raw(other))
    }

    /// `encoder_q.`, `backbone.` in key `teacher`, as messages show it.
    fn text(&self) -> String {
        match (self.group.key(), self.prefix.as_str()) {
            ("", "") => "no prefix".to_owned(),
            ("", prefix) => format!("`{prefix}`"),
            (key, "") => format!("key `{key}`"),
            (key, prefix) => format!("`{prefix}` in key `{key}`"),
        }
    }

    /// How a recipe names it.
    fn written(&self, file: &Checkpoint) -> String {
        let key = self.group.key();
        let needs_key = !key.is_empty() && file.groups().count() > 1;
        let needs_prefix = self.prefix != self.group.front() || !needs_key;
        let key = if needs_key { format!(", key: {key}") } else { String::new() };
        let prefix = match (needs_prefix, self.prefix.as_str()) {
            (false, _) => String::new(),
            (true, "") => ", prefix: \"\"".to_owned(),
            (true, prefix) => format!(", prefix: {prefix}"),
        };
        format!("weights: {{ path: {}{key}{prefix} }}", file.read())
    }
}
