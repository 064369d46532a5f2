#!/usr/bin/env python3
"""Puts the command, its worker, the Python helper, the manual and completions into dist/ventral_studies-VERSION-py3-none-PLATFORM.whl.

usage: .tools/wheel.py              after `cargo build --release`; with strip, objdump and readelf of binutils, and patchelf
       .tools/wheel.py --list FILE  what would be in it, a path a line, with FILE as the command; needs none of these

Nothing of libtorch goes in: the worker finds the one of an installed torch by its own place (an RPATH relative to it). The platform is the
oldest glibc whose symbols the programs need.
"""
import base64, hashlib, os, pathlib, re, shutil, stat, subprocess, sys, tempfile, zipfile

root = pathlib.Path(__file__).resolve().parent.parent
version = re.search(r'^version = "([^"]+)"', (root / "Cargo.toml").read_text(), re.M)[1]
TORCH = "2.11"
name = "ventral_studies"
info = f"{name}-{version}.dist-info"
data = f"{name}-{version}.data"
# Where shells look below an environment's folder, and what a completion is called there.
COMPLETIONS = {
    "bash": "share/bash-completion/completions/ventral",
    "zsh": "share/zsh/site-functions/_ventral",
    "fish": "share/fish/vendor_completions.d/ventral.fish",
}


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


def tool(program):
    if found := shutil.which(program) or shutil.which(program, path=str(root / "target/tools/wheel/bin")):
        return found
    if program != "patchelf":
        sys.exit(f"wheel: {program} is not here; it is part of binutils")
    run(sys.executable, "-m", "venv", root / "target/tools/wheel")
    run(root / "target/tools/wheel/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "patchelf")
    return str(root / "target/tools/wheel/bin/patchelf")


def newest(programs):
    """The highest version of glibc that a symbol of the programs asks for."""
    found = {tuple(map(int, v.split("."))) for p in programs for v in re.findall(r"GLIBC_(\d+\.\d+)", run(tool("objdump"), "-T", p))}
    return max(found)


METADATA = f"""Metadata-Version: 2.1
Name: ventral-studies
Version: {version}
Summary: Encoding-model studies of visual cortex as cached, typed recipes
License: MIT OR Apache-2.0
License-File: LICENSE-MIT
License-File: LICENSE-APACHE
Requires-Python: >=3.10
Requires-Dist: torch=={TORCH}.*
Requires-Dist: numpy
Provides-Extra: polars
Requires-Dist: polars; extra == "polars"
Provides-Extra: pandas
Requires-Dist: pandas; extra == "pandas"
Requires-Dist: pyarrow; extra == "pandas"
Classifier: Operating System :: POSIX :: Linux
Classifier: Topic :: Scientific/Engineering
Description-Content-Type: text/markdown

"""


def contents(command, worker, platform, speaks, scratch):
    """What lies where in the wheel: paths of files, or bytes. `speaks` is a command that runs here, and says what shells and `man` are told."""
    files = {
        f"{name}/__init__.py": root / f"src/python/{name}/__init__.py",
        f"{name}/_study.py": root / f"src/python/{name}/_study.py",
        f"{name}/py.typed": b"",
        f"{name}/bin/ventral-worker": worker,
        f"{data}/scripts/ventral": command,
        f"{info}/METADATA": (METADATA + (root / "README.md").read_text()).encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: ventral\nRoot-Is-Purelib: false\nTag: py3-none-{platform}\n".encode(),
        f"{info}/licenses/LICENSE-MIT": root / "LICENSE-MIT",
        f"{info}/licenses/LICENSE-APACHE": root / "LICENSE-APACHE",
    }
    run(speaks, "man", scratch / "man")
    for page in sorted((scratch / "man").iterdir()):
        files[f"{data}/data/share/man/man1/{page.name}"] = page
    for shell, place in COMPLETIONS.items():
        files[f"{data}/data/{place}"] = run(speaks, "completions", shell).encode()
    return files


def main():
    if sys.argv[1:2] == ["--list"]:
        with tempfile.TemporaryDirectory() as scratch:
            speaks = pathlib.Path(sys.argv[2])
            print("\n".join([*contents(speaks, speaks, "PLATFORM", speaks, pathlib.Path(scratch)), f"{info}/RECORD"]))
        return
    if sys.platform != "linux":
        sys.exit(f"wheel: wheels are made on Linux so far, and this is {sys.platform}; `make build` builds from source")
    programs = [root / "target/release/ventral", root / "target/release/ventral-worker"]
    for program in programs:
        if not program.is_file():
            sys.exit(f"wheel: {program} is not built; `make build` makes it")
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for program in programs:
            shutil.copy(program, scratch)
            run(tool("strip"), scratch / program.name)
        command, worker = scratch / "ventral", scratch / "ventral-worker"
        run(tool("patchelf"), "--force-rpath", "--set-rpath", "$ORIGIN/../../torch/lib", worker)
        run(tool("patchelf"), "--remove-rpath", command)
        for program in (command, worker):
            dynamic = run("readelf", "-d", program)
            if re.search(r"R(UN)?PATH.*\[/", dynamic):
                sys.exit(f"wheel: {program.name} would look for libraries in a folder of this machine:\n{dynamic}")
        major, minor = newest([command, worker])
        platform = f"manylinux_{major}_{minor}_{os.uname().machine}"
        files = contents(command, worker, platform, command, scratch)
        (root / "dist").mkdir(exist_ok=True)
        target = root / f"dist/{name}-{version}-py3-none-{platform}.whl"
        record = []
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:

            def add(path, content, runs):
                entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (stat.S_IFREG | (0o755 if runs else 0o644)) << 16
                wheel.writestr(entry, content)
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                record.append(f"{path},sha256={digest},{len(content)}\n")

            for path, source in files.items():
                content = source if isinstance(source, bytes) else source.read_bytes()
                add(path, content, path.endswith(("/scripts/ventral", "/bin/ventral-worker")))
            record.append(f"{info}/RECORD,,\n")
            entry = zipfile.ZipInfo(f"{info}/RECORD", (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            wheel.writestr(entry, "".join(record))
        print(f"wheel: {target.relative_to(root)} ({target.stat().st_size / 1e6:.0f} MB), for glibc {major}.{minor} or newer")


main()
