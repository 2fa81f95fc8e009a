//! Groups of channels to routes: the traits, their methods, and what goes over the socket.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Code, Diagnostics, Location};
use crate::document::{Action, Channel, Document, Operation};
use crate::model::{self, Exchange, Layout, Method, Reply, Route, Traffic};
use crate::naming::{Scope, type_name, value_name};
use crate::resolve::Resolver;

use super::Options;
use super::correlation;
use super::example_request;
use super::layout::Group;
use super::messages::{self, Direction, Found};
use super::parameters;
use super::perspective::Perspective;
use super::schemas::Schemas;
use super::security;

/// Lowers every group to a route, in the same order.
pub(super) fn lower<'a>(
    document: &Document<'a>,
    groups: &[Group],
    options: &Options,
    resolver: &Resolver<'a>,
    schemas: &mut Schemas<'a, '_>,
    diagnostics: &mut Diagnostics,
) -> Vec<Route> {
    let mut lowering = Lowering {
        document,
        perspective: options.perspective,
        client: options.client,
        resolver,
        schemas,
        modules: Scope::reserving(match options.client {
            true => &[
                "authenticate",
                "client",
                "handlers",
                "messages",
                "mod",
                "servers",
                "targets",
            ],
            false => &["authenticate", "handlers", "messages", "mod", "servers"],
        }),
        operations: HashMap::new(),
        traits: Vec::new(),
    };
    for operation in &document.operations {
        lowering
            .operations
            .entry(operation.channel)
            .or_default()
            .push(operation);
    }
    let mut routes: Vec<Route> = groups
        .iter()
        .map(|group| lowering.route(group, diagnostics))
        .collect();
    name_traits(&mut routes, lowering.traits, lowering.schemas);
    report_unreachable(document, groups, diagnostics);
    routes
}

struct Lowering<'d, 'a, 's, 'r> {
    document: &'d Document<'a>,
    perspective: Perspective,
    client: bool,
    resolver: &'s Resolver<'a>,
    schemas: &'s mut Schemas<'a, 'r>,
    modules: Scope,
    /// The operations of each channel.
    operations: HashMap<usize, Vec<&'d Operation<'a>>>,
    /// What the traits of each route would like to be called: the route's own, then its channels'.
    traits: Vec<(String, Vec<String>)>,
}

impl<'d, 'a> Lowering<'d, 'a, '_, '_> {
    fn route(&mut self, group: &Group, diagnostics: &mut Diagnostics) -> Route {
        let channels = self.channels_of(group);
        let label = label(group, &channels);
        let parameters = parameters::lower(
            &channels,
            &group.path,
            &label,
            self.resolver,
            self.schemas,
            diagnostics,
        );
        let exchange = self.exchange(group);
        let lowered = messages::lower(
            self.document,
            &exchange.inbound,
            &exchange.outbound,
            self.client,
            self.resolver,
            self.schemas,
            diagnostics,
        );
        let module = self.modules.claim(&[&value_name(&label)]);
        let (channels, names) = self.channels(
            group,
            &label,
            &module,
            &exchange,
            lowered.as_ref(),
            diagnostics,
        );
        self.traits.push((label.clone(), names));
        Route {
            place: self.place(group),
            module,
            trait_name: String::new(),
            label,
            path: group.path.clone(),
            docs: if channels.len() == 1 {
                channels[0].docs.clone()
            } else {
                Vec::new()
            },
            layout: group.layout,
            example: example_request::request(&group.path, &parameters.list),
            parameters: parameters.list,
            path_parameters: parameters.path,
            authenticated: false,
            subprotocols: parameters.subprotocols,
            channels,
            traffic: lowered.map_or(Traffic::Raw, |exchange| Traffic::Typed(Box::new(exchange))),
        }
    }

    /// Where a group is written: its first channel, or the document where it has none.
    fn place(&self, group: &Group) -> Location {
        let document = || self.document.node.location();
        group.location.clone().unwrap_or_else(document)
    }

    fn channels_of(&self, group: &Group) -> Vec<&'d Channel<'a>> {
        let document: &'d Document<'a> = self.document;
        group
            .channels
            .iter()
            .map(|&index| &document.channels[index])
            .collect()
    }

