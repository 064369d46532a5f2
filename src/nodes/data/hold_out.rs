//! Drawing which stimuli are held out, or take turns, by their identity and a seed.

use std::collections::BTreeMap;

use crate::kind::KindError;
use crate::value::split::{Assignment, Part};
use crate::value::stimuli::Stimuli;

/// Rows by group, groups and rows in an order that identities and the seed draw.
pub fn drawn(stimuli: &Stimuli, groups: &[String], seed: u64) -> Vec<Vec<usize>> {
    let lot = |text: &[u8]| *blake3::Hasher::new().update(&seed.to_le_bytes()).update(text).finalize().as_bytes();
    let mut by_group: BTreeMap<([u8; 32], &str), Vec<([u8; 32], usize)>> = BTreeMap::new();
    for (row, group) in groups.iter().enumerate() {
        let own = lot(&stimuli.get(row).identity().to_le_bytes());
        by_group.entry((lot(group.as_bytes()), group)).or_default().push((own, row));
    }
    let order = |mut rows: Vec<([u8; 32], usize)>| {
        rows.sort_unstable();
        rows.into_iter().map(|(_, row)| row).collect()
    };
    by_group.into_values().map(order).collect()
}

/// Draws the fractions `(test, val)` of the stimuli, each group giving its share.
pub fn hold_out(
    stimuli: &Stimuli,
    groups: &[String],
    (test, val): (f64, f64),
    seed: u64,
) -> Result<Vec<Part>, KindError> {
    let (count, groups) = (stimuli.len(), drawn(stimuli, groups, seed));
    let wanted = |fraction: f64| (fraction * count as f64).round() as usize;
    let (tests, vals) = (wanted(test), wanted(val));
    for (name, fraction, rows) in [("test", test, tests), ("val", val, vals)] {
        if fraction > 0.0 && rows == 0 {
            return Err(KindError::new(format!("`{name}` is {fraction} of {count} stimuli, which is none")));
        }
    }
    if tests + vals >= count {
        return Err(KindError::new(format!(
            "{tests} stimuli to test and {vals} to select leave none of {count} to train on"
        )));
    }
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    let test_shares = shares(&sizes, &sizes, tests);
    let left: Vec<usize> = sizes.iter().zip(&test_shares).map(|(size, share)| size - share).collect();
    let val_shares = shares(&sizes, &left, vals);
    let mut parts = vec![Part::Train; count];
    for (rows, (&tests, &vals)) in groups.iter().zip(test_shares.iter().zip(&val_shares)) {
        for (at, &row) in rows.iter().enumerate().take(tests + vals) {
            parts[row] = if at < tests { Part::Test } else { Part::Val };
        }
    }
    Ok(parts)
}

/// How many of `total` each group gives: in proportion to its size, what is left over to the largest remainders, and
/// never more than its room.
fn shares(sizes: &[usize], room: &[usize], total: usize) -> Vec<usize> {
    let count: usize = sizes.iter().sum();
    let mut shares: Vec<usize> = sizes.iter().zip(room).map(|(size, room)| (size * total / count).min(*room)).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    // Stable: equal remainders keep the groups' drawn order.
    order.sort_by_key(|&group| std::cmp::Reverse(sizes[group] * total % count));
    let mut left = total - shares.iter().sum::<usize>();
    while left > 0 {
        for &group in &order {
            if left > 0 && shares[group] < room[group] {
                shares[group] += 1;
                left -= 1;
            }
        }
    }
    shares
}

/// Deals the rows out group by group, so that folds differ by one row at most, and so do an object's shares in them.
pub fn take_turns(groups: &[Vec<usize>], count: usize, rows: usize) -> Result<Assignment, KindError> {
    if count > rows {
        return Err(KindError::new(format!(
            "`folds` is {count} but `rows` has {rows}; a fold leaves out at least one"
        )));
    }
    let mut fold = vec![0; rows];
    for (at, &row) in groups.iter().flatten().enumerate() {
        fold[row] = at % count;
    }
    Ok(Assignment::Folds { count, fold })
}
