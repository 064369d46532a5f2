//! A person's own steps: what they see, when they run again, and how they end; docs/own-steps.md and docs/python.md to the letter.

mod study;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use study::{Ended, Study};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What every recipe here stands on.
const BASE: &str = "
version: 1
title: t
nodes:
  it: { kind: synthetic_it, with: { images: 120 } }
  px: { kind: pixels, in: { images: it.images }, with: { size: 4 } }
";

/// Plain Python that hands its input on, and what the test adds to it; rows are handed on too.
const COPY: &str = "
import csv, json, os, shutil
job = json.load(open(os.environ['VENTRAL_JOB']))
rows = list(csv.reader(open('inputs/features.csv')))
ids = list(csv.reader(open('inputs/features.rows.csv')))
def give(rows, ids=ids):
    csv.writer(open('outputs/out.csv', 'w')).writerows(rows)
    csv.writer(open('outputs/out.rows.csv', 'w')).writerows(ids)
";

fn study(nodes: &str, script: &str) -> Study {
    let study = Study::with(&format!("{BASE}{nodes}"));
    fs::create_dir(study.path("scripts")).expect("created");
    study.write("scripts/own.py", &format!("{COPY}\n{script}\n"));
    study
}

/// A node that runs the script on pixels.
fn own(more: &str) -> String {
    format!(
        "  own: {{ kind: script, in: {{ features: px }}, with: {{ run: [python3, scripts/own.py], exchange: csv, sees: none, \
         gives: {{ out: matrix }}{more} }} }}\n"
    )
}

const READOUT: &str = "  readout: { kind: ridge, in: { features: own.out, responses: it.responses, split: it.split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
";

#[test]
fn needs_python3_a_step_is_cached_and_runs_again_when_its_code_changes() {
    let study = study(&format!("{}{READOUT}", own(", params: { add: 1 }")), "give(rows)");
    assert_eq!(study.run(), (5, 0));
    assert_eq!(study.run(), (0, 5));
    let text = fs::read_to_string(study.path("scripts/own.py")).expect("the script");
    study.write("scripts/own.py", &format!("{text}\n# another line\n"));
    let why = study.ventral(&["why", "recipes/a.yaml", "own"]);
    assert!(why.succeeded().out().contains("own.py"), "{}", why.out());
    // The same bytes come out, so that what reads them stands.
    assert_eq!(study.run(), (1, 4));
    study.edit("add: 1", "add: 2");
    assert_eq!(study.run(), (1, 4));
    fs::rename(study.path("scripts/own.py"), study.path("scripts/other.py")).expect("renamed");
    study.edit("scripts/own.py", "scripts/other.py");
    assert_eq!(study.run(), (0, 5), "a script counts by its content, not by its name");
}

#[test]
fn needs_python3_responses_of_other_rows_are_not_in_what_a_step_is_given() {
    let nodes = "
  own:
    kind: script
    in: { features: px, responses: it.responses, split: it.split }
    with: { run: [python3, scripts/own.py], exchange: csv, gives: { seen: table, out: matrix } }
  scores: { kind: evaluate, in: { predictions: own.out, responses: it.responses, split: it.split }, with: { on: val } }
";
    let script = "
seen = list(csv.reader(open('inputs/responses.rows.csv')))[1:]
parts = {row[0]: row[1] for row in list(csv.reader(open('inputs/split.csv')))[1:]}
assert len(list(csv.reader(open('inputs/responses.csv')))) == len(seen) + 1
csv.writer(open('outputs/seen.csv', 'w')).writerows([['part']] + [[parts[row[0]]] for row in seen])
units = [row[0] for row in list(csv.reader(open('inputs/responses.columns.csv')))[1:]]
give([units] + [[row[0]] * len(units) for row in rows[1:]])
";
    let study = study(nodes, script);
    study.ventral(&["run", "recipes/a.yaml", "--node", "own"]).succeeded();
    let seen = study.ventral(&["show", "recipes/a.yaml", "own.seen", "--json"]);
    let seen = seen.succeeded().json();
    let parts: Vec<&str> = seen.as_array().unwrap().iter().map(|row| row["part"].as_str().unwrap()).collect();
    assert!(parts.len() > 50 && parts.iter().all(|part| *part == "train"), "{parts:?}");
    // It was given features of every row, so none is scored.
    study.ventral(&["run", "recipes/a.yaml"]).refused(1, &["were seen by `script`"]);
    study.edit("exchange: csv", "exchange: csv, rowwise: true");
    study.run();
    study.edit("rowwise: true", "rowwise: true, sees: all");
    study.ventral(&["run", "recipes/a.yaml"]).refused(1, &["were seen by `script`"]);
}

