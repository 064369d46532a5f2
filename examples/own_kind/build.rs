//! Lets the worker find libtorch where it was built against it, with no LD_LIBRARY_PATH.

fn main() {
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg-bin=own-ventral-worker=-Wl,-rpath={folder},--disable-new-dtags");
    }
}
