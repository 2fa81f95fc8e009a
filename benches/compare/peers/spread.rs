//! One topic with many members, on wsgen's runtime, and what a program without topics would do: a loop over connections.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wsgen_runtime::codegen::Endpoint;
use wsgen_runtime::{Config, Context, Error, Handshake, Message, Reject, Sender, Server};

/// Where what comes is published on a topic, and where it is sent in a loop. `LOOP` knows one server only.
pub(crate) const TOPIC: &str = "/topic";
pub(crate) const LOOP: &str = "/loop";
/// Where `COUNT` has so many topics joined, or left if they are.
pub(crate) const TOPICS: &str = "/topics";

/// What is said once somebody gets what is published; once a number of topics is dealt with.
pub(crate) const DONE: &str = "done";

/// Serves on a free port, with a broker if there is a `url`.
pub(crate) async fn serve(url: Option<&str>) -> io::Result<()> {
    let server = Server::new("spread")
        .route(TOPIC, Topic)
        .route(LOOP, Loop::default())
        .route(TOPICS, Topics);
    let listening = server
        .bind(settings(url).map_err(io::Error::other)?)
        .await
        .map_err(io::Error::other)?;
    super::say_port(listening.address().port());
    listening.run_until(std::future::pending()).await;
    Ok(())
}

fn settings(url: Option<&str>) -> Result<Config, wsgen_runtime::ConfigError> {
    let broker = url.map_or_else(String::new, |url| {
        let kind = url.split(':').next().unwrap_or_default();
        format!("[broker]\nkind = {kind:?}\nurl = {url:?}\n")
    });
    let mut config = Config::from_toml(&broker)?;
    let defaults = super::wsgen::settings();
    config.listen = defaults.listen;
    config.admin = defaults.admin;
    config.limits = defaults.limits;
    config.rates = defaults.rates;
    config.heartbeat = defaults.heartbeat;
    Ok(config)
}

struct Topic;

impl Endpoint for Topic {
    const CHANNEL: &'static str = "topic";
    type Session = ();
    type Inbound = Message;
    type Outbound = Message;

    async fn connect(&self, _: Handshake) -> Result<(), Reject> {
        Ok(())
    }

    async fn connected(&self, cx: &mut Context<'_, (), Message>) -> Result<(), Error> {
        cx.join("everybody").await;
        cx.send(DONE).await
    }

    async fn receive(
        &self,
        cx: &mut Context<'_, (), Message>,
        message: Message,
    ) -> Result<(), Error> {
        cx.publish("everybody", message);
        Ok(())
    }
}

/// Sends to every connection for itself, each time encoded anew.
#[derive(Default)]
struct Loop(Mutex<Vec<Sender<Message>>>);

impl Loop {
    fn senders(&self) -> MutexGuard<'_, Vec<Sender<Message>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Endpoint for Loop {
    const CHANNEL: &'static str = "loop";
    type Session = ();
    type Inbound = Message;
    type Outbound = Message;

    async fn connect(&self, _: Handshake) -> Result<(), Reject> {
        Ok(())
    }

    async fn connected(&self, cx: &mut Context<'_, (), Message>) -> Result<(), Error> {
        let sender = cx.sender();
        self.senders().push(sender);
        cx.send(DONE).await
    }

    async fn receive(
        &self,
        _: &mut Context<'_, (), Message>,
        message: Message,
    ) -> Result<(), Error> {
        let senders = self.senders().clone();
        for sender in senders {
            let copy = String::from_utf8_lossy(message.as_bytes()).into_owned();
            // Who is gone gets nothing.
            let _ = sender.send(copy).await;
        }
        Ok(())
    }
}

struct Topics;

impl Endpoint for Topics {
    const CHANNEL: &'static str = "topics";
    type Session = bool;
    type Inbound = Message;
    type Outbound = Message;

    async fn connect(&self, _: Handshake) -> Result<bool, Reject> {
        Ok(false)
    }

    async fn receive(
        &self,
        cx: &mut Context<'_, bool, Message>,
        message: Message,
    ) -> Result<(), Error> {
        let count = String::from_utf8_lossy(message.as_bytes()).parse::<usize>()?;
        for number in 0..count {
            let topic = format!("topic:{number}");
            match *cx.session {
                true => cx.leave(topic),
                false => drop(cx.join(topic).await),
            }
        }
        *cx.session = !*cx.session;
        cx.send(DONE).await
    }
}
