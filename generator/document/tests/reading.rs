//! Documents of both versions, with their faults, in one file and in many.

use std::path::Path;

use super::reading;
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::document::{Action, FileSystem, MessageId, Sources, Version, read};
use crate::table::Id;

fn positions(messages: &[MessageId]) -> Vec<usize> {
    messages.iter().map(|id| id.position()).collect()
}

#[test]
fn the_second_of_two_keys_is_the_fault() {
    reading(
        "asyncapi: 3.0.0\ninfo: {title: a, version: b}\nchannels:\n  a: {}\n  a: {}\n",
        |document, found| {
            assert_eq!(found, [(Code::DuplicateKey, 5, 3, "a".to_owned())]);
            assert_eq!(document.channels.len(), 1);
        },
    );
}

#[test]
fn both_versions_become_one_shape() {
    let v2 = "
asyncapi: 2.6.0
info: {title: a, version: b}
servers: {main: {url: 'ws://h/p', protocol: ws, security: [{key: []}]}}
channels:
  /chat/{room}:
    parameters: {room: {schema: {type: string}}}
    publish: {operationId: say, message: {$ref: '#/components/messages/Said'}}
    subscribe: {message: {oneOf: [{$ref: '#/components/messages/Said'}, {name: Left}]}}
components:
  messages: {Said: {payload: {type: string}}}
  securitySchemes: {key: {type: httpApiKey, in: header, name: X-Key}}
";
    let v3 = "
asyncapi: 3.0.0
info: {title: a, version: b}
servers: {main: {host: h, pathname: /p, protocol: ws, security: [{$ref: '#/components/securitySchemes/key'}]}}
channels:
  chat:
    address: /chat/{room}
    parameters: {room: {}}
    messages: {Said: {$ref: '#/components/messages/Said'}, Left: {name: Left}}
operations:
  say: {action: receive, channel: {$ref: '#/channels/chat'}, messages: [{$ref: '#/channels/chat/messages/Said'}]}
  tell: {action: send, channel: {$ref: '#/channels/chat'}}
components:
  messages: {Said: {payload: {type: string}}}
  securitySchemes: {key: {type: httpApiKey, in: header, name: X-Key}}
";
    for (text, version) in [(v2, Version::V2(6)), (v3, Version::V3(0))] {
        reading(text, |document, found| {
            assert_eq!(found, []);
            assert_eq!(document.version, version);
            let server = &document.servers.as_slice()[0];
            assert_eq!(server.url.as_deref(), Some("ws://h/p"));
            let scheme = &server.security[0].schemes[0];
            assert_eq!(scheme.name, "key");
            assert_eq!(
                scheme.scheme.as_ref().and_then(|scheme| scheme.parameter),
                Some("X-Key")
            );
            let channel = &document.channels.as_slice()[0];
            assert_eq!(channel.address, Some("/chat/{room}"));
            assert_eq!(channel.parameters[0].name, "room");
            let names: Vec<_> = channel
                .messages
                .iter()
                .map(|message| message.key.or(message.name))
                .collect();
            assert_eq!(names, [Some("Said"), Some("Left")]);
            let operations: Vec<_> = document
                .operations
                .iter()
                .map(|operation| (operation.action, positions(&operation.messages)))
                .collect();
            assert_eq!(
                operations,
                [(Action::Receive, vec![0]), (Action::Send, vec![0, 1])]
            );
        });
    }
}

#[test]
fn a_trait_overrides_in_2_and_is_overridden_in_3() {
    let message = "{name: own, traits: [{name: first, title: first}, {name: second}]}";
    let head = "info: {title: a, version: b}\nchannels:\n  c:\n";
    let v2 = format!("asyncapi: 2.0.0\n{head}    publish: {{message: {message}}}\n");
    let v3 = format!("asyncapi: 3.0.0\n{head}    messages: {{m: {message}}}\n");
    for (text, name) in [(v2, "second"), (v3, "own")] {
        reading(&text, |document, _| {
            let message = &document.channels.as_slice()[0].messages.as_slice()[0];
            assert_eq!((message.name, message.title), (Some(name), Some("first")));
        });
    }
}

