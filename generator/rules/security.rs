//! Security requirements: the schemes that they name, and the scopes that they ask for.

use std::collections::HashSet;

use super::context::Rules;
use super::parts::Role;
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Kind, Node};
use crate::lower::inferred_scheme;

/// Warns of schemes and scopes that are not declared.
pub(super) fn check(rules: &Rules<'_, '_>, diagnostics: &mut Diagnostics) {
    let mut looked_at = HashSet::new();
    for role in [Role::Server, Role::Operation] {
        let secured = rules.parts.of_role(role);
        for security in secured.filter_map(|part| part.get("security")) {
            if !looked_at.insert(security.id()) {
                continue;
            }
            let alone = security.is_object().then_some(security);
            for requirement in security.items().chain(alone) {
                check_requirement(rules, role, requirement, diagnostics);
            }
        }
    }
    for scheme in rules.parts.of_role(Role::Scheme) {
        check_scopes(scheme, scheme.get("scopes"), diagnostics);
    }
}

fn check_requirement<'a>(
    rules: &Rules<'_, 'a>,
    role: Role,
    requirement: Node<'a>,
    diagnostics: &mut Diagnostics,
) {
    let inline = requirement.get("type").and_then(Node::as_str).is_some();
    match requirement.kind() {
        Kind::String(name) => check_named(rules, role, name, requirement, diagnostics),
        Kind::Object if requirement.reference().is_some() => {
            check_referred(rules, role, requirement, diagnostics);
        }
        Kind::Object if inline => {
            check_scopes(requirement, requirement.get("scopes"), diagnostics);
        }
        _ => {
            for (name, scopes) in requirement.entries() {
                check_named(rules, role, name, scopes, diagnostics);
            }
        }
    }
}

/// A scheme by its name (2.x).
fn check_named<'a>(
    rules: &Rules<'_, 'a>,
    role: Role,
    name: &str,
    scopes: Node<'a>,
    diagnostics: &mut Diagnostics,
) {
    match declared(rules).and_then(|schemes| schemes.get(name)) {
        None => report_undeclared(rules, role, name, scopes, diagnostics),
        Some(entry) => {
            if let Some(scheme) = rules.resolver.follow(entry, diagnostics) {
                check_scopes(scheme, Some(scopes), diagnostics);
            }
        }
    }
}

/// A scheme by reference (3.x).
fn check_referred<'a>(
    rules: &Rules<'_, 'a>,
    role: Role,
    requirement: Node<'a>,
    diagnostics: &mut Diagnostics,
) {
    let own = requirement
        .reference()
        .and_then(|text| text.strip_prefix("#/components/securitySchemes/"));
    let name = rules.resolver.reference_name(requirement);
    match (own, name) {
        (Some(key), Some(name)) if !key.contains('/') => {
            let missing = declared(rules).is_none_or(|schemes| schemes.get(name).is_none());
            if missing {
                report_undeclared(rules, role, name, requirement, diagnostics);
            }
        }
        _ => {
            if let Some(scheme) = rules.resolver.follow(requirement, diagnostics) {
                check_scopes(scheme, scheme.get("scopes"), diagnostics);
            }
        }
    }
}

fn declared<'a>(rules: &Rules<'_, 'a>) -> Option<Node<'a>> {
    let components = rules.document.node.get("components")?;
    let components = rules.resolver.follow(components, &mut Diagnostics::new())?;
    let schemes = components.get("securitySchemes")?;
    rules.resolver.follow(schemes, &mut Diagnostics::new())
}

fn report_undeclared(
    rules: &Rules<'_, '_>,
    role: Role,
    name: &str,
    node: Node<'_>,
    diagnostics: &mut Diagnostics,
) {
    let names = declared(rules).into_iter().flat_map(Node::entries);
    let similar = diagnostics.nearest(name, names.map(|(name, _)| name));
    let help = match similar {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("declare `{name}` under `components.securitySchemes`"),
    };
    let location = match node.get("$ref") {
        Some(reference) => reference.location(),
        None => node.key_location(),
    };
    let (_, words) = inferred_scheme(name);
    let until_then = match role {
        Role::Server => format!(": clients are asked for {words}"),
        _ => String::new(),
    };
    let message = format!("the security scheme `{name}` is not declared{until_then}");
    diagnostics
        .warning(Code::UndeclaredScheme, location, message)
        .help(help);
}

/// Warns of scopes that no flow of an OAuth 2 scheme has.
fn check_scopes(scheme: Node<'_>, scopes: Option<Node<'_>>, diagnostics: &mut Diagnostics) {
    if scheme.get("type").and_then(Node::as_str) != Some("oauth2") {
        return;
    }
    let available: Vec<&str> = available(scheme).collect();
    for scope in scopes.into_iter().flat_map(Node::items) {
        let Some(name) = scope.as_str().filter(|name| !available.contains(name)) else {
            continue;
        };
        let help = match diagnostics.nearest(name, available.iter().copied()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None if available.is_empty() => "declare it in a flow of the scheme".to_owned(),
            None => format!("the flows have {}", listed(&available)),
        };
        let message = format!("no flow of the security scheme has the scope `{name}`");
        diagnostics
            .warning(Code::UndeclaredScope, scope.location(), message)
            .related(scheme.key_location(), "the scheme")
            .help(help);
    }
}

/// The scopes of the flows of an OAuth 2 scheme: `scopes` of 2.x, `availableScopes` of 3.x.
fn available<'a>(scheme: Node<'a>) -> impl Iterator<Item = &'a str> {
    const FLOWS: &[&str] = &[
        "implicit",
        "password",
        "clientCredentials",
        "authorizationCode",
    ];
    let flows = scheme.get("flows").into_iter().flat_map(Node::entries);
    let known = flows.filter(|(name, _)| FLOWS.contains(name));
    known
        .flat_map(|(_, flow)| ["scopes", "availableScopes"].map(|key| flow.get(key)))
        .flatten()
        .flat_map(Node::entries)
        .map(|(scope, _)| scope)
}

fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN).map(|name| format!("`{name}`"));
    let mut shown: Vec<String> = shown.collect();
    if names.len() > SHOWN {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}
