//! Upkeep: what is still needed, what is damaged, what can go.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::engine::record::Record;
use crate::engine::store::error::StoreError;
use crate::engine::store::object_folder::ObjectFolder;
use crate::engine::store::objects::Kept;
use crate::engine::store::opened::Store;

/// What a check of the whole store found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many objects were hashed.
    pub objects: usize,
    /// Where the damaged objects lie now.
    pub damaged: Vec<PathBuf>,
    /// Where the damaged records lie now.
    pub records: Vec<PathBuf>,
}

impl Store {
    /// The keys of the last actions of every recipe whose file is still there.
    pub fn live_keys(&self) -> BTreeSet<Digest> {
        let histories = self.records().histories().into_values().filter(|history| history.path.exists());
        histories.flat_map(|history| history.nodes.into_values()).flat_map(|last| last.keys.into_values()).collect()
    }

    /// The records of some actions, and of the products made of what those and other products gave.
    pub fn reachable(&self, keys: &BTreeSet<Digest>) -> Vec<Record> {
        let (mut reached, mut rest): (Vec<Record>, Vec<Record>) =
            self.records().all().into_iter().partition(|record| keys.contains(&record.key));
        loop {
            let given: BTreeSet<String> =
                reached.iter().flat_map(|record| &record.outputs).map(|stored| stored.digest.to_string()).collect();
            let (more, others): (Vec<Record>, Vec<Record>) =
                rest.into_iter().partition(|record| record.product_of().is_some_and(|of| given.contains(of)));
            if more.is_empty() {
                return reached;
            }
            reached.extend(more);
            rest = others;
        }
    }

    /// Hashes every object and reads every record, and sets aside those that are damaged.
    pub fn verify(&self) -> Result<Verified, StoreError> {
        let (objects, damaged) = self.objects().verify()?;
        Ok(Verified { objects, damaged, records: self.records().verify()? })
    }

    /// Deletes records and objects for which `keep` says no; gives the bytes freed.
    pub fn sweep(
        &self,
        keep_object: &dyn Fn(&Kept) -> bool,
        keep_record: &dyn Fn(&Record) -> bool,
    ) -> Result<u64, StoreError> {
        for record in self.records().all() {
            if !keep_record(&record) {
                self.records().forget(record.key)?;
            }
        }
        self.objects().sweep(keep_object)
    }

    /// Bytes of what computations that were not finished may go on with.
    pub fn begun(&self) -> u64 {
        ObjectFolder::begun(&self.folder).iter().map(|(_, bytes)| bytes).sum()
    }
}