#[test]
fn objects_of_a_trait_are_merged_deeply() {
    let message = "{correlationId: {description: own}, bindings: {ws: {}}, \
        traits: [{correlationId: {location: $message.header#/a}, bindings: {websockets: {bindingVersion: '7'}}}]}";
    let head = "info: {title: a, version: b}\nchannels:\n  c:\n";
    let v2 = format!("asyncapi: 2.0.0\n{head}    publish: {{message: {message}}}\n");
    let v3 = format!("asyncapi: 3.0.0\n{head}    messages: {{m: {message}}}\n");
    for text in [v2, v3] {
        reading(&text, |document, found| {
            let message = &document.channels.as_slice()[0].messages.as_slice()[0];
            assert_eq!(message.correlation, Some("$message.header#/a"));
            let codes: Vec<Code> = found.iter().map(|(code, ..)| *code).collect();
            assert_eq!(codes, [Code::WebsocketsBindingKey, Code::BindingVersion]);
        });
    }
}

#[test]
fn a_null_or_a_text_hides_the_objects_below_it() {
    let base = "{correlationId: {location: $message.header#/a}}";
    for (above, location) in [
        ("{correlationId: null}", None),
        ("{correlationId: text}", None),
        ("{correlationId: {location: null}}", None),
        ("{}", Some("$message.header#/a")),
        (
            "{correlationId: {location: $message.header#/b}}",
            Some("$message.header#/b"),
        ),
    ] {
        let text = format!(
            "asyncapi: 3.0.0\ninfo: {{title: a, version: b}}\nchannels:\n  c:\n    messages: {{m: {{traits: [{base}, {above}]}}}}\n"
        );
        reading(&text, |document, _| {
            assert_eq!(
                document.channels.as_slice()[0].messages.as_slice()[0].correlation,
                location,
                "{above}"
            );
        });
    }
}

#[test]
fn messages_of_components_and_of_nowhere_are_told_apart() {
    let text = "
asyncapi: 3.0.0
info: {title: a, version: b}
channels:
  c: {address: /c, messages: {m: {$ref: '#/components/messages/m'}}}
operations:
  one: {action: send, channel: {$ref: '#/channels/c'}, messages: [{$ref: '#/components/messages/m'}]}
  two: {action: send, channel: {$ref: '#/channels/c'}, messages: [{$ref: '#/components/messages/n'}]}
components: {messages: {m: {}, n: {}}}
";
    reading(text, |document, found| {
        let codes: Vec<_> = found
            .iter()
            .map(|(code, line, _, _)| (*code, *line))
            .collect();
        assert_eq!(
            codes,
            [
                (Code::ComponentMessageReference, 7),
                (Code::MessageNotInChannel, 8)
            ]
        );
        assert_eq!(positions(&document.operations[0].messages), [0]);
        assert_eq!(positions(&document.operations[1].messages), [1]);
        assert_eq!(
            document.channels.as_slice()[0].messages.as_slice()[1].key,
            Some("n")
        );
    });
}

#[test]
fn a_document_without_references_finds_its_channels_again() {
    let text = "
asyncapi: 3.0.0
info: {title: a, version: b}
channels: {c: {address: /c, messages: {m: {payload: {}}}}}
operations: {o: {action: send, channel: {address: /c, messages: {m: {payload: {}}}}, messages: [{payload: {}}]}}
";
    reading(text, |document, found| {
        assert_eq!(found, []);
        assert_eq!(
            (
                document.channels.len(),
                document.operations[0].channel.position()
            ),
            (1, 0)
        );
        assert_eq!(positions(&document.operations[0].messages), [0]);
    });
}

