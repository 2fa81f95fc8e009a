//! The generated project of `examples/echo`.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use wsgen_runtime::{Config, Server};

use super::by_hand::{self, ByHand};

/// Serves on a free port.
pub(super) async fn serve(settings: Config) -> io::Result<()> {
    let listening = server().bind(settings).await.map_err(io::Error::other)?;
    super::say_port(listening.address().port());
    listening.run_until(std::future::pending()).await;
    Ok(())
}

fn server() -> Server {
    let generated = echo::generated::servers::local(echo::Handlers::default());
    generated.route(by_hand::PATH, ByHand)
}

/// The defaults, but for the limits that a benchmark is over by its nature, and the pings that the others do not send.
pub(super) fn settings() -> Config {
    let mut config = Config::default();
    config.listen.address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into();
    config.admin.enabled = false;
    config.limits.connections_per_address = usize::MAX;
    config.limits.message_size = super::LARGEST_MESSAGE;
    config.rates.messages = 0;
    config.rates.bytes = 0;
    config.rates.control_frames = 0;
    config.heartbeat.interval = Duration::from_secs(24 * 60 * 60);
    config
}

/// The same with compression.
pub(super) fn compressed() -> Config {
    let mut config = settings();
    config.compression.enabled = true;
    config
}

/// The same by TLS.
pub(super) fn encrypted() -> Config {
    let mut config = settings();
    config.tls.self_signed = true;
    config
}
