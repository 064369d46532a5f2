//! What rust-analyzer reads in place of polars: the types that a session's variables have, under their paths in polars,
//! and the methods that give them. Nothing runs this; a variable of another type is given its type by hand.

pub mod error {
    #[derive(Debug)]
    pub enum PolarsError {}

    pub type PolarsResult<T> = Result<T, PolarsError>;
}

pub mod frame {
    use self::column::Column;
    use crate::error::PolarsResult;

    #[derive(Clone, Debug)]
    pub struct DataFrame;

    impl DataFrame {
        pub fn height(&self) -> usize {
            unreachable!()
        }

        pub fn width(&self) -> usize {
            unreachable!()
        }

        pub fn shape(&self) -> (usize, usize) {
            unreachable!()
        }

        pub fn is_empty(&self) -> bool {
            unreachable!()
        }

        pub fn head(&self, _length: Option<usize>) -> Self {
            unreachable!()
        }

        pub fn tail(&self, _length: Option<usize>) -> Self {
            unreachable!()
        }

        pub fn slice(&self, _offset: i64, _length: usize) -> Self {
            unreachable!()
        }

        pub fn reverse(&self) -> Self {
            unreachable!()
        }

        pub fn column(&self, _name: &str) -> PolarsResult<&Column> {
            unreachable!()
        }

        pub fn columns(&self) -> &[Column] {
            unreachable!()
        }

        pub fn get_column_index(&self, _name: &str) -> Option<usize> {
            unreachable!()
        }

        pub fn drop(&self, _name: &str) -> PolarsResult<Self> {
            unreachable!()
        }

        pub fn select<I, S>(&self, _names: I) -> PolarsResult<Self>
        where
            I: IntoIterator<Item = S>,
            S: AsRef<str>,
        {
            unreachable!()
        }
    }

    pub mod column {
        use crate::series::Series;

        #[derive(Clone, Debug)]
        pub enum Column {}

        impl Column {
            pub fn len(&self) -> usize {
                unreachable!()
            }

            pub fn is_empty(&self) -> bool {
                unreachable!()
            }

            pub fn head(&self, _length: Option<usize>) -> Self {
                unreachable!()
            }

            pub fn tail(&self, _length: Option<usize>) -> Self {
                unreachable!()
            }

            pub fn as_materialized_series(&self) -> &Series {
                unreachable!()
            }
        }
    }
}

pub mod series {
    #[derive(Clone, Debug)]
    pub struct Series;
}

pub mod prelude {
    pub use crate::error::{PolarsError, PolarsResult};
    pub use crate::frame::DataFrame;
    pub use crate::frame::column::Column;
    pub use crate::series::Series;
}
