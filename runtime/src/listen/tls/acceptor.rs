//! TLS by rustls: certificate and key from PEM files, read again when they change or on SIGHUP.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use wsgen_config as config;

use crate::listen::socket::Socket;

/// What is needed to accept TLS connections, the certificate in force among it.
pub(crate) struct Tls {
    settings: config::Tls,
    files: Mutex<Files>,
    in_force: Mutex<Arc<ServerConfig>>,
}

/// The contents of the files, to see when they change.
#[derive(Clone, PartialEq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Tls {
    /// TLS as the settings ask for it, if they do.
    ///
    /// # Errors
    /// Files that cannot be read or do not fit: what and which.
    pub(crate) fn new(settings: &config::Tls) -> Result<Option<Self>, String> {
        if !super::is_wanted(settings) {
            return Ok(None);
        }
        let files = Files::get(settings)?;
        let in_force = Mutex::new(files.server_config()?);
        Ok(Some(Self {
            settings: settings.clone(),
            files: Mutex::new(files),
            in_force,
        }))
    }

    /// The TLS handshake. Put a deadline around it.
    pub(crate) async fn accept(&self, socket: TcpStream) -> io::Result<Socket> {
        let config = lock(&self.in_force).clone();
        let socket = TlsAcceptor::from(config).accept(socket).await?;
        Ok(Socket::Tls(Box::new(socket)))
    }

    /// Reads the files again on SIGHUP and when they change. Files that do not fit leave the old certificate in force.
    pub(crate) async fn keep_fresh(&self) {
        if self.settings.self_signed {
            return;
        }
        let mut signals = Hangups::new();
        loop {
            let told = signals.next_or(self.settings.reload).await;
            let files = match Files::get(&self.settings) {
                Ok(files) => files,
                Err(fault) => {
                    tracing::error!(%fault, "the old certificate stays");
                    continue;
                }
            };
            if files == *lock(&self.files) && !told {
                continue;
            }
            // Remembered even if it is bad, so that it is told once.
            *lock(&self.files) = files.clone();
            match files.server_config() {
                Ok(config) => {
                    *lock(&self.in_force) = config;
                    tracing::info!("the new certificate is in force");
                }
                Err(fault) => tracing::error!(%fault, "the old certificate stays"),
            }
        }
    }
}

impl Files {
    fn get(settings: &config::Tls) -> Result<Self, String> {
        if settings.self_signed {
            return self_signed();
        }
        let read = |path: &Path, key: &str| {
            let fault = |error| format!("cannot read {} ({key}): {error}", path.display());
            std::fs::read(path).map_err(fault)
        };
        let client_ca = &settings.client_ca;
        Ok(Self {
            certificate: read(&settings.certificate, "tls.certificate")?,
            key: read(&settings.key, "tls.key")?,
            client_ca: match client_ca.as_os_str().is_empty() {
                true => None,
                false => Some(read(client_ca, "tls.client_ca")?),
            },
        })
    }

    fn server_config(&self) -> Result<Arc<ServerConfig>, String> {
        let chain = certificates(&self.certificate, "tls.certificate")?;
        let key = PrivateKeyDer::from_pem_slice(&self.key);
        let key = key.map_err(|error| format!("tls.key holds no private key in PEM: {error}"))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS: {error}"))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(authorities) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(authorities, "tls.client_ca")? {
                    let fault = |error| format!("tls.client_ca: {error}");
                    roots.add(authority).map_err(fault)?;
                }
                // Whether one is needed is for the document's security to say.
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .allow_unauthenticated()
                        .build();
                builder.with_client_cert_verifier(
                    verifier.map_err(|error| format!("tls.client_ca: {error}"))?,
                )
            }
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| format!("tls.certificate and tls.key do not fit: {error}"))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn certificates(pem: &[u8], key: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(format!("{key} holds no certificate in PEM")),
        Err(error) => Err(format!("{key} holds no certificate in PEM: {error}")),
    }
}

/// A certificate for this machine, for development.
#[cfg(feature = "dev-tls")]
fn self_signed() -> Result<Files, String> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let fault = |error| format!("cannot make a certificate: {error}");
    let made = rcgen::generate_simple_self_signed(names).map_err(fault)?;
    tracing::warn!("tls.self_signed: nobody but yourself should trust this certificate");
    Ok(Files {
        certificate: made.cert.pem().into_bytes(),
        key: made.signing_key.serialize_pem().into_bytes(),
        client_ca: None,
    })
}

#[cfg(not(feature = "dev-tls"))]
fn self_signed() -> Result<Files, String> {
    Err("tls.self_signed needs the feature `dev-tls` of wsgen-runtime".to_owned())
}

/// SIGHUP, where there is such a thing.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
                .inspect_err(|error| tracing::warn!(%error, "SIGHUP will reload nothing"))
                .ok(),
        }
    }

    /// Waits for a signal (true), or for `interval` (false; 0 is for ever).
    async fn next_or(&mut self, interval: Duration) -> bool {
        let pause = async {
            match interval.is_zero() {
                true => std::future::pending().await,
                false => tokio::time::sleep(interval).await,
            }
        };
        tokio::select! {
            () = self.next() => true,
            () = pause => false,
        }
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
