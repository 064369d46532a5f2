//! Networks that come as programs: TorchScript files, with their submodules' outputs as layers.
//!
//! libtorch runs such a program as a whole and gives what `forward` returns, nothing from within. So the program is
//! extended before it is loaded: a method `ventral_layers` of the network's class does what `forward` does, and hands a
//! dictionary down through copies of the methods that lead to the layers asked for. Whoever calls such a layer calls
//! a method beside its own, which puts a copy of the output into the dictionary. Everything that stood in the program
//! stays; control flow and classes that several modules share are no obstacle; of several calls the last counts.

mod source;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::nets::torchscript::source::{Call, Class, Method};

/// The method that gives the layers.
pub const METHOD: &str = "ventral_layers";
/// The layer that is what the whole network gives.
pub const OUTPUT: &str = "output";

/// What the methods added to a program call the dictionary of outputs, by the layer's place in what was asked for.
const TAPS: &str = "ventral_taps";
const TAPS_TYPE: &str = "Dict[int, Tensor]";
const RESULT: &str = "ventral_output";
const TENSOR: &str = "Tensor";
/// Deeper than modules of any network lie in one another, and more calls than any has.
const DEEPEST: usize = 32;
const MOST_CALLS: usize = 100_000;
/// How far in a method's statements stand.
const INDENT: usize = 4;

/// A program, read as far as calls of submodules go.
pub struct Program<'a> {
    code: &'a BTreeMap<String, String>,
    classes: HashMap<String, Class>,
    /// The class of the network.
    class: &'a str,
    /// The calls of modules in each class's methods.
    calls: HashMap<String, HashMap<String, Vec<Site>>>,
    /// Whose outputs can be had.
    layers: Vec<String>,
}

/// A call of a method that the program holds.
struct Site {
    line: usize,
    call: Call,
    class: String,
    method: String,
}

impl<'a> Program<'a> {
    /// Reads a program, the text of its files by path, whose network is of `class`. Errors read on from the file's
    /// name: it takes something else than images, or its modules lie in one another without end.
    pub fn read(class: &'a str, code: &'a BTreeMap<String, String>) -> Result<Self, String> {
        let classes = source::classes(code);
        let mut program = Self { code, classes, class, calls: HashMap::new(), layers: Vec::new() };
        program.calls =
            program.classes.iter().map(|(name, class)| (name.clone(), program.sites(name, class))).collect();
        let forward = program.forward()?;
        match forward.parameters.split_first() {
            Some((images, rest)) if images.ty == TENSOR && rest.iter().all(|parameter| parameter.optional) => {}
            _ => {
                let wanted: Vec<&str> = forward.parameters.iter().map(|parameter| parameter.text.as_str()).collect();
                return Err(format!(
                    "has a forward of ({}); a network of images takes one tensor, and nothing else that must be given",
                    wanted.join(", ")
                ));
            }
        }
        let mut walk = Walk {
            program: &program,
            seen: HashSet::new(),
            left: MOST_CALLS,
            listed: HashSet::new(),
            layers: Vec::new(),
        };
        walk.method(class, "forward", "", 0)?;
        // As Python lists its modules, whatever the order of calls.
        let mut layers = walk.layers;
        layers.sort_by_cached_key(|layer| program.places(layer));
        program.layers = layers;
        Ok(program)
    }

    /// The modules whose output can be asked for: those that give one tensor, containers before what they contain.
    pub fn layers(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().map(String::as_str)
    }

