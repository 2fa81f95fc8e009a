//! Your handlers, driven by clients in the same process: no sockets, no ports.

use chat::Handlers;
use chat::generated::messages::{
    MemberJoined, MemberLeft, MemberTyping, MessagePosted, SendMessage, SetTyping, Welcome,
};
use chat::generated::{room, servers};
use wsgen_runtime::testing::{Connection, TestServer};

fn start() -> TestServer {
    TestServer::start(servers::production(Handlers::default()))
}

/// Somebody in the room `rust`, where these are already.
async fn member(server: &TestServer, name: &str, already: &[&str]) -> Connection<room::Route> {
    let target = format!("/ws/rooms/rust?nickname={name}");
    let mut member = server.connect(room::Route, &target).await.unwrap();
    let mut members: Vec<String> = already.iter().map(|&name| name.to_owned()).collect();
    members.push(name.to_owned());
    member.expect(Welcome { members }).await;
    member
}

#[tokio::test]
async fn everybody_in_a_room_gets_its_messages() {
    let server = start();
    let mut ada = member(&server, "ada", &[]).await;
    let mut bob = member(&server, "bob", &["ada"]).await;
    let nickname = "bob".to_owned();
    ada.expect(MemberJoined { nickname }).await;

    let text = "hello".to_owned();
    ada.send(&SendMessage { text }).await;
    for member in [&mut ada, &mut bob] {
        let posted = MessagePosted {
            id: 1,
            from: "ada".to_owned(),
            text: "hello".to_owned(),
        };
        member.expect(posted).await;
    }
}

#[tokio::test]
async fn the_others_hear_who_types_and_who_leaves() {
    let server = start();
    let mut ada = member(&server, "ada", &[]).await;
    let mut room = server.subscribe(room::Route, "rust").await;
    ada.send(&SetTyping { typing: true }).await;
    let nickname = "ada".to_owned();
    room.expect(MemberTyping {
        nickname: nickname.clone(),
        typing: true,
    })
    .await;
    ada.close(1000, "").await;
    room.expect(MemberLeft { nickname }).await;
}

#[tokio::test]
async fn a_name_that_is_taken_and_a_message_without_text_are_refused() {
    let server = start();
    let mut ada = member(&server, "ada", &[]).await;
    let twin = server.connect(room::Route, "/ws/rooms/rust?nickname=ada");
    let refused = twin.await.unwrap_err();
    assert_eq!(refused.status, 409, "{refused}");
    let text = String::new();
    ada.send(&SendMessage { text }).await;
    assert_eq!(ada.closed().await.0, Some(1008));
}
