//! What was understood of a document, for programs.

use serde_json::{Value, json};
use wsgen::Options;
use wsgen::diagnostic::{Diagnostics, render_json};
use wsgen::document::Sources;
use wsgen::model::{
    Channel, Content, Evidence, Exchange, Layout, Method, Parameter, ParameterLocation, Reply,
    Route, Scheme, SchemeKind, Server, Service, Traffic, VariantId,
};

use super::told_apart::{TellsApart, tells_apart};

/// One JSON object; `findings` say what was inferred, where and why.
pub(super) fn describe(
    service: &Service,
    options: &Options,
    diagnostics: &Diagnostics,
    sources: &Sources,
) -> String {
    let findings = serde_json::from_str(&render_json(diagnostics, sources)).unwrap_or(Value::Null);
    let servers = service.servers.iter().map(|each| server(service, each));
    let understood = json!({
        "title": service.title,
        "version": service.version,
        "perspective": options.perspective.as_str(),
        "servers": servers.collect::<Vec<_>>(),
        "routes": service.routes.iter().map(route).collect::<Vec<_>>(),
        "findings": findings,
    });
    format!("{understood:#}\n")
}

fn server(service: &Service, server: &Server) -> Value {
    let routes = server.routes.iter().map(|served| {
        let route = &service.routes[served.route];
        json!({ "path": served.path, "route": route.label })
    });
    let alternatives = server.security.iter();
    let security = alternatives.map(|schemes| schemes.iter().map(scheme).collect::<Vec<_>>());
    json!({
        "name": server.name,
        "url": server.url,
        "secure": server.secure,
        "listen": server.listen,
        "admin": server.admin,
        "security": security.collect::<Vec<_>>(),
        "routes": routes.collect::<Vec<_>>(),
    })
}

fn scheme(scheme: &Scheme) -> Value {
    let (kind, parameter) = match &scheme.kind {
        SchemeKind::Bearer => ("bearer", None),
        SchemeKind::Basic => ("basic", None),
        SchemeKind::QueryKey(name) => ("query-key", Some(name)),
        SchemeKind::HeaderKey(name) => ("header-key", Some(name)),
        SchemeKind::CookieKey(name) => ("cookie-key", Some(name)),
        SchemeKind::MutualTls => ("mutual-tls", None),
    };
    json!({ "name": scheme.name, "kind": kind, "parameter": parameter })
}

fn route(route: &Route) -> Value {
    let described = |channel: &Channel, trait_name: &str, module: &str| json!({ "name": channel.name, "trait": trait_name, "handlers": module });
    let (layout, channels) = match &route.layout {
        Layout::Single(channel) => {
            let channel = described(channel, &route.trait_name, &route.module);
            ("path", vec![channel])
        }
        Layout::Multiplexed(channels) => {
            let channels = channels
                .iter()
                .map(|shared| described(&shared.channel, &shared.trait_name, &shared.module));
            ("multiplexed", channels.collect())
        }
    };
    let (operations, messages) = match &route.traffic {
        Traffic::Raw => (Vec::new(), Vec::new()),
        Traffic::Typed(exchange) => (operations(route, exchange), messages(exchange)),
    };
    json!({
        "route": route.label,
        "path": route.path,
        "layout": layout,
        "trait": route.has_trait().then_some(&route.trait_name),
        "authenticated": route.authenticated,
        "subprotocols": route.subprotocols,
        "parameters": route.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "channels": channels,
        "traffic": if matches!(route.traffic, Traffic::Raw) { "raw" } else { "typed" },
        "operations": operations,
        "messages": messages,
    })
}

fn parameter(parameter: &Parameter) -> Value {
    let location = match parameter.location {
        ParameterLocation::Path => "path",
        ParameterLocation::Query => "query",
        ParameterLocation::Header => "header",
    };
    json!({ "name": parameter.name, "in": location, "required": parameter.required })
}

/// What the server does on a route: it receives by methods, and sends messages.
fn operations(route: &Route, exchange: &Exchange) -> Vec<Value> {
    let methods = route
        .channels()
        .flat_map(|channel| channel.methods.iter().map(move |method| (channel, method)));
    let received = methods.map(|(channel, method)| {
        json!({
            "direction": "in",
            "channel": channel.name,
            "method": method.name,
            "message": exchange.inbound.variants[method.message].name,
            "replies": replies(method, exchange),
        })
    });
    let sent = exchange
        .outbound
        .variants
        .iter()
        .map(|variant| json!({ "direction": "out", "message": variant.name }));
    received.chain(sent).collect()
}

fn replies<'s>(method: &Method, exchange: &'s Exchange) -> Vec<&'s str> {
    let name = |index: &VariantId| exchange.outbound.variants[*index].name.as_str();
    match &method.reply {
        None => Vec::new(),
        Some(Reply::One(index)) => vec![name(index)],
        Some(Reply::Choice { messages, .. }) => messages.iter().map(name).collect(),
    }
}

fn messages(exchange: &Exchange) -> Vec<Value> {
    let mut messages = Vec::new();
    for (direction, set) in [("in", &exchange.inbound), ("out", &exchange.outbound)] {
        for (index, variant) in set.variants.entries() {
            let content = match variant.content {
                Content::Json => "json",
                Content::MessagePack => "msgpack",
                Content::Cbor => "cbor",
                Content::Text => "text",
                Content::Binary => "binary",
            };
            let mut message =
                json!({ "name": variant.name, "direction": direction, "content": content });
            // The server knows what it sends; only what arrives must be told apart.
            if direction == "in" {
                message["told_apart_by"] = way(&tells_apart(set, index));
            }
            messages.push(message);
        }
    }
    messages
}

fn way(way: &TellsApart) -> Value {
    match way {
        TellsApart::Binary => json!({ "by": "binary frames" }),
        TellsApart::Property {
            property,
            values,
            evidence,
        } => {
            let evidence = match evidence {
                Evidence::Settings => "settings",
                Evidence::Schema => "schema",
                Evidence::Examples => "examples",
                Evidence::Names => "names",
                Evidence::Words => "words",
            };
            json!({ "by": "property", "property": property, "values": values, "evidence": evidence })
        }
        TellsApart::Text => json!({ "by": "text frames" }),
        TellsApart::Kinds(kinds) => json!({ "by": "type", "types": kinds }),
        TellsApart::Keys(keys) => json!({ "by": "keys", "keys": keys }),
        TellsApart::AnyKey(keys) => json!({ "by": "any key", "keys": keys }),
        TellsApart::Item(position, item) => {
            json!({ "by": "item", "position": position, "item": item })
        }
        TellsApart::Alone => json!({ "by": "being the only one" }),
        TellsApart::Nothing => json!({ "by": "nothing" }),
    }
}
