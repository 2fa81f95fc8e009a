//! Which messages arrive on a route, which are sent there, and by which operations.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::document::{ChannelId, Document, Message, NodeId, Operation};
use crate::model::{RouteId, VariantId};
use crate::table::{Id, Table};

use super::context::Context;
use super::layout::Group;
use super::perspective::is_inbound;

/// The messages of a route by direction.
#[derive(Default)]
pub(super) struct Directions<'d, 'a> {
    pub(super) inbound: Direction<'d, 'a>,
    pub(super) outbound: Direction<'d, 'a>,
}

/// The messages that go one way, each once.
#[derive(Default)]
pub(super) struct Direction<'d, 'a>(IndexMap<NodeId, Found<'d, 'a>>);

/// A message on its way over a route.
#[derive(Clone, Debug)]
pub(super) struct Found<'d, 'a> {
    pub(super) message: &'d Message<'a>,
    /// The channel that it belongs to.
    pub(super) channel: ChannelId,
    /// The operations that it is exchanged by, in the order of the document; none where it is only a reply.
    operations: Vec<&'d Operation<'a>>,
}

impl<'d, 'a> Found<'d, 'a> {
    /// The operation that speaks for the message: the first by which it is exchanged that has a reply, or else the first.
    pub(super) fn operation(&self) -> Option<&'d Operation<'a>> {
        let mut operations = self.operations();
        let asking = operations
            .clone()
            .find(|operation| operation.reply.is_some());
        asking.or_else(|| operations.next())
    }

    /// All operations by which it is exchanged.
    pub(super) fn operations(&self) -> impl Iterator<Item = &'d Operation<'a>> + Clone {
        self.operations.iter().copied()
    }

    /// What the operation is called, where it is about this message alone.
    pub(super) fn operation_name(&self) -> Option<&'a str> {
        self.operation()
            .filter(|operation| operation.messages.len() == 1)
            .and_then(|operation| operation.name)
    }
}

impl<'d, 'a> Direction<'d, 'a> {
    /// Adds a message once: a request goes before a mention of the same message as a reply.
    fn add(
        &mut self,
        message: &'d Message<'a>,
        channel: ChannelId,
        operation: Option<&'d Operation<'a>>,
    ) {
        let mentioned = || Found {
            message,
            channel,
            operations: Vec::new(),
        };
        let known = self.0.entry(message.node.id()).or_insert_with(mentioned);
        if known.operations.is_empty() {
            *known = mentioned();
        }
        known.operations.extend(operation);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Found<'d, 'a>> {
        self.0.values()
    }

    /// Which of them a message is.
    pub(super) fn id_of(&self, message: &Message<'_>) -> Option<VariantId> {
        self.0.get_index_of(&message.node.id()).map(VariantId::at)
    }
}

/// Sorts the messages of each route by direction.
pub(super) fn sort<'d, 'a>(
    cx: &Context<'d, 'a>,
    layout: &Table<RouteId, Group>,
) -> Table<RouteId, Directions<'d, 'a>> {
    let document: &'d Document<'a> = cx.document;
    let mut operations: HashMap<ChannelId, Vec<&'d Operation<'a>>> = HashMap::new();
    for operation in &document.operations {
        operations
            .entry(operation.channel)
            .or_default()
            .push(operation);
    }
    layout.map(|_, group| {
        let mut directions = Directions::default();
        for &channel in &group.channels {
            match operations.get(&channel) {
                Some(operations) => {
                    for operation in operations {
                        directions.add_operation(cx, channel, operation);
                    }
                }
                // A channel that no operation uses: whoever wrote it meant its messages to be exchanged.
                None => {
                    for message in &document.channels[channel].messages {
                        directions.inbound.add(message, channel, None);
                        directions.outbound.add(message, channel, None);
                    }
                }
            }
        }
        directions
    })
}

impl<'d, 'a> Directions<'d, 'a> {
    fn add_operation(
        &mut self,
        cx: &Context<'d, 'a>,
        channel: ChannelId,
        operation: &'d Operation<'a>,
    ) {
        let document: &'d Document<'a> = cx.document;
        let (there, back) = match is_inbound(cx.options.perspective, operation.action) {
            true => (&mut self.inbound, &mut self.outbound),
            false => (&mut self.outbound, &mut self.inbound),
        };
        for &message in &operation.messages {
            let message = &document.channels[channel].messages[message];
            there.add(message, channel, Some(operation));
        }
        if let Some(reply) = &operation.reply {
            for &message in &reply.messages {
                let message = &document.channels[reply.channel].messages[message];
                back.add(message, channel, None);
            }
        }
    }
}
