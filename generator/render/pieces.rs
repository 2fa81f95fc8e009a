//! The code of a module in pieces, each of which is formatted in its own way.

use proc_macro2::{Ident, TokenStream};

/// A piece of a module.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Whole items.
    Items(TokenStream),
    /// A macro of the runtime whose argument is a table: a row is a line.
    Table {
        /// The macro, and what stands before the braces, such as `codegen::encode!(Outbound`.
        head: String,
        /// What stands between them.
        rows: Vec<Row>,
    },
}

/// A message in a table.
#[derive(Debug)]
pub(crate) struct Row {
    /// The variant.
    pub(crate) variant: Ident,
    /// The type of its payload, if that becomes the enumeration by itself.
    pub(crate) payload: Option<TokenStream>,
    /// The message's name, and the word for its format.
    pub(crate) format: Option<(String, &'static str)>,
}
