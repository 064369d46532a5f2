"""A recipe's skeleton of a notebook: what it loads, the network, layers, PCA, regressions and scores, found by what it calls.

`python3 _notebook.py NOTEBOOK` prints a JSON document: `recipe`, a text (in which `"published:MODEL"` stands for the file of published
weights), and `warnings`, slips that such notebooks are known for, each
with its cell. Nothing of the notebook is run. Python's own parser reads it, and no other package is needed.
"""

import ast
import json
import os
import re
import sys

#: What a call makes, by the last part of its full name.
LOADERS = {"load", "read_csv", "read_parquet", "read_table", "loadmat", "open_dataset", "load_dataset", "genfromtxt", "loadtxt", "File", "read_pickle"}
PICTURES = {"ZipFile", "ImageFolder", "listdir", "glob", "iglob", "scandir"}
RIDGES = {"Ridge", "RidgeCV", "KernelRidge", "KernelRidgeCV", "MultiTaskLassoCV"}
SCORES = {"explained_variance_score", "r2_score", "pearsonr", "spearmanr", "corrcoef", "explained_variance"}
WHOLE = {"concatenate", "vstack", "hstack", "stack", "cat", "concat", "append"}
NETWORKS = re.compile(
    r"^(alexnet|vgg\d+(_bn)?|resnet\d+|resnext\d+_\w+|wide_resnet\d+_2|densenet\d+|squeezenet1_[01]|mobilenet_v[23]\w*|efficientnet_\w+"
    r"|convnext_\w+|vit_[blh]_\d+|swin_\w+|inception_v3|googlenet|regnet_\w+|shufflenet_v2_\w+|mnasnet\d_\d|maxvit_t)$"
)
LAYER = re.compile(r"^(conv\d+|bn\d+|relu|layer\d(\.\d+)*(\.\w+)*|features(\.\d+)+(\.\w+)*|avgpool|fc|classifier(\.\d+)?|blocks\.\d+|encoder\.layers\.\w+)$")
ARRAY_METHODS = {"reshape", "flatten", "ravel", "astype", "copy", "numpy", "cpu", "detach", "to", "float", "transpose", "squeeze"}
PARTS = ("train", "val", "test")


def part_of(name):
    """The part of the data that a name says it is: train, val, test, or none."""
    words = re.split(r"[_\W\d]+", name.lower())
    if "val" in words or "valid" in words or "validation" in words or "dev" in words:
        return "val"
    if "test" in words or "te" in words or "heldout" in words:
        return "test"
    if "train" in words or "tr" in words or "training" in words:
        return "train"
    return None


