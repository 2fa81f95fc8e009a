//! Properties that commonly name a message.

/// The most telling first.
const TAG_NAMES: &[&str] = &[
    "type", "event", "op", "action", "method", "msg", "kind", "name", "channel",
];

/// Others that are only looked at where nothing else tells messages apart.
const RARE_TAG_NAMES: &[&str] = &[
    "e",
    "t",
    "cmd",
    "command",
    "topic",
    "opcode",
    "subtype",
    "evt",
    "msgtype",
    "@type",
    "_type",
    "$type",
    "operation",
    "event_name",
    "eventname",
    "message_name",
    "messagename",
];

/// The last words of longer names, such as `messageType` or `event_type`.
const LAST_WORDS: &[&str] = &["type", "event", "action", "kind", "method", "command"];

/// Whether a property is called as those that name messages.
pub(super) fn is_tag_name(property: &str) -> bool {
    let lower = property.to_lowercase();
    TAG_NAMES.contains(&lower.as_str())
        || RARE_TAG_NAMES.contains(&lower.as_str())
        || super::spelling::name_words(property)
            .last()
            .is_some_and(|last| LAST_WORDS.contains(&last.as_str()))
}

/// How telling a name is; 0 for one that is not among the common ones.
pub(super) fn fame(property: &str) -> usize {
    TAG_NAMES
        .iter()
        .rev()
        .position(|name| *name == property)
        .map_or(0, |position| position + 1)
}
