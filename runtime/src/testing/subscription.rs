//! Somebody on a topic who only listens.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use wsgen_protocol::Message;
use wsgen_topics::{ConnectionId, Connections, Hub, Membership, Outbox};

use super::expected::{assert_is, in_time};
use crate::codegen::Channel;

/// What is published on a topic of the channel `C`, from when [`TestServer::subscribe`](super::TestServer::subscribe) was
/// called.
pub struct Subscription<C> {
    member: Membership,
    published: VecDeque<Message>,
    channel: PhantomData<fn() -> C>,
}

impl<C: Channel> Subscription<C> {
    pub(super) async fn new(hub: Arc<Hub>, connections: Connections, topic: &str) -> Self {
        let outbox = Arc::new(Outbox::new(connections));
        let member = Membership::new(ConnectionId::next(), outbox, hub, None);
        member.join(topic).await;
        Self {
            member,
            published: VecDeque::new(),
            channel: PhantomData,
        }
    }

    /// The next message that is published there.
    ///
    /// # Panics
    /// When nothing is for 20 s.
    pub async fn receive(&mut self) -> Message {
        in_time("a message", poll_fn(|cx| self.poll_receive(cx))).await
    }

    /// Waits for the next message that is published there, which has to be this one.
    ///
    /// # Panics
    /// When it is another one, or none.
    pub async fn expect(&mut self, message: impl Into<C::Outbound>) {
        let received = self.receive().await;
        assert_is(&received, message.into());
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Message> {
        let outbox = self.member.outbox();
        outbox.register(cx.waker());
        outbox.take(true, |delivery| {
            self.published.push_back(delivery.message);
            true
        });
        self.published
            .pop_front()
            .map_or(Poll::Pending, Poll::Ready)
    }
}

impl<C> fmt::Debug for Subscription<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Subscription")
            .finish_non_exhaustive()
    }
}

impl<C> Drop for Subscription<C> {
    fn drop(&mut self) {
        self.member.end();
    }
}
