//! The messages of a route: what each is called, how it is written, and what the document says about it.

use crate::conformance::conforms;
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{self, Node};
use crate::model::{Content, JsonKind, RouteId, VariantId};
use crate::naming::{Scope, type_name};
use crate::table::Table;

use super::context::Context;
use super::directions::{Direction, Directions, Found};
use super::facts::gather;
use super::schemas::docs;

/// The messages of a route.
pub(super) struct Messages<'d, 'a> {
    pub(super) inbound: MessagesOneWay<'d, 'a>,
    pub(super) outbound: MessagesOneWay<'d, 'a>,
}

/// The messages that go one way.
pub(super) type MessagesOneWay<'d, 'a> = Table<VariantId, Message<'d, 'a>>;

/// A message of a route.
pub(super) struct Message<'d, 'a> {
    pub(super) found: Found<'d, 'a>,
    /// Its name in the document.
    pub(super) name: String,
    /// Its name as a variant.
    pub(super) variant: String,
    /// How its payload is written.
    pub(super) content: Content,
    /// What the document says about it.
    pub(super) docs: Vec<String>,
    /// Examples of its payload that are what its schema asks for, as JSON.
    pub(super) examples: Vec<String>,
}

impl Messages<'_, '_> {
    /// Whether the document describes none.
    pub(super) fn is_empty(&self) -> bool {
        self.inbound.is_empty() && self.outbound.is_empty()
    }
}

/// Describes the messages of each route.
pub(super) fn describe<'d, 'a>(
    cx: &mut Context<'d, 'a>,
    directions: &Table<RouteId, Directions<'d, 'a>>,
) -> Table<RouteId, Messages<'d, 'a>> {
    directions.map(|_, route| {
        let mut all = route.inbound.iter().chain(route.outbound.iter());
        let plain = all.all(|found| is_bare_text(cx, found.message));
        let mut reading = Reading { cx, plain };
        Messages {
            inbound: reading.messages(&route.inbound),
            outbound: reading.messages(&route.outbound),
        }
    })
}

/// A string without a content type is the text of the frame, as long as nothing else goes over the socket.
fn is_bare_text<'a>(cx: &mut Context<'_, 'a>, message: &document::Message<'a>) -> bool {
    let undeclared = message
        .content_type
        .or(cx.document.default_content_type)
        .is_none();
    undeclared
        && message.payload.is_some_and(|payload| {
            let facts = gather(payload, &cx.resolver, cx.diagnostics);
            facts.values.is_none()
                && facts.choices.is_empty()
                && facts.json_kinds().iter().eq([&JsonKind::String])
        })
}

/// The messages of one route under way.
struct Reading<'c, 'd, 'a> {
    cx: &'c mut Context<'d, 'a>,
    /// Whether nothing but bare texts goes over the socket.
    plain: bool,
}

