//! A Chromium that a test steers: pages, clicks, pictures, and everything it complains about.
//!
//! It is spoken to by its debugging protocol over two named pipes, so that no port is open and nothing is installed.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::needs;
use serde_json::{Value as Json, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub struct Chrome {
    child: Child,
    requests: File,
    replies: Receiver<Json>,
    next: u64,
    session: String,
    /// What pages said on the console, threw, or failed to load.
    pub complaints: Vec<String>,
    /// Every address that was asked for.
    pub asked: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Chrome {
    /// Starts a browser.
    #[track_caller]
    pub fn start() -> Self {
        let program = needs::chromium();
        let folder = tempfile::tempdir().expect("a folder");
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        let made = Command::new("mkfifo").args([&to, &from]).status().expect("mkfifo is of every system");
        assert!(made.success());
        let quiet = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-extensions \
                     --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
                     --allow-file-access-from-files --remote-debugging-pipe";
        // The shell gives the browser the pipes as the descriptors 3 and 4, where it looks for them.
        let child = Command::new("sh")
            .args(["-c", "to=$1; from=$2; shift 2; exec \"$@\" 3<\"$to\" 4>\"$from\"", "sh"])
            .args([&to, &from])
            .arg(program)
            .args(quiet.split_whitespace())
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let requests = OpenOptions::new().write(true).open(&to).expect("the browser listens");
        let mut lines = BufReader::new(File::open(&from).expect("the browser answers"));
        let (sender, replies) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while lines.read_until(0, &mut bytes).is_ok_and(|read| read > 0) {
                bytes.pop();
                let message = serde_json::from_slice(&bytes).expect("the browser speaks JSON");
                bytes.clear();
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut chrome = Self {
            child,
            requests,
            replies,
            next: 0,
            session: String::new(),
            complaints: Vec::new(),
            asked: Vec::new(),
            _folder: folder,
        };
        let target = chrome.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = chrome.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        chrome.session = attached["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Page", "Runtime", "Network", "Log"] {
            chrome.call(&format!("{domain}.enable"), json!({}));
        }
        chrome
    }

    /// Asks the browser for something that it gives.
    pub fn call(&mut self, method: &str, params: Json) -> Json {
        self.ask(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Asks the browser for something that it may refuse.
    fn ask(&mut self, method: &str, params: Json) -> Result<Json, Json> {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.requests.write_all(&bytes).expect("the browser listens");
        loop {
            let reply = self.replies.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("{method}: {e}"));
            if reply["id"] == id {
                let refused = reply["error"].is_object();
                return if refused { Err(reply["error"].clone()) } else { Ok(reply["result"].clone()) };
            }
            self.hear(&reply);
        }
    }

    fn hear(&mut self, event: &Json) {
        let params = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled" if params["type"] != "log" => self.complaints.push(params["args"].to_string()),
            "Runtime.exceptionThrown" => self.complaints.push(params["exceptionDetails"].to_string()),
            "Log.entryAdded" => self.complaints.push(params["entry"]["text"].to_string()),
            "Network.requestWillBeSent" => {
                self.asked.push(params["request"]["url"].as_str().unwrap_or_default().to_owned());
            }
            // A stream ends when its page is left.
            "Network.loadingFailed" if params["canceled"] != true => self.complaints.push(params.to_string()),
            _ => {}
        }
    }

    /// Opens a page and waits for it.
    pub fn open(&mut self, address: &str) {
        self.call("Page.navigate", json!({ "url": address }));
        self.until("document.readyState === 'complete'");
    }

    /// What an expression gives, awaited.
    pub fn eval(&mut self, expression: &str) -> Json {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.call("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Waits until an expression holds.
    #[track_caller]
    pub fn until(&mut self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
            // A page that is being left answers nothing; the next one does.
            if self.ask("Runtime.evaluate", params).is_ok_and(|result| result["result"]["value"] == true) {
                return;
            }
            assert!(Instant::now() < deadline, "it never held: {expression}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Shows pages at a width, in light or dark colours.
    pub fn shape(&mut self, width: u32, height: u32, dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// Keeps a picture of the page as an artefact: `target/screenshots/NAME.png`.
    pub fn picture(&mut self, name: &str, whole: bool) -> PathBuf {
        let params = json!({ "format": "png", "captureBeyondViewport": whole });
        let result = self.call("Page.captureScreenshot", params);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(format!("{name}.png"));
        fs::write(&path, unbase64(result["data"].as_str().expect("a picture"))).expect("written");
        path
    }

    /// Presses a key such as `Escape` or `ArrowRight`.
    pub fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let code = match key {
                "Tab" => 9,
                "Escape" => 27,
                "ArrowLeft" => 37,
                "ArrowUp" => 38,
                "ArrowRight" => 39,
                "ArrowDown" => 40,
                _ => 13,
            };
            self.call(
                "Input.dispatchKeyEvent",
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code }),
            );
        }
    }

    /// What axe-core finds that is serious.
    pub fn barriers(&mut self) -> Vec<String> {
        let axe = needs::axe();
        self.eval(&format!("{axe}; typeof axe"));
        let found = self.eval(
            "axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations \
             .filter((v) => ['serious', 'critical'].includes(v.impact)) \
             .map((v) => `${v.id}: ${v.nodes.length}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')).join(' | ')}`))",
        );
        found.as_array().expect("a list").iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unbase64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'=').map(digit).collect();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for chunk in digits.chunks(4) {
        let bits = chunk.iter().enumerate().fold(0u32, |bits, (at, digit)| bits | u32::from(*digit) << (18 - 6 * at));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    bytes
}
