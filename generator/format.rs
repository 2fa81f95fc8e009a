//! Tokens to text that a careful person could have written.

use proc_macro2::TokenStream;

/// Formats a module, given in pieces of whole items: prettyplease, then blank lines between items, then `header` as the
/// first line.
///
/// # Errors
/// When the tokens are no Rust file: a bug of the renderer, never of the document.
pub(crate) fn format(code: Vec<TokenStream>, header: &str) -> Result<String, syn::Error> {
    let mut text = format!("{header}\n");
    let mut previous = None;
    for piece in code {
        let mut file: syn::File = syn::parse2(piece)?;
        let items = std::mem::take(&mut file.items);
        text.push_str(&prettyplease::unparse(&file));
        for item in items {
            let kind = kind(&item);
            if previous != Some(kind) || !kind.is_line() {
                text.push('\n');
            }
            previous = Some(kind);
            text.push_str(&spaced(&unparse(item)));
        }
    }
    Ok(text)
}

/// What an item is, as far as blank lines go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ItemKind {
    Use(Origin),
    Module,
    Other,
}

/// Imports come in groups: the standard library, crates, this crate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Std,
    External,
    Local,
}

impl ItemKind {
    /// Whether items of this kind stand on lines that follow each other.
    fn is_line(self) -> bool {
        self != Self::Other
    }
}

fn kind(item: &syn::Item) -> ItemKind {
    match item {
        syn::Item::Use(item) => ItemKind::Use(origin(&item.tree)),
        syn::Item::Mod(module) if module.content.is_none() => ItemKind::Module,
        _ => ItemKind::Other,
    }
}

fn origin(tree: &syn::UseTree) -> Origin {
    match tree {
        syn::UseTree::Path(path) if path.ident == "std" => Origin::Std,
        syn::UseTree::Path(path)
            if ["crate", "self", "super"]
                .iter()
                .any(|local| path.ident == local) =>
        {
            Origin::Local
        }
        _ => Origin::External,
    }
}

fn unparse(item: syn::Item) -> String {
    prettyplease::unparse(&syn::File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: vec![item],
    })
}

/// Puts blank lines between the members of a trait or an `impl`.
///
/// Lines are safe to look at: the renderer writes no literal that spans several of them.
fn spaced(item: &str) -> String {
    const INDENT: &str = "    ";
    let block = item
        .lines()
        .any(|line| line.starts_with("impl") || line.starts_with("pub trait"));
    if !block {
        return item.to_owned();
    }
    let mut text = String::with_capacity(item.len() + 64);
    let mut after_member: Option<bool> = None;
    for line in item.lines() {
        let member = line
            .strip_prefix(INDENT)
            .filter(|rest| !rest.starts_with([' ', '}', ')']));
        if let Some(member) = member {
            let short = member.starts_with("type ") || member.starts_with("const ");
            if after_member.is_some_and(|was_short| !(was_short && short)) {
                text.push('\n');
            }
            after_member = None;
        }
        text.push_str(line);
        text.push('\n');
        if line.starts_with(INDENT)
            && !line[INDENT.len()..].starts_with(' ')
            && line.ends_with([';', '}'])
        {
            let short =
                line.trim_start().starts_with("type ") || line.trim_start().starts_with("const ");
            after_member = Some(short);
        }
    }
    text
}
