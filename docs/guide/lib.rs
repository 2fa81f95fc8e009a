#![doc = include_str!("README.md")]

#[doc = include_str!("1-first-server.md")]
pub mod first_server {}
#[doc = include_str!("2-rooms-and-push.md")]
pub mod rooms_and_push {}
#[doc = include_str!("3-request-and-reply.md")]
pub mod request_and_reply {}
#[doc = include_str!("4-authentication.md")]
pub mod authentication {}
#[doc = include_str!("5-testing.md")]
pub mod testing {}
#[doc = include_str!("6-production.md")]
pub mod production {}
#[doc = include_str!("7-several-machines.md")]
pub mod several_machines {}
#[doc = include_str!("8-upgrading.md")]
pub mod upgrading {}
