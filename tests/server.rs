//! Generated servers, driven by a client that this project did not write.

use chat::generated::servers as chat_servers;
use dashboard::generated::servers as dashboard_servers;
use game::generated::servers as game_servers;
use iot::generated::servers as iot_servers;
use serde_json::{Value, json};
use trading::generated::servers as trading_servers;

use crate::support::client::{Client, request, upgrade};
use crate::support::running::{Running, done};

async fn chat() -> Running {
    Running::start(chat_servers::production(chat::Handlers::default())).await
}

/// Somebody in the room `rust` who has been welcomed.
async fn member(server: &Running, nickname: &str) -> Client {
    let path = format!("/ws/rooms/rust?nickname={nickname}");
    let mut client = Client::connect(server.address, &path).await;
    assert_eq!(client.receive().await["type"], "welcome");
    client
}

#[tokio::test]
async fn a_message_reaches_its_handler_and_the_reply_comes_back() {
    let server = chat().await;
    let mut ada = member(&server, "ada").await;
    ada.send(&json!({"type": "sendMessage", "text": "Hello, wörld!"}))
        .await;
    let posted = json!({"type": "messagePosted", "id": 1, "from": "ada", "text": "Hello, wörld!"});
    assert_eq!(ada.receive().await, posted);
}

#[tokio::test]
async fn two_clients_meet_in_a_room() {
    let server = chat().await;
    let mut ada = member(&server, "ada").await;
    let mut grace = Client::connect(server.address, "/ws/rooms/rust?nickname=grace").await;
    let welcome = json!({"type": "welcome", "members": ["ada", "grace"]});
    assert_eq!(grace.receive().await, welcome);
    let joined = json!({"type": "memberJoined", "nickname": "grace"});
    assert_eq!(ada.receive().await, joined);
    grace
        .send(&json!({"type": "setTyping", "typing": true}))
        .await;
    let typing = json!({"type": "memberTyping", "nickname": "grace", "typing": true});
    assert_eq!(ada.receive().await, typing);
    grace
        .send(&json!({"type": "sendMessage", "text": "hi"}))
        .await;
    // The first that Grace gets: what she types is told to the others alone.
    assert_eq!(grace.receive().await["type"], "messagePosted");
    assert_eq!(ada.receive().await["from"], "grace");
    grace.close().await;
    let left = json!({"type": "memberLeft", "nickname": "grace"});
    assert_eq!(ada.receive().await, left);
}

#[tokio::test]
async fn rooms_do_not_hear_each_other() {
    let server = chat().await;
    let mut ada = member(&server, "ada").await;
    let mut grace = Client::connect(server.address, "/ws/rooms/c%2B%2B?nickname=ada").await;
    let welcome = json!({"type": "welcome", "members": ["ada"]});
    assert_eq!(grace.receive().await, welcome);
    grace
        .send(&json!({"type": "sendMessage", "text": "elsewhere"}))
        .await;
    assert_eq!(grace.receive().await["text"], "elsewhere");
    ada.send(&json!({"type": "sendMessage", "text": "here"}))
        .await;
    assert_eq!(ada.receive().await["text"], "here");
}

