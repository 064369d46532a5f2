//! The section `question`: what the page answers, and of which scores.

use serde_json::Value as Json;

use crate::diagnostic::{Problems, listed, quoted};
use crate::kind::Role;
use crate::plan::{Ask, Baseline, NodeIndex, Question};
use crate::recipe::lower::page::{Page, text};
use crate::recipe::lower::suggest::suggest;
use crate::recipe::syntax::tree::{Entry, Value};

/// The forms of a question, and what every one may have beside.
const FORMS: [&str; 4] = ["contrast", "best", "trend", "against"];
const BY: &str = "by";
const NODE: &str = "node";
const MEASURE: &str = "measure";
const CONTRAST: [&str; 3] = ["of", "plus", "minus"];
/// Fewer values than these have no trend.
const TREND: usize = 3;

/// Reads the section; nothing where it is wrong, which is reported.
pub fn read(section: &Entry, page: &Page<'_, '_>, problems: &mut Problems) -> Option<Question> {
    let Value::Map(fields) = &section.value.value else {
        if !section.value.is_null() {
            let what = section.value.describe();
            problems.error(section.place.clone(), format!("`question` is {what}; it is a map of what is asked")).help(
                "as in `question: { contrast: { of: weights, plus: trained, minus: random } }` or `{ best: layer }`",
            );
        }
        return None;
    };
    let known = || FORMS.into_iter().chain([BY, NODE, MEASURE]);
    for field in fields.iter().filter(|field| known().all(|name| name != field.key)) {
        let problem = problems.error(field.place.clone(), format!("a question has no {}", quoted(&field.key)));
        suggest(problem, &field.key, known(), "it has");
    }
    let forms: Vec<&Entry> = fields.iter().filter(|field| FORMS.contains(&field.key.as_str())).collect();
    let form = match forms.as_slice() {
        [one] => *one,
        [] => {
            problems
                .error(section.place.clone(), "this asks nothing")
                .help(format!("a question is one of {}", listed(FORMS.into_iter())));
            return None;
        }
        [_, second, ..] => {
            problems.error(second.place.clone(), "a page answers one question");
            return None;
        }
    };
    let reader = Reader { page, fields };
    if form.key != FORMS[0]
        && let Some(by) = reader.field(BY)
    {
        problems.error(by.place.clone(), "`by` belongs to a `contrast`, which it splits");
        return None;
    }
    let (ask, varies) = reader.ask(form, problems)?;
    let baseline = match &ask {
        Ask::Against(Baseline::Scores(name, _)) => Some(name.as_str()),
        _ => None,
    };
    let of = reader.scores(form, &varies, baseline, problems)?;
    let measure = match reader.field(MEASURE) {
        Some(field) => Some(text(MEASURE, field, page.variables, problems)?),
        None => None,
    };
    Some(Question { ask, of, measure })
}

struct Reader<'a, 'p, 't> {
    page: &'a Page<'p, 't>,
    fields: &'a [Entry],
}

