"""What gpu-check.sh runs: recipes on synthetic_it, on the CPU and on CUDA, and a table of both.

usage: gpu_check.py VENTRAL; needs python3 alone, and its torch 2.11 where ventral's own libtorch has no CUDA parts

Nodes under test read the same bytes on either device: whatever they read is computed on the CPU, in both runs. Seconds
are those of the node as the program records them. A node ends with its outputs stored on disk, so that all work on the
device is done (that is the synchronisation); batches were measured and CUDA was started before.
"""
import array
import glob
import importlib.util
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

LIMIT = 1e-3
NETWORKS = {
    "squeezenet1_1": "features.12",
    "resnet50": "layer4",
    "densenet121": "features",
    "efficientnet_b0": "features",
    "convnext_tiny": "features",
    "vit_b_16": "encoder.layers.encoder_layer_11",
}
COARSE = ["tf32", "bf16"]
ventral = sys.argv[1]
device = os.environ.get("VENTRAL_GPU_CHECK_DEVICE", "cuda")
images = int(os.environ.get("VENTRAL_GPU_CHECK_IMAGES", "512"))
size = int(os.environ.get("VENTRAL_GPU_CHECK_SIZE", "224"))


def fail(message):
    sys.exit(f"gpu-check: {message}")


def doctor(environment):
    """Whether the worker starts, the GPUs it sees, and else why there are none."""
    done = subprocess.run([ventral, "doctor", "--json"], env=environment, capture_output=True, text=True)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return False, [], (done.stderr or done.stdout).strip()[-500:] or "ventral doctor says nothing"
    return "gpus" in found, found.get("gpus") or [], found.get("without_gpu") or found.get("libtorch")


def of_python():
    """The environment in which the worker takes the libtorch of this Python's torch, or why there is none."""
    spec = importlib.util.find_spec("torch")
    if spec is None:
        return None, "python3 has no torch"
    folder = pathlib.Path(spec.origin).parent
    version = (folder / "version.py").read_text()
    if "'2.11." not in version:
        return None, f"python3's torch ({folder}) is not of version 2.11"
    libraries = [folder / "lib", *map(pathlib.Path, sorted(glob.glob(str(folder.parent / "nvidia/*/lib"))))]
    known = [os.environ["LD_LIBRARY_PATH"]] if os.environ.get("LD_LIBRARY_PATH") else []
    # The worker remembers where it was built against libtorch; what is loaded before it starts goes first.
    before = " ".join(str(folder / "lib" / name) for name in ("libc10.so", "libtorch_cpu.so"))
    return {**os.environ, "LD_LIBRARY_PATH": ":".join([*map(str, libraries), *known]), "LD_PRELOAD": before}, None


def find_device():
    """An environment in which the worker computes on the device, and the device's name."""
    whys = []
    for of, (environment, why) in [("ventral's own libtorch", (dict(os.environ), None)), ("python3's torch", of_python())]:
        if environment is not None:
            starts, gpus, why = doctor(environment)
            if starts and device == "cpu":
                return environment, "the CPU once more"
            if gpus:
                return environment, gpus[0]["name"]
        whys.append(f"\n  {of}: {why}")
    what = "worker" if device == "cpu" else "CUDA device"
    fail(f"no {what} works here, nothing was checked{''.join(whys)}")


def recipe(count):
    def node(name, kind, inputs, **parameters):
        return f"  {name}: {json.dumps({'kind': kind, 'in': inputs, 'with': parameters})}\n"

    def given(name, kind, inputs, **parameters):
        return f"  {name}: {json.dumps({'kind': kind, 'in': inputs, 'with': parameters, 'device': 'cpu'})}\n"

    def network(name, layer, **more):
        return {"model": name, "weights": "random", "layers": [layer], **more}

    see = {"images": "it.images"}
    networks = {name: layer for name, layer in NETWORKS.items() if name != "vit_b_16" or size == 224}
    text = f"version: 1\nseed: 1\nnodes:\n  it: {{ kind: synthetic_it, with: {{ images: {count}, size: {size} }} }}\n"
    text += node("warm", "extract_layer", see, **network("squeezenet1_1", "features.0", pool="mean"))
    tested = []
    for name, layer in networks.items():
        tested.append((name, name))
        text += node(name, "extract_layer", see, **network(name, layer))
    for precision in COARSE:
        tested.append((f"resnet50_{precision}", "resnet50"))
        coarse = network("resnet50", NETWORKS["resnet50"], precision=precision)
        text += node(f"resnet50_{precision}", "extract_layer", see, **coarse)
    # What the others read: wide (more columns than rows), each of its own so that nobody finds another's Gram matrix.
    layers = {"wide_a": "features.6", "wide_b": "features.7", "wide_c": "features.9", "wide_d": "features.10"}
    for name, layer in layers.items():
        wide = network("squeezenet1_1", layer, pool={"grid": 12} if size >= 224 else "none")
        text += given(name, "extract_layer", see, **wide)
    text += given("narrow", "pixels", see, size=6)
    k = 20 if count > 100 else 5
    rows = {"split": "it.split"}
    fitted = {"responses": "it.responses", **rows}
    for name, kind, features, parameters in [
        ("pca_gram", "pca", "wide_a", {"components": k, "solver": "gram"}),
        ("pca_covariance", "pca", "narrow", {"components": k, "solver": "covariance"}),
        ("pca_randomized", "pca", "wide_b", {"components": k, "solver": "randomized"}),
        ("random_projection", "random_projection", "wide_c", {"components": 100}),
        ("ridge_loo_primal", "ridge", "narrow", {}),
        ("ridge_loo_dual", "ridge", "wide_c", {}),
        ("ridge_folds_primal", "ridge", "narrow", {"folds": 5}),
        ("ridge_folds_dual", "ridge", "wide_d", {"folds": 5}),
        ("linear", "linear", "narrow", {}),
    ]:
        inputs = {"features": features, **(rows if kind == "pca" else fitted if kind in ("ridge", "linear") else {})}
        text += node(name, kind, inputs, **parameters)
        tested.append((name, name))
    return text, tested