class Notebook:
    """What was found, cell by cell."""

    def __init__(self):
        self.aliases, self.constants, self.parts = {}, {}, {}
        self.origin = {}
        self.splits, self.made_by = set(), {}
        self.fits = []
        self.unknown, self.turned = set(), set()
        self.found = {}
        self.layers, self.warnings, self.unread = [], [], []
        self.cell = 0
        self.evaluated = self.hooked = self.normalised = self.loaded_weights = False
        self.scored_on = set()

    # Reading

    def read(self, number, source):
        """One cell of code."""
        self.cell = number
        lines = ["" if re.match(r"\s*([%!?]|pip |conda )", line) else line for line in source.split("\n")]
        try:
            tree = ast.parse("\n".join(lines))
        except (SyntaxError, ValueError, RecursionError) as error:
            self.unread.append((number, f"is no Python that parses ({getattr(error, 'msg', error)})"))
            return
        for node in tree.body:
            self.statement(node)

    def statement(self, node):
        for part in ast.walk(node):
            if isinstance(part, (ast.Import, ast.ImportFrom)):
                self.imports(part)
        bodies = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
        if isinstance(node, (ast.For, ast.While, ast.If, ast.With, ast.FunctionDef, ast.ClassDef, ast.Try)):
            if isinstance(node, ast.For):
                self.loop(node)
            if isinstance(node, ast.With):
                for item in node.items:
                    if item.optional_vars is not None:
                        self.assign(item.optional_vars, item.context_expr)
            if isinstance(node, (ast.For, ast.While, ast.If, ast.With)):
                for expression in ast.iter_child_nodes(node):
                    if isinstance(expression, ast.expr):
                        self.expression(expression)
            for inner in [statement for body in bodies for statement in body]:
                self.statement(inner)
            for handler in getattr(node, "handlers", []):
                for inner in handler.body:
                    self.statement(inner)
            return
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self.assign(target, node.value)
        for expression in ast.iter_child_nodes(node):
            if isinstance(expression, ast.expr):
                self.expression(expression)
        self.train_statistics(node)

    def imports(self, node):
        for name in node.names:
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) and node.module else ""
            short = name.asname or (name.name if module else name.name.split(".")[0])
            self.aliases[short] = module + name.name if module or name.asname else short

    def name(self, node):
        """The full dotted name of what stands there, as imports have it; empty where it has none."""
        if isinstance(node, ast.Name):
            return self.aliases.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            before = self.name(node.value)
            return f"{before}.{node.attr}" if before else node.attr
        return self.name(node.func) if isinstance(node, ast.Call) else ""

    def value(self, node):
        """A constant, or a list of constants, as far as it can be known without running anything."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self.constants.get(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.value(node.operand)
            return -inner if isinstance(inner, (int, float)) else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Pow, ast.Mult, ast.Div)):
            left, right = self.value(node.left), self.value(node.right)
            if isinstance(left, (int, float)) and isinstance(right, (int, float)) and abs(right) < 400 and abs(left) < 1e6:
                try:
                    return {ast.Pow: left**right, ast.Mult: left * right, ast.Div: left / right if right else None}[type(node.op)]
                except (OverflowError, ZeroDivisionError):
                    return None
        if isinstance(node, (ast.List, ast.Tuple)):
            items = [self.value(item) for item in node.elts]
            return items if all(item is not None for item in items) else None
        if isinstance(node, ast.Dict):
            keys = [self.value(key) for key in node.keys if key is not None]
            return keys if all(isinstance(key, str) for key in keys) else None
        if isinstance(node, ast.IfExp):
            other = self.value(node.orelse)
            return self.value(node.body) if other is None else other
        return self.path(node) if isinstance(node, (ast.JoinedStr, ast.BinOp, ast.Call)) else None

    def path(self, node):
        """A path put together of parts, or a grid; a variable that is not known stands in it by its name."""
        if isinstance(node, ast.JoinedStr):
            texts = [part.value if isinstance(part, ast.Constant) else self.written(part.value) for part in node.values]
            return "".join(texts) if all(isinstance(text, str) for text in texts) else None
        if isinstance(node, ast.BinOp):
            joined = isinstance(node.op, ast.Div) and [self.written(node.left), self.written(node.right)]
            is_path = joined and all(isinstance(text, str) for text in joined) and any("." in text or "/" in text for text in joined)
            return "/".join(joined) if is_path else None
        name = self.name(node)
        if name.endswith(("path.join", "Path")):
            texts = [self.written(argument) for argument in node.args]
            return "/".join(text.rstrip("/") for text in texts) if texts and all(isinstance(text, str) for text in texts) else None
        return self.grid(node)

    def written(self, node):
        known = self.value(node)
        if known is None and isinstance(node, ast.Name):
            self.unknown.add(node.id)
            return node.id
        return str(known) if isinstance(known, (str, int, float)) else None

    def grid(self, node):
        """`np.logspace(a, b, n)` as low, high, count."""
        if not self.name(node).endswith(("logspace", "geomspace")):
            return None
        given = [self.value(argument) for argument in node.args[:3]]
        given += [self.value(keyword.value) for keyword in node.keywords if keyword.arg == "num"]
        if len(given) < 2 or not all(isinstance(item, (int, float)) for item in given):
            return None
        low, high = given[:2]
        if self.name(node).endswith("logspace"):
            if max(abs(low), abs(high)) > 100:
                return None
            low, high = 10.0**low, 10.0**high
        return {"low": low, "high": high, "count": int(given[2]) if len(given) > 2 else 50}

    def argument(self, call, name, place=None):
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        return call.args[place] if place is not None and len(call.args) > place else None

    # Data flow, by names

    def names(self, node):
        return [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]

    def holds(self, node):
        """The parts of the data that an expression holds rows of."""
        held = set()
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                held |= self.parts.get(part.id, set()) or {part_of(part.id)} - {None}
            elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                held |= {part_of(part.value)} - {None}
        return held

    def assign(self, target, value):
        if isinstance(target, (ast.Tuple, ast.List)):
            call = isinstance(value, ast.Call) and self.name(value).endswith("train_test_split")
            for at, one in enumerate(target.elts):
                if call and isinstance(one, ast.Name):
                    self.parts[one.id] = {"train" if at % 2 == 0 else "test"}
                elif isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                    self.assign(one, value.elts[at])
                elif isinstance(one, ast.Name):
                    self.parts.pop(one.id, None)
            return
        if not isinstance(target, ast.Name):
            return
        known = self.value(value)
        if known is not None:
            self.constants[target.id] = known
        if isinstance(value, ast.Call):
            self.made_by[target.id] = self.name(value)
        self.parts[target.id] = self.holds(value)
        self.origin[target.id] = self.root(value)

    def root(self, node):
        """The variable that an array is made of by nothing but indexing and reshaping."""
        while isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)):
            if not isinstance(node, ast.Call):
                node = node.value
            elif isinstance(node.func, ast.Attribute) and node.func.attr in ARRAY_METHODS:
                node = node.func.value
            elif node.args:
                node = node.args[0]
            else:
                return None
        return self.origin.get(node.id, node.id) if isinstance(node, ast.Name) else None

    def is_predicted(self, node):
        if isinstance(node, (ast.Subscript, ast.Attribute)):
            return self.is_predicted(node.value)
        if isinstance(node, ast.Call):
            return self.name(node).endswith("predict") or (isinstance(node.func, ast.Attribute) and self.is_predicted(node.func.value))
        if isinstance(node, ast.Name):
            words = re.split(r"[_\W\d]+", node.id.lower())
            named = any(word in ("pred", "preds", "prediction", "predictions", "predicted", "yhat", "hat") for word in words)
            return named or self.made_by.get(node.id, "").endswith("predict")
        return False

    def loop(self, node):
        """`for name in ["layer1", …]`, and the numbers that index `features`."""
        known = self.value(node.iter)
        if isinstance(known, list) and isinstance(node.target, ast.Name):
            if all(isinstance(item, int) for item in known):
                self.constants[node.target.id] = known
            self.layer_names(known)

    # What is found

    def expression(self, node):
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and part.attr == "T" and isinstance(part.value, ast.Call) and part.value.args:
                path = self.value(part.value.args[0])
                self.turned |= {path} if isinstance(path, str) else set()
            if isinstance(part, ast.Call):
                self.call(part)
            elif isinstance(part, (ast.List, ast.Tuple, ast.Dict)):
                self.layer_names(self.value(part))
            elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                self.text(part.value)

    def layer_names(self, known):
        if isinstance(known, list) and known and all(isinstance(item, str) and LAYER.match(item) for item in known):
            self.layers += [item for item in known if item not in self.layers]

    def text(self, text):
        if text in ("stimulus_train", "spikes_train", "object_train", "stimulus_val", "spikes_val"):
            self.keep("course", {"path": None})
        if re.search(r"IT_data\w*\.h5$", text):
            self.keep("course", {"path": None if text.startswith("/IT_data") else text}, over=True)
        if re.search(r"\.(safetensors|pth|pt|ckpt)$", text) and "weights" not in self.found:
            self.found["weights"] = (self.cell, text)

    def keep(self, what, detail, over=False):
        if over or what not in self.found:
            self.found[what] = (self.cell, detail)

    def call(self, node):
        name = self.name(node)
        last = name.rsplit(".", 1)[-1]
        self.data_call(node, name, last)
        self.network_call(node, name, last)
        self.fit_call(node, name, last)
        if last in SCORES:
            self.score(node, last)
        elif last in ("pdist", "calc_rdm", "squareform"):
            self.keep("rsa", {})
        elif "cka" in last.lower():
            self.keep("cka", {})

    def data_call(self, node, name, last):
        first = self.value(node.args[0]) if node.args else None
        if last in LOADERS and isinstance(first, str) and not re.search(r"\.(pth|pt|safetensors|ckpt|json|yaml|png|jpg)$", first):
            kind = "responses" if re.search(r"resp|spike|rate|neural|neur|fmri|beta|brain|psth|assembly", first.lower()) else "array"
            if kind == "array" and re.search(r"feat|activ|embed", first.lower()):
                kind = "features"
            if kind == "array" and re.search(r"stim|image|img|pict", first.lower()):
                kind = "images"
            self.found.setdefault(f"{kind}s", []).append((self.cell, first))
        if last in PICTURES and isinstance(first, str):
            self.keep("images", os.path.dirname(first) if any(c in first for c in "*?") else first)
        if last == "train_test_split":
            size = self.value(self.argument(node, "test_size")) if self.argument(node, "test_size") else 0.25
            self.keep("split", {"test": size if isinstance(size, float) and 0 < size < 1 else None})
            self.splits |= {self.origin.get(name, name) for argument in node.args for name in self.names(argument)}
            if self.argument(node, "random_state") is None:
                self.warn("train_test_split has no random_state: every run scores other rows; a recipe has `seed`")
        if last in ("KFold", "StratifiedKFold", "cross_val_score", "cross_val_predict", "GroupKFold"):
            place = 0 if last.endswith("KFold") else None
            count = self.argument(node, "n_splits", place) or self.argument(node, "cv")
            known = self.value(count) if count is not None else 5
            self.keep("folds", {"folds": known if isinstance(known, int) else None})
        if last == "Normalize":
            self.normalised = True

    def network_call(self, node, name, last):
        text = self.value(node.args[0]) if node.args else None
        model = last if NETWORKS.match(last) and ("model" in name or "torchvision" in name or "." not in name) else None
        if last in ("create_model", "get_model") and isinstance(text, str):
            model = text
        if last == "load" and "hub" in name and len(node.args) > 1:
            model = self.value(node.args[1])
        if isinstance(model, str):
            given = [self.argument(node, "weights"), self.argument(node, "pretrained", 0 if last == model else None)]
            said = [ast.unparse(one) for one in given if one is not None]
            random = not said or all(word in ("None", "False") for word in said)
            self.keep("model", {"model": model.split(".")[0].lower(), "random": random})
        if last in ("load_state_dict", "load_model"):
            self.loaded_weights = True
        if last == "eval" and isinstance(node.func, ast.Attribute):
            self.evaluated = True
        if last in ("register_forward_hook", "create_feature_extractor", "get_graph_node_names"):
            self.hooked = True
        if last == "register_forward_hook":
            layer = self.layer_of(node.func.value)
            self.layers += [one for one in layer if one not in self.layers]
        if last in ("Conv2d", "Linear") and name.startswith(("torch.nn", "nn")):
            self.keep("cnn", {})
        if last in ("Adam", "AdamW", "SGD"):
            rate = self.argument(node, "lr", 1)
            self.keep("optimizer", {"optimizer": last.lower(), "learning_rate": self.value(rate) if rate is not None else None})

    def layer_of(self, node):
        """`net.features[3]` → features.3; an index that a loop runs over gives one for each."""
        if isinstance(node, ast.Subscript):
            index = self.value(node.slice)
            before = self.layer_of(node.value)
            indices = index if isinstance(index, list) else [index]
            return [f"{one}.{at}" for one in before for at in indices if isinstance(at, int)]
        if isinstance(node, ast.Attribute):
            before = self.layer_of(node.value)
            return [f"{one}.{node.attr}" for one in before] if before else [node.attr]
        return []

    def fit_call(self, node, name, last):
        if last in ("PCA", "TruncatedSVD", "IncrementalPCA"):
            count = self.argument(node, "n_components", 0)
            self.keep("pca", {"components": self.value(count) if count is not None else None})
            solver = self.argument(node, "svd_solver")
            if self.argument(node, "random_state") is None and (solver is None or self.value(solver) in ("auto", "randomized", "arpack")):
                self.warn(f"{last} has no random_state, and its solver may draw at random: another run gives other components; `pca` is exact")
        if last in RIDGES:
            alphas = self.argument(node, "alphas") or self.argument(node, "alpha") or self.argument(node, "alphas", 0)
            known = self.value(alphas) if alphas is not None else None
            self.keep("ridge", {"alphas": known, "kind": last})
        if last == "LinearRegression":
            self.keep("linear", {})
        if last == "PLSRegression":
            count = self.argument(node, "n_components", 0)
            self.keep("pls", {"components": self.value(count) if count is not None else None})
        if last in ("StandardScaler", "zscore"):
            self.keep("standardize", {})
        if last in ("fit", "fit_transform", "fit_predict") and node.args:
            self.fits.append((self.cell, node))
            seen = set().union(*(self.holds(argument) for argument in node.args))
            if seen & {"test", "val"}:
                which = " and ".join(part for part in PARTS[1:] if part in seen)
                self.warn(f"`{ast.unparse(node)[:80]}` fits on {which} rows, which are scored later: the score is of rows that the fit has seen")

    def score(self, node, last):
        if len(node.args) < 2:
            return
        first, second = node.args[:2]
        self.scored_on |= (self.holds(first) | self.holds(second)) & set(PARTS)
        self.keep("scores", {})
        if last in ("explained_variance_score", "r2_score") and self.is_predicted(first) and not self.is_predicted(second):
            self.warn(f"`{ast.unparse(node)[:80]}` has its arguments swapped: the truth stands first, and the score of the two is not the same")

    def train_statistics(self, node):
        """A score in which the variance or mean of train responses stands beside test rows."""
        if not isinstance(node, (ast.Assign, ast.Expr, ast.Return)) or node.value is None:
            return
        names = {part_of(name) for name in self.names(node.value)}
        for part in ast.walk(node.value):
            if not isinstance(part, ast.Call) or self.name(part).rsplit(".", 1)[-1] not in ("var", "std", "mean"):
                continue
            of = part.args[0] if part.args and self.name(part).startswith("numpy") else getattr(part.func, "value", None)
            if of is None or not names & {"test", "val"}:
                continue
            is_response = any(re.search(r"(^|_)y|resp|spike|rate|target|neural", name.lower()) for name in self.names(of))
            if self.holds(of) == {"train"} and is_response and isinstance(node.value, ast.BinOp):
                self.warn(f"`{ast.unparse(node)[:80]}` scores test rows by a statistic of train rows; `evaluate` takes it of the scored rows")

    def warn(self, text):
        if text not in [known for _, known in self.warnings]:
            self.warnings.append((self.cell, text))

    def finish(self):
        """What can be told once all is read."""
        for cell, call in self.fits:
            names = sorted({name for argument in call.args for name in self.names(argument)})
            whole = [name for name in names if self.origin.get(name, name) in self.splits]
            if whole and not any(self.parts.get(name) for name in names):
                self.cell = cell
                self.warn(f"`{ast.unparse(call)[:80]}` fits on all rows of `{whole[0]}`, which train_test_split divides: test rows are in the fit")
        if "course" in self.found and self.normalised:
            self.cell = self.found["course"][0]
            self.warn("the pictures of IT_data.h5 are normalised already, and Normalize does it again; `extract_layer` normalises once")
        if self.hooked and not self.evaluated and "model" in self.found:
            self.cell = self.found["model"][0]
            self.warn("the network is never put into eval(): dropout and batch norm would depend on the batch; `extract_layer` always does")


# The recipe


def quoted(value):
    """A value as YAML's flow style takes it."""
    if isinstance(value, str) and re.match(r"^[A-Za-z_][\w./-]*$", value) and value not in ("true", "false", "null", "yes", "no", "on", "off"):
        return value
    if isinstance(value, float):
        text = f"{value:.10g}"
        return text if re.match(r"^-?\d+(\.\d+)?$", text) else f"{float(text):.1e}".replace("e+0", "e+").replace("e-0", "e-")
    return json.dumps(value, ensure_ascii=False)


