//! What is told apart.

use indexmap::IndexMap;

use crate::document::Node;
use crate::model::VariantId;

use super::profile::Profile;

/// The alternatives to choose from.
pub(in super::super) type Candidates<'n> = IndexMap<VariantId, Candidate<'n>>;

/// An alternative, and all that tells it from others.
pub(in super::super) struct Candidate<'n> {
    /// What can be seen of it.
    pub(in super::super) profile: Profile,
    /// What the document calls it.
    pub(in super::super) names: Vec<&'n str>,
    /// Examples of it.
    pub(in super::super) examples: Vec<Node<'n>>,
}
