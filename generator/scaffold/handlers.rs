//! Stubs of the handlers: they compile without a warning, run, and say what is left to do.

use askama::Template;

use crate::model::{Exchange, Layout, Method, Reply, Route, Server, Service, Traffic, Types};
use crate::output::OutputFile;
use crate::render::type_text;

use super::{line, quoted, user_file};
use crate::naming::{raw_identifier, raw_string};

/// One file for each channel, one for the connection where channels share it, and the module that joins them.
pub(super) fn files(service: &Service) -> Result<Vec<OutputFile>, askama::Error> {
    let mut stubs: Vec<Stub> = service
        .routes
        .iter()
        .flat_map(|route| stubs(route, &service.types))
        .collect();
    stubs.sort_by(|one, other| one.file.cmp(&other.file));
    let mut modules: Vec<String> = stubs
        .iter()
        .map(|stub| raw_identifier(&stub.file))
        .collect();
    let mut files = Vec::new();
    for stub in &stubs {
        files.push(user_file(&format!("src/handlers/{}.rs", stub.file), stub)?);
    }
    if service.servers.iter().any(Server::judges_credentials) {
        modules.insert(0, "authenticate".to_owned());
        modules.sort();
        files.push(user_file(
            "src/handlers/authenticate.rs",
            &AuthenticateStub,
        )?);
    }
    files.push(user_file(
        "src/handlers/mod.rs",
        &HandlersModule { modules },
    )?);
    Ok(files)
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
    file: String,
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

fn stubs(route: &Route, types: &Types) -> Vec<Stub> {
    let raw = raw_method(route);
    if route.layout == Layout::Path {
        let methods = route
            .channels
            .iter()
            .flat_map(|channel| methods(route, &channel.methods, types))
            .chain(raw);
        let summary = format!("What happens at {}.", quoted(&route.path));
        return vec![stub(
            route,
            &route.module,
            &route.trait_name,
            summary,
            true,
            methods.collect(),
        )];
    }
    let connection = stub(
        route,
        &route.module,
        &route.trait_name,
        format!("Connections at {}.", quoted(&route.path)),
        true,
        raw.into_iter().collect(),
    );
    let channels = route
        .channels
        .iter()
        .filter(|channel| !channel.methods.is_empty())
        .map(|channel| {
            let summary = format!("What happens on the channel {}.", quoted(&channel.name));
            stub(
                route,
                &channel.module,
                &channel.trait_name,
                summary,
                false,
                methods(route, &channel.methods, types),
            )
        });
    std::iter::once(connection).chain(channels).collect()
}

fn stub(
    route: &Route,
    file: &str,
    trait_name: &str,
    summary: String,
    connection: bool,
    methods: Vec<StubMethod>,
) -> Stub {
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
        file: file.to_owned(),
        summary: line(&summary),
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

fn methods(route: &Route, methods: &[Method], types: &Types) -> Vec<StubMethod> {
    let Traffic::Typed(exchange) = &route.traffic else {
        return Vec::new();
    };
    methods
        .iter()
        .map(|method| stub_method(method, exchange, types))
        .collect()
}

fn stub_method(method: &Method, exchange: &Exchange, types: &Types) -> StubMethod {
    let message = type_text(&exchange.inbound.variants[method.message].ty, types);
    let name = &method.name;
    let not_implemented = || format!("Err(Error::not_implemented(\"{name}\"))");
    let example = |index: usize| {
        let example = exchange.outbound.variants[index].examples.first()?;
        Some(example_literal(&raw_string(example)))
    };
    let (output, result) = match &method.reply {
        None => ("()".to_owned(), "Ok(())".to_owned()),
        Some(Reply::One(index)) => (
            type_text(&exchange.outbound.variants[*index].ty, types),
            example(*index).map_or_else(not_implemented, |example| {
                format!("{example}\n        wsgen_runtime::example(example)")
            }),
        ),
        Some(Reply::Choice { name, messages }) => {
            let first = messages
                .iter()
                .find_map(|&index| Some((index, example(index)?)));
            let result = first.map(|(index, example)| {
                let variant = &exchange.outbound.variants[index].variant;
                format!("{example}\n        let reply = wsgen_runtime::example(example)?;\n        Ok({name}::{variant}(reply))")
            });
            (name.clone(), result.unwrap_or_else(not_implemented))
        }
    };
    StubMethod {
        signature: signature(&raw_identifier(name), &message, &output),
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

/// The method for frames that are passed on as they are.
fn raw_method(route: &Route) -> Option<StubMethod> {
    let (name, body) = match &route.traffic {
        Traffic::Raw => (
            "message",
            "tracing::info!(received = ?message, \"`message` is not implemented yet\");\n        Ok(())",
        ),
        Traffic::Typed(exchange) if !exchange.inbound.dispatch.ambiguous.is_empty() => (
            "raw",
            "tracing::info!(received = ?message, \"`raw` is not implemented yet\");\n        Ok(())",
        ),
        Traffic::Typed(_) => return None,
    };
    Some(StubMethod {
        signature: signature(name, "Message", "()"),
        body: body.to_owned(),
    })
}

/// A signature as rustfmt would break it.
fn signature(name: &str, message: &str, output: &str) -> String {
    let one_line = format!(
        "async fn {name}(&self, _cx: &mut Context<'_, Self>, message: {message}) -> Result<{output}, Error>"
    );
    // Four columns of indentation before, ` {` behind.
    if one_line.len() + 6 <= 100 {
        return one_line;
    }
    format!(
        "async fn {name}(\n        &self,\n        _cx: &mut Context<'_, Self>,\n        message: {message},\n    ) -> Result<{output}, Error>"
    )
}

fn braced(names: &[&str]) -> String {
    match names {
        [only] => (*only).to_owned(),
        names => format!("{{{}}}", names.join(", ")),
    }
}
