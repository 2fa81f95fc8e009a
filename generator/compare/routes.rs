//! Routes: which there are, by which path, and how the code of their handlers is arranged.

use crate::model::{Layout, MultiplexedChannel, Route, RouteId, Traffic, path_template};

use super::comparison::{Comparison, quoted};
use super::kind::Kind;
use super::pairs::{Pairs, named, serves};

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
    fn address(&mut self, before: RouteId, after: RouteId) {
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
        match (&old.layout, &new.layout) {
            (Layout::Multiplexed(_), Layout::Single(_)) => {
                let message = format!("{} no longer shares a socket", channels(new));
                self.report(Kind::Layout, &new.place, message);
            }
            (Layout::Single(_), Layout::Multiplexed(_)) => {
                let message = format!("{} share a socket", channels(new));
                self.report(Kind::Layout, &new.place, message);
            }
            _ => self.traits(old, new),
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
        for channel in new.channels() {
            let name = &channel.name;
            let before = old.channels().find(|other| other.name == *name);
            let traits = (trait_of(old, name), trait_of(new, name));
            match (before, traits) {
                (Some(before), traits) => {
                    if let (Some(was), Some(is)) = traits
                        && was != is
                    {
                        let message = format!("trait `{was}` is called `{is}`");
                        self.report(Kind::TraitRenamed, &channel.place, message);
                    }
                    let same = before.docs == channel.docs;
                    self.description(&format!("channel `{name}`"), same, &channel.place);
                }
                (None, (_, Some(is))) => {
                    let message = format!("channel `{name}`: implement `{is}`");
                    self.report(Kind::SocketChannelAdded, &channel.place, message);
                }
                (None, _) => {}
            }
        }
        for MultiplexedChannel { channel, .. } in old.multiplexed() {
            if !new.channels().any(|other| other.name == channel.name) {
                let message = format!("channel `{}` is gone with its trait", channel.name);
                self.report_gone(Kind::SocketChannelRemoved, &channel.place, message);
            }
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

/// The trait that a channel has beside that of its route.
fn trait_of<'m>(route: &'m Route, channel: &str) -> Option<&'m str> {
    let mut shared = route.multiplexed().iter();
    let found = shared.find(|shared| shared.channel.name == channel);
    found.map(|shared| shared.trait_name.as_str())
}

/// The channels of a route and its path.
fn described(route: &Route) -> String {
    format!("{} at {}", channels(route), route.path)
}

fn channels(route: &Route) -> String {
    let names = quoted(route.channels().map(|channel| channel.name.as_str()));
    let plural = match route.layout {
        Layout::Single(_) => "",
        Layout::Multiplexed(_) => "s",
    };
    format!("channel{plural} {names}")
}
