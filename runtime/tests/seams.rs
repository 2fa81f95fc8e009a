//! The runtime's public seams, used as a program would that is not ours. And: the rooms of the core know only those below.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use wsgen_runtime::broker::{Broker, BrokerError, Connection, Inbox, Key, Outgoing};

use crate::support::{TestServer, within};

/// A broker within this process: every server that has connected, and the topics that each has subscribed to.
#[derive(Clone, Default)]
struct Exchange(Arc<Mutex<Vec<Subscriber>>>);

struct Subscriber {
    inbox: Inbox,
    topics: HashSet<String>,
}

/// One server's connection, by its place among the subscribers.
struct Subscription {
    exchange: Exchange,
    index: usize,
}

impl Broker for Exchange {
    type Connection = Subscription;

    fn name(&self) -> String {
        "exchange".to_owned()
    }

    async fn connect(&self, inbox: Inbox) -> Result<Subscription, BrokerError> {
        let mut subscribers = self.0.lock().unwrap();
        let topics = HashSet::from([Key::of_servers().name().to_owned()]);
        subscribers.push(Subscriber { inbox, topics });
        Ok(Subscription {
            exchange: self.clone(),
            index: subscribers.len() - 1,
        })
    }
}

impl Connection for Subscription {
    async fn subscribe(&mut self, topics: &[Key]) -> Result<(), BrokerError> {
        let mut subscribers = self.exchange.0.lock().unwrap();
        let names = topics.iter().map(|key| key.name().to_owned());
        subscribers[self.index].topics.extend(names);
        Ok(())
    }

    async fn unsubscribe(&mut self, topics: &[Key]) -> Result<(), BrokerError> {
        let mut subscribers = self.exchange.0.lock().unwrap();
        for key in topics {
            subscribers[self.index].topics.remove(key.name());
        }
        Ok(())
    }

    async fn publish(&mut self, batch: &[Outgoing]) -> Result<(), BrokerError> {
        let subscribers = self.exchange.0.lock().unwrap();
        for outgoing in batch {
            let topic = outgoing.key.name();
            for subscriber in subscribers
                .iter()
                .filter(|each| each.topics.contains(topic))
            {
                subscriber.inbox.deliver(topic, &outgoing.frame);
            }
        }
        Ok(())
    }

    async fn closed(&mut self) -> BrokerError {
        std::future::pending().await
    }
}

#[tokio::test]
async fn servers_share_topics_by_a_broker_of_the_programs_own() {
    let exchange = Exchange::default();
    let mut servers = Vec::new();
    for _ in 0..2 {
        let broker = exchange.clone();
        let server = TestServer::build("", |server| server.broker(broker)).await;
        within(async {
            while !server
                .admin_page("/readyz")
                .await
                .trim_end()
                .ends_with("\nready")
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
        servers.push(server);
    }
    let mut member = servers[0].client().await;
    member.send(r#"{"type":"join","topic":"a"}"#).await;
    assert_eq!(member.text().await, r#"{"type":"said","text":"joined"}"#);

    let mut publisher = servers[1].client().await;
    publisher
        .send(r#"{"type":"publish","topic":"a","text":"from afar"}"#)
        .await;
    assert_eq!(
        publisher.text().await,
        r#"{"type":"said","text":"published to 0"}"#
    );
    assert_eq!(member.text().await, r#"{"type":"said","text":"from afar"}"#);
}

/// The rooms of the core, from the top: each knows those below it and none above.
const ROOMS: [&str; 11] = [
    "testing",
    "serve",
    "upgrade",
    "service",
    "origin",
    "session",
    "codegen",
    "handler",
    "listen",
    "observe",
    "start_error",
];

#[test]
fn arrows_between_the_rooms_of_the_core_run_down() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut arrows: HashMap<(String, String), String> = HashMap::new();
    let mut folders = vec![std::path::PathBuf::from(root)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inside = path.strip_prefix(root).unwrap();
            let room = inside.iter().next().unwrap().to_str().unwrap();
            let room = room.trim_end_matches(".rs").to_owned();
            if matches!(room.as_str(), "lib" | "fuzzing") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for line in code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
            {
                for rest in line.split("crate::").skip(1) {
                    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                    let to = rest[..end.unwrap_or(rest.len())].to_owned();
                    // Macros stand at the root of the crate, and `codegen` has them under their names.
                    if to != room && !to.starts_with("__wsgen") {
                        let place = format!("{}: {}", inside.display(), line.trim());
                        arrows.insert((room.clone(), to), place);
                    }
                }
            }
        }
    }
    assert!(arrows.len() > 20, "nothing was read: {arrows:?}");
    let floor = |room: &str| ROOMS.iter().position(|known| *known == room);
    for ((from, to), place) in arrows {
        let (Some(above), Some(below)) = (floor(&from), floor(&to)) else {
            panic!("{from} or {to} is no room: {place}");
        };
        assert!(above < below, "an arrow up from {from} to {to}: {place}");
    }
}
