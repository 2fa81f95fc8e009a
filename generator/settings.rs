//! `wsgen.toml`: what a project was made from, and how.

use askama::Template;

use crate::naming::toml_string;
use crate::options::{ChosenValue, Options};

/// What `wsgen.toml` says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the document lies, relative to the project's folder.
    pub document: String,
    /// What the user decided about the document.
    pub options: Options,
    /// Folders outside the document's own from which references may read, relative to the project's folder.
    pub allow_ref_roots: Vec<String>,
    /// Whether `build.rs` generates the code, so that it is not among the project's files.
    pub build_script: bool,
}

impl Settings {
    /// The file, as [`Settings::parse`] reads it.
    ///
    /// # Errors
    /// When the template cannot be rendered: a bug of wsgen.
    pub fn to_toml(&self) -> Result<String, askama::Error> {
        let options = self.options.chosen().into_iter().map(|chosen| {
            let value = match chosen.value {
                ChosenValue::Word(word, _) => toml_string(word),
                ChosenValue::Texts(texts) => list(texts),
                ChosenValue::Yes => "true".to_owned(),
            };
            (chosen.key, value)
        });
        SettingsFile {
            document: toml_string(&self.document),
            options: options.collect(),
            allow_ref_roots: match self.allow_ref_roots.as_slice() {
                [] => None,
                folders => Some(list(folders)),
            },
            build_script: self.build_script,
        }
        .render()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it, in words of one line or more.
    #[cfg(feature = "cli")]
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: read::File = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(file.into())
    }
}

#[derive(Template)]
#[template(path = "wsgen.toml.askama")]
struct SettingsFile {
    document: String,
    /// Keys and values of the options that are not as they are by default.
    options: Vec<(&'static str, String)>,
    allow_ref_roots: Option<String>,
    build_script: bool,
}

/// A list of strings in TOML.
fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| toml_string(item)).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(feature = "cli")]
mod read {
    //! The file as serde sees it.

    use serde::Deserialize;

    use super::Settings;
    use crate::options::{ChannelLayout, Options, Perspective};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct File {
        document: String,
        #[serde(default)]
        perspective: Perspective,
        #[serde(default)]
        channels: ChannelLayout,
        #[serde(default)]
        servers: Vec<String>,
        #[serde(default)]
        allow_ref_roots: Vec<String>,
        #[serde(default)]
        client: bool,
        #[serde(default)]
        build_script: bool,
    }

    impl From<File> for Settings {
        fn from(file: File) -> Self {
            Self {
                document: file.document,
                options: Options {
                    perspective: file.perspective,
                    channels: file.channels,
                    servers: file.servers,
                    client: file.client,
                },
                allow_ref_roots: file.allow_ref_roots,
                build_script: file.build_script,
            }
        }
    }
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;
    use crate::options::{ChannelLayout, Perspective};

    #[test]
    fn what_is_written_is_read() {
        let plain = Settings {
            document: "asyncapi.yaml".to_owned(),
            options: Options::default(),
            allow_ref_roots: Vec::new(),
            build_script: false,
        };
        let full = Settings {
            document: "../specs/\"a\\b\"\n.yaml".to_owned(),
            options: Options {
                perspective: Perspective::Client,
                channels: ChannelLayout::Multiplex,
                servers: vec!["eu".to_owned(), "us \u{7f}".to_owned()],
                client: true,
            },
            allow_ref_roots: vec!["..".to_owned()],
            build_script: true,
        };
        let mut paths = plain.clone();
        paths.options.channels = ChannelLayout::Paths;
        for settings in [plain, full, paths] {
            let read = Settings::parse(&settings.to_toml().unwrap()).unwrap();
            assert_eq!(format!("{read:?}"), format!("{settings:?}"));
        }
    }

    #[test]
    fn a_misspelt_key_is_named() {
        let error = Settings::parse("document = \"a\"\nchanels = \"paths\"\n").unwrap_err();
        assert!(
            error.contains("chanels") && error.contains("channels"),
            "{error}"
        );
        assert!(
            Settings::parse("channels = \"paths\"")
                .unwrap_err()
                .contains("document")
        );
    }
}