    /// The files of the program that change, so that `METHOD` gives the layers; the index of one that cannot be had.
    pub fn tapped(&self, layers: &[&str]) -> Result<BTreeMap<String, String>, usize> {
        let mut taps = HashMap::new();
        let mut outputs = Vec::new();
        for (at, layer) in layers.iter().enumerate() {
            if self.layers.iter().any(|known| known == layer) {
                taps.insert(*layer, at);
            } else {
                outputs.push((at, self.output(layer).ok_or(at)?));
            }
        }
        let mut tapper = Tapper { program: self, taps, made: HashMap::new(), added: BTreeMap::new(), names: 0 };
        tapper.whole(&outputs);
        let mut changed: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
        for (class, methods) in tapper.added {
            let class = &self.classes[&class];
            changed.entry(class.file.clone()).or_default().push((class.end, methods));
        }
        let files = changed.into_iter().map(|(file, mut added)| {
            added.sort_unstable();
            let old = &self.code[&file];
            let (mut text, mut from) = (String::with_capacity(old.len()), 0);
            for (end, methods) in added {
                text += &old[from..end];
                if !text.ends_with('\n') {
                    text.push('\n');
                }
                text += &methods;
                from = end;
            }
            (file, text + &old[from..])
        });
        Ok(files.collect())
    }

    fn forward(&self) -> Result<&Method, String> {
        let class = self.classes.get(self.class);
        let class =
            class.ok_or_else(|| format!("is damaged: its program lacks the class {} that it holds", self.class))?;
        class.methods.get("forward").ok_or_else(|| "holds a module without a method `forward`".to_owned())
    }

    /// How `forward`'s result is read to give a layer of the whole, `output` or a part of it such as `output.0`: the
    /// expression, and what must hold before, where types do not say that the part is there.
    fn output(&self, layer: &str) -> Option<(String, Option<String>)> {
        let part = layer.strip_prefix(OUTPUT)?;
        match self.outputs()? {
            Outputs::One => part.is_empty().then(|| (RESULT.to_owned(), None)),
            Outputs::Each(parts) => {
                let part = part.strip_prefix('.')?;
                parts.into_iter().find(|(name, _)| name == part).map(|(_, read)| (read, None))
            }
            Outputs::List => {
                let at: u16 = part.strip_prefix('.')?.parse().ok()?;
                Some((format!("{RESULT}[{at}]"), Some(format!("torch.gt(torch.len({RESULT}), {at})"))))
            }
            Outputs::Dictionary => {
                let key = part.strip_prefix('.')?;
                let plain = !key.is_empty() && !key.contains(['"', '\\']) && !key.contains(char::is_control);
                plain
                    .then(|| (format!("{RESULT}[\"{key}\"]"), Some(format!("torch.__contains__({RESULT}, \"{key}\")"))))
            }
        }
    }

    /// What the whole gives; none where it is nothing of tensors.
    fn outputs(&self) -> Option<Outputs> {
        let returns = self.forward().ok()?.returns.as_str();
        if returns == TENSOR {
            return Some(Outputs::One);
        }
        if returns == "List[Tensor]" {
            return Some(Outputs::List);
        }
        if returns == "Dict[str, Tensor]" {
            return Some(Outputs::Dictionary);
        }
        let parts: Vec<(String, String)> = match returns.strip_prefix("Tuple[").and_then(|rest| rest.strip_suffix(']'))
        {
            Some(types) => {
                let tensors = split(types).into_iter().enumerate().filter(|(_, ty)| *ty == TENSOR);
                tensors.map(|(at, _)| (at.to_string(), format!("{RESULT}[{at}]"))).collect()
            }
            None => {
                let fields = self.classes.get(returns)?.attributes.iter().filter(|(_, ty)| ty == TENSOR);
                fields.map(|(name, _)| (name.clone(), format!("{RESULT}.{name}"))).collect()
            }
        };
        (!parts.is_empty()).then_some(Outputs::Each(parts))
    }

    /// The names under which the whole's output can be asked for, in words.
    pub fn outputs_in_words(&self) -> String {
        match self.outputs() {
            None => "none of the whole, which gives no tensors".to_owned(),
            Some(Outputs::One) => format!("`{OUTPUT}` of the whole"),
            Some(Outputs::Each(parts)) => {
                let names: Vec<String> = parts.iter().map(|(name, _)| format!("`{OUTPUT}.{name}`")).collect();
                format!("{} of the whole", names.join(", "))
            }
            Some(Outputs::List) => format!("`{OUTPUT}.0`, `{OUTPUT}.1`, … of the whole"),
            Some(Outputs::Dictionary) => format!("`{OUTPUT}.KEY` of the whole, by its dictionary's keys"),
        }
    }

