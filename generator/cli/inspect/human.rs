//! What was understood of a document, for people.

use std::fmt::Write;

use wsgen::model::{
    Evidence, Exchange, Layout, Reply, Route, SchemeKind, Server, Service, Traffic,
};

use super::told_apart::{TellsApart, tells_apart};

/// Servers with their routes, routes with what goes over them.
pub(super) fn describe(service: &Service) -> String {
    let mut text = String::new();
    for server in &service.servers {
        describe_server(&mut text, service, server);
    }
    for route in &service.routes {
        describe_route(&mut text, route);
    }
    text
}

fn describe_server(text: &mut String, service: &Service, server: &Server) {
    let _ = writeln!(text, "server {}  {}", server.name, server.url);
    let _ = writeln!(
        text,
        "  listens on {}, admin on {}",
        server.listen, server.admin
    );
    if !server.security.is_empty() {
        let alternatives: Vec<String> = server
            .security
            .iter()
            .map(|schemes| {
                schemes
                    .iter()
                    .map(|scheme| describe_scheme(&scheme.kind))
                    .collect::<Vec<_>>()
                    .join(" and ")
            })
            .collect();
        let _ = writeln!(text, "  asks for {}", alternatives.join(", or "));
    }
    for served in &server.routes {
        let _ = writeln!(
            text,
            "  {} -> {}",
            served.path, service.routes[served.route].trait_name
        );
    }
}

fn describe_scheme(kind: &SchemeKind) -> String {
    match kind {
        SchemeKind::Bearer => "a bearer token".to_owned(),
        SchemeKind::Basic => "user and password".to_owned(),
        SchemeKind::QueryKey(name) => format!("a key in the query `{name}`"),
        SchemeKind::HeaderKey(name) => format!("a key in the header `{name}`"),
        SchemeKind::CookieKey(name) => format!("a key in the cookie `{name}`"),
        SchemeKind::MutualTls => "a client certificate".to_owned(),
    }
}

fn describe_route(text: &mut String, route: &Route) {
    let layout = match &route.layout {
        Layout::Single(_) => String::new(),
        Layout::Multiplexed(channels) => {
            let names = channels.iter().map(|shared| shared.channel.name.as_str());
            let names: Vec<&str> = names.collect();
            format!(
                "  ({} channels on one socket: {})",
                names.len(),
                names.join(", ")
            )
        }
    };
    let _ = writeln!(text, "route {}  {}{layout}", route.path, route.trait_name);
    for parameter in &route.parameters {
        let _ = writeln!(
            text,
            "  with {} in the {}{}",
            parameter.name,
            format!("{:?}", parameter.location).to_lowercase(),
            if parameter.required {
                ""
            } else {
                " (optional)"
            }
        );
    }
    match &route.traffic {
        Traffic::Raw => {
            let _ = writeln!(text, "  <-> text and binary messages as they are");
        }
        Traffic::Typed(exchange) => describe_traffic(text, route, exchange),
    }
}

fn describe_traffic(text: &mut String, route: &Route, exchange: &Exchange) {
    let Exchange { inbound, outbound } = exchange;
    for method in route.methods() {
        let variant = &inbound.variants[method.message];
        let reply = match &method.reply {
            None => String::new(),
            Some(Reply::One(index)) => format!(", answered by {}", outbound.variants[*index].name),
            Some(Reply::Choice { messages, .. }) => {
                let names: Vec<&str> = messages
                    .iter()
                    .map(|&index| outbound.variants[index].name.as_str())
                    .collect();
                format!(", answered by {}", names.join(" or "))
            }
        };
        let _ = writeln!(
            text,
            "  <- {}  ({}) calls {}{reply}",
            variant.name,
            describe_way(&tells_apart(inbound, method.message)),
            method.name
        );
    }
    for &index in &inbound.dispatch.ambiguous {
        let _ = writeln!(
            text,
            "  <- {}  (nothing tells it apart) calls raw",
            inbound.variants[index].name
        );
    }
    for variant in &outbound.variants {
        let _ = writeln!(text, "  -> {}", variant.name);
    }
}

/// How a message is told from the others.
fn describe_way(way: &TellsApart) -> String {
    match way {
        TellsApart::Binary => "binary frames".to_owned(),
        TellsApart::Property {
            property,
            values,
            evidence,
        } => {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            let why = match evidence {
                Evidence::Schema => "",
                Evidence::Settings => ", by the settings",
                Evidence::Examples => ", by the examples",
                Evidence::Names => ", by the names of the messages",
                Evidence::Words => ", by what is written beside it",
            };
            format!("{property}: {}{why}", shown(&values))
        }
        TellsApart::Text => "any text".to_owned(),
        TellsApart::Kinds(kinds) => format!("any {}", kinds.join(" or ")),
        TellsApart::Keys(keys) => format!("has {}", keys.join(", ")),
        TellsApart::AnyKey(keys) => format!("has one of {}", keys.join(", ")),
        TellsApart::Item(position, item) => {
            format!("a list with {} at {position}", item.join(" or "))
        }
        TellsApart::Alone => "the only one".to_owned(),
        TellsApart::Nothing => "nothing tells it apart".to_owned(),
    }
}

/// A few of many values: the spellings of a name are a dozen.
fn shown(values: &[String]) -> String {
    const MOST: usize = 3;
    match values {
        [first, _, _, _, ..] => format!("{first} | … {} more", values.len() - 1),
        values => values[..values.len().min(MOST)].join(" | "),
    }
}