#[test]
fn needs_python3_a_step_that_looks_at_other_rows_is_found_out() {
    let z = "
columns = list(zip(*[[float(x) for x in row] for row in rows[1:]]))
means = [sum(column) / len(column) for column in columns]
give([rows[0]] + [[float(x) - m for x, m in zip(row, means)] for row in rows[1:]])
";
    let study = study(&format!("{}{READOUT}", own("")), z);
    study.ventral(&["run", "recipes/a.yaml"]).refused(1, &["`rowwise: true`", "others come out otherwise"]);
    study.edit("sees: none", "sees: none, rowwise: false");
    study.ventral(&["run", "recipes/a.yaml"]).refused(1, &["were seen by `script`"]);
}

#[test]
fn needs_python3_what_is_not_as_promised_is_refused_with_the_last_words() {
    let cases: [(&str, &[&str]); 8] = [
        ("raise SystemExit('no luck today')", &["failed with exit status 1", "no luck today"]),
        ("pass", &["`gives` promises `out`, and the program wrote none of out.safetensors"]),
        ("rows[3][2] = 'nan'; give(rows)", &["it is NaN in the row", "finite numbers"]),
        ("give(rows[:-1], ids)", &["120 names of rows, and 119 rows"]),
        ("ids[5][0] = 'nobody'; give(rows)", &["the row `nobody` is no stimulus that the program was given"]),
        ("import os; os.kill(os.getpid(), 9)", &["was ended by signal 9"]),
        ("print('x' * 50_000_000); raise SystemExit(3)", &["failed with exit status 3"]),
        ("import random; rows[1][0] = random.random(); give(rows)", &["two runs differ (`check_twice`)"]),
    ];
    for (script, said) in cases {
        let study = study(&own(", check_twice: true, rowwise: false"), script);
        let ended = study.ventral(&["run", "recipes/a.yaml"]);
        ended.refused(1, said);
        assert!(ended.err().len() < 20_000, "{script}");
    }
    let lost = study(&own(""), "give(rows)");
    fs::remove_file(lost.path("scripts/own.py")).expect("removed");
    lost.ventral(&["run", "recipes/a.yaml"]).refused(1, &["scripts/own.py", "no such file"]);
    lost.edit("python3", "no-such-program");
    lost.write("scripts/own.py", "");
    lost.ventral(&["run", "recipes/a.yaml"]).refused(1, &["there is no program `no-such-program` on the path"]);
}

/// Processes whose command line has some words.
fn alive(words: &str) -> usize {
    let of = |entry: fs::DirEntry| fs::read(entry.path().join("cmdline")).ok();
    let all = fs::read_dir("/proc").expect("Linux").flatten().filter_map(of);
    all.filter(|line| String::from_utf8_lossy(line).replace('\0', " ").contains(words)).count()
}

