//! A server whose clients are in the same process: handlers are tested without sockets.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;

use bytes::Bytes;
use hyper::header::{
    CONNECTION, HOST, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::request::{Builder, Parts};
use hyper::{Request, Response};
use wsgen_authentication::Principal;
use wsgen_config::Config;

use super::connection::Connection;
use super::subscription::Subscription;
use crate::handler::channel::Channel;
use crate::handler::handle::Handle;
use crate::listen::bind::NOWHERE;
use crate::listen::socket::Socket;
use crate::serve::running::Running;
use crate::serve::server::Server;
use crate::upgrade::refusal::Refusal;
use crate::upgrade::{self, Identity};

/// How many bytes may be on the way in each direction.
const ON_THE_WAY: usize = 64 * 1024;

/// A server that listens nowhere: its clients connect in memory. Everything from the request on is as in production:
/// authentication, parameters, limits, sessions, topics.
///
/// Dropping it ends it. It needs a multi-threaded or a current-thread tokio runtime, such as `#[tokio::test]` has.
///
/// ```no_run
/// # use wsgen_runtime::{Server, codegen::Channel, testing::TestServer};
/// # async fn example<Route: Channel<Outbound: From<String>>>(server: Server, room: Route) {
/// let server = TestServer::start(server);
/// let mut ada = server.connect(room, "/ws/rooms/lobby?nickname=ada").await.unwrap();
/// ada.send(&serde_json::json!({ "type": "sendMessage", "text": "hello" })).await;
/// ada.expect("hello".to_owned()).await;
/// # }
/// ```
pub struct TestServer(Running);

impl TestServer {
    /// Starts a server with the default settings.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(server: Server) -> Self {
        Self::with(server, Config::default())
    }

    /// Starts a server with these settings.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn with(server: Server, config: Config) -> Self {
        match server.run(config) {
            Ok(running) => Self(running),
            Err(error) => panic!("the server does not start: {error}"),
        }
    }

    /// What the rest of a program does with the server: it publishes, and addresses connections.
    pub fn handle(&self) -> &Handle {
        &self.0.service.handle
    }

    /// Asks for a connection on a channel: `target` is the path with the parameters in it, and the query.
    pub fn connect<C: Channel>(&self, _channel: C, target: &str) -> Connecting<'_, C> {
        let request = Request::get(target)
            .header(HOST, "localhost")
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==");
        Connecting {
            server: self,
            request,
            principal: None,
            channel: PhantomData,
        }
    }

    /// Joins a topic as somebody who only listens, to see what is published there from now on.
    pub async fn subscribe<C: Channel>(&self, _channel: C, topic: &str) -> Subscription<C> {
        let service = &self.0.service;
        let topics = service.handle.topics::<C>();
        Subscription::new(topics.hub().clone(), service.connections.clone(), topic).await
    }

    /// Ends the server as a signal does: connections are closed with 1012.
    pub async fn drain(self) {
        self.0.drain().await;
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TestServer").finish_non_exhaustive()
    }
}

/// A request for a connection, which is sent when it is awaited.
#[must_use = "nothing is sent until it is awaited"]
pub struct Connecting<'a, C> {
    server: &'a TestServer,
    request: Builder,
    principal: Option<Principal>,
    channel: PhantomData<fn() -> C>,
}

impl<C> Connecting<'_, C> {
    /// Adds a header, such as a credential.
    ///
    /// # Panics
    /// When it is no header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name);
        let value = HeaderValue::try_from(value);
        match (name, value) {
            (Ok(name), Ok(value)) => self.request = self.request.header(name, value),
            (name, value) => panic!("no header: {name:?}: {value:?}"),
        }
        self
    }

    /// Connects as somebody who was authenticated: nobody is asked for a credential, and every scheme of the document counts
    /// as shown.
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }
}

impl<'a, C: Channel> IntoFuture for Connecting<'a, C> {
    type Output = Result<Connection<C>, Refused>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let head = match self.request.body(()) {
            Ok(request) => request.into_parts().0,
            Err(error) => panic!("no request: {error}"),
        };
        let identity = Identity {
            certificate: None,
            principal: self.principal,
        };
        Box::pin(connect(&self.server.0, head, identity))
    }
}

/// Sends a request, and begins the session where it is agreed to.
async fn connect<C: Channel>(
    server: &Running,
    head: Parts,
    identity: Identity,
) -> Result<Connection<C>, Refused> {
    let service = &server.service;
    let place = Running::place(service).map_err(|reject| Refused {
        status: reject.status.as_u16(),
        reason: reject.reason,
    })?;
    let matched = service.routes.at(head.uri.path());
    let channel = matched.map_or(C::NAME, |matched| matched.value.channel());
    assert!(
        channel == C::NAME,
        "{} is served by the channel {channel:?}, not by {:?} ({})",
        head.uri.path(),
        C::NAME,
        type_name::<C>()
    );
    match upgrade::answer(service, NOWHERE, identity, head, false).await {
        Ok(agreed) => {
            let (ours, theirs) = tokio::io::duplex(ON_THE_WAY);
            let socket = Socket::Memory(theirs);
            agreed.start(service, socket, Bytes::new(), Vec::new(), place);
            Ok(Connection::new(ours))
        }
        Err(Refusal::Http(response)) => Err(Refused::of(response)),
        // There is no page in a browser, but for a header that says so.
        Err(Refusal::Close(_, frame)) => Err(Refused {
            status: 101,
            reason: String::from_utf8_lossy(frame.get(4..).unwrap_or_default()).into_owned(),
        }),
    }
}

/// A request for a connection was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The status of the answer, such as 401; 101 where a page is told by a Close frame.
    pub status: u16,
    /// Why, as the client is told.
    pub reason: String,
}

impl Refused {
    fn of(response: Response<upgrade::http::Text>) -> Self {
        let status = response.status().as_u16();
        Self {
            status,
            reason: response.into_body().into_text(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.status, self.reason)
    }
}

impl std::error::Error for Refused {}

impl<C> fmt::Debug for Connecting<'_, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connecting").finish_non_exhaustive()
    }
}
