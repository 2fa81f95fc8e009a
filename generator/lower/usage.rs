//! Which types are checked when their values arrive, and which are read from one text.

use crate::model::{Definitions, Route, RouteId, Type, TypeId, Usage};
use crate::table::Table;

/// What the values of each type are used for by these routes; `client` says whether a client reads what is sent.
///
/// A rule is checked where a value is decoded: by the server what arrives, by a client what is sent to it.
pub(super) fn of(
    definitions: &Definitions,
    routes: &Table<RouteId, Route>,
    client: bool,
) -> Table<TypeId, Usage> {
    let holds = definitions.map(|_, ty| {
        let mut held = Held::default();
        ty.definition.parts().for_each(|part| held.add(part));
        held
    });
    let ruled = ruled(&holds);
    let decoded = decoded(&holds, routes, client);
    let mut usage = definitions.map(|id, _| Usage {
        validated: ruled[id] && decoded[id],
        parameter: false,
    });
    for parameter in routes.iter().flat_map(|route| &route.parameters) {
        if let Type::Named(id) = parameter.ty {
            usage[id].parameter = true;
        }
    }
    usage
}

/// The types that have a rule, or hold one that has.
fn ruled(holds: &Table<TypeId, Held>) -> Table<TypeId, bool> {
    let mut holders = holds.map(|_, _| Vec::new());
    for (id, held) in holds.entries() {
        for &inner in &held.named {
            holders[inner].push(id);
        }
    }
    let own = holds.entries().filter(|(_, held)| held.checked);
    reached(own.map(|(id, _)| id).collect(), &holders)
}

/// The types of which generated code decodes values, by themselves or within others.
fn decoded(
    holds: &Table<TypeId, Held>,
    routes: &Table<RouteId, Route>,
    client: bool,
) -> Table<TypeId, bool> {
    let mut arrives = Held::default();
    for route in routes {
        let parameters = route.parameters.iter();
        parameters.for_each(|parameter| arrives.add(&parameter.ty));
        let Some(exchange) = route.traffic.exchange() else {
            continue;
        };
        let outbound = client.then_some(&exchange.outbound);
        for set in std::iter::once(&exchange.inbound).chain(outbound) {
            set.told().for_each(|(_, variant)| arrives.add(&variant.ty));
        }
    }
    reached(arrives.named, &holds.map(|_, held| held.named.clone()))
}

/// All types to which `next` leads from some.
fn reached(mut pending: Vec<TypeId>, next: &Table<TypeId, Vec<TypeId>>) -> Table<TypeId, bool> {
    let mut reached = next.map(|_, _| false);
    while let Some(id) = pending.pop() {
        if !std::mem::replace(&mut reached[id], true) {
            pending.extend(&next[id]);
        }
    }
    reached
}

/// What a type holds.
#[derive(Default)]
struct Held {
    named: Vec<TypeId>,
    checked: bool,
}

impl Held {
    fn add(&mut self, ty: &Type) {
        match ty {
            Type::Checked(inner, _) => {
                self.checked = true;
                self.add(inner);
            }
            Type::List(inner) | Type::Map(inner) | Type::Optional(inner) | Type::Boxed(inner) => {
                self.add(inner)
            }
            Type::Tuple(items) => items.iter().for_each(|item| self.add(item)),
            Type::Named(id) => self.named.push(*id),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::diagnostic::Diagnostics;
    use crate::document::Sources;
    use crate::options::Options;

    const DOCUMENT: &str = "\
asyncapi: 3.0.0
info: {title: Rules, version: 1.0.0}
servers: {main: {host: localhost, protocol: ws}}
channels:
  room:
    address: /room
    messages:
      Said: {payload: {type: object, required: [words], properties: {words: {$ref: '#/components/schemas/Words'}}}}
      Told: {payload: {type: object, required: [news], properties: {news: {$ref: '#/components/schemas/News'}}}}
operations:
  said: {action: receive, channel: {$ref: '#/channels/room'}, messages: [{$ref: '#/channels/room/messages/Said'}]}
  tell: {action: send, channel: {$ref: '#/channels/room'}, messages: [{$ref: '#/channels/room/messages/Told'}]}
components:
  schemas:
    Words: {type: object, properties: {text: {type: string, maxLength: 9}}}
    News: {type: object, properties: {text: {type: string, maxLength: 9}}}
";

    /// The types whose values are checked.
    fn validated(client: bool) -> BTreeSet<String> {
        let mut diagnostics = Diagnostics::new();
        let sources = Sources::from_text("asyncapi.yaml", DOCUMENT, &mut diagnostics);
        let options = Options {
            client,
            ..Options::default()
        };
        let service = crate::understand(&sources, &options, &mut diagnostics).unwrap();
        let types = service.types.iter();
        let validated = types.filter(|(id, _)| service.types.usage(*id).validated);
        validated.map(|(_, ty)| ty.name.clone()).collect()
    }

    #[test]
    fn what_only_goes_out_is_checked_by_a_client_alone() {
        let inbound = ["Said", "Words"].map(str::to_owned);
        assert_eq!(validated(false), BTreeSet::from(inbound.clone()));
        let both = ["News", "Told"].map(str::to_owned).into_iter();
        assert_eq!(validated(true), both.chain(inbound).collect());
    }
}
