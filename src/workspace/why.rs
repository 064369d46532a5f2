//! How nodes stand beside what they last were, and what changed: what `status` and `why` tell.

use serde_json::{Value as Json, json};

use crate::engine::fingerprint;
use crate::engine::record::{Record, State};
use crate::engine::store::{History, Store};
use crate::engine::walk::Survey;
use crate::plan::NodeIndex;
use crate::text::amount;
use crate::workspace::Session;

/// A recipe as it stands, beside what it was.
pub struct View<'a> {
    session: &'a Session,
    pub survey: Survey,
    history: History,
    store: Store,
}

/// Why a node would run, or that it would not.
pub struct Answer {
    pub node: String,
    pub state: State,
    /// In words, where no part of a key tells it.
    pub reason: Option<String>,
    /// Part, old value, new value.
    pub changes: Vec<(String, Json, Json)>,
    /// Seconds that it and everything downstream last took, by node; none where it never ran.
    pub cost: Vec<(String, Option<f64>)>,
}

impl<'a> View<'a> {
    /// The recipe as it stands now.
    pub fn of(session: &'a Session) -> Self {
        Self { session, survey: session.survey(), history: session.history(), store: session.store() }
    }

    /// The records of a node's last good actions, current or not.
    pub fn last_records(&self, at: NodeIndex) -> Vec<Record> {
        let last = self.history.nodes.get(&self.session.plan.nodes[at].id.to_string());
        last.into_iter().flat_map(|last| last.keys.values()).filter_map(|key| self.store.record(*key)).collect()
    }

    /// Parts of the key that differ from the last run's.
    fn changes(&self, at: NodeIndex) -> Vec<(String, Json, Json)> {
        let Some(actions) = &self.survey.actions[at] else { return Vec::new() };
        let last = self.history.nodes.get(&self.session.plan.nodes[at].id.to_string());
        let mut changes = Vec::new();
        for action in actions {
            let old = last.and_then(|last| last.keys.get(&action.entry)).and_then(|key| self.store.record(*key));
            match old {
                Some(old) if old.key == action.key => {}
                Some(old) => {
                    for (name, was, is) in fingerprint::differences(&old.ingredients, &action.ingredients) {
                        let part =
                            if action.entry.is_empty() { name.to_owned() } else { format!("{name}[{}]", action.entry) };
                        changes.push((part, was.cloned().unwrap_or(Json::Null), is.cloned().unwrap_or(Json::Null)));
                    }
                }
                None if !action.entry.is_empty() && last.is_some() => {
                    changes.push((format!("entry[{}]", action.entry), Json::Null, json!("new")));
                }
                None => {}
            }
        }
        self.name_files(at, &mut changes);
        changes
    }

    /// Files of a list are known by what they are called, not by their places.
    fn name_files(&self, at: NodeIndex, changes: &mut [(String, Json, Json)]) {
        let node = &self.session.plan.nodes[at];
        let files = node.kind.files(&node.params);
        for (part, ..) in changes {
            let listed = part.rsplit('.').next().is_some_and(|place| place.bytes().all(|byte| byte.is_ascii_digit()));
            let Some(param) = part.strip_prefix("file.").filter(|_| listed) else { continue };
            if let Some((_, path)) = files.iter().find(|(known, _)| known == param) {
                *part = format!("file {path}");
            }
        }
    }

    /// One line for a listing.
    pub fn short(&self, at: NodeIndex) -> String {
        let outcome = &self.survey.outcomes[at];
        if let Some(message) = &outcome.message {
            return message.clone();
        }
        match outcome.state {
            State::Stale => {
                let changes = self.changes(at);
                if changes.is_empty() {
                    return "a result is gone from the cache".to_owned();
                }
                changes
                    .iter()
                    .map(|(part, was, is)| format!("{part}: {} → {}", brief(was), brief(is)))
                    .collect::<Vec<_>>()
                    .join("; ")
            }
            State::New => "it never ran".to_owned(),
            State::Dropped if self.session.plan.nodes[at].keep => {
                "left out when the study was packed; made again only if something new reads it".to_owned()
            }
            State::Dropped => "keep: false; made again only if something new reads it".to_owned(),
            _ => String::new(),
        }
    }

