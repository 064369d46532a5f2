//! The text of a TorchScript program, as far as calls of submodules go: classes, attributes, methods, calls.
//!
//! libtorch prints programs in one way (`torch/csrc/jit/serialization/python_print.cpp`): a statement per line, two
//! spaces per level, a submodule bound to a name (`layer1 = self.layer1`, `_0 = getattr(self, "0")`) and called in
//! brackets, `(layer1).forward(x, )`. What is written otherwise is passed over, and so is not to be had as a layer.

use std::collections::{BTreeMap, HashMap};

/// A class of modules, or of named tuples.
#[derive(Debug, Default)]
pub struct Class {
    /// The file it stands in, and where its text ends there.
    pub file: String,
    pub end: usize,
    /// Its attributes' types by name, in order.
    pub attributes: Vec<(String, String)>,
    pub methods: BTreeMap<String, Method>,
}

/// A method of a class.
#[derive(Debug)]
pub struct Method {
    /// What it calls the object, mostly `self`, with its type.
    pub owner: Parameter,
    pub parameters: Vec<Parameter>,
    pub returns: String,
    pub body: Vec<String>,
}

/// A parameter of a method.
#[derive(Debug)]
pub struct Parameter {
    pub name: String,
    pub ty: String,
    /// As it is written: with its type, and the default if it has one.
    pub text: String,
    pub optional: bool,
}

/// A call of a method of a module within a line.
#[derive(Debug, PartialEq)]
pub struct Call {
    /// The attributes that lead to the module from the object whose method it stands in; none for the object itself.
    pub path: Vec<String>,
    /// Where the method's name stands, and where its arguments begin.
    pub method: std::ops::Range<usize>,
    pub arguments: usize,
}

/// The classes of a program's files, by full name such as `__torch__.torchvision.models.resnet.ResNet`.
pub fn classes(code: &BTreeMap<String, String>) -> HashMap<String, Class> {
    let mut found = HashMap::new();
    for (file, text) in code {
        let space = file.trim_end_matches(".py").replace('/', ".");
        let mut open: Option<(String, Class)> = None;
        let mut lines = Lines { text, at: 0 }.peekable();
        while let Some((line, end)) = lines.next() {
            if !line.starts_with(' ') && !line.is_empty() {
                found.extend(open.take());
                let name = line.strip_prefix("class ").and_then(|rest| rest.split_once('('));
                open =
                    name.map(|(name, _)| (format!("{space}.{name}"), Class { file: file.clone(), ..Class::default() }));
            }
            let Some((_, class)) = &mut open else { continue };
            class.end = end;
            if let Some(head) = line.strip_prefix("  def ") {
                let mut head = head.to_owned();
                while !is_closed(&head) {
                    let Some((more, end)) = lines.next() else { break };
                    head = format!("{head} {}", more.trim());
                    class.end = end;
                }
                let mut body = Vec::new();
                while let Some((line, end)) = lines.next_if(|(line, _)| line.starts_with("    ") || line.is_empty()) {
                    body.push(line.to_owned());
                    class.end = end;
                }
                class.methods.extend(method(&head, body));
            } else if let Some(attribute) = attribute(line) {
                class.attributes.push(attribute);
            }
        }
        found.extend(open);
    }
    found
}

impl Class {
    /// The type of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(attribute, _)| attribute == name).map(|(_, ty)| ty.as_str())
    }
}

impl Method {
    /// The calls of modules in each line. `known` tells whether a path leads to a module.
    pub fn calls(&self, known: impl Fn(&[String]) -> bool) -> Vec<Vec<Call>> {
        let mut names: HashMap<&str, Option<Vec<String>>> = HashMap::new();
        names.insert(&self.owner.name, Some(Vec::new()));
        let resolve = |names: &HashMap<&str, Option<Vec<String>>>, term: Term<'_>| {
            let mut path = names.get(term.base)?.clone()?;
            path.extend(term.attributes.iter().map(|&attribute| attribute.to_owned()));
            known(&path).then_some(path)
        };
        let mut all = Vec::with_capacity(self.body.len());
        for line in &self.body {
            let found = found(line)
                .into_iter()
                .filter_map(|(term, method, arguments)| Some(Call { path: resolve(&names, term)?, method, arguments }));
            all.push(found.collect());
            if let Some((name, value)) = line.trim_start().split_once(" = ")
                && name.bytes().all(is_word)
            {
                let path = term(value, 0).filter(|(_, end)| *end == value.len());
                let path = path.and_then(|(term, _)| resolve(&names, term));
                // A name that has meant something else before is none to rely on.
                let before = names.get(name).cloned();
                names.insert(name, if before.is_none_or(|before| before == path) { path } else { None });
            }
        }
        all
    }
}

