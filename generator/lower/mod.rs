//! From a document to the service to generate: every decision is taken here.

mod boxes;
mod checks;
mod constants;
mod correlation;
mod dispatch;
mod example_request;
mod facts;
mod layout;
mod messages;
mod parameters;
mod perspective;
mod routes;
mod schemas;
mod security;
mod servers;
mod unexpressed;
mod untyped;

pub use layout::ChannelLayout;
pub use perspective::Perspective;
#[cfg(feature = "cli")]
pub(crate) use routes::RESERVED_METHODS;
pub(crate) use security::inferred_scheme;

use crate::diagnostic::Diagnostics;
use crate::document::{Document, Sources};
use crate::model::{Scheme, Service};
use crate::resolve::Resolver;

/// What the user decided about the document.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which side of the API the document is written from.
    pub perspective: Perspective,
    /// How channels become routes.
    pub channels: ChannelLayout,
    /// The servers to generate, by name; all of them where the list is empty.
    pub servers: Vec<String>,
    /// Whether to generate a client as well.
    pub client: bool,
}

/// Lowers a document.
///
/// `None` where no WebSocket server is left, which is reported as an error. Other errors leave parts out
/// and go on, so that all of them are seen in one run.
pub fn lower<'a>(
    document: &Document<'a>,
    sources: &'a Sources,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Option<Service> {
    let resolver = Resolver::new(sources);
    let selected = servers::select(document, &options.servers, diagnostics);
    if selected.is_empty() {
        return None;
    }
    perspective::check(document, options.perspective, diagnostics);
    let groups = layout::group(document, &selected, options.channels, diagnostics);
    let mut schemas = schemas::Schemas::new(&resolver);
    let lowered = routes::lower(
        document,
        &groups,
        options,
        &resolver,
        &mut schemas,
        diagnostics,
    );
    let servers = servers::lower(document, &selected, &groups, diagnostics);
    let (types, untyped) = schemas.finish(&lowered, options.client);
    let mut service = Service {
        place: document.node.location(),
        title: document.title.unwrap_or("WebSocket API").to_owned(),
        version: document.api_version.map(str::to_owned),
        description: document.description.map(str::to_owned),
        servers,
        routes: lowered,
        client: options.client,
        types,
        untyped,
    };
    gather_operation_schemes(&mut service);
    mark_authenticated(&mut service);
    Some(service)
}

/// Gathers for each server the schemes that its operations ask for beyond its own.
fn gather_operation_schemes(service: &mut Service) {
    for server in &mut service.servers {
        let own: Vec<&Scheme> = server.security.iter().flatten().collect();
        let mut schemes: Vec<Scheme> = Vec::new();
        for served in &server.routes {
            let channels = service.routes[served.route].channels.iter();
            let methods = channels.flat_map(|channel| &channel.methods);
            for scheme in methods.flat_map(|method| method.security.iter().flatten()) {
                if !own.contains(&scheme) && !schemes.contains(scheme) {
                    schemes.push(scheme.clone());
                }
            }
        }
        server.operation_schemes = schemes;
    }
}

/// A route's principal is certain where every server with the route asks for credentials.
fn mark_authenticated(service: &mut Service) {
    for (index, route) in service.routes.iter_mut().enumerate() {
        let mut serving = service
            .servers
            .iter()
            .filter(|server| server.routes.iter().any(|served| served.route == index))
            .peekable();
        route.authenticated =
            serving.peek().is_some() && serving.all(|server| !server.security.is_empty());
    }
}
