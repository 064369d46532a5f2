#!/usr/bin/env python3
"""Measures the program beside what a user would run instead, in one run, and writes the tables of docs/benchmarks.md.

usage: bench.py [--without-peer] [SECTION …]     sections: spine, extraction, pca, ridge, similarity, pls, banded, training, study, large;
all unless named

Needs the recordings, weights and peers in ../shared; says what is missing. Peers run in .peers/, a Python environment that
is made once from ../shared/peers/requirements.txt. A section's table replaces the one that stands in docs/benchmarks.md.
"""
import datetime, json, os, pathlib, platform, re, shutil, statistics, subprocess, sys, tempfile, threading, time, urllib.request, zipfile

root = pathlib.Path(__file__).resolve().parent.parent
shared = root.parent / "shared"
ventral = root / "target/release/ventral"
record = root / "docs/benchmarks.md"


class Section:
    """Rows of one table."""

    def __init__(self, name, gflops=None):
        self.name, self.rows, self.gflops = name, [], gflops

    def row(self, what, ours, peer="–", ratio="–", target="–"):
        self.rows.append((what, ours, peer, ratio, target))
        print(f"{self.name}: {what}: {ours}; peer {peer}; ratio {ratio}; target {target}", file=sys.stderr, flush=True)

    def text(self):
        when = datetime.date.today().isoformat()
        speed = f", {self.gflops:.0f} GFLOP/s in products of 32 bits" if self.gflops else ""
        head = f"Seen on {os.cpu_count()} cores ({processor()}{speed}), {when}, peer and program in one run:\n\n"
        head += "| what | ventral | peer | ratio or difference | target |\n|---|---|---|---|---|\n"
        return head + "".join("| " + " | ".join(row) + " |\n" for row in self.rows)

    def write(self):
        text = record.read_text()
        pattern = re.compile(f"(<!-- {self.name} -->\n).*?(<!-- end -->)", re.S)
        if not pattern.search(text):
            sys.exit(f"bench: {record} has no place `<!-- {self.name} -->` … `<!-- end -->`")
        record.write_text(pattern.sub(lambda m: m[1] + self.text() + m[2], text))
        print(self.text())


