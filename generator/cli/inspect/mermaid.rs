//! A picture of servers, routes and messages, as a Mermaid flowchart.

use std::fmt::Write;

use wsgen::model::{Exchange, Reply, Route, Service, Traffic};
use wsgen::naming::is_invisible;
use wsgen::table::Id;

/// Servers point at their routes; messages at the route where they arrive, and routes at what they send.
pub(super) fn draw(service: &Service) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (index, server) in service.servers.iter().enumerate() {
        let (name, url) = (escaped(&server.name), escaped(&server.url));
        let _ = writeln!(text, "  server{index}[[\"{name}<br>{url}\"]]");
    }
    for (index, route) in service.routes.entries() {
        let index = index.position();
        draw_route(&mut text, index, route);
    }
    for (index, server) in service.servers.iter().enumerate() {
        for served in &server.routes {
            let path = escaped(&served.path);
            let _ = writeln!(
                text,
                "  server{index} -- \"{path}\" --> route{}",
                served.route.position()
            );
        }
    }
    text
}

fn draw_route(text: &mut String, index: usize, route: &Route) {
    let (path, name) = (escaped(&route.path), escaped(&route.trait_name));
    let _ = writeln!(text, "  route{index}{{{{\"{path}<br>{name}\"}}}}");
    match &route.traffic {
        Traffic::Raw => {
            let _ = writeln!(
                text,
                "  route{index} <--> raw{index}([\"text and binary\"])"
            );
        }
        Traffic::Typed(exchange) => draw_messages(text, index, route, exchange),
    }
}

fn draw_messages(text: &mut String, route_index: usize, route: &Route, exchange: &Exchange) {
    for (index, variant) in exchange.inbound.variants.iter().enumerate() {
        let name = escaped(&variant.name);
        let _ = writeln!(
            text,
            "  in{route_index}_{index}([\"{name}\"]) --> route{route_index}"
        );
    }
    for (index, variant) in exchange.outbound.variants.iter().enumerate() {
        let name = escaped(&variant.name);
        let _ = writeln!(
            text,
            "  route{route_index} --> out{route_index}_{index}([\"{name}\"])"
        );
    }
    for method in route.methods() {
        for reply in method.reply.as_ref().map_or(&[][..], Reply::messages) {
            let (request, reply) = (method.message.position(), reply.position());
            let _ = writeln!(
                text,
                "  in{route_index}_{request} -. reply .-> out{route_index}_{reply}"
            );
        }
    }
}

/// The text as a quoted label can hold it: what means something to Mermaid or to a terminal as a character entity.
fn escaped(text: &str) -> String {
    let mut label = String::with_capacity(text.len());
    for c in text.chars() {
        let plain = (c.is_alphanumeric() && !is_invisible(c)) || " -_./:{}()[]*,=+@~!'".contains(c);
        if plain {
            label.push(c);
        } else {
            let _ = write!(label, "#{};", u32::from(c));
        }
    }
    label
}
