//! The messages of a route: their types, how they are written, and how one is told from another.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::conformance::conforms;
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Document, Message, Node, NodeId, Operation};
use crate::model::{Content, Exchange, JsonKind, MessageSet, Type, Variant};
use crate::naming::{Scope, type_name};
use crate::resolve::Resolver;

use super::dispatch::{Profile, choose, profile};
use super::facts::{Facts, gather};
use super::schemas::{Schemas, docs};

/// A message on its way over a route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'d, 'a> {
    pub(super) message: &'d Message<'a>,
    /// Index of the channel that it belongs to.
    pub(super) channel: usize,
    /// The operation that it is exchanged by, unless it is a reply.
    pub(super) operation: Option<&'d Operation<'a>>,
}

/// The messages that go one way, each once.
pub(super) type Direction<'d, 'a> = IndexMap<NodeId, Found<'d, 'a>>;

/// Adds a message once: a request goes before a mention of the same message as a reply.
pub(super) fn add<'d, 'a>(direction: &mut Direction<'d, 'a>, found: Found<'d, 'a>) {
    let known = direction.entry(found.message.node.id()).or_insert(found);
    if known.operation.is_none() {
        *known = found;
    }
}

/// Lowers both directions; `None` where the route has no message at all.
pub(super) fn lower<'a>(
    document: &Document<'a>,
    inbound: &Direction<'_, 'a>,
    outbound: &Direction<'_, 'a>,
    client: bool,
    resolver: &Resolver<'a>,
    schemas: &mut Schemas<'a, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<Exchange> {
    if inbound.is_empty() && outbound.is_empty() {
        return None;
    }
    let plain = inbound
        .values()
        .chain(outbound.values())
        .all(|found| is_bare_text(document, found.message, resolver, diagnostics));
    let mut lowering = Lowering {
        document,
        plain,
        resolver,
        schemas,
    };
    let mut inbound_set = MessageSet {
        variants: lowering.variants(inbound, diagnostics),
        ..MessageSet::default()
    };
    lowering.tell_apart(&mut inbound_set, inbound, diagnostics);
    let mut outbound_set = MessageSet {
        variants: lowering.variants(outbound, diagnostics),
        ..MessageSet::default()
    };
    if client {
        // What only a client cannot tell apart is nothing for the author of the server to read.
        lowering.tell_apart(&mut outbound_set, outbound, &mut Diagnostics::new());
    }
    Some(Exchange {
        inbound: inbound_set,
        outbound: outbound_set,
    })
}

/// A string without a content type is the text of the frame, as long as nothing else goes over the socket.
fn is_bare_text<'a>(
    document: &Document<'a>,
    message: &Message<'a>,
    resolver: &Resolver<'a>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let undeclared = message
        .content_type
        .or(document.default_content_type)
        .is_none();
    undeclared
        && message.payload.is_some_and(|payload| {
            let facts = gather(payload, resolver, diagnostics);
            facts.values.is_none()
                && facts.choices.is_empty()
                && facts.json_kinds().iter().eq([&JsonKind::String])
        })
}

struct Lowering<'d, 'a, 's, 'r> {
    document: &'d Document<'a>,
    plain: bool,
    resolver: &'s Resolver<'a>,
    schemas: &'s mut Schemas<'a, 'r>,
}

