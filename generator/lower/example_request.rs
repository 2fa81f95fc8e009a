//! A request that opens a connection on a route: the tests of the document's examples begin with one.

use crate::conformance::conforms;
use crate::diagnostic::Diagnostics;
use crate::document::Node;
use crate::model::{
    Check, Definition, Definitions, ExampleRequest, Format, Literal, Parameter, ParameterId,
    ParameterLocation, Type,
};
use crate::resolve::Resolver;
use crate::table::Table;

/// What the document says a client may pass, as text: an example, else the default, else the first of the constants.
///
/// `places` are where it may say so; `schema` is what the value has to conform to.
pub(super) fn said<'a>(
    places: &[Node<'a>],
    schema: Option<Node<'a>>,
    resolver: &Resolver<'a>,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let items = |keyword| {
        let lists = places.iter().filter_map(move |place| place.get(keyword));
        lists.flat_map(Node::items)
    };
    let single = |keyword| places.iter().filter_map(move |place| place.get(keyword));
    items("examples")
        .chain(single("example"))
        .chain(single("default"))
        .chain(single("const"))
        .chain(items("enum"))
        .filter(|&value| {
            schema.is_none_or(|schema| conforms(schema, value, resolver, diagnostics).is_ok())
        })
        .find_map(text)
}

/// A value of the type, as text; `None` where none can be made up that keeps the rules, such as a pattern.
pub(super) fn made_up(name: &str, ty: &Type, types: &Definitions) -> Option<String> {
    let checks = match ty {
        Type::Checked(_, checks) => checks.as_slice(),
        _ => &[],
    };
    match ty.unchecked() {
        Type::Boolean => Some("true".to_owned()),
        Type::Integer(_) | Type::Number => number(checks),
        Type::String => string(name, checks),
        Type::List(item) if checks.iter().all(allows_one_item) => made_up(name, item, types),
        Type::Named(id) => match &types[*id].definition {
            Definition::Enumeration(variants) => match &variants.first()?.value {
                Literal::String(text) => Some(text.clone()),
                Literal::Integer(number) => Some(number.to_string()),
            },
            _ => None,
        },
        _ => None,
    }
}

/// The shortest request that is let in: what may be absent is. `None` where a parameter has no example that can be passed.
pub(super) fn request(
    path: &str,
    parameters: &Table<ParameterId, Parameter>,
) -> Option<ExampleRequest> {
    let mut target = path.to_owned();
    let mut separator = '?';
    let mut headers = Vec::new();
    for parameter in parameters.iter().filter(|parameter| parameter.required) {
        let name = &parameter.name;
        let value = parameter.example.as_ref()?;
        match parameter.location {
            ParameterLocation::Path if value.is_empty() => return None,
            ParameterLocation::Path => {
                target = target.replace(&format!("{{{name}}}"), &escaped(value));
            }
            ParameterLocation::Query => {
                target.push(separator);
                target.push_str(&format!("{}={}", escaped(name), escaped(value)));
                separator = '&';
            }
            ParameterLocation::Header if !is_header_value(value) => return None,
            ParameterLocation::Header => headers.push((name.clone(), value.clone())),
        }
    }
    Some(ExampleRequest { target, headers })
}

fn text(value: Node<'_>) -> Option<String> {
    if value.is_array() {
        let items: Option<Vec<String>> = value.items().map(text).collect();
        return items.map(|items| items.join(","));
    }
    match value.as_str() {
        Some(text) => Some(text.to_owned()),
        None if value.is_object() || value.is_null() => None,
        None => Some(value.to_json().to_string()),
    }
}

