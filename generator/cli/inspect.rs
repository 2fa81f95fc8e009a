//! `wsgen inspect`: what was understood of a document.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use wsgen::diagnostic::Diagnostics;
use wsgen::model::{
    Content, Dispatch, Exchange, Layout, Literal, Reply, Route, SchemeKind, Server, Service, Shape,
    Traffic,
};

use super::Input;
use super::report::Output;

/// Show what wsgen understood of a document: servers, routes, messages, and how each is told apart.
#[derive(Args, Debug)]
pub(super) struct Inspect {
    #[command(flatten)]
    input: Input,
}

impl Inspect {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        let mut diagnostics = Diagnostics::new();
        let sources = self.input.load(&mut diagnostics);
        let service = (!diagnostics.has_errors())
            .then(|| wsgen::understand(&sources, &self.input.options(), &mut diagnostics))
            .flatten();
        output.findings(&diagnostics, &sources);
        match service {
            Some(service) if !diagnostics.has_errors() => {
                output.result(&describe(&service));
                ExitCode::SUCCESS
            }
            _ => ExitCode::from(1),
        }
    }
}

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
    let channels: Vec<&str> = route
        .channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    let layout = match route.layout {
        Layout::Path => String::new(),
        Layout::Multiplexed => format!(
            "  ({} channels on one socket: {})",
            channels.len(),
            channels.join(", ")
        ),
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
    for method in route.channels.iter().flat_map(|channel| &channel.methods) {
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
            told_by(&inbound.dispatch, method.message, variant.content),
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
fn told_by(dispatch: &Dispatch, index: usize, content: Content) -> String {
    if dispatch.binary == Some(index) {
        return "binary frames".to_owned();
    }
    if let Some(tag) = &dispatch.tag {
        let values: Vec<String> = tag
            .values
            .iter()
            .filter(|(_, target)| *target == index)
            .map(|(literal, _)| match literal {
                Literal::String(text) => format!("\"{text}\""),
                Literal::Integer(number) => number.to_string(),
            })
            .collect();
        if !values.is_empty() {
            return format!("{}: {}", tag.property, values.join(" | "));
        }
    }
    match dispatch.shapes.iter().find(|(_, target)| *target == index) {
        Some((Shape::Any, _)) if content == Content::Text => "any text".to_owned(),
        Some((Shape::Kinds(kinds), _)) => format!(
            "any {}",
            kinds
                .iter()
                .map(|kind| format!("{kind:?}").to_lowercase())
                .collect::<Vec<_>>()
                .join(" or ")
        ),
        Some((Shape::Keys(keys), _)) => format!("has {}", keys.join(", ")),
        Some((Shape::Any, _)) | None => "the only one".to_owned(),
    }
}
