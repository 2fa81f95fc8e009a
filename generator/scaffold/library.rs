//! `src/lib.rs`, and the `build.rs` of projects whose code is generated when they are built.

use std::path::Path;

use askama::Template;

use crate::markdown::{quoted, words};
use crate::model::{Service, TagValue};
use crate::naming::string_literal;
use crate::options::{ChosenValue, Options};
use crate::output::OutputFile;

use super::file::user_file;
use super::project::Project;

/// Renders `src/lib.rs`.
pub(super) fn file(service: &Service, project: &Project) -> Result<OutputFile, askama::Error> {
    let library = Library {
        title: &words(&service.title),
        included: project.build_script.as_ref().map(|_| Included::of(project)),
    };
    user_file("src/lib.rs", &library)
}

/// Renders `build.rs`.
pub(super) fn build_script(
    project: &Project,
    options: &Options,
) -> Result<OutputFile, askama::Error> {
    user_file("build.rs", &BuildScript::new(project, options))
}

#[derive(Template)]
#[template(path = "src/lib.rs.askama")]
struct Library<'a> {
    title: &'a str,
    included: Option<Included>,
}

/// The generated code that `build.rs` leaves in `OUT_DIR`.
struct Included {
    document: String,
    file: String,
}

impl Included {
    fn of(project: &Project) -> Self {
        let file = Path::new(&project.document).with_extension("rs");
        let file = file.file_name().unwrap_or_default().to_string_lossy();
        Self {
            document: quoted(&project.document),
            file: string_literal(&file).to_string(),
        }
    }
}

#[derive(Template)]
#[template(path = "build.rs.askama")]
struct BuildScript {
    document: String,
    builder: String,
}

impl BuildScript {
    fn new(project: &Project, options: &Options) -> Self {
        let mut calls = vec!["wsgen::Builder::new()".to_owned()];
        for chosen in options.chosen() {
            let method = chosen.method;
            match chosen.value {
                ChosenValue::Word(_, path) => calls.push(format!(".{method}(wsgen::{path})")),
                ChosenValue::Texts(texts) => {
                    let texts = texts.iter().map(|text| string_literal(text));
                    calls.extend(texts.map(|text| format!(".{method}({text})")));
                }
                ChosenValue::Yes => calls.push(format!(".{method}(true)")),
                ChosenValue::When(rule) => {
                    let [message, property] =
                        [&rule.message, &rule.property].map(|text| string_literal(text));
                    let values = rule.values.iter().map(|value| match value {
                        TagValue::String(text) => string_literal(text).to_string(),
                        TagValue::Integer(number) => number.to_string(),
                        TagValue::Other(text) if matches!(&**text, "true" | "false") => {
                            text.clone()
                        }
                        TagValue::Other(text) => {
                            format!("wsgen::TagValue::Other({}.into())", string_literal(text))
                        }
                    });
                    calls.extend(
                        values.map(|value| format!(".{method}({message}, {property}, {value})")),
                    );
                }
            }
        }
        let roots = project.allow_ref_roots.iter();
        calls.extend(roots.map(|folder| format!(".allow_ref_root({})", string_literal(folder))));
        calls.push(format!(".generate({})", string_literal(&project.document)));
        Self {
            document: quoted(&project.document),
            builder: chain(&calls),
        }
    }
}

/// Method calls as rustfmt would break them, in the body of a function.
fn chain(calls: &[String]) -> String {
    const WIDTH: usize = 60;
    let line = calls.concat();
    match line.len() <= WIDTH {
        true => line,
        false => calls.join("\n        "),
    }
}