    /// Sorts the messages of a route by direction.
    fn exchange(&self, group: &Group) -> Exchanged<'d, 'a> {
        let document: &'d Document<'a> = self.document;
        let mut exchange = Exchanged::default();
        for &index in &group.channels {
            let channel = &document.channels[index];
            let operations = self
                .operations
                .get(&index)
                .map(Vec::as_slice)
                .unwrap_or_default();
            if operations.is_empty() {
                // A channel that no operation uses: whoever wrote it meant its messages to be exchanged.
                for message in &channel.messages {
                    messages::add(
                        &mut exchange.inbound,
                        Found {
                            message,
                            channel: index,
                            operation: None,
                        },
                    );
                    messages::add(
                        &mut exchange.outbound,
                        Found {
                            message,
                            channel: index,
                            operation: None,
                        },
                    );
                }
            }
            for &operation in operations {
                self.add_operation(index, operation, &mut exchange);
            }
        }
        exchange
    }

    fn add_operation(
        &self,
        channel: usize,
        operation: &'d Operation<'a>,
        exchange: &mut Exchanged<'d, 'a>,
    ) {
        let inbound = self.perspective.is_inbound(operation.action);
        let (there, back) = if inbound {
            (&mut exchange.inbound, &mut exchange.outbound)
        } else {
            (&mut exchange.outbound, &mut exchange.inbound)
        };
        for &message in &operation.messages {
            messages::add(
                there,
                Found {
                    message: &self.document.channels[channel].messages[message],
                    channel,
                    operation: Some(operation),
                },
            );
        }
        if let Some(reply) = &operation.reply {
            for &message in &reply.messages {
                messages::add(
                    back,
                    Found {
                        message: &self.document.channels[reply.channel].messages[message],
                        channel,
                        operation: None,
                    },
                );
            }
        }
    }

    fn channels(
        &mut self,
        group: &Group,
        label: &str,
        module: &str,
        exchange: &Exchanged<'_, 'a>,
        lowered: Option<&Exchange>,
        diagnostics: &mut Diagnostics,
    ) -> (Vec<model::Channel>, Vec<String>) {
        let channels = self.channels_of(group);
        if channels.is_empty() {
            let raw = model::Channel {
                place: self.place(group),
                name: label.to_owned(),
                module: module.to_owned(),
                trait_name: String::new(),
                docs: Vec::new(),
                methods: Vec::new(),
            };
            return (vec![raw], vec![label.to_owned()]);
        }
        let mut methods = Scope::reserving(RESERVED_METHODS);
        let mut result = Vec::new();
        let mut names = Vec::new();
        for (&index, channel) in group.channels.iter().zip(&channels) {
            let name = channel_name(channel);
            let module = if channels.len() == 1 {
                module.to_owned()
            } else {
                self.modules.claim(&[&value_name(&name)])
            };
            result.push(model::Channel {
                place: channel.node.key_location(),
                name: channel.name.to_owned(),
                module,
                trait_name: String::new(),
                docs: [channel.title, channel.summary, channel.description]
                    .into_iter()
                    .flatten()
                    .map(str::to_owned)
                    .collect(),
                methods: lowered
                    .map(|lowered| {
                        self.methods(index, exchange, lowered, &mut methods, diagnostics)
                    })
                    .unwrap_or_default(),
            });
            names.push(name);
        }
        (result, names)
    }

