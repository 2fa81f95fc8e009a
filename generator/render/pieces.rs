//! The code of a module in pieces, each of which can be formatted on its own.

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
