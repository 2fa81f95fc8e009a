//! Servers: which there are, where clients reach them, what they ask for and what they serve.

use crate::model::Server;

use super::comparison::Comparison;
use super::kind::Kind;
use super::pairs::{Pairs, named, serves};

impl Comparison<'_> {
    pub(super) fn servers(&mut self, routes: &Pairs) {
        let (old, new) = (self.old, self.new);
        for server in &new.servers {
            match named(&old.servers, &server.name) {
                Some(before) => self.server(before, server, routes),
                None => {
                    let message = format!("server `{}` at {} is new", server.name, server.url);
                    self.report(Kind::ServerAdded, &server.place, message);
                }
            }
        }
        for server in &old.servers {
            if named(&new.servers, &server.name).is_none() {
                let message = format!("server `{}` at {} is gone", server.name, server.url);
                self.report_gone(Kind::ServerRemoved, &server.place, message);
            }
        }
    }

    fn server(&mut self, old: &Server, new: &Server, routes: &Pairs) {
        let name = format!("server `{}`", new.name);
        if old.url != new.url {
            let message = format!("{name} was at {}, it is at {}", old.url, new.url);
            self.report(Kind::ServerUrl, &new.place, message);
        }
        self.security(&name, &old.security, &new.security, &new.place);
        if new.judges_credentials() && !old.judges_credentials() {
            let message = format!("{name} judges credentials: implement `Authenticate`");
            self.report(Kind::AuthenticationAdded, &new.place, message);
        }
        self.description(&name, old.description == new.description, &new.place);
        self.served(old, new, routes);
    }

    /// Routes that both documents have, and that only one of them has on this server.
    fn served(&mut self, old: &Server, new: &Server, routes: &Pairs) {
        for &(before, after) in &routes.both {
            let route = &self.new.routes[after];
            let message = |verb: &str| format!("server `{}` {verb} {}", new.name, route.path);
            match (serves(old, before), serves(new, after)) {
                (None, Some(_)) => {
                    let message = message("serves");
                    self.report(Kind::ServedChannelAdded, &route.place, message);
                }
                (Some(_), None) => {
                    let message = message("no longer serves");
                    self.report(Kind::ServedChannelRemoved, &route.place, message);
                }
                _ => {}
            }
        }
    }
}
