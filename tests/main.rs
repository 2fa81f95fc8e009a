//! Everything that needs the disk, a process, or a socket: one binary, a module for each concern.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that cannot go on fails, and nobody but this binary reaches its items"
)]

mod axum;
mod bad_input;
mod binding_page;
mod build_script;
mod check;
mod circles;
mod client;
mod commands;
mod compiles;
mod config;
mod corpus;
mod corpus_compiles;
mod deployment;
mod descriptions;
mod diff;
mod dispatch;
mod documents;
mod examples;
mod exchange;
mod generate;
mod init;
mod interrupted;
mod new;
mod package;
mod said;
mod schemas;
mod server;
mod servers;
mod story;
mod support;
mod twins;
mod ui;
mod watch;
