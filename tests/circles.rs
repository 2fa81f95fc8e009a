//! No files of the generator need each other in a circle: each can be read after those that it uses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Item, UseTree};

use crate::support::root;

/// The names that lead to a module: `["wsgen", "lower", "facts"]`.
type ModulePath = Vec<String>;

/// The files of the library and of the program, each crate by its name.
const CRATES: [(&str, &str); 2] = [("wsgen", "lib.rs"), ("program", "main.rs")];

#[test]
fn no_files_need_each_other() {
    let modules = Modules::read(&root().join("generator"));
    assert!(modules.files().len() > 100, "the files were not found");
    let needs = modules.needs();
    let circles = circles(&needs);
    let told = circles.iter().map(|circle| tell(circle, &needs));
    assert!(
        circles.is_empty(),
        "files that need each other:\n\n{}\nmove what both need to a file below them",
        told.collect::<String>()
    );
}

#[test]
fn a_circle_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;");
    write("main.rs", "mod d;");
    write("a.rs", "use super::b::inner::B;\npub struct A(B);");
    write("b/mod.rs", "pub(crate) mod inner;\npub use inner::B;");
    write(
        "b/inner.rs",
        "pub struct B;\nfn f() -> crate::A { todo!() }",
    );
    write(
        "c.rs",
        "use crate::b::B;\n#[cfg(test)] mod tests { use super::super::d; }",
    );
    write("d.rs", "use wsgen::A;\nuse std::fmt::Debug;");
    let needs = Modules::read(folder.path()).needs();
    assert_eq!(circles(&needs), [["a.rs", "b/inner.rs"]]);
    let needed = |file: &str| needs[file].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(needed("c.rs"), ["b/inner.rs"]);
    assert_eq!(needed("d.rs"), ["a.rs"]);
}

/// A module: what it declares, what it passes on, and what it mentions.
#[derive(Default)]
struct Module {
    file: String,
    items: BTreeSet<String>,
    /// Names that lead elsewhere, by `use`.
    imports: BTreeMap<String, Vec<String>>,
    /// Paths in its code, and those that it imports for itself.
    mentioned: Vec<Vec<String>>,
}

#[derive(Default)]
struct Modules(BTreeMap<ModulePath, Module>);

impl Modules {
    /// Reads the crates whose files are in `folder`.
    fn read(folder: &Path) -> Self {
        let mut modules = Self::default();
        for (name, file) in CRATES {
            modules.add_file(folder, vec![name.to_owned()], file.to_owned());
        }
        modules
    }

    fn files(&self) -> BTreeSet<&str> {
        self.0.values().map(|module| module.file.as_str()).collect()
    }

    fn add_file(&mut self, folder: &Path, path: ModulePath, file: String) {
        let text = fs::read_to_string(folder.join(&file)).unwrap();
        let parsed = syn::parse_file(&text).unwrap();
        self.add(folder, path, &file, parsed.items);
    }

    fn add(&mut self, folder: &Path, path: ModulePath, file: &str, items: Vec<Item>) {
        let mut module = Module {
            file: file.to_owned(),
            ..Module::default()
        };
        for item in items {
            if is_test(&item) {
                continue;
            }
            module.items.extend(name(&item));
            match item {
                Item::Mod(inner) => {
                    let name = inner.ident.to_string();
                    let mut inside = path.clone();
                    inside.push(name.clone());
                    match inner.content {
                        Some((_, items)) => self.add(folder, inside, file, items),
                        None => {
                            let file = file_of(folder, file, &name);
                            self.add_file(folder, inside, file);
                        }
                    }
                }
                Item::Use(import) => {
                    let passes_on = !matches!(import.vis, syn::Visibility::Inherited);
                    for (name, leads_to) in leaves(&import.tree) {
                        if !passes_on {
                            module.mentioned.push(leads_to.clone());
                        }
                        module.imports.insert(name, leads_to);
                    }
                }
                item => paths(item.to_token_stream(), &mut module.mentioned),
            }
        }
        self.0.insert(path, module);
    }

    /// For each file, those that have what it mentions.
    fn needs(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (path, module) in &self.0 {
            let needed = module.mentioned.iter();
            let needed = needed.filter_map(|mentioned| self.file_with(path, mentioned, 0));
            let others = needed.filter(|file| *file != module.file);
            needs
                .entry(module.file.clone())
                .or_default()
                .extend(others.map(str::to_owned));
        }
        needs
    }

