//! An object with its traits, merged by JSON Merge Patch (RFC 7386) where it is looked at.

use super::{Node, Version};

/// Objects that are merged into one, the one with precedence first.
///
/// Nothing is copied, so that every value keeps its place in the text.
pub(crate) struct Layers<'a>(Vec<Node<'a>>);

impl<'a> Layers<'a> {
    /// An object with its traits in the order in which they are applied: a trait of 2.x overrides the object, in 3.x
    /// the object overrides its traits; a later trait always overrides an earlier one.
    pub(crate) fn new(
        object: Node<'a>,
        traits: impl IntoIterator<Item = Node<'a>>,
        version: Version,
    ) -> Layers<'a> {
        let mut layers: Vec<Node<'a>> = traits.into_iter().collect();
        layers.reverse();
        let place = match version {
            Version::V2(_) => layers.len(),
            Version::V3(_) => 0,
        };
        layers.insert(place, object);
        Layers(layers)
    }

    /// The value of a property, of an object only what the first layer says of it; a `null` takes the property away.
    pub(crate) fn get(&self, key: &str) -> Option<Node<'a>> {
        self.0
            .iter()
            .find_map(|layer| layer.get(key))
            .filter(|value| !value.is_null())
    }

    /// A property whose objects are merged as well, after references are followed.
    ///
    /// An object is merged with those below it, and anything else hides what is below.
    pub(crate) fn part(
        &self,
        key: &str,
        mut follow: impl FnMut(Node<'a>) -> Option<Node<'a>>,
    ) -> Layers<'a> {
        let mut part: Vec<Node<'a>> = Vec::new();
        for value in self.0.iter().filter_map(|layer| layer.get(key)) {
            let value = Some(value).filter(|value| !value.is_null());
            match value.and_then(&mut follow) {
                Some(value) if value.is_object() => part.push(value),
                Some(value) if part.is_empty() => return Layers(vec![value]),
                _ => break,
            }
        }
        Layers(part)
    }

    /// The layers, the one with precedence first.
    pub(crate) fn nodes(&self) -> &[Node<'a>] {
        &self.0
    }
}
