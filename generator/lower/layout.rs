//! Which channels are routes of their own, and which are events on one socket.

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostics, Location};
use crate::document::{Action, Channel, ChannelId, Document, ServerId};
use crate::model::{RouteId, path_template};
use crate::options::ChannelLayout;
use crate::table::Table;

use super::context::Context;

/// The channels of one route.
#[derive(Debug)]
pub(super) struct Group {
    /// The path below the server's own.
    pub(super) path: String,
    /// What to call the route.
    pub(super) label: String,
    /// Its channels: none where a server has no channel at all, several where these share a socket.
    pub(super) channels: Vec<ChannelId>,
    /// Those that serve the route.
    pub(super) servers: Vec<ServerId>,
    /// Where the first of them is written.
    pub(super) location: Option<Location>,
}

/// Groups the channels that a selected server has; a document without channels gets one route for raw frames.
pub(super) fn group(cx: &mut Context<'_, '_>, selected: &[ServerId]) -> Table<RouteId, Group> {
    let document = cx.document;
    let shared = by_path(document, selected, cx.options.channels);
    let names = Labels::of(document, &shared);
    let groups = shared.into_iter().map(|(shared, servers)| {
        let group = Group {
            label: names.label(&shared, &servers),
            ..Group::of(document, shared, servers)
        };
        if group.channels.len() > 1 {
            note_multiplexed(document, &group, cx.diagnostics);
        }
        group
    });
    let mut groups: Vec<Group> = groups.collect();
    groups.extend(raw(document, selected, &groups, cx.diagnostics));
    report_unreachable(document, &groups, cx.diagnostics);
    groups.into()
}

/// Channels at one path of one server, or of several servers that have the same ones there.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Shared {
    path: String,
    channels: Vec<ChannelId>,
}

/// The channels of each path, server by server: channels that share a socket need not have the same servers.
fn by_path(
    document: &Document<'_>,
    selected: &[ServerId],
    layout: ChannelLayout,
) -> Vec<(Shared, Vec<ServerId>)> {
    let mut groups: IndexMap<Shared, Vec<ServerId>> = IndexMap::new();
    for &server in selected {
        let channels = document.channels.entries();
        let served = channels
            .filter(|(_, channel)| channel.servers.is_empty() || channel.servers.contains(&server))
            .filter(|(id, channel)| !is_for_replies(document, *id, channel));
        let events = served
            .clone()
            .filter(|(_, channel)| matches!(place(channel), Place::Event))
            .count();
        let mut paths: IndexMap<String, Shared> = IndexMap::new();
        for (id, channel) in served {
            let path = clean(&path_of(channel, layout, events));
            let template = path_template(&path);
            let shared = paths.entry(template).or_insert_with(|| Shared {
                path,
                channels: Vec::new(),
            });
            shared.channels.push(id);
        }
        for shared in paths.into_values() {
            groups.entry(shared).or_default().push(server);
        }
    }
    let mut groups: Vec<(Shared, Vec<ServerId>)> = groups.into_iter().collect();
    // As the document has them, whichever server came first.
    groups.sort_by_key(|(shared, _)| shared.channels.first().copied());
    groups
}

/// Whether a channel only says what replies look like: it has no address, and no operation of its own. They go back on the
/// connection that asked.
fn is_for_replies(document: &Document<'_>, id: ChannelId, channel: &Channel<'_>) -> bool {
    let mut operations = document.operations.iter();
    let mut replies = operations
        .clone()
        .filter_map(|operation| operation.reply.as_ref());
    matches!(place(channel), Place::Nowhere)
        && replies.any(|reply| reply.channel == id)
        && !operations.any(|operation| operation.channel == id)
}

/// What to call each route, where several have the same channels or the same path.
struct Labels<'d, 'a> {
    document: &'d Document<'a>,
    shared: HashSet<String>,
}

impl<'d, 'a> Labels<'d, 'a> {
    fn of(document: &'d Document<'a>, groups: &[(Shared, Vec<ServerId>)]) -> Self {
        let mut seen = HashSet::new();
        let labels = groups
            .iter()
            .map(|(shared, _)| label(document, &shared.path, &shared.channels));
        let again = labels.filter(|label| !seen.insert(label.clone()));
        let shared = again.collect();
        Self { document, shared }
    }

    /// The label of a group, with its first server where another group would be called the same.
    fn label(&self, shared: &Shared, servers: &[ServerId]) -> String {
        let label = label(self.document, &shared.path, &shared.channels);
        match servers.first() {
            Some(&server) if self.shared.contains(&label) => {
                format!("{} {label}", self.document.servers[server].name)
            }
            _ => label,
        }
    }
}

