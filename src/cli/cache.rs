//! `ventral cache ls|gc|verify`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Failure, Outcome, terminal};
use crate::digest::Digest;
use crate::engine::record::Record;
use crate::engine::store::Store;

/// What the cache keeps; clear it; check it
#[derive(Args)]
pub struct Cache {
    #[command(subcommand)]
    command: Command,
    /// The workspace, or a folder in it
    #[arg(long, global = true, default_value = ".")]
    workspace: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// What is kept, for which node of which recipe
    Ls {
        /// Print JSON: an array with an object per node
        #[arg(long)]
        json: bool,
    },
    /// Delete what no recipe's last run needs; or by age or size
    Gc {
        /// Also delete results older than this, such as 30d or 12h
        #[arg(long, value_name = "AGE", value_parser = age)]
        older_than: Option<Duration>,
        /// Then delete the oldest results until the cache is no larger, such as 20GB
        #[arg(long, value_name = "SIZE", value_parser = size)]
        max_size: Option<u64>,
        /// Say what would be deleted, and delete nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Hash every result again and set damaged ones aside; the next run makes them again. Exit 1 if any
    Verify,
}

impl Cache {
    pub fn execute(self) -> Outcome {
        let workspace = crate::recipe::workspace_of(&self.workspace.join("recipe.yaml"));
        let root = workspace.join("cache");
        if !root.is_dir() {
            return Err(Failure::Usage(format!(
                "{} has no cache/; run this in a workspace, or name it with --workspace",
                workspace.display()
            )));
        }
        match self.command {
            Command::Ls { json } => list(&Store::read_only(&root), json),
            Command::Gc { older_than, max_size, dry_run } => collect(&root, older_than, max_size, dry_run),
            Command::Verify => verify(&root),
        }
    }
}

fn list(store: &Store, as_json: bool) -> Outcome {
    let mut counted = BTreeSet::new();
    let mut rows = Vec::new();
    for (recipe, history) in store.histories() {
        for (node, last) in &history.nodes {
            let records: Vec<Record> = last.keys.values().filter_map(|key| store.record(*key)).collect();
            let outputs = records.iter().flat_map(|record| &record.outputs);
            let kept: Vec<_> = outputs.filter(|stored| store.path(stored).exists()).collect();
            counted.extend(kept.iter().map(|stored| store.path(stored)));
            let bytes: u64 = kept.iter().map(|stored| stored.bytes).sum();
            let made = records.iter().map(|record| record.made.at.clone()).max().unwrap_or_default();
            let kind = records.first().map(|record| record.kind.clone()).unwrap_or_default();
            rows.push((recipe.clone(), node.clone(), kind, kept.len(), bytes, made));
        }
    }
    let objects = store.objects();
    let total: u64 = objects.iter().map(|(_, bytes, _)| bytes).sum();
    let loose: u64 = objects.iter().filter(|(path, ..)| !counted.contains(path)).map(|(_, bytes, _)| bytes).sum();
    if as_json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(recipe, node, kind, objects, bytes, made)| {
                json!({ "recipe": recipe, "node": node, "kind": kind, "objects": objects, "bytes": bytes, "made": made })
            })
            .collect();
        terminal::print_json(&json!(rows));
        return Ok(());
    }
    let lines = rows
        .into_iter()
        .map(|(recipe, node, kind, objects, bytes, made)| {
            vec![recipe, node, kind, objects.to_string(), terminal::bytes(bytes), made]
        })
        .collect();
    let header = ["recipe", "node", "kind", "objects", "bytes", "made"];
    terminal::print(&terminal::table(&header, &["objects", "bytes"], lines));
    terminal::print(&format!(
        "{} objects, {}; {} of no recipe's last run (`ventral cache gc` deletes them)",
        objects.len(),
        terminal::bytes(total),
        terminal::bytes(loose)
    ));
    Ok(())
}

fn collect(root: &Path, older_than: Option<Duration>, max_size: Option<u64>, dry_run: bool) -> Outcome {
    let failed = |e: crate::engine::store::StoreError| Failure::Failed(e.to_string());
    let store = if dry_run { Store::read_only(root) } else { Store::open(root).map_err(failed)? };
    let live: BTreeSet<Digest> = store
        .histories()
        .into_values()
        .filter(|history| history.path.exists())
        .flat_map(|history| history.nodes.into_values())
        .flat_map(|last| last.keys.into_values())
        .collect();
    let mut keep: BTreeMap<PathBuf, (u64, SystemTime)> = BTreeMap::new();
    let reachable: BTreeSet<PathBuf> = store
        .records()
        .iter()
        .filter(|record| live.contains(&record.key))
        .flat_map(|record| &record.outputs)
        .map(|stored| store.path(stored))
        .collect();
    let objects = store.objects();
    let before: u64 = objects.iter().map(|(_, bytes, _)| bytes).sum();
    let now = SystemTime::now();
    for (path, bytes, written) in objects {
        let old = older_than.is_some_and(|limit| now.duration_since(written).is_ok_and(|age| age > limit));
        if reachable.contains(&path) && !old {
            keep.insert(path, (bytes, written));
        }
    }
    if let Some(limit) = max_size {
        let mut total: u64 = keep.values().map(|(bytes, _)| bytes).sum();
        let mut by_age: Vec<(SystemTime, PathBuf, u64)> =
            keep.iter().map(|(path, (bytes, written))| (*written, path.clone(), *bytes)).collect();
        by_age.sort();
        for (_, path, bytes) in by_age {
            if total <= limit {
                break;
            }
            keep.remove(&path);
            total -= bytes;
        }
    }
    let after: u64 = keep.values().map(|(bytes, _)| bytes).sum();
    if dry_run {
        terminal::print(&format!("would delete {} of {}", terminal::bytes(before - after), terminal::bytes(before)));
        return Ok(());
    }
    let freed = store.sweep(|path| keep.contains_key(path), |record| live.contains(&record.key)).map_err(failed)?;
    terminal::print(&format!("deleted {}, kept {}", terminal::bytes(freed), terminal::bytes(after)));
    Ok(())
}

fn verify(root: &Path) -> Outcome {
    let store = Store::open(root).map_err(|e| Failure::Failed(e.to_string()))?;
    let (checked, damaged) = store.verify().map_err(|e| Failure::Failed(e.to_string()))?;
    for path in &damaged {
        terminal::print(&format!("damaged, set aside: {}", path.display()));
    }
    terminal::print(&format!("{checked} objects checked, {} damaged", damaged.len()));
    if damaged.is_empty() { Ok(()) } else { Err(Failure::Told(1)) }
}

fn age(text: &str) -> Result<Duration, String> {
    let bad = || "expected an age such as 30d, 12h or 90m".to_owned();
    let unit = match text.chars().last().ok_or_else(bad)? {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        _ => return Err(bad()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| bad())?;
    Ok(Duration::from_secs(count * unit))
}

fn size(text: &str) -> Result<u64, String> {
    let upper = text.to_uppercase();
    let digits = upper.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &upper[digits.len()..] {
        "" | "B" => 1.0,
        "KB" | "K" => 1e3,
        "MB" | "M" => 1e6,
        "GB" | "G" => 1e9,
        "TB" | "T" => 1e12,
        _ => return Err("expected a size such as 500MB or 20GB".to_owned()),
    };
    let count: f64 = digits.parse().map_err(|_| "expected a size such as 500MB or 20GB".to_owned())?;
    Ok((count * unit) as u64)
}
