//! `tests/handlers.rs`: a client connects, sends an example, and closes; to begin with.

use askama::Template;

use crate::model::{Content, ExampleRequest, Route, ServedRoute, Server, Service};
use crate::naming::{raw_identifier, string_literal};
use crate::output::OutputFile;

use super::file::user_file;

/// Renders the test of the first route to which a request is at hand; `None` where there is no such route.
pub(super) fn file(service: &Service, krate: &str) -> Result<Option<OutputFile>, askama::Error> {
    let all = service.servers.iter().flat_map(|server| {
        let routes = server.routes.iter();
        routes.map(move |served| (server, served))
    });
    let mut tests = all.filter_map(|(server, served)| {
        let route = &service.routes[served.route];
        Some(HandlerTest::new(
            krate,
            server,
            served,
            route,
            route.example.as_ref()?,
        ))
    });
    let test = tests.next();
    test.map(|test| user_file("tests/handlers.rs", &test))
        .transpose()
}

/// Whether there is such a test.
pub(super) fn is_written(service: &Service) -> bool {
    let routes = service.servers.iter().flat_map(|server| &server.routes);
    let mut routes = routes.map(|served| &service.routes[served.route]);
    routes.any(|route| route.example.is_some())
}

#[derive(Template)]
#[template(path = "tests/handlers.rs.askama")]
struct HandlerTest<'a> {
    /// The project's library, by a path that a module of the same name does not hide.
    krate: String,
    /// The generated modules that it uses, in order.
    modules: String,
    /// The end of its name.
    name: &'a str,
    function: String,
    module: String,
    target: Value,
    /// Names and values of headers.
    headers: Vec<(String, Value)>,
    authenticated: bool,
    /// An example of a message that arrives.
    message: Option<Value>,
}

/// A string of Rust that becomes a variable.
struct Value {
    literal: String,
    /// Whether it goes on a line of its own.
    is_wide: bool,
}

impl Value {
    fn new(variable: &str, text: &str) -> Self {
        const WIDTH: usize = 100;
        let literal = string_literal(text).to_string();
        let width = format!("    let {variable} = {literal};").len();
        Self {
            is_wide: width > WIDTH && literal.len() + "        ;".len() <= WIDTH,
            literal,
        }
    }
}

impl<'a> HandlerTest<'a> {
    fn new(
        krate: &str,
        server: &Server,
        served: &ServedRoute,
        route: &'a Route,
        request: &ExampleRequest,
    ) -> Self {
        let module = raw_identifier(&route.module);
        let mut modules = [module.as_str(), "servers"];
        modules.sort_unstable();
        // With what the server puts before the path of the route; the root of a server has no slash behind that.
        let target = match served.path.strip_suffix(&route.path) {
            Some(before) => format!("{before}{}", request.target),
            None => {
                let rest = request.target.strip_prefix(&route.path);
                format!("{}{}", served.path, rest.unwrap_or(&request.target))
            }
        };
        let headers = request.headers.iter().map(|(name, value)| {
            let name = string_literal(name).to_string();
            (name, Value::new("value", value))
        });
        let krate = match module == krate {
            true => format!("::{krate}"),
            false => krate.to_owned(),
        };
        Self {
            krate,
            modules: modules.join(", "),
            name: &route.module,
            function: raw_identifier(&server.function),
            target: Value::new("target", &target),
            headers: headers.collect(),
            authenticated: server.judges_credentials(),
            message: example(route).map(|text| Value::new("message", text)),
            module,
        }
    }
}

/// The first example of a message that arrives as JSON.
fn example(route: &Route) -> Option<&str> {
    let inbound = &route.traffic.exchange()?.inbound;
    let mut told = inbound.told().map(|(_, variant)| variant);
    let found = told.find_map(|variant| match variant.content {
        Content::Json => variant.examples.first(),
        _ => None,
    });
    found.map(String::as_str)
}
