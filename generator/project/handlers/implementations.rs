//! Where the user's code implements handlers, and by which names it calls what stubs mention.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::spanned::Spanned;

use crate::scaffold::Names;

/// The implementations in one file.
pub(super) type Scan = Vec<Implementation>;

/// One `impl` of a trait.
#[derive(Clone, Debug)]
pub(super) struct Implementation {
    /// The last part of the trait's path.
    pub(super) trait_name: String,
    /// Where the first type argument of the trait comes from, as far as the file says: `Route` of `Handler<room::Route>`.
    argument: Vec<String>,
    /// The line of its `impl`, from 1.
    pub(super) line: usize,
    /// Its associated types.
    pub(super) types: Vec<String>,
    /// The type that it is for, such as `Handlers`.
    pub(super) subject: String,
    /// Its methods, keywords as raw identifiers.
    pub(super) methods: Vec<String>,
    /// The offset of its closing brace.
    pub(super) end: usize,
    /// What its module imports: names, and their paths.
    imports: BTreeMap<String, Vec<String>>,
}

/// Finds the implementations of traits in a file, also in modules that are written in it; `None` if it is no Rust.
pub(super) fn scan(text: &str) -> Option<Scan> {
    let (skipped, file) = parse(text)?;
    let mut found = Vec::new();
    scan_items(&file.items, &mut found);
    for implementation in &mut found {
        implementation.end += skipped;
    }
    Some(found)
}

/// Parses a file, and says how many bytes the parser did not see: offsets count from there.
pub(super) fn parse(text: &str) -> Option<(usize, syn::File)> {
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = match rest.starts_with("#!") && !rest.starts_with("#![") {
        true => &rest[rest.find('\n').unwrap_or(rest.len())..],
        false => rest,
    };
    let file = syn::parse_str(rest).ok()?;
    Some((text.len() - rest.len(), file))
}

fn scan_items(items: &[syn::Item], found: &mut Scan) {
    let mut imports = BTreeMap::new();
    for item in items {
        if let syn::Item::Use(import) = item {
            add_imports(&import.tree, &mut Vec::new(), &mut imports);
        }
    }
    for item in items {
        match item {
            syn::Item::Mod(module) => {
                if let Some((_, items)) = &module.content {
                    scan_items(items, found);
                }
            }
            syn::Item::Impl(block) => {
                let implemented = block
                    .trait_
                    .as_ref()
                    .and_then(|implemented| implemented.0.segments.last());
                found.extend(implemented.map(|name| Implementation {
                    trait_name: name.ident.to_string(),
                    argument: argument(name, &imports),
                    line: block.impl_token.span.start().line,
                    types: block.items.iter().filter_map(associated_type).collect(),
                    subject: block.self_ty.to_token_stream().to_string(),
                    methods: block.items.iter().filter_map(method).collect(),
                    end: block.brace_token.span.close().span().byte_range().start,
                    imports: imports.clone(),
                }));
            }
            _ => {}
        }
    }
}

/// The path of the first type argument, the import of its first name resolved.
fn argument(
    implemented: &syn::PathSegment,
    imports: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let syn::PathArguments::AngleBracketed(arguments) = &implemented.arguments else {
        return Vec::new();
    };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        syn::GenericArgument::Type(syn::Type::Path(ty)) => Some(&ty.path.segments),
        _ => None,
    });
    let Some(segments) = types.next() else {
        return Vec::new();
    };
    let mut names = segments.iter().map(|segment| segment.ident.to_string());
    let first = names.next().unwrap_or_default();
    let mut path = imports.get(&first).cloned().unwrap_or_else(|| vec![first]);
    path.extend(names);
    path
}

fn associated_type(item: &syn::ImplItem) -> Option<String> {
    match item {
        syn::ImplItem::Type(ty) => Some(ty.ident.to_string()),
        _ => None,
    }
}

fn method(item: &syn::ImplItem) -> Option<String> {
    match item {
        syn::ImplItem::Fn(function) => Some(function.sig.ident.to_string()),
        _ => None,
    }
}