/// Lines with where each ends in the text, its break included.
struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Lines<'t> {
    type Item = (&'t str, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
        self.at += length;
        Some((rest[..length].trim_end_matches('\n'), self.at))
    }
}

/// `name : type` or `__annotations__["0"] = type`.
fn attribute(line: &str) -> Option<(String, String)> {
    let line = line.strip_prefix("  ")?;
    let (name, ty) = match line.strip_prefix("__annotations__[\"") {
        Some(rest) => rest.split_once("\"] = ")?,
        None => line.split_once(" : ").filter(|(name, _)| name.bytes().all(is_word))?,
    };
    Some((name.to_owned(), ty.to_owned()))
}

/// Whether a method's head ends here.
fn is_closed(head: &str) -> bool {
    let mut depth = 0;
    scan(head, |_, byte| {
        depth += i32::from(matches!(byte, b'(' | b'[')) - i32::from(matches!(byte, b')' | b']'));
        true
    });
    depth == 0 && head.ends_with(':')
}

/// `name(self: T, x: Tensor) -> Tensor:`, its lines joined.
fn method(head: &str, body: Vec<String>) -> Option<(String, Method)> {
    let (name, rest) = head.split_once('(')?;
    // Where each parameter ends.
    let mut ends = Vec::new();
    let mut depth = 0;
    scan(rest, |at, byte| {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' if depth > 0 => depth -= 1,
            b',' | b')' if depth == 0 => ends.push(at),
            _ => {}
        }
        // The bracket that closes them all.
        depth > 0 || byte != b')' || ends.last() != Some(&at)
    });
    let end = *ends.last()?;
    let mut from = 0;
    let mut parameters = ends.into_iter().map(|to| {
        let text = rest[from..to].trim();
        from = to + 1;
        parameter(text)
    });
    let owner = parameters.next()??;
    let parameters: Option<Vec<Parameter>> = parameters.collect();
    let returns = rest[end..].split_once("-> ")?.1.trim_end_matches(':').to_owned();
    Some((name.to_owned(), Method { owner, parameters: parameters?, returns, body }))
}

/// `y: Optional[Tensor]=None`.
fn parameter(text: &str) -> Option<Parameter> {
    let (name, rest) = text.split_once(':')?;
    let (ty, default) = rest.split_once('=').map_or((rest, None), |(ty, default)| (ty, Some(default)));
    Some(Parameter {
        name: name.trim().to_owned(),
        ty: ty.trim().to_owned(),
        text: text.to_owned(),
        optional: default.is_some(),
    })
}

/// A name and the attributes taken of it.
struct Term<'l> {
    base: &'l str,
    attributes: Vec<&'l str>,
}

/// Reads `name`, `name.attribute` or `getattr(term, "attribute")` at a place; gives where it ends.
fn term(line: &str, at: usize) -> Option<(Term<'_>, usize)> {
    // As deep as any network's modules lie; each level is a call of this function.
    const DEEPEST: usize = 32;
    fn read(line: &str, at: usize, depth: usize) -> Option<(Term<'_>, usize)> {
        let rest = line.get(at..)?;
        if let Some(inner) = rest.strip_prefix("getattr(").filter(|_| depth < DEEPEST) {
            let (mut term, end) = read(line, line.len() - inner.len(), depth + 1)?;
            let name = line.get(end..)?.strip_prefix(", \"")?;
            let (name, _) = name.split_once("\")").filter(|(name, _)| !name.contains(['\\', '"']))?;
            term.attributes.push(name);
            return Some((term, end + 3 + name.len() + 2));
        }
        let (base, mut end) = word(line, at)?;
        let mut attributes = Vec::new();
        while line.as_bytes().get(end) == Some(&b'.') {
            let (attribute, after) = word(line, end + 1)?;
            attributes.push(attribute);
            end = after;
        }
        Some((Term { base, attributes }, end))
    }
    read(line, at, 0)
}

