//! Fetching one file over HTTP: resumed where it ended, checked by its hash, in its place only once it is whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use ureq::Agent;
use ureq::http::StatusCode;
use ureq::tls::{RootCerts, TlsConfig};

/// A file to fetch.
pub struct Download<'a> {
    pub url: &'a str,
    /// How the SHA-256 of its content begins, in hexadecimal digits.
    pub sha256: &'a str,
    /// Its size, where it is known.
    pub bytes: Option<u64>,
    /// What becomes of a file that is not what its hash says.
    pub other: Other,
    /// Where it goes; what has come so far lies beside it, with `.part` at its name's end.
    pub to: &'a Path,
}

/// What becomes of a file that is not what its hash says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// It is kept under another name, and fetched anew.
    SetAside,
    /// One that came is removed. One that is there already is somebody's: it stays, and nothing is fetched.
    Refused,
}

/// Why nothing was fetched.
enum Trouble {
    /// It may come another time: what is here is kept to go on from.
    Unreachable(String),
    /// It is another file than was meant.
    Refused(String),
}

impl From<String> for Trouble {
    fn from(message: String) -> Self {
        Self::Unreachable(message)
    }
}

/// What a download tells on its way.
pub enum Event {
    /// A line for a person.
    Note(String),
    /// Bytes that are here, and those of the whole file where the server says.
    Progress(u64, Option<u64>),
}

const CONNECT_WITHIN: Duration = Duration::from_secs(30);
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// A body that takes longer is asked for anew from where it ended, so that a connection that died does not hang.
const BODY_WITHIN: Duration = Duration::from_secs(600);
/// How often in a row a connection may bring nothing.
const BARREN_TRIES: u32 = 3;
/// Bytes read at once.
const CHUNK: usize = 1 << 18;

