//! How an update of a project is shown: as a list, as a diff, or as JSON.

use std::fmt::Write;

use clap::builder::styling::{AnsiColor, Style};
use serde_json::{Value, json};
use similar::TextDiff;
use wsgen::naming::is_invisible;
use wsgen::project::Update;
use wsgen::project::handlers::Task;
use wsgen::project::plan::{Change, Kept, Plan, Why};

use super::arguments::Format;
use super::report::{Output, counted};

/// Whether something happened or would have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tense {
    /// It was done.
    Did,
    /// It was only decided.
    Would,
}

/// Shows an update: as the result if the user `asked` for it, else by the way.
pub(super) fn show(update: &Update, tense: Tense, asked: bool, output: &Output) {
    if output.format == Format::Json {
        return output.result(&format!("{:#}\n", machine(update)));
    }
    let text = human(update, tense);
    match asked {
        true => output.result(&text),
        false => output.tell(&text),
    }
}

/// What is to be said about generated files that were edited by hand, unless there are none.
pub(super) fn edited(update: &Update) -> Option<String> {
    let edited = update
        .plan
        .kept
        .iter()
        .filter(|kept| kept.why == Why::Edited);
    let paths: Vec<String> = edited.map(|kept| format!("`{}`", kept.path)).collect();
    let (was, them) = match paths.len() {
        0 => return None,
        1 => ("was", "it"),
        _ => ("were", "them"),
    };
    Some(format!(
        "{} {was} edited by hand and kept: move your changes to `src/handlers/`, then let `wsgen generate --force` replace {them}",
        paths.join(", "),
    ))
}

fn human(update: &Update, tense: Tense) -> String {
    let mut text = String::new();
    let verb = |change: &Change| match (&change.before, &change.after) {
        (None, _) => "create",
        (_, None) => "remove",
        _ if is_generated(&change.path) => "rewrite",
        _ => "edit",
    };
    for change in &update.plan.changes {
        let _ = writeln!(text, "  {:<8} {}", verb(change), change.path);
    }
    for Kept { path, why } in &update.plan.kept {
        let why = match why {
            Why::Edited => "edited by hand",
            Why::Foreign => "not wsgen's",
        };
        let _ = writeln!(text, "  {:<8} {path}  ({why})", "keep");
    }
    let count = update.plan.changes.len();
    let _ = match (count, update.is_due(), tense) {
        (0, false, _) => writeln!(text, "nothing to change"),
        (0, true, Tense::Did) => writeln!(text, "wrote wsgen.lock"),
        (0, true, Tense::Would) => writeln!(text, "would write wsgen.lock"),
        (_, _, Tense::Did) => writeln!(text, "changed {}", counted(count, "file")),
        (_, _, Tense::Would) => writeln!(text, "would change {}", counted(count, "file")),
    };
    for task in &update.tasks {
        let _ = writeln!(text, "\n{}", left_to_do(task));
    }
    text
}

fn is_generated(path: &str) -> bool {
    path.starts_with("src/generated/") || path == "tests/generated.rs"
}

/// A task in words.
fn left_to_do(task: &Task) -> String {
    let listed = |methods: &[String]| {
        let methods: Vec<String> = methods.iter().map(|method| format!("`{method}`")).collect();
        methods.join(", ")
    };
    match task {
        Task::Implement {
            path,
            trait_name,
            methods,
            code,
        } => format!(
            "{path}: `impl {trait_name}` lacks {}; paste this at its end, or let `wsgen generate --fix` do it:\n\n{}",
            listed(methods),
            code.trim_end()
        ),
        Task::Divide {
            path,
            line,
            trait_name,
            module,
            members,
            is_gone,
        } => {
            let what = listed(members);
            let gone = match is_gone {
                true => format!("; nothing else is left of `{trait_name}`"),
                false => String::new(),
            };
            format!(
                "{path}:{line}: {what} of `impl {trait_name}` belong to `wsgen_runtime::Handler<{module}::Route>` now: move them into an `impl` of that{gone}"
            )
        }
        Task::ImplementTrait {
            path,
            trait_name,
            code,
        } => format!(
            "{path}: there is no `impl {trait_name}`; paste this at its end, or let `wsgen generate --fix` do it:\n\n{}",
            code.trim_end()
        ),
        Task::Restore { path, trait_name } => format!(
            "{path} was deleted, and no `impl {trait_name}` is seen in `src`: `wsgen generate --fix` writes the stub again"
        ),
        Task::Declare { path, line } => {
            format!("{path}: declare it where your handlers are, by `{line}`")
        }
        Task::RemoveMethods {
            path,
            trait_name,
            methods,
        } => format!(
            "{path}: nothing calls {} of `impl {trait_name}` any more: the code is yours to remove",
            listed(methods)
        ),
        Task::RemoveFile { path } => {
            format!(
                "{path}: the document does not ask for it any more: the file is yours to remove"
            )
        }
        Task::SetDefaultRun { binary } => format!(
            "Cargo.toml: there are several entrypoints now; `default-run = \"{binary}\"` says which one `cargo run` starts"
        ),
        Task::TestServers { path, code } => format!(
            "{path}: nothing starts what is new; paste this at its end:\n\n{}",
            code.trim_end()
        ),
        Task::AddFeatures { features, line } => format!(
            "Cargo.toml: the document needs {} of wsgen-runtime now; put into `[dependencies]`:\n\n{line}",
            listed(features)
        ),
        Task::Repair { path } => {
            format!("{path}: it is no Rust that can be read, so what it lacks was not looked at")
        }
    }
}

