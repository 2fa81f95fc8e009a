//! The service: servers with all that clients must present, and types with what they are used for.

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
    let servers = (0_u16..).zip(addresses).map(|(position, address)| {
        let required = security.servers.remove(&address.server);
        let names = Names::claim(cx, address.server, &mut functions, &mut files);
        server(
            cx,
            position,
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
            file: files.claim(&[&file_name(name)]).replace('_', "-"),
        }
    }
}

fn server(
    cx: &Context<'_, '_>,
    position: u16,
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
        listen: format!("127.0.0.1:{}", FIRST_PORT.saturating_add(position)),
        admin: format!("127.0.0.1:{}", FIRST_ADMIN_PORT.saturating_add(position)),
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
