//! Stubs of the handlers: they compile without a warning, run, and say what is left to do.

use askama::Template;

use crate::model::{
    Channel, Exchange, Layout, Method, Reply, Route, Server, Service, Traffic, Type, Types,
};
use crate::output::OutputFile;
use crate::render::type_text;

use super::user_file;
use crate::markdown::{line, quoted};
use crate::naming::{raw_identifier, string_literal};

/// One file for each channel, one for the connection where channels share it, and the module that joins them.
pub(super) fn files(service: &Service) -> Result<Vec<OutputFile>, askama::Error> {
    let handlers = handlers(service);
    let modules = handlers.iter().map(Handler::module).collect();
    let mut files = handlers
        .iter()
        .map(Handler::render)
        .collect::<Result<Vec<_>, _>>()?;
    files.push(user_file(
        "src/handlers/mod.rs",
        &HandlersModule { modules },
    )?);
    Ok(files)
}

/// A file of handlers: one trait that the user implements.
#[derive(Debug)]
pub struct Handler<'a> {
    /// The stem of the file.
    stem: &'a str,
    trait_name: &'a str,
    part: Part<'a>,
}

/// What a trait is for.
#[derive(Debug)]
enum Part<'a> {
    /// To judge credentials.
    Authentication,
    /// A route: its connections, and the messages of its own channels.
    Route(&'a Route, &'a Types),
    /// A channel that shares the socket of its route.
    Channel(&'a Channel, &'a Route, &'a Types),
}

/// The files of handlers that a service asks for, in the order of their names.
#[must_use]
pub fn handlers(service: &Service) -> Vec<Handler<'_>> {
    let types = &service.types;
    let mut handlers = Vec::new();
    for route in &service.routes {
        handlers.push(Handler {
            stem: &route.module,
            trait_name: &route.trait_name,
            part: Part::Route(route, types),
        });
        let channels = route
            .channels
            .iter()
            .filter(|channel| route.layout == Layout::Multiplexed && !channel.methods.is_empty());
        handlers.extend(channels.map(|channel| Handler {
            stem: &channel.module,
            trait_name: &channel.trait_name,
            part: Part::Channel(channel, route, types),
        }));
    }
    if service.servers.iter().any(Server::judges_credentials) {
        handlers.push(Handler {
            stem: "authenticate",
            trait_name: "Authenticate",
            part: Part::Authentication,
        });
    }
    handlers.sort_by(|one, other| one.stem.cmp(other.stem));
    handlers
}

