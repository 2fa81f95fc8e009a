//! What a client passes when it connects: path parameters, query and headers.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostics, Location};
use crate::document::{Channel, Node};
use crate::model::{
    Definition, Definitions, Integer, Literal, Parameter, ParameterDefault, ParameterId,
    ParameterLocation, RouteId, Type,
};
use crate::naming::{Scope, value_name};
use crate::table::Table;

use super::context::Context;
use super::example_request::{made_up, said};
use super::facts::gather;
use super::layout::Group;

/// What the requests of a route carry, and the subprotocols that it speaks.
#[derive(Default)]
pub(super) struct Parameters<'a> {
    pub(super) list: Table<ParameterId, Declared<'a>>,
    /// Those that the path names, in its order.
    pub(super) path: Vec<ParameterId>,
    pub(super) subprotocols: Vec<String>,
}

/// A parameter as the document declares it.
pub(super) struct Declared<'a> {
    place: Location,
    /// Its name on the wire.
    pub(super) name: String,
    field: String,
    location: ParameterLocation,
    /// What describes its values; any text where the document does not.
    pub(super) schema: Option<Node<'a>>,
    /// The schema with references followed: what examples have to conform to.
    target: Option<Node<'a>>,
    /// Where an example may be.
    examples: Vec<Node<'a>>,
    is_required: bool,
    docs: Option<String>,
}

/// Finds the parameters of each route.
pub(super) fn find<'a>(
    cx: &mut Context<'_, 'a>,
    layout: &Table<RouteId, Group>,
) -> Table<RouteId, Parameters<'a>> {
    layout.map(|_, group| {
        let channels = group.channels.iter();
        let channels: Vec<&Channel<'a>> = channels.map(|&id| &cx.document.channels[id]).collect();
        let mut finding = Finding {
            cx,
            scope: Scope::reserving(&["handshake", "principal"]),
            seen: HashSet::new(),
            found: Parameters::default(),
        };
        // Only a channel's address has parameters.
        if let Some(first) = channels.first() {
            for name in names(&group.path) {
                finding.add_path(name, first, &channels);
            }
        }
        for channel in channels {
            finding.add_binding(channel);
        }
        finding.found
    })
}

/// The names of the parameters in a path template.
fn names(path: &str) -> Vec<&str> {
    path.split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

struct Finding<'c, 'd, 'a> {
    cx: &'c mut Context<'d, 'a>,
    scope: Scope,
    seen: HashSet<(String, bool)>,
    found: Parameters<'a>,
}

impl<'a> Finding<'_, '_, 'a> {
    /// A parameter that the path names, once more where it names it twice.
    fn add_path(&mut self, name: &str, first: &Channel<'a>, channels: &[&Channel<'a>]) {
        if !self.seen.insert((name.to_owned(), true)) {
            let again = self.found.list.find(|parameter| parameter.name == name);
            self.found.path.extend(again);
            return;
        }
        let mut all = channels.iter().flat_map(|channel| &channel.parameters);
        let declared = all.find(|parameter| parameter.name == name);
        let schema = declared.and_then(|parameter| {
            let listed = parameter.node.get("enum").map(|_| parameter.node);
            parameter.schema.or(listed)
        });
        let target = schema.and_then(|schema| self.follow(schema));
        let node = declared.map(|parameter| parameter.node);
        let id = self.found.list.push(Declared {
            place: node.unwrap_or(first.node).key_location(),
            name: name.to_owned(),
            field: self.scope.claim(&[&value_name(name)]),
            location: ParameterLocation::Path,
            schema,
            target,
            examples: node.into_iter().chain(target).collect(),
            is_required: true,
            docs: declared
                .and_then(|parameter| parameter.description)
                .map(str::to_owned),
        });
        self.found.path.push(id);
    }

    fn add_binding(&mut self, channel: &Channel<'a>) {
        let Some(binding) = &channel.binding else {
            return;
        };
        let method = binding.method;
        if let Some(method) = method.filter(|method| !method.eq_ignore_ascii_case("GET")) {
            let place = binding.node.get("method").unwrap_or(binding.node);
            self.cx
                .diagnostics
                .warning(Code::BindingMethod, place.location(), format!("a WebSocket handshake is a GET request (RFC 6455, section 4.1), not {method}"))
                .help("clients connect by GET; take `method` out");
        }
        self.add_object(binding.query, ParameterLocation::Query);
        self.add_object(binding.headers, ParameterLocation::Header);
    }

    /// The properties of a `query` or `headers` schema.
    fn add_object(&mut self, schema: Option<Node<'a>>, location: ParameterLocation) {
        let Some(schema) = schema else { return };
        let facts = gather(schema, &self.cx.resolver, self.cx.diagnostics);
        for (&name, schemas) in &facts.properties {
            let Some(&property) = schemas.first() else {
                continue;
            };
            let header = location == ParameterLocation::Header;
            let key = if header {
                name.to_ascii_lowercase()
            } else {
                name.to_owned()
            };
            if header && key == "sec-websocket-protocol" {
                self.add_subprotocols(property);
            } else if !(header && HANDSHAKE.contains(&key.as_str()))
                && self.seen.insert((key, header))
            {
                self.add_property(name, property, location, facts.required.contains(name));
            }
        }
    }

    fn add_property(
        &mut self,
        name: &str,
        schema: Node<'a>,
        location: ParameterLocation,
        is_required: bool,
    ) {
        let target = self.follow(schema).unwrap_or(schema);
        let docs = target.get("description").and_then(Node::as_str);
        self.found.list.push(Declared {
            place: schema.key_location(),
            name: name.to_owned(),
            field: self.scope.claim(&[&value_name(name)]),
            location,
            schema: Some(schema),
            target: Some(target),
            examples: vec![target],
            is_required,
            docs: docs.map(str::to_owned),
        });
    }

    fn follow(&mut self, schema: Node<'a>) -> Option<Node<'a>> {
        self.cx.resolver.follow_schema(schema, self.cx.diagnostics)
    }

    fn add_subprotocols(&mut self, schema: Node<'a>) {
        let facts = gather(schema, &self.cx.resolver, self.cx.diagnostics);
        for literal in facts.literals().unwrap_or_default() {
            if let Literal::String(text) = literal {
                let tokens = text
                    .split(',')
                    .map(str::trim)
                    .filter(|token| is_token(token))
                    .map(str::to_owned);
                self.found.subprotocols.extend(tokens);
            }
        }
    }
}

