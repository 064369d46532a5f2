//! All reports of a workspace, with what runs now.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::engine::store::Store;
use crate::kind::registry::Registry;
use crate::live::server::{Answer, Bound, within};
use crate::report;
use crate::report::Card;
use crate::workspace::publish;

/// How often an interruption is looked for.
const TICK: Duration = Duration::from_millis(100);

/// Serves a workspace's reports until `stop` turns true.
pub fn serve(bound: &Bound, workspace: &Path, registry: &Registry, stop: &AtomicBool) {
    let stopper = bound.stopper();
    std::thread::scope(|scope| {
        scope.spawn(|| bound.answer_all(|path| answer(path, workspace, registry)));
        while !stop.load(Ordering::SeqCst) {
            std::thread::sleep(TICK);
        }
        stopper();
    });
}

fn answer(path: &str, workspace: &Path, registry: &Registry) -> Answer {
    let reports = workspace.join("reports");
    match path {
        "/" | "/index.html" => match report::index_here(&title(workspace), &cards(workspace, registry)) {
            Ok(page) => Answer::Page(page),
            Err(_) => Answer::Nothing,
        },
        "/running.json" => {
            let running = Store::of_workspace(workspace).running();
            Answer::Json(serde_json::to_string(&running).expect("runs serialise"))
        }
        folder if within(&reports, &format!("{folder}/index.html")).is_some() => {
            // A page's relative links are of its folder, so its address ends with a slash.
            if folder.ends_with('/') {
                within(&reports, &format!("{folder}index.html")).map_or(Answer::Nothing, Answer::File)
            } else {
                Answer::Elsewhere(format!("{}/", encoded(folder)))
            }
        }
        file => within(&reports, file).map_or(Answer::Nothing, Answer::File),
    }
}

fn encoded(path: &str) -> String {
    let mut address = String::from("/");
    for byte in path.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'/' => address.push(char::from(byte)),
            other => address += &format!("%{other:02X}"),
        }
    }
    address
}

fn title(workspace: &Path) -> String {
    let name = workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned());
    name.file_name().map_or_else(|| "Reports".to_owned(), |name| format!("Reports of {}", name.to_string_lossy()))
}

/// A card per page that lies in reports/, with what its recipe's results say where they are current.
fn cards(workspace: &Path, registry: &Registry) -> Vec<Card> {
    let histories = Store::of_workspace(workspace).records().histories();
    let mut pages: Vec<(String, PathBuf)> = std::fs::read_dir(workspace.join("reports"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.to_owned(), entry.path().join("index.html"))))
        .filter(|(name, page)| !name.starts_with('.') && page.is_file())
        .collect();
    pages.sort();
    let card = |name: &str| match histories.get(name) {
        None => Card::bare(name, name),
        Some(history) => publish::card_of(name, history, registry).unwrap_or_else(|why| Card::unread(name, &why)),
    };
    pages.iter().map(|(name, _)| card(name)).collect()
}
