//! `wsgen new`: projects for those who have no document yet.

use std::fs;

use wsgen::diagnostic::Diagnostics;
use wsgen::document::Sources;
use wsgen::scaffold::Starter;

use crate::support::command::wsgen;
use crate::support::files_below;

#[test]
fn every_template_is_made_and_has_no_finding() {
    for template in ["chat", "push", "request-reply", "binary"] {
        let folder = tempfile::tempdir().unwrap();
        let new = ["new", "My Service", "--template", template];
        let run = wsgen(folder.path(), &new, "");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.stdout.contains("server development"), "{}", run.stdout);
        assert!(
            run.stderr.contains("--manifest-path my-service/Cargo.toml"),
            "{}",
            run.stderr
        );
        let project = folder.path().join("my-service");
        let check = ["check", "--strict", "--format", "json", "asyncapi.yaml"];
        assert_eq!(wsgen(&project, &check, "").stdout, "[]\n", "{template}");
        let run = wsgen(&project, &["generate", "--check"], "");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let document = fs::read_to_string(project.join("asyncapi.yaml")).unwrap();
        assert!(document.contains("title: \"My Service\"\n"), "{document}");
        assert_eq!(document.matches("My Service").count(), 1);
        assert!(document.lines().all(|line| line.len() <= 125), "{document}");
    }
}

#[test]
fn the_default_is_a_chat_and_the_options_are_those_of_init() {
    let folder = tempfile::tempdir().unwrap();
    let new = ["new", "Demo", "elsewhere", "--minimal", "--build-rs"];
    let run = wsgen(folder.path(), &new, "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let project = folder.path().join("elsewhere");
    assert!(project.join("src/handlers/room.rs").exists());
    assert!(project.join("build.rs").exists());
    assert!(!project.join("Dockerfile").exists());
    let before = files_below(folder.path());
    let run = wsgen(folder.path(), &new, "");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("is not empty"), "{}", run.stderr);
    assert_eq!(files_below(folder.path()), before);
    let run = wsgen(folder.path(), &["new", ""], "");
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}

#[test]
fn a_title_is_text_whatever_is_in_it() {
    for title in [
        "true",
        "a: b # c",
        "\"quoted\" \\ 'twice'",
        "*anchor",
        "line\nbreak\r\ttab \u{7f}\u{85}\u{2028}\u{feff}",
        "{$ title $} {{ title }}",
        "Räume 🦀",
    ] {
        for starter in Starter::ALL {
            let document = starter.document(title).unwrap();
            let mut diagnostics = Diagnostics::new();
            let sources = Sources::from_text("asyncapi.yaml", document, &mut diagnostics);
            let output = wsgen::generate(&sources, &Default::default(), "asyncapi.yaml");
            let output = output.unwrap_or_else(|errors| panic!("{title:?}: {errors:?}"));
            assert_eq!(output.service.title, title);
            assert_eq!(output.diagnostics.iter().count(), 0, "{title:?}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    for (title, expected) in [("🦀", "server"), ("../Up & Down", "up-down")] {
        let run = wsgen(folder.path(), &["new", title], "");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(folder.path().join(expected).join("Cargo.toml").exists());
    }
}
