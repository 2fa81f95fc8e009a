//! What stands for TLS in a program that was built without it.

use std::convert::Infallible;
use std::io;

use tokio::net::TcpStream;
use wsgen_config as config;

use crate::listen::socket::Socket;

/// There is none.
pub(crate) struct Tls(Infallible);

impl Tls {
    /// Nothing, unless the settings ask for TLS.
    ///
    /// # Errors
    /// They do.
    pub(crate) fn new(tls: &config::Tls) -> Result<Option<Self>, String> {
        match super::is_wanted(tls) {
            false => Ok(None),
            true => Err(
                "[tls] is set, but this program was built without TLS: turn on the feature `tls` of wsgen-runtime"
                    .to_owned(),
            ),
        }
    }

    pub(crate) async fn accept(&self, _: TcpStream) -> io::Result<Socket> {
        match self.0 {}
    }

    pub(crate) async fn keep_fresh(&self) {
        match self.0 {}
    }
}
