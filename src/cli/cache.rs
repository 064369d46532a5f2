//! `ventral cache ls|gc|verify`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::terminal;
use crate::digest::Digest;
use crate::engine::record::Record;
use crate::engine::store::{Kept, Store, Verified};
use crate::text::amount;
use crate::text::quantity;

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
    /// Delete what no recipe's last run needs, but for what comparing its earlier ones does; or by age or size
    Gc {
        /// Also delete results older than this, such as 30d or 12h
        #[arg(long, value_name = "AGE", value_parser = quantity::age)]
        older_than: Option<Duration>,
        /// Then delete the oldest results until the cache is no larger, such as 20GB
        #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
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
        let root = Store::place(&workspace);
        // A folder that lies in no workspace must not mean the current one: `gc` deletes.
        let named = std::path::absolute(&self.workspace).unwrap_or_else(|_| self.workspace.clone());
        let named = named.canonicalize().unwrap_or(named);
        if !root.is_dir() || !named.starts_with(workspace.canonicalize().unwrap_or_else(|_| workspace.clone())) {
            return Err(Failure::Usage(format!(
                "{} has no cache/; run this in a workspace, or name it with --workspace",
                if root.is_dir() { named.display() } else { workspace.display() }
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
    for (recipe, history) in store.records().histories() {
        for (node, last) in &history.nodes {
            let records: Vec<Record> = last.keys.values().filter_map(|key| store.record(*key)).collect();
            let outputs = records.iter().flat_map(|record| &record.outputs);
            let kept: Vec<_> = outputs.filter(|stored| store.objects().has(stored)).collect();
            counted.extend(kept.iter().map(|stored| stored.object()));
            let bytes: u64 = kept.iter().map(|stored| stored.bytes).sum();
            let made = records.iter().map(|record| record.provenance.at.clone()).max().unwrap_or_default();
            let kind = records.first().map(|record| record.kind.clone()).unwrap_or_default();
            rows.push((recipe.clone(), node.clone(), kind, kept.len(), bytes, made));
        }
    }
    let mut products: BTreeMap<(String, String), (usize, u64, String)> = BTreeMap::new();
    for record in store.reachable(&store.live_keys()) {
        if record.product_of().is_none() {
            continue;
        }
        let kept: Vec<_> = record.outputs.iter().filter(|stored| store.objects().has(stored)).collect();
        counted.extend(kept.iter().map(|stored| stored.object()));
        let row = products.entry(("(shared)".to_owned(), record.kind.clone())).or_default();
        row.0 += kept.len();
        row.1 += kept.iter().map(|stored| stored.bytes).sum::<u64>();
        row.2 = std::mem::take(&mut row.2).max(record.provenance.at.clone());
    }
    rows.extend(products.into_iter().map(|((shared, kind), (objects, bytes, made))| {
        (shared, format!("{kind} of features"), kind, objects, bytes, made)
    }));
    let past = store.all_past_runs();
    let scores = past.iter().flat_map(|run| &run.objects);
    let scores = scores.filter(|stored| !counted.contains(&stored.object()) && store.objects().has(stored));
    let earlier: BTreeMap<String, u64> = scores.map(|stored| (stored.object(), stored.bytes)).collect();
    if !earlier.is_empty() {
        let made = past.iter().map(|run| run.at.clone()).max().unwrap_or_default();
        let bytes = earlier.values().sum();
        rows.push(("(earlier runs)".to_owned(), "scores".to_owned(), String::new(), earlier.len(), bytes, made));
        counted.extend(earlier.into_keys());
    }
    let objects = store.objects().list();
    let total: u64 = objects.iter().map(|kept| kept.bytes).sum();
    let loose: u64 = objects.iter().filter(|kept| !counted.contains(&kept.name)).map(|kept| kept.bytes).sum();
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
            vec![recipe, node, kind, objects.to_string(), amount::bytes(bytes), made]
        })
        .collect();
    let header = ["recipe", "node", "kind", "objects", "bytes", "made"];
    terminal::print(&terminal::table(&header, &["objects", "bytes"], lines));
    terminal::print(&format!(
        "{} objects, {}; {} of no recipe's last run (`ventral cache gc` deletes them)",
        objects.len(),
        amount::bytes(total),
        amount::bytes(loose)
    ));
    Ok(())
}

fn collect(root: &Path, older_than: Option<Duration>, max_size: Option<u64>, dry_run: bool) -> Outcome {
    let failed = |e: crate::engine::store::StoreError| Failure::Failed(e.to_string());
    let store = if dry_run { Store::read_only(root) } else { Store::open(root).map_err(failed)? };
    if !dry_run && store.is_shared() {
        return Err(Failure::Failed(format!(
            "another run uses {}; what it has made so far is of no finished run, so gc waits: try again when it has ended",
            root.display()
        )));
    }
    let records = store.reachable(&store.live_keys());
    // Of earlier runs: how everything was made, and the scores; not what they were computed from.
    let past = store.all_past_runs();
    let mut live: BTreeSet<Digest> = records.iter().map(|record| record.key).collect();
    live.extend(past.iter().flat_map(|run| run.nodes.values().flatten()));
    let mut keep: BTreeMap<String, (u64, SystemTime)> = BTreeMap::new();
    let outputs = records.iter().flat_map(|record| &record.outputs);
    let scores = past.iter().flat_map(|run| &run.objects);
    let reachable: BTreeSet<String> = outputs.chain(scores).map(|stored| stored.object()).collect();
    let objects = store.objects().list();
    let before: u64 = objects.iter().map(|kept| kept.bytes).sum();
    let now = SystemTime::now();
    for Kept { name, bytes, written } in objects {
        let old = older_than.is_some_and(|limit| now.duration_since(written).is_ok_and(|age| age > limit));
        if reachable.contains(&name) && !old {
            keep.insert(name, (bytes, written));
        }
    }
    if let Some(limit) = max_size {
        let mut total: u64 = keep.values().map(|(bytes, _)| bytes).sum();
        let mut by_age: Vec<(SystemTime, String, u64)> =
            keep.iter().map(|(name, (bytes, written))| (*written, name.clone(), *bytes)).collect();
        by_age.sort();
        for (_, name, bytes) in by_age {
            if total <= limit {
                break;
            }
            keep.remove(&name);
            total -= bytes;
        }
    }
    let after: u64 = keep.values().map(|(bytes, _)| bytes).sum();
    if dry_run {
        let begun = store.begun();
        let (gone, all) = (before - after + begun, before + begun);
        terminal::print(&format!("would delete {} of {}", amount::bytes(gone), amount::bytes(all)));
        return Ok(());
    }
    let freed = store.sweep(&|kept| keep.contains_key(&kept.name), &|record| live.contains(&record.key));
    let freed = freed.map_err(failed)?;
    terminal::print(&format!("deleted {}, kept {}", amount::bytes(freed), amount::bytes(after)));
    Ok(())
}

fn verify(root: &Path) -> Outcome {
    let store = Store::open(root).map_err(|e| Failure::Failed(e.to_string()))?;
    let Verified { objects, damaged, records } = store.verify().map_err(|e| Failure::Failed(e.to_string()))?;
    for path in &damaged {
        terminal::print(&format!("damaged, set aside: {}", path.display()));
    }
    for path in &records {
        terminal::print(&format!("damaged record, set aside: {}", path.display()));
    }
    terminal::print(&format!("{objects} objects checked, {} damaged", damaged.len()));
    if damaged.is_empty() && records.is_empty() { Ok(()) } else { Err(Failure::Reported(1)) }
}
