//! A type for each payload and each parameter.

use crate::model::{Content, Definitions, ParameterId, RouteId, Type, Untyped, VariantId};
use crate::table::Table;

use super::context::Context;
use super::layout::Group;
use super::messages::{Message, Messages, MessagesOneWay};
use super::parameters::{Parameters, scalar};
use super::schemas::{Schemas, families};

/// The types of a document.
pub(super) struct Typed {
    pub(super) definitions: Definitions,
    /// Values that stay any JSON.
    pub(super) untyped: Vec<Untyped>,
    /// Where the types are used.
    pub(super) uses: Table<RouteId, Uses>,
}

/// The types of the parameters and the messages of a route.
pub(super) struct Uses {
    pub(super) parameters: Table<ParameterId, Type>,
    pub(super) inbound: Table<VariantId, Type>,
    pub(super) outbound: Table<VariantId, Type>,
}

/// Lowers the schemas of all parameters and payloads, route by route.
pub(super) fn lower<'a>(
    cx: &mut Context<'_, 'a>,
    layout: &Table<RouteId, Group>,
    parameters: &Table<RouteId, Parameters<'a>>,
    messages: &Table<RouteId, Messages<'_, 'a>>,
) -> Typed {
    let diagnostics = &mut *cx.diagnostics;
    let families = families(cx.document, &cx.resolver, diagnostics);
    let mut schemas = Schemas::new(&cx.resolver, &mut cx.type_names, families);
    let uses = layout.map(|route, group| {
        let parameters = parameters[route].list.map(|_, parameter| {
            let name = format!("{} {}", group.label, parameter.name);
            let schema = parameter.schema;
            schema.map_or(Type::String, |schema| {
                schemas.lower(schema, &name, diagnostics)
            })
        });
        let mut payload = |message: &Message<'_, 'a>| {
            let source = message.found.message;
            match (message.content, source.payload) {
                (Content::Binary, _) => Type::Bytes,
                (Content::Text, _) => Type::String,
                (_, Some(payload)) => schemas.lower(payload, &message.name, diagnostics),
                (_, None) => schemas.undescribed(source.node),
            }
        };
        Uses {
            parameters,
            inbound: messages[route].inbound.map(|_, message| payload(message)),
            outbound: messages[route].outbound.map(|_, message| payload(message)),
        }
    });
    let (definitions, untyped) = schemas.finish();
    for (route, uses) in uses.entries() {
        for (id, ty) in uses.parameters.entries() {
            parameters[route].list[id].report(ty, &definitions, cx.diagnostics);
        }
    }
    let uses = uses.map(|_, uses| Uses {
        parameters: uses
            .parameters
            .map(|_, ty| scalar(ty.clone(), &definitions)),
        inbound: uses.inbound.clone(),
        outbound: uses.outbound.clone(),
    });
    Typed {
        definitions: described(definitions, messages, &uses),
        untyped,
        uses,
    }
}

/// The types, where those without a description say what the first message says that carries them.
fn described(
    mut definitions: Definitions,
    messages: &Table<RouteId, Messages<'_, '_>>,
    uses: &Table<RouteId, Uses>,
) -> Definitions {
    let mut describe = |messages: &MessagesOneWay<'_, '_>, types: &Table<VariantId, Type>| {
        for (message, ty) in messages.iter().zip(types) {
            if let Type::Named(id) = ty
                && definitions[*id].docs.is_empty()
            {
                definitions[*id].docs.clone_from(&message.docs);
            }
        }
    };
    for (route, uses) in uses.entries() {
        describe(&messages[route].inbound, &uses.inbound);
        describe(&messages[route].outbound, &uses.outbound);
    }
    definitions
}
