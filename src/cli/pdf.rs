//! A page printed to PDF by the Chromium that is installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crate::system;

/// What Chromium and its kin are called.
const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];
/// A page of some megabytes takes a second or two.
const PATIENCE: Duration = Duration::from_secs(120);

/// Prints a page to `report.pdf` beside it.
pub fn print(page: &Path) -> Result<PathBuf, String> {
    let browser = browser()?;
    let page = page.canonicalize().map_err(|e| format!("{}: {e}", page.display()))?;
    let pdf = page.with_file_name("report.pdf");
    // Printed elsewhere and moved: a browser that fails leaves the last one as it was.
    let folder = tempfile::tempdir().map_err(|e| format!("there is no folder for the browser: {e}"))?;
    let printed = folder.path().join("report.pdf");
    let mut command = Command::new(&browser);
    command
        .args(["--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--no-pdf-header-footer"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("--print-to-pdf={}", printed.display()))
        .arg(address(&page))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Chromium refuses its sandbox to root, as whom containers run; the page is our own.
    if system::is_superuser() {
        command.arg("--no-sandbox");
    }
    let mut child = command.spawn().map_err(|e| format!("cannot start {}: {e}", browser.display()))?;
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{} did not print the page in {} s", browser.display(), PATIENCE.as_secs()));
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    let bytes = fs::read(&printed).unwrap_or_default();
    if !status.success() || !bytes.starts_with(b"%PDF") {
        return Err(format!("{} did not print the page ({status})", browser.display()));
    }
    let scratch = page.with_file_name(".report.pdf.new");
    fs::write(&scratch, bytes)
        .and_then(|()| fs::rename(&scratch, &pdf))
        .map_err(|e| format!("{}: {e}", pdf.display()))?;
    Ok(pdf)
}

fn browser() -> Result<PathBuf, String> {
    if let Some(named) = env::var_os("VENTRAL_CHROMIUM") {
        let named = PathBuf::from(named);
        return if named.is_file() {
            Ok(named)
        } else {
            Err(format!("VENTRAL_CHROMIUM names {}, which is no file", named.display()))
        };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let all = env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let found = all.into_iter().find(|program| program.is_file());
    found.ok_or_else(|| {
        "there is no Chromium to print with; install chromium or google-chrome, or name one in VENTRAL_CHROMIUM"
            .to_owned()
    })
}

/// A file's address: what a recipe's name may hold is encoded.
fn address(page: &Path) -> String {
    let mut address = "file://".to_owned();
    for byte in page.display().to_string().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => address.push(char::from(byte)),
            other => address += &format!("%{other:02X}"),
        }
    }
    address
}
