"""A step of one's own in a study: `ventral_studies.node()` reads what a `script` node is given, and writes what it gives.

    import ventral_studies
    node = ventral_studies.node()
    features = node.matrix("features")                  # float32, rows x columns, memory-mapped
    node.give("smoothed", features ** node.params["power"], like="features")

Needs numpy for arrays, and polars or pandas for tables.
"""

import atexit
import csv
import json
import os
import sys

__all__ = ["node", "Node", "open_study"]

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U64": "<u8", "U8": "|u1", "BOOL": "|b1"}


def __getattr__(name):
    # `ventral_studies.open`, which is in the wheel and not beside a job; so named, it does not hide Python's own in this file.
    if name in ("open", "open_study"):
        try:
            from ventral_studies._study import open_study
        except ImportError:
            raise AttributeError("ventral_studies.open() is part of the installed package, and a script has its inputs from node()") from None
        return open_study
    raise AttributeError(f"module 'ventral_studies' has no attribute {name!r}")


def node():
    """The node that this script computes. Outside of one there is none."""
    job = os.environ.get("VENTRAL_JOB")
    if not job:
        sys.exit("ventral_studies.node(): no node is being computed (VENTRAL_JOB is not set); `ventral run` starts a script with it")
    return Node(job)


class Node:
    """Inputs, parameters and outputs of one run of a `script` node."""

    def __init__(self, job):
        self._folder = os.path.dirname(os.path.abspath(job))
        with open(job, encoding="utf-8") as file:
            self._job = json.load(file)
        #: What the recipe says under `params`.
        self.params = self._job["params"]
        #: The seed: the recipe's, or the node's own.
        self.seed = self._job["seed"]
        #: The fold or draw that this run is of; None under a hold-out.
        self.fold = self._job["fold"]
        #: Names of the inputs.
        self.inputs = list(self._job["inputs"])
        _tell_undeclared(self)
        atexit.register(_tell_versions)

    def matrix(self, port):
        """Features, predictions or dissimilarities, rows x columns, float32; dissimilarities are matrices x pairs."""
        about = self._of(port, "matrix", "rdm")
        return self._array(about, "pairs" if about["type"] == "rdm" else "data")

    def responses(self, port, repeats=False):
        """Mean responses, stimuli x units, float32; of the stimuli that this script sees. With `repeats`, stimuli x units x repeats."""
        about = self._of(port, "responses")
        if repeats and about["file"].endswith(".csv"):
            raise ValueError("`exchange: csv` hands over mean responses alone")
        return self._array(about, "repeats" if repeats else "mean")

    def units(self, port):
        """Names of the columns of a matrix or of responses; None where they have none."""
        about = self._of(port, "matrix", "responses")
        return [row["name"] for row in self._rows(about["columns"])] if "columns" in about else None

    def regions(self, port):
        """Regions of the units; an empty text where one is not known."""
        about = self._of(port, "responses")
        return [row["region"] for row in self._rows(about["columns"])]

    def labels(self, port):
        """A dict of lists: stimulus, object, category."""
        rows = self._rows(self._of(port, "labels")["file"])
        return {name: [row[name] for row in rows] for name in ("stimulus", "object", "category")}

    def split(self, port):
        """Part of each stimulus by its name (or the number of the fold that leaves it out)."""
        return {row["stimulus"]: row["part"] for row in self._rows(self._of(port, "split")["file"])}

    def table(self, port):
        """A table as a polars DataFrame, or a pandas one where there is no polars."""
        path = self._path(self._of(port, "table")["file"])
        polars, pandas = _frames()
        if path.endswith(".csv"):
            return polars.read_csv(path) if polars else pandas.read_csv(path)
        return polars.read_parquet(path) if polars else pandas.read_parquet(path)

    def ids(self, port):
        """Names of the rows' stimuli."""
        about = self._of(port)
        if "rows" not in about:
            raise KeyError(f"`{port}` has no rows with names")
        return [row["stimulus"] for row in self._rows(about["rows"])]

    def file(self, name):
        """The path of a file that `reads` names, by its name there."""
        if name not in self._job["reads"]:
            raise KeyError(f"`reads` does not name {name}; it names {', '.join(self._job['reads']) or 'nothing'}")
        return self._job["reads"][name]

    def give(self, output, value, like=None, ids=None, columns=None):
        """Writes an output: an array (rows x columns), or a frame for a table.

        Rows are those of the input `like`, else named by `ids`, else those of the only input that has rows.
        """
        if output not in self._job["outputs"]:
            raise KeyError(f"`gives` promises no `{output}`; it promises {', '.join(self._job['outputs'])}")
        promised = self._job["outputs"][output]
        path = self._path(promised["file"])
        if promised["type"] == "table":
            _write_table(path, value)
            return
        numpy = _numpy()
        array = numpy.asarray(value)
        if array.ndim == 1:
            array = array[:, None]
        if array.ndim != 2:
            raise ValueError(f"`{output}` is an array of {array.ndim} axes; it is rows x columns")
        rows = self._rows_of(output, array.shape[0], like, ids)
        numpy.save(path + ".npy", numpy.ascontiguousarray(array, dtype=numpy.float32))
        _write_csv(path + ".rows.csv", ["stimulus", "source"], rows)
        if columns is not None:
            _write_csv(path + ".columns.csv", ["name"], [[name] for name in columns])

    def note(self, text):
        """Says something that a person should know: it stands in the record and in the report."""
        print("ventral: note " + " ".join(str(text).split()), flush=True)

    def progress(self, done, total, what="steps"):
        """Tells how far the script is."""
        print(f"ventral: progress {int(done)}/{int(total)} {what}", flush=True)

    def _rows_of(self, output, count, like, ids):
        if like is not None and ids is not None:
            raise ValueError(f"`{output}`: give `like` or `ids`, not both")
        if ids is not None:
            rows = [[str(name), ""] for name in ids]
        else:
            if like is None:
                named = [port for port in self.inputs if "rows" in self._job["inputs"][port] and self._job["inputs"][port]["type"] != "split"]
                if len(named) != 1:
                    raise ValueError(f"`{output}`: say whose rows it has, `like=` one of {', '.join(named) or 'none'}, or `ids=`")
                like = named[0]
            about = self._of(like)
            if "rows" not in about:
                raise ValueError(f"`{output}`: `{like}` has no rows with names")
            rows = [[row["stimulus"], row["source"]] for row in self._rows(about["rows"])]
        if len(rows) != count:
            of = f"`{like}` has" if ids is None else "`ids` names"
            raise ValueError(f"`{output}` has {count} rows, and {of} {len(rows)}")
        return rows

    def _of(self, port, *types):
        if port not in self._job["inputs"]:
            raise KeyError(f"nothing arrives as `{port}`; inputs are {', '.join(self.inputs) or 'none'}")
        about = self._job["inputs"][port]
        if types and about["type"] not in types:
            raise TypeError(f"`{port}` is {about['type']}, not {' or '.join(types)}")
        return about

    def _path(self, file):
        return os.path.join(self._folder, file)

    def _rows(self, file):
        with open(self._path(file), newline="", encoding="utf-8") as text:
            return list(csv.DictReader(text))

    def _array(self, about, tensor):
        numpy = _numpy()
        path = self._path(about["file"])
        if path.endswith(".csv"):
            return numpy.loadtxt(path, dtype=numpy.float32, delimiter=",", skiprows=1, ndmin=2)
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        if tensor not in header:
            raise KeyError(f"there is no `{tensor}` in it")
        info = header[tensor]
        begin = 8 + length + info["data_offsets"][0]
        if info["dtype"] == "BF16":
            raw = numpy.memmap(path, "<u2", "r", begin, tuple(info["shape"]))
            return (raw.astype(numpy.uint32) << 16).view(numpy.float32)
        if 0 in info["shape"]:
            return numpy.zeros(info["shape"], numpy.float32)
        array = numpy.memmap(path, DTYPES[info["dtype"]], "r", begin, tuple(info["shape"]))
        return array if array.dtype == numpy.float32 else array.astype(numpy.float32)


