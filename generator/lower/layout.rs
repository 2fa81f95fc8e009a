//! Which channels are routes of their own, and which are events on one socket.

use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostics, Location};
use crate::document::{Channel, Document};
use crate::model::{Layout, path_template};

/// How channels become routes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelLayout {
    /// By their addresses: paths become routes, the rest shares one socket.
    #[default]
    Auto,
    /// Every channel is a route.
    Paths,
    /// All channels share one socket.
    Multiplex,
}

/// The channels of one route.
#[derive(Debug)]
pub(super) struct Group {
    /// The path below the server's own.
    pub(super) path: String,
    /// Indices into [`Document::channels`].
    pub(super) channels: Vec<usize>,
    /// Indices into [`Document::servers`]: those that serve the route.
    pub(super) servers: Vec<usize>,
    /// How the channels came here.
    pub(super) layout: Layout,
    /// Where the first of them is written.
    pub(super) location: Option<Location>,
}

/// Groups the channels that a selected server has; a document without channels gets one route for raw frames.
pub(super) fn group(
    document: &Document<'_>,
    selected: &[usize],
    wanted: ChannelLayout,
    diagnostics: &mut Diagnostics,
) -> Vec<Group> {
    let mut groups: IndexMap<(String, Vec<usize>), Group> = IndexMap::new();
    let served = |channel: &Channel<'_>| -> Vec<usize> {
        selected
            .iter()
            .copied()
            .filter(|server| channel.servers.is_empty() || channel.servers.contains(server))
            .collect()
    };
    let on_socket: Vec<&Channel<'_>> = document
        .channels
        .iter()
        .filter(|channel| !served(channel).is_empty())
        .collect();
    let events = on_socket
        .iter()
        .filter(|channel| matches!(place(channel), Place::Event))
        .count();
    for (index, channel) in document.channels.iter().enumerate() {
        let servers = served(channel);
        if servers.is_empty() {
            continue;
        }
        let path = match (wanted, place(channel)) {
            (ChannelLayout::Multiplex, _) | (ChannelLayout::Auto, Place::Nowhere) => "/".to_owned(),
            (_, Place::Path(path)) => path,
            (ChannelLayout::Auto, Place::Event) if events > 1 => "/".to_owned(),
            (_, Place::Event | Place::Nowhere) => format!(
                "/{}",
                channel
                    .address
                    .unwrap_or(channel.name)
                    .trim_start_matches('/')
            ),
        };
        let path = clean(&path);
        groups
            .entry((path_template(&path), servers.clone()))
            .or_insert_with(|| Group {
                path,
                channels: Vec::new(),
                servers,
                layout: Layout::Path,
                location: Some(channel.node.key_location()),
            })
            .channels
            .push(index);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    for group in &mut groups {
        if group.channels.len() > 1 {
            group.layout = Layout::Multiplexed;
            note_multiplexed(document, group, diagnostics);
        }
    }
    add_raw(document, selected, &mut groups, diagnostics);
    groups
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
        .map(|&index| format!("`{}`", document.channels[index].name))
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

/// A server without any channel passes frames on as they are.
fn add_raw(
    document: &Document<'_>,
    selected: &[usize],
    groups: &mut Vec<Group>,
    diagnostics: &mut Diagnostics,
) {
    let bare: Vec<usize> = selected
        .iter()
        .copied()
        .filter(|server| !groups.iter().any(|group| group.servers.contains(server)))
        .collect();
    if bare.is_empty() {
        return;
    }
    let location = document
        .node
        .get("channels")
        .unwrap_or(document.node)
        .key_location();
    let names: Vec<String> = bare
        .iter()
        .map(|&server| format!("`{}`", document.servers[server].name))
        .collect();
    let names = names.join(", ");
    diagnostics
        .note(
            Code::NoChannels,
            location,
            format!("no channel for {names}: text and binary frames are passed on as they are"),
        )
        .help("describe `channels` and their messages to have typed handlers");
    groups.push(Group {
        path: "/".to_owned(),
        channels: Vec::new(),
        servers: bare,
        layout: Layout::Path,
        location: None,
    });
}