def processor():
    names = re.findall(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return names[0].strip() if names else platform.machine()


def gflops(python):
    """What libtorch's matrix product of 32 bits reaches here, best of five; busy machines show by it."""
    return float(timed(python, "-c", """
import time, torch
a, b = torch.randn(4096, 4096), torch.randn(4096, 4096)
best = 1e9
for _ in range(5):
    start = time.perf_counter(); a @ b; best = min(best, time.perf_counter() - start)
print(2 * 4096 ** 3 / best / 1e9)
""")[1])


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
    # himalaya imports packaging and does not ask for it; blake3 tells into which folds the program deals rows.
    wanted = ["-r", str(shared / "peers/requirements.txt"), "packaging", "blake3", "rsatoolbox==0.3.2"]
    if not (folder / "ready").exists() or (folder / "ready").read_text() != " ".join(wanted[2:]):
        print("bench: making the peers' Python environment in .peers/ (2.6 GB, once)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
        (folder / "ready").write_text(" ".join(wanted[2:]))
    return python


def workspace(folder):
    subprocess.run([ventral, "init", folder], check=True, capture_output=True)
    return pathlib.Path(folder)


class Peak(threading.Thread):
    """The largest anonymous memory of this process's descendants together, sampled."""

    def __init__(self):
        super().__init__(daemon=True)
        self.bytes, self.over = 0, False

    def run(self):
        while not self.over:
            parents, anonymous = {}, {}
            for path in pathlib.Path("/proc").glob("[0-9]*/status"):
                try:
                    fields = dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)
                except (OSError, ValueError):
                    continue
                parents[int(fields["Pid"])] = int(fields["PPid"])
                anonymous[int(fields["Pid"])] = int(fields.get("RssAnon", "0 kB").split()[0]) * 1024
            ours = {os.getpid()}
            while True:
                more = {pid for pid, parent in parents.items() if parent in ours} - ours
                if not more:
                    break
                ours |= more
            self.bytes = max(self.bytes, sum(anonymous.get(pid, 0) for pid in ours - {os.getpid()}))
            time.sleep(0.05)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.join()


def seconds(folder, recipe, node, *more):
    """Runs a recipe; gives the seconds of one node's computation, as its record has them."""
    timed(ventral, "run", recipe, "--no-report", *more)
    rows = json.loads(timed(ventral, "status", recipe, "--json", *[m for m in more if m != "--no-report"])[1])
    return sum(row["seconds"] for row in rows if row["node"].split("@")[0] == node)


def features(folder, python, rows, columns, targets, make):
    """Writes data/x.npy, data/y.npy, tiny pictures that name the rows, and a split; `make` is Python for x and y."""
    (folder / "data").mkdir(exist_ok=True)
    script = f"""
import io, zipfile
import numpy as np
from PIL import Image
n, p, t_ = {rows}, {columns}, {targets}
{make}
np.save("data/x.npy", x); np.save("data/y.npy", y)
with zipfile.ZipFile("data/images.zip", "w") as z:
    for i in range(len(x)):
        b = io.BytesIO(); Image.fromarray(np.full((4, 4, 3), (i % 251, i // 251, 7), np.uint8)).save(b, "PNG"); z.writestr(f"s{{i:05}}.png", b.getvalue())
open("data/split.csv", "w").write("id,part\\n" + "".join(f"s{{i:05}},{{'train' if i < n else 'test'}}\\n" for i in range(len(x))))
"""
    timed(python, "-c", script, cwd=folder)


FEATURES = """\
version: 1
title: Given features
nodes:
  r: { kind: load_recordings, with: { images: data/images.zip, responses: data/y.npy, layout: stimuli_by_units, image_size: 4 } }
  x: { kind: load_features, in: { rows: r.images }, with: { path: data/x.npy } }
  split: { kind: split, in: { rows: r.images }, with: { from: data/split.csv } }
"""


def spine(section, folder, python):
    thousand(section, folder)
    saved(section, folder)
    if python:
        large_file(section, folder, python)
    main_job(section, folder, python)


def saved(section, folder):
    """From the save of a recipe that `watch` follows to the start of its run."""
    recipe = folder / "recipes/watched.yaml"
    text = ("version: 1\nnodes:\n  it: { kind: synthetic_it, with: { images: 64, size: 32, units: 6, repeats: 4 } }\n"
            "  px: { kind: pixels, in: { images: it.images }, with: { size: 4 } }\n"
            "  readout: { kind: ridge, in: { features: px, responses: it.responses, split: it.split }, with: { alphas: [ALPHA] } }\n")
    recipe.write_text(text.replace("ALPHA", "1"))
    watch = subprocess.Popen([str(ventral), "watch", str(recipe), "--port", "0"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
    try:
        address = watch.stdout.readline().split()[-1].rstrip("/")
        with urllib.request.urlopen(f"{address}/events", timeout=60) as events:
            def until(event):
                while json.dumps(event) not in events.readline().decode():
                    pass

            best = float("inf")
            until("run_finished")
            for alpha in range(2, 7):
                time.sleep(1)
                start = time.perf_counter()
                recipe.write_text(text.replace("ALPHA", str(alpha)))
                until("run_started")
                best = min(best, time.perf_counter() - start)
                until("run_finished")
    finally:
        watch.terminate()
        watch.wait()
    section.row("from a save of a watched recipe to the start of its run", f"{best * 1e3:.0f} ms", target="100 ms")


def main_job(section, folder, python):
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
    section.row("nine layers, PCA 500, ridge, from an empty cache (activations dropped)", f"{ours:.1f} s",
                f"{peer:.1f} s" if peer else "–", f"{peer / ours:.1f}×" if peer else "–", "at least 10×")
    for layer, r, ev in theirs:
        dr, dev = mine[layer, "r"] - float(r), mine[layer, "explained_variance"] - float(ev)
        section.row(f"{layer}: r, explained variance", f"{mine[layer, 'r']:.3f}, {mine[layer, 'explained_variance']:.3f}",
                    f"{r}, {ev}", f"{dr:+.3f}, {dev:+.3f}", "at least −.003 each")
    time.sleep(2.5)
    timed(ventral, "run", recipe)
    section.row("nothing to do", f"{timed(ventral, 'run', recipe, repeat=5)[0] * 1e3:.0f} ms", target="50 ms")
    edited = text.replace("split: split } }\n  scores",
                          "split: split }, with: { alphas: [2.0e2, 2.0e3, 2.0e4, 2.0e5] } }\n  scores")
    assert edited != text
    recipe.write_text(edited)
    section.row("other penalties: ridge, evaluate, compare, report", f"{timed(ventral, 'run', recipe)[0]:.2f} s", target="3 s")
    recipe.write_text(edited.replace("components: 500", "components: 300"))
    taken, out = timed(ventral, "run", recipe)
    section.row(f"other components, activations dropped: {out.splitlines()[0]}", f"{taken:.2f} s")


def large_file(section, folder, python):
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
    section.row(f"nothing to do, with a {h5.stat().st_size / 1e6:.0f} MB h5 (first run {first:.1f} s)", f"{again * 1e3:.0f} ms", target="50 ms")


def thousand(section, folder):
    """A generated recipe of 1,000 nodes, and what a no-op of Snakemake takes where it is installed."""
    recipe = folder / "recipes/thousand.yaml"
    nodes = ["  it: { kind: synthetic_it, with: { images: 16, size: 16, units: 2, repeats: 2 } }"]
    nodes += [f"  n{i}: {{ kind: split, in: {{ rows: it.labels }}, with: {{ test: 0.3, seed: {i} }} }}" for i in range(999)]
    recipe.write_text("version: 1\ntitle: A thousand nodes\nnodes:\n" + "\n".join(nodes) + "\n")
    timed(ventral, "run", recipe)
    time.sleep(2.5)
    timed(ventral, "run", recipe)
    taken, _ = timed(ventral, "run", recipe, repeat=5)
    snakemake = "1.5 s (Snakemake, measured elsewhere)"
    if shutil.which("snakemake"):
        (folder / "Snakefile").write_text("rule all:\n  input: expand('o/{i}', i=range(1000))\nrule one:\n  output: 'o/{i}'\n  shell: 'touch {output}'\n")
        timed("snakemake", "--cores", "2", "-q", cwd=folder)
        snakemake = f"{timed('snakemake', '--cores', '2', '-q', cwd=folder)[0]:.2f} s (Snakemake)"
    section.row("nothing to do, 1,000 nodes", f"{taken * 1e3:.0f} ms", snakemake, target="100 ms")


EXTRACTION = """\
version: 1
title: Extraction
nodes:
  it: {{ kind: synthetic_it, with: {{ images: {count}, size: 224, units: 2, repeats: 2 }} }}
  layers: {{ kind: extract_layer, in: {{ images: it.images }}, with: {{ model: {model}, weights: random, layers: [{layers}]{pool} }} }}
"""


def extraction(section, folder, python):
    def ours(name, model, count, layers, pool=""):
        recipe = folder / f"recipes/{name}.yaml"
        recipe.write_text(EXTRACTION.format(count=count, model=model, layers=", ".join(layers), pool=pool))
        return seconds(folder, recipe, "layers")

    for model, layer, count, plain, last in [
        ("resnet50", "layer3", 400, 1.8, 1.4), ("squeezenet1_1", "features.9", 1200, 1.5, None), ("vgg19", "features.36", 64, 1.5, None)
    ]:
        # Measures the batch, which is then fixed.
        ours("warm", model, 32, [layer])
        rate = count / ours(f"{model}_{layer}", model, count, [layer])
        for form, target in [("", plain), ("channels_last", last)]:
            if not python:
                section.row(f"{model} to {layer}, storing included", f"{rate:.1f} images/s")
                break
            out = timed(python, shared / "peers/extract_torch.py", model, min(count, 256), 32, layer, *form.split())[1]
            peer = float(re.search(r": ([\d.]+) images/s", out)[1])
            section.row(f"{model} to {layer}, storing included", f"{rate:.1f} images/s", f"{peer:.1f} images/s ({form or 'plain'})",
                        f"{rate / peer:.2f}×", f"at least {target}×" if target else "–")
    six = ["maxpool", "layer1", "layer2", "layer3", "layer4.0", "layer4"]
    alone = ours("alone", "resnet50", 256, ["layer4"], ", pool: mean")
    together = ours("together", "resnet50", 257, six, ", pool: mean") * 256 / 257
    section.row("six layers of ResNet-50 at once (pooled, so that little is stored)", f"{together:.1f} s", f"{alone:.1f} s (layer4 alone)",
                f"{together / alone:.2f}×", "at most 1.1×")


def pca(section, folder, python):
    if not python:
        return
    features(folder, python, 2592, 100352, 168, """
rng = np.random.default_rng(0)
latent = rng.standard_normal((n + 288, 200), dtype=np.float32)
x = latent @ rng.standard_normal((200, p), dtype=np.float32)
x += rng.standard_normal(x.shape, dtype=np.float32)
y = latent @ rng.standard_normal((200, t_), dtype=np.float32) + 10 * rng.standard_normal((n + 288, t_), dtype=np.float32)
""")
    recipe = folder / "recipes/pca.yaml"
    recipe.write_text(FEATURES + """\
  pcs: { kind: pca, in: { features: x, split: split }, with: { components: 1000 } }
  readout: { kind: ridge, in: { features: pcs, responses: r.responses, split: split }, with: { alphas: { low: 1.0, high: 1.0e+8, count: 17 } } }
  scores: { kind: evaluate, in: { predictions: readout, responses: r.responses, split: split }, with: { on: test } }
""")
    timed(ventral, "run", recipe, "--no-report", "--node", "x", "--node", "split")
    ours = seconds(folder, recipe, "pcs")
    out = timed(python, shared / "peers/pca_ridge_sklearn.py", 2592, 100352, 1000)[1]
    # Once more for memory: whoever looks at every process all the time takes a core's share of its own.
    shutil.rmtree(folder / "cache/actions"); shutil.rmtree(folder / "cache/objects")
    timed(ventral, "run", recipe, "--no-report", "--node", "x", "--node", "split")
    with Peak() as peak:
        seconds(folder, recipe, "pcs")
    theirs, ridge_peer, ev, rss = (float(x) for x in re.search(r"pca ([\d.]+) s  ridge ([\d.]+) s  EV ([\d.]+)  peak ([\d.]+) GB", out).groups())
    section.row("PCA, 2592 × 100352, k = 1000 (scikit-learn: randomized)", f"{ours:.1f} s", f"{theirs:.1f} s", f"{theirs / ours:.1f}×", "at least 7×")
    section.row("memory beside the mapped data (1.16 GB)", f"{peak.bytes / 1e9:.2f} GB", f"{rss:.2f} GB with the data", target="at most 1 GB")
    table = json.loads(timed(ventral, "show", recipe, "scores.summary", "--json")[1])
    mine = next(row for row in table if row["measure"] == "explained_variance")["median"]
    section.row("explained variance of the ridge after it, median", f"{mine:.4f}", f"{ev:.4f}", f"{mine - ev:+.4f}", "at least equal")
    timed(ventral, "export", recipe, "pcs.scores", folder / "scores.npy")
    exact = timed(python, "-c", """
import numpy as np
x = np.load("data/x.npy").astype(np.float64); n = 2592; z = np.load("scores.npy").astype(np.float64)
c = x - x[:n].mean(0); g = c @ c[:n].T; w, v = np.linalg.eigh((g[:n] + g[:n].T) / 2)
w, v = w[::-1][:200], v[:, ::-1][:, :200]; s = g @ v / np.sqrt(w); s *= np.sign((s[:n] * z[:n, :200]).sum(0))
print(np.max(np.abs(s - z[:, :200]).max(0) / np.abs(s).max(0)))
""", cwd=folder)[1]
    section.row("first 200 scores against numpy in 64 bits, largest difference over a component's largest", f"{float(exact):.1e}", target="1e-3")
    text = recipe.read_text()
    recipe.write_text(text.replace("components: 1000", "components: 500"))
    section.row("other k, from the products", f"{seconds(folder, recipe, 'pcs'):.2f} s")


def ridge(section, folder, python):
    if not python:
        return
    for columns, loo_target, fold_target in [(1000, 2.0, 4.0), (20000, 2.0, 2.5)]:
        features(folder, python, 2592, columns, 168, """
rng = np.random.default_rng(0)
x = rng.standard_normal((n, p), dtype=np.float32); y = x @ rng.standard_normal((p, t_), dtype=np.float32) + 30 * rng.standard_normal((n, t_), dtype=np.float32)
""")
        recipe = folder / f"recipes/ridge{columns}.yaml"
        recipe.write_text(FEATURES + """\
  folds: { kind: ridge, in: { features: x, responses: r.responses, split: split }, with: { alphas: { low: 1.0, high: 1.0e+8, count: 20 }, folds: 5, extend: false } }
  loo: { kind: ridge, in: { features: x, responses: r.responses, split: split }, with: { alphas: { low: 1.0, high: 1.0e+8, count: 20 }, extend: false } }
""")
        timed(ventral, "run", recipe, "--no-report", "--node", "x", "--node", "split")
        timed(ventral, "run", recipe, "--no-report", "--node", "folds")
        # The second must not find the first's products: each is measured from nothing.
        folds = node_seconds(recipe, "folds")
        shutil.rmtree(folder / "cache/actions"); shutil.rmtree(folder / "cache/objects")
        timed(ventral, "run", recipe, "--no-report", "--node", "x", "--node", "split")
        timed(ventral, "run", recipe, "--no-report", "--node", "loo")
        loo = node_seconds(recipe, "loo")
        out = timed(python, shared / "peers/ridge_himalaya.py", 2592, columns, 168)[1]
        himalaya = float(re.search(r"torch: ([\d.]+) s", out)[1])
        sklearn = float(re.search(r"sklearn RidgeCV \(LOO\): ([\d.]+) s", out)[1])
        section.row(f"ridge, 2592 × {columns} × 168, 20 penalties, 5 folds", f"{folds:.2f} s", f"{himalaya:.2f} s (himalaya, torch)",
                    f"{himalaya / folds:.1f}×", f"at least {fold_target}×")
        section.row(f"ridge, 2592 × {columns} × 168, 20 penalties, leave-one-out", f"{loo:.2f} s", f"{sklearn:.2f} s (scikit-learn)",
                    f"{sklearn / loo:.1f}×", f"at least {loo_target}×")
        timed(ventral, "run", recipe, "--no-report")
        timed(ventral, "export", recipe, "folds.alphas", folder / "alphas.csv")
        same = timed(python, "-c", PENALTIES, f"cache/by-name/ridge{columns}/r/images.safetensors", cwd=folder)[1].split()
        exact = "equal to those of the least squared error (numpy, 64 bits, the same folds), of 168"
        section.row(f"penalties {exact}", f"{same[0]}; within one step {same[1]}", f"{same[2]}; within one step {same[3]} (himalaya, 32 bits)",
                    target="168")
        section.row("penalties equal to himalaya's on the same folds; on folds of its own", f"{same[4]}; {same[6]}")


# Penalties by the definition: for each fold the products of the other rows, centred by these, decomposed in 64 bits.
PENALTIES = """
import csv, json, sys
import blake3
import numpy as np
from himalaya.kernel_ridge import KernelRidgeCV
from himalaya.ridge import RidgeCV
from sklearn.model_selection import PredefinedSplit
x, y = np.load("data/x.npy"), np.load("data/y.npy")
with open(sys.argv[1], "rb") as file:
    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
stimuli = json.loads(header["__metadata__"]["ventral"])["stimuli"]
names = [stimuli["sources"][at].encode() + b"\\0" + name.encode() for at, name in zip(stimuli["source"], stimuli["name"])]
order = np.argsort(np.array([int.from_bytes(blake3.blake3(name).digest()[:8], "little") for name in names], np.uint64))
fold = np.empty(len(x), int)
fold[order] = np.arange(len(x)) % 5
alphas = np.logspace(0, 8, 20)
wide, truth = x.astype(np.float64), y.astype(np.float64)
products, loss = wide @ wide.T, np.zeros((20, y.shape[1]))
for left_out in range(5):
    inside, outside = fold != left_out, fold == left_out
    k = products[np.ix_(inside, inside)]
    mean = k.mean(0)
    values, vectors = np.linalg.eigh(k - mean - mean[:, None] + mean.mean())
    across = products[np.ix_(outside, inside)]
    across = (across - across.mean(1, keepdims=True) - mean + mean.mean()) @ vectors
    centre = truth[inside].mean(0)
    turned = vectors.T @ (truth[inside] - centre)
    for at, alpha in enumerate(alphas):
        loss[at] += np.square(truth[outside] - centre - across @ (turned / (values + alpha)[:, None])).sum(0)
exact = alphas[loss.argmin(0)]
ours = np.array([float(row["alpha"]) for row in csv.DictReader(open("alphas.csv"))])
x, y = x - x.mean(0), y - y.mean(0)
same, own = ((RidgeCV if len(x) > x.shape[1] else KernelRidgeCV)(alphas=alphas, cv=cv).fit(x, y).best_alphas_ for cv in (PredefinedSplit(fold), 5))
for a, b in (ours, exact), (same, exact), (ours, same), (ours, own):
    off = np.abs(np.log10(a / b))
    print(int((off < 8 / 19 / 2).sum()), int((off < 8 / 19 * 1.5).sum()))
"""


def pls(section, folder, python):
    """Partial least squares beside scikit-learn's, at a tolerance that lets it converge and at its default."""
    if not python:
        return
    for columns in (1000, 20000):
        features(folder, python, 2592, columns, 168, """
rng = np.random.default_rng(0)
x = rng.standard_normal((n, p), dtype=np.float32); y = x @ rng.standard_normal((p, t_), dtype=np.float32) + 30 * rng.standard_normal((n, t_), dtype=np.float32)
""")
        recipe = folder / f"recipes/pls{columns}.yaml"
        recipe.write_text(FEATURES + """\
  ridge: { kind: ridge, in: { features: x, responses: r.responses, split: split }, with: { alphas: 1000.0 } }
  pls: { kind: pls, in: { features: x, responses: r.responses, split: split }, with: { components: 25 } }
  chosen: { kind: pls, in: { features: x, responses: r.responses, split: split }, with: { components: [1, 2, 3, 5, 10, 15, 20, 25] } }
""")
        for node in ("ridge", "pls", "chosen"):
            timed(ventral, "run", recipe, "--no-report", "--node", node)
        ours, chosen = node_seconds(recipe, "pls"), node_seconds(recipe, "chosen")
        timed(ventral, "export", recipe, "pls.predictions", folder / "ours.npy")
        # Beside 20,000 features scikit-learn takes an hour.
        theirs = json.loads(timed(python, "-c", PLS, *([1e-12, 1e-6] if columns == 1000 else []), cwd=folder)[1])
        what = f"partial least squares after a ridge, 2592 × {columns} × 168, 25 components"
        if columns == 1000:
            (tight, apart), (usual, off) = theirs["peers"]
            section.row(what, f"{ours:.2f} s", f"{tight:.1f} s (scikit-learn, tol=1e-12)", f"{tight / ours:.0f}×", "at least 10×")
            section.row("the same at scikit-learn's default tolerance, 1e-6", f"{ours:.2f} s", f"{usual:.1f} s", f"{usual / ours:.0f}×")
            section.row("predictions beside those by whole decompositions (numpy, 64 bits), largest difference over the largest",
                        f"{theirs['ours']:.1e}", f"{apart:.1e} (tol=1e-12), {off:.1e} (1e-6)", target="1e-5")
        else:
            section.row(what, f"{ours:.2f} s")
            section.row("the same difference from whole decompositions", f"{theirs['ours']:.1e}", target="1e-5")
        section.row("eight numbers of components, chosen by 5 inner folds", f"{chosen:.2f} s")


# By the definition: directions from the whole decomposition of what is left, which scikit-learn's iteration nears as its tolerance allows.
PLS = """
import json, sys, time
import numpy as np
from sklearn.cross_decomposition import PLSRegression
x, y, ours = np.load("data/x.npy").astype(np.float64), np.load("data/y.npy").astype(np.float64), np.load("ours.npy")
mean = y.mean(0)
a, left, k = x - x.mean(0), y - mean, None
if a.shape[0] < a.shape[1]:
    k = a @ a.T
fitted = np.zeros_like(y)
for _ in range(25):
    if k is None:
        s = a.T @ left
        t = a @ (s @ np.linalg.eigh(s.T @ s)[1][:, -1])
    else:
        u = left @ np.linalg.eigh(left.T @ k @ left)[1][:, -1]
        t = k @ u
    t /= np.linalg.norm(t)
    if k is None:
        a -= np.outer(t, t @ a)
    else:
        k -= np.outer(t, t @ k)
        k -= np.outer(k @ t, t)
    fitted += np.outer(t, t @ left)
    left -= np.outer(t, t @ left)
exact = fitted + mean
far = lambda some: float(np.abs(some - exact).max() / np.abs(exact).max())
peers = []
for tol in sys.argv[1:]:
    start = time.perf_counter()
    fit = PLSRegression(25, scale=False, tol=float(tol), max_iter=5000).fit(x, y)
    seconds = time.perf_counter() - start
    peers.append((seconds, far(fit.predict(x))))
print(json.dumps({"ours": far(ours), "peers": peers}))
"""


def banded(section, folder, python):
    """Banded ridge by random search beside himalaya's, three bands; CANDIDATES in the environment for a shorter look."""
    if not python:
        return
    candidates = int(os.environ.get("CANDIDATES", 100))
    features(folder, python, 2592, 3000, 168, """
rng = np.random.default_rng(0)
rows = n + 500
shared = rng.standard_normal((rows, 40), dtype=np.float32)
y = 0
for band, (noise, share) in enumerate([(1.0, 1.0), (2.0, 0.6), (0.5, 0.3)]):
    x = shared @ rng.standard_normal((40, p), dtype=np.float32) + noise * rng.standard_normal((rows, p), dtype=np.float32)
    np.save(f"data/b{band}.npy", x)
    y = y + share * rng.random(t_, dtype=np.float32) * (x @ rng.standard_normal((p, t_), dtype=np.float32)) / np.sqrt(p * (40 + noise ** 2))
y = y + 0.7 * rng.standard_normal((rows, t_), dtype=np.float32)
""")
    recipe = folder / "recipes/banded.yaml"
    bands = "".join(f"  b{at}: {{ kind: load_features, in: {{ rows: r.images }}, with: {{ path: data/b{at}.npy }} }}\n" for at in range(3))
    given = "in: { features: { b0: b0, b1: b1, b2: b2 }, responses: r.responses, split: split }"
    recipe.write_text(FEATURES.replace("  x: { kind: load_features, in: { rows: r.images }, with: { path: data/x.npy } }\n", bands) + f"""\
  search: {{ kind: banded_ridge, {given}, with: {{ candidates: {candidates} }} }}
  stack: {{ kind: banded_ridge, {given}, with: {{ method: stack }} }}
""")
    # One after the other: each has the machine to itself, and the first makes the bands' products.
    for node in ("search", "stack"):
        timed(ventral, "run", recipe, "--no-report", "--node", node)
    ours, stacked = node_seconds(recipe, "search"), node_seconds(recipe, "stack")
    seconds = float(timed(python, root / ".tools/peers/banded_himalaya.py", 2592, candidates, 1, "theirs.npy", cwd=folder)[1])
    for node in ("search", "stack"):
        timed(ventral, "export", recipe, f"{node}.predictions", folder / f"{node}.npy")
    scores = json.loads(timed(python, "-c", """
import json
import numpy as np
y = np.load("data/y.npy")[2592:].astype(np.float64)
score = lambda name: 1 - (y - np.load(name)[2592:]).var(0) / y.var(0)
ours, theirs, stack = (score(f"{name}.npy") for name in ("search", "theirs", "stack"))
print(json.dumps([np.median(ours), np.median(theirs), np.median(stack), np.median(ours - theirs)]))
""", cwd=folder)[1])
    section.row(f"banded ridge, three bands of 2592 × 3000, 168 units, {candidates} weightings, products included", f"{ours:.0f} s, 21 penalties, leave-one-out",
                f"{seconds:.0f} s (himalaya, torch, 32 bits), 1 penalty, 5 folds, products made before", f"{seconds / ours:.1f}×", "at least 2×")
    section.row("explained variance of 500 held-out rows, median of units; median difference by unit", f"{scores[0]:.4f}", f"{scores[1]:.4f}", f"{scores[3]:+.4f}", "no lower than -.002")
    section.row("the same bands stacked", f"{stacked:.1f} s; {scores[2]:.4f}")


def similarity(section, folder, python):
    """RSA and CKA of 2592 stimuli after a ridge, beside rsatoolbox and NumPy."""
    if not python:
        return
    features(folder, python, 2592, 2000, 168, """
rng = np.random.default_rng(0)
latent = rng.standard_normal((n, 50), dtype=np.float32)
x = latent @ rng.standard_normal((50, p), dtype=np.float32) + 3 * rng.standard_normal((n, p), dtype=np.float32) + 1
y = latent @ rng.standard_normal((50, t_), dtype=np.float32) + 10 * rng.standard_normal((n, t_), dtype=np.float32)
""")
    (folder / "data/split.csv").write_text("id,part\n" + "".join(f"s{i:05},{'test' if i % 10 == 0 else 'train'}\n" for i in range(2592)))
    recipe = folder / "recipes/similarity.yaml"
    ends = "in: { a: x, b: r.responses }, with: { on: all"
    recipe.write_text(FEATURES + f"""\
  readout: {{ kind: ridge, in: {{ features: x, responses: r.responses, split: split }} }}
  first: {{ kind: rsa, {ends} }} }}
  again: {{ kind: rsa, {ends}, compare: rho_a }} }}
  drawn: {{ kind: rsa, in: {{ a: x, b: r.responses, split: split }}, with: {{ on: test, bootstrap: {{ draws: 1000 }}, permutations: 10000 }} }}
  aligned: {{ kind: cka, {ends} }} }}
  pair: {{ kind: cka, {ends}, ceiling: none }} }}
""")
    for node in ("readout", "first", "again", "drawn", "aligned", "pair"):
        timed(ventral, "run", recipe, "--no-report", "--node", node)
    taken = {node: node_seconds(recipe, node) for node in ("first", "again", "drawn", "aligned", "pair")}
    value = lambda node, column: json.loads(timed(ventral, "show", recipe, f"{node}.table", "--json")[1])[0][column]
    peer = json.loads(timed(python, root / ".tools/peers/similarity.py", cwd=folder)[1])
    theirs = peer["rdms"] + peer["spearman"]["seconds"]
    section.row("RSA, 2592 × 2000 and 2592 × 168 after a ridge: correlation RDMs, Spearman", f"{taken['first']:.2f} s",
                f"{theirs:.2f} s (rsatoolbox)", f"{theirs / taken['first']:.1f}×", "at least 10×")
    section.row("another comparison of the same, ρ-a: ranks are kept", f"{taken['again']:.2f} s",
                f"{peer['rho-a']['seconds']:.2f} s (rsatoolbox, RDMs kept)", f"{peer['rho-a']['seconds'] / taken['again']:.1f}×")
    for node, method in ("first", "spearman"), ("again", "rho-a"):
        mine = value(node, "similarity")
        section.row(f"{method}", f"{mine:.7f}", f"{peer[method]['value']:.7f}", f"{mine - peer[method]['value']:+.0e}", "1e-6")
    section.row("260 test stimuli: 1,000 draws and 10,000 permutations", f"{taken['drawn']:.2f} s")
    section.row("unbiased CKA of the same, kernels made, with its jackknife", f"{taken['aligned']:.2f} s",
                f"{peer['cka']['seconds']:.2f} s (NumPy, no error)", f"{peer['cka']['seconds'] / taken['aligned']:.1f}×")
    section.row("a pair of kept kernels, with its jackknife", f"{taken['pair']:.3f} s", target="0.1 s")
    section.row("unbiased CKA", f"{value('aligned', 'cka'):.7f}", f"{peer['cka']['value']:.7f}",
                f"{value('aligned', 'cka') - peer['cka']['value']:+.0e}", "1e-6")


def training(section, folder, python):
    """An epoch of the three-layer network beside the same in plain PyTorch, .tools/peers/train_cnn.py."""
    stimuli, units, batch, epochs = 1600, 96, 32, 5
    (folder / "data").mkdir(exist_ok=True)
    for side, shift in ((64, 0), (64, 4), (112, 0)):
        # Noise costs what pictures cost.
        timed(python or sys.executable, "-c", f"""
import io, zipfile
import numpy as np
from PIL import Image
rng = np.random.default_rng(0)
np.save("data/y.npy", rng.standard_normal(({stimuli}, {units})).astype(np.float32))
with zipfile.ZipFile("data/images.zip", "w") as z:
    for i in range({stimuli}):
        b = io.BytesIO(); Image.fromarray(rng.integers(0, 256, ({side}, {side}, 3), np.uint8)).save(b, "PNG"); z.writestr(f"s{{i:05}}.png", b.getvalue())
""", cwd=folder)
        recipe = folder / f"recipes/training{side}-{shift}.yaml"
        augment = f", augment: {{ shift: {shift} }}" if shift else ""
        recipe.write_text(f"""\
version: 1
title: A training
nodes:
  r: {{ kind: load_recordings, with: {{ images: data/images.zip, responses: data/y.npy, layout: stimuli_by_units, image_size: {side} }} }}
  split: {{ kind: split, in: {{ rows: r.images }}, with: {{ test: 0 }} }}
  cnn:
    kind: train_cnn
    in: {{ images: r.images, responses: r.responses, split: split }}
    with: {{ architecture: three_layer, epochs: {epochs}, batch: {batch}, early_stopping: {{ patience: {epochs} }}{augment} }}
""")
        ours, theirs = [], []
        # In turn, so that whatever else the machine does falls on both; the first epoch of each warms up.
        for _ in range(3):
            timed(ventral, "run", recipe, "--no-report", "--force", "cnn")
            rows = json.loads(timed(ventral, "show", recipe, "cnn.history", "--json")[1])
            ours += [row["seconds"] for row in rows[1:]]
            if python:
                peer = timed(python, root / ".tools/peers/train_cnn.py", stimuli, side, units, batch, epochs, shift)[1]
                theirs += json.loads(peer)[1:]
        what = f"an epoch of three_layer on {stimuli} images of {side} px, batch {batch}{', shifted' if shift else ''}"
        if python:
            ratio = statistics.median(ours) / statistics.median(theirs)
            best = min(ours) / min(theirs)
            section.row(what, f"{statistics.median(ours):.2f} s", f"{statistics.median(theirs):.2f} s (PyTorch)",
                        f"{ratio:.2f} of medians, {best:.2f} of the fastest", "at most 1.1")
        else:
            section.row(what, f"{statistics.median(ours):.2f} s")


STUDY = {
    "three": """\
vars: { weights: WEIGHTS }
sweep: { layer: [features.4, features.6, features.7, features.9, features.10, features.12] }
nodes:
  it: { kind: synthetic_it, with: { images: 640, size: 64 } }
  ceiling: { kind: noise_ceiling, in: { responses: it.responses } }
  cnn:
    kind: train_cnn
    in: { images: it.images, responses: it.responses, split: it.split }
    with: { architecture: three_layer, epochs: 30, augment: { shift: 4 } }
  layers: { kind: extract_layer, in: { images: it.images }, with: { model: squeezenet1_1, weights: "${weights}", layers: [features.4, features.6, features.7, features.9, features.10, features.12] } }
  pcs: { kind: pca, in: { features: "layers[${layer}]", split: it.split }, with: { components: 200 } }
  readout: { kind: ridge, in: { features: pcs, responses: it.responses, split: it.split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split, ceiling: ceiling }, with: { on: val } }
  cnn_scores: { kind: evaluate, in: { predictions: cnn, responses: it.responses, split: it.split, ceiling: ceiling }, with: { on: val } }
""",
    "v4": """\
nodes:
  v4: { kind: load_recordings, with: { images: RECORDING/images.zip, responses: RECORDING/responses.npy, layout: units_by_stimuli, image_size: 64 } }
  split: { kind: split, in: { rows: v4.images }, with: { from: RECORDING/notebook_split.csv } }
  cnn:
    kind: train_cnn
    in: { images: v4.images, responses: v4.responses, split: split }
    with: { architecture: three_layer, epochs: 30, augment: { shift: 4 } }
  scores: { kind: evaluate, in: { predictions: cnn, responses: v4.responses, split: split }, with: { on: test } }
""",
    "tuned": """\
sweep: { draw: [1, 2, 3, 4, 5] }
nodes:
  v4: { kind: load_recordings, with: { images: RECORDING/images.zip, responses: RECORDING/responses.npy, layout: units_by_stimuli, image_size: 112 } }
  split: { kind: split, in: { rows: v4.images }, with: { test: 0.2, seed: "${draw}" } }
  tuned:
    kind: train_cnn
    in: { images: v4.images, responses: v4.responses, split: split }
    with: { model: squeezenet1_1, weights: WEIGHTS, layer: features.9, epochs: 15, augment: { shift: 3 } }
  frozen:
    kind: train_cnn
    in: { images: v4.images, responses: v4.responses, split: split }
    with: { model: squeezenet1_1, weights: WEIGHTS, layer: features.9, tune: readout }
  layer: { kind: extract_layer, in: { images: v4.images }, with: { model: squeezenet1_1, weights: WEIGHTS, layers: [features.9] } }
  ridge: { kind: ridge, in: { features: "layer[features.9]", responses: v4.responses, split: split } }
  tuned_scores: { kind: evaluate, in: { predictions: tuned, responses: v4.responses, split: split }, with: { on: test } }
  frozen_scores: { kind: evaluate, in: { predictions: frozen, responses: v4.responses, split: split }, with: { on: test } }
  ridge_scores: { kind: evaluate, in: { predictions: ridge, responses: v4.responses, split: split }, with: { on: test } }
""",
}


def study(section, folder, python):
    """What trained networks score, and how long the recipes that ship take from an empty cache."""
    def score(recipe, node, statistic, measure="explained_variance"):
        name, _, variant = node.partition("@")
        port = f"{name}.summary@{variant}" if variant else f"{name}.summary"
        table = json.loads(timed(ventral, "show", recipe, port, "--json")[1])
        return next(row for row in table if row["measure"] == measure)[statistic]

    for name, text in STUDY.items():
        text = text.replace("RECORDING", str(shared / "data/v4-201025")).replace("WEIGHTS", str(shared / "weights/squeezenet1_1.safetensors"))
        (folder / f"recipes/{name}.yaml").write_text(f"version: 1\ntitle: {name}\nseed: 0\n{text}")
    for name in ("task_driven", "data_driven", "architectures", "co_training", "best_model"):
        shutil.copy(root / f"recipes/{name}.yaml", folder / "recipes")
        shutil.rmtree(folder / "cache/actions", ignore_errors=True)
        taken, _ = timed(ventral, "run", folder / f"recipes/{name}.yaml")
        section.row(f"recipes/{name}.yaml on 640 images of 64 px, from an empty cache", f"{taken:.0f} s", target="180 s")
        if name == "co_training":
            # Before the next recipe's empty cache.
            balances = ("gradnorm", "uncertainty", "fixed")
            co = {balance: score(folder / "recipes/co_training.yaml", f"scores@balance={balance}", "mean") for balance in balances}
    section.row("co-training, explained variance of responses, mean: GradNorm, uncertainty", f"{co['gradnorm']:.3f}, {co['uncertainty']:.3f}",
                f"{co['fixed']:.3f} (losses added up)", f"{co['gradnorm'] - co['fixed']:+.3f}", "no worse")
    three = folder / "recipes/three.yaml"
    timed(ventral, "run", three, "--no-report")
    layers = re.search(r"layer: \[(.*?)\]", STUDY["three"])[1].split(", ")
    cnn, ridge = (score(three, "cnn_scores", "median", "explained_variance_nc"), max(score(three, f"scores@layer={at}", "median", "explained_variance_nc") for at in layers))
    section.row("three_layer on 640 images of 64 px: ceiling-normalised EV, median unit", f"{cnn:.3f}",
                f"{ridge:.3f} (ridge, SqueezeNet's best layer)", f"{cnn / ridge:.2f}×", "at least 0.6×")
    timed(ventral, "run", folder / "recipes/v4.yaml", "--no-report")
    section.row("three_layer on V4 (201025), held-out fifth: explained variance, mean", f"{score(folder / 'recipes/v4.yaml', 'scores', 'mean'):.3f}", target="at least 0.15")
    tuned = folder / "recipes/tuned.yaml"
    timed(ventral, "run", tuned, "--no-report")
    of = {kind: [score(tuned, f"{kind}_scores@draw={draw}", "mean") for draw in range(1, 6)] for kind in ("tuned", "frozen", "ridge")}
    text = {kind: " ".join(f"{value:.3f}"[1:] for value in values) for kind, values in of.items()}
    above = sum(a > max(b, c) for a, b, c in zip(*of.values()))
    section.row("SqueezeNet at features.9 and 112 px on V4, five splits: fine-tuned", text["tuned"],
                f"{text['frozen']} (frozen, its readout trained); {text['ridge']} (frozen, ridge)", f"above both in {above} of 5", "5 of 5")


def node_seconds(recipe, node):
    rows = json.loads(timed(ventral, "status", recipe, "--json")[1])
    return sum(row["seconds"] for row in rows if row["node"] == node)


def large(section, folder, python):
    """2,880 images × 788,544 activations, PCA to 1000 components on 2,592 of them."""
    recipe = folder / "recipes/large.yaml"
    recipe.write_text("""\
version: 1
title: A layer of 788,544 units
nodes:
  it: { kind: synthetic_it, with: { images: 3168, size: 224, units: 8, repeats: 2 } }
  layers: { kind: extract_layer, in: { images: it.images }, with: { model: squeezenet1_1, weights: random, layers: [features.1] }, keep: false }
  pcs: { kind: pca, in: { features: "layers[features.1]", split: it.split }, with: { components: 1000 } }
""")
    with Peak() as peak:
        timed(ventral, "run", recipe, "--no-report")
    table = json.loads(timed(ventral, "show", recipe, "pcs.spectrum", "--json")[1])
    rows = json.loads(timed(ventral, "status", recipe, "--json")[1])
    taken = {row["node"]: row["seconds"] for row in rows}
    section.row("extraction of 3168 × 788,544 (SqueezeNet features.1, 10 GB)", f"{taken['layers']:.0f} s")
    section.row(f"PCA of them, k = {len(table)}", f"{taken['pcs']:.0f} s")
    section.row("anonymous memory of both", f"{peak.bytes / 1e9:.2f} GB", target="at most 6 GB")


def main():
    if not shared.is_dir():
        sys.exit("bench: ../shared (recordings, weights, peers) is not here; nothing was measured")
    sections = {f.__name__: f for f in (spine, extraction, pca, ridge, similarity, pls, banded, training, study, large)}
    asked = [a for a in sys.argv[1:] if not a.startswith("-")]
    if unknown := [a for a in asked if a not in sections]:
        sys.exit(f"bench: no section {unknown[0]}; there are {', '.join(sections)}")
    python = None if "--without-peer" in sys.argv else environment()
    for name in asked or sections:
        section = Section(name, python and gflops(python))
        with tempfile.TemporaryDirectory() as scratch:
            sections[name](section, workspace(scratch), python)
        section.write()


main()