#[cfg(target_os = "linux")]
#[test]
fn needs_python3_nothing_is_left_running() {
    let forks = "
import subprocess, sys
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(4242.5)'], start_new_session=True)
";
    let study = study(&own(""), &format!("{forks}\ngive(rows)"));
    study.ventral(&["run", "recipes/a.yaml"]).succeeded();
    assert_eq!(alive("time.sleep(4242.5)"), 0);
    let slow = self::study(
        &own("").replace("kind: script,", "kind: script, resources: { time: 2s },"),
        &format!("{forks}\nimport time; time.sleep(4343.5)"),
    );
    let start = Instant::now();
    slow.ventral(&["run", "recipes/a.yaml"])
        .refused(1, &["ran longer than the 2.0 s that `resources: { time }` allows"]);
    assert!(start.elapsed() < Duration::from_secs(60) && alive("time.sleep(4242.5)") == 0);
    let large = self::study(
        &own("").replace("kind: script,", "kind: script, resources: { memory: 300MB },"),
        "hold = [bytes(10_000_000) and bytearray(10_000_000) for _ in range(100)]\nimport time; time.sleep(30)",
    );
    large.ventral(&["run", "recipes/a.yaml"]).refused(1, &["took more than the 300.0 MB of memory"]);
    // Cancelled as Ctrl-C does, and killed as nothing can be asked.
    let told = std::env::temp_dir().join(format!("ventral-started-{}", std::process::id()));
    for signal in ["INT", "KILL"] {
        let tell = format!("open('{}', 'w')", told.display());
        let long = self::study(&own(""), &format!("{forks}\n{tell}\nimport time; time.sleep(4444.5)"));
        let _ = fs::remove_file(&told);
        let mut child = long.start(&["run", "recipes/a.yaml"]);
        let start = Instant::now();
        while !told.exists() && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let killed = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(killed.expect("kill").success());
        child.wait().expect("it ends");
        let start = Instant::now();
        while alive("time.sleep(4242.5)") > 0 && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(alive("time.sleep(4242.5)"), 0, "{signal}");
    }
    let _ = fs::remove_file(&told);
}

#[test]
fn ports_that_nobody_promised_are_told_where_they_are_read() {
    let study = Study::with(&format!("{BASE}{}", own("").replace("out: matrix", "smooth: matrix")));
    study.edit(
        "  own:",
        "  again: { kind: pca, in: { features: own.smoth, split: it.split }, with: { components: 2 } }\n  own:",
    );
    study
        .ventral(&["check", "recipes/a.yaml"])
        .refused(2, &["`own` (script) has no output `smoth`", "did you mean `smooth`?"]);
    study.edit("own.smoth", "own");
    study.edit("smooth: matrix", "smooth: { type: matrix, role: scores }");
    study.ventral(&["check", "recipes/a.yaml"]).refused(2, &["`scores` are a table"]);
}

#[test]
fn needs_python3_versions_are_in_the_record_and_in_no_key() {
    let study = study(&own(""), "print('ventral: version anything 1.2 beta')\ngive(rows)");
    study.run();
    let record = study.ventral(&["show", "recipes/a.yaml", "own", "--record", "--json"]);
    let record = record.succeeded().json()[0].clone();
    let of = |name: &str| record["made"]["software"][name].as_str().unwrap_or_default().to_owned();
    assert!(of("python3").starts_with("Python 3."), "{record}");
    assert_eq!(of("anything"), "1.2 beta");
    let told = study.ventral(&["show", "recipes/a.yaml", "own", "--record"]);
    assert!(told.succeeded().out().contains(&format!("\n  python3      {}\n", of("python3"))), "{}", told.out());
    let page = fs::read_to_string(study.path("reports/a/index.html")).expect("a report");
    assert!(page.contains(&format!("anything 1.2 beta, python3 {}", of("python3"))));
    let why = study.ventral(&["why", "recipes/a.yaml", "own", "--json"]);
    assert!(!why.succeeded().out().contains("Python 3."), "{}", why.out());
    // Whatever they are, a program without an interpreter is asked nothing: it is known by its content.
    study.write("scripts/alone", "#!/bin/sh\n[ \"$1\" = --version ] && exit 3\nmkdir -p outputs\necho x,y > outputs/out.csv\necho 1,2 >> outputs/out.csv\n");
    let made = Command::new("chmod").arg("+x").arg(study.path("scripts/alone")).status();
    assert!(made.expect("chmod").success());
    study.edit("[python3, scripts/own.py]", "[scripts/alone]");
    study.edit("out: matrix", "out: table");
    study.run();
    let record = study.ventral(&["show", "recipes/a.yaml", "own", "--record", "--json"]).succeeded().json()[0].clone();
    assert_eq!(record["made"].get("software"), None, "{record}");
}

