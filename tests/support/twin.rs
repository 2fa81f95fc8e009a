//! A document with a text wherever a document may have one, and the shape of the files that it becomes: whatever the text
//! says, the shape is that of a document with harmless words in its place.
//!
//! The fuzz target `twin` has this file as well.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use pulldown_cmark::{Event, Options, Parser};
use serde_json::{Value, json};
use wsgen::diagnostic::Diagnostics;
use wsgen::document::Sources;
use wsgen::naming::{is_invisible, is_keyword};
use wsgen::output::OutputFile;
use wsgen::scaffold::{Project, Runtime, scaffold};

/// What stands for a text that means no harm. It is no identifier, and neither is the other.
pub const BENIGN: &str = "two Words";

/// A document that says `text` in its names, its descriptions, its constants and its examples.
pub fn document(text: &str) -> Value {
    // Names begin alike, so that what is made of them is in the same order.
    let named = format!("x {text}");
    let secured = json!([
        {"type": "openIdConnect", "openIdConnectUrl": format!("https://issuer.example/{text}"), "description": text},
        {"type": "httpApiKey", "in": "query", "name": "key", "description": text},
    ]);
    let payload = json!({
        "type": "object",
        "title": named,
        "description": text,
        "required": ["kind"],
        "properties": {
            "kind": {"const": "first"},
            (&*named): {"type": "string", "description": text, "default": named, "maxLength": 1_000_000, "examples": [text]},
            "choice": {"type": "string", "enum": [named, "other"], "description": text},
            "whole": {"type": "integer"},
            "amount": {"type": "number"},
            "mixed": {"enum": [named, 1]},
            "union": {"oneOf": [{"type": "string", "description": text}, {"type": "integer", "title": named}]},
        },
    });
    let tagged = json!({
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"const": named}, "words": {"type": "string"}},
    });
    json!({
        "asyncapi": "3.0.0",
        "info": {"title": named, "version": format!("1.0.0 {text}"), "description": text},
        "servers": {
            "main": {
                "host": "localhost:8080", "protocol": "ws", "title": named, "summary": text,
                "description": text, "security": secured,
            },
            (&*named): {"host": "localhost:8081", "protocol": "wss", "description": text},
        },
        "channels": {
            (&*named): {
                "address": "/rooms/{room}",
                "title": named, "summary": text, "description": text,
                "parameters": {"room": {"description": text, "enum": ["room", named]}},
                "bindings": {"ws": {"query": {"type": "object", "properties": {
                    "since": {"type": "string", "description": text, "default": named},
                }}}},
                "messages": {
                    "first": {
                        "name": "first", "title": named, "summary": text, "description": text, "payload": payload,
                        "examples": [{"name": text, "summary": text, "payload": {
                            "kind": "first", (&*named): text, "choice": named, "union": text, "whole": -0.0, "amount": 1e300,
                        }}],
                    },
                    (&*named): {
                        "description": text, "payload": tagged,
                        "examples": [{"payload": {"kind": named, "words": text}}],
                    },
                },
            },
        },
        "operations": {
            (&*named): {
                "action": "receive", "channel": {"$ref": channel(&named)},
                "title": named, "summary": text, "description": text,
                "reply": {"channel": {"$ref": channel(&named)}},
            },
        },
    })
}

/// The reference to a channel of this name.
fn channel(name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    let mut reference = "#/channels/".to_owned();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'~' => reference.push(char::from(byte)),
            _ => reference.push_str(&format!("%{byte:02X}")),
        }
    }
    reference
}

/// All files that the document becomes, for a server and a client; the findings where it becomes none.
pub fn files(document: &Value, build_script: bool) -> Result<Vec<OutputFile>, String> {
    let mut diagnostics = Diagnostics::new();
    let text = document.to_string();
    let sources = Sources::from_text("asyncapi.json", text, &mut diagnostics);
    let options = wsgen::Options {
        client: true,
        ..wsgen::Options::default()
    };
    let output = wsgen::generate(&sources, &options, "asyncapi.json").map_err(|errors| {
        diagnostics.merge(errors);
        wsgen::diagnostic::render_human(&diagnostics, &sources, false)
    })?;
    let project = Project {
        package: "twin".to_owned(),
        runtime: Runtime::Version("0.1.0".to_owned()),
        standalone: false,
        minimal: false,
        document: "asyncapi.json".to_owned(),
        build_script: build_script.then(|| Runtime::Version("0.1.0".to_owned())),
        allow_ref_roots: Vec::new(),
    };
    let mut files = output.files;
    let tests = wsgen::generate_tests(&output.service, "twin", "asyncapi.json");
    files.extend(tests.map_err(|error| error.to_string())?);
    let scaffold = scaffold(&output.service, &project, &options);
    files.extend(scaffold.map_err(|error| error.to_string())?);
    Ok(files)
}

/// What a file says apart from the words that a document may choose.
pub fn shape(file: &OutputFile) -> Result<String, String> {
    let text = std::str::from_utf8(&file.contents).map_err(|error| error.to_string())?;
    if let Some(unseen) = text.chars().find(|&c| c != '\n' && is_invisible(c)) {
        return Err(format!("{unseen:?} is in it"));
    }
    match file.path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => {
            let tokens = text.parse::<TokenStream>();
            let mut shape = String::new();
            write_code(tokens.map_err(|error| error.to_string())?, &mut shape);
            Ok(shape)
        }
        Some("md") => Ok(page(text)),
        Some("toml") => {
            let table: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
            let commented = text.lines().filter(|line| line.starts_with('#')).count();
            let value = serde_json::to_value(table).map_err(|error| error.to_string())?;
            Ok(format!("{commented} {}", keys(&value)))
        }
        // What else there is has only names of files from the document.
        _ => Ok(text.lines().count().to_string()),
    }
}

/// The tokens, with `n` for a name and the kind of a literal. Without docs, which have as many lines as they need, and
/// without commas and braces, which some lines have for their length.
fn write_code(tokens: TokenStream, shape: &mut String) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '#' => {
                let inner = tokens.next_if(
                    |token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == '!'),
                );
                let is_of_words = |token: &TokenTree| {
                    let text = token.to_string();
                    text.starts_with("[doc") || text.starts_with("[serde")
                };
                if tokens.next_if(is_of_words).is_none() {
                    shape.push('#');
                    shape.extend(inner.map(|_| '!'));
                }
            }
            TokenTree::Punct(sign) if sign.as_char() == ',' => {}
            TokenTree::Punct(sign) if sign.as_char() == ';' => shape.push_str(";\n"),
            TokenTree::Punct(sign) => shape.push(sign.as_char()),
            TokenTree::Ident(name) if is_keyword(&name.to_string()) => {
                shape.push_str(&format!(" {name} "));
            }
            TokenTree::Ident(_) => shape.push_str(" n "),
            TokenTree::Literal(literal) => {
                let is_text = literal.to_string().contains('"');
                shape.push_str(if is_text { " \"\" " } else { " 0 " });
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("", ""),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                shape.push_str(open);
                write_code(group.stream(), shape);
                shape.push_str(close);
            }
        }
    }
}

/// The blocks of a page and its markup, without its words.
fn page(text: &str) -> String {
    let mut shape = String::new();
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Text(_) | Event::SoftBreak => {}
            Event::Code(_) => shape.push_str("code "),
            other => shape.push_str(&format!("{other:?}\n")),
        }
    }
    shape
}

/// A value with the kinds of its scalars.
fn keys(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| format!("{key}={}", keys(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(keys).collect::<Vec<_>>().join(","))
        }
        Value::String(_) => "text".to_owned(),
        other => other.to_string(),
    }
}