    /// Why a node would run, with what that costs; or that it would not.
    pub fn explain(&self, at: NodeIndex) -> Answer {
        let plan = &self.session.plan;
        let outcome = &self.survey.outcomes[at];
        let mut answer = Answer {
            node: plan.nodes[at].id.to_string(),
            state: outcome.state,
            reason: None,
            changes: Vec::new(),
            cost: Vec::new(),
        };
        match outcome.state {
            State::Cached | State::Ran | State::Dropped => {
                let made = outcome.records.iter().map(|record| record.provenance.at.as_str()).max().unwrap_or_default();
                answer.reason = Some(format!("nothing changed since it was computed at {made}; it will not run"));
                return answer;
            }
            State::New => answer.reason = Some("it never ran in this recipe".to_owned()),
            State::Failed => answer.reason.clone_from(&outcome.message),
            _ => {}
        }
        answer.changes = self.changes(at);
        if self.survey.actions[at].is_none() {
            // Its inputs are not current: the nodes where the changes begin explain it.
            let mut roots: Vec<NodeIndex> = plan
                .with_needs(&[at])
                .into_iter()
                .filter(|&up| up != at && !matches!(self.survey.outcomes[up].state, State::Cached | State::Dropped))
                .filter(|&up| self.survey.actions[up].is_some())
                .collect();
            roots.dedup();
            let causes: Vec<String> =
                roots.iter().map(|&up| format!("`{}` ({})", plan.nodes[up].id, self.short(up))).collect();
            if !causes.is_empty() {
                answer.reason = Some(format!("what it reads will be made again: {}", causes.join("; ")));
            } else if answer.reason.is_none() {
                answer.reason.clone_from(&outcome.message);
            }
        } else if answer.changes.is_empty() && answer.reason.is_none() {
            let gone = || "a result is gone from the cache, or damaged".to_owned();
            answer.reason = Some(outcome.message.clone().unwrap_or_else(gone));
        }
        let mut below = vec![at];
        for reader in plan.nodes.keys().filter(|&other| other > at) {
            if plan.nodes[reader].edges.iter().any(|edge| below.contains(&edge.from)) {
                below.push(reader);
            }
        }
        for node in below {
            let records = self.last_records(node);
            let seconds =
                (!records.is_empty()).then(|| records.iter().map(|record| record.provenance.seconds).sum::<f64>());
            answer.cost.push((plan.nodes[node].id.to_string(), seconds));
        }
        answer
    }
}

impl Answer {
    /// As `ventral why --json` prints it.
    pub fn json(&self) -> Json {
        let changes: Vec<Json> =
            self.changes.iter().map(|(part, was, is)| json!({ "part": part, "old": was, "new": is })).collect();
        let cost: Vec<Json> = self.cost.iter().map(|(node, s)| json!({ "node": node, "seconds": s })).collect();
        json!({ "node": self.node, "state": self.state, "reason": self.reason, "changes": changes, "cost": cost })
    }

    /// As `ventral why` prints it.
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}\n", self.node, self.state.name());
        if let Some(reason) = &self.reason {
            text.push_str(&format!("  {reason}\n"));
        }
        for (part, was, is) in &self.changes {
            text.push_str(&format!("  {part}: {} → {}\n", brief(was), brief(is)));
        }
        if let Some(((_, own), below)) = self.cost.split_first() {
            let known: Vec<f64> = below.iter().filter_map(|(_, seconds)| *seconds).collect();
            text.push_str(&match own {
                Some(own) => format!("  rerunning it last took {}", amount::seconds(*own)),
                None => "  what running it costs is not known yet".to_owned(),
            });
            if below.is_empty() {
                text.push_str("; nothing reads it\n");
            } else if known.is_empty() {
                text.push_str(&format!("; {} nodes lie below it\n", below.len()));
            } else {
                text.push_str(&format!(
                    ", the {} nodes below it {} (less where its output stays the same)\n",
                    below.len(),
                    amount::seconds(known.iter().sum())
                ));
            }
        }
        text
    }
}

/// A value short enough for a line; digests by their first digits.
fn brief(value: &Json) -> String {
    match value {
        Json::Null => "absent".to_owned(),
        Json::String(text) if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) => text[..12].to_owned(),
        other => {
            let text = other.to_string();
            if text.chars().count() > 80 { text.chars().take(77).chain("...".chars()).collect() } else { text }
        }
    }
}