/// The changes as a unified diff, which `git apply` and `patch -p1` take; colours go where they are not wanted.
pub(super) fn diff(plan: &Plan) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        let [before, after] = [&change.before, &change.after]
            .map(|contents| String::from_utf8_lossy(contents.as_deref().unwrap_or_default()));
        let name = |side: &str, there: bool| match there {
            true => format!("{side}/{}", change.path),
            false => "/dev/null".to_owned(),
        };
        let diff = TextDiff::from_lines(&*before, &*after);
        let mut unified = diff.unified_diff();
        let from = name("a", change.before.is_some());
        let to = name("b", change.after.is_some());
        for line in unified.header(&from, &to).to_string().lines() {
            let style = style(line);
            let _ = writeln!(text, "{style}{}{style:#}", printable(line));
        }
    }
    text
}

fn style(line: &str) -> Style {
    match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Style::new().bold(),
        [b'+', ..] => AnsiColor::Green.on_default(),
        [b'-', ..] => AnsiColor::Red.on_default(),
        [b'@', ..] => AnsiColor::Cyan.on_default(),
        _ => Style::new(),
    }
}

/// The line without characters that command a terminal or turn the direction of text.
fn printable(line: &str) -> String {
    line.replace(|c: char| c != '\t' && is_invisible(c), "\u{fffd}")
}

fn machine(update: &Update) -> Value {
    let changes = update.plan.changes.iter().map(|change| {
        let action = match (&change.before, &change.after) {
            (None, _) => "create",
            (_, None) => "remove",
            _ => "rewrite",
        };
        json!({ "path": change.path, "action": action })
    });
    let kept = update.plan.kept.iter().map(|kept| {
        let why = match kept.why {
            Why::Edited => "edited",
            Why::Foreign => "foreign",
        };
        json!({ "path": kept.path, "why": why })
    });
    json!({
        "changes": changes.collect::<Vec<_>>(),
        "kept": kept.collect::<Vec<_>>(),
        "tasks": update.tasks.iter().map(task).collect::<Vec<_>>(),
    })
}

fn task(task: &Task) -> Value {
    match task {
        Task::Implement {
            path,
            trait_name,
            methods,
            code,
        } => {
            json!({ "do": "implement", "path": path, "trait": trait_name, "methods": methods, "code": code })
        }
        Task::Divide {
            path,
            line,
            trait_name,
            module,
            members,
            is_gone,
        } => {
            json!({ "do": "divide", "path": path, "line": line, "trait": trait_name, "module": module, "members": members, "gone": is_gone })
        }
        Task::ImplementTrait {
            path,
            trait_name,
            code,
        } => {
            json!({ "do": "implement-trait", "path": path, "trait": trait_name, "code": code })
        }
        Task::Restore { path, trait_name } => {
            json!({ "do": "restore", "path": path, "trait": trait_name })
        }
        Task::Declare { path, line } => json!({ "do": "declare", "path": path, "line": line }),
        Task::RemoveMethods {
            path,
            trait_name,
            methods,
        } => {
            json!({ "do": "remove-methods", "path": path, "trait": trait_name, "methods": methods })
        }
        Task::RemoveFile { path } => json!({ "do": "remove-file", "path": path }),
        Task::SetDefaultRun { binary } => json!({ "do": "set-default-run", "binary": binary }),
        Task::TestServers { path, code } => {
            json!({ "do": "test-servers", "path": path, "code": code })
        }
        Task::AddFeatures { features, line } => {
            json!({ "do": "add-features", "features": features, "line": line })
        }
        Task::Repair { path } => json!({ "do": "repair", "path": path }),
    }
}
