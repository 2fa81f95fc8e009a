//! What the other stages made of a document: the document as it was read, and the files.

use std::fmt::Write;

use serde_json::{Value, json};
use wsgen::document::{Action, Channel, Document, Message, Operation, Server};
use wsgen::output::OutputFile;

/// The document as it was read, for people.
pub(super) fn document_for_people(document: &Document<'_>) -> String {
    let mut text = format!("{}\n", document.version);
    for server in &document.servers {
        let url = server.url.as_deref().unwrap_or("nowhere");
        let protocol = server.protocol.unwrap_or("no protocol");
        let _ = writeln!(text, "server {}  {url}  ({protocol})", server.name);
    }
    for channel in &document.channels {
        let address = channel.address.unwrap_or("no address");
        let _ = writeln!(text, "channel {}  {address}", channel.name);
        for server in servers(document, channel) {
            let _ = writeln!(text, "  on {server}");
        }
        for message in &channel.messages {
            let _ = writeln!(text, "  message {}", called(message));
        }
    }
    for operation in &document.operations {
        let channel = &document.channels[operation.channel];
        let name = operation.name.unwrap_or("without a name");
        let _ = writeln!(
            text,
            "operation {name}  {} on {}",
            action(operation),
            channel.name
        );
        for message in &operation.messages {
            let _ = writeln!(text, "  message {}", called(&channel.messages[*message]));
        }
        if let Some(reply) = &operation.reply {
            let channel = &document.channels[reply.channel];
            for message in &reply.messages {
                let message = called(&channel.messages[*message]);
                let _ = writeln!(text, "  reply {message} on {}", channel.name);
            }
        }
    }
    text
}

/// The document as it was read, for programs.
pub(super) fn document_for_programs(document: &Document<'_>) -> String {
    let server = |server: &Server<'_>| {
        let (name, url, protocol) = (server.name, &server.url, server.protocol);
        json!({ "name": name, "url": url, "protocol": protocol })
    };
    let channel = |channel: &Channel<'_>| {
        let parameters = channel.parameters.iter();
        json!({
            "name": channel.name,
            "address": channel.address,
            "servers": servers(document, channel),
            "parameters": parameters.map(|parameter| parameter.name).collect::<Vec<_>>(),
            "messages": channel.messages.iter().map(called).collect::<Vec<_>>(),
        })
    };
    let operation = |operation: &Operation<'_>| {
        let channel = &document.channels[operation.channel];
        let messages = operation.messages.iter();
        let messages = messages.map(|id| called(&channel.messages[*id]));
        let reply = operation.reply.as_ref().map(|reply| {
            let channel = &document.channels[reply.channel];
            let messages = reply.messages.iter();
            let messages = messages.map(|id| called(&channel.messages[*id]));
            json!({ "channel": channel.name, "messages": messages.collect::<Vec<_>>() })
        });
        json!({
            "name": operation.name,
            "action": action(operation),
            "channel": channel.name,
            "messages": messages.collect::<Vec<_>>(),
            "reply": reply,
        })
    };
    let read = json!({
        "version": document.version.to_string(),
        "title": document.title,
        "servers": document.servers.iter().map(server).collect::<Vec<_>>(),
        "channels": document.channels.iter().map(channel).collect::<Vec<_>>(),
        "operations": document.operations.iter().map(operation).collect::<Vec<_>>(),
    });
    format!("{read:#}\n")
}

/// The files, one after the other, each below its path.
pub(super) fn files_for_people(files: &[OutputFile]) -> String {
    let mut text = String::new();
    for file in files {
        let contents = String::from_utf8_lossy(&file.contents);
        let _ = writeln!(text, "==> {} <==\n{contents}", file.path);
    }
    text
}

/// The files as a list of objects.
pub(super) fn files_for_programs(files: &[OutputFile]) -> String {
    let file = |file: &OutputFile| {
        let contents = String::from_utf8_lossy(&file.contents);
        json!({ "path": file.path, "contents": contents })
    };
    let files: Vec<Value> = files.iter().map(file).collect();
    format!("{:#}\n", Value::from(files))
}

/// The servers that a channel is limited to.
fn servers<'a>(document: &Document<'a>, channel: &Channel<'a>) -> Vec<&'a str> {
    let servers = channel.servers.iter();
    servers.map(|&id| document.servers[id].name).collect()
}

fn action(operation: &Operation<'_>) -> &'static str {
    match operation.action {
        Action::Send => "send",
        Action::Receive => "receive",
    }
}

fn called<'a>(message: &Message<'a>) -> &'a str {
    let names = [message.key, message.name, message.message_id, message.title];
    names
        .into_iter()
        .flatten()
        .next()
        .unwrap_or("without a name")
}
