//! Where documents are served that say it in an unusual way, or not at all.

use wsgen::Options;
use wsgen::diagnostic::{Diagnostics, Severity};
use wsgen::document::Sources;
use wsgen::model::Service;

const HEAD: &str = "asyncapi: 3.0.0\ninfo: {title: Case, version: 1.0.0}\n";
const CHANNEL: &str =
    "channels: {api: {address: /api, messages: {m: {payload: {type: string}}}}}\n";

/// What is understood of a document, and the texts of what is found, `error:` or `warning:` first.
fn understand(document: &str, servers: &[&str]) -> (Option<Service>, Vec<String>) {
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("asyncapi.yaml", document.to_owned(), &mut diagnostics);
    let options = Options {
        servers: servers.iter().map(|&name| name.to_owned()).collect(),
        ..Options::default()
    };
    let service = wsgen::understand(&sources, &options, &mut diagnostics);
    let found = diagnostics
        .iter()
        .filter(|found| found.severity != Severity::Note)
        .map(|found| format!("{}: {}", found.severity.as_str(), found.message));
    let found = found.collect();
    (service, found)
}

fn served(document: &str, servers: &[&str]) -> (Service, Vec<String>) {
    let (service, found) = understand(document, servers);
    (service.unwrap_or_else(|| panic!("{found:?}")), found)
}

#[test]
fn the_protocol_is_known_in_any_spelling() {
    for (written, secure) in [
        ("WebSocket", false),
        ("websockets", false),
        ("Web-Socket", false),
        ("socket", false),
        ("secure websocket", true),
    ] {
        let servers = format!("servers: {{s: {{host: example.com, protocol: {written}}}}}\n");
        let (service, found) = served(&[HEAD, &servers, CHANNEL].concat(), &[]);
        assert_eq!(service.servers[0].secure, secure, "{written}");
        assert!(
            found
                .iter()
                .any(|text| text.contains(written) && text.contains("taken as `ws")),
            "{written}: {found:?}"
        );
    }
    let servers = "servers: {s: {host: example.com, protocol: WSS}}\n";
    let (service, found) = served(&[HEAD, servers, CHANNEL].concat(), &[]);
    assert!(service.servers[0].secure && found.is_empty(), "{found:?}");
}

#[test]
fn a_document_without_servers_is_served_on_this_machine() {
    for servers in ["", "servers: {}\n"] {
        let (service, found) = served(&[HEAD, servers, CHANNEL].concat(), &[]);
        let [server] = &service.servers[..] else {
            panic!()
        };
        assert_eq!(
            (&*server.name, &*server.url),
            ("main", "ws://localhost:8080")
        );
        assert_eq!(server.listen, "127.0.0.1:8080");
        assert!(
            found[0].contains("`ws://localhost:8080` is assumed"),
            "{found:?}"
        );
    }
    // A document about something else has not forgotten its server.
    let other = CHANNEL.replace("messages:", "bindings: {kafka: {topic: a}}, messages:");
    let (service, found) = understand(&[HEAD, &other].concat(), &[]);
    assert!(
        service.is_none() && found[0].starts_with("error:"),
        "{found:?}"
    );
}

