//! A study as one archive: its recipe, what it reads, its results and report, and what made them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use polars::prelude::{CsvWriter, SerWriter};

use crate::digest::Digest;
use crate::engine::away::{Away, MANIFEST};
use crate::engine::files::Files;
use crate::engine::record::{Record, State, Stored};
use crate::engine::store::Store;
use crate::engine::walk::Survey;
use crate::plan::{Node, NodeIndex, Plan};
use crate::report;
use crate::report::Audience;
use crate::text::shell::quoted;
use crate::value::Value;
use crate::value::ty::Type;
use crate::workspace::Session;
use crate::workspace::travel::archive;
use crate::workspace::travel::archive::Source;
use crate::workspace::travel::carried::Carried;
use crate::workspace::travel::lock::Lock;
use crate::workspace::travel::manifest::{CACHE, Content, Figure, Manifest, VERSION};
use crate::workspace::travel::private::Private;
use crate::workspace::travel::ro_crate::{Crate, METADATA};
use crate::workspace::travel::{inputs, names, readme};

/// What a pack holds beside what it always does.
#[derive(Clone, Debug)]
pub struct Options {
    /// The results of all nodes.
    pub with_cache: bool,
    /// Inputs up to so many bytes each.
    pub up_to: u64,
    /// Under which licence the study is handed on.
    pub license: Option<String>,
}

/// What was packed.
#[derive(Clone, Debug)]
pub struct Packed {
    pub manifest: Manifest,
    /// The archive's size.
    pub bytes: u64,
}

/// Packs a study whose results are current into an archive; equal studies give equal bytes. The archive is there whole or not at all.
pub fn pack(session: &Session, target: &Path, options: &Options, interrupted: &AtomicBool) -> Result<Packed, String> {
    refuse_other(target)?;
    let plan = &session.plan;
    let recipe = plan.recipe.as_ref().ok_or("a study that was built in Rust has no recipe to pack")?;
    let mut files = Files::new(session.store().files());
    let survey = session.survey_with(&mut files);
    refuse_stale(session, &survey, recipe)?;
    let private = Private::of(session, &survey.outcomes, &mut files)?;
    let read = inputs::inputs(plan, &mut files)?;
    let known = files.away(&plan.workspace).clone();
    let carried = Carried::of(plan, &read, &private.files, options.up_to, &known)?;

    let mut parcel = Parcel::default();
    let name = names::place(&plan.workspace, &recipe.to_string_lossy());
    let own = recipe.file_name().unwrap_or_default().to_string_lossy();
    let name = name.unwrap_or_else(|| format!("recipes/{own}"));
    parcel.add_recipe(recipe, &name)?;
    parcel.contents.extend(carried.files.iter().map(|(name, path)| (name.clone(), Source::File(path.clone()))));
    let typed = Typed { recipe: quoted(&name), set: settings(plan) };
    let report = format!("reports/{}/index.html", plan.name);
    let (page, fingerprint, figures, finished) = draw(session, &survey, &typed)?;
    parcel.contents.insert(report.clone(), Source::Text(page.into_bytes()));
    parcel.commands.insert(report.clone(), format!("ventral run {}{}", typed.recipe, typed.set));
    parcel.add_tables(session, &survey, &private, &typed)?;
    let mut left_out = BTreeSet::new();
    if options.with_cache {
        left_out = parcel.add_cache(&session.store(), &survey, &private, &known);
    }

    let mut manifest = Manifest {
        pack: VERSION,
        ventral: env!("CARGO_PKG_VERSION").to_owned(),
        name: plan.name.clone(),
        recipe: name,
        set: plan.set.clone(),
        report,
        page: fingerprint,
        with_cache: options.with_cache,
        made_with: made_with(survey.outcomes.iter().flat_map(|outcome| &outcome.records)),
        commands: parcel.commands,
        figures,
        away: Away { inputs: carried.away, results_left_out: left_out },
        files: BTreeMap::new(),
    };
    let mut contents = parcel.contents;
    contents.insert("README.md".to_owned(), Source::Text(readme::text(plan, &manifest).into_bytes()));
    manifest.files = digests(&contents, interrupted)?;
    let described = Crate {
        plan,
        outcomes: &survey.outcomes,
        manifest: &manifest,
        inputs: &carried.names,
        tables: &parcel.tables,
        finished: &finished,
        license: options.license.as_deref(),
    };
    let metadata = Source::Text(described.text().into_bytes());
    manifest.files.insert(METADATA.to_owned(), metadata.content(interrupted)?);
    contents.insert(METADATA.to_owned(), metadata);
    let text = serde_json::to_string_pretty(&manifest).expect("a manifest serialises") + "\n";
    contents.insert(MANIFEST.to_owned(), Source::Text(text.into_bytes()));
    let bytes = archive::write(target, &contents, &manifest.files, interrupted)?;
    Ok(Packed { manifest, bytes })
}

