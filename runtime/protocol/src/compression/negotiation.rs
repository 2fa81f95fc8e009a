//! What is offered, agreed to and declined (RFC 7692, sections 5 and 7.1).

use std::fmt::Write as _;
use std::sync::Arc;

use http::HeaderMap;
use http::header::SEC_WEBSOCKET_EXTENSIONS;
use tokio::sync::Semaphore;

use super::{Deflate, Direction, Settings};

const NAME: &str = "permessage-deflate";

/// The largest window, which counts where none is agreed on.
const LARGEST: u8 = 15;

/// What a context takes, in KiB, with a window of the largest size and what the allocator keeps beside it.
const COMPRESSOR_KIB: u32 = 330;
const DECOMPRESSOR_KIB: u32 = 62;

/// The server's end of the negotiation, for all of its connections.
#[derive(Debug)]
pub struct Negotiator {
    settings: Settings,
    /// The memory that contexts may take which are kept from message to message, in KiB.
    memory: Arc<Semaphore>,
}

/// The parameters of one offer, or of the answer to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// The outer is whether it is there at all: it needs no value.
    client_max_window_bits: Option<Option<u8>>,
}

impl Negotiator {
    /// Agrees to what `settings` say, as long as kept contexts take at most `context_memory` bytes; connections beyond that
    /// are compressed without.
    pub fn new(settings: Settings, context_memory: usize) -> Self {
        let kib = (context_memory / 1024).min(Semaphore::MAX_PERMITS);
        Self {
            settings,
            memory: Arc::new(Semaphore::new(kib)),
        }
    }

    /// Answers the first offer in a request's `headers` that can be held: the value of `Sec-WebSocket-Extensions`, and the
    /// extension as it was agreed on.
    pub fn agree(&self, headers: &HeaderMap) -> Option<(String, Deflate)> {
        let offers = extensions(headers).into_iter().flatten();
        let offer = offers
            .filter_map(|offer| parameters(&offer))
            // A window that RFC 7692 allows, and zlib cannot compress with.
            .find(|offer| offer.server_max_window_bits != Some(8))?;
        Some(self.accept(offer))
    }

    fn accept(&self, offer: Parameters) -> (String, Deflate) {
        let settings = self.settings;
        let mut outgoing = Direction {
            window_bits: offer
                .server_max_window_bits
                .map_or(settings.window_bits, |bits| bits.min(settings.window_bits)),
            takes_over: settings.context_takeover && !offer.server_no_context_takeover,
        };
        let mut incoming = Direction {
            window_bits: match offer.client_max_window_bits {
                Some(bits) => bits.unwrap_or(LARGEST).min(settings.window_bits),
                // Only a client that offers it can be told.
                None => LARGEST,
            },
            takes_over: settings.context_takeover && !offer.client_no_context_takeover,
        };
        let kib = if outgoing.takes_over {
            COMPRESSOR_KIB
        } else {
            0
        } + if incoming.takes_over {
            DECOMPRESSOR_KIB
        } else {
            0
        };
        let memory = self.memory.clone().try_acquire_many_owned(kib).ok();
        if memory.is_none() {
            outgoing.takes_over = false;
            incoming.takes_over = false;
        }
        let answer = Parameters {
            server_no_context_takeover: !outgoing.takes_over,
            client_no_context_takeover: !incoming.takes_over,
            server_max_window_bits: offer.server_max_window_bits.map(|_| outgoing.window_bits),
            client_max_window_bits: (incoming.window_bits < LARGEST)
                .then_some(Some(incoming.window_bits)),
        };
        let deflate = Deflate::new(settings, outgoing, incoming, memory);
        (answer.text(), deflate)
    }
}

/// What the typed client offers: nothing that it would not hold itself.
#[cfg(feature = "client")]
pub const OFFER: &str = NAME;

