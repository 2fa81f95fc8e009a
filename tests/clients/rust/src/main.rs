//! The cases of the matrix for Rust's clients: each is a module with a [`Client`], chosen by the argument.

#[cfg(feature = "all")]
mod fastwebsockets;
#[cfg(feature = "all")]
mod reqwest_websocket;
#[cfg(feature = "all")]
mod tap;
mod tokio_tungstenite;
#[cfg(feature = "all")]
mod tokio_websockets;
#[cfg(feature = "all")]
mod yawc;

use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use serde_json::{Value, json};

const TEXT: &str = "héllo, wörld ✓";

pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// What a client asks for in its handshake.
#[derive(Default)]
pub struct Ask {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub deflate: bool,
    /// Whether messages are to be cut into frames of a few bytes, for clients that decide so once.
    pub small_frames: bool,
}

/// What the server agreed to.
#[derive(Default)]
pub struct Agreed {
    pub protocol: Option<String>,
    pub extensions: Option<String>,
}

#[derive(Debug, PartialEq)]
pub enum Message {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
}

/// The server's answer where it is no upgrade.
#[derive(Debug)]
pub struct Refused(pub u16);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused with {}", self.0)
    }
}

impl Error for Refused {}

trait Client: Sized {
    /// Cases that it has no means for.
    const LACKS: &[&str] = &[];

    async fn open(ask: Ask) -> Outcome<(Self, Agreed)>;
    async fn send(&mut self, message: Message) -> Outcome;
    async fn receive(&mut self) -> Outcome<Message>;