#[tokio::test]
async fn bad_messages_end_their_own_connection_with_the_right_code() {
    let server = chat().await;
    let mut bystander = member(&server, "bystander").await;
    let oversize = json!({"type": "sendMessage", "text": "x".repeat(64 * 1024)}).to_string();
    let too_long = json!({"type": "sendMessage", "text": "x".repeat(2001)}).to_string();
    let cases = [
        ("malformed", "{\"type\":", 1007),
        ("no JSON", "hello", 1007),
        ("unknown", r#"{"type":"dance"}"#, 1008),
        ("no type", "{}", 1008),
        ("incomplete", r#"{"type":"sendMessage"}"#, 1008),
        ("wrong type", r#"{"type":"sendMessage","text":1}"#, 1008),
        ("too short", r#"{"type":"sendMessage","text":""}"#, 1008),
        ("too long", too_long.as_str(), 1008),
        ("oversize", oversize.as_str(), 1009),
    ];
    for (case, message, code) in cases {
        let mut mallory = member(&server, "mallory").await;
        assert_eq!(bystander.receive().await["type"], "memberJoined", "{case}");
        mallory.send_text(message).await;
        assert_eq!(mallory.closed().await, code, "{case}");
        assert_eq!(bystander.receive().await["type"], "memberLeft", "{case}");
    }
}

#[tokio::test]
async fn who_may_not_connect_is_told_so_by_http() {
    let server = chat().await;
    let _ada = member(&server, "ada").await;
    let cases = [
        ("/ws/rooms/rust?nickname=ada", "HTTP/1.1 409 "),
        ("/ws/rooms/rust", "HTTP/1.1 400 "),
        ("/ws/rooms/rust?nickname=", "HTTP/1.1 400 "),
        ("/rooms/rust?nickname=grace", "HTTP/1.1 404 "),
    ];
    for (path, status) in cases {
        let answer = request(server.address, &upgrade(path, "")).await;
        assert!(answer.starts_with(status), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_shutdown_tells_everybody_to_come_again() {
    let server = chat().await;
    let page = server.admin_page("/readyz").await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    let mut ada = member(&server, "ada").await;
    let mut grace = member(&server, "grace").await;
    assert_eq!(ada.receive().await["type"], "memberJoined");
    let stopping = server.stop();
    // Who is closed first is not said, nor whether the other one sees it.
    for client in [&mut ada, &mut grace] {
        assert_eq!(client.closed_after("memberLeft").await, 1012);
    }
    done(stopping).await;
}

#[tokio::test]
async fn screens_get_the_metrics_that_they_subscribe_to() {
    let server = Running::start(dashboard_servers::dashboard(dashboard::Handlers::default())).await;
    let mut screen = Client::connect(server.address, "/live/metrics").await;
    screen
        .send(&json!({"type": "subscribe", "metric": "visitors"}))
        .await;
    let snapshot = screen.receive_type("snapshot").await;
    assert_eq!(snapshot["metric"], "visitors");
    let sample = screen.receive_type("sample").await;
    assert_eq!(sample["metric"], "visitors");
    assert!(sample["value"].is_number(), "{sample}");
}

#[tokio::test]
async fn players_of_an_arena_see_each_other_move() {
    let server = Running::start(game_servers::game(game::Handlers::default())).await;
    let mut ada = Client::connect(server.address, "/arenas/one?name=ada").await;
    assert_eq!(ada.receive_type("welcome").await["id"], 1);
    let mut other = Client::connect(server.address, "/arenas/one").await;
    assert_eq!(other.receive_type("welcome").await["id"], 2);
    let at_start = |state: &Value| state["players"][0]["at"]["x"] == 8;
    let state = other.receive_type("state").await;
    assert!(at_start(&state), "{state}");
    assert_eq!(state["players"][0]["name"], "ada");
    assert_eq!(state["players"][1]["name"], "anonymous");
    ada.send(&json!({"type": "steer", "direction": "left"}))
        .await;
    while at_start(&other.receive_type("state").await) {}
    ada.send(&json!({"type": "steer", "direction": "sideways"}))
        .await;
    assert_eq!(ada.closed_after("state").await, 1008);
}

#[tokio::test]
async fn devices_come_in_with_their_own_key_only() {
    let handlers = iot::Handlers::with_keys("greenhouse-7.secret, greenhouse-8.other");
    let server = Running::start(iot_servers::devices(handlers)).await;
    let path = "/ws/devices/greenhouse-7";
    let cases = [
        ("", "HTTP/1.1 401 "),
        ("X-Api-Key: greenhouse-7.wrong\r\n", "HTTP/1.1 401 "),
        ("X-Api-Key: greenhouse-7.\r\n", "HTTP/1.1 401 "),
        ("X-Api-Key: greenhouse-8.other\r\n", "HTTP/1.1 403 "),
    ];
    for (header, status) in cases {
        let answer = request(server.address, &upgrade(path, header)).await;
        assert!(answer.starts_with(status), "{header:?}: {answer}");
    }
    let key = [("x-api-key", "greenhouse-7.secret")];
    let mut device = Client::with_headers(server.address, path, &key).await;
    device
        .send(&json!({"type": "telemetry", "celsius": 31.5, "humidity": 40}))
        .await;
    let command = json!({"type": "setWindow", "commandId": 1, "open": true});
    assert_eq!(device.receive().await, command);
    device
        .send(&json!({"type": "commandDone", "commandId": 1, "succeeded": true}))
        .await;
    device
        .send(&json!({"type": "telemetry", "celsius": 25, "humidity": 40, "battery": 5}))
        .await;
    // The window stays open between cold and warm.
    let command = json!({"type": "setInterval", "commandId": 2, "seconds": 600});
    assert_eq!(device.receive().await, command);
}

#[tokio::test]
async fn nobody_comes_in_where_no_key_is_known() {
    let server = Running::start(iot_servers::devices(iot::Handlers::with_keys(""))).await;
    for header in ["X-Api-Key: .\r\n", "X-Api-Key: greenhouse-7.\r\n"] {
        let request_text = upgrade("/ws/devices/greenhouse-7", header);
        let answer = request(server.address, &request_text).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
}

#[tokio::test]
async fn orders_are_answered_and_trades_are_told() {
    let handlers = trading::Handlers::with_keys("ada.1,grace.2");
    let server = Running::start(trading_servers::live(handlers)).await;
    let mut ada = Client::connect(server.address, "/ws/exchange?key=ada.1").await;
    let mut grace = Client::connect(server.address, "/ws/exchange?key=grace.2").await;

    ada.send(&json!({"type": "watch", "symbol": "ACME"})).await;
    ada.send(&order("a1", "ACME", "sell", 1250, 10)).await;
    let accepted = json!({"type": "orderAccepted", "requestId": "a1", "orderId": 1, "traded": 0});
    assert_eq!(ada.receive().await, accepted);

    grace.send(&order("g1", "ACME", "buy", 1300, 4)).await;
    let accepted = json!({"type": "orderAccepted", "requestId": "g1", "orderId": 2, "traded": 4});
    assert_eq!(grace.receive().await, accepted);
    let trade = json!({"type": "trade", "symbol": "ACME", "price": 1250, "quantity": 4});
    assert_eq!(ada.receive().await, trade);

    grace.send(&order("g2", "NONE", "buy", 1, 1)).await;
    let rejected = json!({"type": "orderRejected", "requestId": "g2", "reason": "unknownSymbol"});
    assert_eq!(grace.receive().await, rejected);

    let cancel = json!({"type": "cancelOrder", "requestId": "c", "orderId": 1});
    for (trader, left) in [(&mut grace, 0), (&mut ada, 6)] {
        trader.send(&cancel).await;
        let cancelled = json!({"type": "orderCancelled", "requestId": "c", "quantity": left});
        assert_eq!(trader.receive().await, cancelled);
    }
}

#[tokio::test]
async fn strangers_do_not_trade() {
    let server = Running::start(trading_servers::live(trading::Handlers::default())).await;
    for path in ["/ws/exchange", "/ws/exchange?key=demo.demo"] {
        let answer = request(server.address, &upgrade(path, "")).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{path}: {answer}");
    }
}

fn order(id: &str, symbol: &str, side: &str, price: u64, quantity: u64) -> Value {
    json!({
        "type": "placeOrder", "requestId": id, "symbol": symbol, "side": side,
        "price": price, "quantity": quantity,
    })
}
