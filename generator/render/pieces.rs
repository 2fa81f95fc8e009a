//! The code of a module in pieces, each of which can be formatted on its own.

use std::iter;

use proc_macro2::TokenStream;

/// A piece of a module.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Whole items.
    Items(TokenStream),
    /// A trait, or an `impl` of one: its members in groups, since most of them are the same in every route.
    Block {
        /// What stands before the braces.
        head: TokenStream,
        /// What stands between them; a group may be empty, but not all.
        members: Vec<TokenStream>,
    },
}

impl Piece {
    /// All that stands in it.
    pub(super) fn code(&self) -> impl Iterator<Item = &TokenStream> {
        let (first, rest) = match self {
            Self::Items(code) => (code, [].as_slice()),
            Self::Block { head, members } => (head, members.as_slice()),
        };
        iter::once(first).chain(rest)
    }
}
