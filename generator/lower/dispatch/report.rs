//! What is said of messages that nothing certain tells apart.

use crate::diagnostic::{Code, Diagnostics};
use crate::model::{Dispatch, Evidence, Shape, Tag, TagValue, VariantId};

use super::super::messages::{Message, MessagesOneWay};
use super::candidate::Candidates;
use super::evidence::likely_tag;

/// Messages that nothing tells apart, or something that is not certain.
pub(super) enum Finding {
    /// Nothing: what the user may write, the property and the value of each.
    Ambiguous {
        first: VariantId,
        second: VariantId,
        /// Whether several messages come in binary frames.
        is_binary: bool,
        /// The property that would tell them apart.
        property: String,
        values: [String; 2],
    },
    /// Properties that no other message has, and that need not be there.
    OwnKeys(VariantId, Vec<String>),
    /// A property of which the schemas do not say that it is the tag.
    Suggested(Tag),
}

impl Finding {
    pub(super) fn of(
        candidates: &Candidates<'_>,
        dispatch: &Dispatch,
        is_binary: bool,
    ) -> Option<Self> {
        if let [first, second, ..] = dispatch.ambiguous[..] {
            let tag = dispatch.tag.as_ref().map(|tag| tag.path.clone());
            let path = tag.unwrap_or_else(|| likely_tag(candidates, &[first, second]));
            let value = |id| {
                let name = candidates.get(&id).and_then(|found| found.names.first());
                TagValue::String(name.copied().unwrap_or("NAME").to_owned()).to_json()
            };
            return Some(Self::Ambiguous {
                first,
                second,
                is_binary,
                property: path.join("."),
                values: [value(first), value(second)],
            });
        }
        let own_keys = dispatch.shapes.iter().find_map(|(shape, id)| match shape {
            Shape::AnyKey(keys) => Some(Self::OwnKeys(*id, keys.clone())),
            _ => None,
        });
        if own_keys.is_some() {
            return own_keys;
        }
        let tag = dispatch.tag.clone();
        tag.filter(|tag| tag.evidence > Evidence::Schema)
            .map(Self::Suggested)
    }

    pub(super) fn report(&self, messages: &MessagesOneWay<'_, '_>, diagnostics: &mut Diagnostics) {
        let place = |message: &Message<'_, '_>| message.found.message.node.key_location();
        match self {
            Self::Ambiguous {
                first,
                second,
                is_binary,
                property,
                values,
            } => {
                let [first, second] = [*first, *second].map(|id| &messages[id]);
                let help = match is_binary {
                    true => "binary frames do not say what is in them: let one message or one format come in them; until then they arrive undecoded, by the method `raw`".to_owned(),
                    false => format!(
                        "until then both arrive undecoded, by the method `raw`: give each message a property with a `const`, or say in wsgen.toml by which value each is known, for instance\n{}\n{}",
                        settings(&first.name, property, &values[0]),
                        settings(&second.name, property, &values[1]),
                    ),
                };
                diagnostics
                    .warning(
                        Code::AmbiguousMessages,
                        place(first),
                        format!("nothing tells `{}` from `{}`", first.name, second.name),
                    )
                    .related(place(second), "the other message")
                    .help(help);
            }
            Self::OwnKeys(id, keys) => {
                let message = &messages[*id];
                let names: Vec<String> =
                    keys.iter().take(3).map(|key| format!("`{key}`")).collect();
                let names = names.join(", ");
                diagnostics
                    .warning(
                        Code::SuggestedTag,
                        place(message),
                        format!(
                            "`{}` is known by properties that no other message here has, and none of them is required: {names}",
                            message.name
                        ),
                    )
                    .help("to make it certain, list them under `required`, or give each message a property with a `const`; a payload without any of them is refused");
            }
            Self::Suggested(tag) => {
                let Some((value, id)) = tag
                    .values
                    .iter()
                    .find(|(_, id)| messages.ids().any(|known| known == *id))
                else {
                    return;
                };
                let message = &messages[*id];
                let property = tag.path.join(".");
                let why = match tag.evidence {
                    Evidence::Examples => "the examples have different values there",
                    Evidence::Names => {
                        "it is called like a tag, and its values are taken for the names of the messages"
                    }
                    _ => "what is written beside it names a value for each",
                };
                diagnostics
                    .warning(
                        Code::SuggestedTag,
                        place(message),
                        format!(
                            "`{property}` is taken for what tells `{}` from other messages: {why}, but no schema says so",
                            message.name
                        ),
                    )
                    .help(format!(
                        "to make it certain, say `const: {}` at `{property}` of each message, or in wsgen.toml\n{}",
                        value.text(),
                        settings(&message.name, &property, &value.to_json()),
                    ));
            }
        }
    }
}

/// The lines of `wsgen.toml` that say by which value a message is known.
fn settings(message: &str, property: &str, value: &str) -> String {
    let key = crate::naming::toml_key;
    format!(
        "[messages.{}]\nwhen = {{ {} = {value} }}",
        key(message),
        key(property)
    )
}
