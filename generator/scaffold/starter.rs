//! Documents to begin with, for those who have none yet.

use askama::Template;

use crate::naming::toml_string;

/// What a document to begin with is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starter {
    /// Rooms in which people talk: messages both ways, and fan-out.
    Chat,
    /// A server that pushes, to clients that listen.
    Push,
    /// Requests that are answered.
    RequestReply,
    /// A stream of bytes with a little JSON around it.
    Binary,
}

impl Starter {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Chat, Self::Push, Self::RequestReply, Self::Binary];

    /// The document, in YAML, with this title and without anything that `check` finds.
    ///
    /// # Errors
    /// When the template cannot be rendered: a bug of wsgen.
    pub fn document(self, title: &str) -> Result<String, askama::Error> {
        // With these escapes a string of TOML is a double-quoted scalar of YAML as well.
        let title = toml_string(title);
        let document = match self {
            Self::Chat => Document::Chat { title },
            Self::Push => Document::Push { title },
            Self::RequestReply => Document::RequestReply { title },
            Self::Binary => Document::Binary { title },
        };
        Ok(document.render()? + "\n")
    }
}

#[derive(Template)]
enum Document {
    #[template(path = "documents/chat.yaml.askama")]
    Chat { title: String },
    #[template(path = "documents/push.yaml.askama")]
    Push { title: String },
    #[template(path = "documents/request-reply.yaml.askama")]
    RequestReply { title: String },
    #[template(path = "documents/binary.yaml.askama")]
    Binary { title: String },
}
