//! A server as the rest of the program sees it, and handlers without sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;
use wsgen_runtime::codegen::{self, Channel, Decode, Dispatch, Frame, Scheme};
use wsgen_runtime::testing::{Connection, Refused, TestServer};
use wsgen_runtime::{
    Authenticate, Context, Credential, DecodeError, Error, Handler, Handshake, Message, Principal,
    Reject, Server, Topics, Unauthorized,
};

use crate::support::within;

/// Where people talk; written as `wsgen` generates it.
struct Lobby;

impl Channel for Lobby {
    const NAME: &'static str = "lobby";
    type Request = Handshake;
    type Inbound = Message;
    type Outbound = Message;
}

impl<H: Handler<Self>> Dispatch<H> for Lobby {
    /// What is said in the lobby is news.
    async fn receive(
        _: &H,
        cx: &mut Context<'_, H::Session, Message>,
        message: Message,
    ) -> Result<(), Error> {
        cx.server().topics::<News>().publish("all", message);
        Ok(())
    }
}

/// Where everybody hears what is new.
struct News;

impl Channel for News {
    const NAME: &'static str = "news";
    type Request = Handshake;
    type Inbound = Message;
    type Outbound = Message;
}

impl<H: Handler<Self>> Dispatch<H> for News {
    async fn receive(
        _: &H,
        cx: &mut Context<'_, H::Session, Message>,
        _: Message,
    ) -> Result<(), Error> {
        cx.send(cx.id().to_string()).await
    }
}

/// A channel that no server serves.
struct Elsewhere;

impl Channel for Elsewhere {
    const NAME: &'static str = "elsewhere";
    type Request = Handshake;
    type Inbound = Message;
    type Outbound = Message;
}

#[derive(Default)]
struct Handlers {
    /// How often `background` has begun.
    begun: AtomicU64,
    works: Notify,
}

impl Handler<Lobby> for Handlers {
    type Session = ();

    async fn connect(&self, _: Handshake) -> Result<(), Reject> {
        Ok(())
    }

    async fn connected(&self, cx: &mut Context<'_, (), Message>) -> Result<(), Error> {
        cx.send("welcome").await
    }
}

impl Handler<News> for Handlers {
    type Session = ();

    async fn connect(&self, request: Handshake) -> Result<(), Reject> {
        match request.path::<String>("year")?.as_str() {
            "2026" => Ok(()),
            _ => Err(Reject::not_found("nothing was new")),
        }
    }

    async fn connected(&self, cx: &mut Context<'_, (), Message>) -> Result<(), Error> {
        cx.join("all").await;
        cx.send("welcome").await
    }

    async fn background(&self, _: Topics<Message>) {
        if self.begun.fetch_add(1, Ordering::SeqCst) < 2 {
            panic!("not yet");
        }
        self.works.notify_one();
    }
}

/// Takes a bearer token for the name of who has it.
impl Authenticate for Handlers {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        match credential {
            Credential::Bearer { token, .. } if &*token != "bad" => Ok(Principal::new(&*token)),
            _ => Err(Unauthorized),
        }
    }
}

fn server(handlers: &Arc<Handlers>) -> Server {
    // By an `Arc` of an `Arc`: what an application shares may judge as well.
    let judge = Arc::new(handlers.clone());
    Server::new("test")
        .authenticate(judge, &[&[Scheme::Bearer { name: "token" }]])
        .channel("/lobby", Lobby, handlers)
        .channel("/news/{year}", News, handlers)
}

fn start() -> TestServer {
    TestServer::start(server(&Arc::default()))
}

async fn lobby(server: &TestServer, name: &str) -> Connection<Lobby> {
    let asked = server.connect(Lobby, "/lobby");
    let mut client = asked.principal(Principal::new(name)).await.unwrap();
    client.expect("welcome").await;
    client
}

async fn news(server: &TestServer, name: &str) -> Connection<News> {
    let asked = server.connect(News, "/news/2026");
    let mut client = asked.principal(Principal::new(name)).await.unwrap();
    client.expect("welcome").await;
    client
}

