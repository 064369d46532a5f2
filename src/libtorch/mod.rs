//! libtorch's global state: its CUDA parts, its threads, its panics.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Once, OnceLock};

use serde::Serialize;
use tch::{Cuda, Kind, Tensor};

use crate::device::Device;
use crate::system;

/// The file beside that of the CPU's parts that holds the CUDA parts.
const CUDA_PARTS: &str = "libtorch_cuda.so";

/// Readies libtorch: loads its CUDA parts where they lie beside the CPU's, and turns gradients off in this thread.
///
/// Call it once, first thing in the process: before any tensor, since libtorch looks for CUDA once.
pub fn start() {
    let _ = cuda_parts();
    // Precision is a parameter of nodes: without this, cuDNN convolves 32-bit floats in TF32.
    set_tf32(false);
    std::mem::forget(tch::no_grad_guard());
}

/// Keeps memory that computations free for the next ones of the same size: the system clears every page that it hands out,
/// which for matrices took a fifth of the time.
pub fn keep_memory() {
    // SAFETY: two settings of the allocator, before other threads use it; other allocators have none of the kind.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 1 << 30);
    }
}

/// Gives back what is free, between computations.
pub fn return_memory() {
    // SAFETY: no pointers are involved.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0)
    };
}

/// Gives libtorch a number of threads to compute with, the caller's included.
#[expect(clippy::disallowed_methods, reason = "the one place that does")]
pub fn set_threads(count: usize) {
    tch::set_num_threads(i32::try_from(count.max(1)).unwrap_or(i32::MAX));
}

/// Seeds the generator from which libtorch draws dropout and noise in this process.
pub fn seed(number: u64) {
    tch::manual_seed(number.cast_signed());
}

/// Whether a GPU may multiply and convolve 32-bit floats in TF32, with 10 bits of mantissa. tch does not reach the switches;
/// they are members of libtorch's context that take one `bool`.
pub fn set_tf32(allowed: bool) {
    let Some(context) = symbol(c"_ZN2at13globalContextEv") else { return };
    // SAFETY: `at::Context& at::globalContext()`: a reference comes back as a pointer.
    let context: extern "C" fn() -> *mut c_void = unsafe { std::mem::transmute(context) };
    for name in [c"_ZN2at7Context17setAllowTF32CuDNNEb", c"_ZN2at7Context18setAllowTF32CuBLASEb"] {
        if let Some(set) = symbol(name) {
            // SAFETY: `void at::Context::setAllowTF32…(bool)`: the object goes first.
            let set: extern "C" fn(*mut c_void, bool) = unsafe { std::mem::transmute(set) };
            set(context(), allowed);
        }
    }
}

/// The device that a node computes on: `auto` becomes the first GPU where CUDA works, else the CPU. A GPU that is
/// asked for and does not work is an error that says what was found.
pub fn resolve(device: Device) -> Result<Device, String> {
    static AUTO: OnceLock<Device> = OnceLock::new();
    match device {
        Device::Cpu => Ok(Device::Cpu),
        Device::Auto => Ok(*AUTO.get_or_init(|| if try_gpu(0).is_ok() { Device::Cuda(0) } else { Device::Cpu })),
        Device::Cuda(index) => match try_gpu(index) {
            Ok(()) => Ok(device),
            Err(found) => Err(format!("device {device} is asked for, but {found}; `auto` or `cpu` work here")),
        },
    }
}

/// The same device as libtorch names it; `auto` must have been resolved, else it is the CPU.
pub fn tensor_device(device: Device) -> tch::Device {
    match device {
        Device::Auto | Device::Cpu => tch::Device::Cpu,
        Device::Cuda(index) => tch::Device::Cuda(index),
    }
}

/// What libtorch offers on this machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// libtorch's version.
    pub libtorch: String,
    /// Where `libtorch_cpu.so` lies.
    pub library: Option<PathBuf>,
    /// The threads that a computation is given.
    pub threads: usize,
    /// The GPUs that work, by index.
    pub gpus: Vec<Gpu>,
    /// Why there are none.
    pub without_gpu: Option<String>,
}

