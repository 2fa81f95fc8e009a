//! TLS for clients: by the authorities that the system trusts, so that nothing ages in this crate, and by the user's own.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::{ConnectError, Target};

/// The TLS handshake with the server called `host`.
pub(crate) async fn connect(
    target: &Target,
    host: &str,
    socket: TcpStream,
) -> Result<TlsStream<TcpStream>, ConnectError> {
    let trusted = target.trusted.clone();
    // The system's authorities are files.
    let config = tokio::task::spawn_blocking(move || config(&trusted)).await;
    let config = config.unwrap_or_else(|error| Err(ConnectError::Io(io::Error::other(error))))?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| ConnectError::Invalid(format!("the URL's host: {error}")))?;
    let connector = TlsConnector::from(Arc::new(config));
    connector
        .connect(name, socket)
        .await
        .map_err(ConnectError::Io)
}

fn config(trusted: &[u8]) -> Result<ClientConfig, ConnectError> {
    let mut roots = RootCertStore::empty();
    // Those that cannot be read are not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for authority in CertificateDer::pem_slice_iter(trusted) {
        let authority = authority.map_err(|error| fault(&error))?;
        roots.add(authority).map_err(|error| fault(&error))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(&error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn fault(error: &dyn std::fmt::Display) -> ConnectError {
    ConnectError::Invalid(format!("the trusted certificates: {error}"))
}