/// What a server has made of [`OFFER`]: `None` where it has not agreed to it.
///
/// # Errors
/// It has agreed to something that was not offered.
#[cfg(feature = "client")]
pub fn accept(headers: &HeaderMap) -> Result<Option<Deflate>, &'static str> {
    const FAULT: &str = "an extension that was not offered";
    let extensions = extensions(headers).ok_or(FAULT)?;
    let answer = match &extensions[..] {
        [] => return Ok(None),
        [answer] => parameters(answer).ok_or(FAULT)?,
        _ => return Err(FAULT),
    };
    if answer.client_max_window_bits.is_some() {
        return Err(FAULT);
    }
    let outgoing = Direction {
        window_bits: LARGEST,
        takes_over: !answer.client_no_context_takeover,
    };
    let incoming = Direction {
        window_bits: answer.server_max_window_bits.unwrap_or(LARGEST),
        takes_over: !answer.server_no_context_takeover,
    };
    Ok(Some(Deflate::new(
        Settings::default(),
        outgoing,
        incoming,
        None,
    )))
}

impl Parameters {
    /// As the value of a header.
    fn text(&self) -> String {
        let mut text = NAME.to_owned();
        if self.server_no_context_takeover {
            text.push_str("; server_no_context_takeover");
        }
        if self.client_no_context_takeover {
            text.push_str("; client_no_context_takeover");
        }
        // Writing to a String does not fail.
        if let Some(bits) = self.server_max_window_bits {
            let _ = write!(text, "; server_max_window_bits={bits}");
        }
        if let Some(Some(bits)) = self.client_max_window_bits {
            let _ = write!(text, "; client_max_window_bits={bits}");
        }
        text
    }
}

/// The parameters of an extension that is ours and that can be held; any other offer is declined (RFC 7692, section 7).
fn parameters(extension: &Extension<'_>) -> Option<Parameters> {
    let mut parameters = Parameters::default();
    if !extension.name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    for (name, value) in &extension.parameters {
        let was_there = match (name.to_ascii_lowercase().as_str(), value) {
            ("server_no_context_takeover", None) => {
                std::mem::replace(&mut parameters.server_no_context_takeover, true)
            }
            ("client_no_context_takeover", None) => {
                std::mem::replace(&mut parameters.client_no_context_takeover, true)
            }
            ("server_max_window_bits", Some(bits)) => {
                let bits = window_bits(bits)?;
                parameters.server_max_window_bits.replace(bits).is_some()
            }
            ("client_max_window_bits", None) => {
                parameters.client_max_window_bits.replace(None).is_some()
            }
            ("client_max_window_bits", Some(bits)) => {
                let bits = Some(window_bits(bits)?);
                parameters.client_max_window_bits.replace(bits).is_some()
            }
            _ => return None,
        };
        if was_there {
            return None;
        }
    }
    Some(parameters)
}

/// From 8 to 15, without leading zeros (RFC 7692, section 7.1.2).
fn window_bits(text: &str) -> Option<u8> {
    let bits = text.parse().ok().filter(|bits| (8..=15).contains(bits))?;
    (!text.starts_with(['0', '+'])).then_some(bits)
}

/// An extension with its parameters (RFC 6455, section 9.1).
struct Extension<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, Option<&'a str>)>,
}

/// The extensions of all headers of that name; `None` where one of them is not written as it should be.
fn extensions(headers: &HeaderMap) -> Option<Vec<Extension<'_>>> {
    let mut extensions = Vec::new();
    for value in headers.get_all(SEC_WEBSOCKET_EXTENSIONS) {
        // Values are tokens even in quotes, so that no separator can stand in one.
        for extension in value.to_str().ok()?.split(',') {
            let mut parts = extension.split(';').map(str::trim);
            let name = parts.next().filter(|name| is_token(name))?;
            let parameters = parts.map(parameter).collect::<Option<_>>()?;
            extensions.push(Extension { name, parameters });
        }
    }
    Some(extensions)
}

fn parameter(text: &str) -> Option<(&str, Option<&str>)> {
    let Some((name, value)) = text.split_once('=') else {
        return is_token(text).then_some((text, None));
    };
    let (name, value) = (name.trim_end(), value.trim_start());
    let quoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    let value = quoted.unwrap_or(value);
    (is_token(name) && is_token(value)).then_some((name, Some(value)))
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}

#[cfg(test)]
mod tests;
