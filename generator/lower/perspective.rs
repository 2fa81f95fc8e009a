//! Whose side of the API the document tells.

use crate::diagnostic::{Code, Location};
use crate::document::{Action, Document, Version};
use crate::options::Perspective;

use super::context::Context;

/// Whether the messages of an operation arrive at the server.
pub(super) fn is_inbound(perspective: Perspective, action: Action) -> bool {
    match perspective {
        Perspective::Server => action == Action::Receive,
        Perspective::Client => action == Action::Send,
    }
}

/// Warns where the document reads as if it described the client.
pub(super) fn check(cx: &mut Context<'_, '_>) {
    if cx.options.perspective == Perspective::Client {
        return;
    }
    let evidence = evidence(cx.document);
    let Some(((location, first), more)) = evidence.split_first() else {
        return;
    };
    let warning = cx.diagnostics.warning(
        Code::Perspective,
        location.clone(),
        format!("the document seems to describe the client: {first}"),
    );
    for (location, reason) in more {
        warning.related(location.clone(), reason.clone());
    }
    warning.help("the server is generated as if the document described the server; if it describes the client, pass `--perspective client`");
}

/// What speaks for a document that is written from the client's side, each with its place.
fn evidence(document: &Document<'_>) -> Vec<(Location, String)> {
    let mut found = Vec::new();
    if let Some(title) = document
        .title
        .filter(|title| words(title).iter().any(|word| word == "client"))
        && let Some(node) = document.node.get("info").and_then(|info| info.get("title"))
    {
        found.push((node.location(), format!("its title is `{title}`")));
    }
    if matches!(document.version, Version::V2(_)) {
        return found;
    }
    let has_reply = |action| {
        document
            .operations
            .iter()
            .any(|operation| operation.action == action && operation.reply.is_some())
    };
    if has_reply(Action::Send) && !has_reply(Action::Receive) {
        let asking = document
            .operations
            .iter()
            .filter(|operation| operation.action == Action::Send && operation.reply.is_some());
        found.extend(asking.take(1).map(|operation| {
            (
                operation.node.location(),
                format!(
                    "`{}` sends a request and gets the reply",
                    operation.name.unwrap_or("it")
                ),
            )
        }));
    }
    for sign in SIGNS {
        let shown_by = |action| {
            let operations = document.operations.iter();
            operations
                .filter(move |operation| operation.action == action)
                .find(|operation| (sign.shows)(&words(operation.name.unwrap_or_default())))
        };
        let (client, server) = match sign.side {
            Action::Send => (shown_by(Action::Send), shown_by(Action::Receive)),
            Action::Receive => (shown_by(Action::Receive), shown_by(Action::Send)),
        };
        if let (Some(operation), None) = (client, server) {
            let name = operation.name.unwrap_or("it");
            found.push((
                operation.node.location(),
                format!("`{name}` {}", sign.reason),
            ));
        }
    }
    found
}

/// What the name of an operation says about who performs it; it counts while no operation the other way says the same.
struct Sign {
    /// What a client does with an operation of such a name.
    side: Action,
    /// Whether the words of a name show it.
    shows: fn(&[String]) -> bool,
    /// What follows the name in a finding.
    reason: &'static str,
}

const SIGNS: &[Sign] = &[
    Sign {
        side: Action::Send,
        shows: |words| {
            // `sendJoinRoom` says what is asked for as well as `joinRoom`.
            let verb = words.iter().find(|word| *word != "send");
            verb.is_some_and(|verb| REQUESTS.contains(&verb.as_str()))
        },
        reason: "is something that a client sends",
    },
    Sign {
        side: Action::Send,
        shows: |words| words.last().is_some_and(|word| word == "request"),
        reason: "sends a request",
    },
    Sign {
        side: Action::Send,
        shows: |words| words.iter().any(|word| word == "client"),
        reason: "sends what a client sends",
    },
    Sign {
        side: Action::Receive,
        shows: |words| words.last().is_some_and(|word| word == "response"),
        reason: "receives a response",
    },
];

/// Verbs with which clients ask servers for something.
const REQUESTS: &[&str] = &[
    "subscribe",
    "unsubscribe",
    "login",
    "authenticate",
    "request",
    "query",
    "place",
    "submit",
    "create",
    "join",
];

fn words(text: &str) -> Vec<String> {
    heck::ToSnakeCase::to_snake_case(text)
        .split('_')
        .map(str::to_owned)
        .collect()
}
