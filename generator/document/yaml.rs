//! YAML text: `saphyr-parser` says what there is and where, and numbers are what `serde_yaml` takes for numbers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::Number;

use super::builder::{Builder, Fault, Stopped};
use super::offsets::Offsets;
use super::tree::{Member, Value};
use super::yaml_fault;
use crate::diagnostic::Code;

/// Builds the values of a YAML text.
pub(super) fn build(text: &str, builder: &mut Builder<'_>) -> Result<(), Stopped> {
    let mut composer = Composer {
        text,
        offsets: Offsets::new(text),
        builder,
        open: Vec::new(),
        anchors: HashMap::new(),
        documents: 0,
        root: None,
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => composer.event(event, span)?,
            Err(error) if error.info().contains("recursion limit") => {
                let offset = composer.offsets.byte(error.marker().index());
                return composer.builder.too_deep(offset);
            }
            Err(error) => {
                let offset = composer.offsets.byte(error.marker().index());
                let fault = yaml_fault::explain(text, offset, error.info());
                return composer.builder.fail(fault);
            }
        }
    }
    let root = match composer.root {
        Some(root) => root,
        None => builder.scalar(0..0, Value::Null)?,
    };
    builder.root(root);
    Ok(())
}

/// Puts events together to values.
struct Composer<'t, 'b, 'd> {
    text: &'t str,
    offsets: Offsets<'t>,
    builder: &'b mut Builder<'d>,
    open: Vec<Open>,
    /// Complete values by the parser's number of their anchor.
    anchors: HashMap<usize, u32>,
    documents: usize,
    root: Option<u32>,
}

/// A container whose end has not come yet.
struct Open {
    anchor: usize,
    start: usize,
    /// Where the last thing in it ends.
    end: usize,
    content: Content,
}

enum Content {
    Array(Vec<u32>),
    Object {
        members: Vec<Member>,
        merged: Vec<u32>,
        key: Option<Key>,
    },
}

struct Key {
    text: Box<str>,
    span: Range<u32>,
    merges: bool,
}