#[test]
fn a_server_can_be_named_by_its_url() {
    let url = "ws://localhost:6500/live";
    let brokers = "servers: {broker: {host: b.example.com, protocol: kafka}}\n";
    for servers in ["", brokers] {
        let (service, found) = served(&[HEAD, servers, CHANNEL].concat(), &[url]);
        let [server] = &service.servers[..] else {
            panic!()
        };
        assert_eq!((&*server.name, &*server.url), ("main", url));
        assert_eq!(server.listen, "127.0.0.1:6500");
        assert_eq!(server.routes[0].path, "/live/api");
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn the_port_of_this_machine_is_that_of_the_document() {
    let servers = "servers:
  away: {host: 'example.com:7000', protocol: ws}
  main: {host: 'localhost:8080', protocol: ws}
  again: {host: '127.0.0.1:8080', protocol: ws}
  six: {host: '[::1]:6500', protocol: ws}
  admin: {host: 'localhost:9090', protocol: ws}
";
    let (service, _) = served(&[HEAD, servers, CHANNEL].concat(), &[]);
    let listen: Vec<&str> = service
        .servers
        .iter()
        .map(|server| &*server.listen)
        .collect();
    assert_eq!(
        listen,
        [
            "127.0.0.1:8081",
            "127.0.0.1:8080",
            "127.0.0.1:8082",
            "[::1]:6500",
            "127.0.0.1:9090"
        ]
    );
    let admin: Vec<&str> = service
        .servers
        .iter()
        .map(|server| &*server.admin)
        .collect();
    assert_eq!(admin[0], "127.0.0.1:9091");
    assert_eq!(service.servers[1].file, "main");
}

#[test]
fn channels_share_the_socket_of_each_server_that_they_are_limited_to() {
    let document = format!(
        "{HEAD}
servers:
  linear: {{host: example.com, pathname: /v5/public/linear, protocol: wss}}
  spot: {{host: example.com, pathname: /v5/public/spot, protocol: wss}}
channels:
  trades: {{address: trades, messages: {{trade: {{payload: {{type: object, required: [t], properties: {{t: {{const: a}}}}}}}}}}}}
  tickers:
    address: tickers
    servers: [{{$ref: '#/servers/linear'}}]
    messages: {{tick: {{payload: {{type: object, required: [t], properties: {{t: {{const: b}}}}}}}}}}
  liquidations:
    address: liquidations
    servers: [{{$ref: '#/servers/linear'}}]
    messages: {{gone: {{payload: {{type: object, required: [t], properties: {{t: {{const: c}}}}}}}}}}
"
    );
    let (service, found) = served(&document, &[]);
    assert!(
        found.iter().all(|text| !text.starts_with("error")),
        "{found:?}"
    );
    let [linear, spot] = &service.servers[..] else {
        panic!()
    };
    let of = |server: &wsgen::model::Server| -> Vec<(String, usize)> {
        let routes = server.routes.iter();
        let routes = routes.map(|served| {
            let exchange = service.routes[served.route].traffic.exchange().unwrap();
            (served.path.clone(), exchange.inbound.variants.len())
        });
        routes.collect()
    };
    assert_eq!(of(linear), [("/v5/public/linear".to_owned(), 3)]);
    assert_eq!(of(spot), [("/v5/public/spot/trades".to_owned(), 1)]);
}

#[test]
fn what_a_url_says_beside_its_place_is_in_no_file() {
    let document = "asyncapi: 2.2.0
info: {title: Case, version: 1.0.0}
servers:
  main: {url: 'ws://admin:Secret_1@localhost:8080/services?user={user}', protocol: ws, variables: {user: {default: '7'}}}
  bare: {url: 'admin:Secret_1@127.0.0.1:8090', protocol: ws}
channels: {/api: {publish: {message: {payload: {type: string}}}}}
";
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("asyncapi.yaml", document.to_owned(), &mut diagnostics);
    let options = Options {
        client: true,
        ..Options::default()
    };
    let output = wsgen::generate(&sources, &options, "asyncapi.yaml").unwrap();
    assert_eq!(
        output.service.servers[0].url,
        "ws://localhost:8080/services"
    );
    for file in &output.files {
        assert!(
            !String::from_utf8_lossy(&file.contents).contains("Secret_1"),
            "{}",
            file.path
        );
    }
    let said: Vec<&str> = output
        .diagnostics
        .iter()
        .map(|found| &*found.message)
        .collect();
    for words in [
        "`main` has a user or a password",
        "`main` has a query",
        "`bare` has a user",
    ] {
        assert!(
            said.iter().any(|text| text.contains(words)),
            "{words}: {said:?}"
        );
    }
}