/// A GPU that works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gpu {
    /// Such as `NVIDIA H100 80GB HBM3`.
    pub name: String,
    /// Its memory.
    pub bytes: u64,
}

/// Looks at libtorch, its threads and its GPUs.
pub fn describe() -> Description {
    let first = try_gpu(0);
    let count = if first.is_ok() { usize::try_from(Cuda::device_count()).unwrap_or(0) } else { 0 };
    Description {
        libtorch: version(),
        library: library().map(|path| path.canonicalize().unwrap_or(path)),
        threads: usize::try_from(tch::get_num_threads()).unwrap_or(1),
        gpus: (0..count).map(gpu).collect(),
        without_gpu: first.err(),
    }
}

/// libtorch's version, such as `2.11.0`.
pub fn libtorch_version() -> String {
    version()
}

/// The model of the processor or the GPU.
pub fn hardware(device: Device) -> String {
    match device {
        Device::Cuda(index) => gpu(index).name,
        Device::Auto | Device::Cpu => system::processor().unwrap_or_else(|| "unknown".to_owned()),
    }
}

/// Runs what may panic in libtorch, and tells a panic's first line in words; nothing is printed meanwhile.
pub fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDS.get() == 0 {
                return usual(info);
            }
            PLACE.set(info.location().map(ToString::to_string));
        }));
    });
    GUARDS.set(GUARDS.get() + 1);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDS.set(GUARDS.get() - 1);
    result.map_err(|payload| in_words(&*payload, PLACE.take()))
}

thread_local! {
    /// How many guards this thread is in.
    static GUARDS: Cell<usize> = const { Cell::new(0) };
    /// Where the last guarded panic came from.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn in_words(payload: &(dyn Any + Send), place: Option<String>) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("a panic without words");
    // tch unwraps its errors, so that what libtorch said comes as an escaped string in the panic's text.
    match text.split_once("`Err` value: Torch(\"") {
        Some((_, said)) => {
            let line = said.split("\\n").next().unwrap_or(said).trim_end_matches("\")").replace("\\\"", "\"");
            format!("libtorch: {}", line.replace("\\'", "'").trim())
        }
        None => {
            let place = place.map_or(String::new(), |place| format!(" at {place}"));
            format!("internal error{place}: {}", text.lines().next().unwrap_or(text))
        }
    }
}

/// Whether a GPU computes, else what was found instead.
fn try_gpu(index: usize) -> Result<(), String> {
    cuda_parts().clone()?;
    let count = usize::try_from(guard(Cuda::device_count)?).unwrap_or(0);
    if count == 0 {
        return Err("CUDA finds no GPU (is there one, and its driver?)".to_owned());
    }
    if index >= count {
        return Err(format!("there are only {count} GPUs, numbered from 0"));
    }
    let sum = guard(|| f64::try_from(Tensor::ones([4], (Kind::Float, tch::Device::Cuda(index))).sum(Kind::Float)))?;
    match sum {
        Ok(4.0) => Ok(()),
        other => Err(format!("the GPU adds four ones to {other:?}")),
    }
}

/// Loads the CUDA parts, once; why there are none is told in words.
fn cuda_parts() -> &'static Result<(), String> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    LOADED.get_or_init(|| {
        let cpu = library().ok_or("libtorch_cpu.so is not found in this process")?;
        let cuda = cpu.with_file_name(CUDA_PARTS);
        if !cuda.exists() {
            let folder = cuda.parent().unwrap_or(Path::new("."));
            return Err(format!(
                "libtorch in {} has no CUDA parts (`make libtorch-cuda` provides them)",
                folder.display()
            ));
        }
        load(&cuda)
    })
}

/// Opens a library with its symbols visible to those already loaded, for good.
fn load(path: &Path) -> Result<(), String> {
    let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| "its path has a zero byte".to_owned())?;
    // SAFETY: the library's initialisers are libtorch's own; the handle is never closed.
    let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if !handle.is_null() {
        return Ok(());
    }
    // SAFETY: dlerror gives a string of this thread's that lasts until its next call, or null.
    let why = unsafe {
        let text = libc::dlerror();
        if text.is_null() { "unknown".to_owned() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
    };
    Err(format!("{} does not load ({why})", path.display()))
}

