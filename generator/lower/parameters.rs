//! What a client passes when it connects: path parameters, query and headers.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Channel, Node};
use crate::model::{
    Definition, Integer, Literal, Parameter, ParameterDefault, ParameterLocation, Type,
};
use crate::naming::{Scope, value_name};
use crate::resolve::Resolver;

use super::example_request::{made_up, said};
use super::facts::gather;
use super::schemas::Schemas;

/// What the requests of a route carry, and the subprotocols that it speaks.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) list: Vec<Parameter>,
    /// Those that the path names, in its order.
    pub(super) path: Vec<usize>,
    pub(super) subprotocols: Vec<String>,
}

/// Lowers the parameters of the channels that share the route at `path`.
pub(super) fn lower<'a>(
    channels: &[&Channel<'a>],
    path: &str,
    route: &str,
    resolver: &Resolver<'a>,
    schemas: &mut Schemas<'a, '_>,
    diagnostics: &mut Diagnostics,
) -> Parameters {
    let mut lowering = Lowering {
        route,
        resolver,
        schemas,
        scope: Scope::reserving(&["handshake", "principal"]),
        seen: HashSet::new(),
        found: Parameters::default(),
    };
    for name in names(path) {
        lowering.add_path(name, channels, diagnostics);
    }
    // Nothing but the parameters of the path is there so far.
    let list = &lowering.found.list;
    let position = |name| list.iter().position(|parameter| parameter.name == name);
    lowering.found.path = names(path).into_iter().filter_map(position).collect();
    for channel in channels {
        let Some(binding) = &channel.binding else {
            continue;
        };
        if let Some(method) = binding
            .method
            .filter(|method| !method.eq_ignore_ascii_case("GET"))
        {
            diagnostics
                .warning(Code::BindingMethod, binding.node.get("method").unwrap_or(binding.node).location(), format!("a WebSocket handshake is a GET request (RFC 6455, section 4.1), not {method}"))
                .help("clients connect by GET; take `method` out");
        }
        lowering.add_object(binding.query, ParameterLocation::Query, diagnostics);
        lowering.add_object(binding.headers, ParameterLocation::Header, diagnostics);
    }
    lowering.found
}

/// The names of the parameters in a path template.
fn names(path: &str) -> Vec<&str> {
    path.split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

struct Lowering<'a, 's, 'r> {
    route: &'s str,
    resolver: &'s Resolver<'a>,
    schemas: &'s mut Schemas<'a, 'r>,
    scope: Scope,
    seen: HashSet<(String, bool)>,
    found: Parameters,
}

impl<'a> Lowering<'a, '_, '_> {
    fn add_path(&mut self, name: &str, channels: &[&Channel<'a>], diagnostics: &mut Diagnostics) {
        // Only a channel's address has parameters.
        let Some(channel) = channels.first() else {
            return;
        };
        if !self.seen.insert((name.to_owned(), true)) {
            return;
        }
        let declared = channels
            .iter()
            .flat_map(|channel| &channel.parameters)
            .find(|parameter| parameter.name == name);
        let schema = declared.and_then(|parameter| {
            parameter
                .schema
                .or(parameter.node.get("enum").map(|_| parameter.node))
        });
        let ty = schema.map_or(Type::String, |schema| {
            self.scalar(schema, name, diagnostics)
        });
        let field = self.scope.claim(&[&value_name(name)]);
        let schema = schema.and_then(|schema| self.resolver.follow_schema(schema, diagnostics));
        let places: Vec<Node<'a>> = declared
            .map(|parameter| parameter.node)
            .into_iter()
            .chain(schema)
            .collect();
        self.found.list.push(Parameter {
            example: self.example(&places, schema, name, &ty, diagnostics),
            place: declared
                .map_or(channel.node, |parameter| parameter.node)
                .key_location(),
            name: name.to_owned(),
            field,
            location: ParameterLocation::Path,
            ty,
            required: true,
            default: None,
            docs: declared
                .and_then(|parameter| parameter.description)
                .map(str::to_owned),
        });
    }

    /// The properties of a `query` or `headers` schema.
    fn add_object(
        &mut self,
        schema: Option<Node<'a>>,
        location: ParameterLocation,
        diagnostics: &mut Diagnostics,
    ) {
        let Some(schema) = schema else { return };
        let facts = gather(schema, self.resolver, diagnostics);
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
                self.add_subprotocols(property, diagnostics);
            } else if !(header && HANDSHAKE.contains(&key.as_str()))
                && self.seen.insert((key, header))
            {
                self.add_property(
                    name,
                    property,
                    location,
                    facts.required.contains(name),
                    diagnostics,
                );
            }
        }
    }

    fn add_property(
        &mut self,
        name: &str,
        schema: Node<'a>,
        location: ParameterLocation,
        required: bool,
        diagnostics: &mut Diagnostics,
    ) {
        let ty = self.scalar(schema, name, diagnostics);
        let target = self
            .resolver
            .follow_schema(schema, diagnostics)
            .unwrap_or(schema);
        let field = self.scope.claim(&[&value_name(name)]);
        let default = target
            .get("default")
            .and_then(|value| self.default(&ty, value));
        self.found.list.push(Parameter {
            example: self.example(&[target], Some(target), name, &ty, diagnostics),
            place: schema.key_location(),
            name: name.to_owned(),
            field,
            location,
            required: required && default.is_none(),
            default,
            ty,
            docs: target
                .get("description")
                .and_then(Node::as_str)
                .map(str::to_owned),
        });
    }

    fn example(
        &self,
        places: &[Node<'a>],
        schema: Option<Node<'a>>,
        name: &str,
        ty: &Type,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        said(places, schema, self.resolver, diagnostics)
            .or_else(|| made_up(name, ty, self.schemas.types()))
    }

    fn add_subprotocols(&mut self, schema: Node<'a>, diagnostics: &mut Diagnostics) {
        let facts = gather(schema, self.resolver, diagnostics);
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

    /// A type that can be read from one string.
    fn scalar(&mut self, schema: Node<'a>, name: &str, diagnostics: &mut Diagnostics) -> Type {
        let ty = match self
            .schemas
            .lower(schema, &format!("{} {name}", self.route), diagnostics)
        {
            Type::Optional(inner) => *inner,
            ty => ty,
        };
        if !self.is_scalar(&ty) {
            return Type::String;
        }
        if let Type::Named(id) = ty {
            self.schemas.mark_parameter(id);
        }
        ty
    }

    fn is_scalar(&self, ty: &Type) -> bool {
        match ty.unchecked() {
            Type::Boolean | Type::Integer(_) | Type::Number | Type::String => true,
            Type::List(inner) => matches!(
                inner.unchecked(),
                Type::Boolean | Type::Integer(_) | Type::Number | Type::String
            ),
            Type::Named(id) => matches!(
                self.schemas.types().get(*id).definition,
                Definition::Enumeration(_)
            ),
            _ => false,
        }
    }

    fn default(&self, ty: &Type, value: Node<'a>) -> Option<ParameterDefault> {
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
            Type::Named(id) => match &self.schemas.types().get(*id).definition {
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
