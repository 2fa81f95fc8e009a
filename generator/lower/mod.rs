//! From a document to the service to generate: every decision is taken here, by passes.
//!
//! A pass is a function that takes complete values and gives a complete value; nothing that a pass gave is changed
//! afterwards. In their order:
//!
//! | pass | what it decides |
//! |---|---|
//! | `servers` | which servers of the document speak WebSocket and are wanted |
//! | `perspective` | nothing: it warns where the document reads as if it described the other side |
//! | `layout` | which channels are routes of their own, and which share a socket |
//! | `addresses` | where each server has which route |
//! | `directions` | which messages arrive on a route, which are sent, and by which operations |
//! | `left_out` | nothing: it says what of messages and operations is in no generated code |
//! | `messages` | what each message is called and how it is written into a frame |
//! | `dispatch` | how one message is told from the others |
//! | `parameters` | what a client passes when it connects |
//! | `types` | a type for each payload and each parameter |
//! | `names` | modules, traits and methods |
//! | `constants` | which constants of objects need a field, because no dispatch has read them |
//! | `boxes` | where types that contain themselves need a `Box` |
//! | `security` | what clients must present to connect and to call an operation |
//! | `routes` | the routes of the model: parameters, methods, replies, and what ties these to requests |
//! | `services` | the servers of the model, and which types are checked when they arrive |

mod addresses;
mod assumed;
mod boxes;
mod checks;
mod constants;
mod context;
mod correlation;
mod directions;
mod dispatch;
mod drafts;
mod example_request;
mod facts;
mod layout;
mod left_out;
mod messages;
mod names;
mod parameters;
mod perspective;
mod routes;
mod schemas;
mod security;
mod servers;
mod services;
mod types;
mod unexpressed;
mod untyped;
mod usage;

pub(crate) use assumed::assume_servers;
#[cfg(feature = "cli")]
pub(crate) use names::RESERVED_METHODS;
pub(crate) use security::inferred_scheme;

use crate::diagnostic::Diagnostics;
use crate::document::{Document, Sources};
use crate::model::Service;
use crate::options::Options;
use context::Context;

/// Lowers a document.
///
/// `None` where no WebSocket server is left, which is reported as an error. Other errors leave parts out
/// and go on, so that all of them are seen in one run.
pub fn lower<'a>(
    document: &Document<'a>,
    sources: &'a Sources,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Option<Service> {
    let cx = &mut Context::new(document, sources, options, diagnostics);
    let servers = servers::select(cx)?;
    perspective::check(cx);
    let layout = layout::group(cx, &servers);
    let addresses = addresses::place(cx, &servers, &layout);
    let directions = directions::sort(cx, &layout);
    left_out::report(cx, &layout, &directions);
    let messages = messages::describe(cx, &directions);
    let dispatch = dispatch::tell_apart(cx, &messages);
    let parameters = parameters::find(cx, &layout);
    let types = types::lower(cx, &layout, &parameters, &messages);
    let names = names::give(cx, &layout, &messages, &dispatch);
    let definitions = constants::verify(cx, types.definitions, &types.uses, &dispatch);
    let definitions = boxes::break_cycles(definitions);
    let security = security::require(cx, &addresses, &names, &messages);
    let routes = routes::lower(
        cx,
        &routes::Parts {
            layout: &layout,
            addresses: &addresses,
            directions: &directions,
            messages: &messages,
            dispatch: &dispatch,
            parameters: &parameters,
            uses: &types.uses,
            definitions: &definitions,
            names: &names,
            security: &security,
        },
    );
    Some(services::complete(
        cx,
        addresses,
        security,
        routes,
        definitions,
        types.untyped,
    ))
}
