//! Correlation ids: what a reply repeats of its request.

use crate::model::{
    CorrelatedReply, Correlation, Definition, Definitions, Field, Reply, Type, VariantId,
};

use super::messages::Messages;
use super::types::Uses;

/// What is to be copied from a request to its replies, where both declare a property of the payload for it.
///
/// An id elsewhere (in a header, deeper in the payload) or of another type is the handler's to copy.
pub(super) fn between(
    request: VariantId,
    reply: &Reply,
    messages: &Messages<'_, '_>,
    uses: &Uses,
    definitions: &Definitions,
) -> Option<Correlation> {
    let expression = messages.inbound[request].found.message.correlation;
    let id = field(expression, &uses.inbound[request], definitions)?;
    let replies = reply.messages().iter().filter_map(|&message| {
        let expression = messages.outbound[message].found.message.correlation;
        let copy = field(expression, &uses.outbound[message], definitions)?;
        let (from, to) = (id.ty.bare(), copy.ty.bare());
        let wrap = to == Type::Optional(Box::new(from.clone()));
        (wrap || from == to).then(|| CorrelatedReply {
            message,
            field: copy.field.clone(),
            wrap,
        })
    });
    let replies: Vec<CorrelatedReply> = replies.collect();
    (!replies.is_empty()).then(|| Correlation {
        request: id.field.clone(),
        is_copy: is_copy(&id.ty, definitions),
        is_in_all: replies.len() == reply.messages().len(),
        replies,
    })
}

/// The field that `$message.payload#/name` leads to.
fn field<'t>(
    expression: Option<&str>,
    ty: &Type,
    definitions: &'t Definitions,
) -> Option<&'t Field> {
    let name = expression?.strip_prefix("$message.payload#/")?;
    let Type::Named(id) = ty else { return None };
    let Definition::Struct { fields, .. } = &definitions[*id].definition else {
        return None;
    };
    fields.iter().find(|field| field.name == name)
}

/// Whether a type is `Copy` in Rust.
fn is_copy(ty: &Type, definitions: &Definitions) -> bool {
    match ty {
        Type::Boolean | Type::Integer(_) | Type::Number | Type::Null => true,
        Type::Optional(inner) | Type::Checked(inner, _) => is_copy(inner, definitions),
        Type::Tuple(items) => items.iter().all(|item| is_copy(item, definitions)),
        Type::Named(id) => matches!(definitions[*id].definition, Definition::Enumeration(_)),
        _ => false,
    }
}