fn digests(contents: &BTreeMap<String, Source>, interrupted: &AtomicBool) -> Result<BTreeMap<String, Content>, String> {
    contents.iter().map(|(name, source)| Ok((name.clone(), source.content(interrupted)?))).collect()
}

/// Where scores and other tables lie in a pack.
const RESULTS: &str = "results/";

/// What is set, as a command line has it: ` --set K=V` each.
fn settings(plan: &Plan) -> String {
    plan.set.iter().map(|(k, v)| format!(" --set {}", quoted(&format!("{k}={v}")))).collect()
}

/// A recipe as commands name it.
struct Typed {
    recipe: String,
    set: String,
}

/// What is gathered.
#[derive(Default)]
struct Parcel {
    contents: BTreeMap<String, Source>,
    commands: BTreeMap<String, String>,
    /// The name of each table, by its content's digest.
    tables: BTreeMap<String, String>,
}

impl Parcel {
    fn add_recipe(&mut self, recipe: &Path, name: &str) -> Result<(), String> {
        let text = fs::read(recipe).map_err(|error| format!("cannot pack {}: {error}", recipe.display()))?;
        self.contents.insert(name.to_owned(), Source::Text(text));
        let lock = Lock::place(recipe);
        if lock.is_file() {
            let name = Path::new(name).with_extension("lock").to_string_lossy().into_owned();
            self.contents.insert(name, Source::File(lock));
        }
        Ok(())
    }

    /// Scores and all other tables, as everybody reads them.
    fn add_tables(
        &mut self,
        session: &Session,
        survey: &Survey,
        private: &Private,
        typed: &Typed,
    ) -> Result<(), String> {
        let plan = &session.plan;
        for (node, outcome) in plan.nodes.iter().zip(&survey.outcomes) {
            let tables = outcome.outputs().filter(|stored| stored.ty == Type::Table);
            for stored in tables.filter(|stored| !private.results.contains(&stored.digest)) {
                let reference = reference(node, stored);
                let Ok(Value::Table(table)) = session.store().value(stored) else { continue };
                let mut text = Vec::new();
                // A table with lists in its cells is no text; it is in the report, or with the cache.
                if CsvWriter::new(&mut text).finish(&mut table.frame.clone()).is_err() {
                    continue;
                }
                let name = format!("{RESULTS}{}.csv", names::file_name(&reference));
                let command =
                    format!("ventral export {}{} {} {}", typed.recipe, typed.set, quoted(&reference), quoted(&name));
                self.commands.insert(name.clone(), command);
                self.tables.entry(stored.digest.to_string()).or_insert_with(|| name.clone());
                self.contents.insert(name, Source::Text(text));
            }
        }
        Ok(())
    }

    /// Records and results; gives those results that are private and stay, or that the workspace itself came without.
    fn add_cache(&mut self, store: &Store, survey: &Survey, private: &Private, known: &Away) -> BTreeSet<Digest> {
        let mut left_out = BTreeSet::new();
        for record in survey.outcomes.iter().flat_map(|outcome| &outcome.records) {
            let (name, text) = Store::record_file(record);
            self.contents.insert(format!("{CACHE}{name}"), Source::Text(text));
            for stored in &record.outputs {
                let there = store.objects().has(stored);
                if if there { &private.results } else { &known.results_left_out }.contains(&stored.digest) {
                    left_out.insert(stored.digest);
                } else if let (true, Ok(path)) = (there, store.objects().get(stored)) {
                    self.contents.insert(format!("{CACHE}{}", Store::object_name(stored)), Source::File(path));
                }
            }
        }
        left_out
    }
}

