#!/usr/bin/env python3
"""Measures the main job beside what a user would run instead, in one run, and prints a table.

usage: bench.py [--without-peer]

Needs the recordings, weights and peers in ../shared; says what is missing. The peer runs in .peers/, a Python environment
that is made once from ../shared/peers/requirements.txt. Writes docs/benchmarks.md's figures to standard output as Markdown.
"""
import json, os, pathlib, platform, re, shutil, subprocess, sys, tempfile, time, zipfile

root = pathlib.Path(__file__).resolve().parent.parent
shared = root.parent / "shared"
ventral = root / "target/release/ventral"
rows = []


def report(what, ours, peer, ratio, target):
    rows.append((what, ours, peer, ratio, target))
    print(f"{what}: {ours}; peer {peer}; ratio {ratio}; target {target}", file=sys.stderr, flush=True)


def timed(*command, cwd=None, repeat=1):
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True)
        best = min(best, time.perf_counter() - start)
        if done.returncode:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return best, done.stdout


def environment():
    folder = root / ".peers"
    python = folder / "bin/python"
    if not (folder / "ready").exists():
        print("bench: making the peers' Python environment in .peers/ (2.6 GB, once)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", shared / "peers/requirements.txt"], check=True)
        (folder / "ready").touch()
    return python


def workspace(folder):
    subprocess.run([ventral, "init", folder], check=True, capture_output=True)
    return pathlib.Path(folder)


def main_job(folder, python):
    recipe = folder / "recipes/v4_layers.yaml"
    recording, weights = shared / "data/v4-201025", shared / "weights/squeezenet1_1.safetensors"
    text = (root / "recipes/v4_layers.yaml").read_text()
    text = text.replace("../shared/data/v4-201025", str(recording)).replace(
        "../shared/weights/squeezenet1_1.safetensors", str(weights))
    recipe.write_text(text)
    ours, _ = timed(ventral, "run", recipe)
    table = json.loads(timed(ventral, "show", recipe, "by_layer.table", "--json")[1])
    mine = {(r["layer"], r["measure"]): r["mean"] for r in table}
    if python:
        peer, out = timed(python, shared / "peers/notebook_v4.py", recording, weights)
        theirs = re.findall(r"(features\.\d+)\s.*?r (\S+)\s+EV (\S+)", out)
    else:
        peer, theirs = None, []
    report("nine layers, PCA 500, ridge, from an empty cache", f"{ours:.1f} s",
           f"{peer:.1f} s" if peer else "–", f"{peer / ours:.1f}×" if peer else "–", "at least 6×")
    for layer, r, ev in theirs:
        dr, dev = mine[layer, "r"] - float(r), mine[layer, "explained_variance"] - float(ev)
        report(f"{layer}: r, explained variance", f"{mine[layer, 'r']:.3f}, {mine[layer, 'explained_variance']:.3f}",
               f"{r}, {ev}", f"{dr:+.3f}, {dev:+.3f}", "at least −.003 each")
    report("nothing to do", f"{timed(ventral, 'run', recipe, repeat=5)[0] * 1e3:.0f} ms", "–", "–", "50 ms")
    edited = recipe.read_text().replace("split: split } }\n  scores", "split: split }, with: { alphas: [2.0e2, 2.0e3, 2.0e4, 2.0e5] } }\n  scores")
    assert edited != recipe.read_text()
    recipe.write_text(edited)
    seconds, out = timed(ventral, "run", recipe)
    report("other penalties: ridge, evaluate, compare, report", f"{seconds:.2f} s", "–", "–", "3 s")
    print(out, file=sys.stderr)


def large_file(folder, python):
    """A no-op run beside a 400 MB h5 of the course's layout."""
    (folder / "data").mkdir(exist_ok=True)
    h5 = folder / "data/IT_data.h5"
    count = len(zipfile.ZipFile(shared / "data/v4-201025/images.zip").namelist())
    timed(python, shared / "data/make_it_h5.py", shared / "data/v4-201025", h5, count, 372)  # 372 × 372: 400 MB
    recipe = folder / "recipes/h5.yaml"
    recipe.write_text("version: 1\ntitle: h5\nnodes:\n  it: { kind: load_majaj, with: { path: data/IT_data.h5 } }\n"
                      "  px: { kind: pixels, in: { images: it.images }, with: { size: 16 } }\n")
    first, _ = timed(ventral, "run", recipe)
    time.sleep(2.5)
    timed(ventral, "run", recipe)
    again, _ = timed(ventral, "run", recipe, repeat=5)
    report(f"nothing to do, with a {h5.stat().st_size / 1e6:.0f} MB h5 (first run {first:.1f} s)", f"{again * 1e3:.0f} ms", "–", "–", "50 ms")


def thousand(folder):
    """A generated recipe of 1,000 nodes, and what a no-op of Snakemake takes where it is installed."""
    nodes = ["  it: { kind: synthetic_it, with: { images: 16, size: 16, units: 2, repeats: 2 } }"]
    nodes += [f"  n{i}: {{ kind: split, in: {{ rows: it.labels }}, with: {{ test: 0.3, seed: {i} }} }}" for i in range(999)]
    recipe = folder / "recipes/thousand.yaml"
    recipe.write_text("version: 1\ntitle: A thousand nodes\nnodes:\n" + "\n".join(nodes) + "\n")
    timed(ventral, "run", recipe)
    time.sleep(2.5)
    timed(ventral, "run", recipe)
    seconds, _ = timed(ventral, "run", recipe, repeat=5)
    snakemake = "1.5 s (Snakemake, measured elsewhere)"
    if shutil.which("snakemake"):
        (folder / "Snakefile").write_text("rule all:\n  input: expand('o/{i}', i=range(1000))\nrule one:\n  output: 'o/{i}'\n  shell: 'touch {output}'\n")
        timed("snakemake", "--cores", "2", "-q", cwd=folder)
        snakemake = f"{timed('snakemake', '--cores', '2', '-q', cwd=folder)[0]:.2f} s (Snakemake)"
    report("nothing to do, 1,000 nodes", f"{seconds * 1e3:.0f} ms", snakemake, "–", "100 ms")


def main():
    if not shared.is_dir():
        sys.exit("bench: ../shared (recordings, weights, peers) is not here; nothing was measured")
    python = None if "--without-peer" in sys.argv else environment()
    with tempfile.TemporaryDirectory() as scratch:
        folder = workspace(scratch)
        thousand(folder)
        if python:
            large_file(folder, python)
        main_job(folder, python)
    cores = os.cpu_count()
    print(f"On {cores} cores ({platform.machine()}), peer and program in one run.\n")
    print("| what | ventral | peer | ratio or difference | target |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


main()
