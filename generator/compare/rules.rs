//! Whether the rules of a value let more or fewer values pass.

use crate::model::{Check, Format};

use super::relation::Relation;

/// How each rule changed, in words.
pub(super) fn changed(old: &[&Check], new: &[&Check]) -> Vec<(Relation, String)> {
    let partner = |check: &Check, others: &[&'_ Check]| -> Option<Check> {
        let same =
            |other: &&&Check| std::mem::discriminant(**other) == std::mem::discriminant(check);
        others.iter().find(same).map(|other| (*other).clone())
    };
    let mut changes = Vec::new();
    for check in new {
        match partner(check, old) {
            None => changes.push((Relation::Narrower, format!("keeps to {}", words(check)))),
            Some(before) if before != **check => {
                let message = format!("keeps to {}, before to {}", words(check), words(&before));
                changes.push((relation(&before, check), message));
            }
            Some(_) => {}
        }
    }
    for check in old {
        if partner(check, new).is_none() {
            let message = format!("no longer keeps to {}", words(check));
            changes.push((Relation::Wider, message));
        }
    }
    changes
}

/// How the values of a rule stand to those of the same rule with another bound.
fn relation(old: &Check, new: &Check) -> Relation {
    let rises = |old: f64, new: f64| {
        if new > old {
            Relation::Narrower
        } else {
            Relation::Wider
        }
    };
    match (old, new) {
        (Check::Minimum(old), Check::Minimum(new))
        | (Check::ExclusiveMinimum(old), Check::ExclusiveMinimum(new)) => {
            rises(old.nearest(), new.nearest())
        }
        (Check::Maximum(old), Check::Maximum(new))
        | (Check::ExclusiveMaximum(old), Check::ExclusiveMaximum(new)) => {
            rises(new.nearest(), old.nearest())
        }
        (Check::MultipleOf(old), Check::MultipleOf(new)) => {
            let (old, new) = (old.nearest(), new.nearest());
            if new % old == 0.0 {
                Relation::Narrower
            } else if old % new == 0.0 {
                Relation::Wider
            } else {
                Relation::Other
            }
        }
        (Check::MinLength(old), Check::MinLength(new))
        | (Check::MinItems(old), Check::MinItems(new))
        | (Check::MinProperties(old), Check::MinProperties(new)) => {
            if new > old {
                Relation::Narrower
            } else {
                Relation::Wider
            }
        }
        (Check::MaxLength(old), Check::MaxLength(new))
        | (Check::MaxItems(old), Check::MaxItems(new))
        | (Check::MaxProperties(old), Check::MaxProperties(new)) => {
            if new < old {
                Relation::Narrower
            } else {
                Relation::Wider
            }
        }
        _ => Relation::Other,
    }
}

/// The rule as the document writes it.
fn words(check: &Check) -> String {
    let (keyword, bound) = match check {
        Check::Minimum(bound) => ("minimum", bound.nearest().to_string()),
        Check::Maximum(bound) => ("maximum", bound.nearest().to_string()),
        Check::ExclusiveMinimum(bound) => ("exclusiveMinimum", bound.nearest().to_string()),
        Check::ExclusiveMaximum(bound) => ("exclusiveMaximum", bound.nearest().to_string()),
        Check::MultipleOf(bound) => ("multipleOf", bound.nearest().to_string()),
        Check::MinLength(bound) => ("minLength", bound.to_string()),
        Check::MaxLength(bound) => ("maxLength", bound.to_string()),
        Check::Pattern(pattern) => ("pattern", pattern.clone()),
        Check::Format(format) => ("format", name(*format).to_owned()),
        Check::MinItems(bound) => ("minItems", bound.to_string()),
        Check::MaxItems(bound) => ("maxItems", bound.to_string()),
        Check::Unique => ("uniqueItems", "true".to_owned()),
        Check::MinProperties(bound) => ("minProperties", bound.to_string()),
        Check::MaxProperties(bound) => ("maxProperties", bound.to_string()),
        Check::Keys(checks) => {
            let rules: Vec<String> = checks.iter().map(words).collect();
            ("propertyNames", rules.join(", "))
        }
    };
    format!("`{keyword}: {bound}`")
}

fn name(format: Format) -> &'static str {
    match format {
        Format::DateTime => "date-time",
        Format::Date => "date",
        Format::Time => "time",
        Format::Uuid => "uuid",
        Format::Email => "email",
        Format::Ipv4 => "ipv4",
        Format::Ipv6 => "ipv6",
        Format::Uri => "uri",
    }
}
