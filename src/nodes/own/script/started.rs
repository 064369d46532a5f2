//! A program under way: what it prints, how it ends, and that nothing of it is left.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;

use crate::kind::{KindError, Limits, Run};
use crate::nodes::own::script::folder::Folder;
use crate::text::amount;

/// Lines of a program that an error repeats, and how long each may be.
const LAST: usize = 20;
const LONG: usize = 400;
/// Notes of a program that are kept, and how long each may be: they stand in the record.
const NOTES: usize = 100;
const NOTE: usize = 1000;
/// Versions that are kept.
const VERSIONS: usize = 500;
/// What is heard and not yet told: a program that says more waits.
const WAITING: usize = 256;
/// Bytes of disk that a program may write where nothing says how many.
const DISK: u64 = 100_000_000_000;
/// How long a program has to say its version, in seconds.
const PATIENCE: f64 = 10.0;
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

#[derive(Debug, PartialEq)]
enum Heard {
    Note(String),
    Progress(u64, u64, String),
    Version(String, String),
}

/// Starts a program, tells what it tells, and waits for its end.
pub fn run(program: &Program<'_>, run: &mut Run<'_>) -> Result<(), KindError> {
    let name = program.command[0].to_string_lossy().into_owned();
    let mut command = started(program, run);
    command
        .env("VENTRAL_JOB", program.folder.join("job.json"))
        .env("VENTRAL_SEED", program.seed.to_string())
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1");
    let helper = program.folder.join("python");
    let written = std::fs::create_dir_all(helper.join("ventral_studies"))
        .and_then(|()| std::fs::write(helper.join("ventral_studies/__init__.py"), HELPER));
    written.map_err(|e| KindError::new(format!("the program's folder cannot be written: {e}")))?;
    let path = std::env::var_os("PYTHONPATH").unwrap_or_default();
    let all = std::iter::once(helper).chain(std::env::split_paths(&path).filter(|path| !path.as_os_str().is_empty()));
    command.env("PYTHONPATH", std::env::join_paths(all).unwrap_or_default());
    let (mut notes, mut versions) = (0, 0);
    let (status, lines) = converse(&mut command, &mut |heard| match heard {
        _ if program.again => {}
        Heard::Progress(done, total, what) => run.progress(done, total, &what),
        Heard::Note(text) => {
            notes += 1;
            if notes <= NOTES {
                run.note(text);
            }
        }
        Heard::Version(name, version) => {
            versions += 1;
            if versions <= VERSIONS {
                run.version(&name, &version);
            }
        }
    })
    .map_err(|e| cannot_start(&name, &e))?;
    if notes > NOTES {
        run.note(format!("the program said {notes} notes, of which the first {NOTES} are kept"));
    }
    if status.success() { Ok(()) } else { Err(failed(&name, status, &lines, program)) }
}

/// A version that is being asked for, beside the program's own run.
pub struct Asked(JoinHandle<Option<String>>);

impl Asked {
    /// Asks a program in a folder, which is gone afterwards.
    pub fn of(program: &OsStr, folder: Folder, run: &Run<'_>) -> Self {
        let words = [program.to_owned(), OsString::from("--version")];
        let limits = Limits { seconds: Some(PATIENCE), ..Limits::default() };
        let asked = Program { command: &words, folder: folder.path(), seed: 0, limits, again: true };
        let mut command = started(&asked, run);
        Self(std::thread::spawn(move || {
            let (status, lines) = converse(&mut command, &mut |_| {}).ok()?;
            drop(folder);
            lines.into_iter().next().filter(|line| status.success() && line.len() < 200)
        }))
    }

    /// The first line that it printed, on standard output before standard error; nothing where it printed none.
    pub fn answer(self) -> Option<String> {
        self.0.join().unwrap_or_default()
    }
}