#[tokio::test]
async fn topics_are_there_before_anybody_is_connected() {
    let server = server(&Arc::default());
    let handle = server.handle();
    assert_eq!(handle.topics::<News>().publish("all", "to nobody"), 0);
    assert!(handle.principal("ada").is_empty());
    let server = TestServer::start(server);
    let mut ada = news(&server, "ada").await;
    let mut listener = server.subscribe(News, "all").await;
    assert_eq!(handle.topics::<News>().publish("all", "to two"), 2);
    ada.expect("to two").await;
    listener.expect("to two").await;
    assert_eq!(handle.topics::<Lobby>().publish("all", "another's"), 0);
    assert_eq!(handle.topics::<Elsewhere>().publish("all", "nobody's"), 0);
}

#[tokio::test]
async fn a_handler_publishes_to_topics_of_another_route() {
    let server = start();
    let mut bob = news(&server, "bob").await;
    let mut ada = lobby(&server, "ada").await;
    ada.send_frame("hello").await;
    bob.expect("hello").await;
}

#[tokio::test]
async fn a_principal_is_addressed_over_all_channels() {
    let server = start();
    let mut talks = lobby(&server, "ada").await;
    let mut reads = news(&server, "ada").await;
    let mut other = news(&server, "bob").await;
    let handle = server.handle();
    let ada = handle.principal("ada");
    assert_eq!(ada.ids().count(), 2);

    assert_eq!(ada.send::<Lobby>("to the one who talks"), 1);
    talks.expect("to the one who talks").await;
    assert_eq!(ada.send::<Elsewhere>("to nobody"), 0);

    ada.join::<News>("secret").await;
    assert_eq!(handle.topics::<News>().members("secret"), 1);
    assert_eq!(handle.topics::<News>().publish("secret", "for ada"), 1);
    reads.expect("for ada").await;
    ada.leave::<News>("secret");
    assert_eq!(handle.topics::<News>().members("secret"), 0);

    handle.kick("ada", 4001, "enough");
    for closed in [talks.closed().await, reads.closed().await] {
        assert_eq!(closed, (Some(4001), "enough".to_owned()));
    }
    assert_eq!(handle.topics::<News>().publish("all", "still here"), 1);
    other.expect("still here").await;
}

#[tokio::test]
async fn a_connection_is_addressed_by_its_number() {
    let server = start();
    let mut ada = news(&server, "ada").await;
    let mut twin = news(&server, "ada").await;
    let handle = server.handle();
    ada.send_frame("who am I?").await;
    let number = ada.receive().await;
    let all = handle.principal("ada");
    let id = all.ids().find(|id| Message::from(id.to_string()) == number);
    let it = handle.connection(id.unwrap());
    it.join::<News>("mine").await;
    assert_eq!(handle.topics::<News>().publish("mine", "only you"), 1);
    ada.expect("only you").await;
    it.close(4002, "bye");
    assert_eq!(ada.closed().await, (Some(4002), "bye".to_owned()));
    twin.send_frame("who am I?").await;
    assert_ne!(twin.receive().await, number);
}