    /// The class that a path of attributes leads to from a class.
    fn class_at(&self, class: &str, path: &[String]) -> Option<&str> {
        let (mut class, _) = self.classes.get_key_value(class)?;
        for attribute in path {
            (class, _) = self.classes.get_key_value(self.classes[class].attribute(attribute)?)?;
        }
        Some(class)
    }

    /// Where a module stands among its class's attributes, and so on down to it.
    fn places(&self, layer: &str) -> Vec<usize> {
        let mut class = self.classes.get(self.class);
        let place = |attribute: &str| {
            let attributes = &class?.attributes;
            let place = attributes.iter().position(|(name, _)| name == attribute)?;
            class = self.classes.get(&attributes[place].1);
            Some(place)
        };
        layer.split('.').map_while(place).collect()
    }

    /// The calls in a class's methods of modules whose methods the program holds, from the first to the last.
    fn sites(&self, name: &str, class: &Class) -> HashMap<String, Vec<Site>> {
        let of_method = |method: &Method| {
            let calls = method.calls(|path| self.class_at(name, path).is_some());
            let lines = calls.into_iter().zip(&method.body).enumerate();
            let sites = lines.flat_map(|(line, (calls, text))| {
                calls.into_iter().filter_map(move |call| {
                    let class = self.class_at(name, &call.path)?.to_owned();
                    let method = text[call.method.clone()].to_owned();
                    self.classes[&class].methods.contains_key(&method).then_some(Site { line, call, class, method })
                })
            });
            sites.collect()
        };
        class.methods.iter().map(|(name, method)| (name.clone(), of_method(method))).collect()
    }
}

/// What a network gives.
enum Outputs {
    One,
    /// Names of parts, and how each is read.
    Each(Vec<(String, String)>),
    List,
    Dictionary,
}

/// The types of a tuple.
fn split(types: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, byte) in types.bytes().enumerate() {
        match byte {
            b'[' | b'(' => depth += 1,
            b']' | b')' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(types[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(types[from..].trim());
    parts
}

fn join(path: &str, attributes: &[String]) -> String {
    let parts = std::iter::once(path).filter(|path| !path.is_empty()).chain(attributes.iter().map(String::as_str));
    parts.collect::<Vec<_>>().join(".")
}

/// A walk through all calls, from the network's `forward` down.
struct Walk<'p> {
    program: &'p Program<'p>,
    /// Modules by path, with the methods that were looked at.
    seen: HashSet<(String, String)>,
    left: usize,
    listed: HashSet<String>,
    layers: Vec<String>,
}

impl Walk<'_> {
    fn method(&mut self, class: &str, method: &str, path: &str, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("has modules more than {DEEPEST} deep; does one hold itself?"));
        }
        if !self.seen.insert((path.to_owned(), method.to_owned())) {
            return Ok(());
        }
        let program = self.program;
        for site in &program.calls[class][method] {
            self.left =
                self.left.checked_sub(1).ok_or_else(|| format!("has more than {MOST_CALLS} calls of modules"))?;
            let target = join(path, &site.call.path);
            let gives = &program.classes[&site.class].methods[&site.method].returns;
            if !site.call.path.is_empty() && gives == TENSOR && self.listed.insert(target.clone()) {
                self.layers.push(target.clone());
            }
            self.method(&site.class, &site.method, &target, depth + 1)?;
        }
        Ok(())
    }
}