    /// One method for each message that arrives on a channel and can be told apart.
    fn methods(
        &self,
        channel: usize,
        exchange: &Exchanged<'_, 'a>,
        lowered: &Exchange,
        scope: &mut Scope,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Method> {
        let mut methods = Vec::new();
        for (index, found) in exchange.inbound.values().enumerate() {
            if found.channel != channel || lowered.inbound.dispatch.ambiguous.contains(&index) {
                continue;
            }
            let variant = &lowered.inbound.variants[index];
            let of_operation = found
                .operation
                .filter(|operation| operation.messages.len() == 1)
                .and_then(|operation| operation.name);
            let name = value_name(of_operation.unwrap_or(&variant.name));
            let name = scope.claim(&[&name, &format!("handle_{name}")]);
            let reply = found
                .operation
                .and_then(|operation| self.reply(operation, &name, exchange));
            methods.push(Method {
                place: found
                    .operation
                    .map_or(found.message.node, |operation| operation.node)
                    .key_location(),
                correlation: reply.as_ref().and_then(|reply| {
                    correlation::between(found, reply, exchange, lowered, self.schemas.types())
                }),
                docs: method_docs(found, &variant.name, &variant.docs),
                security: found
                    .operation
                    .map(|operation| security::lower(&operation.security, diagnostics))
                    .unwrap_or_default(),
                reply,
                message: index,
                name,
            });
        }
        methods
    }

    fn reply(
        &self,
        operation: &Operation<'a>,
        method: &str,
        exchange: &Exchanged<'_, 'a>,
    ) -> Option<Reply> {
        let reply = operation.reply.as_ref()?;
        let wanted = reply.messages.iter().map(|&message| {
            self.document.channels[reply.channel].messages[message]
                .node
                .id()
        });
        let messages: Vec<usize> = wanted
            .filter_map(|id| exchange.outbound.get_index_of(&id))
            .collect();
        match messages[..] {
            [] => None,
            [only] => Some(Reply::One(only)),
            _ => Some(Reply::Choice {
                name: type_name(&format!("{method}_reply")),
                messages,
            }),
        }
    }
}

/// The messages of a route by direction.
#[derive(Default)]
pub(super) struct Exchanged<'d, 'a> {
    pub(super) inbound: Direction<'d, 'a>,
    pub(super) outbound: Direction<'d, 'a>,
}

/// Methods that every handler trait has of its own.
pub(crate) const RESERVED_METHODS: &[&str] = &[
    "background",
    "connect",
    "connected",
    "disconnected",
    "invalid",
    "raw",
    "topic_event",
];

/// Names the traits once the types have theirs: a type keeps the name that the document gave it.
fn name_traits(
    routes: &mut [Route],
    wanted: Vec<(String, Vec<String>)>,
    schemas: &mut Schemas<'_, '_>,
) {
    for (route, (label, channels)) in routes.iter_mut().zip(wanted) {
        let own = schemas.claim_trait(
            &label,
            if route.layout == Layout::Multiplexed {
                "Socket"
            } else {
                "Channel"
            },
        );
        if route.layout == Layout::Multiplexed {
            for (channel, name) in route.channels.iter_mut().zip(channels) {
                channel.trait_name = schemas.claim_trait(&name, "Channel");
            }
        } else {
            for channel in &mut route.channels {
                channel.trait_name.clone_from(&own);
            }
        }
        route.trait_name = own;
    }
}

/// What to call a route: as its channel, or `socket` where it has none or several.
fn label(group: &Group, channels: &[&Channel<'_>]) -> String {
    match channels {
        [] => "socket".to_owned(),
        [channel] => channel_name(channel),
        _ if group.path == "/" => "socket".to_owned(),
        _ => group.path.clone(),
    }
}

/// What to call a channel: 3.x has keys for it; in 2.x the address must do, without its parameters, which is `/` for many.
fn channel_name(channel: &Channel<'_>) -> String {
    let fixed: Vec<&str> = channel
        .name
        .split('/')
        .filter(|part| !part.is_empty() && !part.starts_with('{'))
        .collect();
    match (fixed.as_slice(), channel.name.trim_matches('/')) {
        ([], "") => "root".to_owned(),
        ([], name) => name.to_owned(),
        (fixed, _) => fixed.join("/"),
    }
}

fn method_docs(found: &Found<'_, '_>, name: &str, message: &[String]) -> Vec<String> {
    let of_operation = |operation: &Operation<'_>| {
        [operation.summary, operation.description]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect()
    };
    let operation: Vec<String> = found.operation.map(of_operation).unwrap_or_default();
    // What is said of an operation with several messages is true of none of them in particular.
    let shared = found
        .operation
        .is_some_and(|operation| operation.messages.len() > 1);
    let mut docs = if operation.is_empty() || (shared && !message.is_empty()) {
        message.to_vec()
    } else {
        operation
    };
    if docs.is_empty() {
        docs.push(format!("Receives `{name}`."));
    }
    docs.dedup();
    docs
}

fn report_unreachable(document: &Document<'_>, groups: &[Group], diagnostics: &mut Diagnostics) {
    let served: HashSet<usize> = groups
        .iter()
        .flat_map(|group| group.channels.iter().copied())
        .collect();
    for operation in &document.operations {
        if !served.contains(&operation.channel) {
            let name = operation.name.unwrap_or(match operation.action {
                Action::Send => "send",
                Action::Receive => "receive",
            });
            diagnostics
                .note(
                    Code::UnreachableOperation,
                    operation.node.key_location(),
                    format!("`{name}` is left out: no WebSocket server has its channel"),
                )
                .help("to serve it, add a WebSocket server to the `servers` of the channel");
        }
    }
}