impl Handler<'_> {
    /// Where a new project has it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("src/handlers/{}.rs", self.stem)
    }

    /// Its module, as it is declared.
    #[must_use]
    pub fn module(&self) -> String {
        raw_identifier(self.stem)
    }

    /// The trait that it implements.
    #[must_use]
    pub fn trait_name(&self) -> &str {
        self.trait_name
    }

    /// The module of the generated code that has the trait; `None` where it is the runtime's.
    #[must_use]
    pub fn generated_module(&self) -> Option<String> {
        self.route().map(|(route, _)| raw_identifier(&route.module))
    }

    /// The methods that have to be there for the document's sake, in its order, as they are written.
    #[must_use]
    pub fn methods(&self) -> Vec<String> {
        let methods = self.typed().into_iter().map(|(method, ..)| &*method.name);
        let undecoded = self.undecoded();
        methods.chain(undecoded).map(raw_identifier).collect()
    }

    /// The stub of one of its methods, written with these names, indented for an `impl` of a module.
    #[must_use]
    pub fn method(&self, name: &str, names: &Names) -> Option<String> {
        let mut typed = self.typed().into_iter();
        let typed = typed.find(|(method, ..)| raw_identifier(&method.name) == name);
        let stub = match typed {
            Some((method, exchange, types)) => stub_method(method, exchange, types, names),
            None => raw_method(
                self.undecoded().filter(|&undecoded| undecoded == name)?,
                names,
            ),
        };
        Some(format!(
            "    {} {{\n        {}\n    }}\n",
            stub.signature, stub.body
        ))
    }

    /// The whole stub.
    ///
    /// # Errors
    /// When the template cannot be rendered: a bug of wsgen.
    pub fn render(&self) -> Result<OutputFile, askama::Error> {
        let Some((route, _)) = self.route() else {
            return user_file(&self.path(), &AuthenticateStub);
        };
        let names = Names::default();
        let typed = self.typed().into_iter();
        let typed =
            typed.map(|(method, exchange, types)| stub_method(method, exchange, types, &names));
        let undecoded = self.undecoded().map(|name| raw_method(name, &names));
        let connection = matches!(self.part, Part::Route(..));
        let stub = stub(route, self, connection, typed.chain(undecoded).collect());
        user_file(&self.path(), &stub)
    }

    fn route(&self) -> Option<(&Route, &Types)> {
        match &self.part {
            Part::Authentication => None,
            Part::Route(route, types) | Part::Channel(_, route, types) => Some((route, types)),
        }
    }

    /// The methods for messages, in the order of the document.
    fn typed(&self) -> Vec<(&Method, &Exchange, &Types)> {
        let Some((route, types)) = self.route() else {
            return Vec::new();
        };
        let Traffic::Typed(exchange) = &route.traffic else {
            return Vec::new();
        };
        let channels: &[Channel] = match &self.part {
            Part::Channel(channel, ..) => std::slice::from_ref(*channel),
            Part::Route(route, _) if route.layout == Layout::Path => &route.channels,
            _ => &[],
        };
        let methods = channels.iter().flat_map(|channel| &channel.methods);
        methods.map(|method| (method, &**exchange, types)).collect()
    }

    /// The method for frames that are passed on as they are.
    fn undecoded(&self) -> Option<&'static str> {
        let Part::Route(route, _) = &self.part else {
            return None;
        };
        match &route.traffic {
            Traffic::Raw => Some("message"),
            Traffic::Typed(exchange) if !exchange.inbound.dispatch.ambiguous.is_empty() => {
                Some("raw")
            }
            Traffic::Typed(_) => None,
        }
    }

    fn summary(&self) -> String {
        match &self.part {
            Part::Authentication => "Who may connect.".to_owned(),
            Part::Route(route, _) if route.layout == Layout::Path => {
                format!("What happens at {}.", quoted(&route.path))
            }
            Part::Route(route, _) => format!("Connections at {}.", quoted(&route.path)),
            Part::Channel(channel, ..) => {
                format!("What happens on the channel {}.", quoted(&channel.name))
            }
        }
    }
}

/// How a file calls what stubs of methods mention: by what it imports, or by the whole path.
#[derive(Clone, Debug)]
pub struct Names {
    /// `Context` of the route.
    pub context: String,
    /// The runtime's `Error`.
    pub error: String,
    /// The runtime's `Message`.
    pub message: String,
    /// The generated module `messages`.
    pub messages: String,
    /// What stands before the enumerations of the route: nothing, or a path that ends with `::`.
    pub choices: String,
}

