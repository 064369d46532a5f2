//! Reports, the published site and a followed recipe in a real browser: nothing on the console, nothing asked of
//! anyone, no barrier for those who read otherwise; with pictures to be looked at in `target/tmp/screenshots`.

mod chrome;
mod needs;
mod study;

use std::io::{BufRead, BufReader};

use chrome::Chrome;
use study::Study;

const SMALL: &str = "\
version: 1
title: Which size of a <b>picture</b> explains simulated IT best?
about: Pictures of several sizes, as features by themselves.
seed: 3
sweep: { size: [2, 4, 8], penalty: [10, 1000] }
nodes:
  it: { kind: synthetic_it, with: { images: 160, size: 32, units: 16, repeats: 4 } }
  ceiling: { kind: noise_ceiling, in: { responses: it.responses } }
  px: { kind: pixels, in: { images: it.images }, with: { size: \"${size}\" } }
  pcs: { kind: pca, in: { features: px, split: it.split }, with: { components: 8 } }
  readout: { kind: ridge, in: { features: pcs, responses: it.responses, split: it.split }, with: { alphas: [\"${penalty}\"] } }
  scores:
    kind: evaluate
    in: { predictions: readout, responses: it.responses, split: it.split, ceiling: ceiling }
    with: { on: val }
  by_size: { kind: compare, in: { scores: \"scores@*\" } }
";

const SHAPES: [(&str, u32, bool); 4] = [
    ("phone-light", 390, false),
    ("phone-dark", 390, true),
    ("desktop-light", 1280, false),
    ("desktop-dark", 1280, true),
];

#[track_caller]
fn quiet(chrome: &Chrome, allowed: &str) {
    assert_eq!(chrome.complaints, [""; 0], "the page complains");
    let outside: Vec<&String> = chrome
        .asked
        .iter()
        .filter(|address| !["data:", "blob:", "about:", allowed].iter().any(|own| address.starts_with(own)))
        .collect();
    assert!(outside.is_empty(), "asked for {outside:?}");
}

/// A watch of the study's recipe, and the address of its page.
fn watched(study: &Study) -> (std::process::Child, String) {
    let mut watch = study.start(&["watch", "recipes/a.yaml", "--port", "0"]);
    let mut line = String::new();
    BufReader::new(watch.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let mut errors = watch.stderr.take().expect("piped");
    std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
    let address = line.trim().rsplit_once(' ').expect("an address").1.to_owned();
    (watch, address)
}

const TRAINING: &str = "\
version: 1
title: A network that is trained for long
seed: 3
nodes:
  it: { kind: synthetic_it, with: { images: 160, size: 32, units: 8, repeats: 4 } }
  cnn:
    kind: train_cnn
    in: { images: it.images, responses: it.responses, split: it.split }
    with: { architecture: two_layer, epochs: 3000, batch: 32, image_size: 32 }
  scores: { kind: evaluate, in: { predictions: cnn, responses: it.responses, split: it.split }, with: { on: val } }
";

mod needs_chromium {
    use super::*;

    /// The bar of sections stays in sight, its list fits, leads to what it names, and closes.
    fn contents(chrome: &mut Chrome, name: &str) {
        chrome.eval("scrollTo({ top: 3000, behavior: 'instant' })");
        assert_eq!(chrome.eval("document.querySelector('nav').getBoundingClientRect().top"), 0, "{name}");
        chrome.eval("document.querySelector('.contents summary').click()");
        let beside = "(() => { const box = document.querySelector('.contents > div'); return box.scrollWidth - box.clientWidth; })()";
        assert_eq!(chrome.eval(beside), 0, "{name}: entries lie beside the list");
        assert_eq!(chrome.barriers(), [""; 0], "{name}: the list");
        chrome.picture(&format!("contents-{name}"), false);
        chrome.eval("document.querySelector('.contents li:last-child a').click()");
        chrome.until(
            "!document.querySelector('.contents').open && \
             location.hash === document.querySelector('.contents li:last-child a').getAttribute('href')",
        );
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one reader's way through one page")]
    fn a_report_can_be_read_searched_and_taken_along() {
        let mut chrome = Chrome::start();
        let study = Study::with(SMALL);
        study.run();
        let address = format!("file://{}", study.path("reports/a/index.html").display());
        for (name, width, dark) in SHAPES {
            chrome.shape(width, 900, dark);
            chrome.open(&address);
            assert_eq!(chrome.eval("document.documentElement.scrollWidth - innerWidth"), 0, "{name} scrolls sideways");
            assert_eq!(chrome.barriers(), [""; 0], "{name}");
            chrome.picture(&format!("report-{name}"), true);
            contents(&mut chrome, name);
        }
        chrome.shape(1280, 900, false);
        chrome.open(&address);

        // The drawer.
        chrome.eval("document.querySelector('.answer a').click()");
        let told = chrome.eval("document.querySelector('dialog.drawer[open]')?.textContent ?? ''");
        for part in ["scores@size=", "fitted on", "scored on", "ventral run recipes/a.yaml --node", "key"] {
            assert!(told.as_str().is_some_and(|told| told.contains(part)), "no `{part}` in the drawer: {told}");
        }
        assert_eq!(chrome.barriers(), [""; 0], "the drawer");
        chrome.picture("report-drawer", false);
        chrome.press("Escape");
        assert_eq!(chrome.eval("document.querySelector('dialog.drawer').open"), false);

        // Charts to take along: numbers, drawing, picture.
        let figures = chrome.eval("document.querySelectorAll('figure').length");
        assert!(figures.as_u64().is_some_and(|count| count >= 8), "{figures}");
        chrome.eval(
            "window.saved = []; const make = URL.createObjectURL; \
         URL.createObjectURL = (blob) => { saved.push(blob); return make(blob); }; true",
        );
        chrome.eval("[...document.querySelectorAll('figure.key .take button')].forEach((button) => button.click())");
        chrome.until("saved.length === 2");
        let svg = chrome.eval("saved.find((blob) => blob.type === 'image/svg+xml').text()");
        let svg = svg.as_str().expect("a drawing");
        for part in ["<svg xmlns=", "Explained variance by size", "fill=\"rgb(", "penalty"] {
            assert!(svg.contains(part), "no `{part}` in the SVG");
        }
        assert!(!svg.contains("class="), "a drawing needs no style sheet");
        assert_eq!(
            chrome.eval(&format!(
                "new DOMParser().parseFromString({}, 'image/svg+xml').querySelector('parsererror') === null",
                serde_json::json!(svg)
            )),
            true
        );
        let png = "saved.find((blob) => blob.type === 'image/png').arrayBuffer().then((b) => [b.byteLength > 5000, new Uint8Array(b)[1] === 80])";
        assert_eq!(chrome.eval(png), serde_json::json!([true, true]));
        let numbers = chrome.eval(
        "decodeURIComponent(document.querySelector('figure.key .take a[download]').href.split(',').slice(1).join(','))",
    );
        let lines: Vec<&str> = numbers.as_str().expect("numbers").lines().collect();
        assert_eq!((lines[0], lines.len()), ("size,penalty,unit,explained_variance", 1 + 6 * 16));

        // A unit that is picked in a table is shown in the charts.
        let hits = chrome.eval(
        "(() => { const row = document.querySelector('tr[data-u]'); row.closest('details').open = true; row.click(); \
         return [document.querySelectorAll('tr.hit').length, document.querySelectorAll('g.hit').length]; })()",
    );
        assert!(hits[0].as_u64() > Some(0) && hits[1].as_u64() > Some(0), "{hits}");
        // By keys alone: a chart is one stop, arrows walk through its units, Enter picks one everywhere.
        chrome.eval(
        "document.querySelector('tr.hit').click(); document.querySelector('figure.key svg.chart[tabindex]').focus()",
    );
        chrome.press("ArrowRight");
        chrome.press("ArrowRight");
        let walked = "[document.querySelectorAll('g.at').length, document.querySelectorAll('g.hit').length, \
                  document.querySelector('.tip')?.textContent === document.querySelector('[aria-live].unseen').textContent]";
        assert_eq!(chrome.eval(walked), serde_json::json!([1, 0, true]));
        let stood = "[document.querySelector('g.at').dataset.u, [...document.querySelectorAll('figure.key svg.wide g[data-u]')].indexOf(document.querySelector('g.at'))]";
        let first = chrome.eval(stood);
        chrome.press("ArrowDown");
        let below = chrome.eval(stood);
        assert!(first[0] == below[0] && first[1] != below[1], "the same unit under another variant: {first} {below}");
        chrome.press("Enter");
        assert_eq!(
            chrome.eval("[...new Set([...document.querySelectorAll('g.hit, tr.hit')].map((m) => m.dataset.u))]"),
            serde_json::json!([below[0]])
        );
        assert_eq!(chrome.barriers(), [""; 0], "a chart that is walked through");
        chrome.picture("report-walked", false);
        chrome.press("Escape");
        assert_eq!(chrome.eval("document.querySelectorAll('g.hit').length"), 0);
        let row = "(() => { const row = document.querySelector('tr[data-u][tabindex]'); row.closest('details').open = true; row.focus(); return row.dataset.u; })()";
        chrome.eval(row);
        chrome.press("ArrowDown");
        chrome.press("Enter");
        assert_eq!(chrome.eval("document.activeElement.classList.contains('hit')"), true, "and a row of a table");
        // Long tables filter by words and by numbers.
        let left = chrome.eval(
        "(() => { const table = [...document.querySelectorAll('table[data-sort]')].find((t) => t.tBodies[0].rows.length > 12); \
         const filter = table.closest('details').querySelector('input.filter'); filter.value = '>=99'; \
         filter.dispatchEvent(new Event('input')); return [...table.tBodies[0].rows].filter((r) => !r.hidden).length; })()",
    );
        assert_eq!(left, 0, "no score is 99");
        quiet(&chrome, "file://");
    }

    #[test]
    fn a_report_is_printed() {
        let mut chrome = Chrome::start();
        let study = Study::with(SMALL);
        study.ventral(&["run", "recipes/a.yaml", "--set", "penalty=[1,2]"]).succeeded();
        let told = study.ventral(&["report", "recipes/a.yaml", "--set", "penalty=[1,2]", "--pdf"]);
        assert!(told.succeeded().out().contains("pdf: reports/a@penalty=1+2/report.pdf"), "{}", told.out());
        let pdf = std::fs::read(study.path("reports/a@penalty=1+2/report.pdf")).expect("a PDF");
        assert!(pdf.starts_with(b"%PDF") && pdf.len() > 40_000, "{} bytes", pdf.len());
        // As the printer sees it: on white, without what only a screen has.
        chrome.shape(740, 1000, true);
        chrome.open(&format!("file://{}", study.path("reports/a@penalty=1+2/index.html").display()));
        chrome.call("Emulation.setEmulatedMedia", serde_json::json!({ "media": "print" }));
        let seen = chrome.eval(
            "[getComputedStyle(document.body).backgroundColor, \
         [...document.querySelectorAll('.tools, .take, nav')].filter((e) => e.getBoundingClientRect().height).length, \
         document.documentElement.scrollWidth <= innerWidth]",
        );
        assert_eq!(seen, serde_json::json!(["rgb(255, 255, 255)", 0, true]));
        let again = "ventral run recipes/a.yaml --set 'penalty=[1,2]'";
        assert_eq!(chrome.eval(&format!("document.body.textContent.includes({again:?})")), serde_json::json!(true));
        chrome.picture("report-print", true);

        let mut command = study.command(&["report", "recipes/a.yaml", "--set", "penalty=[1,2]", "--pdf"]);
        let ended = study::Ended(command.env("PATH", "/nowhere").output().expect("the command starts"));
        ended.refused(1, &["there is no Chromium to print with", "VENTRAL_CHROMIUM"]);
    }

    #[test]
    fn without_scripts_everything_is_there() {
        let mut chrome = Chrome::start();
        let study = Study::with(SMALL);
        study.run();
        chrome.call("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": true }));
        chrome.shape(1280, 900, false);
        chrome.open(&format!("file://{}", study.path("reports/a/index.html").display()));
        let read = chrome.eval(
            "[document.querySelectorAll('figure svg.chart').length > 8, document.querySelectorAll('table').length > 2, \
         document.querySelectorAll('a[download]').length > 8, document.body.innerText.includes('explains IT best')]",
        );
        assert_eq!(read, serde_json::json!([true, true, true, true]));
        chrome.picture("report-without-scripts", true);
    }

    #[test]
    fn a_published_site_is_searched_from_a_folder() {
        let mut chrome = Chrome::start();
        let study = Study::with(SMALL);
        study.run();
        study.write(
            "recipes/b.yaml",
            &SMALL.replace("Which size of a <b>picture</b>", "Which other size").replace("[2, 4, 8]", "[3, 16]"),
        );
        study.ventral(&["run", "recipes/b.yaml"]).succeeded();
        study.ventral(&["publish", "deep/site"]).succeeded();
        let address = format!("file://{}", study.path("deep/site/index.html").display());
        for (name, width, dark) in SHAPES {
            chrome.shape(width, 900, dark);
            chrome.open(&address);
            assert_eq!(chrome.eval("document.documentElement.scrollWidth - innerWidth"), 0, "{name} scrolls sideways");
            assert_eq!(chrome.barriers(), [""; 0], "{name}");
            chrome.picture(&format!("site-{name}"), true);
        }
        let seek = |words: &str| {
            format!(
                "(() => {{ const seek = document.getElementById('seek'); seek.value = '{words}'; \
             seek.dispatchEvent(new Event('input')); \
             return [...document.querySelectorAll('.study')].filter((s) => !s.hidden).map((s) => s.querySelector('h2').textContent); }})()"
            )
        };
        assert_eq!(
            chrome.eval(&seek("other SIZE")),
            serde_json::json!(["Which other size explains simulated IT best?"])
        );
        assert_eq!(chrome.eval(&seek("noise_ceiling")).as_array().map(Vec::len), Some(2), "kinds are found");
        assert_eq!(chrome.eval(&seek("resnet")).as_array().map(Vec::len), Some(0));
        chrome.eval(&seek(""));
        assert_eq!(
            chrome.eval("document.querySelectorAll('.board tbody tr').length"),
            2,
            "one list: the same responses"
        );
        chrome.eval("setTimeout(() => document.querySelector('.study a').click())");
        chrome.until("document.querySelector('main #results') !== null");
        chrome.eval("setTimeout(() => document.querySelector('a.brand').click())");
        chrome.until("document.querySelector('.cards') !== null");
        quiet(&chrome, "file://");
    }

    #[test]
    fn a_page_follows_its_recipe() {
        let mut chrome = Chrome::start();
        let study = Study::with(SMALL);
        let (mut watch, address) = watched(&study);
        chrome.shape(1280, 900, false);
        chrome.open(&address);
        chrome.until("document.querySelector('.live')?.dataset.phase === 'done'");
        chrome.until("document.querySelectorAll('figure.key svg.chart').length > 0");
        chrome.until("document.querySelectorAll('.live .dag .box').length > 6");
        // The run is done a moment before its last page is there.
        chrome.until("document.querySelector('.answer b') !== null");
        let before = chrome.eval("document.querySelector('.answer b').textContent");

        // An edit: boxes fill in, the charts are swapped, the reader stays where he was.
        chrome.eval("scrollTo({ top: 700, behavior: 'instant' }); window.here = true; document.querySelectorAll('.dag .box.fresh').length");
        study.edit("components: 8", "components: 3");
        chrome.until("document.querySelectorAll('.live .dag .box.fresh').length >= 3");
        chrome.until("document.querySelector('.live').dataset.phase === 'done'");
        chrome.until(&format!("document.querySelector('.answer b').textContent !== {before}"));
        assert_eq!(chrome.eval("[scrollY, window.here]"), serde_json::json!([700, true]), "no reload, no jump");
        chrome.until("document.querySelectorAll('.waiting').length === 0");
        chrome.eval("document.querySelector('.answer a').click()");
        assert_eq!(
            chrome.eval("document.querySelector('dialog.drawer').open"),
            true,
            "the new page does what it offers"
        );
        chrome.press("Escape");

        // A mistake: told with its caret while the last good report stays.
        study.edit("components: 3", "componets: 3");
        chrome.until("document.querySelector('.live').dataset.phase === 'wrong'");
        let told = chrome.eval("document.querySelector('.live pre').textContent");
        let told = told.as_str().expect("words");
        assert!(told.contains("did you mean `components`?") && told.contains("^^^^^^^^^"), "{told}");
        // The run's last page may still be on its way; then it stays.
        chrome.until("document.querySelectorAll('.waiting').length === 0");
        chrome.until(
            "document.querySelector('.answer b') !== null && document.querySelectorAll('figure svg.chart').length > 8",
        );
        assert_eq!(chrome.barriers(), [""; 0], "a mistake");
        chrome.eval("scrollTo({ top: 0, behavior: 'instant' })");
        chrome.picture("watch-mistake", false);
        study.edit("componets: 3", "components: 5");
        chrome.until(
            "document.querySelector('.live').dataset.phase === 'done' && document.querySelector('.live pre').hidden",
        );
        chrome.picture("watch-done", false);

        // A node that fails is told, and the rest goes on.
        study.edit("components: 5", "components: 100000");
        chrome.until("document.querySelector('.live').dataset.phase === 'failed'");
        chrome.until("document.querySelector('header .alert.failed') !== null");
        chrome.picture("watch-failed", false);
        quiet(&chrome, &address);
        drop(chrome);
        watch.kill().expect("stopped");
        watch.wait().expect("ended");
    }

    #[test]
    fn a_page_that_opens_midway_shows_the_whole_curve() {
        let mut chrome = Chrome::start();
        let study = Study::with(TRAINING);
        let (mut watch, address) = watched(&study);
        chrome.shape(1280, 900, false);
        chrome.open(&address);
        let points = "(document.querySelector('.live .plot polyline')?.getAttribute('points') ?? '').split(' ').length";
        chrome.until(&format!("{points} >= 5"));
        let before = chrome.eval(points).as_u64().expect("a number");
        // The page is opened anew while the training goes on: it draws what it was not there for.
        for (name, width, dark) in SHAPES {
            chrome.shape(width, 900, dark);
            chrome.open(&address);
            chrome.until(&format!("{points} >= {before}"));
            let told = chrome.eval("document.querySelector('.live .plot svg').getAttribute('aria-label')");
            assert!(told.as_str().is_some_and(|told| told.starts_with("cnn: loss over epochs 1 to ")), "{told}");
            assert_eq!(chrome.eval("document.querySelector('.live').dataset.phase"), "running");
            assert_eq!(chrome.eval("document.querySelectorAll('.live .plot').length"), 2, "losses and scores");
            assert_eq!(chrome.eval("document.documentElement.scrollWidth - innerWidth"), 0, "{name} scrolls sideways");
            assert_eq!(chrome.barriers(), [""; 0], "{name}");
            chrome.picture(&format!("watch-training-{name}"), false);
        }
        // One that was stopped and goes on is drawn from its first epoch.
        let before = chrome.eval(points).as_u64().expect("a number");
        quiet(&chrome, &address);
        drop(chrome);
        watch.kill().expect("stopped");
        watch.wait().expect("ended");
        let (mut watch, address) = watched(&study);
        let mut chrome = Chrome::start();
        chrome.open(&address);
        chrome.until(&format!("{points} > {before}"));
        let told = chrome.eval("document.querySelector('.live .plot svg').getAttribute('aria-label')");
        assert!(told.as_str().is_some_and(|told| told.starts_with("cnn: loss over epochs 1 to ")), "{told}");
        // Another run is another curve.
        study.edit("epochs: 3000", "epochs: 2");
        chrome.until("document.querySelector('.live').dataset.phase === 'done'");
        chrome.until("document.querySelectorAll('.live .plot').length === 0");
        quiet(&chrome, &address);
        drop(chrome);
        watch.kill().expect("stopped");
        watch.wait().expect("ended");
    }

    #[test]
    fn a_comparison_is_read_on_every_screen() {
        let mut chrome = Chrome::start();
        let study = Study::with(SMALL);
        study.run();
        study.edit("components: 8", "components: 3");
        study.run();
        study.ventral(&["compare", "a", "--html"]).succeeded();
        let address = format!("file://{}", study.path("reports/compare/a@1..a@2.html").display());
        for (name, width, dark) in SHAPES {
            chrome.shape(width, 900, dark);
            chrome.open(&address);
            assert_eq!(chrome.eval("document.documentElement.scrollWidth - innerWidth"), 0, "{name} scrolls sideways");
            assert_eq!(chrome.barriers(), [""; 0], "{name}");
            chrome.picture(&format!("compare-{name}"), true);
        }
        quiet(&chrome, "file://");
        chrome.call("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": true }));
        chrome.open(&address);
        let read = chrome.eval("[document.querySelectorAll('figure svg.chart').length > 3, document.body.innerText.includes('pcs: components: 8 → 3')]");
        assert_eq!(read, serde_json::json!([true, true]));
    }
}