#[test]
fn needs_python3_a_step_that_fills_the_disk_is_ended() {
    let limited = own("").replace("kind: script,", "kind: script, resources: { disk: 20MB },");
    let said: &[&str] = &["wrote more than the 20.0 MB into its folder that `resources: { disk }` allows"];
    // Bit by bit, in one go before anybody looks, and in a folder of folders.
    let bits = "
import time
os.makedirs('a/b')
for at in range(1000):
    open(f'a/b/{at}', 'wb').write(os.urandom(1_000_000))
    time.sleep(0.01)
";
    for script in [bits, "open('big', 'wb').write(os.urandom(40_000_000))\ngive(rows)"] {
        study(&limited, script).ventral(&["run", "recipes/a.yaml"]).refused(1, said);
    }
    // What it was given does not count, nor what it took away again, nor holes.
    let tidy = "
for _ in range(5):
    open('big', 'wb').write(os.urandom(10_000_000))
    os.remove('big')
open('hole', 'wb').truncate(1_000_000_000)
give(rows)
";
    assert_eq!(study(&limited, tidy).run(), (3, 0));
    let wrong = study(&own("").replace("kind: script,", "kind: script, resources: { disc: 1GB },"), "");
    wrong.ventral(&["check", "recipes/a.yaml"]).refused(2, &["`resources` has no key `disc`", "did you mean `disk`?"]);
}

mod needs_namespaces {
    use super::*;

    #[test]
    fn a_step_leaves_free_disk_to_everybody_else() {
        // No limit of its own stops it: half of the 60 MB that were free do.
        let fills = "  own: { kind: script, in: { features: px }, with: { run: [sh, scripts/fill.sh], exchange: csv, sees: none, \
                     gives: { out: matrix } } }\n";
        let study = study(fills, "");
        study.write(
            "scripts/fill.sh",
            "i=0\nwhile [ $i -lt 300 ]; do head -c 1000000 /dev/urandom > f$i; i=$((i+1)); sleep 0.02; done\n",
        );
        let script = format!(
            "mkdir small && mount -t tmpfs -o size=60m none small && TMPDIR=$PWD/small '{}' run recipes/a.yaml; code=$?; \
             df -P small | tail -1; exit $code",
            env!("CARGO_BIN_EXE_ventral")
        );
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).current_dir(study.folder.path());
        let ended =
            Ended(command.output().expect("unshare starts; `make test` leaves this test out where it does not"));
        ended.refused(1, &["`sh` was ended since the disk that holds its folder", "was nearly full; TMPDIR may name"]);
        // What it wrote is gone.
        let used = ended.out().lines().last().and_then(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
        assert!(used.is_some_and(|kilobytes| kilobytes < 5_000), "{}", ended.out());
    }
}

#[test]
fn needs_python3_a_step_that_prints_much_takes_neither_memory_nor_disk() {
    let loud = "
import sys
for at in range(1000):
    print('x' * 99_999)
    print(f'ventral: note {at} ' + 'y' * 2_000)
    print(f'ventral: progress {at}/1000 lines')
    sys.stderr.write('z' * 10_000)
give(rows)
";
    let record = |script: &str| {
        let study = study(&own(""), script);
        study.run();
        let record = study.ventral(&["show", "recipes/a.yaml", "own", "--record", "--json"]);
        record.succeeded().json()[0].clone()
    };
    let (quiet, loud) = (record("give(rows)"), record(loud));
    let peak = |record: &serde_json::Value| record["made"]["peak_bytes"].as_u64().expect("bytes");
    assert!(peak(&loud) < peak(&quiet) + 50_000_000, "{} bytes, and {} quietly", peak(&loud), peak(&quiet));
    let notes = loud["notes"].as_array().expect("notes");
    assert_eq!(notes.len(), 101, "{notes:?}");
    assert!(notes.iter().all(|note| note.as_str().is_some_and(|note| note.len() <= 1000)));
    assert_eq!(notes[100], "the program said 1000 notes, of which the first 100 are kept");
}