impl Default for Names {
    /// As stubs import them.
    fn default() -> Self {
        Self {
            context: "Context".to_owned(),
            error: "Error".to_owned(),
            message: "Message".to_owned(),
            messages: "messages".to_owned(),
            choices: String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "src/handlers/mod.rs.askama")]
struct HandlersModule {
    modules: Vec<String>,
}

#[derive(Template)]
#[template(path = "src/handlers/authenticate.rs.askama")]
struct AuthenticateStub;

#[derive(Template)]
#[template(path = "src/handlers/channel.rs.askama")]
struct Stub {
    summary: String,
    runtime_imports: String,
    /// What comes from the generated code, in order.
    imports: Vec<String>,
    trait_name: String,
    /// Whether the trait has the connection itself: `Session` and `connect`.
    connection: bool,
    methods: Vec<StubMethod>,
}

struct StubMethod {
    signature: String,
    body: String,
}

fn stub(route: &Route, handler: &Handler<'_>, connection: bool, methods: Vec<StubMethod>) -> Stub {
    let trait_name = handler.trait_name;
    let text = |needle: &str| {
        methods
            .iter()
            .any(|method| method.signature.contains(needle))
    };
    let mut runtime = Vec::new();
    runtime.extend((!methods.is_empty()).then_some("Error"));
    runtime.extend(text("message: Message").then_some("Message"));
    runtime.extend(connection.then_some("Reject"));
    let mut of_route: Vec<String> = choices(&methods, route);
    of_route.extend((!methods.is_empty()).then(|| "Context".to_owned()));
    of_route.extend(connection.then(|| "Request".to_owned()));
    of_route.push(trait_name.to_owned());
    of_route.sort();
    let of_route = braced(&of_route.iter().map(String::as_str).collect::<Vec<_>>());
    let mut imports = vec![format!("{}::{of_route}", raw_identifier(&route.module))];
    imports.extend(text("messages::").then(|| "messages".to_owned()));
    imports.sort();
    Stub {
        summary: line(&handler.summary()),
        runtime_imports: format!("wsgen_runtime::{}", braced(&runtime)),
        imports,
        trait_name: trait_name.to_owned(),
        connection,
        methods,
    }
}

/// The enumerations of replies that the methods of a stub return.
fn choices(stubs: &[StubMethod], route: &Route) -> Vec<String> {
    let replies = route
        .channels
        .iter()
        .flat_map(|channel| &channel.methods)
        .filter_map(|method| match &method.reply {
            Some(Reply::Choice { name, .. }) => Some(name.clone()),
            _ => None,
        });
    replies
        .filter(|choice| {
            stubs
                .iter()
                .any(|stub| stub.signature.contains(&format!("Result<{choice},")))
        })
        .collect()
}

fn stub_method(method: &Method, exchange: &Exchange, types: &Types, names: &Names) -> StubMethod {
    let payload = |ty: &Type| {
        let path = format!("{}::", names.messages);
        type_text(ty, types).replace("messages::", &path)
    };
    let message = payload(&exchange.inbound.variants[method.message].ty);
    let name = &method.name;
    let not_implemented = || format!("Err({}::not_implemented(\"{name}\"))", names.error);
    let example = |index: usize| {
        let example = exchange.outbound.variants[index].examples.first()?;
        Some(example_literal(&string_literal(example).to_string()))
    };
    let (output, result) = match &method.reply {
        None => ("()".to_owned(), "Ok(())".to_owned()),
        Some(Reply::One(index)) => (
            payload(&exchange.outbound.variants[*index].ty),
            example(*index).map_or_else(not_implemented, |example| {
                format!("{example}\n        wsgen_runtime::example(example)")
            }),
        ),
        Some(Reply::Choice { name, messages }) => {
            let name = format!("{}{name}", names.choices);
            let first = messages
                .iter()
                .find_map(|&index| Some((index, example(index)?)));
            let result = first.map(|(index, example)| {
                let variant = &exchange.outbound.variants[index].variant;
                format!("{example}\n        let reply = wsgen_runtime::example(example)?;\n        Ok({name}::{variant}(reply))")
            });
            (name, result.unwrap_or_else(not_implemented))
        }
    };
    StubMethod {
        signature: signature(&raw_identifier(name), &message, &output, names),
        body: format!(
            "tracing::info!(received = ?message, \"`{name}` is not implemented yet\");\n        {result}"
        ),
    }
}

/// A line for an example, as rustfmt would break it: only if the literal fits into the next line.
fn example_literal(literal: &str) -> String {
    let line = format!("let example = {literal};");
    // Eight columns of indentation before; twelve and `;` around the literal on a line of its own.
    let breaks = line.len() + 8 > 100 && literal.len() + 13 <= 100;
    if breaks {
        format!("let example =\n            {literal};")
    } else {
        line
    }
}

/// A method for frames that are passed on as they are.
fn raw_method(name: &str, names: &Names) -> StubMethod {
    StubMethod {
        signature: signature(name, &names.message, "()", names),
        body: format!(
            "tracing::info!(received = ?message, \"`{name}` is not implemented yet\");\n        Ok(())"
        ),
    }
}

/// A signature as rustfmt would break it.
fn signature(name: &str, message: &str, output: &str, names: &Names) -> String {
    let Names { context, error, .. } = names;
    let one_line = format!(
        "async fn {name}(&self, _cx: &mut {context}<'_, Self>, message: {message}) -> Result<{output}, {error}>"
    );
    // Four columns of indentation before, ` {` behind.
    if one_line.len() + 6 <= 100 {
        return one_line;
    }
    format!(
        "async fn {name}(\n        &self,\n        _cx: &mut {context}<'_, Self>,\n        message: {message},\n    ) -> Result<{output}, {error}>"
    )
}

fn braced(names: &[&str]) -> String {
    match names {
        [only] => (*only).to_owned(),
        names => format!("{{{}}}", names.join(", ")),
    }
}