    /// Sends a text in several frames.
    async fn fragments(&mut self, texts: [&str; 3]) -> Outcome {
        self.send(Message::Text(texts.concat())).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    match std::env::args().nth(1).as_deref() {
        #[cfg(feature = "all")]
        Some("fastwebsockets") => run::<fastwebsockets::Connection>("fastwebsockets").await,
        #[cfg(feature = "all")]
        Some("reqwest-websocket") => run::<reqwest_websocket::Connection>("reqwest-websocket").await,
        Some("tokio-tungstenite") => run::<tokio_tungstenite::Connection>("tokio-tungstenite").await,
        #[cfg(feature = "all")]
        Some("tokio-websockets") => run::<tokio_websockets::Connection>("tokio-websockets").await,
        #[cfg(feature = "all")]
        Some("yawc") => run::<yawc::Connection>("yawc").await,
        other => panic!("no client {other:?}"),
    }
}

async fn run<C: Client>(package: &str) {
    println!("{}", json!({"version": version(package)}));
    macro_rules! cases {
        ($($case:ident)*) => {$(
            let name = stringify!($case).trim_start_matches("r#");
            if !C::LACKS.contains(&name) {
                let outcome = tokio::time::timeout(Duration::from_secs(20), $case::<C>()).await;
                let report = match outcome.unwrap_or_else(|_| Err("nothing within 20 s".into())) {
                    Ok(()) => json!({"case": name, "result": "pass"}),
                    Err(error) => json!({"case": name, "result": "fail", "detail": error.to_string()}),
                };
                println!("{report}");
            }
        )*};
    }
    cases!(header subprotocol typed reply text binary fragments ping heartbeat close closed refused deflate);
}

/// The version that Cargo.lock has.
fn version(package: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let (_, entry) = lock.split_once(&format!("name = \"{package}\"\nversion = \"")).unwrap();
    entry.split('"').next().unwrap()
}

fn ask(token: &str) -> Ask {
    Ask {
        url: variable("MATRIX_URL"),
        headers: vec![("authorization", format!("Bearer {token}"))],
        ..Ask::default()
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

async fn open<C: Client>() -> Outcome<C> {
    Ok(C::open(ask(&variable("MATRIX_TOKEN"))).await?.0)
}

async fn header<C: Client>() -> Outcome {
    finish(open::<C>().await?).await
}

async fn subprotocol<C: Client>() -> Outcome {
    let protocols = format!("bearer, bearer.{}", variable("MATRIX_TOKEN"));
    let headers = vec![("sec-websocket-protocol", protocols)];
    let (client, agreed) = C::open(Ask { headers, ..ask("") }).await?;
    same(agreed.protocol.as_deref(), Some("bearer"))?;
    finish(client).await
}

async fn typed<C: Client>() -> Outcome {
    let mut client = open::<C>().await?;
    said(&mut client, TEXT).await?;
    finish(client).await
}

async fn reply<C: Client>() -> Outcome {
    let mut client = open::<C>().await?;
    for id in ["a", "b"] {
        say(&mut client, json!({"type": "ask", "id": id, "text": TEXT})).await?;
    }
    for id in ["a", "b"] {
        let expected = json!({"type": "answer", "id": id, "length": TEXT.len()});
        same(hear(&mut client).await?, expected)?;
    }
    finish(client).await
}

async fn text<C: Client>() -> Outcome {
    let mut client = open::<C>().await?;
    said(&mut client, &"x".repeat(65536)).await?;
    finish(client).await
}

async fn binary<C: Client>() -> Outcome {
    let mut client = open::<C>().await?;
    let bytes: Vec<u8> = (0..1 << 20).map(|i| (i * 7) as u8).collect();
    client.send(Message::Binary(bytes.clone())).await?;
    if next(&mut client).await? != Message::Binary(bytes) {
        return Err("other bytes".into());
    }
    finish(client).await
}

async fn fragments<C: Client>() -> Outcome {
    let token = variable("MATRIX_TOKEN");
    let (mut client, _) = C::open(Ask { small_frames: true, ..ask(&token) }).await?;
    let message = json!({"type": "say", "text": TEXT}).to_string();
    let (first, rest) = message.split_at(5);
    let (second, third) = rest.split_at(12);
    client.fragments([first, second, third]).await?;
    same(&hear(&mut client).await?["text"], &json!(TEXT))?;
    finish(client).await
}

async fn ping<C: Client>() -> Outcome {
    let mut client = open::<C>().await?;
    client.send(Message::Ping(b"are you there".to_vec())).await?;
    loop {
        match client.receive().await? {
            Message::Pong(payload) => break same(payload, b"are you there".to_vec())?,
            Message::Ping(_) => {}
            other => return Err(format!("a pong, not {other:?}").into()),
        }
    }
    said(&mut client, TEXT).await?;
    finish(client).await
}

async fn heartbeat<C: Client>() -> Outcome {
    let mut client = open::<C>().await?;
    say(&mut client, json!({"type": "wait", "milliseconds": 3000})).await?;
    same(&hear(&mut client).await?["text"], &json!("waited"))?;
    finish(client).await
}

async fn close<C: Client>() -> Outcome {
    let mut client = open::<C>().await?;
    client.send(Message::Close(4001, "done here".to_owned())).await?;
    match next(&mut client).await? {
        Message::Close(code, _) => same(code, 4001),
        other => Err(format!("a Close, not {other:?}").into()),
    }
}

async fn closed<C: Client>() -> Outcome {
    let mut client = open::<C>().await?;
    say(&mut client, json!({"type": "leave", "code": 4002, "reason": "enough"})).await?;
    same(next(&mut client).await?, Message::Close(4002, "enough".to_owned()))
}

async fn refused<C: Client>() -> Outcome {
    match C::open(ask("wrong")).await {
        Ok(_) => Err("it connected with a wrong token".into()),
        Err(error) => match error.downcast_ref() {
            Some(Refused(status)) => same(*status, 401),
            None => Err(error),
        },
    }
}

async fn deflate<C: Client>() -> Outcome {
    let token = variable("MATRIX_TOKEN");
    let (mut client, agreed) = C::open(Ask { deflate: true, ..ask(&token) }).await?;
    let extensions = agreed.extensions.unwrap_or_default();
    if !extensions.contains("permessage-deflate") {
        return Err(format!("not agreed: {extensions:?}").into());
    }
    for _ in 0..2 {
        said(&mut client, &"wörds that repeat ".repeat(1000)).await?;
    }
    finish(client).await
}

async fn said<C: Client>(client: &mut C, text: &str) -> Outcome {
    say(client, json!({"type": "say", "text": text})).await?;
    let expected = json!({"type": "said", "room": "lobby", "text": text});
    same(hear(client).await?, expected)
}

async fn say<C: Client>(client: &mut C, message: Value) -> Outcome {
    client.send(Message::Text(message.to_string())).await
}

async fn hear<C: Client>(client: &mut C) -> Outcome<Value> {
    match next(client).await? {
        Message::Text(text) => Ok(serde_json::from_str(&text)?),
        other => Err(format!("a text, not {other:?}").into()),
    }
}

/// What comes beside pings and pongs, which the clients answer themselves.
async fn next<C: Client>(client: &mut C) -> Outcome<Message> {
    loop {
        match client.receive().await? {
            Message::Ping(_) | Message::Pong(_) => {}
            other => break Ok(other),
        }
    }
}

async fn finish<C: Client>(mut client: C) -> Outcome {
    client.send(Message::Close(1000, String::new())).await
}

fn same<T: Debug + PartialEq>(found: T, expected: T) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(format!("{found:.150?} instead of {expected:.150?}").into())
}
