//! Fragments as a WebSocket server binding page shows them: only `servers`, and no channel.

use std::fs;
use std::path::PathBuf;

use wsgen::model::{SchemeKind, Service, Traffic};

use crate::support::{project, root, settings};

/// The fragments, each with its servers: name, URL, path of the route, scheme that it asks for.
const CASES: [(&str, &[Server]); 14] = [
    (
        "basic",
        &[("websocketServer", "wss://api.example.com/ws", "/ws", None)],
    ),
    (
        "production",
        &[("productionWebSocket", "wss://ws.example.com", "/", None)],
    ),
    (
        "development",
        &[(
            "developmentWebSocket",
            "ws://localhost:8080/ws",
            "/ws",
            None,
        )],
    ),
    (
        "multi-region",
        &[
            ("usWestWebSocket", "wss://us-west.ws.example.com", "/", None),
            ("usEastWebSocket", "wss://us-east.ws.example.com", "/", None),
            ("euWebSocket", "wss://eu.ws.example.com", "/", None),
        ],
    ),
    (
        "secure",
        &[(
            "secureWebSocket",
            "wss://secure.example.com/ws",
            "/ws",
            Some("bearerAuth"),
        )],
    ),
    (
        "load-balanced",
        &[(
            "loadBalancedWebSocket",
            "wss://lb.example.com/ws",
            "/ws",
            None,
        )],
    ),
    (
        "chat",
        &[("chatWebSocket", "wss://chat.example.com/ws", "/ws", None)],
    ),
    (
        "dashboard",
        &[(
            "dashboardWebSocket",
            "wss://dashboard.example.com/ws",
            "/ws",
            None,
        )],
    ),
    (
        "gaming",
        &[("gameWebSocket", "wss://game.example.com/ws", "/ws", None)],
    ),
    (
        "iot",
        &[("iotWebSocket", "wss://iot.example.com/ws", "/ws", None)],
    ),
    (
        "trading",
        &[(
            "tradingWebSocket",
            "wss://trading.example.com/ws",
            "/ws",
            Some("apiKey"),
        )],
    ),
    (
        "single",
        &[("singleWebSocket", "wss://api.example.com/ws", "/ws", None)],
    ),
    (
        "multi-server",
        &[
            (
                "primaryWebSocket",
                "wss://primary.example.com/ws",
                "/ws",
                None,
            ),
            (
                "secondaryWebSocket",
                "wss://secondary.example.com/ws",
                "/ws",
                None,
            ),
        ],
    ),
    (
        "microservices",
        &[
            ("chatWebSocket", "wss://chat.example.com/ws", "/ws", None),
            (
                "notificationWebSocket",
                "wss://notifications.example.com/ws",
                "/ws",
                None,
            ),
            (
                "analyticsWebSocket",
                "wss://analytics.example.com/ws",
                "/ws",
                None,
            ),
        ],
    ),
];

type Server = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

#[test]
fn every_fragment_is_understood() {
    let cases = documents();
    assert_eq!(cases.len(), CASES.len());
    for (name, servers) in CASES {
        let (output, _) = project(&folder().join(format!("{name}.yaml")), &settings(name));
        check_service(name, &output.service, servers);
    }
}

/// The fragments' files.
pub fn documents() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap();
    let mut found: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn folder() -> PathBuf {
    root().join("tests/cases/binding-page")
}

/// The servers are the expected ones, and each hands raw frames to its one handler.
fn check_service(name: &str, service: &Service, expected: &[Server]) {
    let found: Vec<_> = service
        .servers
        .iter()
        .map(|server| {
            assert_eq!(server.routes.len(), 1, "{name}: routes of {}", server.name);
            let scheme = server.security.first().map(|schemes| &*schemes[0].name);
            (&*server.name, &*server.url, &*server.routes[0].path, scheme)
        })
        .collect();
    assert_eq!(found, expected, "{name}");
    assert!(
        matches!(service.routes.as_slice(), [route] if matches!(route.traffic, Traffic::Raw)),
        "{name}"
    );
    let kinds = service
        .servers
        .iter()
        .flat_map(|server| server.security.iter().flatten());
    for scheme in kinds {
        let right = match &*scheme.name {
            "bearerAuth" => scheme.kind == SchemeKind::Bearer,
            _ => matches!(
                scheme.kind,
                SchemeKind::HeaderKey(_) | SchemeKind::QueryKey(_)
            ),
        };
        assert!(right, "{name}: {scheme:?}");
    }
    let mut listen: Vec<_> = service
        .servers
        .iter()
        .map(|server| &server.listen)
        .collect();
    listen.dedup();
    assert_eq!(
        listen.len(),
        service.servers.len(),
        "{name}: every server has a port of its own"
    );
}