def flow(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return quoted(value)


class Recipe:
    """Nodes in order, with what is to be filled in."""

    def __init__(self, notebook):
        self.of = notebook
        self.lines, self.todo = [], []

    def node(self, name, kind, ports=None, params=None, cell=None, about=None):
        if about or cell:
            where = f"from cell {cell}" if cell else ""
            self.lines.append("  # " + "; ".join(text for text in (where, about) if text))
        parts = [f"kind: {kind}"]
        if ports:
            parts.append("in: { " + ", ".join(f"{port}: {of}" for port, of in ports.items()) + " }")
        if params:
            parts.append(f"with: {flow(params)}")
        line = f"  {name}: {{ {', '.join(parts)} }}"
        self.lines += [line] if len(line) < 118 else [f"  {name}:"] + [f"    {part}" for part in parts]

    def text(self, title):
        found = self.of.found
        data, split, on = self.data(found)
        features = self.features(found, data)
        sweep = [layer for layer in self.of.layers] if features and len(self.of.layers) > 1 else []
        readout = self.readout(found, data, split, features)
        if readout:
            self.node("scores", "evaluate", {"predictions": readout, "responses": f"{data}.responses", "split": split}, {"on": on})
            if sweep:
                self.node("by_layer", "compare", {"scores": '"scores@*"'})
        self.other(found, data, split, on, features)
        for name in sorted(self.of.unknown):
            if any(name in line for line in self.lines):
                self.todo.append(f"`{name}` in a path is a variable of the notebook")
        head = ["version: 1", f"title: {json.dumps(title, ensure_ascii=False)}"]
        told = [f"slip in cell {cell}: {text}" for cell, text in self.of.warnings]
        told += [f"to do: {text}" for text in self.todo]
        told += [f"not read: cell {cell} {text}" for cell, text in self.of.unread]
        head += ["# " + " ".join(text.split()) for text in told]
        head += ["seed: 0"] + ([f"sweep: {{ layer: {flow(sweep)} }}"] if sweep else [])
        return "\n".join(head + ["nodes:"] + self.lines) + "\n"

    def data(self, found):
        """Gives the node of the data, of the split, and the part that is scored."""
        scored = next((part for part in ("val", "test") if part in self.of.scored_on), "test")
        if "course" in found:
            cell, detail = found["course"]
            self.node("it", "load_majaj", None, {"path": detail["path"] or "data/IT_data.h5"}, cell)
            return "it", "it.split", "val"
        responses, arrays = found.get("responsess", []), found.get("arrays", [])
        cell, path = (responses or arrays or [(None, None)])[0]
        if path is None:
            self.todo.append("no recordings were found; these are simulated, `load_recordings` reads your own")
            self.node("data", "synthetic_it")
            return "data", "data.split", "val"
        pictures = found.get("images") or (found.get("imagess") or [None])[0]
        params = {"images": pictures[1]} if pictures else {}
        layout = "units_by_stimuli" if self.turned(path) else "stimuli_by_units"
        self.node("data", "load_recordings", None, {**params, "responses": path, "layout": layout}, cell)
        self.todo.append("`layout` says which axis of the responses is stimuli, and which units; `ids` names the rows")
        if not pictures:
            self.todo.append("`images` is the folder or zip of the pictures; without it `ids` names the stimuli")
        rows = "data.images" if pictures else "data.responses"
        for others in arrays[1:] if not responses else arrays:
            self.of.unread.append((others[0], f"loads {others[1]}"))
        if "folds" in found:
            cell, detail = found["folds"]
            self.node("split", "split", {"rows": rows}, {"folds": detail["folds"] or 5}, cell)
            return "data", "split", "folds"
        cell, detail = found.get("split", (None, {"test": 0.2}))
        parts = {"test": detail["test"] or 0.2}
        if scored == "val":
            parts["val"] = 0.1
        if cell is None:
            self.todo.append("the notebook's own split was not read; `split` has `from:` for a table of it")
        self.node("split", "split", {"rows": rows}, parts, cell)
        return "data", "split", scored

    def turned(self, path):
        """Whether the array is transposed where it is loaded."""
        return path in self.of.turned

    def features(self, found, data):
        """The reference of the features that are fitted to, or nothing."""
        name = None
        if "model" in found:
            cell, detail = found["model"]
            layers = self.of.layers or ["layer3" if "resn" in detail["model"] else "features.0"]
            if not self.of.layers:
                self.todo.append("no layer was found; `layers` lists those to read")
            weights = "random"
            if not detail["random"] or self.of.loaded_weights:
                weights = found["weights"][1] if "weights" in found else f"published:{detail['model']}"
                if "weights" not in found:
                    self.todo.append(f"`ventral weights get {detail['model']}` fetches the published weights")
            params = {"model": detail["model"], "weights": weights, "layers": layers}
            self.node("layers", "extract_layer", {"images": f"{data}.images"}, params, cell)
            name = '"layers[${layer}]"' if len(layers) > 1 else f'"layers[{layers[0]}]"'
        elif found.get("featuress"):
            cell, path = found["featuress"][0]
            self.node("features", "load_features", {"rows": f"{data}.responses"}, {"path": path}, cell)
            name = "features"
        elif any(kind in found for kind in ("pca", "ridge", "linear", "pls")):
            self.node("pixels", "pixels", {"images": f"{data}.images"}, {"size": 32}, None, "no network was found; these are the pixels")
            name = "pixels"
        return name

    def readout(self, found, data, split, features):
        if features is None:
            return None
        if "standardize" in found:
            self.node("scaled", "standardize", {"features": features, "split": split}, None, found["standardize"][0])
            features = "scaled"
        if "pca" in found:
            cell, detail = found["pca"]
            count = detail["components"]
            if not isinstance(count, int) or isinstance(count, bool):
                self.todo.append(f"components of the PCA: {count if count is not None else 'a variable'}; 100 stands for it")
                count = 100
            self.node("pcs", "pca", {"features": features, "split": split}, {"components": count}, cell)
            features = "pcs"
        ports = {"features": features, "responses": f"{data}.responses", "split": split}
        if "ridge" in found:
            cell, detail = found["ridge"]
            alphas = detail["alphas"]
            known = isinstance(alphas, (int, float, dict)) or (isinstance(alphas, list) and all(isinstance(a, (int, float)) for a in alphas))
            narrow = "a fixed penalty; without `alphas` one is chosen for each unit" if isinstance(alphas, (int, float)) else None
            self.node("readout", "ridge", ports, {"alphas": alphas} if known and alphas else None, cell, narrow)
        elif "pls" in found:
            cell, detail = found["pls"]
            self.node("readout", "pls", ports, {"components": detail["components"] if isinstance(detail["components"], int) else 25}, cell)
        elif "linear" in found:
            self.node("readout", "linear", ports, None, found["linear"][0])
        else:
            self.node("readout", "ridge", ports, None, None, "no regression was found; this is the usual one")
        return "readout"

    def other(self, found, data, split, on, features):
        on = "test" if on == "folds" else on
        split_ports = {} if "folds" in found else {"split": split}
        for kind in ("rsa", "cka"):
            if kind in found and features:
                part = on if split_ports else "all"
                self.node(kind, kind, {"a": features, "b": f"{data}.responses", **split_ports}, {"on": part}, found[kind][0])
        if "cnn" in found and "optimizer" in found:
            cell, detail = found["optimizer"]
            params = {"architecture": "three_layer", "optimizer": detail["optimizer"]}
            if isinstance(detail["learning_rate"], (int, float)):
                params["learning_rate"] = detail["learning_rate"]
            ports = {"images": f"{data}.images", "responses": f"{data}.responses", "split": split}
            self.node("cnn", "train_cnn", ports, params, cell, "the network's own layers were not read")
            self.node("cnn_scores", "evaluate", {"predictions": "cnn.predictions", "responses": f"{data}.responses", "split": split}, {"on": on})


def cells(text, path):
    """Numbered cells of code of a notebook of any version, or the one of a script."""
    if path.endswith(".py"):
        return [(1, text)]
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("it is no notebook: a map with `cells` is expected")
    sheets = document.get("worksheets") or [document]
    lists = [sheet.get("cells") if isinstance(sheet, dict) else None for sheet in sheets]
    if not all(isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells) for cells in lists):
        raise ValueError("it is no notebook: a list of `cells` is expected")
    found = [cell for cells in lists for cell in cells]
    code = []
    for number, cell in enumerate(found, 1):
        if cell.get("cell_type") == "code":
            source = cell.get("source", cell.get("input", ""))
            code.append((number, "".join(source) if isinstance(source, list) else str(source)))
    return code


def main(path):
    with open(path, encoding="utf-8-sig") as file:
        text = file.read()
    notebook = Notebook()
    for number, source in cells(text, path):
        notebook.read(number, source)
    notebook.finish()
    title = os.path.splitext(os.path.basename(path))[0].replace("_", " ")
    recipe = Recipe(notebook).text(title)
    json.dump({"recipe": recipe, "warnings": [[cell, text] for cell, text in notebook.warnings]}, sys.stdout)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (OSError, ValueError, RecursionError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")