/// A function of a loaded library.
fn symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: a lookup by name among what is loaded.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}

/// libtorch's C function that tells its version; also how its file is found.
const VERSION: &CStr = c"aoti_torch_abi_version";

fn version() -> String {
    let Some(address) = symbol(VERSION) else { return "unknown".to_owned() };
    // SAFETY: libtorch declares it as `uint64_t aoti_torch_abi_version()`.
    let ask: extern "C" fn() -> u64 = unsafe { std::mem::transmute(address) };
    let [major, minor, patch, ..] = ask().to_be_bytes();
    format!("{major}.{minor}.{patch}")
}

fn library() -> Option<PathBuf> {
    let address = symbol(VERSION)?;
    // SAFETY: all-zero bytes are a valid Dl_info.
    let mut info: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: dladdr fills `info` with strings that live as long as the library, which is never closed.
    let file = unsafe {
        if libc::dladdr(address, &raw mut info) == 0 || info.dli_fname.is_null() {
            return None;
        }
        CStr::from_ptr(info.dli_fname)
    };
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(file.to_bytes())))
}

/// A GPU's name and memory by the driver's library, which is loaded where CUDA works.
fn gpu(index: usize) -> Gpu {
    type Get = extern "C" fn(*mut c_int, c_int) -> c_int;
    type Name = extern "C" fn(*mut c_char, c_int, c_int) -> c_int;
    type Memory = extern "C" fn(*mut usize, c_int) -> c_int;
    let unknown = || Gpu { name: format!("GPU {index}"), bytes: 0 };
    let _ = load(Path::new("libcuda.so.1"));
    let (Some(get), Some(name), Some(memory)) =
        (symbol(c"cuDeviceGet"), symbol(c"cuDeviceGetName"), symbol(c"cuDeviceTotalMem_v2"))
    else {
        return unknown();
    };
    // SAFETY: cuda.h declares them so: CUresult and CUdevice are ints.
    let (get, name, memory) = unsafe {
        (
            std::mem::transmute::<*mut libc::c_void, Get>(get),
            std::mem::transmute::<*mut libc::c_void, Name>(name),
            std::mem::transmute::<*mut libc::c_void, Memory>(memory),
        )
    };
    let (mut device, mut text, mut bytes) = (0, [0 as c_char; 256], 0);
    let asked = c_int::try_from(index).unwrap_or(c_int::MAX);
    if get(&raw mut device, asked) != 0 || name(text.as_mut_ptr(), 255, device) != 0 {
        return unknown();
    }
    memory(&raw mut bytes, device);
    // SAFETY: the array was zeroed and at most 255 bytes of it were written.
    let name = unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned();
    Gpu { name, bytes: bytes as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libtorch_panics_become_one_line() {
        let error = guard(|| Tensor::zeros([2, 3], (Kind::Float, tch::Device::Cpu)).matmul(&Tensor::from(1.0)));
        let error = error.expect_err("a matrix times a scalar");
        assert!(error.starts_with("libtorch: both arguments to matmul"), "{error}");
        assert!(!error.contains('\n') && !error.contains("Exception raised"), "{error}");
    }

    #[test]
    fn other_panics_name_their_place() {
        let error = guard(|| assert_eq!(1 + 1, 3, "sums")).expect_err("no sum");
        assert!(error.starts_with("internal error at ") && error.contains("libtorch/mod.rs:"), "{error}");
        assert_eq!(guard(|| 7), Ok(7));
    }

    #[test]
    fn this_machine_is_described_and_auto_resolves() {
        let found = describe();
        assert_eq!(found.libtorch, "2.11.0");
        assert!(found.library.is_some_and(|path| path.ends_with("libtorch_cpu.so")));
        assert!(found.threads >= 1);
        assert_eq!(found.gpus.is_empty(), found.without_gpu.is_some());
        assert_ne!(resolve(Device::Auto), Ok(Device::Auto));
        let error = resolve(Device::Cuda(99)).expect_err("so many GPUs nobody has");
        assert!(error.starts_with("device cuda:99 is asked for, but "), "{error}");
    }
}
