//! Which route and which server of one service are which of another.

use std::collections::{HashMap, HashSet};

use crate::model::{RouteId, ServedRoute, Server, Service, path_template};

/// Which route of the old service is which of the new one, by their ids.
pub(super) struct Pairs {
    /// In both, in the order of the new service.
    pub(super) both: Vec<(RouteId, RouteId)>,
    /// Only in the old one.
    pub(super) gone: Vec<RouteId>,
    /// Only in the new one.
    pub(super) added: Vec<RouteId>,
}

/// A route is still the same where it has a channel of the same name, or else where it has the same path.
pub(super) fn pair(old: &Service, new: &Service) -> Pairs {
    let mut pairs = Pairs {
        both: Vec::new(),
        gone: Vec::new(),
        added: Vec::new(),
    };
    let mut by_channel: HashMap<&str, Vec<RouteId>> = HashMap::new();
    let mut by_path: HashMap<String, Vec<RouteId>> = HashMap::new();
    for (id, route) in old.routes.entries() {
        for channel in route.channels() {
            by_channel.entry(&channel.name).or_default().push(id);
        }
        by_path
            .entry(path_template(&route.path))
            .or_default()
            .push(id);
    }
    let mut taken = HashSet::new();
    let mut partners = new.routes.map(|_, _| None);
    for (id, route) in new.routes.entries() {
        let mut candidates = route
            .channels()
            .filter_map(|channel| by_channel.get(channel.name.as_str()));
        let mut free = candidates
            .by_ref()
            .flatten()
            .filter(|old| !taken.contains(*old));
        partners[id] = free.next().copied();
        taken.extend(partners[id]);
    }
    for (id, route) in new.routes.entries() {
        if partners[id].is_none() {
            let candidates = by_path.get(&path_template(&route.path));
            let mut free = candidates
                .into_iter()
                .flatten()
                .filter(|old| !taken.contains(*old));
            partners[id] = free.next().copied();
            taken.extend(partners[id]);
        }
        match partners[id] {
            Some(before) => pairs.both.push((before, id)),
            None => pairs.added.push(id),
        }
    }
    let gone = old.routes.ids().filter(|id| !taken.contains(id));
    pairs.gone = gone.collect();
    pairs
}

/// How a server serves the route with this id.
pub(super) fn serves(server: &Server, route: RouteId) -> Option<&ServedRoute> {
    server.routes.iter().find(|served| served.route == route)
}

/// The server of this name.
pub(super) fn named<'m>(servers: &'m [Server], name: &str) -> Option<&'m Server> {
    servers.iter().find(|server| server.name == name)
}