#[test]
fn every_fault_is_found_and_the_rest_is_read() {
    let text = "
asyncapi: 3.0.0
info: {title: a, version: 1.0}
channels:
  c:
    adress: /c
    bindings: {websockets: {method: GET, bindingVersion: 7.0.0}}
    servers: [{$ref: '#/servers/s'}]
operations:
  o: {action: publish, channel: {$ref: '#/channels/c'}}
  p: {action: send, channel: {$ref: '#/channels/d'}}
  q: {action: send, channel: {$ref: '#/channels/c'}}
servers: {t: {host: h, protocol: ws}}
";
    reading(text, |document, found| {
        let found: Vec<_> = found
            .iter()
            .map(|(code, line, _, text)| (*code, *line, text.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (Code::WrongType, 3, "1.0"),
                (Code::UnknownProperty, 6, "adress"),
                (Code::WebsocketsBindingKey, 7, "websockets"),
                (Code::BindingVersion, 7, "7.0.0"),
                (Code::DanglingReference, 8, "'#/servers/s'"),
                (Code::InvalidValue, 10, "publish"),
                (Code::DanglingReference, 11, "'#/channels/d'"),
            ]
        );
        assert_eq!(document.api_version, Some("1.0"));
        assert_eq!(document.operations.len(), 1);
        assert_eq!(
            document.channels.as_slice()[0]
                .binding
                .as_ref()
                .and_then(|binding| binding.method),
            Some("GET")
        );
    });
}

#[test]
fn a_fragment_is_one_finding() {
    reading("servers: {a: {url: 'ws://h'}}\n", |document, found| {
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].0, document.version),
            (Code::Fragment, Version::V2(6))
        );
    });
}

#[test]
fn files_refer_to_files_but_not_out_of_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    };
    let entry = write(
        "api/asyncapi.yaml",
        "
asyncapi: 3.0.0
info: {title: a, version: b}
channels:
  c:
    messages:
      ok: {$ref: 'parts/messages.yaml#/ok'}
      json: {$ref: './parts/json%20file.json'}
      out: {$ref: '../secret.yaml'}
      link: {$ref: link.yaml}
      bad: {$ref: parts/bad.yaml}
",
    );
    write(
        "api/parts/messages.yaml",
        "ok: {$ref: '../more.yaml#/deep/0'}\n",
    );
    write("api/more.yaml", "deep: [{name: found}]\n");
    write("api/parts/json file.json", "{\"name\": \"json\"}");
    write("api/parts/bad.yaml", "name: 'open\n");
    let secret = write("secret.yaml", "name: secret\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&secret, folder.path().join("api/link.yaml")).unwrap();

    let mut diagnostics = Diagnostics::new();
    let sources = Sources::load(&entry, &FileSystem::new(&entry, &[]), &mut diagnostics);
    let document = read(&sources, &mut diagnostics).unwrap();
    let names: Vec<_> = document.channels.as_slice()[0]
        .messages
        .iter()
        .map(|message| message.name)
        .collect();
    assert_eq!(names, [Some("found"), Some("json")]);
    assert!(
        sources
            .paths()
            .all(|path| path.starts_with(entry.parent().unwrap()))
    );
    let codes: Vec<_> = diagnostics.iter().map(|finding| finding.code).collect();
    assert!(
        codes.contains(&Code::Syntax),
        "the file that is off is shown itself"
    );
    #[cfg(unix)]
    assert_eq!(
        codes
            .iter()
            .filter(|&&code| code == Code::ReferenceOutsideRoot)
            .count(),
        2
    );

    let mut diagnostics = Diagnostics::new();
    let allowed = FileSystem::new(&entry, &[folder.path().to_owned()]);
    let sources = Sources::load(&entry, &allowed, &mut diagnostics);
    read(&sources, &mut diagnostics).unwrap();
    assert!(
        diagnostics
            .iter()
            .all(|finding| finding.code != Code::ReferenceOutsideRoot)
    );
}

#[test]
fn a_missing_document_is_an_error_with_its_name() {
    let entry = Path::new("no/such/asyncapi.yaml");
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::load(entry, &FileSystem::new(entry, &[]), &mut diagnostics);
    assert!(sources.root().is_none());
    let finding = diagnostics.iter().next().unwrap();
    assert_eq!(
        (finding.severity, finding.code),
        (Severity::Error, Code::UnreadableFile)
    );
    assert!(finding.message.contains("no/such/asyncapi.yaml"));
}