impl<'a> Lowering<'_, 'a, '_, '_> {
    fn variants(
        &mut self,
        found: &Direction<'_, 'a>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Variant> {
        let mut scope = Scope::reserving(&["Raw", "Self"]);
        let mut variants: Vec<Variant> = found
            .values()
            .map(|found| self.variant(found, &mut scope, diagnostics))
            .collect();
        let mut uses: HashMap<Type, usize> = HashMap::new();
        for variant in &variants {
            *uses.entry(variant.ty.bare()).or_default() += 1;
        }
        for variant in &mut variants {
            variant.distinct =
                variant.ty != Type::Value && uses.get(&variant.ty.bare()) == Some(&1);
        }
        variants
    }

    fn variant(
        &mut self,
        found: &Found<'_, 'a>,
        scope: &mut Scope,
        diagnostics: &mut Diagnostics,
    ) -> Variant {
        let message = found.message;
        let name = self.name(found);
        let content = self.content(message, diagnostics);
        let ty = match (content, message.payload) {
            (Content::Binary, _) => Type::Bytes,
            (Content::Text, _) => Type::String,
            (_, Some(payload)) => self.schemas.lower(payload, &name, diagnostics),
            (_, None) => self.schemas.undescribed(message.node),
        };
        let mut words: Vec<String> = [message.title, message.summary, message.description]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect();
        if words.is_empty() {
            words = message.payload.map(docs).unwrap_or_default();
        }
        if let Type::Named(id) = &ty {
            self.schemas.describe(*id, &words);
        }
        Variant {
            place: message.node.key_location(),
            variant: scope.claim_type(&[&type_name(&name)]),
            name,
            ty,
            distinct: false,
            content,
            docs: words,
            examples: message
                .examples
                .iter()
                .filter_map(|example| example.payload)
                .filter(|&example| {
                    content == Content::Binary
                        || message.payload.is_none_or(|schema| {
                            conforms(schema, example, self.resolver, diagnostics).is_ok()
                        })
                })
                .map(|payload| payload.to_json().to_string())
                .collect(),
        }
    }

    /// What to call a message: the document's names for it first, then what it is exchanged by.
    fn name(&self, found: &Found<'_, 'a>) -> String {
        let message = found.message;
        let of_schema = || {
            message
                .payload
                .and_then(|payload| self.resolver.reference_name(payload))
        };
        let of_operation = || {
            found
                .operation
                .filter(|operation| operation.messages.len() == 1)
                .and_then(|operation| operation.name)
        };
        let channel = self.document.channels[found.channel].name;
        [message.key, message.name, message.message_id, message.title]
            .into_iter()
            .flatten()
            .find(|name| !name.trim().is_empty())
            .or_else(of_schema)
            .or_else(of_operation)
            .map_or_else(
                || {
                    format!("{} message", channel.trim_matches('/'))
                        .trim()
                        .to_owned()
                },
                str::to_owned,
            )
    }

    fn content(&self, message: &Message<'a>, diagnostics: &mut Diagnostics) -> Content {
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
            diagnostics.warning(
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
            .or(self.document.default_content_type)
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
            media if media.starts_with("text/") && self.is_text(message, diagnostics) => {
                Content::Text
            }
            media if media.contains("xml") => {
                self.warn_content(message, media, "text", diagnostics);
                Content::Text
            }
            media
                if ["protobuf", "avro", "msgpack", "cbor", "binary"]
                    .iter()
                    .any(|format| media.contains(format)) =>
            {
                self.warn_content(message, media, "bytes", diagnostics);
                Content::Binary
            }
            media => {
                if !media.starts_with("text/") {
                    self.warn_content(message, media, "JSON", diagnostics);
                }
                Content::Json
            }
        }
    }

    fn is_text(&self, message: &Message<'a>, diagnostics: &mut Diagnostics) -> bool {
        message.payload.is_none_or(|payload| {
            let kinds = gather(payload, self.resolver, diagnostics).json_kinds();
            kinds.is_empty() || kinds.contains(&JsonKind::String)
        })
    }

    fn warn_content(
        &self,
        message: &Message<'a>,
        media: &str,
        instead: &str,
        diagnostics: &mut Diagnostics,
    ) {
        let node = message
            .node
            .get("contentType")
            .or_else(|| self.document.node.get("defaultContentType"));
        diagnostics.warning(
            Code::UnsupportedContentType,
            node.map(Node::location),
            format!("`{media}` is not decoded: the payload is taken as {instead}"),
        );
    }

    /// Decides how the messages that arrive are told apart, and says so where some cannot be.
    fn tell_apart(
        &mut self,
        set: &mut MessageSet,
        found: &Direction<'_, 'a>,
        diagnostics: &mut Diagnostics,
    ) {
        let comes_as = |content: Content| {
            let variants = set.variants.iter().enumerate();
            let such = variants.filter(move |(_, variant)| variant.content == content);
            such.map(|(index, _)| index).collect::<Vec<usize>>()
        };
        // Binary frames do not say how they are written: only where all are written one way are they read.
        let ways = [Content::MessagePack, Content::Cbor, Content::Binary];
        let used: Vec<Content> = ways
            .into_iter()
            .filter(|way| !comes_as(*way).is_empty())
            .collect();
        let (packing, binary) = match used[..] {
            [] => (None, Vec::new()),
            [only] if only.is_packed() => (Some(only), Vec::new()),
            _ => (None, ways.into_iter().flat_map(comes_as).collect()),
        };
        let text: Vec<usize> = (0..found.len())
            .filter(|index| !binary.contains(index))
            .collect();
        let profiles: Vec<Profile> = text
            .iter()
            .map(|&index| self.profile(found[index].message, diagnostics))
            .collect();
        let names: Vec<&str> = text
            .iter()
            .map(|&index| {
                found[index]
                    .message
                    .name
                    .unwrap_or(&set.variants[index].name)
            })
            .collect();
        let mut dispatch = choose(&profiles, &names, None);
        // `choose` saw only some of the messages: back to their own numbers.
        for (_, index) in &mut dispatch.shapes {
            *index = text[*index];
        }
        for (_, index) in dispatch.tag.iter_mut().flat_map(|tag| &mut tag.values) {
            *index = text[*index];
        }
        for index in &mut dispatch.ambiguous {
            *index = text[*index];
        }
        match binary[..] {
            [only] => dispatch.binary = Some(only),
            ref several => dispatch.ambiguous.extend(several),
        }
        set.packing = packing;
        if let [first, second, ..] = dispatch.ambiguous[..] {
            diagnostics
                .warning(Code::AmbiguousMessages, found[first].message.node.key_location(), format!("nothing tells `{}` from `{}`", set.variants[first].name, set.variants[second].name))
                .related(found[second].message.node.key_location(), "the other message")
                .help(match binary[..] {
                    [_, _, ..] => "binary frames do not say what is in them: let one message or one format come in them; until then they arrive undecoded, by the method `raw`",
                    _ => "give each message a property with a `const`; until then both arrive undecoded, by the method `raw`",
                });
        }
        set.dispatch = dispatch;
    }

    fn profile(&self, message: &Message<'a>, diagnostics: &mut Diagnostics) -> Profile {
        let facts = message.payload.map_or_else(Facts::default, |payload| {
            gather(payload, self.resolver, diagnostics)
        });
        profile(&facts, self.resolver, diagnostics)
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