fn numpy() -> PathBuf {
    Path::new(ROOT).join("target/tools/python/bin/python")
}

/// The blocks of a page in a language, in order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(ROOT).join("docs").join(page)).expect("the page");
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (open.as_mut(), line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, block)), None) => block.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    found.into_iter().filter(|(own, _)| own == language).map(|(_, block)| block).collect()
}

/// A node of the page as it stands in a recipe.
fn node(of_page: &str) -> String {
    of_page.lines().map(|line| format!("  {line}\n")).collect()
}

/// A command that finds the Python of the tests first.
fn with_numpy(study: &Study, arguments: &[&str]) -> study::Ended {
    let path =
        format!("{}:{}", numpy().parent().expect("a folder").display(), std::env::var("PATH").unwrap_or_default());
    study::Ended(study.command(arguments).env("PATH", &path).output().expect("the command starts"))
}

#[test]
fn needs_numpy_the_page_runs_as_it_stands() {
    let (recipes, scripts) = (blocks("own-steps.md", "yaml"), blocks("own-steps.md", "python"));
    let readout = "  readout: { kind: ridge, in: { features: smoothed, responses: it.responses, split: it.split } }\n";
    let study = Study::with(&format!("{BASE}{}{readout}{}", node(&recipes[0]), node(&recipes[1])));
    fs::create_dir(study.path("scripts")).expect("created");
    study.write("scripts/smooth.py", &scripts[0]);
    study.write("scripts/concordance.py", &scripts[1]);
    with_numpy(&study, &["run", "recipes/a.yaml"]).succeeded();
    let scores = study.ventral(&["show", "recipes/a.yaml", "concordance.scores", "--json"]);
    let scores = scores.succeeded().json();
    let first = &scores.as_array().expect("rows")[0];
    assert!(first["unit"].is_string() && first["concordance"].as_f64().is_some_and(|x| x.abs() <= 1.0), "{first}");
    let page = fs::read_to_string(study.path("reports/a/index.html")).expect("a report");
    assert!(page.contains("oncordance"), "a chart draws it");
    let numpy = Command::new(numpy()).args(["-c", "import numpy; print(numpy.__version__, end='')"]).output();
    let numpy = String::from_utf8(numpy.expect("it starts").stdout).expect("a version");
    let record = study.ventral(&["show", "recipes/a.yaml", "smoothed", "--record", "--json"]).succeeded().json();
    assert_eq!(record[0]["made"]["software"]["numpy"], numpy.as_str(), "{record}");
}

#[test]
fn needs_numpy_a_loader_of_the_page_loads_what_no_kind_reads() {
    let (recipes, scripts) = (blocks("own-steps.md", "yaml"), blocks("own-steps.md", "python"));
    let more = "
  split: { kind: split, in: { rows: mine.features }, with: { test: 0.25 } }
  readout: { kind: ridge, in: { features: mine.features, responses: mine.rates, split: split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: mine.rates, split: split }, with: { on: test } }
";
    let study = Study::with(&format!("version: 1\ntitle: t\nnodes:\n{}{more}", node(&recipes[2])));
    fs::create_dir(study.path("scripts")).expect("created");
    study.write("scripts/load.py", &scripts[2]);
    let line = |at: i32| {
        let (x, y, z) = (f64::from(at % 7), f64::from(at % 5), f64::from(at % 3));
        format!("picture_{at} {x} {y} {z} | {} {}\n", 2.0 * x + y, z - y)
    };
    study.write("data/mine.txt", &(0..40).map(line).collect::<String>());
    let first = with_numpy(&study, &["run", "recipes/a.yaml"]);
    assert_eq!(first.succeeded().counts(), (4, 0));
    let scores = study.ventral(&["show", "recipes/a.yaml", "scores.per_unit", "--json"]).succeeded().json();
    let units: Vec<&str> = scores.as_array().expect("rows").iter().filter_map(|row| row["unit"].as_str()).collect();
    assert_eq!(units, ["unit_a", "unit_b"]);
    assert!(
        scores.as_array().expect("rows").iter().all(|row| row["r2"].as_f64().is_some_and(|r2| r2 > 0.99)),
        "{scores}"
    );
    let record = study.ventral(&["show", "recipes/a.yaml", "mine.features", "--record", "--json"]).succeeded().json();
    let known = "its stimuli are known by name alone: they join others that have the same list of names";
    assert!(record[0]["notes"].as_array().expect("notes").iter().all(|note| note == known), "{record}");
    study.write("data/mine.txt", &(0..41).map(line).collect::<String>());
    let why = study.ventral(&["why", "recipes/a.yaml", "mine"]);
    assert!(why.succeeded().out().contains("mine.txt"), "{}", why.out());
}

