//! Any bytes on a new connection, in any pieces, get one whole answer of HTTP, or none where no request came; and 101 only where
//! RFC 6455, section 4.2.1, by another reading below, lets the server agree.
//!
//! The server is a whole one behind a Unix socket: what a client gets went through the listener, hyper, the checks and, after
//! 101, a session.

#![no_main]

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};
use wsgen_runtime::codegen::Endpoint;
use wsgen_runtime::fuzzing::{End, Heard, hear};
use wsgen_runtime::{Config, Context, Error, Handshake, Message, Reject, Server};

/// Nothing takes as long.
const PATIENCE: Duration = Duration::from_secs(5);

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// The names of headers that mean something here; other headers have any.
const NAMES: [&str; 16] = [
    "Host",
    "Upgrade",
    "Connection",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
    "Origin",
    "Content-Length",
    "Transfer-Encoding",
    "Expect",
    "X-Count",
    "X-Forwarded-For",
    "Authorization",
    "host",
    "UPGRADE",
];

#[derive(Arbitrary, Debug)]
struct Input {
    /// How many bytes come at once.
    piece: u16,
    /// Whether pages are told of a refusal in a Close frame.
    closes: bool,
    request: Request,
    /// What the client sends behind its request.
    follows: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Request {
    Raw(Vec<u8>),
    /// A right request with other things in it.
    Changed {
        line: Line,
        /// Which headers of a right request are left out.
        without: u8,
        headers: Vec<(Name, Value)>,
        end: Ending,
    },
}

#[derive(Arbitrary, Debug)]
enum Line {
    Right,
    Target(String),
    Query(Vec<u8>),
    Room(Vec<u8>),
    Other(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Name {
    Known(u8),
    Other(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Value {
    Known(u8),
    Text(String),
    Bytes(Vec<u8>),
    Key([u8; 16]),
    Number(i64),
    /// An origin and perhaps a port.
    Origin(bool, u8, Option<u16>),
    List(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Ending {
    Right,
    LineFeeds,
    Cut,
}

const VALUES: [&str; 24] = [
    "websocket",
    "WebSocket",
    "Upgrade",
    "keep-alive, upgrade",
    "13",
    "8",
    KEY,
    "dGhlIHNhbXBsZSBub25jZR==",
    "chat.v1",
    "chat.v2",
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits; server_no_context_takeover",
    "permessage-deflate; server_max_window_bits=9",
    "0",
    "chunked",
    "100-continue",
    "localhost",
    "127.0.0.1:8080",
    "[::1]",
    "server.example",
    "https://app.example",
    "http://localhost:3000",
    "null",
    "",
];

const HOSTS: [&str; 8] = [
    "server.example",
    "app.example",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "evil.example",
    "server.example.evil.example",
    "SERVER.example",
];

/// A route that looks at all that a handshake has.
struct Room;

impl Endpoint for Room {
    const CHANNEL: &'static str = "room";
    const SUBPROTOCOLS: &'static [&'static str] = &["chat.v2", "chat.v1"];
    type Session = ();
    type Inbound = Message;
    type Outbound = Message;

    async fn connect(&self, handshake: Handshake) -> Result<(), Reject> {
        let room: String = handshake.path("room")?;
        handshake.query::<i64>("after")?;
        handshake.query::<Vec<String>>("tag")?;
        handshake.header::<u8>("x-count")?;
        let _ = format!("{handshake:?} {}", handshake.peer());
        match room.as_str() {
            "secret" => Err(Reject::forbidden("not here")),
            _ => Ok(()),
        }
    }

    async fn receive(&self, context: &mut Context<'_, (), Message>, message: Message) -> Result<(), Error> {
        context.send(message).await
    }
}

/// Two servers that listen for ever, and what runs them.
struct World {
    runtime: Runtime,
    by_http: PathBuf,
    by_close: PathBuf,
}

impl World {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listening = |refusal: &str| {
            let path = std::env::temp_dir().join(format!("wsgen-fuzz-{}-{refusal}", std::process::id()));
            let text = format!(
                "[listen]\naddress = {:?}\n[admin]\nenabled = false\n[handshake]\nrefusal = {refusal:?}\n\
                 [origin]\nallow = [\"https://app.example\"]\n[compression]\nenabled = true\n",
                format!("unix:{}", path.display()),
            );
            let config: Config = toml::from_str(&text).expect("settings");
            let server = Server::new("fuzzed").hosts(&["server.example"]).route("/rooms/{room}", Room);
            let listening = runtime.block_on(server.bind(config)).expect("it listens");
            runtime.spawn(listening.run_until(std::future::pending()));
            path
        };
        let (by_http, by_close) = (listening("http"), listening("close"));
        let world = Self { runtime, by_http, by_close };
        // Else nothing below would be about anything.
        let right = request(&Request::Changed {
            line: Line::Right,
            without: 0,
            headers: Vec::new(),
            end: Ending::Right,
        });
        for path in [&world.by_http, &world.by_close] {
            let answer = world.runtime.block_on(exchange(path, &right, usize::MAX));
            assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
        }
        world
    }
}

fuzz_target!(|input: Input| {
    static WORLD: OnceLock<World> = OnceLock::new();
    let world = WORLD.get_or_init(World::new);
    let mut sent = request(&input.request);
    sent.extend_from_slice(&input.follows);
    let path = match input.closes {
        true => &world.by_close,
        false => &world.by_http,
    };
    let piece = usize::from(input.piece).max(16);
    let answer = world.runtime.block_on(exchange(path, &sent, piece));
    judge(&sent, &answer, input.closes);
});

/// What the server says to some bytes, until it closes.
async fn exchange(path: &PathBuf, sent: &[u8], piece: usize) -> Vec<u8> {
    let exchange = async {
        let mut socket = UnixStream::connect(path).await.expect("it listens");
        let (mut from, mut to) = socket.split();
        let send = async {
            for piece in sent.chunks(piece) {
                // It may have answered and closed already.
                if to.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            let _ = to.shutdown().await;
        };
        let mut answer = Vec::new();
        let receive = async {
            // A reset behind the answer is an end as well.
            let _ = from.read_to_end(&mut answer).await;
        };
        tokio::join!(send, receive);
        answer
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("it answers in time")
}

fn request(request: &Request) -> Vec<u8> {
    let (line, without, headers, end) = match request {
        Request::Raw(bytes) => return bytes.clone(),
        Request::Changed { line, without, headers, end } => (line, without, headers, end),
    };
    let mut sent = match line {
        Line::Right => b"GET /rooms/1 HTTP/1.1".to_vec(),
        Line::Target(target) => format!("GET {target} HTTP/1.1").into_bytes(),
        Line::Query(query) => [b"GET /rooms/1?", &query[..], b" HTTP/1.1"].concat(),
        Line::Room(room) => [b"GET /rooms/", &room[..], b" HTTP/1.1"].concat(),
        Line::Other(line) => line.clone(),
    };
    let (end, is_whole): (&[u8], bool) = match end {
        Ending::Right => (b"\r\n", true),
        Ending::LineFeeds => (b"\n", true),
        Ending::Cut => (b"\r\n", false),
    };
    sent.extend_from_slice(end);
    let right = ["server.example", "websocket", "Upgrade", KEY, "13"];
    for (index, (name, value)) in NAMES.iter().zip(right).enumerate() {
        if without >> index & 1 == 0 {
            sent.extend_from_slice(&[name.as_bytes(), b": ", value.as_bytes(), end].concat());
        }
    }
    for (name, value) in headers {
        let name = match name {
            Name::Known(index) => NAMES[usize::from(*index) % NAMES.len()].as_bytes(),
            Name::Other(name) => name,
        };
        sent.extend_from_slice(&[name, b": ", &value.bytes(), end].concat());
    }
    if is_whole {
        sent.extend_from_slice(end);
    }
    sent
}

impl Value {
    fn bytes(&self) -> Vec<u8> {
        let known = |index: &u8| VALUES[usize::from(*index) % VALUES.len()];
        match self {
            Self::Known(index) => known(index).into(),
            Self::Text(text) => text.clone().into(),
            Self::Bytes(bytes) => bytes.clone(),
            Self::Key(key) => BASE64.encode(key).into(),
            Self::Number(number) => number.to_string().into(),
            Self::Origin(is_secure, host, port) => {
                let host = HOSTS[usize::from(*host) % HOSTS.len()];
                let port = port.map_or(String::new(), |port| format!(":{port}"));
                format!("http{}://{host}{port}", if *is_secure { "s" } else { "" }).into()
            }
            Self::List(indices) => {
                let values: Vec<&str> = indices.iter().map(known).collect();
                values.join(", ").into()
            }
        }
    }
}

/// The head of a request or an answer: its first line and its headers, names in lower case.
struct Head<'a> {
    line: &'a [u8],
    headers: Vec<(String, &'a [u8])>,
    /// What follows.
    rest: &'a [u8],
}

impl<'a> Head<'a> {
    /// Reads lines up to an empty one; a line feed alone ends one as well (RFC 9112, section 2.2).
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        // Empty lines before a request are to be ignored.
        while let [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] = rest {
            rest = after;
        }
        let mut lines = Vec::new();
        loop {
            let end = rest.iter().position(|byte| *byte == b'\n')?;
            let line = &rest[..end];
            rest = &rest[end + 1..];
            match line.strip_suffix(b"\r").unwrap_or(line) {
                [] => break,
                line => lines.push(line),
            }
        }
        let headers = lines.iter().skip(1).map(|line| {
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
            let value = line.get(colon + 1..).unwrap_or_default();
            (name, value.trim_ascii())
        });
        Some(Self {
            line: lines.first()?,
            headers: headers.collect(),
            rest,
        })
    }

    fn all(&self, name: &str) -> Vec<&'a [u8]> {
        let of_name = self.headers.iter().filter(|(found, _)| found == name);
        of_name.map(|(_, value)| *value).collect()
    }

    fn only(&self, name: &str) -> Option<&'a str> {
        match self.all(name)[..] {
            [value] => std::str::from_utf8(value).ok(),
            _ => None,
        }
    }

    /// The members of all lists of a name.
    fn members(&self, name: &str) -> Vec<String> {
        let values = self.all(name);
        let texts = values.iter().filter_map(|value| std::str::from_utf8(value).ok());
        texts.flat_map(|text| text.split(',')).map(|member| member.trim().to_owned()).collect()
    }

    fn has_member(&self, name: &str, member: &str) -> bool {
        self.members(name).iter().any(|found| found.eq_ignore_ascii_case(member))
    }
}

fn judge(sent: &[u8], answer: &[u8], closes: bool) {
    let shown = || format!("{}\n{}", sent.escape_ascii(), answer.escape_ascii());
    let request = Head::read(sent);
    if answer.is_empty() {
        // Whoever hangs up within a request gets nothing.
        assert!(request.is_none(), "no answer\n{}", shown());
        return;
    }
    let Some(head) = Head::read(answer) else {
        panic!("no whole head\n{}", shown());
    };
    let line = std::str::from_utf8(head.line).unwrap_or_default();
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let Some(status @ 100..600) = status else {
        panic!("no status line\n{}", shown());
    };
    for (name, value) in &head.headers {
        let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        assert!(!name.is_empty() && is_token, "{}", shown());
        assert!(value.iter().all(|byte| (b' '..=b'~').contains(byte)), "{}", shown());
    }
    if status == 101 {
        let request = request.unwrap_or_else(|| panic!("101 without a request\n{}", shown()));
        if let Err(reason) = is_right(&request, &head, closes) {
            panic!("101, but {reason}\n{}", shown());
        }
        return;
    }
    assert!(status >= 400, "{}", shown());
    let length = head.only("content-length").and_then(|length| length.parse().ok());
    let is_for_head = request.is_some_and(|request| request.line.starts_with(b"HEAD "));
    let is_whole = length == Some(head.rest.len()) || is_for_head && head.rest.is_empty();
    assert!(is_whole, "{}", shown());
}

/// What RFC 6455 asks of a request, and of the answer that agrees (sections 4.2.1 and 4.2.2).
fn is_right(request: &Head<'_>, answer: &Head<'_>, closes: bool) -> Result<(), &'static str> {
    let right = |is_right: bool, reason| if is_right { Ok(()) } else { Err(reason) };
    let line = std::str::from_utf8(request.line).map_err(|_| "the line is no text")?;
    let [method, target, version] = line.split(' ').collect::<Vec<_>>()[..] else {
        return Err("the line has not three parts");
    };
    right(method == "GET", "the method is another")?;
    right(version == "HTTP/1.1", "the version is another")?;
    right(target.bytes().all(|byte| byte.is_ascii_graphic()), "the target is no ASCII")?;
    let host = request.only("host").ok_or("there is not one host")?;
    let host = authority(host).ok_or("the host is none")?;
    right(request.has_member("upgrade", "websocket"), "no upgrade is asked for")?;
    right(request.has_member("connection", "upgrade"), "the upgrade is not for this connection")?;
    right(request.only("sec-websocket-version") == Some("13"), "the version of WebSocket is another")?;
    let key = request.only("sec-websocket-key").ok_or("there is not one key")?;
    let is_key = key.len() == 24 && BASE64.decode(key).is_ok_and(|key| key.len() == 16);
    right(is_key, "the key is none")?;
    right(request.all("transfer-encoding").is_empty(), "there is a body")?;
    right(request.all("content-length").iter().all(|length| length.iter().all(|digit| *digit == b'0')), "there is a body")?;

    let hash = sha1_smol::Sha1::from(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")).digest();
    let accept = BASE64.encode(hash.bytes());
    right(answer.only("sec-websocket-accept") == Some(&accept), "the key is not accepted")?;
    right(answer.only("upgrade") == Some("websocket"), "nothing is upgraded to")?;
    right(answer.only("connection") == Some("Upgrade"), "the connection is not upgraded")?;
    right(answer.all("content-length").is_empty(), "the answer has a body")?;
    let protocols = answer.all("sec-websocket-protocol");
    right(protocols.len() <= 1, "there are two subprotocols")?;
    if let Some(protocol) = answer.only("sec-websocket-protocol") {
        let is_offered = request.members("sec-websocket-protocol").iter().any(|offer| offer == protocol);
        right(is_offered, "the subprotocol was not offered")?;
        right(!protocol.starts_with("bearer."), "a token is repeated")?;
    }
    let extensions = answer.all("sec-websocket-extensions");
    right(extensions.len() <= 1, "there are two lists of extensions")?;
    if let Some(extension) = answer.only("sec-websocket-extensions") {
        let name = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let offers = request.members("sec-websocket-extensions");
        right(name(extension) == "permessage-deflate", "the extension is unknown")?;
        right(offers.iter().any(|offer| name(offer) == "permessage-deflate"), "the extension was not offered")?;
    } else {
        let heard = hear(End::Client, [answer.rest], 1 << 20, None);
        right(!heard.iter().any(|heard| matches!(heard, Heard::Fault(_))), "what follows are no frames")?;
        if closes && !request.all("origin").is_empty() && heard.iter().any(is_refusal) {
            return Ok(());
        }
    }
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |slash| &rest[slash..]),
        None => path,
    };
    let room = path.strip_prefix("/rooms/").unwrap_or_default();
    right(!room.is_empty() && !room.contains('/') && room != "secret", "nothing is served there")?;
    if let [origin, more @ ..] = &request.all("origin")[..] {
        right(more.is_empty() && may_connect(origin, &host), "the page may not connect")?;
    }
    Ok(())
}

/// Whether this is a Close frame that stands for a status of HTTP.
fn is_refusal(heard: &Heard) -> bool {
    matches!(heard, Heard::Close(Some(4400..=4499 | 1011 | 1013), _))
}

/// Host and port; addresses as they are written best.
fn authority(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            let address: Ipv6Addr = address.parse().ok()?;
            (format!("[{address}]"), rest)
        }
        None => {
            let end = text.find(':').unwrap_or(text.len());
            (text[..end].to_ascii_lowercase(), &text[end..])
        }
    };
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"\"#,/<>?@\\^`{|}".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_allowed) {
        return None;
    }
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        Some("") => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        _ => return None,
    };
    Some((host, port))
}

/// Whether a page of this origin may: the one of the settings, and those of the host that is asked for, if that is the server.
fn may_connect(origin: &[u8], (host, port): &(String, Option<u16>)) -> bool {
    let page = || {
        let (scheme, rest) = std::str::from_utf8(origin).ok()?.split_once("://")?;
        let default = match scheme.to_ascii_lowercase().as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let (host, port) = authority(rest)?;
        Some((default, host, port.unwrap_or(default)))
    };
    let Some((default, page, page_port)) = page() else {
        return false;
    };
    if (default, &*page, page_port) == (443, "app.example", 443) {
        return true;
    }
    let is_server = host == "server.example"
        || host == "localhost"
        || host.ends_with(".localhost")
        || host.starts_with('[')
        || host.parse::<Ipv4Addr>().is_ok();
    is_server && page == *host && page_port == port.unwrap_or(default)
}