impl<'d, 'a> Reading<'_, 'd, 'a> {
    fn messages(&mut self, direction: &Direction<'d, 'a>) -> MessagesOneWay<'d, 'a> {
        let mut scope = Scope::reserving(&["Raw", "Self"]);
        let messages = direction.iter().map(|found| {
            let message = found.message;
            let name = self.name(found);
            let content = self.content(message);
            let words = [message.title, message.summary, message.description];
            let mut words: Vec<String> = words.into_iter().flatten().map(str::to_owned).collect();
            if words.is_empty() {
                words = message.payload.map(docs).unwrap_or_default();
            }
            Message {
                found: found.clone(),
                variant: scope.claim_type(&[&type_name(&name)]),
                name,
                content,
                docs: words,
                examples: self.examples(message, content),
            }
        });
        messages.collect()
    }

    /// What a message without a name is, if it is no object: several of a channel are told apart by it.
    fn kind(&self, message: &document::Message<'a>) -> Option<&'static str> {
        let facts = gather(message.payload?, &self.cx.resolver, &mut Diagnostics::new());
        let kinds = facts.json_kinds();
        let only = kinds.first().filter(|_| kinds.len() == 1)?;
        Some(match only {
            JsonKind::Object => return None,
            JsonKind::Array => "list",
            JsonKind::String => "text",
            JsonKind::Number if facts.integer => "integer",
            JsonKind::Number => "number",
            JsonKind::Boolean => "boolean",
            JsonKind::Null => "null",
        })
    }

    /// What to call a message: the document's names for it first, then what it is exchanged by.
    fn name(&self, found: &Found<'_, 'a>) -> String {
        let message = found.message;
        let of_schema = || self.cx.resolver.reference_name(message.payload?);
        let channel = self.cx.document.channels[found.channel].name;
        let own = [message.key, message.name, message.message_id, message.title];
        let own = own.into_iter().flatten();
        let mut own = own.filter(|name| !name.trim().is_empty());
        own.next()
            .or_else(of_schema)
            .or_else(|| found.operation_name())
            .map_or_else(
                || {
                    let channel = channel.trim_matches('/');
                    let what = self.kind(message).unwrap_or("message");
                    format!("{channel} {what}").trim().to_owned()
                },
                str::to_owned,
            )
    }

    fn examples(&mut self, message: &document::Message<'a>, content: Content) -> Vec<String> {
        let cx = &mut *self.cx;
        let payloads = message
            .examples
            .iter()
            .filter_map(|example| example.payload);
        let conforming = payloads.filter(|&example| {
            content == Content::Binary
                || message.payload.is_none_or(|schema| {
                    conforms(schema, example, &cx.resolver, cx.diagnostics).is_ok()
                })
        });
        conforming
            .map(|payload| payload.to_json().to_string())
            .collect()
    }

    fn content(&mut self, message: &document::Message<'a>) -> Content {
        if self.plain {
            return Content::Text;
        }
        if let Some(format) = message
            .schema_format
            .filter(|format| foreign_schema(format))
        {
            let location = message
                .node
                .get("schemaFormat")
                .or(message.node.get("payload"))
                .unwrap_or(message.node)
                .location();
            self.cx.diagnostics.warning(
                Code::UnsupportedContentType,
                location,
                format!(
                    "schemas of the format `{format}` are not read: the payload arrives as bytes"
                ),
            );
            return Content::Binary;
        }
        let declared = message
            .content_type
            .or(self.cx.document.default_content_type)
            .unwrap_or("application/json");
        let media = declared
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match media.as_str() {
            media if media.contains("json") || media.contains("asyncapi") => Content::Json,
            media if is_message_pack(media) => Content::MessagePack,
            media if media == "application/cbor" || media.ends_with("+cbor") => Content::Cbor,
            "application/octet-stream" => Content::Binary,
            media
                if ["audio/", "image/", "video/"]
                    .iter()
                    .any(|family| media.starts_with(family)) =>
            {
                Content::Binary
            }
            media if media.starts_with("text/") && self.is_text(message) => Content::Text,
            media if media.contains("xml") => {
                self.warn_content(message, media, "text");
                Content::Text
            }
            media
                if ["protobuf", "avro", "msgpack", "cbor", "binary"]
                    .iter()
                    .any(|format| media.contains(format)) =>
            {
                self.warn_content(message, media, "bytes");
                Content::Binary
            }
            media => {
                if !media.starts_with("text/") {
                    self.warn_content(message, media, "JSON");
                }
                Content::Json
            }
        }
    }

    fn is_text(&mut self, message: &document::Message<'a>) -> bool {
        message.payload.is_none_or(|payload| {
            let kinds = gather(payload, &self.cx.resolver, self.cx.diagnostics).json_kinds();
            kinds.is_empty() || kinds.contains(&JsonKind::String)
        })
    }

    fn warn_content(&mut self, message: &document::Message<'a>, media: &str, instead: &str) {
        let node = message
            .node
            .get("contentType")
            .or_else(|| self.cx.document.node.get("defaultContentType"));
        self.cx.diagnostics.warning(
            Code::UnsupportedContentType,
            node.map(Node::location),
            format!("`{media}` is not decoded: the payload is taken as {instead}"),
        );
    }
}

/// The names of MessagePack: registered, older, and as a suffix.
fn is_message_pack(media: &str) -> bool {
    let names = [
        "application/msgpack",
        "application/x-msgpack",
        "application/vnd.msgpack",
    ];
    names.contains(&media) || media.ends_with("+msgpack")
}

/// Formats of schemas that are not JSON Schema.
fn foreign_schema(format: &str) -> bool {
    let format = format.to_ascii_lowercase();
    ["avro", "protobuf", "raml", "openapi"]
        .iter()
        .any(|name| format.contains(name))
        && !format.contains("openapi")
}
