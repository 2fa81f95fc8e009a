//! What happens at `/rooms/{room}`.

use std::sync::atomic::Ordering;

use wsgen_runtime::{CloseReason, Error, Handler, Reject, Topics};

use super::Handlers;
use crate::generated::messages::{
    MemberJoined, MemberLeft, MemberTyping, MessagePosted, SendMessage, SetTyping, Welcome,
};
use crate::generated::room::{Context, Outbound, Request, Room, Route};

/// Somebody in a room.
pub struct Member {
    room: String,
    nickname: String,
}

impl Handler<Route> for Handlers {
    type Session = Member;

    async fn connect(&self, request: Request) -> Result<Member, Reject> {
        let Request { room, nickname, .. } = request;
        if !self.roster.enter(&room, &nickname) {
            return Err(Reject::status(409, "somebody here has this name already"));
        }
        Ok(Member { room, nickname })
    }

    async fn connected(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        cx.join(&cx.session.room).await;
        let nickname = cx.session.nickname.clone();
        cx.publish_except_self(&cx.session.room, MemberJoined { nickname });
        let members = self.roster.members(&cx.session.room);
        cx.send(Welcome { members }).await
    }

    async fn disconnected(&self, session: Member, _reason: CloseReason, topics: &Topics<Outbound>) {
        let Member { room, nickname } = session;
        self.roster.leave(&room, &nickname);
        topics.publish(room, MemberLeft { nickname });
    }
}

impl Room for Handlers {
    async fn send_message(
        &self,
        cx: &mut Context<'_, Self>,
        message: SendMessage,
    ) -> Result<(), Error> {
        let id = self.posted.fetch_add(1, Ordering::Relaxed) + 1;
        let from = cx.session.nickname.clone();
        let posted = MessagePosted {
            id,
            from,
            text: message.text,
        };
        cx.publish(&cx.session.room, posted);
        Ok(())
    }

    async fn set_typing(
        &self,
        cx: &mut Context<'_, Self>,
        message: SetTyping,
    ) -> Result<(), Error> {
        let nickname = cx.session.nickname.clone();
        let typing = MemberTyping {
            nickname,
            typing: message.typing,
        };
        cx.publish_except_self(&cx.session.room, typing);
        Ok(())
    }
}
