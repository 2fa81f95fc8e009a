//! What clients pass when they connect.

use crate::model::{Parameter, ParameterLocation, Route, path_template};

use super::comparison::{Comparison, Direction, Subject};
use super::kind::Kind;

impl Comparison<'_> {
    pub(super) fn parameters(&mut self, old: &Route, new: &Route) {
        let mut known = Vec::new();
        for parameter in &new.parameters {
            match partner(parameter, old, new) {
                Some(before) => {
                    known.push(std::ptr::from_ref(before));
                    self.parameter(before, parameter, new);
                }
                None => {
                    let (kind, verb) = match parameter.required {
                        true => (Kind::RequiredParameterAdded, "must"),
                        false => (Kind::ParameterAdded, "may"),
                    };
                    let message = format!(
                        "{} of {} is new and {verb} be passed",
                        named(parameter),
                        new.path
                    );
                    self.report(kind, &parameter.place, message);
                }
            }
        }
        for parameter in &old.parameters {
            if !known.contains(&std::ptr::from_ref(parameter)) {
                let message = format!("{} of {} is no longer read", named(parameter), old.path);
                self.report_gone(Kind::ParameterRemoved, &parameter.place, message);
            }
        }
    }

    fn parameter(&mut self, old: &Parameter, new: &Parameter, route: &Route) {
        let name = format!("{} of {}", named(new), route.path);
        if old.name != new.name && new.location == ParameterLocation::Path {
            let message = format!("{} is called `{}`", named(old), new.name);
            self.report(Kind::ParameterRenamed, &new.place, message);
        }
        let (kind, words) = match (old.required, new.required) {
            (false, true) => (Some(Kind::ParameterRequired), "must be passed"),
            (true, false) => (Some(Kind::ParameterOptional), "may be left out"),
            _ => match (&old.default, &new.default) {
                (Some(was), Some(is)) if was != is => {
                    (Some(Kind::ParameterDefault), "has another default")
                }
                (None, Some(_)) => (Some(Kind::ParameterDefaultAdded), "has a default"),
                (Some(_), None) => (
                    Some(Kind::ParameterDefaultRemoved),
                    "has no default any more",
                ),
                _ => (None, ""),
            },
        };
        if let Some(kind) = kind {
            self.report(kind, &new.place, format!("{name} {words}"));
        }
        self.description(&name, old.docs == new.docs, &new.place);
        let subject = Subject::new(name, &new.place);
        self.types(&old.ty, &new.ty, &subject, Direction::Inbound);
    }
}

/// The same parameter of the old route: in the same path by its position, else by its name.
fn partner<'m>(parameter: &Parameter, old: &'m Route, new: &Route) -> Option<&'m Parameter> {
    let in_path = |route: &'m Route| {
        let of_path = |one: &&Parameter| one.location == ParameterLocation::Path;
        route.parameters.iter().filter(of_path)
    };
    match parameter.location {
        ParameterLocation::Path if path_template(&old.path) != path_template(&new.path) => {
            in_path(old).find(|one| one.name == parameter.name)
        }
        ParameterLocation::Path => {
            let before = new
                .parameters
                .iter()
                .take_while(|one| !std::ptr::eq(*one, parameter));
            let position = before
                .filter(|one| one.location == ParameterLocation::Path)
                .count();
            in_path(old).nth(position)
        }
        ParameterLocation::Header => old.parameters.iter().find(|one| {
            one.location == ParameterLocation::Header
                && one.name.eq_ignore_ascii_case(&parameter.name)
        }),
        ParameterLocation::Query => old
            .parameters
            .iter()
            .find(|one| one.location == ParameterLocation::Query && one.name == parameter.name),
    }
}

fn named(parameter: &Parameter) -> String {
    let location = match parameter.location {
        ParameterLocation::Path => "path parameter",
        ParameterLocation::Query => "query parameter",
        ParameterLocation::Header => "header",
    };
    format!("{location} `{}`", parameter.name)
}