impl Download<'_> {
    /// Fetches the file unless it is there and is what its hash says; gives whether it was fetched.
    ///
    /// Errors say what is wrong and what to do.
    pub fn fetch(&self, emit: &mut dyn FnMut(Event)) -> Result<bool, String> {
        let cannot = |path: &Path, e: &dyn std::fmt::Display| format!("cannot write {}: {e}", path.display());
        if self.to.exists() {
            if self.is_whole(self.to)? {
                return Ok(false);
            }
            self.make_room(emit)?;
        }
        let folder = self.to.parent().unwrap_or(Path::new(""));
        let made = !folder.as_os_str().is_empty() && !folder.is_dir();
        fs::create_dir_all(folder).map_err(|e| cannot(folder, &e))?;
        let path = with_ending(self.to, "part");
        let mut options = OpenOptions::new();
        let mut part = options.read(true).write(true).create(true).truncate(false).open(&path);
        let part = part.as_mut().map_err(|e| cannot(&path, e))?;
        part.try_lock().map_err(|e| match e {
            TryLockError::WouldBlock => format!("{} is being fetched by another process", path.display()),
            TryLockError::Error(e) => cannot(&path, &e),
        })?;
        let came = self.complete(part, &path, emit).and_then(|()| self.judge(&path));
        if let Err(trouble) = came {
            let empty = part.metadata().is_ok_and(|metadata| metadata.len() == 0);
            let (message, useless) = match trouble {
                Trouble::Unreachable(message) => (message, empty),
                Trouble::Refused(message) => (message, true),
            };
            if useless {
                let _ = fs::remove_file(&path);
                if made && self.other == Other::Refused {
                    // Only where nothing else lies there.
                    let _ = fs::remove_dir(folder);
                }
            }
            return Err(message);
        }
        part.sync_all().and_then(|()| fs::rename(&path, self.to)).map_err(|e| cannot(self.to, &e))?;
        Ok(true)
    }

    /// Deals with a file in the place that is another.
    fn make_room(&self, emit: &mut dyn FnMut(Event)) -> Result<(), String> {
        if self.other == Other::Refused {
            return Err(format!(
                "{} is there, and is not the file whose SHA-256 is {}: it is {}. Move it away, or correct what is said of it",
                self.to.display(),
                self.sha256,
                digest(self.to)?
            ));
        }
        let aside = set_aside(self.to).map_err(|e| format!("cannot write {}: {e}", self.to.display()))?;
        emit(Event::Note(format!("{} is not what its hash says; it now is {}", self.to.display(), aside.display())));
        Ok(())
    }

    /// Whether what came is what was meant.
    fn judge(&self, path: &Path) -> Result<(), Trouble> {
        let came = digest(path)?;
        if came.starts_with(self.sha256) {
            return Ok(());
        }
        if self.other == Other::Refused {
            return Err(Trouble::Refused(format!(
                "{} gave a file whose SHA-256 is {came}, and not {}; it was not put in place",
                self.url, self.sha256
            )));
        }
        let aside = set_aside(path).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        Err(Trouble::Unreachable(format!(
            "{} gave a file whose SHA-256 does not begin with {}; it was set aside as {}. Run this again to fetch it anew",
            self.url,
            self.sha256,
            aside.display()
        )))
    }

    /// Brings what is missing, over as many connections as it takes.
    fn complete(&self, part: &mut File, path: &Path, emit: &mut dyn FnMut(Event)) -> Result<(), Trouble> {
        let agent = agent();
        let mut furthest = part.metadata().map_or(0, |metadata| metadata.len());
        let mut barren = 0;
        loop {
            let reason = match self.connect(&agent, part, path, emit)? {
                Ended::Complete => return Ok(()),
                Ended::Cut(reason) => reason,
            };
            let here = part.metadata().map_or(0, |metadata| metadata.len());
            barren = if here > furthest { 0 } else { barren + 1 };
            furthest = furthest.max(here);
            if barren == BARREN_TRIES {
                return Err(self.unreachable(&format!("{reason}; {here} bytes are kept, to go on from")).into());
            }
            emit(Event::Note(format!("the connection ended after {here} bytes ({reason}); trying again")));
        }
    }

    fn connect(
        &self,
        agent: &Agent,
        part: &mut File,
        path: &Path,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Ended, Trouble> {
        let cannot = |e: io::Error| format!("cannot write {}: {e}", path.display());
        let mut here = part.seek(SeekFrom::End(0)).map_err(cannot)?;
        let mut request = agent.get(self.url).header("Accept-Encoding", "identity");
        if here > 0 {
            request = request.header("Range", format!("bytes={here}-"));
        }
        let mut response = request.call().map_err(|e| self.unreachable(&reason(&e)))?;
        let starts_there = response
            .headers()
            .get("content-range")
            .and_then(|range| range.to_str().ok()?.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok())
            == Some(here);
        match response.status() {
            StatusCode::PARTIAL_CONTENT if here > 0 && starts_there => {
                emit(Event::Note(format!("going on after the {here} bytes that are here")));
            }
            // Nothing is left to send: the file is whole already, or is another one.
            StatusCode::RANGE_NOT_SATISFIABLE if here > 0 => {
                if self.is_whole(path)? {
                    return Ok(Ended::Complete);
                }
                part.set_len(0).map_err(cannot)?;
                return Ok(Ended::Cut("what was here is no part of the file".to_owned()));
            }
            StatusCode::OK => {
                if here > 0 {
                    emit(Event::Note("the server sends the whole file again".to_owned()));
                    part.set_len(0).and_then(|()| part.rewind()).map_err(cannot)?;
                    here = 0;
                }
            }
            StatusCode::PARTIAL_CONTENT => {
                return Err(self.unreachable("the server sent another part than was asked for").into());
            }
            status => return Err(self.unreachable(&format!("the server answered {status}")).into()),
        }
        let total = response.body().content_length().map(|rest| here.saturating_add(rest));
        self.check_size(total)?;
        let mut body = response.body_mut().as_reader();
        let mut chunk = vec![0; CHUNK];
        emit(Event::Progress(here, total));
        loop {
            let count = match body.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Ok(Ended::Cut(e.to_string())),
            };
            here += count as u64;
            if self.bytes.is_some_and(|bytes| here > bytes) {
                self.check_size(Some(here))?;
            }
            part.write_all(&chunk[..count]).map_err(cannot)?;
            emit(Event::Progress(here, total));
        }
        Ok(match total.or(self.bytes) {
            Some(total) if here < total => Ended::Cut(format!("of {total}")),
            _ => Ended::Complete,
        })
    }

    /// Refuses a size that is not the file's.
    fn check_size(&self, size: Option<u64>) -> Result<(), Trouble> {
        match (size, self.bytes) {
            (Some(size), Some(bytes)) if size != bytes => Err(Trouble::Refused(format!(
                "{} gives {size} bytes or more, and the file has {bytes}; it was not put in place",
                self.url
            ))),
            _ => Ok(()),
        }
    }

    fn is_whole(&self, path: &Path) -> Result<bool, String> {
        Ok(digest(path)?.starts_with(self.sha256))
    }

    fn unreachable(&self, reason: &str) -> String {
        format!(
            "cannot fetch {}: {reason}. Where it can be reached, by a browser say, put the file at {}",
            self.url,
            self.to.display()
        )
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
fn digest(path: &Path) -> Result<String, String> {
    let cannot = |e: io::Error| format!("cannot read {}: {e}", path.display());
    let mut hasher = Sha256::new();
    let mut file = File::open(path).map_err(cannot)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk).map_err(cannot)? {
            0 => break,
            count => hasher.update(&chunk[..count]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// How a connection ended.
enum Ended {
    Complete,
    /// Before its end, for a reason.
    Cut(String),
}

/// Proxies are those of the environment; certificates those that the system trusts.
fn agent() -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .tls_config(tls)
        // Connections are few and far between: a server has closed what was kept for the next.
        .max_idle_connections(0)
        .timeout_connect(Some(CONNECT_WITHIN))
        .timeout_recv_response(Some(ANSWER_WITHIN))
        .timeout_recv_body(Some(BODY_WITHIN))
        .user_agent(concat!("ventral/", env!("CARGO_PKG_VERSION")))
        .build();
    config.new_agent()
}

fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(e) => e.to_string(),
        other => other.to_string(),
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    PathBuf::from(name)
}

/// Moves a file to its own name with `.bad` at its end, or `.bad2` and so on where that is taken.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let taken = (2..).map(|count| with_ending(path, &format!("bad{count}")));
    let free = std::iter::once(with_ending(path, "bad")).chain(taken).find(|aside| !aside.exists());
    let aside = free.expect("there is always another number");
    fs::rename(path, &aside)?;
    Ok(aside)
}
