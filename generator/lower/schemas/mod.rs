//! Schemas to types.

mod enumerations;
mod families;
mod family;
mod lowering;
mod objects;
mod subject;
mod unions;

pub(super) use enumerations::variants;
pub(super) use lowering::Schemas;
pub(super) use subject::docs;

pub(super) use families::families;
