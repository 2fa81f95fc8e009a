//! The keywords of JSON Schema, applied to one value and whatever is inside it.

use super::validator::{Validator, Violation};
use super::values::{compile, describe, excerpt, is_nullable, is_of, repeated};
use crate::diagnostic::Diagnostics;
use crate::document::{Kind, Node, OldValue};

/// One value against one schema, and whatever is inside both.
pub(super) struct Check<'a, 'r, 'v, 'd> {
    pub(super) validator: &'v mut Validator<'a, 'r>,
    pub(super) diagnostics: &'d mut Diagnostics,
    /// How many schemas are being applied right now, each for the sake of the one before.
    pub(super) nesting: usize,
    /// How deep the value is.
    pub(super) depth: usize,
}

impl<'a> Validator<'a, '_> {
    /// As [`conforms`](super::conforms).
    pub(crate) fn check(
        &mut self,
        schema: Node<'a>,
        value: Node<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Violation<'a>> {
        let mut check = Check {
            validator: self,
            diagnostics,
            nesting: 0,
            depth: 0,
        };
        check.apply(schema, value)
    }
}

type Outcome<'a> = Result<(), Violation<'a>>;

impl<'a> Check<'a, '_, '_, '_> {
    /// More than the depth of a document, and less than a stack holds.
    const MAX_NESTING: usize = 200;

    pub(super) fn apply(&mut self, schema: Node<'a>, value: Node<'a>) -> Outcome<'a> {
        if self.nesting == Self::MAX_NESTING || self.validator.budget == 0 {
            return Ok(());
        }
        self.validator.budget -= 1;
        self.nesting += 1;
        let outcome = self.schema(schema, value);
        self.nesting -= 1;
        outcome
    }

    fn schema(&mut self, schema: Node<'a>, value: Node<'a>) -> Outcome<'a> {
        if schema.as_bool() == Some(false) {
            return self.fail(schema, value, "no value is allowed here");
        }
        if value.is_null() && is_nullable(schema) {
            return Ok(());
        }
        if schema.reference().is_some()
            && let Some(target) = self
                .validator
                .resolver
                .follow_schema(schema, self.diagnostics)
        {
            self.apply(target, value)?;
        }
        self.kind(schema, value)?;
        self.fixed(schema, value)?;
        match value.kind() {
            Kind::Number(_) => self.number(schema, value)?,
            Kind::String(text) => self.text(schema, value, text)?,
            Kind::Array => self.array(schema, value)?,
            Kind::Object => self.object(schema, value)?,
            Kind::Null | Kind::Bool(_) => {}
        }
        self.combined(schema, value)
    }

    fn fail(&self, schema: Node<'a>, value: Node<'a>, reason: impl Into<String>) -> Outcome<'a> {
        Err(Violation {
            value,
            schema,
            reason: reason.into(),
            depth: self.depth,
        })
    }

    fn kind(&self, schema: Node<'a>, value: Node<'a>) -> Outcome<'a> {
        let Some(kinds) = schema.get("type") else {
            return Ok(());
        };
        let names: Vec<&str> = match kinds.as_str() {
            Some(name) => vec![name],
            None => kinds.items().filter_map(Node::as_str).collect(),
        };
        if names.is_empty() || names.iter().any(|name| is_of(value, name).unwrap_or(true)) {
            return Ok(());
        }
        let expected: Vec<&str> = names.iter().map(|name| describe(name)).collect();
        let expected = expected.join(" or ");
        let takes = |kinds: &[&str]| names.iter().any(|name| kinds.contains(name));
        let old = OldValue::of(value).filter(|old| match old.is_bool() {
            true => takes(&["boolean"]),
            false => takes(&["integer", "number"]),
        });
        if let Some(old) = old {
            return self.fail(kinds, value, format!("expected {expected}, and {old}"));
        }
        let found = match value.as_f64() {
            Some(number) if names.contains(&"integer") => number.to_string(),
            _ => value.describe().to_owned(),
        };
        self.fail(kinds, value, format!("expected {expected}, found {found}"))
    }

    fn fixed(&mut self, schema: Node<'a>, value: Node<'a>) -> Outcome<'a> {
        if let Some(constant) = schema.get("const")
            && !constant.equals(value)
        {
            return self.fail(constant, value, format!("expected {}", excerpt(constant)));
        }
        let allowed = schema.get("enum").filter(|allowed| allowed.is_array());
        let comparisons = allowed.map_or(0, |allowed| allowed.items().len());
        self.validator.budget = self.validator.budget.saturating_sub(comparisons);
        match allowed {
            Some(allowed) if !allowed.items().any(|one| one.equals(value)) => {
                const SHOWN: usize = 6;
                let mut words: Vec<String> = allowed.items().take(SHOWN).map(excerpt).collect();
                if allowed.items().len() > SHOWN {
                    words.push("…".to_owned());
                }
                self.fail(
                    allowed,
                    value,
                    format!("expected one of {}", words.join(", ")),
                )
            }
            _ => Ok(()),
        }
    }

    fn number(&self, schema: Node<'a>, value: Node<'a>) -> Outcome<'a> {
        let Some(number) = value.as_f64() else {
            return Ok(());
        };
        let bound = |keyword| schema.get(keyword).and_then(Node::as_f64);
        // Draft 4 says by a boolean whether the bound itself is excluded.
        let excludes = |keyword| schema.get(keyword).and_then(Node::as_bool) == Some(true);
        let width = schema.get("format").and_then(Node::as_str);
        let width = width.and_then(integer_bounds);
        let too_small = bound("minimum").is_some_and(|least| {
            number < least || (excludes("exclusiveMinimum") && number == least)
        }) || bound("exclusiveMinimum").is_some_and(|least| number <= least);
        let too_large = bound("maximum")
            .is_some_and(|most| number > most || (excludes("exclusiveMaximum") && number == most))
            || bound("exclusiveMaximum").is_some_and(|most| number >= most);
        // Bounds of 32 bits are exact as doubles.
        #[allow(clippy::cast_precision_loss)]
        let outside = width.map(|(least, most)| (number < least as f64, number > most as f64));
        let (below, above) = outside.unwrap_or_default();
        let (too_small, too_large) = (too_small || below, too_large || above);
        let uneven = bound("multipleOf").is_some_and(|step| {
            let quotient = number / step;
            step > 0.0
                && quotient.is_finite()
                && (quotient - quotient.round()).abs() > 1e-9 * quotient.abs().max(1.0)
        });
        let shown = excerpt(value);
        match (too_small, too_large, uneven) {
            (true, ..) => self.fail(schema, value, format!("{shown} is too small")),
            (_, true, _) => self.fail(schema, value, format!("{shown} is too large")),
            (.., true) => self.fail(
                schema,
                value,
                format!("{shown} is not a multiple of `multipleOf`"),
            ),
            _ => Ok(()),
        }
    }

    fn text(&mut self, schema: Node<'a>, value: Node<'a>, text: &str) -> Outcome<'a> {
        if schema.get("minLength").is_some() || schema.get("maxLength").is_some() {
            self.size(schema, value, "Length", text.chars().count(), "characters")?;
        }
        let Some(pattern) = schema.get("pattern") else {
            return Ok(());
        };
        match pattern
            .as_str()
            .and_then(|pattern| self.matches(pattern, text))
        {
            Some(false) => self.fail(
                pattern,
                value,
                format!("{} does not match the pattern", excerpt(value)),
            ),
            _ => Ok(()),
        }
    }

    /// Whether a text matches a pattern; `None` where this cannot be said.
    fn matches(&mut self, pattern: &'a str, text: &str) -> Option<bool> {
        const MAX_TEXT: usize = 10_000;
        let known = self.validator.patterns.entry(pattern);
        let regex = known.or_insert_with(|| compile(pattern)).as_ref()?;
        (text.len() <= MAX_TEXT).then(|| regex.is_match(text))
    }

    fn size(
        &self,
        schema: Node<'a>,
        value: Node<'a>,
        suffix: &str,
        size: usize,
        unit: &str,
    ) -> Outcome<'a> {
        let bound = |prefix: &str| schema.get(&format!("{prefix}{suffix}"));
        let size = size as u64;
        if let Some((least, node)) = bound("min").and_then(|node| Some((node.as_u64()?, node)))
            && size < least
        {
            return self.fail(
                node,
                value,
                format!("expected {least} {unit} or more, found {size}"),
            );
        }
        if let Some((most, node)) = bound("max").and_then(|node| Some((node.as_u64()?, node)))
            && size > most
        {
            return self.fail(
                node,
                value,
                format!("expected {most} {unit} or fewer, found {size}"),
            );
        }
        Ok(())
    }

    fn array(&mut self, schema: Node<'a>, value: Node<'a>) -> Outcome<'a> {
        self.size(schema, value, "Items", value.items().len(), "items")?;
        if schema.get("uniqueItems").and_then(Node::as_bool) == Some(true)
            && let Some(repeated) = repeated(value)
        {
            return self.fail(
                schema,
                repeated,
                "the items must be different from each other",
            );
        }
        let items = schema.get("items");
        let positions = items
            .filter(|items| items.is_array())
            .or(schema.get("prefixItems"));
        let rest = match items {
            Some(items) if items.is_array() => schema.get("additionalItems"),
            items => items,
        };
        let first = positions.map_or(0, |positions| positions.items().len());
        for (index, item) in value.items().enumerate() {
            let applicable = positions.and_then(|positions| positions.item(index));
            if let Some(applicable) = applicable.or(rest.filter(|_| index >= first)) {
                self.inside(applicable, item)?;
            }
        }
        match schema.get("contains") {
            Some(contained)
                if !value
                    .items()
                    .any(|item| self.inside(contained, item).is_ok()) =>
            {
                self.fail(contained, value, "no item is as `contains` asks for")
            }
            _ => Ok(()),
        }
    }

    fn object(&mut self, schema: Node<'a>, value: Node<'a>) -> Outcome<'a> {
        if let Some(required) = schema
            .get("required")
            .filter(|required| required.is_array())
        {
            let mut names = required.items().filter_map(Node::as_str);
            if let Some(missing) = names.find(|name| value.get(name).is_none()) {
                return self.fail(required, value, format!("`{missing}` is missing"));
            }
        }
        self.size(
            schema,
            value,
            "Properties",
            value.entries().len(),
            "properties",
        )?;
        let properties = schema.get("properties");
        let patterns = schema.get("patternProperties");
        let additional = schema.get("additionalProperties");
        let names = schema.get("propertyNames");
        for (name, member) in value.entries() {
            if let Some(names) = names
                && self.text(names, member, name).is_err()
            {
                let reason = format!("`propertyNames` does not allow the name `{name}`");
                return self.fail(names, member, reason);
            }
            let mut known = false;
            if let Some(property) = properties.and_then(|properties| properties.get(name)) {
                known = true;
                self.inside(property, member)?;
            }
            for (pattern, property) in patterns.into_iter().flat_map(Node::entries) {
                let matches = self.matches(pattern, name);
                known |= matches != Some(false);
                if matches == Some(true) {
                    self.inside(property, member)?;
                }
            }
            match additional.filter(|_| !known) {
                Some(closed) if closed.as_bool() == Some(false) => {
                    return self.fail(closed, member, format!("`{name}` is not a property of it"));
                }
                Some(additional) => self.inside(additional, member)?,
                None => {}
            }
        }
        Ok(())
    }

    fn inside(&mut self, schema: Node<'a>, value: Node<'a>) -> Outcome<'a> {
        self.depth += 1;
        let outcome = self.apply(schema, value);
        self.depth -= 1;
        outcome
    }

    fn combined(&mut self, schema: Node<'a>, value: Node<'a>) -> Outcome<'a> {
        for all in schema.get("allOf").into_iter().flat_map(Node::items) {
            self.apply(all, value)?;
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(list) = schema.get(keyword) {
                self.alternatives(list, value)?;
            }
        }
        // What a format would make of the value is not known.
        if let Some(not) = schema.get("not").filter(|not| not.get("format").is_none())
            && self.apply(not, value).is_ok()
        {
            return self.fail(not, value, "this is what `not` rules out");
        }
        if let Some(condition) = schema.get("if") {
            let branch = match self.apply(condition, value) {
                Ok(()) => "then",
                Err(_) => "else",
            };
            if let Some(branch) = schema.get(branch) {
                self.apply(branch, value)?;
            }
        }
        Ok(())
    }

    /// Whether one of the alternatives allows the value; that no second one does is left open, for formats might tell.
    ///
    /// Of the ways in which they are violated, the deepest tells most: that alternative was meant.
    fn alternatives(&mut self, list: Node<'a>, value: Node<'a>) -> Outcome<'a> {
        let mut violations = Vec::new();
        for alternative in list.items() {
            match self.apply(alternative, value) {
                Ok(()) => return Ok(()),
                Err(violation) => violations.push(violation),
            }
        }
        let count = violations.len();
        let deepest = violations
            .into_iter()
            .max_by_key(|violation| violation.depth);
        match deepest {
            Some(only) if count == 1 || only.depth > self.depth => Err(only),
            Some(_) => {
                let reason = format!("none of the {count} alternatives allows it");
                self.fail(list, value, reason)
            }
            None => Ok(()),
        }
    }
}

/// The least and the largest integer of a format that says how wide it is.
pub(crate) fn integer_bounds(format: &str) -> Option<(i64, i64)> {
    Some(match format {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "uint8" => (0, u8::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        _ => return None,
    })
}