def _numpy():
    try:
        import numpy
    except ImportError:
        sys.exit(f"ventral_studies: arrays need numpy, and {sys.executable} has none; `{sys.executable} -m pip install numpy`")
    return numpy


def _frames():
    polars = pandas = None
    try:
        import polars
    except ImportError:
        try:
            import pandas
        except ImportError:
            sys.exit(f"ventral_studies: tables need polars or pandas, and {sys.executable} has neither; `{sys.executable} -m pip install polars`")
    return polars, pandas


def _write_table(path, value):
    if isinstance(value, dict):
        names = list(value)
        _write_csv(path + ".csv", names, list(zip(*value.values())))
    elif hasattr(value, "write_csv"):
        value.write_csv(path + ".csv")
    elif hasattr(value, "to_csv"):
        value.to_csv(path + ".csv", index=False)
    else:
        raise TypeError("a table is a polars or pandas DataFrame, or a dict of columns")


def _write_csv(path, head, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(["" if cell is None else cell for cell in row] for row in rows)


def _tell_undeclared(own):
    """Notes files that the script reads and does not declare: a change to them would rerun nothing."""
    import sysconfig

    declared = {os.path.realpath(path) for path in own._job["reads"].values()}
    declared.add(os.path.realpath(sys.argv[0]) if sys.argv and sys.argv[0] else "")
    known = [own._folder, sys.prefix, sys.base_prefix, sys.exec_prefix, "/dev", "/proc", "/sys", "/etc", "/usr", "/lib", "/run", "/var"]
    known += [path for path in sysconfig.get_paths().values() if path]
    known = tuple(os.path.realpath(path) + os.sep for path in known)
    told = set()

    def tell(path):
        real = os.path.realpath(path)
        if real in declared or real in told or real.startswith(known) or "site-packages" in real or "dist-packages" in real or len(told) >= 10:
            return
        if os.path.isfile(real):
            told.add(real)
            name = os.path.basename(real)
            own.note(f"reads `{name}`, which `reads` does not name: a change to it reruns nothing")

    def heard(event, arguments):
        if event == "open" and isinstance(arguments[0], str) and not any(c in (arguments[1] or "r") for c in "wax+"):
            tell(arguments[0])

    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file:
            tell(file)
    sys.addaudithook(heard)


def _tell_versions():
    """Tells the versions of the packages that the script imported, for the record."""
    try:
        from importlib import metadata

        plain = sys.stdlib_module_names | {"__main__", "ventral_studies"}
        names = {name.partition(".")[0] for name, module in list(sys.modules.items()) if getattr(module, "__file__", None)}
        found, unknown = {}, []
        for name in sorted(name for name in names - plain if not name.startswith("_")):
            try:
                found[name] = metadata.version(name)
            except Exception:
                unknown.append(name)
        if unknown:
            # Names under which nothing is installed: PIL of pillow, or modules of one's own, which have no version.
            owners = metadata.packages_distributions()
            for name in unknown:
                for owner in owners.get(name, [])[:1]:
                    found[owner] = metadata.version(owner)
        for name, version in sorted(found.items()):
            print(f"ventral: version {name} {version}", flush=True)
    except Exception:
        # A result is not lost for want of a version.
        pass