#[test]
fn needs_rscript_the_page_s_step_in_r_runs_as_it_stands() {
    let (recipes, scripts) = (blocks("own-steps.md", "yaml"), blocks("own-steps.md", "r"));
    let study = Study::with(&format!("{BASE}{}{}", node(&recipes[3]), READOUT.replace("own.out", "compressed")));
    fs::create_dir(study.path("scripts")).expect("created");
    study.write("scripts/compress.R", &scripts[0]);
    assert_eq!(study.run(), (5, 0));
    assert_eq!(study.run(), (0, 5));
    let numbers = |node: &str| {
        study.ventral(&["export", "recipes/a.yaml", node, "x.csv"]).succeeded();
        let text = fs::read_to_string(study.path("x.csv")).expect("exported");
        let row = |line: &str| line.split(',').skip(1).map(|x| x.parse::<f64>().expect("a number")).collect::<Vec<_>>();
        text.lines().skip(1).flat_map(row).collect::<Vec<_>>()
    };
    let (before, after) = (numbers("px"), numbers("compressed"));
    assert!(before.len() == after.len() && before.iter().zip(&after).all(|(x, y)| (x.abs().sqrt() - y).abs() < 1e-5));
    let record = study.ventral(&["show", "recipes/a.yaml", "compressed", "--record", "--json"]).succeeded().json();
    assert_eq!(record[0]["notes"][0], "120 rows of 48 features");
    assert!(record[0]["made"]["software"]["Rscript"].as_str().is_some_and(|line| line.contains("version")), "{record}");
}

#[test]
fn needs_polars_results_are_read_in_python_as_the_page_says() {
    let code = blocks("python.md", "python");
    let study = Study::with("version: 1\ntitle: t\nnodes: {}\n");
    study.ventral(&["init", "study"]).succeeded();
    let folder = study.path("study");
    let recipe = study.path("study/recipes/quickstart.yaml");
    let text = fs::read_to_string(&recipe).expect("the quickstart");
    fs::write(&recipe, text.replace("images: 2000", "images: 320")).expect("fewer pictures");
    let python = |code: &str| {
        let mut command = Command::new(numpy());
        command.args(["-c", code]).current_dir(&folder).env("VENTRAL", env!("CARGO_BIN_EXE_ventral"));
        study::Ended(command.env("PYTHONPATH", Path::new(ROOT).join("src/python")).output().expect("it starts"))
    };
    // It computes nothing by itself.
    let lacking = python(&code[0]);
    assert_eq!(lacking.status(), 1);
    assert!(lacking.err().contains("KeyError"), "{}", lacking.err());
    python("import ventral_studies; ventral_studies.open('recipes/quickstart.yaml').run()").succeeded();
    let read = python(&format!("{}\nprint(type(scores).__module__, type(predicted).__bases__)", code[0]));
    let out = read.succeeded().out();
    assert!(out.contains("polars.") && out.contains("numpy.ndarray"), "{out}");
    let mean: f64 = out.split(' ').next().and_then(|word| word.parse().ok()).expect("a mean");
    assert!(mean > 0.0 && mean < 1.0, "{out}");
    let again = python(&format!("{}\n{}", code[0], code[1]));
    let out = again.succeeded().out();
    assert!(out.contains("explained_variance") && !out.contains("stale") && !out.contains("new"), "{out}");
}