/// A result as references name it: the variant stands last.
fn reference(node: &Node, stored: &Stored) -> String {
    let variant = if node.id.variant.is_empty() { String::new() } else { format!("@{}", node.id.variant_text()) };
    format!("{}.{}{variant}", node.id.name, stored.name())
}

/// The page for whoever unpacks it, what it is rendered from here, its figures, and when its newest result was made.
fn draw(session: &Session, survey: &Survey, typed: &Typed) -> Result<(String, Digest, Vec<Figure>, String), String> {
    let (outcomes, sources) = (&survey.outcomes, &survey.sources);
    let page = |audience| {
        session.with_study(outcomes, sources, audience, |study| {
            let page = report::render(study).map_err(|error| error.to_string())?;
            let figures = report::figures(study).map_err(|error| error.to_string())?;
            Ok::<_, String>((page, report::fingerprint(study), figures, study.finished.clone()))
        })
    };
    let (page, _, figures, finished) = page(Audience::Colleague)?;
    let fingerprint = session.with_study(outcomes, sources, Audience::Here, report::fingerprint);
    let figures =
        figures.into_iter().map(|(title, nodes)| Figure { title, command: of_nodes(&session.plan, &nodes, typed) });
    Ok((page, fingerprint, figures.collect(), finished))
}

fn of_nodes(plan: &Plan, nodes: &[NodeIndex], typed: &Typed) -> String {
    let names: BTreeSet<String> = nodes.iter().map(|&at| plan.nodes[at].id.to_string()).collect();
    let nodes: String = names.iter().map(|name| format!(" --node {}", quoted(name))).collect();
    format!("ventral run {}{}{nodes}", typed.recipe, typed.set)
}

fn made_with<'r>(records: impl Iterator<Item = &'r Record>) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for record in records {
        let made = &record.provenance;
        for (what, value) in [
            ("ventral", &made.ventral),
            ("libtorch", &made.libtorch),
            ("hardware", &made.hardware),
            ("device", &made.device),
        ] {
            if !value.is_empty() {
                found.entry(what.to_owned()).or_default().insert(value.clone());
            }
        }
    }
    found
}

/// Refuses a study that has not the results which its recipe asks for.
fn refuse_stale(session: &Session, survey: &Survey, recipe: &Path) -> Result<(), String> {
    let nodes = session.plan.nodes.iter().zip(&survey.outcomes);
    let stale: Vec<(&Node, State)> = nodes
        .map(|(node, outcome)| (node, outcome.state))
        .filter(|(_, state)| !matches!(state, State::Cached | State::Dropped))
        .collect();
    let Some((node, state)) = stale.first() else { return Ok(()) };
    Err(format!(
        "{} of {} nodes have no current results, `{}` first ({}); `ventral run {}{}` makes them, and `ventral status` says more",
        stale.len(),
        session.plan.nodes.len(),
        node.id,
        state.name(),
        shown(recipe, &session.plan.workspace),
        settings(&session.plan)
    ))
}

fn shown(path: &Path, workspace: &Path) -> String {
    path.strip_prefix(workspace).unwrap_or(path).display().to_string()
}

/// Refuses to write over a file that is no pack.
fn refuse_other(target: &Path) -> Result<(), String> {
    if target.is_dir() {
        return Err(format!("{} is a folder; name a file, such as study.zip", target.display()));
    }
    if target.exists() && archive::read_manifest(target).is_err() {
        return Err(format!("{} is there already, and is no pack; name another file", target.display()));
    }
    match target.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        Some(folder) => Err(format!("there is no folder {}", PathBuf::from(folder).display())),
        None => Ok(()),
    }
}
