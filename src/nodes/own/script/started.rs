//! A program under way: what it prints, how it ends, and that nothing of it is left.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;

use crate::kind::{KindError, Limits, Run};
use crate::text::amount;

/// Lines of a program that an error repeats, and how long each may be.
const LAST: usize = 20;
const LONG: usize = 400;
/// What a line begins with that is meant for whoever watches.
const TOLD: &str = "ventral:";

/// What Python programs import: it is written beside the job, so that it is of this version and nothing has to be installed.
const HELPER: &str = include_str!("../../../python/ventral_studies/__init__.py");

/// What is started.
pub struct Program<'a> {
    pub command: &'a [OsString],
    /// Where it finds its job; the folder that it starts in.
    pub folder: &'a Path,
    pub seed: u64,
    pub limits: Limits,
    /// Whether it runs a second time, to compare: what it tells was told.
    pub again: bool,
}

enum Heard {
    Note(String),
    Progress(u64, u64, String),
}

/// Starts a program, tells what it tells, and waits for its end.
pub fn run(program: &Program<'_>, run: &mut Run<'_>) -> Result<(), KindError> {
    let name = program.command[0].to_string_lossy().into_owned();
    let mut command = match run.host.supervisor() {
        Some(supervisor) => under(&supervisor, program),
        None => {
            let mut command = Command::new(&program.command[0]);
            command.args(&program.command[1..]);
            command
        }
    };
    // Nothing of this process's own settings reaches it but what programs need to start.
    for name in std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("VENTRAL_"))
    {
        command.env_remove(name);
    }
    command
        .current_dir(program.folder)
        .env("VENTRAL_JOB", program.folder.join("job.json"))
        .env("VENTRAL_SEED", program.seed.to_string())
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1")
        .env("TMPDIR", program.folder)
        .env_remove("LD_LIBRARY_PATH")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let helper = program.folder.join("python");
    let written = std::fs::create_dir_all(helper.join("ventral_studies"))
        .and_then(|()| std::fs::write(helper.join("ventral_studies/__init__.py"), HELPER));
    written.map_err(|e| KindError::new(format!("the program's folder cannot be written: {e}")))?;
    let path = std::env::var_os("PYTHONPATH").unwrap_or_default();
    let all = std::iter::once(helper).chain(std::env::split_paths(&path).filter(|path| !path.as_os_str().is_empty()));
    command.env("PYTHONPATH", std::env::join_paths(all).unwrap_or_default());
    let mut child = command.spawn().map_err(|e| cannot_start(&name, &e))?;
    // Its end tells the supervisor that nobody waits any more.
    let held = child.stdin.take();
    let (sender, heard) = mpsc::channel();
    let words =
        |pipe: Box<dyn Read + Send>, sender: mpsc::Sender<Heard>| std::thread::spawn(move || listen(pipe, &sender));
    let out = words(Box::new(child.stdout.take().expect("piped")), sender.clone());
    let err = words(Box::new(child.stderr.take().expect("piped")), sender);
    for heard in heard {
        match heard {
            _ if program.again => {}
            Heard::Note(text) => run.note(text),
            Heard::Progress(done, total, what) => run.progress(done, total, &what),
        }
    }
    let status = child.wait().map_err(|e| KindError::new(format!("`{name}` cannot be waited for: {e}")))?;
    drop(held);
    let lines: Vec<String> = [out, err].into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect();
    if status.success() { Ok(()) } else { Err(failed(&name, status, &lines, program)) }
}

/// The command of the process that watches over a program.
fn under(supervisor: &Path, program: &Program<'_>) -> Command {
    let mut command = Command::new(supervisor);
    command.arg("--step");
    command.arg(program.limits.memory.unwrap_or(0).to_string()).arg(program.limits.seconds.unwrap_or(0.0).to_string());
    command.args(program.command);
    command
}

/// Reads what a program prints to its end, and gives its last lines.
fn listen(pipe: Box<dyn Read + Send>, sender: &mpsc::Sender<Heard>) -> Vec<String> {
    let mut last = VecDeque::new();
    let mut reader = BufReader::new(pipe);
    loop {
        let mut bytes = Vec::new();
        // A line without an end is taken in parts.
        match reader.by_ref().take(1 << 16).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return last.into(),
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_end();
        match line.strip_prefix(TOLD).map(str::trim) {
            Some(told) => {
                let heard =
                    progress(told).unwrap_or_else(|| Heard::Note(told.trim_start_matches("note").trim().to_owned()));
                let _ = sender.send(heard);
            }
            None if line.is_empty() => {}
            None => {
                if last.len() == LAST {
                    last.pop_front();
                }
                last.push_back(line.chars().take(LONG).collect::<String>());
            }
        }
    }
}

/// `progress 3/10 images`.
fn progress(told: &str) -> Option<Heard> {
    let rest = told.strip_prefix("progress")?.trim();
    let (count, what) = rest.split_once(' ').unwrap_or((rest, "steps"));
    let (done, total) = count.split_once('/')?;
    Some(Heard::Progress(done.parse().ok()?, total.parse().ok()?, what.trim().to_owned()))
}

fn cannot_start(name: &str, error: &std::io::Error) -> KindError {
    match error.kind() {
        std::io::ErrorKind::NotFound => KindError::new(format!("`run`: there is no program `{name}` on the path")),
        std::io::ErrorKind::PermissionDenied => KindError::new(format!(
            "`run`: `{name}` may not be run; make it executable, or name its interpreter before it"
        )),
        _ => KindError::new(format!("`run`: `{name}` does not start: {error}")),
    }
}

/// Exit statuses by which the supervisor says why a program ended.
pub const NO_PROGRAM: i32 = 197;
pub const TOO_LONG: i32 = 198;
pub const TOO_LARGE: i32 = 199;

fn failed(name: &str, status: ExitStatus, lines: &[String], program: &Program<'_>) -> KindError {
    let how = match status.code() {
        Some(NO_PROGRAM) => {
            let why = lines.last().cloned().unwrap_or_default();
            return cannot_start(
                name,
                &std::io::Error::from(match why.as_str() {
                    "missing" => std::io::ErrorKind::NotFound,
                    "denied" => std::io::ErrorKind::PermissionDenied,
                    _ => std::io::ErrorKind::Other,
                }),
            );
        }
        Some(TOO_LONG) => format!(
            "ran longer than the {} that `resources: {{ time }}` allows, and was ended",
            amount::seconds(program.limits.seconds.unwrap_or_default())
        ),
        Some(TOO_LARGE) => format!(
            "took more than the {} of memory that `resources: {{ memory }}` allows, and was ended",
            amount::bytes(program.limits.memory.unwrap_or_default())
        ),
        Some(code) if code > 128 => format!("was ended by signal {}", code - 128),
        Some(code) => format!("failed with exit status {code}"),
        None => "was ended by a signal".to_owned(),
    };
    let last = match lines {
        [] => "; it printed nothing".to_owned(),
        lines => format!("; its last words:\n{}", lines[lines.len().saturating_sub(LAST)..].join("\n")),
    };
    KindError::new(format!("`{name}` {how}{last}"))
}

/// The words of a command, with the files that they name where they lie now.
pub fn command(words: &[String], run: &Run<'_>) -> Vec<OsString> {
    let resolved = |(at, word): (usize, &String)| -> OsString {
        let file: Option<&PathBuf> = run.files.get(&format!("run.{at}")).map(|(path, _)| path);
        file.map_or_else(|| word.into(), |path| path.as_os_str().to_owned())
    };
    words.iter().enumerate().map(resolved).collect()
}