impl Group {
    fn of(document: &Document<'_>, shared: Shared, servers: Vec<ServerId>) -> Self {
        let Shared { path, channels } = shared;
        let first = channels.first().map(|&id| &document.channels[id]);
        Self {
            label: label(document, &path, &channels),
            location: first.map(|channel| channel.node.key_location()),
            path,
            channels,
            servers,
        }
    }
}

/// What to call a route: as its channel, or `socket` where it has none or several.
fn label(document: &Document<'_>, path: &str, channels: &[ChannelId]) -> String {
    match channels {
        [] => "socket".to_owned(),
        [only] => channel_name(&document.channels[*only]),
        _ if path == "/" => "socket".to_owned(),
        _ => path.to_owned(),
    }
}

/// What to call a channel: 3.x has keys for it; in 2.x the address must do, without its parameters, which is `/` for many.
pub(super) fn channel_name(channel: &Channel<'_>) -> String {
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

/// The path of a channel; `events` is how many channels have an address that is no path.
fn path_of(channel: &Channel<'_>, wanted: ChannelLayout, events: usize) -> String {
    match (wanted, place(channel)) {
        (ChannelLayout::Multiplex, _) | (ChannelLayout::Auto, Place::Nowhere) => "/".to_owned(),
        (_, Place::Path(path)) => path,
        (ChannelLayout::Auto, Place::Event) if events > 1 => "/".to_owned(),
        (_, Place::Event | Place::Nowhere) => {
            let address = channel.address.unwrap_or(channel.name);
            format!("/{}", address.trim_start_matches('/'))
        }
    }
}

/// Where an address leads.
enum Place {
    /// To a path.
    Path(String),
    /// To a word that is no path, such as `orders.placed`.
    Event,
    /// There is no address.
    Nowhere,
}

fn place(channel: &Channel<'_>) -> Place {
    let Some(address) = channel
        .address
        .map(str::trim)
        .filter(|address| !address.is_empty())
    else {
        return Place::Nowhere;
    };
    if let Some((_, rest)) = address.split_once("://") {
        // A whole URL: its path is what counts here.
        return Place::Path(
            rest.find('/')
                .map_or("/", |start| &rest[start..])
                .to_owned(),
        );
    }
    if address.contains('/') {
        Place::Path(format!("/{}", address.trim_start_matches('/')))
    } else {
        Place::Event
    }
}

/// Takes away what a path cannot have; the rules report it.
fn clean(path: &str) -> String {
    let bare = path.split(['?', '#']).next().unwrap_or_default();
    let mut cleaned = String::with_capacity(bare.len());
    let mut open = false;
    for c in bare.chars() {
        match c {
            '{' if open => continue,
            '{' => open = true,
            '}' if !open => continue,
            '}' => open = false,
            _ => {}
        }
        cleaned.push(c);
    }
    if open {
        cleaned.push('}');
    }
    let cleaned = cleaned.replace("{}", "");
    if cleaned.is_empty() {
        "/".to_owned()
    } else {
        cleaned
    }
}

fn note_multiplexed(document: &Document<'_>, group: &Group, diagnostics: &mut Diagnostics) {
    let names: Vec<String> = group
        .channels
        .iter()
        .take(4)
        .map(|&id| format!("`{}`", document.channels[id].name))
        .collect();
    let more = group.channels.len().saturating_sub(names.len());
    let names = names.join(", ")
        + &if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
    diagnostics
        .note(
            Code::Multiplexed,
            group.location.clone(),
            format!(
                "{} channels share the socket at `{}`: {names}",
                group.channels.len(),
                group.path
            ),
        )
        .help("pass `--channels paths` to give every channel a route of its own");
}

/// The route of the servers without any channel: it passes frames on as they are.
fn raw(
    document: &Document<'_>,
    selected: &[ServerId],
    groups: &[Group],
    diagnostics: &mut Diagnostics,
) -> Option<Group> {
    let has_channels = |server| groups.iter().any(|group| group.servers.contains(server));
    let bare = selected.iter().filter(|server| !has_channels(server));
    let bare: Vec<ServerId> = bare.copied().collect();
    if bare.is_empty() {
        return None;
    }
    let channels = document.node.get("channels").unwrap_or(document.node);
    let names: Vec<String> = bare
        .iter()
        .map(|&id| format!("`{}`", document.servers[id].name))
        .collect();
    let names = names.join(", ");
    diagnostics
        .note(
            Code::NoChannels,
            channels.key_location(),
            format!("no channel for {names}: text and binary frames are passed on as they are"),
        )
        .help("describe `channels` and their messages to have typed handlers");
    let shared = Shared {
        path: "/".to_owned(),
        channels: Vec::new(),
    };
    Some(Group::of(document, shared, bare))
}

fn report_unreachable(document: &Document<'_>, groups: &[Group], diagnostics: &mut Diagnostics) {
    let served = groups.iter().flat_map(|group| &group.channels);
    let served: HashSet<ChannelId> = served.copied().collect();
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