/// The first of a few numbers that keeps all rules.
fn number(checks: &[Check]) -> Option<String> {
    let bounds = checks.iter().filter_map(|check| match check {
        Check::Minimum(bound) | Check::Maximum(bound) | Check::MultipleOf(bound) => {
            Some(bound.nearest())
        }
        Check::ExclusiveMinimum(bound) => Some(bound.nearest() + 1.0),
        Check::ExclusiveMaximum(bound) => Some(bound.nearest() - 1.0),
        _ => None,
    });
    let keeps = |number: f64, check: &Check| match check {
        Check::Minimum(bound) => number >= bound.nearest(),
        Check::Maximum(bound) => number <= bound.nearest(),
        Check::ExclusiveMinimum(bound) => number > bound.nearest(),
        Check::ExclusiveMaximum(bound) => number < bound.nearest(),
        Check::MultipleOf(bound) => number % bound.nearest() == 0.0,
        _ => false,
    };
    std::iter::once(1.0)
        .chain(bounds)
        .find(|&number| checks.iter().all(|check| keeps(number, check)))
        .map(|number| number.to_string())
}

/// The name of the parameter, as long as it has to be.
fn string(name: &str, checks: &[Check]) -> Option<String> {
    const LONGEST: usize = 200;
    let (mut least, mut most) = (1, LONGEST);
    for check in checks {
        match check {
            Check::MinLength(bound) => least = least.max(usize::try_from(*bound).ok()?),
            Check::MaxLength(bound) => most = most.min(usize::try_from(*bound).ok()?),
            Check::Format(format) if checks.len() == 1 => {
                return Some(of_format(*format).to_owned());
            }
            _ => return None,
        }
    }
    let length = name.chars().count();
    (least <= most).then(|| {
        name.chars()
            .cycle()
            .take(length.clamp(least, most))
            .collect()
    })
}

fn of_format(format: Format) -> &'static str {
    match format {
        Format::DateTime => "2026-01-31T12:00:00Z",
        Format::Date => "2026-01-31",
        Format::Time => "12:00:00Z",
        Format::Uuid => "6f9619ff-8b86-4011-b42d-00c04fc964ff",
        Format::Email => "ada@example.com",
        Format::Ipv4 => "192.0.2.1",
        Format::Ipv6 => "2001:db8::1",
        Format::Uri => "https://example.com/",
    }
}

fn allows_one_item(check: &Check) -> bool {
    match check {
        Check::MinItems(bound) => *bound <= 1,
        Check::MaxItems(bound) => *bound >= 1,
        _ => true,
    }
}

/// Everything escaped but the unreserved characters of RFC 3986, section 2.3.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Whether a header can hold the text as it is (RFC 9110, section 5.5).
fn is_header_value(text: &str) -> bool {
    let is_visible = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    !text.is_empty() && text.trim() == text && text.bytes().all(is_visible)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Bound;

    #[test]
    fn made_up_values_keep_the_rules() {
        let make = |ty: Type, checks: &[Check]| {
            let ty = Type::Checked(Box::new(ty), checks.to_vec());
            made_up("name", &ty, &Definitions::default())
        };
        let text = |checks: &[Check]| make(Type::String, checks).unwrap();
        assert_eq!(text(&[]), "name");
        assert_eq!(text(&[Check::MinLength(6)]), "namena");
        assert_eq!(text(&[Check::MaxLength(2)]), "na");
        assert_eq!(text(&[Check::Format(Format::Date)]), "2026-01-31");
        for impossible in [
            Check::Pattern("^[a-z]$".to_owned()),
            Check::MinLength(u64::MAX),
            Check::MaxLength(0),
        ] {
            assert_eq!(make(Type::String, &[impossible]), None);
        }
        let number = |checks: &[Check]| make(Type::Number, checks);
        let bound = Bound::Number;
        assert_eq!(number(&[]).unwrap(), "1");
        assert_eq!(number(&[Check::Minimum(bound(2.5))]).unwrap(), "2.5");
        assert_eq!(number(&[Check::ExclusiveMaximum(bound(1.0))]).unwrap(), "0");
        let odd = [Check::Minimum(bound(7.0)), Check::Maximum(bound(6.0))];
        assert_eq!(number(&odd), None);
    }

    #[test]
    fn what_is_not_plain_is_escaped() {
        assert_eq!(escaped("a b/ü"), "a%20b%2F%C3%BC");
        assert!(is_header_value("a b"));
        assert!(!is_header_value(" a"));
        assert!(!is_header_value("a\r\nb: c"));
    }
}