impl<'a> Declared<'a> {
    /// Says so where the type that its schema became cannot be read from one string.
    pub(super) fn report(
        &self,
        ty: &Type,
        definitions: &Definitions,
        diagnostics: &mut Diagnostics,
    ) {
        let is_text = scalar(ty.clone(), definitions) == Type::String;
        let ty = match ty {
            Type::Optional(inner) => inner,
            ty => ty,
        };
        if !is_text || matches!(ty.unchecked(), Type::String | Type::Value) {
            return;
        }
        let place = match self.location {
            ParameterLocation::Path => "path",
            ParameterLocation::Query => "query",
            ParameterLocation::Header => "header",
        };
        diagnostics
            .warning(
                Code::UnsupportedSchema,
                self.place.clone(),
                format!("`{}` in the {place} is read as text: nothing says how such a value is written there", self.name),
            )
            .help("describe it as a string, a number, a boolean, or a list of these; the handler gets the text as it comes");
    }

    /// The parameter with its type.
    pub(super) fn typed(
        &self,
        ty: &Type,
        definitions: &Definitions,
        cx: &mut Context<'_, 'a>,
    ) -> Parameter {
        // A path has no part that is absent.
        let target = self
            .target
            .filter(|_| self.location != ParameterLocation::Path);
        let default = target.and_then(|target| default(ty, target.get("default")?, definitions));
        let example = said(&self.examples, self.target, &cx.resolver, cx.diagnostics);
        Parameter {
            place: self.place.clone(),
            name: self.name.clone(),
            field: self.field.clone(),
            location: self.location,
            required: self.is_required && default.is_none(),
            default,
            docs: self.docs.clone(),
            example: example.or_else(|| made_up(&self.name, ty, definitions)),
            ty: ty.clone(),
        }
    }
}

/// The type of a parameter whose schema became `ty`: one that can be read from one string.
pub(super) fn scalar(ty: Type, definitions: &Definitions) -> Type {
    let ty = match ty {
        Type::Optional(inner) => *inner,
        ty => ty,
    };
    let is_single = |ty: &Type| {
        matches!(
            ty.unchecked(),
            Type::Boolean | Type::Integer(_) | Type::Number | Type::String
        )
    };
    let is_scalar = match ty.unchecked() {
        Type::List(inner) => is_single(inner),
        Type::Named(id) => matches!(definitions[*id].definition, Definition::Enumeration(_)),
        single => is_single(single),
    };
    if is_scalar { ty } else { Type::String }
}

fn default(ty: &Type, value: Node<'_>, definitions: &Definitions) -> Option<ParameterDefault> {
    match ty.unchecked() {
        Type::String => value
            .as_str()
            .map(|text| ParameterDefault::String(text.to_owned())),
        Type::Boolean => value.as_bool().map(ParameterDefault::Boolean),
        Type::Integer(Integer::U32 | Integer::U64) => value
            .as_i64()
            .filter(|number| *number >= 0)
            .map(ParameterDefault::Integer),
        Type::Integer(_) => value.as_i64().map(ParameterDefault::Integer),
        Type::Number => value.as_f64().map(ParameterDefault::Number),
        Type::Named(id) => match &definitions[*id].definition {
            Definition::Enumeration(variants) => {
                let wanted = value
                    .as_str()
                    .map(|text| Literal::String(text.to_owned()))
                    .or_else(|| value.as_i64().map(Literal::Integer))?;
                variants
                    .iter()
                    .find(|variant| variant.value == wanted)
                    .map(|variant| ParameterDefault::Variant(*id, variant.name.clone()))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Headers of the handshake itself: the runtime's business.
const HANDSHAKE: &[&str] = &[
    "connection",
    "host",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
    "upgrade",
];

/// A token of RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