/// Adds the methods that give some layers.
struct Tapper<'p> {
    program: &'p Program<'p>,
    /// The layers asked for, with their places.
    taps: HashMap<&'p str, usize>,
    /// For modules by path and their methods: the method to call instead, if any.
    made: HashMap<(String, String), Option<String>>,
    /// The text of new methods by class, and how many have got a name.
    added: BTreeMap<String, String>,
    names: usize,
}

impl Tapper<'_> {
    /// `METHOD`, with the parts of the result that are asked for.
    fn whole(&mut self, outputs: &[(usize, (String, Option<String>))]) {
        let class = self.program.class;
        let forward = &self.program.classes[class].methods["forward"];
        let (mut body, last) = self.body(class, "forward", "");
        if outputs.is_empty() {
            // The rest would be computed for nothing: it ends after the statement that the last call stands in.
            let after = last.map_or(0, |last| last + 1);
            let inside = |line: &&String| {
                let indent = line.len() - line.trim_start().len();
                indent > INDENT || line.trim_start().starts_with("else:") || line.is_empty()
            };
            let end = after + body[after..].iter().take_while(inside).count();
            body.truncate(end);
        }
        if let Some(line) = body.last_mut()
            && let Some(result) = line.strip_prefix("    return ")
        {
            *line = format!("    {RESULT} = {result}");
        }
        body.insert(0, format!("    {TAPS} = annotate({TAPS_TYPE}, {{}})"));
        body.extend(outputs.iter().map(|(at, (read, condition))| match condition {
            None => format!("    {TAPS}[{at}] = {read}"),
            Some(condition) => {
                format!("    if {condition}:\n      {TAPS}[{at}] = {read}\n    else:\n      pass")
            }
        }));
        body.push(format!("    return {TAPS}"));
        self.add(class, METHOD, forward, None, TAPS_TYPE, &body);
    }

    /// The method to call instead of a module's, so that the layers at and within it are kept.
    fn instead(&mut self, class: &str, method: &str, path: &str) -> Option<String> {
        let key = (path.to_owned(), method.to_owned());
        if let Some(known) = self.made.get(&key) {
            return known.clone();
        }
        // A method that calls itself, which libtorch refuses anyway, ends here.
        self.made.insert(key.clone(), None);
        let original = &self.program.classes[class].methods[method];
        let start = if path.is_empty() { String::new() } else { format!("{path}.") };
        let mut name = None;
        if self.taps.keys().any(|tap| tap.starts_with(&start)) {
            let (body, last) = self.body(class, method, path);
            name = last.map(|_| self.name());
            if let Some(name) = &name {
                self.add(class, name, original, Some(TAPS), &original.returns, &body);
            }
        }
        if let Some(at) = self.taps.get(path).copied().filter(|_| original.returns == TENSOR) {
            let owner = &original.owner.name;
            let arguments: String =
                original.parameters.iter().map(|parameter| format!("{}, ", parameter.name)).collect();
            let call = match &name {
                Some(inner) => format!("({owner}).{inner}({TAPS}, {arguments})"),
                None => format!("({owner}).{method}({arguments})"),
            };
            // A copy: whatever comes next may overwrite the tensor.
            let body = [
                format!("    {RESULT} = {call}"),
                format!("    {TAPS}[{at}] = torch.clone({RESULT})"),
                format!("    return {RESULT}"),
            ];
            let recorder = self.name();
            self.add(class, &recorder, original, Some(TAPS), TENSOR, &body);
            name = Some(recorder);
        }
        self.made.insert(key, name.clone());
        name
    }

    /// A method's lines with other methods called where layers lie, and the last line that has such a call.
    fn body(&mut self, class: &str, method: &str, path: &str) -> (Vec<String>, Option<usize>) {
        let program = self.program;
        let mut last = None;
        let mut body = program.classes[class].methods[method].body.clone();
        // From the end on, so that the places of those before stand.
        for site in program.calls[class][method].iter().rev() {
            if let Some(name) = self.instead(&site.class, &site.method, &join(path, &site.call.path)) {
                let range = site.call.method.start..site.call.arguments;
                body[site.line].replace_range(range, &format!("{name}({TAPS}, "));
                last = last.or(Some(site.line));
            }
        }
        (body, last)
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("ventral_{}", self.names)
    }

    /// A method with another's parameters, behind the dictionary where it is handed down.
    fn add(&mut self, class: &str, name: &str, like: &Method, taps: Option<&str>, returns: &str, body: &[String]) {
        let taps = taps.map(|taps| format!("{taps}: {TAPS_TYPE}"));
        let parameters = like.parameters.iter().map(|parameter| parameter.text.clone());
        let head: Vec<String> = std::iter::once(like.owner.text.clone()).chain(taps).chain(parameters).collect();
        let text = format!("  def {name}({}) -> {returns}:\n{}\n", head.join(",\n    "), body.join("\n"));
        *self.added.entry(class.to_owned()).or_default() += &text;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: &str = "\
class Part(Module):
  def forward(self: __torch__.Part,
    x: Tensor) -> Tensor:
    return torch.relu_(x)
";

    fn code(net: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("__torch__.py".to_owned(), format!("{net}{PART}"))])
    }

    #[test]
    fn a_program_ends_after_the_deepest_layer_and_hands_on_copies() {
        let code = code(
            "\
class Net(Module):
  a : __torch__.Part
  b : __torch__.Part
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
    a = self.a
    b = self.b
    if torch.gt(torch.dim(x), 3):
      y = (a).forward(x, )
    else:
      y = x
    return (b).forward(y, )
",
        );
        let program = Program::read("__torch__.Net", &code).expect("it reads");
        assert_eq!(program.layers().collect::<Vec<_>>(), ["a", "b"]);
        let changed = program.tapped(&["a"]).expect("it is there");
        let text = &changed["__torch__.py"];
        let whole = "  def ventral_layers(self: __torch__.Net,
    x: Tensor) -> Dict[int, Tensor]:
    ventral_taps = annotate(Dict[int, Tensor], {})
    a = self.a
    b = self.b
    if torch.gt(torch.dim(x), 3):
      y = (a).ventral_1(ventral_taps, x, )
    else:
      y = x
    return ventral_taps
