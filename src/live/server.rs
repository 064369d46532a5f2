//! A small HTTP server for one's own machine: it answers pages, files under one folder and event streams, and refuses
//! whatever names another host or leads out of the folder.

use std::fs;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tiny_http::{Header, Method, Request, Response, Server};

use crate::live::hub::Message;
use crate::text::address;

/// How often a silent stream says that it lives; a page that has gone is noticed then.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A server that has its port.
pub struct Bound {
    server: Arc<Server>,
    address: SocketAddr,
}

/// What a request is answered with.
pub enum Answer {
    Page(String),
    Json(String),
    File(PathBuf),
    Events(Receiver<Message>),
    /// Another address, within this server.
    Elsewhere(String),
    Nothing,
}

/// Takes a port, any free one where that is 0.
pub fn bind(address: IpAddr, port: u16) -> Result<Bound, String> {
    let wanted = SocketAddr::new(address, port);
    let server = Server::http(wanted).map_err(|e| format!("cannot listen on {wanted}: {e}"))?;
    let address = server.server_addr().to_ip().ok_or("the server has no address")?;
    Ok(Bound { server: Arc::new(server), address })
}

impl Bound {
    /// Where a browser finds it.
    pub fn url(&self) -> String {
        let shown = match self.address.ip() {
            ip if ip.is_unspecified() => SocketAddr::new(IpAddr::from([127, 0, 0, 1]), self.address.port()),
            _ => self.address,
        };
        format!("http://{shown}/")
    }

    /// Ends `answer_all` wherever it runs.
    pub fn stopper(&self) -> impl Fn() + Send + Sync + 'static {
        let server = Arc::clone(&self.server);
        move || server.unblock()
    }

    /// Answers requests until it is stopped, streams each on a thread of their own. Of a request, `answer` is told the
    /// path, decoded, without the query.
    pub fn answer_all(&self, answer: impl Fn(&str) -> Answer) {
        for request in self.server.incoming_requests() {
            if !names_us(&request, self.address.ip()) {
                refuse(request, 403, "this server answers to its own address only\n");
                continue;
            }
            if !matches!(request.method(), Method::Get | Method::Head) {
                refuse(request, 405, "there is nothing to change here\n");
                continue;
            }
            let Some(path) = address::path(request.url()) else {
                refuse(request, 400, "this is no address\n");
                continue;
            };
            match answer(&path) {
                Answer::Page(html) => respond(request, html.into_bytes(), "text/html; charset=utf-8"),
                Answer::Json(text) => respond(request, text.into_bytes(), "application/json"),
                Answer::File(path) => match fs::read(&path) {
                    Ok(bytes) => respond(request, bytes, media_type(&path)),
                    Err(_) => refuse(request, 404, "there is no such page\n"),
                },
                Answer::Events(messages) => {
                    std::thread::spawn(move || stream(request, &messages));
                }
                Answer::Elsewhere(address) => {
                    let response =
                        Response::from_string("").with_status_code(302).with_header(header("Location", &address));
                    let _ = request.respond(response);
                }
                Answer::Nothing => refuse(request, 404, "there is no such page\n"),
            }
        }
    }
}

/// Whether a request names this machine: a page elsewhere that a browser shows under its own name must not read ours.
fn names_us(request: &Request, bound: IpAddr) -> bool {
    let host = request.headers().iter().find(|header| header.field.equiv("Host")).map(|header| header.value.as_str());
    host.is_some_and(|host| is_ours(host, bound))
}

fn is_ours(host: &str, bound: IpAddr) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    match name.parse::<IpAddr>() {
        // Who listens beyond loopback is reached by addresses that it cannot know; none of them is a name.
        Ok(ip) => ip.is_loopback() || !bound.is_loopback(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

/// The file under a folder that a path means; none for hidden ones, for what is not there, and for whatever leads out,
/// be it by dots or by a link.
pub fn within(folder: &Path, path: &str) -> Option<PathBuf> {
    let mut file = folder.to_owned();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if part.starts_with('.') || part.contains(['\\', '\0']) {
            return None;
        }
        file.push(part);
    }
    let (root, file) = (folder.canonicalize().ok()?, file.canonicalize().ok()?);
    (file.starts_with(&root) && file.is_file()).then_some(file)
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value)
        .unwrap_or_else(|()| Header::from_bytes("X-Left-Out", "1").expect("plain ASCII is a header"))
}

const SAFE: [(&str, &str); 4] = [
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
];

fn respond(request: Request, bytes: Vec<u8>, media: &str) {
    let mut response = Response::from_data(bytes).with_header(header("Content-Type", media));
    for (name, value) in SAFE {
        response.add_header(header(name, value));
    }
    // A page that was closed meanwhile needs no answer.
    let _ = request.respond(response);
}

fn refuse(request: Request, status: u16, why: &str) {
    let _ = request.respond(Response::from_string(why).with_status_code(status));
}

/// Writes messages as they come, until the page goes or nobody sends any more.
fn stream(request: Request, messages: &Receiver<Message>) {
    let mut writer = request.into_writer();
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";
    let mut said = writer.write_all(head.as_bytes()).and_then(|()| writer.flush());
    while said.is_ok() {
        let text = match messages.recv_timeout(HEARTBEAT) {
            Ok(Message { name, data }) => format!("event: {name}\ndata: {data}\n\n"),
            Err(RecvTimeoutError::Timeout) => ": still here\n\n".to_owned(),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        said = writer.write_all(text.as_bytes()).and_then(|()| writer.flush());
    }
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("pdf") => "application/pdf",
        Some("csv") => "text/csv; charset=utf-8",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_answered() {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        for host in ["127.0.0.1:8414", "localhost:8414", "LOCALHOST", "[::1]:80"] {
            assert!(is_ours(host, loopback), "{host}");
        }
        for host in ["evil.example:8414", "localhost.evil.example", "10.0.0.7:8414", "", "127.0.0.1.evil.example"] {
            assert!(!is_ours(host, loopback), "{host}");
        }
        let everywhere = IpAddr::from([0, 0, 0, 0]);
        assert!(is_ours("10.0.0.7:8414", everywhere) && !is_ours("evil.example", everywhere));
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("reports");
        fs::create_dir_all(root.join("a@x=1")).expect("made");
        fs::write(root.join("a@x=1/index.html"), "page").expect("written");
        fs::write(root.join(".hidden"), "no").expect("written");
        fs::write(folder.path().join("secret"), "no").expect("written");
        std::os::unix::fs::symlink("../secret", root.join("link")).expect("linked");
        std::os::unix::fs::symlink("/", root.join("all")).expect("linked");
        let decoded = |url: &str| address::path(url).unwrap();
        assert!(within(&root, &decoded("/a%40x%3D1/index.html?y#z")).is_some());
        for bad in [
            "/../secret",
            "/%2e%2e/secret",
            "/a@x=1/../../secret",
            "//../secret",
            "/..%2fsecret",
            "/link",
            "/all/etc/passwd",
            "/.hidden",
            "/a@x=1",
            "/a@x=1/..%5c..%5csecret",
            "/none",
            "/a%00",
        ] {
            assert_eq!(within(&root, &decoded(bad)), None, "{bad}");
        }
        assert_eq!(address::path("/%zz"), None);
        assert_eq!(address::path("/%f"), None);
    }
}
