//! Whether classes can be told apart at all; why not, in words.

use crate::kind::KindError;

/// Why there is nothing to tell apart: which class, of how many rows, and what may be done `otherwise`. `names` has the class of each row.
pub fn one_class<S: AsRef<str>>(whose: &str, names: &[S], otherwise: &str) -> String {
    match names.first() {
        None => format!("{whose} show no class: there are 0 of them; {otherwise}"),
        Some(one) => {
            let (one, count) = (one.as_ref(), names.len());
            format!("{whose} show one class, `{one}` ({count} rows), and there is nothing to tell it from; {otherwise}")
        }
    }
}

/// What to say of scored rows whose classes no train row shows, `unseen` of all `scored`: they cannot be told right. Where these are
/// all of them, a score would say nothing of the features, and there is none.
pub fn unseen((unseen, scored): (usize, usize), first: &str, train: usize) -> Result<String, KindError> {
    if unseen < scored {
        return Ok(format!(
            "{unseen} of {scored} scored rows are of classes that no train row shows (such as `{first}`), and cannot be told right"
        ));
    }
    Err(KindError::new(format!(
        "none of the {scored} scored rows is of a class that a train row shows (`{first}`, for one, is not among the classes of {train} \
         train rows), so that none can be told right. A class needs rows on both sides: give `labels` in which classes occur several \
         times (without a table of them `load_recordings` calls each picture an object of its own), tell categories apart \
         (`label: category`), or let the split take the `labels` too"
    )))
}
