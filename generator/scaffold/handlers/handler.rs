//! A file of handlers: what the user implements of a route, of a channel that shares one, or to judge credentials.

use askama::Template;

use crate::markdown::{line, quoted};
use crate::model::{
    Channel, Exchange, Method, MultiplexedChannel, Reply, Route, Server, Service, Types,
};
use crate::naming::raw_identifier;
use crate::output::OutputFile;

use super::super::file::{user_file, user_text};
use super::stub::{ConnectionStub, Import, MessagesStub, MethodFile, Names, Stub, StubMethod};
use super::types::is_generated;

/// A file of handlers: `Handler<Route>` for the connections of a route, and a trait for its messages, if it has one.
#[derive(Debug)]
pub struct Handler<'a> {
    /// The stem of the file.
    stem: &'a str,
    /// The trait of its messages, or the one that judges credentials.
    trait_name: Option<&'a str>,
    part: Part<'a>,
}

/// What a file of handlers is for.
#[derive(Clone, Copy, Debug)]
enum Part<'a> {
    /// To judge credentials.
    Authentication,
    /// A route: its connections, and the messages of its own channel.
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
            trait_name: route.has_trait().then_some(&*route.trait_name),
            part: Part::Route(route, types),
        });
        let channels = route.multiplexed().iter();
        let channels = channels.filter(|shared| !shared.channel.methods.is_empty());
        handlers.extend(channels.map(|shared| {
            let MultiplexedChannel {
                module,
                trait_name,
                channel,
            } = shared;
            Handler {
                stem: module,
                trait_name: Some(trait_name),
                part: Part::Channel(channel, route, types),
            }
        }));
    }
    if service.servers.iter().any(Server::judges_credentials) {
        handlers.push(Handler {
            stem: "authenticate",
            trait_name: Some("Authenticate"),
            part: Part::Authentication,
        });
    }
    handlers.sort_by(|one, other| one.stem.cmp(other.stem));
    handlers
}

/// A method of a handler.
enum HandlerMethod<'a> {
    /// For a message.
    Typed(&'a Method, &'a Exchange, &'a Types),
    /// For frames that are passed on as they are.
    Raw(&'static str),
}

impl<'a> HandlerMethod<'a> {
    fn name(&self) -> String {
        raw_identifier(match self {
            Self::Typed(method, ..) => &method.name,
            Self::Raw(name) => name,
        })
    }

    fn stub<'n>(&self, names: &'n Names) -> StubMethod<'n>
    where
        'a: 'n,
    {
        match *self {
            Self::Typed(method, exchange, types) => {
                StubMethod::typed(method, exchange, types, names)
            }
            Self::Raw(name) => StubMethod::raw(name, names),
        }
    }

    /// The enumeration of its replies, if these are several.
    fn choice(&self) -> Option<&'a str> {
        match self {
            Self::Typed(method, ..) => match method.reply.as_ref()? {
                Reply::Choice { name, .. } => Some(name),
                Reply::One(_) => None,
            },
            Self::Raw(_) => None,
        }
    }

    /// Whether its signature has a type of the document.
    fn has_generated_types(&self) -> bool {
        let Self::Typed(method, exchange, _) = self else {
            return false;
        };
        let reply = match &method.reply {
            Some(Reply::One(id)) => Some(&exchange.outbound.variants[*id].ty),
            _ => None,
        };
        let message = &exchange.inbound.variants[method.message].ty;
        is_generated(message) || reply.is_some_and(is_generated)
    }
}

impl<'a> Handler<'a> {
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

    /// The trait of its messages, or the one that judges credentials; `None` where no message arrives.
    #[must_use]
    pub fn trait_name(&self) -> Option<&str> {
        self.trait_name
    }

    /// The module of the route whose connections it handles; `None` where another file does that.
    #[must_use]
    pub fn connections(&self) -> Option<String> {
        match self.part {
            Part::Route(route, _) => Some(raw_identifier(&route.module)),
            Part::Authentication | Part::Channel(..) => None,
        }
    }

    /// The trait that connections and messages were handled by in wsgen 0.1, if it had both.
    #[must_use]
    pub fn former_trait(&self) -> Option<&str> {
        match self.part {
            Part::Route(route, _) => Some(&route.trait_name),
            Part::Authentication | Part::Channel(..) => None,
        }
    }

    /// The module of the generated code that has the trait; `None` where it is the runtime's.
    #[must_use]
    pub fn generated_module(&self) -> Option<String> {
        self.route().map(|route| raw_identifier(&route.module))
    }

    /// The methods that have to be there for the document's sake, in its order, as they are written.
    #[must_use]
    pub fn methods(&self) -> Vec<String> {
        let methods = self.wanted();
        methods.iter().map(HandlerMethod::name).collect()
    }

    /// The stub of one of its methods, written with these names, indented for an `impl` of a module; `None` where it has
    /// no such method.
    ///
    /// # Errors
    /// When the template cannot be rendered: a bug of wsgen.
    pub fn method(&self, name: &str, names: &Names) -> Result<Option<String>, askama::Error> {
        let wanted = self.wanted();
        let method = wanted.iter().find(|method| method.name() == name);
        let stub = method.map(|method| {
            let method = method.stub(names);
            MethodFile { method: &method }.render()
        });
        Ok(stub.transpose()?.map(|stub| stub + "\n"))
    }