class Runner:
    def __init__(self, folder, name, on, environment):
        self.folder, self.on, self.environment = folder / name, on, environment
        subprocess.run([ventral, "init", self.folder], check=True, capture_output=True, env=environment)
        self.path = self.folder / "recipes/check.yaml"

    def run(self, count):
        text, _ = recipe(count)
        self.path.write_text(text)
        events = self.folder / "events"
        command = [ventral, "run", self.path, "--device", self.on, "--jobs", "1", "--no-report", "--events", events]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            fail(f"a node fails on {self.on}:\n{(done.stdout + done.stderr)[-3000:]}")
        seconds = {}
        for line in events.read_text().splitlines():
            event = json.loads(line)
            if event["event"] == "node_finished":
                seconds[event["node"]] = event["seconds"]
        return seconds

    def numbers(self, node):
        found = sorted((self.folder / "cache/by-name/check" / node).glob("*.safetensors"))
        names = ["scores", "predictions", "projected", "activations"]
        path = next(p for name in names for p in found if p.name.startswith(name))
        data = path.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        for name, about in header.items():
            if name != "__metadata__" and about["dtype"] == "F32" and len(about["shape"]) == 2:
                start, end = about["data_offsets"]
                return memoryview(data)[8 + length + start : 8 + length + end]
        fail(f"{path} holds no matrix")


def difference(a, b):
    """The largest difference over the largest number of b."""
    try:
        import numpy

        a, b = numpy.frombuffer(a, "<f4"), numpy.frombuffer(b, "<f4")
        if a.shape != b.shape or not numpy.isfinite(a).all():
            return float("inf")
        return float(abs(a - b).max() / (abs(b).max() or 1.0))
    except ImportError:
        a, b = array.array("f", bytes(a)), array.array("f", bytes(b))
        if len(a) != len(b) or any(x != x for x in a):
            return float("inf")
        return max(abs(x - y) for x, y in zip(a, b)) / (max(map(abs, b)) or 1.0)


environment, name = find_device()
with tempfile.TemporaryDirectory(prefix="gpu-check-") as scratch:
    scratch = pathlib.Path(scratch)
    runners = []
    for folder, on in [("cpu", "cpu"), ("device", device)]:
        # A few images first: batches are measured once per machine, network and size, and are then known.
        few = Runner(scratch, f"few-{folder}", on, environment)
        few.run(64)
        runner = Runner(scratch, folder, on, environment)
        (runner.folder / "cache").mkdir(exist_ok=True)
        for known in ("tuned.json", "profile.json"):
            if (few.folder / "cache" / known).exists():
                shutil.copy(few.folder / "cache" / known, runner.folder / "cache" / known)
        shutil.rmtree(few.folder)
        runner.seconds = runner.run(images)
        runners.append(runner)
    cpu, other = runners
    _, tested = recipe(images)
    print(f"gpu-check: {images} images of {size} x {size}; the CPU ({os.cpu_count()} cores) and {name}")
    print("seconds until a node's outputs are stored, so that the device's work is done;")
    print("differences are over the largest number\n")
    print(f"{'node':20} {'cpu s':>9} {f'{device} s':>9} {'ratio':>7} {'difference':>11}")
    beyond = []
    for node, reference in tested:
        a, b = other.seconds[node], cpu.seconds[reference]
        off = difference(other.numbers(node), cpu.numbers(reference))
        coarse = node != reference
        if off > LIMIT and not coarse:
            beyond.append(node)
        mark = "  coarser on purpose" if coarse else "  BEYOND 1e-3" if off > LIMIT else ""
        print(f"{node:20} {b:9.3f} {a:9.3f} {b / max(a, 1e-9):6.1f}x {off:11.1e}{mark}")
if beyond:
    fail(f"{', '.join(beyond)} differ by more than {LIMIT:g}")
print(f"\ngpu-check: all within {LIMIT:g}")
