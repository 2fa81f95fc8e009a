//! What the rest of a program does with a server: publishes, and addresses connections that it has no handler of.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wsgen_protocol::Encode;
use wsgen_topics::{ConnectionId, Connections, Hub, Membership, Topics};

use crate::handler::channel::Channel;

/// A server, for code outside of the handler of a connection: another route's handler, an HTTP handler, a timer, a consumer
/// of a queue. Cheap to clone.
///
/// [`Server::handle`](crate::Server::handle) gives it before the server runs, and so do `Listening`, `Mounted` and
/// [`Context::server`](crate::Context::server). Before the server is bound nobody is connected.
///
/// ```
/// # use wsgen_runtime::{Handle, codegen::Channel};
/// # async fn example<Room: Channel<Outbound: From<String>>>(server: &Handle) {
/// // To everybody on a topic of a channel, on all servers that share a broker.
/// server.topics::<Room>().publish("news", "hello".to_owned());
/// // To all connections of somebody on that channel, on this server.
/// server.principal("ada").send::<Room>("only you".to_owned());
/// // Somebody may read along from now on.
/// server.principal("ada").join::<Room>("moderators").await;
/// // And somebody has to leave: every channel, every server.
/// server.kick("bob", 4001, "your account is closed");
/// # }
/// ```
#[derive(Clone)]
pub struct Handle(Arc<Inner>);

struct Inner {
    /// The topics of each channel that is served by handlers.
    channels: Mutex<HashMap<TypeId, Arc<Hub>>>,
    /// Set once the limits are known.
    connections: OnceLock<Connections>,
}

impl Handle {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            channels: Mutex::default(),
            connections: OnceLock::new(),
        }))
    }

    /// Adds a channel, with its topics.
    pub(crate) fn add<C: Channel>(&self, hub: Arc<Hub>) {
        let channels = self.0.channels.lock();
        let mut channels = channels.unwrap_or_else(PoisonError::into_inner);
        channels.insert(TypeId::of::<C>(), hub);
    }

    /// Says what the open connections are; to be called once, before the first one.
    pub(crate) fn connect(&self, connections: Connections) {
        // A second call would be a fault of ours, and changes nothing.
        let _ = self.0.connections.set(connections);
    }

    /// The topics of a channel, named by the `Route` of its generated module. They are there from the start: before the
    /// first connection nobody is on them.
    ///
    /// Those of a channel that this server does not serve have no members, and a line in the log says so.
    pub fn topics<C: Channel>(&self) -> Topics<C::Outbound> {
        match self.hub::<C>() {
            Some(hub) => Topics::of(hub),
            None => {
                tracing::warn!(channel = C::NAME, "this server does not serve the channel");
                Topics::new(C::NAME, Arc::default())
            }
        }
    }

    /// The connections that a principal has to this server now, over all channels.
    ///
    /// Connections to other servers are reached by a topic: let each connection join one that is named after its principal.
    pub fn principal(&self, id: &str) -> Peers<'_> {
        let connections = self.0.connections.get();
        Peers {
            server: self,
            members: connections.map_or_else(Vec::new, |all| all.of_principal(id)),
        }
    }

    /// A connection to this server; nobody, if it has ended.
    pub fn connection(&self, id: ConnectionId) -> Peers<'_> {
        let connection = self.0.connections.get().and_then(|all| all.get(id));
        Peers {
            server: self,
            members: connection.into_iter().collect(),
        }
    }

    /// Closes every connection of a principal, on all channels and on all servers that share a broker. Codes as for
    /// [`Error::close`](crate::Error::close).
    pub fn kick(&self, principal: &str, code: u16, reason: &str) {
        let channels = self.0.channels.lock();
        let hub = channels
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .next()
            .cloned();
        match hub {
            // Any channel reaches all of them.
            Some(hub) => hub.kick(principal, code, reason),
            None => self.principal(principal).close(code, reason),
        }
    }

    fn hub<C: Channel>(&self) -> Option<Arc<Hub>> {
        let channels = self.0.channels.lock();
        let channels = channels.unwrap_or_else(PoisonError::into_inner);
        channels.get(&TypeId::of::<C>()).cloned()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// Open connections to this server: those of one principal ([`Handle::principal`]), or a single one
/// ([`Handle::connection`]).
#[derive(Debug)]
pub struct Peers<'a> {
    server: &'a Handle,
    members: Vec<Arc<Membership>>,
}

impl Peers<'_> {
    /// Their numbers.
    pub fn ids(&self) -> impl Iterator<Item = ConnectionId> {
        self.members.iter().map(|member| member.id())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Sends a message to those on the channel `C`, encoded once; to how many. Those whose send queue is full do not get it.
    ///
    /// A message that cannot be encoded reaches nobody, and is logged.
    pub fn send<C: Channel>(&self, message: impl Into<C::Outbound>) -> usize {
        let message = message.into();
        let name = message.name();
        match message.encode() {
            Ok(encoded) => {
                let sent = self.on::<C>();
                sent.filter(|member| member.outbox().push_now(encoded.clone(), name).is_ok())
                    .count()
            }
            Err(error) => {
                tracing::error!(message = name, %error, "cannot be encoded");
                0
            }
        }
    }

    /// Lets those on the channel `C` join a topic of that channel, as [`Context::join`](crate::Context::join) does.
    pub async fn join<C: Channel>(&self, topic: impl AsRef<str>) {
        for member in self.on::<C>() {
            member.join(topic.as_ref()).await;
        }
    }

    /// Lets those on the channel `C` leave a topic of that channel.
    pub fn leave<C: Channel>(&self, topic: impl AsRef<str>) {
        for member in self.on::<C>() {
            member.leave(topic.as_ref());
        }
    }

    /// Closes all of them, after what was sent before. Codes as for [`Error::close`](crate::Error::close).
    pub fn close(&self, code: u16, reason: &str) {
        for member in &self.members {
            member.outbox().close(code, reason.to_owned());
        }
    }

    /// Those on a channel.
    fn on<C: Channel>(&self) -> impl Iterator<Item = &Arc<Membership>> {
        let hub = self.server.hub::<C>();
        let members = self.members.iter();
        members.filter(move |member| {
            let hub = hub.as_ref();
            hub.is_some_and(|hub| Arc::ptr_eq(hub, member.hub()))
        })
    }
}
