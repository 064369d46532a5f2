//! A server of a test's own on this machine.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

/// A server that gives an answer per connection and then is gone. What it was asked is kept, in small letters.
pub struct Server {
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `respond` writes an answer to a request, whose lines it is given.
    pub fn new<A: Copy + Sync>(answers: &'static [A], respond: fn(&TcpStream, A, &str) -> std::io::Result<()>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().expect("a connection");
                let lines = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
                let request = lines.collect::<Vec<_>>().join("\n").to_lowercase();
                kept.lock().expect("whole").push(request.clone());
                // A client that has gone is its own affair.
                let _ = respond(&stream, *answer, &request);
            }
        });
        Self { address, asked }
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("whole").clone()
    }
}

/// The byte from which a request wants a file; 0 where it wants all.
pub fn from(request: &str) -> usize {
    let range = request.lines().find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
    range.unwrap_or(0)
}

/// The command without the proxies of whoever runs the tests.
pub fn without_proxies(mut command: Command) -> Command {
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"] {
        command.env_remove(name);
    }
    command
}
