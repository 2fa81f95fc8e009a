//! `wsgen.toml`: what a project was made from, and how.

use askama::Template;

use crate::lower::{ChannelLayout, Options, Perspective};
use crate::scaffold::toml_string;

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
        SettingsFile {
            document: toml_string(&self.document),
            describes_client: self.options.perspective == Perspective::Client,
            channels: match self.options.channels {
                ChannelLayout::Auto => None,
                ChannelLayout::Paths => Some("paths"),
                ChannelLayout::Multiplex => Some("multiplex"),
            },
            servers: strings(&self.options.servers),
            allow_ref_roots: strings(&self.allow_ref_roots),
            client: self.options.client,
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
    describes_client: bool,
    channels: Option<&'static str>,
    servers: Option<String>,
    allow_ref_roots: Option<String>,
    client: bool,
    build_script: bool,
}

fn strings(items: &[String]) -> Option<String> {
    let items: Vec<String> = items.iter().map(|item| toml_string(item)).collect();
    (!items.is_empty()).then(|| items.join(", "))
}

#[cfg(feature = "cli")]
mod read {
    //! The file as serde sees it.

    use serde::Deserialize;

    use super::Settings;
    use crate::lower::{ChannelLayout, Options, Perspective};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct File {
        document: String,
        #[serde(default)]
        perspective: Side,
        #[serde(default)]
        channels: Layout,
        #[serde(default)]
        servers: Vec<String>,
        #[serde(default)]
        allow_ref_roots: Vec<String>,
        #[serde(default)]
        client: bool,
        #[serde(default)]
        build_script: bool,
    }

    #[derive(Default, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Side {
        #[default]
        Server,
        Client,
    }

    #[derive(Default, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Layout {
        #[default]
        Auto,
        Paths,
        Multiplex,
    }

    impl From<File> for Settings {
        fn from(file: File) -> Self {
            Self {
                document: file.document,
                options: Options {
                    perspective: match file.perspective {
                        Side::Server => Perspective::Server,
                        Side::Client => Perspective::Client,
                    },
                    channels: match file.channels {
                        Layout::Auto => ChannelLayout::Auto,
                        Layout::Paths => ChannelLayout::Paths,
                        Layout::Multiplex => ChannelLayout::Multiplex,
                    },
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
