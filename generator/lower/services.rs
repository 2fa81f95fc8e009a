//! The service: servers with all that clients must present, and types with what they are used for.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};

use crate::document::ServerId;
use crate::model::{
    Credential, Definitions, Route, RouteId, Scheme, SchemeKind, Server, Service, Types, Untyped,
};
use crate::naming::{Scope, file_name, value_name};
use crate::table::Table;

use super::addresses::Address;
use super::context::Context;
use super::security::{Alternatives, Security};
use super::usage;

const FIRST_PORT: u16 = 8080;
const FIRST_ADMIN_PORT: u16 = 9090;

/// Puts the service together.
pub(super) fn complete(
    cx: &Context<'_, '_>,
    addresses: Vec<Address>,
    mut security: Security,
    routes: Table<RouteId, Route>,
    definitions: Definitions,
    untyped: Vec<Untyped>,
) -> Service {
    let mut functions = Scope::default();
    let mut files = Scope::default();
    let mut ports = Ports::of(&addresses);
    let servers = addresses.into_iter().map(|address| {
        let required = security.servers.remove(&address.server);
        let names = Names::claim(cx, address.server, &mut functions, &mut files);
        server(
            cx,
            &mut ports,
            names,
            address,
            required.unwrap_or_default(),
            &routes,
        )
    });
    let servers: Vec<Server> = servers.collect();
    let document = cx.document;
    Service {
        place: document.node.location(),
        title: document.title.unwrap_or("WebSocket API").to_owned(),
        version: document.api_version.map(str::to_owned),
        description: document.description.map(str::to_owned),
        credentials: credentials(&servers),
        servers,
        client: cx.options.client,
        types: {
            let usage = usage::of(&definitions, &routes, cx.options.client);
            Types::new(definitions, usage)
        },
        untyped,
        routes,
    }
}

/// The ports of this machine that servers of the document have, or will get.
struct Ports(HashSet<u16>);

impl Ports {
    /// Those that URLs of the document name are kept for whom they belong to.
    fn of(addresses: &[Address]) -> Self {
        let named = addresses.iter().filter_map(|address| address.local);
        Self(named.map(|local| local.port()).collect())
    }

    /// Where a server listens: at the port of its URL if that is on this machine, and no other server is there.
    fn listen(&mut self, address: &Address) -> SocketAddr {
        match address.local {
            Some(local) if !address.shares_port => local,
            _ => self.free(FIRST_PORT),
        }
    }

    /// The first port that nobody has, from `first` on.
    fn free(&mut self, first: u16) -> SocketAddr {
        let port = (first..=u16::MAX).find(|port| self.0.insert(*port));
        SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(first)))
    }
}

/// What a server is called in the project.
struct Names {
    function: String,
    file: String,
}

impl Names {
    fn claim(
        cx: &Context<'_, '_>,
        server: ServerId,
        functions: &mut Scope,
        files: &mut Scope,
    ) -> Self {
        let name = cx.document.servers[server].name;
        Self {
            function: functions.claim(&[&value_name(name)]),
            file: match name.eq_ignore_ascii_case("main") {
                // No other file of an entrypoint is called so, and Cargo takes the name for a program.
                true => files.claim(&["main"]),
                false => files.claim(&[&file_name(name)]).replace('_', "-"),
            },
        }
    }
}

fn server(
    cx: &Context<'_, '_>,
    ports: &mut Ports,
    names: Names,
    address: Address,
    security: Alternatives,
    routes: &Table<RouteId, Route>,
) -> Server {
    let server = &cx.document.servers[address.server];
    let served = address.routes.iter().map(|served| &routes[served.route]);
    Server {
        place: server.node.key_location(),
        name: server.name.to_owned(),
        function: names.function,
        file: names.file,
        description: server.description.map(str::to_owned),
        listen: ports.listen(&address).to_string(),
        admin: ports.free(FIRST_ADMIN_PORT).to_string(),
        secure: address.secure,
        hosts: address.hosts,
        url: address.url,
        operation_schemes: operation_schemes(&security, served),
        security,
        routes: address.routes,
    }
}

/// The schemes that operations ask for beyond those of the server.
fn operation_schemes<'r>(
    own: &Alternatives,
    routes: impl Iterator<Item = &'r Route>,
) -> Vec<Scheme> {
    let mut schemes: Vec<Scheme> = Vec::new();
    let methods = routes.flat_map(Route::methods);
    for scheme in methods.flat_map(|method| method.security.iter().flatten()) {
        if !own.iter().flatten().any(|known| known == scheme) && !schemes.contains(scheme) {
            schemes.push(scheme.clone());
        }
    }
    schemes
}

/// A function for each scheme of the servers; a certificate is shown before anything else is.
fn credentials(servers: &[Server]) -> Vec<Credential> {
    let mut schemes: Vec<&Scheme> = Vec::new();
    for server in servers {
        let asked = server.security.iter().flatten();
        for scheme in asked.chain(&server.operation_schemes) {
            if scheme.kind != SchemeKind::MutualTls && !schemes.contains(&scheme) {
                schemes.push(scheme);
            }
        }
    }
    let mut names = Scope::default();
    let credentials = schemes.into_iter().map(|scheme| Credential {
        function: names.claim(&[&value_name(&scheme.name)]),
        scheme: scheme.clone(),
    });
    credentials.collect()
}