/// The command in its folder, with a supervisor where there is one, and nothing of this process's own settings but what programs need.
fn started(program: &Program<'_>, run: &Run<'_>) -> Command {
    let mut command = match run.host.supervisor() {
        Some(supervisor) => under(&supervisor, program),
        None => {
            let mut command = Command::new(&program.command[0]);
            command.args(&program.command[1..]);
            command
        }
    };
    let own = |name: &OsString| name.to_string_lossy().starts_with("VENTRAL_");
    for name in std::env::vars_os().map(|(name, _)| name).filter(own) {
        command.env_remove(name);
    }
    command.current_dir(program.folder).env("TMPDIR", program.folder).env_remove("LD_LIBRARY_PATH");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Hears a program out; gives how it ended and its last lines. However much it prints, little of it is held at a time.
fn converse(command: &mut Command, tell: &mut dyn FnMut(Heard)) -> std::io::Result<(ExitStatus, Vec<String>)> {
    let mut child = command.spawn()?;
    // Its end tells the supervisor that nobody waits any more.
    let held = child.stdin.take();
    let (sender, heard) = mpsc::sync_channel(WAITING);
    let words =
        |pipe: Box<dyn Read + Send>, sender: mpsc::SyncSender<Heard>| std::thread::spawn(move || listen(pipe, &sender));
    let out = words(Box::new(child.stdout.take().expect("piped")), sender.clone());
    let err = words(Box::new(child.stderr.take().expect("piped")), sender);
    heard.into_iter().for_each(tell);
    let status = child.wait()?;
    drop(held);
    Ok((status, [out, err].into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()))
}

/// The command of the process that watches over a program.
fn under(supervisor: &Path, program: &Program<'_>) -> Command {
    let Limits { memory, seconds, disk } = program.limits;
    let mut command = Command::new(supervisor);
    command.arg("--step").arg(memory.unwrap_or(0).to_string()).arg(seconds.unwrap_or(0.0).to_string());
    command.arg(disk.unwrap_or(DISK).to_string()).args(program.command);
    command
}

/// Reads what a program prints to its end, and gives its last lines.
fn listen(pipe: Box<dyn Read + Send>, sender: &mpsc::SyncSender<Heard>) -> Vec<String> {
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
                let _ = sender.send(heard(told));
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

/// What a line means: `progress 3/10 images`, `version numpy 2.1.0`, `note …`; all else is a note as well.
fn heard(told: &str) -> Heard {
    let progress = || {
        let rest = told.strip_prefix("progress ")?.trim();
        let (count, what) = rest.split_once(' ').unwrap_or((rest, "steps"));
        let (done, total) = count.split_once('/')?;
        Some(Heard::Progress(done.parse().ok()?, total.parse().ok()?, what.trim().to_owned()))
    };
    let version = || {
        let (name, version) = told.strip_prefix("version ")?.trim().split_once(' ')?;
        let short = |text: &str| text.trim().chars().take(LONG).collect::<String>();
        Some(Heard::Version(short(name), short(version)))
    };
    let note = told.strip_prefix("note").unwrap_or(told).trim_start_matches(':').trim();
    progress().or_else(version).unwrap_or_else(|| Heard::Note(note.chars().take(NOTE).collect()))
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
const NO_DISK: i32 = 195;
const TOO_MUCH: i32 = 196;
const NO_PROGRAM: i32 = 197;
const TOO_LONG: i32 = 198;
const TOO_LARGE: i32 = 199;

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
        Some(TOO_MUCH) => format!(
            "wrote more than the {} into its folder that {}, and was ended",
            amount::bytes(program.limits.disk.unwrap_or(DISK)),
            if program.limits.disk.is_some() {
                "`resources: { disk }` allows"
            } else {
                "a program may unless `resources: { disk }` says otherwise"
            }
        ),
        Some(NO_DISK) => format!(
            "was ended since the disk that holds its folder ({}) was nearly full; TMPDIR may name a folder on another",
            std::env::temp_dir().display()
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