fn word(line: &str, at: usize) -> Option<(&str, usize)> {
    let length = line.as_bytes().get(at..)?.iter().take_while(|&&byte| is_word(byte)).count();
    (length > 0).then(|| (&line[at..at + length], at + length))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Every `(term).method(` of a line.
fn found(line: &str) -> Vec<(Term<'_>, std::ops::Range<usize>, usize)> {
    let mut found = Vec::new();
    scan(line, |at, byte| {
        if byte == b'('
            && let Some((term, end)) = term(line, at + 1)
            && line[end..].starts_with(").")
            && let Some((_, after)) = word(line, end + 2)
            && line.as_bytes().get(after) == Some(&b'(')
        {
            found.push((term, end + 2..after, after + 1));
        }
        true
    });
    found
}

/// Goes through the bytes outside texts in quotation marks, until told to stop.
fn scan(line: &str, mut each: impl FnMut(usize, u8) -> bool) {
    let bytes = line.as_bytes();
    let (mut at, mut quote) = (0, None);
    while let Some(&byte) = bytes.get(at) {
        match quote {
            Some(_) if byte == b'\\' => at += 1,
            Some(mark) if byte == mark => quote = None,
            Some(_) => {}
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if !each(at, byte) => return,
            None => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(path: &[&str], line: &str, method: &str, nth: usize) -> Call {
        let at = line.match_indices(&format!(".{method}(")).nth(nth).expect("it is called").0 + 1;
        let path = path.iter().map(|&name| name.to_owned()).collect();
        Call { path, method: at..at + method.len(), arguments: at + method.len() + 1 }
    }

    #[test]
    fn classes_methods_and_calls_are_found() {
        let text = "\
class Net(Module):
  __parameters__ = [\"w\", ]
  w : Tensor
  layer : __torch__.a.Part
  __annotations__[\"0\"] = __torch__.a.___torch_mangle_1.Part
  training : bool
  def forward(s: __torch__.a.Net,
    x: Tensor,
    mode: str=\"a, (b\") -> Tuple[Tensor, Tensor]:
    _0 = getattr(s, \"0\")
    layer = s.layer
    y = (layer).forward((_0).forward1(x, ), \"(layer).forward(\", )
    if mode:
      z = torch.add(y, (s.layer).forward(x, ))
    else:
      layer = torch.relu(x)
    return ((layer).forward(x, ), (s).helper(x, ))
  def helper(s: __torch__.a.Net, x: Tensor) -> Tensor:
    return x
def free(x: Tensor) -> Tensor:
  return x
class Out(NamedTuple):
  logits : Tensor
";
        let classes = classes(&BTreeMap::from([("__torch__/a.py".to_owned(), text.to_owned())]));
        assert_eq!(classes.len(), 2);
        assert_eq!(classes["__torch__.a.Out"].attribute("logits"), Some("Tensor"));
        let net = &classes["__torch__.a.Net"];
        assert_eq!(&text[net.end..net.end + 8], "def free");
        assert_eq!(net.attribute("0"), Some("__torch__.a.___torch_mangle_1.Part"));
        let forward = &net.methods["forward"];
        assert_eq!((forward.owner.name.as_str(), forward.returns.as_str()), ("s", "Tuple[Tensor, Tensor]"));
        let parameters: Vec<_> =
            forward.parameters.iter().map(|p| (p.name.as_str(), p.ty.as_str(), p.optional)).collect();
        assert_eq!(parameters, [("x", "Tensor", false), ("mode", "str", true)]);
        assert_eq!(net.methods["helper"].body, ["    return x"]);
        let calls = forward.calls(|path| path.is_empty() || path == ["0"] || path == ["layer"]);
        let line = forward.body[2].as_str();
        assert_eq!(calls[2], [call(&["layer"], line, "forward", 0), call(&["0"], line, "forward1", 0)]);
        assert_eq!(calls[4], [call(&["layer"], &forward.body[4], "forward", 0)]);
        // `layer` means two things, so that only the helper is sure.
        assert_eq!(calls[7], [call(&[], &forward.body[7], "helper", 0)]);
    }
}
