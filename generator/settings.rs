//! `wsgen.toml`: what a project was made from, and how.

use askama::Template;

use crate::model::TagValue;
use crate::naming::{toml_key, toml_string};
use crate::options::{ChosenValue, MessageRule, Options};

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
        let options = self.options.chosen().into_iter().filter_map(|chosen| {
            let value = match chosen.value {
                ChosenValue::When(_) => return None,
                ChosenValue::Word(word, _) => toml_string(word),
                ChosenValue::Texts(texts) => list(texts),
                ChosenValue::Yes => "true".to_owned(),
            };
            Some((chosen.key, value))
        });
        SettingsFile {
            document: toml_string(&self.document),
            options: options.collect(),
            allow_ref_roots: match self.allow_ref_roots.as_slice() {
                [] => None,
                folders => Some(list(folders)),
            },
            build_script: self.build_script,
            messages: self.options.messages.iter().map(table).collect(),
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
        file.settings()
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
    /// For each message about which something is decided, its table.
    messages: Vec<String>,
}

/// The table that says by which values a message is known.
fn table(rule: &MessageRule) -> String {
    let value = |value: &TagValue| match value {
        TagValue::String(text) => toml_string(text),
        other => other.text().into_owned(),
    };
    let values = match &rule.values[..] {
        [only] => value(only),
        several => {
            let values: Vec<String> = several.iter().map(value).collect();
            format!("[{}]", values.join(", "))
        }
    };
    format!(
        "[messages.{}]\nwhen = {{ {} = {values} }}",
        toml_key(&rule.message),
        toml_key(&rule.property)
    )
}

/// A list of strings in TOML.
fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| toml_string(item)).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(feature = "cli")]
mod read {
    //! The file as serde sees it.

    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::Settings;
    use crate::model::TagValue;
    use crate::options::{ChannelLayout, MessageRule, Options, Perspective};

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
        #[serde(default)]
        messages: BTreeMap<String, Message>,
    }

    /// What is decided about a message.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Message {
        when: BTreeMap<String, Values>,
    }

    /// The values that stand for a message.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Values {
        Text(String),
        Integer(i64),
        Boolean(bool),
        Number(f64),
        Several(Vec<Values>),
    }

    impl File {
        pub(super) fn settings(self) -> Result<Settings, String> {
            let messages = self
                .messages
                .into_iter()
                .map(|(name, message)| message.rule(name));
            Ok(Settings {
                document: self.document,
                options: Options {
                    perspective: self.perspective,
                    channels: self.channels,
                    servers: self.servers,
                    client: self.client,
                    messages: messages.collect::<Result<_, _>>()?,
                },
                allow_ref_roots: self.allow_ref_roots,
                build_script: self.build_script,
            })
        }
    }

    impl Message {
        fn rule(self, message: String) -> Result<MessageRule, String> {
            let mut when = self.when.into_iter();
            match (when.next(), when.next()) {
                (Some((property, values)), None) => Ok(MessageRule {
                    message,
                    property,
                    values: values.flat(),
                }),
                _ => Err(format!(
                    "`when` of the message `{message}` has to name one property, as in `when = {{ type = \"subscribe\" }}`"
                )),
            }
        }
    }

    impl Values {
        fn flat(self) -> Vec<TagValue> {
            vec![match self {
                Self::Text(text) => TagValue::String(text),
                Self::Integer(number) => TagValue::Integer(number),
                Self::Boolean(value) => value.into(),
                Self::Number(number) => TagValue::Other(number.to_string()),
                Self::Several(values) => return values.into_iter().flat_map(Self::flat).collect(),
            }]
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
                messages: vec![
                    MessageRule {
                        message: "join room".to_owned(),
                        property: "header.name".to_owned(),
                        values: vec!["join".into(), 7.into()],
                    },
                    MessageRule {
                        message: "leave".to_owned(),
                        property: "ok".to_owned(),
                        values: vec![true.into()],
                    },
                ],
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