class Part(Module):";
        assert!(text.contains(whole), "{text}");
        let part = "  def ventral_1(self: __torch__.Part,
    ventral_taps: Dict[int, Tensor],
    x: Tensor) -> Tensor:
    ventral_output = (self).forward(x, )
    ventral_taps[0] = torch.clone(ventral_output)
    return ventral_output
";
        assert!(text.ends_with(part), "{text}");
        let changed = program.tapped(&["b", "output"]).expect("they are there");
        let end = "    ventral_output = (b).ventral_1(ventral_taps, y, )
    ventral_taps[1] = ventral_output
    return ventral_taps
";
        assert!(changed["__torch__.py"].contains(end), "{}", changed["__torch__.py"]);
        assert_eq!(program.tapped(&["a", "c"]), Err(1));
    }

    #[test]
    fn programs_without_end_and_of_other_inputs_are_refused() {
        let read = |net: &str| Program::read("__torch__.Net", &code(net)).err().unwrap_or_default();
        let circle = "\
class Net(Module):
  a : __torch__.Net
  b : __torch__.Net
  def forward(self: __torch__.Net, x: Tensor) -> Tensor:
    return (self.a).forward((self.b).forward(x, ), )
";
        assert!(read(circle).contains("does one hold itself?"), "{}", read(circle));
        let two =
            "class Net(Module):\n  def forward(self: __torch__.Net, x: Tensor, y: Tensor) -> Tensor:\n    return x\n";
        assert!(read(two).starts_with("has a forward of (x: Tensor, y: Tensor); a network of images takes one tensor"));
        assert!(read("").contains("lacks the class __torch__.Net"));
        assert!(read("class Net(Module):\n  x : int\n").contains("without a method `forward`"));
    }
}
