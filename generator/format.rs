//! Tokens to text that a careful person could have written.

use proc_macro2::TokenStream;
use quote::quote;

use crate::naming::{string_literal, visible_lines};
use crate::render::{Piece, Row};

/// Formats a module: prettyplease, then blank lines between items, then `header` as the first line.
///
/// # Errors
/// When the tokens are no Rust file: a bug of the renderer, never of the document.
pub(crate) fn format(code: Vec<Piece>, header: &str) -> Result<String, syn::Error> {
    let mut text = format!("{header}\n");
    let mut previous = None;
    for piece in code {
        match piece {
            Piece::Items(code) => items(code, &mut previous, &mut text)?,
            Piece::Table { head, rows } => {
                table(&head, rows, &mut text)?;
                previous = Some(ItemKind::Other);
            }
        }
    }
    // `proc_macro2` takes some characters that are not seen for printable.
    Ok(visible_lines(text))
}

/// Writes each row on a line of its own, which prettyplease does not do for macros that it does not know.
fn table(head: &str, rows: Vec<Row>, text: &mut String) -> Result<(), syn::Error> {
    text.push_str(&format!("\n{head} {{"));
    for row in rows {
        text.push_str(&format!("\n    {}", row.variant));
        if let Some(payload) = row.payload {
            text.push_str(&format!("({})", type_text(payload)?));
        }
        if let Some((name, format)) = row.format {
            text.push_str(&format!(": {} => {format}", string_literal(&name)));
        }
        text.push(',');
    }
    text.push_str("\n});\n");
    Ok(())
}

/// A type on one line.
fn type_text(ty: TokenStream) -> Result<String, syn::Error> {
    let item = prettyplease::unparse(&syn::parse2(quote!(type T = #ty;))?);
    let ty = item.trim_end().trim_end_matches(';');
    Ok(ty.trim_start_matches("type T = ").to_owned())
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
        let text = format(vec![Piece::Items(item)], "")?;
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
    fn a_row_is_a_line() -> Result<(), syn::Error> {
        let row = |variant: &str, payload, name: &str| Row {
            variant: quote::format_ident!("{variant}"),
            payload,
            format: Some((name.to_owned(), "json")),
        };
        let rows = vec![
            row("Said", Some(quote!(Vec<Option<messages::Said>>)), "said"),
            row("Left", None, "left"),
        ];
        let head = "codegen::encode!(Outbound".to_owned();
        let after = Piece::Items(quote!(
            struct After;
        ));
        let text = format(vec![Piece::Table { head, rows }, after], "// Header")?;
        assert_eq!(
            text,
            r#"// Header

codegen::encode!(Outbound {
    Said(Vec<Option<messages::Said>>): "said" => json,
    Left: "left" => json,
});

struct After;
"#
        );
        Ok(())
    }
}