impl Reader<'_, '_, '_> {
    fn field(&self, name: &str) -> Option<&Entry> {
        self.fields.iter().find(|field| field.key == name)
    }

    /// What is asked, and the swept variables along which it is asked.
    fn ask(&self, form: &Entry, problems: &mut Problems) -> Option<(Ask, Vec<usize>)> {
        Some(match form.key.as_str() {
            "contrast" => self.contrast(form, problems)?,
            "best" => {
                let at = self.variable(form, problems)?;
                (Ask::Best(self.name(at)), vec![at])
            }
            "trend" => {
                let at = self.variable(form, problems)?;
                let levels = self.page.variables.sweep.variables[at].levels.len();
                if levels < TREND {
                    let message = format!("`{}` has {levels} values; a trend needs {TREND} or more", self.name(at));
                    problems.error(form.value.place.clone(), message).help("`contrast` compares two");
                    return None;
                }
                (Ask::Trend(self.name(at)), vec![at])
            }
            _ => (Ask::Against(self.baseline(form, problems)?), Vec::new()),
        })
    }

    fn contrast(&self, form: &Entry, problems: &mut Problems) -> Option<(Ask, Vec<usize>)> {
        let example = "as in `contrast: { of: weights, plus: trained, minus: random }`";
        let Value::Map(parts) = &form.value.value else {
            let message = format!("a contrast is {}; it is a map", form.value.describe());
            problems.error(form.place.clone(), message).help(example);
            return None;
        };
        for part in parts.iter().filter(|part| !CONTRAST.contains(&part.key.as_str())) {
            let problem = problems.error(part.place.clone(), format!("a contrast has no {}", quoted(&part.key)));
            suggest(problem, &part.key, CONTRAST.into_iter(), "it has");
        }
        let found = CONTRAST.map(|name| parts.iter().find(|part| part.key == name));
        let [Some(of), Some(plus), Some(minus)] = found else {
            let missing = CONTRAST.iter().zip(&found).find(|(_, part)| part.is_none()).map_or("of", |(name, _)| name);
            problems.error(form.place.clone(), format!("this contrast has no `{missing}`")).help(example);
            return None;
        };
        let at = self.variable(of, problems)?;
        let level = |part: &Entry, problems: &mut Problems| -> Option<String> {
            let said = text(&part.key, part, self.page.variables, problems)?;
            let swept = &self.page.variables.sweep.variables[at];
            let Some(level) = swept.level(&said) else {
                let message = format!("`{}` is never {}", swept.name, quoted(&said));
                let problem = problems.error(part.value.place.clone(), message);
                suggest(problem, &said, swept.texts.iter().map(String::as_str), "it is swept over");
                return None;
            };
            Some(swept.texts[level].clone())
        };
        let (a, b) = (level(plus, problems), level(minus, problems));
        let (a, b) = a.zip(b)?;
        if a == b {
            problems.error(minus.value.place.clone(), format!("`plus` and `minus` are both {}", quoted(&a)));
            return None;
        }
        let mut varies = vec![at];
        let by = match self.field(BY) {
            Some(field) => {
                let by = self.variable(field, problems)?;
                if by == at {
                    let message = format!("`by` is what is contrasted, `{}`", self.name(at));
                    problems
                        .error(field.value.place.clone(), message)
                        .help("it is another swept variable, such as the layer");
                    return None;
                }
                varies.push(by);
                Some(self.name(by))
            }
            None => None,
        };
        Some((Ask::Contrast { of: self.name(at), plus: a, minus: b, by }, varies))
    }

    fn baseline(&self, form: &Entry, problems: &mut Problems) -> Option<Baseline> {
        if !self.page.variables.check_fixed(&form.value, problems) {
            return None;
        }
        if let Some(Json::Number(number)) = self.page.variables.expand(&form.value, &[]) {
            return number.as_f64().map(Baseline::Published);
        }
        let (nodes, _, node, place) = self.page.referred("baseline", form, problems)?;
        if !self.is_evaluation(node) {
            self.not_scores(node, &place, problems);
            return None;
        }
        Some(Baseline::Scores(self.page.heads.all[node].name.to_owned(), nodes))
    }

    /// A swept variable, by its place in the sweep.
    fn variable(&self, field: &Entry, problems: &mut Problems) -> Option<usize> {
        let name = text(&field.key, field, self.page.variables, problems)?;
        let sweep = &self.page.variables.sweep;
        let found = sweep.find(&name);
        if found.is_none() {
            let message = format!("{} is not swept, so nothing varies with it", quoted(&name));
            let problem = problems.error(field.value.place.clone(), message);
            suggest(problem, &name, sweep.variables.iter().map(|swept| swept.name.as_str()), "the swept variables are");
        }
        found
    }

    fn name(&self, variable: usize) -> String {
        self.page.variables.sweep.variables[variable].name.clone()
    }

    /// The evaluations in question: those named, else the one family that varies so.
    fn scores(
        &self,
        form: &Entry,
        varies: &[usize],
        baseline: Option<&str>,
        problems: &mut Problems,
    ) -> Option<Vec<NodeIndex>> {
        if let Some(field) = self.field(NODE) {
            let (nodes, _, node, place) = self.page.referred("question", field, problems)?;
            let nodes = if self.is_comparison(node) { self.compared(&nodes) } else { nodes };
            let kinds: Vec<usize> = nodes.iter().map(|&at| self.page.linked.placed[at].node).collect();
            if nodes.is_empty() || !kinds.iter().all(|&node| self.is_evaluation(node)) {
                self.not_scores(node, &place, problems);
                return None;
            }
            if let Some(&fixed) =
                varies.iter().find(|at| kinds.iter().any(|&node| !self.page.linked.varies[node].contains(at)))
            {
                let name = self.page.heads.all[node].name;
                let message = format!("`{name}` does not vary with `{}`", self.name(fixed));
                problems.error(place, message);
                return None;
            }
            return Some(nodes);
        }
        let heads = &self.page.heads.all;
        let fits = |node: &usize| {
            self.is_evaluation(*node)
                && Some(heads[*node].name) != baseline
                && varies.iter().all(|at| self.page.linked.varies[*node].contains(at))
        };
        let families: Vec<usize> = (0..heads.len()).filter(fits).collect();
        match families.as_slice() {
            [one] => Some(self.page.linked.variants[*one].all.clone()),
            [] => {
                let names = listed(varies.iter().map(|&at| self.page.variables.sweep.variables[at].name.as_str()));
                let message = match varies {
                    [] => "no other node scores predictions, so there is nothing to ask this of".to_owned(),
                    _ => format!("no node that scores predictions varies with {names}"),
                };
                problems.error(form.place.clone(), message);
                None
            }
            many => {
                let names = listed(many.iter().map(|&node| heads[node].name));
                problems
                    .error(form.place.clone(), format!("this may be asked of {names}"))
                    .help(format!("say of which: `node: {}`", heads[many[0]].name));
                None
            }
        }
    }

    /// The evaluations that comparisons read.
    fn compared(&self, nodes: &[NodeIndex]) -> Vec<NodeIndex> {
        let placed = &self.page.linked.placed;
        let mut from: Vec<NodeIndex> = nodes.iter().flat_map(|&at| &placed[at].edges).map(|edge| edge.from).collect();
        from.retain(|&at| self.is_evaluation(placed[at].node));
        from.sort_unstable();
        from.dedup();
        from
    }

    fn gives(&self, node: usize, roles: &[Role]) -> bool {
        let kind = self.page.heads.all[node].kind;
        kind.is_some_and(|kind| roles.iter().all(|role| kind.outputs.iter().any(|output| output.role == Some(*role))))
    }

    fn is_evaluation(&self, node: usize) -> bool {
        self.gives(node, &[Role::Scores, Role::Summary])
    }

    fn is_comparison(&self, node: usize) -> bool {
        self.gives(node, &[Role::Scores, Role::Comparison])
    }

    fn not_scores(&self, node: usize, place: &std::ops::Range<usize>, problems: &mut Problems) {
        let heads = &self.page.heads.all;
        let name = heads[node].name;
        let scoring: Vec<&str> =
            (0..heads.len()).filter(|&at| self.is_evaluation(at)).map(|at| heads[at].name).collect();
        let kind = heads[node].kind.map_or_else(String::new, |kind| format!(" ({})", kind.name));
        let problem = problems.error(place.clone(), format!("`{name}`{kind} scores no predictions"));
        if !scoring.is_empty() {
            problem.help(format!("those that do: {}", listed(scoring.into_iter())));
        }
    }
}
