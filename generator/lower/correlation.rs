//! Correlation ids: what a reply repeats of its request.

use crate::model::{CorrelatedReply, Correlation, Definition, Exchange, Field, Reply, Type, Types};

use super::messages::Found;
use super::routes::Exchanged;

/// What is to be copied from a request to its replies, where both declare a property of the payload for it.
///
/// An id elsewhere (in a header, deeper in the payload) or of another type is the handler's to copy.
pub(super) fn between(
    request: &Found<'_, '_>,
    reply: &Reply,
    exchanged: &Exchanged<'_, '_>,
    exchange: &Exchange,
    types: &Types,
) -> Option<Correlation> {
    let index = exchanged.inbound.get_index_of(&request.message.node.id())?;
    let id = field(
        request.message.correlation,
        &exchange.inbound.variants[index].ty,
        types,
    )?;
    let replies: Vec<CorrelatedReply> = reply
        .messages()
        .iter()
        .filter_map(|&message| {
            let (_, found) = exchanged.outbound.get_index(message)?;
            let ty = &exchange.outbound.variants[message].ty;
            let copy = field(found.message.correlation, ty, types)?;
            let (from, to) = (id.ty.bare(), copy.ty.bare());
            let wrap = to == Type::Optional(Box::new(from.clone()));
            (wrap || from == to).then(|| CorrelatedReply {
                message,
                field: copy.field.clone(),
                wrap,
            })
        })
        .collect();
    (!replies.is_empty()).then(|| Correlation {
        request: id.field.clone(),
        is_copy: types.is_copy(&id.ty),
        is_in_all: replies.len() == reply.messages().len(),
        replies,
    })
}

/// The field that `$message.payload#/name` leads to.
fn field<'t>(expression: Option<&str>, ty: &Type, types: &'t Types) -> Option<&'t Field> {
    let name = expression?.strip_prefix("$message.payload#/")?;
    let Type::Named(id) = ty else { return None };
    let Definition::Struct { fields, .. } = &types.get(*id).definition else {
        return None;
    };
    fields.iter().find(|field| field.name == name)
}
