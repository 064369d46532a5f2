//! Rust's own values, shown as evcxr shows them: it tries `evcxr_display` first, and compiles the cell again where a type
//! has none.

use std::fmt::Debug;

use crate::repl::node::Params;
use crate::repl::show::Show;

/// A macro, since an implementation for all that is `Debug` would leave no room for what shows itself.
macro_rules! as_debug {
    ($($ty:ty),*) => { $(
        impl Show for $ty {
            fn text(&self) -> String {
                format!("{self:?}")
            }
        }
    )* };
}

as_debug!(bool, char, i32, i64, isize, u8, u32, u64, usize, f32, f64, str, String, Params);

impl<T: Debug> Show for Vec<T> {
    fn text(&self) -> String {
        format!("{self:?}")
    }
}

impl<T: Debug> Show for Option<T> {
    fn text(&self) -> String {
        format!("{self:?}")
    }
}

impl<A: Debug, B: Debug> Show for (A, B) {
    fn text(&self) -> String {
        format!("{self:?}")
    }
}