#[tokio::test]
async fn a_background_that_panics_begins_again() {
    let handlers = Arc::new(Handlers::default());
    let _server = TestServer::start(server(&handlers));
    within(handlers.works.notified()).await;
    assert_eq!(handlers.begun.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_request_in_memory_is_judged_as_any_other() {
    let server = start();
    let refused = |refused: Result<Connection<News>, Refused>| refused.unwrap_err().to_string();
    assert_eq!(
        refused(server.connect(News, "/news/2026").await),
        "401: a valid credential is expected"
    );
    let bad = server.connect(News, "/news/2026");
    let bad = bad.header("Authorization", "Bearer bad").await;
    assert!(refused(bad).starts_with("401: "));
    let old = server.connect(News, "/news/1999");
    let old = old.header("Authorization", "Bearer ada").await;
    assert_eq!(refused(old), "404: nothing was new");
    let good = server.connect(News, "/news/2026");
    let mut ada = good.header("Authorization", "Bearer ada").await.unwrap();
    ada.expect("welcome").await;
    assert_eq!(server.handle().principal("ada").ids().count(), 1);
    ada.close(1000, "").await;
}

/// What an application has behind an `Arc` already.
#[derive(Default)]
struct State(AtomicU64);

impl Handler<News> for Arc<State> {
    type Session = ();

    async fn connect(&self, _: Handshake) -> Result<(), Reject> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn state_behind_an_arc_may_be_the_handlers() {
    let state = Arc::new(State::default());
    let handlers = Arc::new(state.clone());
    let server = Server::new("test").channel("/news/{year}", News, &handlers);
    let server = TestServer::start(server);
    server.connect(News, "/news/2026").await.unwrap();
    assert_eq!(state.0.load(Ordering::SeqCst), 1);
}

/// Where only numbers are taken.
struct Numbers;

/// A message with a number.
struct Number;

impl Decode for Number {
    fn read(frame: &Frame) -> Result<Self, DecodeError> {
        #[derive(serde::Deserialize)]
        struct Payload {
            #[serde(rename = "number")]
            _number: u64,
        }
        codegen::from_json::<Payload>(frame.bytes()).map(|_| Self)
    }

    fn name(&self) -> &'static str {
        "number"
    }
}

impl Channel for Numbers {
    const NAME: &'static str = "numbers";
    type Request = Handshake;
    type Inbound = Number;
    type Outbound = Message;
}

impl<H: Handler<Self>> Dispatch<H> for Numbers {
    async fn receive(
        _: &H,
        cx: &mut Context<'_, H::Session, Message>,
        _: Number,
    ) -> Result<(), Error> {
        cx.send("a number").await
    }
}

impl Handler<Numbers> for Handlers {
    type Session = ();

    async fn connect(&self, _: Handshake) -> Result<(), Reject> {
        Ok(())
    }

    async fn invalid(
        &self,
        cx: &mut Context<'_, (), Message>,
        error: DecodeError,
    ) -> Result<(), Error> {
        match error.value::<String>("/id") {
            Some(id) => cx.send(format!("{id}: {error}")).await,
            None => cx.refuse(error),
        }
    }
}

#[tokio::test]
async fn a_request_that_is_wrong_is_answered_with_its_id() {
    let handlers = Arc::new(Handlers::default());
    let server = Server::new("test").channel("/numbers", Numbers, &handlers);
    let server = TestServer::start(server);
    let mut client = server.connect(Numbers, "/numbers").await.unwrap();
    client
        .send(&serde_json::json!({"id": "r1", "number": -1}))
        .await;
    let answer = client.receive().await;
    let answer = String::from_utf8_lossy(answer.as_bytes()).into_owned();
    assert!(answer.starts_with("r1: invalid: "), "{answer}");
    client
        .send(&serde_json::json!({"id": "r2", "number": 1}))
        .await;
    client.expect("a number").await;
    client.send(&serde_json::json!({"id": 3})).await;
    assert_eq!(client.closed().await.0, Some(1008));
}

#[tokio::test]
#[should_panic(expected = "another message than raw")]
async fn another_message_than_expected_fails_a_test() {
    let server = start();
    let mut ada = news(&server, "ada").await;
    ada.send_frame("who am I?").await;
    ada.expect("nobody").await;
}

#[tokio::test]
#[should_panic(expected = "/lobby is served by the channel \"lobby\", not by \"news\"")]
async fn a_path_of_another_channel_fails_a_test() {
    let _ = start().connect(News, "/lobby").await;
}

#[cfg(feature = "tower")]
mod mounted {
    use hyper::Request;
    use tower_service::Service;
    use wsgen_runtime::Config;

    use super::*;

    #[tokio::test]
    async fn whom_the_application_has_authenticated_is_asked_for_no_credential() {
        let mut api = server(&Arc::default())
            .mount(Config::default())
            .await
            .unwrap();
        let mut status = async |principal: Option<Principal>| {
            let mut request = Request::get("/lobby")
                .header("Host", "localhost")
                .header("Connection", "Upgrade")
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13")
                .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
                .body(String::new())
                .unwrap();
            if let Some(principal) = principal {
                request.extensions_mut().insert(principal);
            }
            api.call(request).await.unwrap().status().as_u16()
        };
        assert_eq!(status(None).await, 401);
        // Let in; but nothing is there that could be upgraded.
        assert_eq!(status(Some(Principal::new("ada"))).await, 501);
    }
}
