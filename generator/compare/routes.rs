//! Routes: which there are, by which path, and how the code of their handlers is arranged.

use std::collections::{HashMap, HashSet};

use crate::model::{Layout, Route, Service, Traffic, path_template};

use super::servers::{named, serves};
use super::{Comparison, Kind, quoted};

/// Which route of the old service is which of the new one, by their indices.
pub(super) struct Pairs {
    /// In both, in the order of the new service.
    pub(super) both: Vec<(usize, usize)>,
    /// Only in the old one.
    pub(super) gone: Vec<usize>,
    /// Only in the new one.
    pub(super) added: Vec<usize>,
}

/// A route is still the same where it has a channel of the same name, or else where it has the same path.
pub(super) fn pair(old: &Service, new: &Service) -> Pairs {
    let mut pairs = Pairs {
        both: Vec::new(),
        gone: Vec::new(),
        added: Vec::new(),
    };
    let mut by_channel: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_path: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, route) in old.routes.iter().enumerate() {
        for channel in &route.channels {
            by_channel.entry(&channel.name).or_default().push(index);
        }
        by_path
            .entry(path_template(&route.path))
            .or_default()
            .push(index);
    }
    let mut taken = HashSet::new();
    let mut partners = vec![None; new.routes.len()];
    for (index, route) in new.routes.iter().enumerate() {
        let channels = route.channels.iter();
        let mut candidates = channels.filter_map(|channel| by_channel.get(channel.name.as_str()));
        let mut free = candidates
            .by_ref()
            .flatten()
            .filter(|old| !taken.contains(*old));
        partners[index] = free.next().copied();
        taken.extend(partners[index]);
    }
    for (index, route) in new.routes.iter().enumerate() {
        if partners[index].is_none() {
            let candidates = by_path.get(&path_template(&route.path));
            let mut free = candidates
                .into_iter()
                .flatten()
                .filter(|old| !taken.contains(*old));
            partners[index] = free.next().copied();
            taken.extend(partners[index]);
        }
        match partners[index] {
            Some(before) => pairs.both.push((before, index)),
            None => pairs.added.push(index),
        }
    }
    pairs.gone = (0..old.routes.len())
        .filter(|index| !taken.contains(index))
        .collect();
    pairs
}

impl Comparison<'_> {
    pub(super) fn routes(&mut self, routes: &Pairs) {
        let (old, new) = (self.old, self.new);
        for &(before, after) in &routes.both {
            self.address(before, after);
            self.route(&old.routes[before], &new.routes[after]);
        }
        for &index in &routes.added {
            let route = &new.routes[index];
            let message = format!("{} is new", described(route));
            self.report(Kind::ChannelAdded, &route.place, message);
        }
        for &index in &routes.gone {
            let route = &old.routes[index];
            let message = format!("{} is gone", described(route));
            self.report_gone(Kind::ChannelRemoved, &route.place, message);
        }
    }

    /// The path by which clients connect; that a server moved is said of the server.
    fn address(&mut self, before: usize, after: usize) {
        let (old, new) = (self.old, self.new);
        let changed = new.servers.iter().find_map(|server| {
            let old_server = named(&old.servers, &server.name)?;
            let (old_served, served) = (serves(old_server, before)?, serves(server, after)?);
            let moved = path_template(&old_served.path) != path_template(&served.path);
            (old_server.url == server.url && moved).then_some((&old_served.path, &served.path))
        });
        if let Some((was, is)) = changed {
            let route = &new.routes[after];
            let message = format!("{} was at {was}, it is at {is}", channels(route));
            self.report(Kind::Address, &route.place, message);
        }
    }

    fn route(&mut self, old: &Route, new: &Route) {
        if old.layout != new.layout {
            let message = match new.layout {
                Layout::Path => format!("{} no longer shares a socket", channels(new)),
                Layout::Multiplexed => format!("{} share a socket", channels(new)),
            };
            self.report(Kind::Layout, &new.place, message);
        } else {
            self.traits(old, new);
        }
        if old.authenticated && !new.authenticated {
            let message = format!("requests of {} may come without a principal", new.path);
            self.report(Kind::PrincipalRemoved, &new.place, message);
        }
        self.subprotocols(old, new);
        self.parameters(old, new);
        match (&old.traffic, &new.traffic) {
            (Traffic::Raw, Traffic::Raw) => {}
            (Traffic::Typed(_), Traffic::Typed(_)) => self.messages(old, new),
            (Traffic::Raw, Traffic::Typed(_)) => {
                let message = format!("frames of {} must be messages of the document", new.path);
                self.report(Kind::Traffic, &new.place, message);
            }
            (Traffic::Typed(_), Traffic::Raw) => {
                let message = format!("no message is described for {} any more", new.path);
                self.report(Kind::Traffic, &new.place, message);
            }
        }
    }

    fn traits(&mut self, old: &Route, new: &Route) {
        if (&old.trait_name, &old.module) != (&new.trait_name, &new.module) {
            let [was, is] =
                [old, new].map(|route| format!("`{}::{}`", route.module, route.trait_name));
            let message = format!("trait {was} is called {is}");
            self.report(Kind::TraitRenamed, &new.place, message);
        }
        let multiplexed = new.layout == Layout::Multiplexed;
        for channel in &new.channels {
            let name = format!("channel `{}`", channel.name);
            let before = old.channels.iter().find(|other| other.name == channel.name);
            match before {
                Some(before) => {
                    if multiplexed && before.trait_name != channel.trait_name {
                        let (was, is) = (&before.trait_name, &channel.trait_name);
                        let message = format!("trait `{was}` is called `{is}`");
                        self.report(Kind::TraitRenamed, &channel.place, message);
                    }
                    self.description(&name, before.docs == channel.docs, &channel.place);
                }
                None if multiplexed => {
                    let message = format!("{name}: implement `{}`", channel.trait_name);
                    self.report(Kind::SocketChannelAdded, &channel.place, message);
                }
                None => {}
            }
        }
        let still = |name: &str| new.channels.iter().any(|channel| channel.name == name);
        for channel in old
            .channels
            .iter()
            .filter(|channel| multiplexed && !still(&channel.name))
        {
            let message = format!("channel `{}` is gone with its trait", channel.name);
            self.report_gone(Kind::SocketChannelRemoved, &channel.place, message);
        }
    }

    fn subprotocols(&mut self, old: &Route, new: &Route) {
        for name in new
            .subprotocols
            .iter()
            .filter(|name| !old.subprotocols.contains(name))
        {
            let message = format!("{} speaks `{name}`", new.path);
            self.report(Kind::SubprotocolAdded, &new.place, message);
        }
        for name in old
            .subprotocols
            .iter()
            .filter(|name| !new.subprotocols.contains(name))
        {
            let message = format!("{} no longer speaks `{name}`", new.path);
            self.report_gone(Kind::SubprotocolRemoved, &old.place, message);
        }
    }
}

/// The channels of a route and its path.
fn described(route: &Route) -> String {
    format!("{} at {}", channels(route), route.path)
}

fn channels(route: &Route) -> String {
    let names = quoted(route.channels.iter().map(|channel| channel.name.as_str()));
    let plural = if route.channels.len() == 1 { "" } else { "s" };
    format!("channel{plural} {names}")
}
