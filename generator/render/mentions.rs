//! Which names a piece of code uses, so that exactly these are imported.

use std::collections::HashSet;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// What was found in a piece of code.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    heads: HashSet<String>,
    calls: HashSet<String>,
}

impl Mentions {
    /// Looks through all of `code`.
    pub(super) fn of<'c>(code: impl IntoIterator<Item = &'c TokenStream>) -> Self {
        let mut found = Self::default();
        for piece in code {
            found.walk(piece.clone());
        }
        found
    }

    /// Whether a path starts with `name`, as `check::at` starts with `check`.
    pub(super) fn starts_path(&self, name: &str) -> bool {
        self.heads.contains(name)
    }

    /// Whether a method is called without arguments, as in `value.validate()`.
    pub(super) fn calls(&self, method: &str) -> bool {
        self.calls.contains(method)
    }

    fn walk(&mut self, code: TokenStream) {
        let mut before = Before::Other;
        let mut tokens = code.into_iter().peekable();
        while let Some(token) = tokens.next() {
            if let TokenTree::Ident(name) = &token {
                match (before, tokens.peek()) {
                    (Before::Dot, Some(TokenTree::Group(arguments))) if is_empty(arguments) => {
                        self.calls.insert(name.to_string());
                    }
                    // `::`, not the `:` between a name and its type.
                    (Before::Other, Some(TokenTree::Punct(next)))
                        if next.as_char() == ':' && next.spacing() == Spacing::Joint =>
                    {
                        self.heads.insert(name.to_string());
                    }
                    _ => {}
                }
            }
            before = match token {
                TokenTree::Group(group) => {
                    self.walk(group.stream());
                    Before::Other
                }
                TokenTree::Punct(punct) => match (punct.as_char(), punct.spacing()) {
                    ('.', _) => Before::Dot,
                    (':', Spacing::Joint) => Before::Separator,
                    (':', Spacing::Alone) if before == Before::Separator => Before::Separator,
                    _ => Before::Other,
                },
                _ => Before::Other,
            };
        }
    }
}

/// What stands before a token, as far as it matters.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Dot,
    /// `::`
    Separator,
    Other,
}

fn is_empty(arguments: &Group) -> bool {
    arguments.delimiter() == Delimiter::Parenthesis && arguments.stream().is_empty()
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn only_heads_of_paths_and_bare_calls_count() {
        let found = Mentions::of([&quote! {
            struct S { check: a::check::B }
            fn f() { value.validate(); value.messages(1); codegen::tag(x) }
        }]);
        assert!(found.starts_path("a") && found.starts_path("codegen"));
        assert!(!found.starts_path("check"));
        assert!(found.calls("validate") && !found.calls("messages"));
    }
}
