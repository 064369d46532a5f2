//! A table: a polars DataFrame, and what its columns mean.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::ops::Deref;
use std::path::Path;

use polars::frame::DataFrame;
use polars::prelude::{KeyValueMetadata, ParquetCompression, ParquetReader, ParquetWriter, SerReader};
use serde::{Deserialize, Serialize};

use crate::value::error::ReadError;
use crate::value::lineage::Lineage;

const ABOUT: &str = "ventral";

/// A DataFrame with the definitions of what it reports.
#[derive(Clone, Debug)]
pub struct Table {
    pub frame: DataFrame,
    pub about: About,
}

/// What a table's numbers mean.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Definition of each measure, by column or by the value in the column `measure`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub definitions: BTreeMap<String, String>,
    /// Facts about how it was made that readers and reports need: rows fitted on, rows scored, the part scored.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    pub lineage: Lineage,
}

impl Deref for Table {
    type Target = DataFrame;

    fn deref(&self) -> &DataFrame {
        &self.frame
    }
}

impl Table {
    /// A table whose columns explain themselves.
    pub fn new(frame: DataFrame) -> Self {
        Self { frame, about: About::default() }
    }

    /// A measure's statistic over units, `mean` or `median`: out of a column per measure, or of a row per measure (a
    /// summary, whose `value` counts where it has no such column). Null where no unit scores; an error in words where the
    /// table has no such measure.
    pub fn score(&self, measure: &str, statistic: &str) -> Result<Option<f64>, String> {
        let numbers = |name: &str| Some(self.frame.column(name).ok()?.f64().ok()?.iter().collect::<Vec<_>>());
        if let Ok(measures) = self.frame.column("measure") {
            let measures: Vec<Option<&str>> = measures.str().map_err(|e| e.to_string())?.iter().collect();
            let row = measures.iter().position(|&known| known == Some(measure)).ok_or_else(|| {
                let known: Vec<&str> = measures.iter().copied().flatten().collect();
                format!("have no measure `{measure}`; they have {}", known.join(", "))
            })?;
            let column = numbers(statistic).or_else(|| numbers("value"));
            return column.map(|values| values[row]).ok_or_else(|| format!("have no column `{statistic}`"));
        }
        let Some(values) = numbers(measure) else {
            let known: Vec<&str> = self.about.definitions.keys().map(String::as_str).collect();
            return Err(format!("have no measure `{measure}`; they have {}", known.join(", ")));
        };
        let summary = crate::stats::summary::summarise(&values);
        Ok(if statistic == "median" { summary.median } else { summary.mean })
    }

    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|e| ReadError::new(path, e))?;
        let mut reader = ParquetReader::new(file);
        let metadata = reader.get_metadata().map_err(|e| ReadError::new(path, e))?;
        let text = metadata
            .key_value_metadata()
            .iter()
            .flatten()
            .find(|pair| pair.key == ABOUT)
            .and_then(|pair| pair.value.clone());
        let about = match text {
            Some(text) => serde_json::from_str(&text).map_err(|e| ReadError::new(path, e))?,
            None => About::default(),
        };
        let frame = reader.finish().map_err(|e| ReadError::new(path, e))?;
        Ok(Self { frame, about })
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        let about = serde_json::to_string(&self.about)?;
        ParquetWriter::new(sink)
            .with_compression(ParquetCompression::Uncompressed)
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(vec![(ABOUT.to_owned(), about)])))
            .set_parallel(false)
            .finish(&mut self.frame.clone())
            .map_err(io::Error::other)?;
        Ok(())
    }
}
