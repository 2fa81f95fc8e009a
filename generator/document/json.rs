//! JSON text: `serde_json` says whether it is, and this walk adds where everything is.

use serde::de::IgnoredAny;

use super::builder::{Builder, Fault, Stopped};
use super::tree::{Member, Value};

/// Whether the text is JSON, and if not, the first place where it is not.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    if !text.trim_start().starts_with(['{', '[']) {
        return Err(Fault {
            span: 0..0,
            message: "neither an object nor an array".to_owned(),
            help: None,
        });
    }
    serde_json::from_str::<IgnoredAny>(text)
        .map(|_| ())
        .map_err(|error| {
            let offset = offset(text, error.line(), error.column());
            let message = error.to_string();
            let reason = message.split(" at line ").next().unwrap_or(&message);
            let before = text[..offset].trim_end().chars().next_back();
            let here = text[offset..].chars().next();
            let (message, help) = match (before, here) {
                _ if error.is_eof() => (
                    "not JSON: the text ends too early",
                    "close all quotes, brackets and braces",
                ),
                (Some(','), Some('}' | ']')) => {
                    ("not JSON: a comma behind the last item", "remove the comma")
                }
                (_, Some('/' | '#')) => (
                    "not JSON: a comment",
                    "remove it, or keep the document as YAML",
                ),
                (_, Some('\'')) => (
                    "not JSON: single quotes",
                    "use double quotes, or keep the document as YAML",
                ),
                _ => (
                    &*format!("not JSON: {reason}"),
                    "look at the marked place and just before it",
                ),
            };
            Fault {
                span: offset..offset,
                message: message.to_owned(),
                help: Some(help.to_owned()),
            }
        })
}

/// The byte of a line and column as `serde_json` counts them: lines from 1, and how many bytes of the line were read.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let offset = (start + column.saturating_sub(1)).min(text.len());
    (0..=offset)
        .rev()
        .find(|&offset| text.is_char_boundary(offset))
        .unwrap_or(0)
}

/// Builds the values of a text that [`check`] has found to be JSON.
pub(super) fn build(text: &str, builder: &mut Builder<'_>) -> Result<(), Stopped> {
    let mut walk = Walk {
        text,
        at: 0,
        builder,
    };
    let root = walk.value(0)?;
    builder.root(root);
    Ok(())
}

struct Walk<'t, 'b, 'd> {
    text: &'t str,
    at: usize,
    builder: &'b mut Builder<'d>,
}

impl Walk<'_, '_, '_> {
    fn value(&mut self, depth: usize) -> Result<u32, Stopped> {
        let start = self.skip_space();
        match self.peek() {
            b'{' => self.object(start, depth),
            b'[' => self.array(start, depth),
            b'"' => {
                let text = self.string()?;
                self.builder.scalar(start..self.at, Value::String(text))
            }
            _ => self.word(start),
        }
    }

    fn object(&mut self, start: usize, depth: usize) -> Result<u32, Stopped> {
        self.builder.enter(depth, start)?;
        let mut members = Vec::new();
        self.at += 1;
        while self.next_element(b'}') {
            let key_start = self.skip_space();
            let key = self.string()?;
            let span = key_start as u32..self.at as u32;
            self.skip_space();
            self.at += 1; // the colon
            members.push(Member {
                key,
                span,
                value: self.value(depth + 1)?,
            });
        }
        self.builder.object(start..self.at, members)
    }

    fn array(&mut self, start: usize, depth: usize) -> Result<u32, Stopped> {
        self.builder.enter(depth, start)?;
        let mut items = Vec::new();
        self.at += 1;
        while self.next_element(b']') {
            items.push(self.value(depth + 1)?);
        }
        self.builder.array(start..self.at, items)
    }

    /// Steps over a comma, or over the bracket that ends it all.
    fn next_element(&mut self, end: u8) -> bool {
        self.skip_space();
        let next = self.peek();
        if next == b',' || next == end {
            self.at += 1;
        }
        next != end && self.at < self.text.len()
    }

    fn string(&mut self) -> Result<Box<str>, Stopped> {
        let start = self.at;
        self.at += 1;
        while self.at < self.text.len() && self.peek() != b'"' {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at = (self.at + 1).min(self.text.len());
        self.decode(start, "half of a surrogate pair, which is no character")
            .map(String::into_boxed_str)
    }

    /// `null`, `true`, `false` or a number.
    fn word(&mut self, start: usize) -> Result<u32, Stopped> {
        while self.at < self.text.len()
            && !matches!(
                self.peek(),
                b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n'
            )
        {
            self.at += 1;
        }
        let value = match &self.text[start..self.at] {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Number(self.decode(start, "a number beyond the range of a double")?),
        };
        self.builder.scalar(start..self.at, value)
    }

    fn decode<T: serde::de::DeserializeOwned>(
        &mut self,
        start: usize,
        fault: &str,
    ) -> Result<T, Stopped> {
        match serde_json::from_str(&self.text[start..self.at]) {
            Ok(value) => Ok(value),
            Err(_) => {
                let fault = Fault {
                    span: start..self.at,
                    message: fault.to_owned(),
                    help: None,
                };
                self.builder.fail(fault)?;
                Err(Stopped)
            }
        }
    }

    fn skip_space(&mut self) -> usize {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
        self.at
    }

    /// The next byte; 0 at the end.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }
}
