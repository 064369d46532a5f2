"""Results of a study in Python: `ventral_studies.open("recipes/quickstart.yaml")["scores.per_unit"]`.

Reads what the cache holds, and computes nothing by itself; `.run()` calls the command.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from ventral_studies import _frames, _numpy


def open_study(recipe, set=None):
    """A study: the results of a recipe as they stand. `set` are variables and node parameters, as `--set` takes them."""
    return Study(recipe, set or {})


class Study:
    """Results of a recipe by node and port: `study["scores.per_unit"]`, `study["readout.predictions@layer=features.9"]`."""

    def __init__(self, recipe, set):
        self._recipe = os.path.abspath(recipe)
        if not os.path.isfile(self._recipe):
            raise FileNotFoundError(f"there is no recipe {recipe}")
        self._set = [word for name, value in set.items() for word in ("--set", f"{name}={value}")]

    def __repr__(self):
        return f"<ventral study {self._recipe}>"

    def run(self, *arguments):
        """Runs what changed. Further arguments are the command's, such as `"--node", "scores"`."""
        subprocess.run([_command(), "run", self._recipe, *self._set, *arguments], check=True, cwd=self._workspace())
        return self

    def status(self):
        """How each node stands: a list of dicts."""
        return json.loads(self._call("status", self._recipe, *self._set, "--json"))

    def __getitem__(self, name):
        """A table as a polars (else pandas) DataFrame; anything else as an array with `ids` and `columns`.

        KeyError where the recipe has no such result, or where it has not been computed as the recipe stands.
        """
        with tempfile.TemporaryDirectory() as folder:
            told = []
            for end in ("parquet", "safetensors"):
                path = os.path.join(folder, f"result.{end}")
                try:
                    self._call("export", self._recipe, name, path, *self._set)
                except KeyError as error:
                    told.append(error.args[0])
                    continue
                return _table(path) if end == "parquet" else _array(path)
        raise KeyError(told[-1])

    def _workspace(self):
        folder = os.path.dirname(self._recipe)
        return os.path.dirname(folder) if os.path.basename(folder) == "recipes" else folder

    def _call(self, *arguments):
        done = subprocess.run([_command(), *arguments], capture_output=True, text=True, cwd=self._workspace())
        if done.returncode:
            raise KeyError(done.stderr.strip() or done.stdout.strip())
        return done.stdout


def _command():
    # The one of this environment before any other on the path.
    here = os.path.join(os.path.dirname(sys.executable), "ventral")
    found = os.environ.get("VENTRAL") or (here if os.path.isfile(here) else shutil.which("ventral"))
    if not found:
        raise FileNotFoundError("the command `ventral` is not on the path; VENTRAL may name it")
    return found


def _table(path):
    polars, pandas = _frames()
    return polars.read_parquet(path) if polars else pandas.read_parquet(path)


def _array(path):
    numpy = _numpy()
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        body = file.read()
    about = json.loads(header.get("__metadata__", {}).get("ventral", "{}"))
    tensors = [name for name in header if name != "__metadata__"]
    first = next((name for name in ("data", "mean", "pairs") if name in tensors), None)
    if first is None:
        raise KeyError(f"it holds {', '.join(tensors) or 'no array'}; `ventral export` writes it to a file")
    info = header[first]
    kinds = {"F32": "<f4", "F64": "<f8", "F16": "<f2"}
    begin, end = info["data_offsets"]
    if info["dtype"] == "BF16":
        raw = numpy.frombuffer(body[begin:end], "<u2").astype(numpy.uint32) << 16
        data = raw.view(numpy.float32)
    else:
        data = numpy.frombuffer(body[begin:end], kinds[info["dtype"]])
    stimuli = about.get("stimuli") or {}
    return _named(numpy, data.reshape(info["shape"]), stimuli.get("name"), about.get("columns") or about.get("units"))


def _named(numpy, data, ids, columns):
    class Named(numpy.ndarray):
        """An array that knows what its rows (`ids`) and columns (`columns`) are; None where they have no names."""

        ids = None
        columns = None

    array = data.view(Named)
    array.ids, array.columns = ids, columns
    return array
