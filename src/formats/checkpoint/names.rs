//! Tensors' names without what wrappers of modules put into them.

use std::collections::BTreeMap;

/// In front of every name of some files: what wraps models for several devices, for compilation and for training adds
/// these.
const PREFIXES: [&str; 6] = ["module.", "_orig_mod.", "model.", "net.", "network.", "backbone."];
/// What wrappers of a part of a model leave within its names.
const INFIXES: [&str; 4] = [".module.", "._orig_mod.", "._fsdp_wrapped_module.", "._checkpoint_wrapped_module."];
/// What averaging of weights counts beside them.
const AVERAGED: &str = "n_averaged";

/// Tensors under their names without what wrappers left within; names that would be the same then stay as they are.
pub fn unwrapped<T>(mut tensors: BTreeMap<String, T>) -> BTreeMap<String, T> {
    tensors.remove(AVERAGED);
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for name in tensors.keys() {
        *times.entry(within(name)).or_default() += 1;
    }
    let named = tensors.into_iter().map(|(name, tensor)| {
        let plain = within(&name);
        if times[&plain] == 1 { (plain, tensor) } else { (name, tensor) }
    });
    named.collect()
}

/// A name, or the beginning of one, without what wrappers of a part left within.
pub fn within(name: &str) -> String {
    let mut plain = name.to_owned();
    for infix in INFIXES {
        while plain.contains(infix) {
            plain = plain.replace(infix, ".");
        }
    }
    plain
}

/// What stands in front of all names, of what wrappers of a whole model put there.
pub fn in_front<T>(tensors: &BTreeMap<String, T>) -> String {
    let mut front = String::new();
    let stands = |front: &str| {
        !tensors.is_empty() && tensors.keys().all(|name| name.starts_with(front) && name.len() > front.len())
    };
    while let Some(longer) = PREFIXES.iter().map(|prefix| format!("{front}{prefix}")).find(|longer| stands(longer)) {
        front = longer;
    }
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> BTreeMap<String, usize> {
        names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), at)).collect()
    }

    #[test]
    fn wrappers_leave_no_trace() {
        let plain = unwrapped(named(&["module.a._orig_mod.w", "module.b.module.module.w", "n_averaged"]));
        assert_eq!(plain.keys().collect::<Vec<_>>(), ["module.a.w", "module.b.w"]);
        assert_eq!(in_front(&plain), "module.");
        assert_eq!(
            in_front(&named(&["module._orig_mod.model.a", "module._orig_mod.model.b"])),
            "module._orig_mod.model."
        );
        assert_eq!(in_front(&named(&["model.a", "loss.b"])), "");
        assert_eq!(in_front(&named(&["module."])), "");
        assert_eq!(in_front(&named(&[])), "");
    }

    #[test]
    fn names_that_would_be_one_stay_two() {
        let names = ["a.module.w", "a.w", "b.module.w"];
        assert_eq!(
            unwrapped(named(&names)).into_iter().collect::<Vec<_>>(),
            [("a.module.w".to_owned(), 0), ("a.w".to_owned(), 1), ("b.w".to_owned(), 2)]
        );
    }
}
