//! What the operations of 3.x refer to: channels and their messages, however the reference is written.

use super::Reader;
use crate::diagnostic::Code;
use crate::document::{ChannelId, MessageId, Node};

impl<'a> Reader<'a, '_> {
    /// The channel that an operation or a reply refers to.
    ///
    /// In a document whose references were replaced by what they stand for, it is the channel that looks the same. One
    /// that is not in `channels` joins the others, with a warning.
    pub(super) fn channel_by_reference(
        &mut self,
        name: &'a str,
        node: Node<'a>,
    ) -> Option<ChannelId> {
        if let Some(text) = node.as_str() {
            return self.channel_by_name(text, node);
        }
        let [target, end] = self.landmarks(node)?;
        if let Some(&index) = self
            .channel_ids
            .get(&target.id())
            .or(self.channel_ids.get(&end.id()))
        {
            return Some(index);
        }
        if node.reference().is_none()
            && let Some(index) = self.channels.find(|channel| channel.node.equals(end))
        {
            return Some(index);
        }
        if end.is_object() {
            self.report_unlisted_channel(node);
        }
        self.add_channel(self.resolver.reference_name(node).unwrap_or(name), node)
    }

    /// The messages of a channel that an item of an operation's `messages` stands for; one that the channel does
    /// not have joins the others, with a warning.
    pub(super) fn messages_by_reference(
        &mut self,
        item: Node<'a>,
        channel: ChannelId,
    ) -> Vec<MessageId> {
        let Some([target, end]) = self.landmarks(item) else {
            return Vec::new();
        };
        let entry = self.message_entries.get(&target.id()).copied();
        if let Some((_, index)) = entry.filter(|&(of, _)| of == channel) {
            return vec![index];
        }
        if item.reference().is_none()
            && let Some(index) = self.channels[channel]
                .messages
                .find(|message| message.node.equals(end))
        {
            return vec![index];
        }
        let known = self.message_targets.get(&(channel, end.id())).copied();
        self.report_foreign_message(item, channel, entry.is_none() && known.is_some());
        known.map_or_else(
            || self.add_messages(channel, item, None),
            |index| vec![index],
        )
    }

    fn channel_by_name(&mut self, text: &str, node: Node<'a>) -> Option<ChannelId> {
        let name = text.trim_start_matches("#/channels/");
        let found = self.channels.find(|channel| channel.name == name);
        if found.is_some() {
            self.diagnostics
                .warning(
                    Code::WrongType,
                    node.location(),
                    "a channel is referred to, not named",
                )
                .help(format!("write `$ref: '{}'`", pointer(&["channels", name])));
            return found;
        }
        let similar = self
            .diagnostics
            .nearest(name, self.channels.iter().map(|channel| channel.name));
        let message = format!("expected a reference to a channel, found the string `{text}`");
        self.diagnostics
            .error(Code::WrongType, node.location(), message)
            .help(format!(
                "write `$ref: '{}'`",
                pointer(&["channels", similar.unwrap_or("name")])
            ));
        None
    }

    fn report_unlisted_channel(&mut self, node: Node<'a>) {
        let help = match self.resolver.reference_name(node) {
            Some(name) => format!(
                "add it to `channels`, and refer to `{}`",
                pointer(&["channels", name])
            ),
            None => "write it in `channels`, and refer to it from here with `$ref`".to_owned(),
        };
        self.diagnostics
            .warning(
                Code::ComponentChannelReference,
                node.reference_location(),
                "this channel is not in `channels`; it is served all the same",
            )
            .help(help);
    }

    fn report_foreign_message(&mut self, item: Node<'a>, channel: ChannelId, is_component: bool) {
        let name = self.channels[channel].name;
        let key = self.resolver.reference_name(item).unwrap_or("name");
        let right = pointer(&["channels", name, "messages", key]);
        let (code, message, help) = match is_component {
            true => (
                Code::ComponentMessageReference,
                "an operation refers to the messages of its channel, not to where these come from"
                    .to_owned(),
                format!("write `$ref: '{right}'`"),
            ),
            false => (
                Code::MessageNotInChannel,
                format!(
                    "this message is not one of the channel `{name}`; it is served there all the same"
                ),
                format!("add it to the `messages` of the channel, and refer to `{right}`"),
            ),
        };
        self.diagnostics
            .warning(code, item.reference_location(), message)
            .help(help);
    }
}

/// The text of a reference to a value of this document (RFC 6901).
fn pointer(segments: &[&str]) -> String {
    let escaped = segments
        .iter()
        .map(|segment| segment.replace('~', "~0").replace('/', "~1"));
    escaped.fold("#".to_owned(), |pointer, segment| pointer + "/" + &segment)
}