    /// The whole stub.
    ///
    /// # Errors
    /// When the template cannot be rendered: a bug of wsgen.
    pub fn render(&self) -> Result<OutputFile, askama::Error> {
        let Some(route) = self.route() else {
            return Ok(user_text(&self.path(), AUTHENTICATE));
        };
        let wanted = self.wanted();
        let connection = matches!(self.part, Part::Route(..));
        let names = Names::default();
        let stub = Stub {
            summary: line(&self.summary(route)),
            runtime: runtime_import(&wanted, connection),
            generated: self.generated_imports(route, &wanted, connection),
            connection: connection.then_some(ConnectionStub {
                subject: HANDLERS,
                names: &names,
            }),
            messages: self.messages_stub(&wanted, HANDLERS, &names),
        };
        user_file(&self.path(), &stub)
    }

    /// The implementation of `Handler<Route>` on its own, for the type `subject`.
    ///
    /// # Errors
    /// When the template cannot be rendered: a bug of wsgen.
    pub fn connection(&self, subject: &str, names: &Names) -> Result<String, askama::Error> {
        Ok(ConnectionStub { subject, names }.render()? + "\n")
    }

    /// The implementation of the trait of its messages on its own, for the type `subject`; nothing where it has none.
    ///
    /// # Errors
    /// When the template cannot be rendered: a bug of wsgen.
    pub fn messages(&self, subject: &str, names: &Names) -> Result<String, askama::Error> {
        let wanted = self.wanted();
        let stub = self.messages_stub(&wanted, subject, names);
        Ok(match stub {
            Some(stub) => stub.render()? + "\n",
            None => String::new(),
        })
    }

    fn messages_stub<'n>(
        &'n self,
        wanted: &'n [HandlerMethod<'_>],
        subject: &'n str,
        names: &'n Names,
    ) -> Option<MessagesStub<'n>> {
        self.trait_name.map(|trait_name| MessagesStub {
            subject,
            names,
            trait_name,
            methods: wanted.iter().map(|method| method.stub(names)).collect(),
        })
    }

    /// What the stub needs of the generated code, in order.
    fn generated_imports(
        &self,
        route: &Route,
        wanted: &[HandlerMethod<'_>],
        connection: bool,
    ) -> Vec<Import> {
        let choices = wanted.iter().filter_map(HandlerMethod::choice);
        let mut names: Vec<String> = choices.map(str::to_owned).collect();
        names.extend((!wanted.is_empty()).then(|| "Context".to_owned()));
        if connection {
            names.extend(["Request", "Route"].map(str::to_owned));
        }
        names.extend(self.trait_name.map(str::to_owned));
        names.sort();
        let mut imports = vec![Import {
            module: raw_identifier(&route.module),
            names,
        }];
        let messages = wanted.iter().any(HandlerMethod::has_generated_types);
        imports.extend(messages.then(|| Import {
            module: "messages".to_owned(),
            names: Vec::new(),
        }));
        imports.sort_by_key(ToString::to_string);
        imports
    }

    fn route(&self) -> Option<&'a Route> {
        match self.part {
            Part::Authentication => None,
            Part::Route(route, _) | Part::Channel(_, route, _) => Some(route),
        }
    }

    /// Its methods for messages, in the order of the document, and the one for frames that are not decoded.
    fn wanted(&self) -> Vec<HandlerMethod<'a>> {
        let (channel, route, types) = match self.part {
            Part::Authentication => return Vec::new(),
            Part::Route(route, types) => (route.own_channel(), route, types),
            Part::Channel(channel, route, types) => (Some(channel), route, types),
        };
        let exchange = route.traffic.exchange();
        let typed = channel.zip(exchange).into_iter();
        let typed = typed.flat_map(|(channel, exchange)| {
            let methods = channel.methods.iter();
            methods.map(move |method| HandlerMethod::Typed(method, exchange, types))
        });
        let raw = match self.part {
            Part::Route(..) => route.traffic.undecoded(),
            _ => None,
        };
        typed.chain(raw.map(HandlerMethod::Raw)).collect()
    }

    fn summary(&self, route: &Route) -> String {
        let path = quoted(&route.path);
        match self.part {
            Part::Channel(channel, ..) => {
                format!("What happens on the channel {}.", quoted(&channel.name))
            }
            _ if route.own_channel().is_some() => format!("What happens at {path}."),
            _ => format!("Connections at {path}."),
        }
    }
}

/// The type of the handlers in a new project.
const HANDLERS: &str = "Handlers";

/// The same in every project.
const AUTHENTICATE: &str = include_str!("../../../templates/src/handlers/authenticate.rs");

/// What the stub needs of the runtime.
fn runtime_import(wanted: &[HandlerMethod<'_>], connection: bool) -> Import {
    let is_raw = |method: &HandlerMethod<'_>| matches!(method, HandlerMethod::Raw(_));
    let names = [
        ("Error", !wanted.is_empty()),
        ("Handler", connection),
        ("Message", wanted.iter().any(is_raw)),
        ("Reject", connection),
    ];
    let names = names.into_iter().filter(|(_, needed)| *needed);
    Import {
        module: "wsgen_runtime".to_owned(),
        names: names.map(|(name, _)| name.to_owned()).collect(),
    }
}
