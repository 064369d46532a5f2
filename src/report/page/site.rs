//! The index page of a site: a card per study, leaderboards, and a search that asks nobody.

use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use crate::report::draw::data::{Data, cell, maybe};
use crate::report::draw::number::{count, score};
use crate::report::page::card::{Card, Score};
use crate::report::read::study::ReportError;

const TEMPLATE: &str = include_str!("site.html");
const STYLE: &str = include_str!("style.css");
const SITE_STYLE: &str = include_str!("site.css");
const SCRIPT: &str = include_str!("site.js");
const HERE_SCRIPT: &str = include_str!("here.js");

/// Scores that may stand in one list: of one definition, of the same responses, on the same part of a split.
#[derive(Serialize)]
struct Board {
    label: String,
    data: String,
    on: &'static str,
    definition: String,
    rows: Vec<Row>,
    csv: String,
}

#[derive(Serialize)]
struct Row {
    rank: usize,
    what: String,
    title: String,
    address: String,
    mean: f64,
    shown: String,
    units: String,
    rows: String,
    selected: bool,
    words: String,
}

#[derive(Serialize)]
struct ShownCard<'a> {
    #[serde(flatten)]
    card: &'a Card,
    /// Percent-encoded, so that it needs no escaping.
    address: String,
    day: &'a str,
}

/// Renders the index; equal cards give equal bytes. One that is served `here` asks its server what runs.
pub fn render(title: &str, cards: &[Card], here: bool) -> Result<String, ReportError> {
    let mut shown: Vec<ShownCard<'_>> = cards
        .iter()
        .map(|card| ShownCard { card, address: card.address(), day: card.finished.get(..10).unwrap_or("") })
        .collect();
    // The newest first; names decide among equals, so that the order is always the same.
    shown.sort_by(|a, b| b.card.finished.cmp(&a.card.finished).then_with(|| a.card.name.cmp(&b.card.name)));
    let newest = shown.first().map(|card| card.card.finished.clone()).unwrap_or_default();
    let private: usize = cards.iter().map(|card| card.private).sum();
    let wrong = |e: minijinja::Error| ReportError::new(format!("{e:#}"));
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("site.html", TEMPLATE).map_err(wrong)?;
    let template = environment.get_template("site.html").map_err(wrong)?;
    let page = template.render(context! {
        style => STYLE,
        site_style => SITE_STYLE,
        script => SCRIPT,
        title => title,
        here => here,
        here_script => if here { HERE_SCRIPT } else { "" },
        cards => shown,
        boards => boards(cards),
        newest => newest,
        private => private > 0,
        version => env!("CARGO_PKG_VERSION"),
    });
    page.map_err(wrong)
}

/// Lists of comparable scores, the longest first.
fn boards(cards: &[Card]) -> Vec<Board> {
    let mut groups: Vec<(&Score, Vec<(&Card, &Score)>)> = Vec::new();
    for (card, score) in cards.iter().flat_map(|card| card.scores.iter().map(move |score| (card, score))) {
        let same = |known: &Score| {
            (&known.measure, &known.definition, &known.digest, &known.on)
                == (&score.measure, &score.definition, &score.digest, &score.on)
        };
        match groups.iter_mut().find(|(known, _)| same(known)) {
            Some((_, rows)) => rows.push((card, score)),
            None => groups.push((score, vec![(card, score)])),
        }
    }
    groups.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.data.cmp(&b.0.data)));
    groups.into_iter().map(|(first, rows)| board(first, rows)).collect()
}

fn board(first: &Score, mut rows: Vec<(&Card, &Score)>) -> Board {
    rows.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean).then_with(|| a.0.name.cmp(&b.0.name)));
    let mut data = Data::of(["rank", "study", "best", "measure", "mean", "sem", "units", "scored_on", "rows_scored"]);
    let lines = rows.iter().enumerate().map(|(at, (card, line))| {
        let text = |text: &str| text.to_owned();
        data.row([
            (at + 1).to_string(),
            text(&card.name),
            text(&line.what),
            text(&line.measure),
            cell(line.mean),
            maybe(line.sem),
            line.units.to_string(),
            text(&line.on),
            line.rows.to_string(),
        ]);
        let sem = line.sem.map(|sem| format!(" ± {}", score(sem))).unwrap_or_default();
        Row {
            rank: at + 1,
            what: line.what.clone(),
            title: card.title.clone(),
            address: format!("{}#n{}", card.address(), line.node),
            mean: line.mean,
            shown: format!("{}{sem}", score(line.mean)),
            units: count(line.units),
            rows: count(line.rows as usize),
            selected: line.selected,
            words: card.words.clone() + " " + &line.what.to_lowercase(),
        }
    });
    let rows = lines.collect();
    Board {
        label: crate::report::read::measure::capital(&first.label),
        data: first.data.clone(),
        on: match first.on.as_str() {
            "train" => "training stimuli",
            "val" => "validation stimuli",
            "folds" => "stimuli by cross-validation",
            _ => "held-out test stimuli",
        },
        definition: first.definition.clone(),
        rows,
        csv: data.address(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{Options, fixture};
    use crate::report::page::card;

    fn two() -> Vec<Card> {
        let one = card::card(&fixture(Options::default()).study());
        let mut other = fixture(Options { layers: vec!["features.6".to_owned()], ..Options::default() });
        other.plan.name = "other<i>".to_owned();
        other.plan.title = "<script>alert(1)</script>".to_owned();
        vec![one, card::card(&other.study())]
    }

    #[test]
    fn comparable_scores_share_a_list_and_others_do_not() {
        let mut cards = two();
        let boards_of = |cards: &[Card]| boards(cards).iter().map(|board| board.rows.len()).collect::<Vec<_>>();
        assert_eq!(boards_of(&cards), [2]);
        let board = &boards(&cards)[0];
        assert_eq!((board.rows[0].what.as_str(), board.rows[0].rank), ("features.9", 1));
        assert!(board.rows[0].mean > board.rows[1].mean);
        cards[1].scores[0].definition = "another".to_owned();
        assert_eq!(boards_of(&cards), [1, 1], "another definition");
        cards[1].scores[0] = cards[0].scores[0].clone();
        cards[1].scores[0].digest = "other responses".to_owned();
        assert_eq!(boards_of(&cards), [1, 1], "other responses");
        cards[1].scores[0] = Score { on: "val".to_owned(), ..cards[0].scores[0].clone() };
        assert_eq!(boards_of(&cards), [1, 1], "another part");
    }

    #[test]
    fn an_index_is_always_the_same_and_asks_for_nothing() {
        let cards = two();
        let page = render("Studies & <more>", &cards, false).unwrap();
        let mut turned = cards.clone();
        turned.reverse();
        assert_eq!(page, render("Studies & <more>", &turned, false).unwrap(), "the order of reading decides nothing");
        assert_eq!(page.matches("<script>").count(), 1, "the page's own");
        assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("Studies &amp; &lt;more&gt;"));
        assert!(page.contains("href=\"other%3Ci%3E/index.html\""));
        for bad in ["http://", "https://", "url(", "fetch(", "@import", "src="] {
            assert!(!page.contains(bad), "{bad}");
        }
        if let Ok(folder) = std::env::var("REPORT_PAGES") {
            std::fs::write(format!("{folder}/site.html"), &page).expect("a folder that can be written");
        }
        assert!(render("None", &[], false).unwrap().contains("No studies yet"));
    }
}
