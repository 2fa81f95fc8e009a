//! Tokens to text that a careful person could have written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::naming::visible_lines;
use crate::render::Piece;

/// What formats the modules of a project.
///
/// Parsing and breaking lines is most of the work of generating, and most members are the same in every route: those that
/// were formatted before are not formatted again.
#[derive(Debug, Default)]
pub(crate) struct Formatter {
    /// The text of members, as they stand in a trait or an `impl`, by their tokens.
    known: Mutex<HashMap<String, Arc<str>>>,
}

impl Formatter {
    /// Formats a module: prettyplease, then blank lines between items, then `header` as the first line.
    ///
    /// # Errors
    /// When the tokens are no Rust file: a bug of the renderer, never of the document.
    pub(crate) fn format(&self, code: Vec<Piece>, header: &str) -> Result<String, syn::Error> {
        let mut text = format!("{header}\n");
        let mut previous = None;
        for piece in code {
            match piece {
                Piece::Items(code) => items(code, &mut previous, &mut text)?,
                Piece::Block { head, members } => {
                    text.push('\n');
                    text.push_str(&spaced(&self.block(&head, members)?));
                    previous = Some(ItemKind::Other);
                }
            }
        }
        // `proc_macro2` takes some characters that are not seen for printable.
        Ok(visible_lines(text))
    }

    fn block(&self, head: &TokenStream, members: Vec<TokenStream>) -> Result<String, syn::Error> {
        // Its line is broken as that of a block with members is.
        let block = unparse(quote!(#head { fn member() {} }))?;
        let mut text = part(&block, "", "    fn member() {}\n}\n")?.to_owned();
        for members in members {
            if !members.is_empty() {
                text.push_str(&self.members(&members)?);
            }
        }
        text.push_str("}\n");
        Ok(text)
    }

    /// Members of an `impl` of a trait are written as those of a trait that have a default.
    fn members(&self, members: &TokenStream) -> Result<Arc<str>, syn::Error> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = members.to_string();
        if let Some(text) = known().get(&tokens) {
            return Ok(Arc::clone(text));
        }
        let block = unparse(quote!(trait Block { #members }))?;
        let text: Arc<str> = part(&block, "trait Block {\n", "}\n")?.into();
        known().insert(tokens, Arc::clone(&text));
        Ok(text)
    }
}

/// The part of a block between what was put around it.
fn part<'t>(block: &'t str, before: &str, after: &str) -> Result<&'t str, syn::Error> {
    let inner = block.strip_prefix(before);
    inner
        .and_then(|inner| inner.strip_suffix(after))
        .ok_or_else(|| syn::Error::new(Span::call_site(), "this is no block with members"))
}

fn items(
    code: TokenStream,
    previous: &mut Option<ItemKind>,
    text: &mut String,
) -> Result<(), syn::Error> {
    let mut file: syn::File = syn::parse2(code)?;
    let items = std::mem::take(&mut file.items);
    text.push_str(&prettyplease::unparse(&file));
    for item in items {
        let kind = kind(&item);
        if *previous != Some(kind) || !kind.is_line() {
            text.push('\n');
        }
        *previous = Some(kind);
        text.push_str(&spaced(&prettyplease::unparse(&alone(item))));
    }
    Ok(())
}

fn unparse(code: TokenStream) -> Result<String, syn::Error> {
    Ok(prettyplease::unparse(&syn::parse2(code)?))
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

/// A file that has this item alone.
fn alone(item: syn::Item) -> syn::File {
    syn::File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: vec![item],
    }
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
            && !line[INDENT.len()..].starts_with([' ', '/'])
            && line.ends_with([';', '}'])
        {
            let short =
                line.trim_start().starts_with("type ") || line.trim_start().starts_with("const ");
            after_member = Some(short);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_blank_line_divides_a_comment() -> Result<(), syn::Error> {
        let item = quote! {
            pub trait Chat {
                /// First;
                ///
                /// second }
                fn one();
                /// Third;
                fn two();
            }
        };
        let text = Formatter::default().format(vec![Piece::Items(item)], "")?;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let member = lines.iter().skip_while(|line| !line.contains("First"));
        let member: Vec<&&str> = member.take_while(|line| !line.contains("Third")).collect();
        assert_eq!(
            member,
            [&"/// First;", &"///", &"/// second }", &"fn one();", &""]
        );
        Ok(())
    }

    #[test]
    fn a_block_is_written_as_the_item_that_it_is() -> Result<(), syn::Error> {
        let members = || {
            vec![
                quote!(
                    type Session: Send;
                ),
                quote!(),
                quote! {
                    /// Called once the connection is open, before the first message.
                    fn connected(&self, cx: &mut Context<'_, Self>) -> impl Future<Output = Result<(), Error>> + Send {
                        async { Ok(()) }
                    }
                    const LIMIT: usize = 1;
                },
            ]
        };
        let formatter = Formatter::default();
        for name in [
            "Chat",
            "AnotherRouteWhoseNameAloneIsSoLongThatTheLineOfTheTraitHasToBeBrokenIntoTwo",
        ] {
            let name = quote::format_ident!("{name}");
            let head = quote!(pub trait #name: Send + Sync + 'static);
            let all = members();
            let item = Piece::Items(quote!(#head { #(#all)* }));
            let block = Piece::Block {
                head,
                members: members(),
            };
            assert_eq!(
                formatter.format(vec![block], "")?,
                formatter.format(vec![item], "")?
            );
        }
        Ok(())
    }
}
