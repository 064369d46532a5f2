//! What only the operating system knows: memory, processes, names. Linux tells it in /proc; where there is none, POSIX does, or nobody.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Bytes of memory that this machine has.
pub fn memory() -> Option<u64> {
    of_meminfo("MemTotal:").or_else(|| {
        let pages = setting(libc::_SC_PHYS_PAGES)?;
        pages.checked_mul(setting(libc::_SC_PAGESIZE)?)
    })
}

/// Bytes that processes can still take: the system's estimate, or what is left of this control group's limit. Where a system estimates
/// none, all that the machine has.
pub fn available_memory() -> Option<u64> {
    let system = of_meminfo("MemAvailable:").or_else(memory)?;
    Some(control_group().map_or(system, |group| system.min(group)))
}

/// What is left of the memory limit of a container, where there is one.
fn control_group() -> Option<u64> {
    let read = |name: &str| std::fs::read_to_string(PathBuf::from("/sys/fs/cgroup").join(name)).ok();
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    let (limit, used) = (number("memory.max")?, number("memory.current")?);
    let statistics = read("memory.stat")?;
    // Pages of files are given back when processes want them.
    let files = statistics.lines().find_map(|line| line.strip_prefix("file ")?.parse::<u64>().ok()).unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(files)))
}

fn of_meminfo(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

fn setting(name: libc::c_int) -> Option<u64> {
    // SAFETY: a question about a number, with no pointers.
    u64::try_from(unsafe { libc::sysconf(name) }).ok()
}

/// Lets the peak of this process's memory be counted anew; where it cannot be, it stays the peak since the process began.
pub fn reset_peak_memory() {
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Peak resident memory of this process in bytes, memory-mapped files included; 0 where nobody knows.
pub fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map_or_else(peak_since_start, |kib| kib * 1024)
}

fn peak_since_start() -> u64 {
    // SAFETY: all-zero bytes are a valid rusage, which the call fills.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is ours.
    let failed = unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) } != 0;
    let most = if failed { 0 } else { u64::try_from(usage.ru_maxrss).unwrap_or(0) };
    // macOS counts bytes, others kibibytes.
    if cfg!(target_os = "macos") { most } else { most * 1024 }
}

/// This host's name; empty where it has none.
pub fn host() -> String {
    let mut name = [0u8; 256];
    // SAFETY: the buffer is ours, and one byte of it is kept back for the zero at its end.
    let failed = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) } != 0;
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(0);
    if failed { String::new() } else { String::from_utf8_lossy(&name[..end]).into_owned() }
}

/// The processor's model.
pub fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    let known = line.map(|line| line.trim_start_matches([' ', '\t', ':']).to_owned());
    known.or_else(|| {
        let asked = if cfg!(target_os = "macos") { said("sysctl", &["-n", "machdep.cpu.brand_string"]) } else { None };
        asked.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    })
}

/// Whether this process is the superuser's.
pub fn is_superuser() -> bool {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// An absolute path, with `..` taken out by name where the file system cannot; `~/` is the home folder.
pub fn resolve(workspace: &Path, path: &str) -> PathBuf {
    let home = path.strip_prefix("~/").zip(std::env::home_dir());
    let joined = home.map_or_else(|| workspace.join(path), |(below, home)| home.join(below));
    joined.canonicalize().unwrap_or(joined)
}

/// A path by which an open file can be opened again, though it may have no name.
pub fn path_of(descriptor: i32) -> PathBuf {
    let folder = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    PathBuf::from(folder).join(descriptor.to_string())
}

/// Makes this process the parent of whatever its descendants leave behind, where a system offers that.
pub fn adopt_orphans() {
    // SAFETY: a setting of this process.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
    }
}

/// A process that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub id: i32,
    pub parent: i32,
    /// Bytes of memory that it holds.
    pub resident: u64,
}

/// All that came of this process and still runs: children, theirs, and whatever it adopted.
pub fn descendants() -> Vec<Process> {
    let all = processes();
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![std::process::id().cast_signed()];
    while let Some(own) = parents.pop() {
        let children = all.iter().filter(|process| process.parent == own);
        for child in children {
            found.push(*child);
            parents.push(child.id);
        }
    }
    found
}

/// Processes that are no corpses.
fn processes() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return listed() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let page = setting(libc::_SC_PAGESIZE).unwrap_or(4096);
    ids.filter_map(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        of_stat(id, &stat, page)
    })
    .collect()
}

/// A line of /proc/ID/stat: state and parent are the first words after the name, resident pages the 22nd.
fn of_stat(id: i32, stat: &str, page: u64) -> Option<Process> {
    // The name, in brackets, may hold anything.
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
    if rest.next()? == "Z" {
        return None;
    }
    let parent = rest.next()?.parse().ok()?;
    let pages: u64 = rest.nth(19).and_then(|word| word.parse().ok()).unwrap_or(0);
    Some(Process { id, parent, resident: pages * page })
}

/// The same by POSIX's `ps`, without itself.
fn listed() -> Vec<Process> {
    let mut ps = Command::new("ps");
    ps.args(["-A", "-o", "pid=", "-o", "ppid=", "-o", "rss=", "-o", "stat="]).stdout(Stdio::piped());
    let Ok(child) = ps.spawn() else { return Vec::new() };
    let own = child.id().cast_signed();
    let output = child.wait_with_output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().filter_map(of_ps).filter(|process| process.id != own).collect()
}

/// A line of it: process, parent, kibibytes, state.
fn of_ps(line: &str) -> Option<Process> {
    let mut words = line.split_whitespace();
    let (id, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let kib: u64 = words.next()?.parse().ok()?;
    let corpse = words.next().is_some_and(|state| state.starts_with('Z'));
    (!corpse).then_some(Process { id, parent, resident: kib * 1024 })
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_memory_a_name_and_processes() {
        let (all, free) = (memory().expect("known"), available_memory().expect("known"));
        assert!(all >= free && free > 1 << 20, "{free} of {all}");
        assert!(peak_memory() > 1 << 20 && peak_since_start() > 1 << 20);
        assert!(!host().is_empty());
    }

    #[test]
    fn a_child_is_found_with_its_memory_and_the_portable_list_has_it_too() {
        let mut child = Command::new("sleep").arg("30").spawn().expect("it starts");
        let id = child.id().cast_signed();
        let mine = |all: Vec<Process>| all.into_iter().find(|process| process.id == id);
        let found = mine(descendants()).expect("a child");
        assert_eq!(found.parent, std::process::id().cast_signed());
        let ps = Command::new("ps").arg("-A").output();
        if ps.is_ok_and(|output| output.status.success()) {
            assert_eq!(mine(listed()).map(|process| process.parent), Some(found.parent));
        }
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        assert_eq!(mine(descendants()), None);
    }

    #[test]
    fn lists_of_processes_are_read_whatever_names_they_hold() {
        let stat = format!("7 (a b) Z (c) S 3 {}12 9", "0 ".repeat(19));
        assert_eq!(of_stat(7, &stat, 4096), Some(Process { id: 7, parent: 3, resident: 12 * 4096 }));
        assert_eq!(of_stat(7, "7 (x) Z 3 0", 4096), None);
        assert_eq!(of_ps("  12  1  2048 Ss"), Some(Process { id: 12, parent: 1, resident: 2048 * 1024 }));
        assert_eq!(of_ps("  12  1  0 Z+"), None);
        assert_eq!(of_ps("PID"), None);
    }
}
