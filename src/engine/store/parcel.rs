//! What of a cache travels with a study, under names that hold in every cache: objects and records, each checked where it arrives.

use std::io::{self, Read};

use crate::digest::Digest;
use crate::engine::record::{Record, Stored};
use crate::engine::store::format;
use crate::engine::store::objects::Output;
use crate::engine::store::opened::Store;
use crate::value::ty::Type;

const OBJECTS: &str = "objects/";
const RECORDS: &str = "actions/";

impl Store {
    /// The name within a cache of an object's file.
    pub fn object_name(stored: &Stored) -> String {
        let object = stored.object();
        format!("{OBJECTS}{}/{object}", &object[..2])
    }

    /// The name within a cache of a record's file, and its text.
    pub fn record_file(record: &Record) -> (String, Vec<u8>) {
        let key = record.key.to_string();
        (format!("{RECORDS}{}/{key}.json", &key[..2]), format::text(record))
    }

    /// Takes in a file of another cache under its name there. Bytes that are not those of the name are refused.
    pub fn take_in(&self, name: &str, content: &mut dyn Read) -> Result<(), String> {
        if let Some(object) = name.strip_prefix(OBJECTS) {
            return self.take_object(object, content);
        }
        if name.starts_with(RECORDS) {
            let mut text = Vec::new();
            content.read_to_end(&mut text).map_err(|error| error.to_string())?;
            let format::Read::Now(record) = format::read(&text)? else {
                return Err("it is a record of an earlier version".to_owned());
            };
            if Self::record_file(&record).0 != name {
                return Err("it is the record of another key".to_owned());
            }
            return self.records().publish(record, None).map(drop).map_err(|error| error.to_string());
        }
        Err("it is neither a result nor a record".to_owned())
    }

    fn take_object(&self, object: &str, content: &mut dyn Read) -> Result<(), String> {
        let (_, file) = object.split_once('/').ok_or("it is no object's name")?;
        let (digest, extension) = file.split_once('.').ok_or("it is no object's name")?;
        let digest: Digest = digest.parse().map_err(|_| "it is no object's name".to_owned())?;
        let ty = [Type::Matrix, Type::Table].into_iter().find(|ty| ty.extension() == extension);
        let ty = ty.ok_or("it is no object's name")?;
        let mut stored = || -> io::Result<Stored> {
            let mut incoming = self.objects().create(Output { port: "", key: None, ty })?;
            io::copy(content, &mut incoming)?;
            incoming.store()
        };
        let stored = stored().map_err(|error| error.to_string())?;
        if stored.digest == digest {
            return Ok(());
        }
        let _ = self.objects().remove(&stored);
        Err("its bytes are not those of its name".to_owned())
    }
}
