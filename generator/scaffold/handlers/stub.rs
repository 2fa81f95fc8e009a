//! What the templates of handlers show: names, messages and examples.

use askama::Template;

use crate::model::{Exchange, Method, Reply, Type, Types};
use crate::naming::{raw_identifier, string_literal};

use super::types::type_text;

/// How a file calls what stubs of methods mention: by what it imports, or by the whole path.
#[derive(Clone, Debug)]
pub struct Names {
    /// `Context` of the route.
    pub context: String,
    /// The runtime's `Error`.
    pub error: String,
    /// The runtime's `Handler`.
    pub handler: String,
    /// The runtime's `Message`.
    pub message: String,
    /// The generated module `messages`.
    pub messages: String,
    /// The runtime's `Reject`.
    pub reject: String,
    /// What stands before other names of the route's module: nothing, or a path that ends with `::`.
    pub route: String,
}

impl Default for Names {
    /// As stubs import them.
    fn default() -> Self {
        Self {
            context: "Context".to_owned(),
            error: "Error".to_owned(),
            handler: "Handler".to_owned(),
            message: "Message".to_owned(),
            messages: "messages".to_owned(),
            reject: "Reject".to_owned(),
            route: String::new(),
        }
    }
}

/// A file that implements `Handler<Route>`, a trait for messages, or both.
#[derive(Template)]
#[template(path = "src/handlers/channel.rs.askama")]
pub(super) struct Stub<'a> {
    /// What the file is about.
    pub(super) summary: String,
    /// What comes from the runtime, and from each generated module.
    pub(super) runtime: Import,
    pub(super) generated: Vec<Import>,
    /// Its implementations.
    pub(super) connection: Option<ConnectionStub<'a>>,
    pub(super) messages: Option<MessagesStub<'a>>,
}

/// The implementation of `Handler<Route>`.
#[derive(Template)]
#[template(path = "src/handlers/connection.rs.askama")]
pub(super) struct ConnectionStub<'a> {
    /// The type that it is for.
    pub(super) subject: &'a str,
    pub(super) names: &'a Names,
}

/// The implementation of a trait for messages.
#[derive(Template)]
#[template(path = "src/handlers/messages.rs.askama")]
pub(super) struct MessagesStub<'a> {
    /// The type that it is for.
    pub(super) subject: &'a str,
    pub(super) names: &'a Names,
    pub(super) trait_name: &'a str,
    pub(super) methods: Vec<StubMethod<'a>>,
}

/// Names of one module that a file imports.
pub(super) struct Import {
    pub(super) module: String,
    /// What is imported of it; the module itself where the list is empty.
    pub(super) names: Vec<String>,
}

impl std::fmt::Display for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let module = &self.module;
        match self.names.as_slice() {
            [] => f.write_str(module),
            [only] => write!(f, "{module}::{only}"),
            names => write!(f, "{module}::{{{}}}", names.join(", ")),
        }
    }
}

/// One method on its own, indented for an `impl` of a module.
#[derive(Template)]
#[template(path = "src/handlers/method.rs.askama")]
pub(super) struct MethodFile<'a> {
    pub(super) method: &'a StubMethod<'a>,
}

/// A method that says what is left to do.
pub(super) struct StubMethod<'a> {
    /// Its name, as a raw identifier where it is a keyword.
    name: String,
    /// Its name for people.
    label: &'a str,
    context: &'a str,
    error: &'a str,
    /// The type of the message.
    message: String,
    /// The type that is returned.
    output: String,
    /// Whether the signature has to be broken.
    is_wide: bool,
    answer: Answer,
}

/// What a stub answers.
enum Answer {
    /// Nothing is to be answered.
    Nothing,
    /// The document has no example of an answer.
    NotImplemented,
    /// An example of the document.
    Example {
        /// JSON in a literal of Rust.
        literal: String,
        /// Whether it goes on a line of its own.
        is_wide: bool,
        /// The variant of the reply that it is, where it is one of several.
        choice: Option<String>,
    },
}

impl<'a> StubMethod<'a> {
    /// The stub of a method for a message.
    pub(super) fn typed(
        method: &'a Method,
        exchange: &Exchange,
        types: &Types,
        names: &'a Names,
    ) -> Self {
        let payload = |ty: &Type| type_text(ty, types, &names.messages);
        let outbound = &exchange.outbound.variants;
        let mut stub = Self::new(
            raw_identifier(&method.name),
            &method.name,
            payload(&exchange.inbound.variants[method.message].ty),
            names,
        );
        if let Some(reply) = &method.reply {
            stub.output = match reply {
                Reply::One(id) => payload(&outbound[*id].ty),
                Reply::Choice { name, .. } => format!("{}{name}", names.route),
            };
            stub.answer = answer(reply, exchange, &stub.output);
        }
        stub.fitted()
    }

    /// The stub of a method for frames that are passed on as they are.
    pub(super) fn raw(name: &'a str, names: &'a Names) -> Self {
        Self::new(name.to_owned(), name, names.message.clone(), names).fitted()
    }

    fn new(name: String, label: &'a str, message: String, names: &'a Names) -> Self {
        Self {
            name,
            label,
            context: &names.context,
            error: &names.error,
            message,
            output: "()".to_owned(),
            is_wide: false,
            answer: Answer::Nothing,
        }
    }

    /// The same, with its signature broken where rustfmt would break it.
    fn fitted(self) -> Self {
        // What stands between the names in one line, with four columns of indentation before and ` {` behind.
        const FRAME: &str = "    async fn (&self, _cx: &mut <'_, Self>, message: ) -> Result<, > {";
        let names = [
            &self.name,
            self.context,
            &self.message,
            &self.output,
            self.error,
        ];
        let width = FRAME.len() + names.iter().map(|name| name.len()).sum::<usize>();
        Self {
            is_wide: width > WIDTH,
            ..self
        }
    }
}

/// The longest line that rustfmt leaves alone.
const WIDTH: usize = 100;

/// The first example among the replies; `output` is the type that the method returns.
fn answer(reply: &Reply, exchange: &Exchange, output: &str) -> Answer {
    let mut replies = reply.messages().iter();
    let found = replies.find_map(|&id| {
        let variant = &exchange.outbound.variants[id];
        Some((variant, variant.examples.first()?))
    });
    let Some((variant, example)) = found else {
        return Answer::NotImplemented;
    };
    let literal = string_literal(example).to_string();
    // Eight columns of indentation before; twelve and `;` around the literal on a line of its own.
    let width = "        let example = ;".len() + literal.len();
    let is_wide = width > WIDTH && literal.len() + 13 <= WIDTH;
    Answer::Example {
        literal,
        is_wide,
        choice: match reply {
            Reply::One(_) => None,
            Reply::Choice { .. } => Some(format!("{output}::{}", variant.variant)),
        },
    }
}