    /// The file that declares what a path in a module leads to; `None` where that is in another crate.
    fn file_with(&self, from: &ModulePath, path: &[String], depth: usize) -> Option<&str> {
        assert!(depth < 20, "`use` in a circle: {path:?}");
        let mut at = from.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => at.truncate(1),
            "super" => {
                at.pop();
            }
            "self" => {}
            "wsgen" => at = vec!["wsgen".to_owned()],
            first => {
                let inside = [from.as_slice(), &[first.to_owned()]].concat();
                let import = self.0[from].imports.get(first);
                // A name can be that of a module and of what it passes on: what goes on leads through the module.
                let leads_through = rest.len() > 1 && self.0.contains_key(&inside);
                if let Some(leads_to) = import.filter(|_| !leads_through) {
                    let whole = [leads_to.as_slice(), &rest[1..]].concat();
                    // `use quote::quote;` leads to another crate.
                    let is_foreign = leads_to.first().is_some_and(|name| name == first)
                        && !self.0.contains_key(&inside);
                    return match is_foreign {
                        true => None,
                        false => self.file_with(from, &whole, depth + 1),
                    };
                }
                if !self.0.contains_key(&inside) {
                    return None;
                }
                at = inside;
            }
        }
        rest = &rest[1..];
        while let Some((next, after)) = rest.split_first() {
            let inside = [at.as_slice(), std::slice::from_ref(next)].concat();
            let import = self.0[&at].imports.get(next);
            let leads_through = !after.is_empty() && self.0.contains_key(&inside);
            match import.filter(|_| !leads_through) {
                _ if next == "super" => {
                    at.pop();
                }
                Some(leads_to) => {
                    let whole = [leads_to.as_slice(), after].concat();
                    return self.file_with(&at, &whole, depth + 1);
                }
                None if self.0.contains_key(&inside) => at = inside,
                None => break,
            }
            rest = after;
        }
        Some(&self.0[&at].file)
    }
}

/// Where the module of this name is that `file` declares.
fn file_of(folder: &Path, file: &str, name: &str) -> String {
    let (parent, own) = file.rsplit_once('/').unwrap_or(("", file));
    let below = match own {
        "lib.rs" | "main.rs" | "mod.rs" => parent.to_owned(),
        own => format!("{parent}/{}", own.trim_end_matches(".rs")),
    };
    let candidates = [
        format!("{below}/{name}.rs"),
        format!("{below}/{name}/mod.rs"),
    ];
    let mut candidates = candidates.map(|path| path.trim_start_matches('/').to_owned());
    let found = candidates
        .iter_mut()
        .find(|path| folder.join(path).is_file());
    found.map(std::mem::take).expect(name)
}

fn is_test(item: &Item) -> bool {
    let (Item::Mod(syn::ItemMod { attrs, .. }) | Item::Fn(syn::ItemFn { attrs, .. })) = item else {
        return false;
    };
    let texts = attrs.iter().map(|attr| attr.to_token_stream().to_string());
    texts
        .into_iter()
        .any(|text| text.contains("cfg") && text.contains("test"))
}

fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// The names that a `use` brings, each with the path that it leads to.
fn leaves(tree: &UseTree) -> Vec<(String, Vec<String>)> {
    match tree {
        UseTree::Path(path) => {
            let first = path.ident.to_string();
            let inner = leaves(&path.tree).into_iter();
            let inner = inner.map(|(name, rest)| {
                let name = if name == "self" { first.clone() } else { name };
                (name, [vec![first.clone()], rest].concat())
            });
            inner.collect()
        }
        UseTree::Name(name) if name.ident == "self" => vec![("self".to_owned(), Vec::new())],
        UseTree::Name(name) => vec![(name.ident.to_string(), vec![name.ident.to_string()])],
        UseTree::Rename(rename) => {
            vec![(rename.rename.to_string(), vec![rename.ident.to_string()])]
        }
        UseTree::Glob(_) => Vec::new(),
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

/// All paths of two names or more in some code.
fn paths(code: TokenStream, found: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    let mut end = |path: &mut Vec<String>| {
        if path.len() > 1 {
            found.push(path.clone());
        }
        path.clear();
    };
    let mut groups = Vec::new();
    let mut before = String::new();
    for token in code {
        // What is quoted is code of others.
        let is_quoted = before == "quote!";
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '!' => before.push('!'),
            other => before = other.to_string(),
        }
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    end(&mut path);
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                colons += 1;
                if colons == 1 && punct.spacing() == Spacing::Alone {
                    end(&mut path);
                    colons = 0;
                }
            }
            other => {
                end(&mut path);
                colons = 0;
                if let TokenTree::Group(group) = other
                    && !is_quoted
                {
                    groups.push(group.stream());
                }
            }
        }
    }
    end(&mut path);
    // `in crate::render` is how far something is seen, and leads to no item.
    let is_visibility = |group: &TokenStream| {
        let first = group.clone().into_iter().next();
        matches!(first, Some(TokenTree::Ident(name)) if name == "in")
    };
    for group in groups.into_iter().filter(|group| !is_visibility(group)) {
        paths(group, found);
    }
}

/// The groups of files that lead to each other, each sorted.
fn circles(needs: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reach = |start: &String| {
        let mut reached: BTreeSet<&String> = BTreeSet::new();
        let mut pending: Vec<&String> = needs.get(start).into_iter().flatten().collect();
        while let Some(file) = pending.pop() {
            if reached.insert(file) {
                pending.extend(needs.get(file).into_iter().flatten());
            }
        }
        reached
    };
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        needs.keys().map(|file| (file, reach(file))).collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for (file, leads_to) in &reached {
        if leads_to.contains(file) {
            let back = |other: &&&String| reached.get(**other).is_some_and(|to| to.contains(file));
            found.insert(
                leads_to
                    .iter()
                    .filter(back)
                    .map(|file| (*file).clone())
                    .collect(),
            );
        }
    }
    found.into_iter().collect()
}

/// A circle, with the arrows in it.
fn tell(circle: &[String], needs: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut text = String::new();
    for file in circle {
        for needed in needs[file].iter().filter(|needed| circle.contains(needed)) {
            text.push_str(&format!("generator/{file} needs generator/{needed}\n"));
        }
    }
    text + "\n"
}
