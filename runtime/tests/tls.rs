//! TLS: `cargo test -p wsgen-runtime --all-features`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use wsgen_runtime::codegen::Scheme;
use wsgen_runtime::{Authenticate, Config, Credential, Principal, Server, Unauthorized};

use crate::process::Process;
use crate::support::raw::{FIN, Raw, TEXT, frame, upgrade};
use crate::support::witness::Witness;
use crate::support::{TestServer, within};

/// An authority, and a folder for what it signs; the folder goes with it.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("wsgen-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer, folder }
    }

    /// A certificate and its key, PEM.
    pub fn sign(&self) -> (String, String) {
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    pub fn write(&self, (certificate, key): &(String, String)) {
        std::fs::write(self.path("certificate.pem"), certificate).unwrap();
        std::fs::write(self.path("key.pem"), key).unwrap();
        std::fs::write(self.path("ca.pem"), self.issuer.pem()).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn settings(&self, more: &str) -> String {
        let quoted = |name: &str| format!("{:?}", self.path(name).display().to_string());
        format!(
            "[tls]\ncertificate = {}\nkey = {}\nreload = \"20ms\"\n{more}",
            quoted("certificate.pem"),
            quoted("key.pem")
        )
    }

    async fn connect(
        &self,
        server: SocketAddr,
        own: Option<&(String, String)>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder
                    .with_client_auth_cert(vec![certificate], key)
                    .unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let socket = TcpStream::connect(server).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, socket)
            .await
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The invariant, by TLS.
async fn witness(authority: &Authority, server: &TestServer) -> Witness {
    let socket = authority.connect(server.address, None).await.unwrap();
    Witness::over(socket, server.admin, "").await
}

async fn head(socket: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within(socket.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// An echo by TLS, and the server's certificate.
async fn echo(authority: &Authority, server: &TestServer) -> Vec<u8> {
    let mut socket = authority.connect(server.address, None).await.unwrap();
    let (_, session) = socket.get_ref();
    assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
    let certificate = session.peer_certificates().unwrap()[0].to_vec();
    socket
        .write_all(upgrade("/rooms/1", "").as_bytes())
        .await
        .unwrap();
    assert!(head(&mut socket).await.starts_with("HTTP/1.1 101 "));
    // Larger than any buffer on the way.
    let text = "x".repeat(60_000);
    let say = format!(r#"{{"type":"say","text":"{text}"}}"#);
    socket
        .write_all(&frame(FIN | TEXT, say.as_bytes()))
        .await
        .unwrap();
    let mut answer = vec![0; 4 + text.len() + r#"{"type":"said","text":""}"#.len()];
    within(socket.read_exact(&mut answer)).await.unwrap();
    assert!(answer.ends_with(b"xx\"}"));
    // And a whole flood, read late.
    let flood = r#"{"type":"flood","count":100,"size":50000}"#;
    socket
        .write_all(&frame(FIN | TEXT, flood.as_bytes()))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut answer = vec![0; 100 * (4 + 50_000 + r#"{"type":"said","text":""}"#.len())];
    within(socket.read_exact(&mut answer)).await.unwrap();
    certificate
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_a_bad_one_is_not() {
    let authority = Authority::new("reload");
    let first = authority.sign();
    authority.write(&first);
    let server = TestServer::with(&authority.settings("")).await;
    let witness = witness(&authority, &server).await;
    let der = |pem: &str| {
        CertificateDer::from_pem_slice(pem.as_bytes())
            .unwrap()
            .to_vec()
    };
    assert_eq!(echo(&authority, &server).await, der(&first.0));
    // An open connection does not notice.
    let mut open = authority.connect(server.address, None).await.unwrap();
    open.write_all(upgrade("/rooms/1", "").as_bytes())
        .await
        .unwrap();
    assert!(head(&mut open).await.starts_with("HTTP/1.1 101 "));

    // A key that is not the certificate's, and no key at all.
    for bad in [authority.sign().1, "nonsense".to_owned()] {
        std::fs::write(authority.path("key.pem"), bad).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(echo(&authority, &server).await, der(&first.0));
    }
    std::fs::remove_file(authority.path("key.pem")).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;

    let second = authority.sign();
    authority.write(&second);
    within(async { while echo(&authority, &server).await != der(&second.0) {} }).await;
    open.write_all(&frame(FIN | TEXT, br#"{"type":"say","text":"x"}"#))
        .await
        .unwrap();
    let mut answer = [0; 2 + r#"{"type":"said","text":"x"}"#.len()];
    within(open.read_exact(&mut answer)).await.unwrap();
    assert!(answer.ends_with(br#""x"}"#));
    drop(open);
    witness.unharmed().await;
}

#[tokio::test]
async fn silence_and_plain_http_on_the_tls_port_are_closed() {
    let authority = Authority::new("plain");
    authority.write(&authority.sign());
    let settings = authority.settings("[timeouts]\ntls_handshake = \"300ms\"");
    let server = TestServer::with(&settings).await;
    let witness = witness(&authority, &server).await;
    let mut silent = Raw::connect(server.address).await;
    let mut plain = Raw::connect(server.address).await;
    plain.send(upgrade("/rooms/1", "").as_bytes()).await;
    for raw in [&mut plain, &mut silent] {
        let mut answer = Vec::new();
        let _ = within(raw.0.read_to_end(&mut answer)).await;
        // At most an alert.
        assert!(answer.len() < 10, "{answer:?}");
    }
    server
        .metric_becomes("wsgen_handshakes_rejected_total{reason=\"tls\"}", 2.0)
        .await;
    echo(&authority, &server).await;
    witness.unharmed().await;
}

#[tokio::test]
async fn connections_over_the_limit_are_told_so_by_tls() {
    for limit in ["max_connections", "connections_per_address"] {
        let authority = Authority::new(limit);
        authority.write(&authority.sign());
        let settings = authority.settings(&format!("[limits]\n{limit} = 2"));
        let server = TestServer::with(&settings).await;
        let witness = witness(&authority, &server).await;
        let second = authority.connect(server.address, None).await.unwrap();
        let mut third = authority.connect(server.address, None).await.unwrap();
        third
            .write_all(upgrade("/rooms/1", "").as_bytes())
            .await
            .unwrap();
        let answer = head(&mut third).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        drop((second, third));
        witness.unharmed().await;
    }
}

/// The certificate that a server shows.
async fn certificate(authority: &Authority, server: SocketAddr) -> Vec<u8> {
    let socket = authority.connect(server, None).await.unwrap();
    let (_, session) = socket.get_ref();
    session.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn sighup_brings_the_new_certificate() {
    let authority = Authority::new("hangup");
    let first = authority.sign();
    authority.write(&first);
    // Never looked at otherwise.
    let settings = authority.settings("").replace("20ms", "0s");
    let server = Process::start(&settings, 1024);
    let socket = authority.connect(server.address, None).await.unwrap();
    let witness = Witness::over(socket, server.admin, "").await;
    let old = certificate(&authority, server.address).await;
    authority.write(&authority.sign());
    assert_eq!(certificate(&authority, server.address).await, old);
    server.signal("-HUP");
    within(async { while certificate(&authority, server.address).await == old {} }).await;
    let new = certificate(&authority, server.address).await;
    std::fs::write(authority.path("key.pem"), "nonsense").unwrap();
    server.signal("-HUP");
    server.logs("the old certificate stays").await;
    assert_eq!(certificate(&authority, server.address).await, new);
    witness.unharmed().await;
}

#[tokio::test]
async fn a_reply_does_not_wait_for_a_handler_that_waits() {
    let authority = Authority::new("flush");
    authority.write(&authority.sign());
    let server = TestServer::with(&authority.settings("")).await;
    let mut socket = authority.connect(server.address, None).await.unwrap();
    socket
        .write_all(upgrade("/rooms/1", "").as_bytes())
        .await
        .unwrap();
    assert!(head(&mut socket).await.starts_with("HTTP/1.1 101 "));
    socket
        .write_all(&frame(FIN | TEXT, br#"{"type":"wait"}"#))
        .await
        .unwrap();
    for word in ["waiting", "done"] {
        let said = format!(r#"{{"type":"said","text":"{word}"}}"#);
        let mut answer = vec![0; 2 + said.len()];
        within(socket.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer[2..], said.as_bytes());
        server.gate.notify_one();
    }
}

#[cfg(feature = "client-tls")]
#[tokio::test]
async fn clients_connect_to_whom_an_authority_of_theirs_vouches_for() {
    use wsgen_runtime::Message;
    use wsgen_runtime::client::{Connection, Event, Target};

    let authority = Authority::new("client");
    authority.write(&authority.sign());
    let server = TestServer::with(&authority.settings("")).await;
    let port = server.address.port();
    let to = |host| Target::new(format!("wss://{host}:{port}")).path("/rooms/1");
    let trusting = |host| to(host).trust(authority.issuer.pem());
    let client: Connection<Message, Message> =
        within(trusting("localhost").connect()).await.unwrap();
    let say = Message::from(r#"{"type":"say","text":"by TLS"}"#);
    client.send(say).await.unwrap();
    let said = Message::from(r#"{"type":"said","text":"by TLS"}"#);
    assert_eq!(within(client.next()).await, Some(Event::Message(said)));
    for (target, fault) in [
        (trusting("127.0.0.1"), "not valid for name"),
        (to("localhost"), "UnknownIssuer"),
    ] {
        let refused = within(target.connect::<Message, Message>()).await;
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(fault), "{error}");
    }
}

struct Guard;

impl Authenticate for Guard {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        match credential {
            Credential::Certificate { certificate, .. } if !certificate.is_empty() => {
                Ok(Principal::new("by certificate"))
            }
            _ => Err(Unauthorized),
        }
    }
}

#[tokio::test]
async fn a_client_certificate_is_a_credential_if_the_authority_signed_it() {
    let authority = Authority::new("mutual");
    authority.write(&authority.sign());
    let client_ca = format!(
        "client_ca = {:?}",
        authority.path("ca.pem").display().to_string()
    );
    let server = TestServer::build(&authority.settings(&client_ca), |server| {
        server.authenticate(Arc::new(Guard), &[&[Scheme::MutualTls { name: "mtls" }]])
    })
    .await;
    let own = authority.sign();
    for (own, status) in [(Some(&own), "101"), (None, "401")] {
        let mut socket = authority.connect(server.address, own).await.unwrap();
        socket
            .write_all(upgrade("/rooms/1", "").as_bytes())
            .await
            .unwrap();
        assert_eq!(&head(&mut socket).await[9..12], status);
    }
    // In TLS 1.3 the client learns of its refusal with the first read.
    let foreign = Authority::new("foreign").sign();
    if let Ok(mut socket) = authority.connect(server.address, Some(&foreign)).await {
        let _ = socket.write_all(upgrade("/rooms/1", "").as_bytes()).await;
        assert!(within(socket.read_u8()).await.is_err());
    }
}

#[tokio::test]
async fn a_self_signed_certificate_on_demand() {
    let server = TestServer::with("[tls]\nself_signed = true").await;
    let authority = Authority::new("self");
    // It is there, and nobody trusts it.
    let error = authority.connect(server.address, None).await.unwrap_err();
    assert!(
        error.to_string().contains("invalid peer certificate"),
        "{error}"
    );
}

async fn start(settings: &str) -> Result<(), String> {
    let mut config = Config::from_toml(settings).map_err(|error| error.to_string())?;
    config.admin.enabled = false;
    let server = Server::new("test").secure();
    server
        .bind(config)
        .await
        .map(drop)
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_server_that_should_be_secure_never_starts_in_the_clear_in_public() {
    let public = "[listen]\naddress = \"0.0.0.0:0\"\n";
    let fault = start(public).await.unwrap_err();
    assert!(
        fault.contains("wss://") && fault.contains("tls.terminated_by_proxy"),
        "{fault}"
    );
    for fine in [
        "[tls]\nterminated_by_proxy = true",
        "[tls]\nself_signed = true",
    ] {
        assert_eq!(start(&format!("{public}{fine}")).await, Ok(()), "{fine}");
    }
    assert_eq!(start("[listen]\naddress = \"127.0.0.1:0\"").await, Ok(()));
    let missing = Path::new("/nowhere/certificate.pem");
    let fault = start(&format!(
        "[tls]\ncertificate = {missing:?}\nkey = {missing:?}"
    ))
    .await
    .unwrap_err();
    assert!(
        fault.contains("/nowhere/certificate.pem (tls.certificate)"),
        "{fault}"
    );
    assert!(start("[tls]\nkey = \"x\"").await.is_err());
}
