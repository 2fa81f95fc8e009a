//! Whether the credentials that were enough still are.

use crate::diagnostic::Location;
use crate::model::{Scheme, SchemeKind};

use super::comparison::Comparison;
use super::kind::Kind;

impl Comparison<'_> {
    /// Compares what clients must present; `subject` is a server or a message.
    pub(super) fn security(
        &mut self,
        subject: &str,
        old: &[Vec<Scheme>],
        new: &[Vec<Scheme>],
        place: &Location,
    ) {
        if !accepts_all(new, old) {
            let message = format!("{subject} asks for {}, before {}", words(new), words(old));
            self.report(Kind::SecurityTightened, place, message);
        } else if !accepts_all(old, new) {
            let message = format!("{subject} asks for {}, before {}", words(new), words(old));
            self.report(Kind::SecurityRelaxed, place, message);
        }
    }
}

/// Whether `required` accepts each of the alternatives of `shown`; no alternative asks for nothing.
fn accepts_all(required: &[Vec<Scheme>], shown: &[Vec<Scheme>]) -> bool {
    let accepts = |shown: &[Scheme]| {
        let satisfied = |scheme: &Scheme| shown.iter().any(|other| other.kind == scheme.kind);
        required.is_empty() || required.iter().any(|all| all.iter().all(satisfied))
    };
    match shown {
        [] => accepts(&[]),
        alternatives => alternatives.iter().all(|shown| accepts(shown)),
    }
}

fn words(alternatives: &[Vec<Scheme>]) -> String {
    let all = |schemes: &Vec<Scheme>| match schemes.as_slice() {
        [] => "nothing".to_owned(),
        schemes => {
            let kinds: Vec<String> = schemes.iter().map(|scheme| kind(&scheme.kind)).collect();
            kinds.join(" and ")
        }
    };
    match alternatives {
        [] => "nothing".to_owned(),
        alternatives => alternatives
            .iter()
            .map(all)
            .collect::<Vec<_>>()
            .join(" or "),
    }
}

fn kind(kind: &SchemeKind) -> String {
    match kind {
        SchemeKind::Bearer => "a bearer token".to_owned(),
        SchemeKind::Basic => "a user and a password".to_owned(),
        SchemeKind::QueryKey(name) => format!("a key in the query as `{name}`"),
        SchemeKind::HeaderKey(name) => format!("a key in the header `{name}`"),
        SchemeKind::CookieKey(name) => format!("a key in the cookie `{name}`"),
        SchemeKind::MutualTls => "a client certificate".to_owned(),
    }
}
