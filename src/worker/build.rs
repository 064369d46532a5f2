//! Lets the worker, and tests of what computes, find libtorch where they were built against it, with no LD_LIBRARY_PATH.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath={folder}");
        // libtorch_cpu.so's own needs (libc10, libgomp) lie beside it. Other systems' linkers know no two kinds of paths.
        if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
            println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags");
        }
    }
}
