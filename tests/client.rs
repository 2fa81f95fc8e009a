//! Generated clients, against the servers of the same documents.

use std::net::SocketAddr;
use std::time::Duration;

use chat::generated::client::room;
use chat::generated::messages::{MemberJoined, MessagePosted, SendMessage, Welcome};
use chat::generated::room::Outbound as InRoom;
use chat::generated::servers as chat_servers;
use trading::generated::client::{exchange, targets};
use trading::generated::exchange::{Outbound, PlaceOrderReply};
use trading::generated::messages::{CancelOrder, PlaceOrder, Side, Trade, Watch};
use trading::generated::servers as trading_servers;
use wsgen_runtime::client::{
    ClientError, CloseCode, Closed, ConnectError, Event, Reconnect, Target,
};

use crate::support::running::{Running, done};
use crate::support::within;

fn target(address: SocketAddr) -> Target {
    Target::new(format!("ws://{address}/ws"))
}

/// Somebody in the room `c++ & more`.
async fn member(target: Target, nickname: &str) -> Result<room::Client, ConnectError> {
    let parameters = room::Parameters {
        room: "c++ & more".to_owned(),
        nickname: nickname.to_owned(),
    };
    within(room::Client::connect(target, parameters)).await
}

async fn message(client: &room::Client) -> InRoom {
    match within(client.next()).await {
        Some(Event::Message(message)) => message,
        other => panic!("a message, not {other:?}"),
    }
}

fn say(text: &str) -> SendMessage {
    SendMessage {
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn members_talk_by_generated_clients() {
    let server = Running::start(chat_servers::production(chat::Handlers::default())).await;
    let ada = member(target(server.address), "ada").await.unwrap();
    let members = vec!["ada".to_owned()];
    assert_eq!(message(&ada).await, InRoom::Welcome(Welcome { members }));
    let grace = member(target(server.address), "grace").await.unwrap();
    assert!(matches!(message(&grace).await, InRoom::Welcome(_)));
    let nickname = "grace".to_owned();
    assert_eq!(
        message(&ada).await,
        InRoom::MemberJoined(MemberJoined { nickname })
    );

    grace.send(say("hello")).await.unwrap();
    let posted = InRoom::MessagePosted(MessagePosted {
        id: 1,
        from: "grace".to_owned(),
        text: "hello".to_owned(),
    });
    assert_eq!(
        [message(&ada).await, message(&grace).await],
        [posted.clone(), posted]
    );

    grace.close().await;
    let normal = Closed {
        code: Some(CloseCode::Normal),
        reason: String::new(),
    };
    assert_eq!(within(grace.next()).await, Some(Event::Closed(normal)));
    assert_eq!(within(grace.next()).await, None);
    assert!(matches!(
        grace.send(say("late")).await,
        Err(ClientError::Disconnected)
    ));
    assert!(matches!(message(&ada).await, InRoom::MemberLeft(_)));

    // What the server's own rules refuse, it closes for.
    ada.send(say("")).await.unwrap();
    match within(ada.next()).await {
        Some(Event::Closed(closed)) => {
            assert_eq!(closed.code, Some(CloseCode::PolicyViolation));
            assert!(closed.reason.contains("text"), "{}", closed.reason);
        }
        other => panic!("the end, not {other:?}"),
    }
}

#[tokio::test]
async fn a_refusal_says_why() {
    let server = Running::start(chat_servers::production(chat::Handlers::default())).await;
    let _ada = member(target(server.address), "ada").await.unwrap();
    match member(target(server.address), "ada").await {
        Err(ConnectError::Refused {
            status: 409,
            reason,
        }) => {
            assert_eq!(reason, "somebody here has this name already");
        }
        other => panic!("409, not {other:?}"),
    }
    let nowhere = Target::new("wss://127.0.0.1:1").connect_timeout(Duration::from_millis(100));
    assert!(member(nowhere, "ada").await.is_err());
    let wrong = member(Target::new("http://127.0.0.1"), "ada").await;
    assert!(matches!(wrong, Err(ConnectError::Invalid(_))), "{wrong:?}");
}

#[tokio::test]
async fn requests_get_their_own_replies() {
    let handlers = trading::Handlers::with_keys("ada.1,grace.2");
    let server = Running::start(trading_servers::live(handlers)).await;
    let trader = async |key: &str| {
        let target = target(server.address).with(targets::api_key(key));
        within(exchange::Client::connect(target)).await
    };
    assert!(matches!(
        trader("ada.2").await,
        Err(ConnectError::Refused { status: 401, .. })
    ));
    let (ada, grace) = (
        trader("ada.1").await.unwrap(),
        trader("grace.2").await.unwrap(),
    );

    let symbol = "ACME".to_owned();
    ada.send(Watch {
        symbol: symbol.clone(),
    })
    .await
    .unwrap();
    // Both are on their way at once; each gets its own.
    let (first, second) = within(async {
        tokio::join!(
            ada.place_order(order("a1", 1250, 10)),
            ada.place_order(order("a2", 1300, 5))
        )
    })
    .await;
    let accepted = [first.unwrap(), second.unwrap()].map(|reply| match reply {
        PlaceOrderReply::OrderAccepted(accepted) => (accepted.request_id, accepted.order_id),
        other @ PlaceOrderReply::OrderRejected(_) => panic!("{other:?}"),
    });
    assert_eq!(accepted, [("a1".to_owned(), 1), ("a2".to_owned(), 2)]);

    let buy = PlaceOrder {
        side: Side::Buy,
        ..order("g1", 1250, 4)
    };
    let reply = within(grace.place_order(buy)).await.unwrap();
    assert!(matches!(reply, PlaceOrderReply::OrderAccepted(reply) if reply.traded == 4));
    let trade = Outbound::Trade(Trade {
        symbol,
        price: 1250,
        quantity: 4,
    });
    assert_eq!(within(ada.next()).await, Some(Event::Message(trade)));
    let request_id = "c".to_owned();
    let cancel = CancelOrder {
        request_id,
        order_id: 1,
    };
    assert_eq!(within(ada.cancel_order(cancel)).await.unwrap().quantity, 6);
}

fn order(id: &str, price: u64, quantity: u64) -> PlaceOrder {
    PlaceOrder {
        request_id: id.to_owned(),
        symbol: "ACME".to_owned(),
        side: Side::Sell,
        price,
        quantity,
    }
}

#[tokio::test]
async fn a_client_comes_back_to_a_server_that_restarts_and_says_so() {
    let server = Running::start(chat_servers::production(chat::Handlers::default())).await;
    let address = server.address;
    let reconnect = Reconnect {
        first: Duration::from_millis(20),
        most: Duration::from_millis(100),
        attempts: None,
    };
    let ada = member(target(address).reconnect(reconnect), "ada")
        .await
        .unwrap();
    assert!(matches!(message(&ada).await, InRoom::Welcome(_)));
    done(server.stop()).await;
    let _again =
        Running::start_at(address, chat_servers::production(chat::Handlers::default())).await;
    assert_eq!(within(ada.next()).await, Some(Event::Reconnected));
    assert!(matches!(message(&ada).await, InRoom::Welcome(_)));
    ada.send(say("here again")).await.unwrap();
    assert!(matches!(message(&ada).await, InRoom::MessagePosted(_)));
}