fn add_imports(
    tree: &syn::UseTree,
    path: &mut Vec<String>,
    imports: &mut BTreeMap<String, Vec<String>>,
) {
    let mut add = |name: &syn::Ident, original: &syn::Ident| {
        let mut path = path.clone();
        if original != "self" {
            path.push(original.to_string());
        }
        let name = match name == "self" {
            true => path.last().cloned().unwrap_or_default(),
            false => name.to_string(),
        };
        imports.insert(name, path);
    };
    match tree {
        syn::UseTree::Path(below) => {
            path.push(below.ident.to_string());
            add_imports(&below.tree, path, imports);
            path.pop();
        }
        syn::UseTree::Name(leaf) => add(&leaf.ident, &leaf.ident),
        syn::UseTree::Rename(leaf) => add(&leaf.rename, &leaf.ident),
        syn::UseTree::Glob(_) => {}
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                add_imports(tree, path, imports);
            }
        }
    }
}

impl Implementation {
    /// Whether it is `Handler<Route>` of the route whose generated code is in `module`.
    pub(super) fn handles(&self, module: &str) -> bool {
        self.trait_name == "Handler"
            && self
                .argument
                .ends_with(&[module.to_owned(), "Route".to_owned()])
    }

    /// What the file calls the things that stubs mention; `krate` is how it reaches the library, `module` where the
    /// trait is.
    pub(super) fn names(&self, krate: &str, module: Option<&str>) -> Names {
        let Some(module) = module else {
            return Names::default();
        };
        let call = |path: &[&str]| self.call(krate, path);
        Names {
            context: call(&["generated", module, "Context"]),
            error: call(&["wsgen_runtime", "Error"]),
            handler: call(&["wsgen_runtime", "Handler"]),
            message: call(&["wsgen_runtime", "Message"]),
            messages: call(&["generated", "messages"]),
            reject: call(&["wsgen_runtime", "Reject"]),
            route: format!("{}::", call(&["generated", module])),
        }
    }

    /// The shortest way to something: the name under which it, or the module that has it, is imported, or the path.
    fn call(&self, krate: &str, path: &[&str]) -> String {
        let is = |imported: &[String], path: &[&str]| {
            let start = imported.len().checked_sub(path.len());
            start.is_some_and(|start| imported[start..].iter().eq(path.iter()))
        };
        let name_of = |path: &[&str]| {
            let found = self.imports.iter().find(|(_, imported)| is(imported, path));
            found.map(|(name, _)| name.clone())
        };
        if let Some(name) = name_of(path) {
            return name;
        }
        if let [.., last] = path
            && path.len() > 2
            && let Some(module) = name_of(&path[..path.len() - 1])
        {
            return format!("{module}::{last}");
        }
        match path.first() {
            Some(&"generated") => format!("{krate}::{}", path.join("::")),
            _ => path.join("::"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = r#"#!/usr/bin/env run
//! Räume.
use wsgen_runtime::{Error as Fault, Reject};
use crate::generated::{messages::{self, Say}, room::{Context, Room}};

impl Room for Handlers {
    type Session = ();
    async fn r#type(&self) { "}"; }
    fn say(&self) {}
}
impl Handlers { fn own() {} }
mod inner {
    use super::generated::room;
    impl room::Room for Other {}
}
"#;

    #[test]
    fn implementations_are_found_with_their_ends() {
        let found = scan(CODE).unwrap();
        let seen: Vec<(&str, usize)> = found
            .iter()
            .map(|one| (&*one.trait_name, one.methods.len()))
            .collect();
        assert_eq!(seen, [("Room", 2), ("Room", 0)]);
        assert_eq!(found[0].methods, ["r#type", "say"]);
        assert_eq!(
            &CODE[found[0].end..],
            CODE[CODE.find("}\nimpl Handlers").unwrap()..].to_owned()
        );
        assert!(CODE[found[1].end..].starts_with("}\n}"));
        assert!(scan("impl {").is_none());
    }

    #[test]
    fn things_are_called_as_the_file_calls_them() {
        let found = scan(CODE).unwrap();
        let names = found[0].names("crate", Some("room"));
        assert_eq!(names.context, "Context");
        assert_eq!(names.error, "Fault");
        assert_eq!(names.messages, "messages");
        assert_eq!(names.message, "wsgen_runtime::Message");
        assert_eq!(names.route, "crate::generated::room::");
        let names = found[1].names("demo", Some("room"));
        assert_eq!(names.context, "room::Context");
        assert_eq!(names.route, "room::");
        assert_eq!(names.messages, "demo::generated::messages");
        assert_eq!(names.error, "wsgen_runtime::Error");
    }
}