impl Composer<'_, '_, '_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stopped> {
        let span = self.offsets.byte(span.start.index())..self.offsets.byte(span.end.index());
        match event {
            Event::DocumentStart(_) => self.documents += 1,
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(text, style, anchor, tag, span)?
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::SequenceStart(anchor, tag) => {
                self.start(anchor, tag, span, Content::Array(Vec::new()))?
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Object {
                    members: Vec::new(),
                    merged: Vec::new(),
                    key: None,
                };
                self.start(anchor, tag, span, content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn start(
        &mut self,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        span: Range<usize>,
        content: Content,
    ) -> Result<(), Stopped> {
        self.only_document(&span, false)?;
        self.builder.enter(self.open.len(), span.start)?;
        if let Some(tag) = tag.filter(|tag| !matches!(core_type(tag), Some("map" | "seq"))) {
            self.warn_tag(&tag, span.clone());
        }
        if self.awaits_key() {
            return self.builder.fail(Fault {
                span: span.start..span.start + 1,
                message: "a key must be text, not an object or an array".to_owned(),
                help: Some(
                    "if this is text that begins with a bracket or brace, put it in quotes"
                        .to_owned(),
                ),
            });
        }
        let start = self.dash_before(span.start, &content);
        self.open.push(Open {
            anchor,
            start,
            end: span.end.max(start),
            content,
        });
        Ok(())
    }

    /// Of an array that is not indented, the parser gives the place behind its first dash.
    fn dash_before(&self, start: usize, content: &Content) -> usize {
        let dashed =
            matches!(content, Content::Array(_)) && !self.text[start..].starts_with(['-', '[']);
        let before = self.text[..start].trim_end_matches(' ');
        if dashed && before.ends_with('-') {
            before.len() - 1
        } else {
            start
        }
    }

    fn end(&mut self, span: Range<usize>) -> Result<(), Stopped> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        // The end of a block is found at whatever comes after it; only a bracket is a place of its own.
        let bracket = self.text[span.clone()].starts_with([']', '}']);
        let span = open.start..if bracket { span.end } else { open.end };
        let index = match open.content {
            Content::Array(items) => self.builder.array(span.clone(), items)?,
            Content::Object {
                mut members,
                merged,
                ..
            } => {
                self.merge(&mut members, &merged);
                self.builder.object(span.clone(), members)?
            }
        };
        self.complete(index, open.anchor, span.end);
        Ok(())
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        span: Range<usize>,
    ) -> Result<(), Stopped> {
        let plain = style == ScalarStyle::Plain;
        self.only_document(&span, plain && text.is_empty())?;
        // Nothing written is a null right after its key, wherever the parser noticed.
        let span = if plain && text.is_empty() {
            self.last_end(span)
        } else {
            trimmed(self.text, span)
        };
        if self.awaits_key() {
            self.key(text.into(), span, plain);
            return Ok(());
        }
        let value = match tag.as_deref() {
            None if plain => resolve(&text),
            None => Value::String(text.into()),
            Some(tag) => self.tagged(tag, text, &span),
        };
        let index = self.builder.scalar(span.clone(), value)?;
        self.complete(index, anchor, span.end);
        Ok(())
    }

    /// The value of a text with a tag: types of the core schema are what they say, others the text with a warning.
    fn tagged(&mut self, tag: &Tag, text: Cow<'_, str>, span: &Range<usize>) -> Value {
        match (core_type(tag), resolve(&text)) {
            (Some("null"), value @ Value::Null)
            | (Some("bool"), value @ Value::Bool(_))
            | (Some("int" | "float"), value @ Value::Number(_)) => return value,
            (Some("str"), _) => {}
            _ => self.warn_tag(tag, span.clone()),
        }
        Value::String(text.into())
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<(), Stopped> {
        let Some(&index) = self.anchors.get(&anchor) else {
            return self.builder.fail(Fault {
                span,
                message: "this alias stands for a value that it is a part of".to_owned(),
                help: Some("for a value that contains itself, use `$ref`".to_owned()),
            });
        };
        if !self.awaits_key() {
            self.complete(index, 0, span.end);
            return Ok(());
        }
        match &self.builder.element(index).value {
            Value::String(text) => {
                let text = text.clone();
                self.key(text, span, false);
                Ok(())
            }
            _ => self.builder.fail(Fault {
                span,
                message: "a key must be text, and this alias stands for something else".to_owned(),
                help: None,
            }),
        }
    }

    fn key(&mut self, text: Box<str>, span: Range<usize>, plain: bool) {
        if let Some(Open {
            content: Content::Object { key, .. },
            end,
            ..
        }) = self.open.last_mut()
        {
            *end = span.end;
            let merges = plain && &*text == "<<";
            *key = Some(Key {
                text,
                span: span.start as u32..span.end as u32,
                merges,
            });
        }
    }

    /// Puts a complete value into the container that it is in.
    fn complete(&mut self, index: u32, anchor: usize, value_end: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, index);
        }
        let Some(Open { content, end, .. }) = self.open.last_mut() else {
            self.root.get_or_insert(index);
            return;
        };
        *end = value_end.max(*end);
        match content {
            Content::Array(items) => items.push(index),
            Content::Object {
                members,
                merged,
                key,
            } => match key.take() {
                Some(key) if key.merges && self.builder.is_mergeable(index) => merged.push(index),
                Some(key) => members.push(Member {
                    key: key.text,
                    span: key.span,
                    value: index,
                }),
                None => {}
            },
        }
    }

    /// Adds the members of merged objects (`<<: *base`) that the object does not have itself; of two bases the first wins.
    fn merge(&self, members: &mut Vec<Member>, merged: &[u32]) {
        let mut known: std::collections::HashSet<Box<str>> = match merged {
            [] => return,
            _ => members.iter().map(|member| member.key.clone()).collect(),
        };
        let bases = merged
            .iter()
            .flat_map(|&index| match &self.builder.element(index).value {
                Value::Array(items) => items.to_vec(),
                _ => vec![index],
            });
        for base in bases {
            if let Value::Object(object) = &self.builder.element(base).value {
                for Member { key, span, value } in object.members() {
                    if known.insert(key.clone()) {
                        members.push(Member {
                            key: key.clone(),
                            span: span.clone(),
                            value: *value,
                        });
                    }
                }
            }
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                content: Content::Object { key: None, .. },
                ..
            })
        )
    }

    fn last_end(&self, span: Range<usize>) -> Range<usize> {
        let end = self.open.last().map_or(span.start, |open| open.end);
        end..end
    }

    /// Refuses the second document of a file, unless there is nothing in it.
    fn only_document(&mut self, span: &Range<usize>, empty: bool) -> Result<(), Stopped> {
        if self.documents < 2 || empty {
            return Ok(());
        }
        let (diagnostics, location) = self.builder.report(span.start..span.start);
        diagnostics
            .error(
                Code::MultipleDocuments,
                location,
                "a second YAML document begins here",
            )
            .help(
                "keep one document in a file: remove the line `---` above and what is not needed",
            );
        Err(Stopped)
    }

    fn warn_tag(&mut self, tag: &Tag, span: Range<usize>) {
        let name = if tag.is_yaml_core_schema() {
            format!("!!{}", tag.suffix)
        } else {
            tag.to_string()
        };
        let (diagnostics, location) = self.builder.report(span);
        diagnostics
            .warning(
                Code::UnexpectedTag,
                location,
                format!("the tag `{name}` means nothing here; the value is taken as it is written"),
            )
            .help("remove the tag");
    }
}

/// The name of a type of YAML's core schema.
fn core_type(tag: &Tag) -> Option<&str> {
    tag.is_yaml_core_schema()
        .then_some(&*tag.suffix)
        .or((tag.handle == "!" && tag.suffix.is_empty()).then_some("str"))
}

/// The value of a text without quotes, by the core schema of YAML 1.2: `on`, `no` and `12:30` are strings.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.into()), Value::Number),
    }
}

/// The number that `serde_yaml` sees in a text; none that JSON cannot say, such as `.inf`.
fn number(text: &str) -> Option<Number> {
    /// No number has more digits than this and is not a text.
    const LONGEST: usize = 400;
    if text.len() > LONGEST || !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
    {
        return None;
    }
    match serde_yaml::from_str(text).ok()? {
        serde_yaml::Value::Number(number) => {
            let whole = number
                .as_u64()
                .map(Number::from)
                .or_else(|| number.as_i64().map(Number::from));
            whole.or_else(|| number.as_f64().and_then(Number::from_f64))
        }
        _ => None,
    }
}

/// A range of the text without white space at its end, which block scalars carry.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    span.start..span.start + text[span.clone()].trim_end().len()
}
