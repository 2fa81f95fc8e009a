//! Where a server listens: several addresses, names, Unix sockets, what systemd passes.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpStream;
use wsgen_runtime::{Config, Server};

use crate::support::TestServer;
use crate::support::raw::upgrade;
use crate::support::witness::Witness;

/// Why a server with these settings does not start.
async fn fault(listen: &str) -> String {
    let settings = format!("[listen]\naddress = {listen}\n[admin]\nenabled = false\n");
    let config = Config::from_toml(&settings).unwrap();
    match Server::new("test").bind(config).await {
        Ok(_) => panic!("{listen} is taken"),
        Err(fault) => fault.to_string(),
    }
}

async fn echoes(server: &TestServer, address: SocketAddr) {
    let witness = Witness::with(address, server.admin, "").await;
    witness.unharmed().await;
}

#[tokio::test]
async fn a_name_is_all_of_its_addresses() {
    let server = TestServer::with("[listen]\naddress = \"localhost:0\"").await;
    let mut resolved: Vec<SocketAddr> =
        tokio::net::lookup_host(("localhost", server.address.port()))
            .await
            .unwrap()
            .collect();
    resolved.dedup();
    let mut served = 0;
    for address in resolved {
        match TcpStream::connect(address).await {
            Ok(_) => {
                echoes(&server, address).await;
                served += 1;
            }
            // A machine without IPv6 has its name in the list of hosts all the same.
            Err(error) => assert_eq!(error.kind(), ErrorKind::AddrNotAvailable, "{address}"),
        }
    }
    assert!(served > 0);
    let fault = fault("\"no-such-name.invalid:80\"").await;
    assert!(
        fault.contains("cannot resolve no-such-name.invalid:80 (listen.address)"),
        "{fault}"
    );
}

#[tokio::test]
async fn several_addresses_are_one_server() {
    let listen =
        "[listen]\naddress = [\"127.0.0.1:0\", \"127.0.0.1:0\"]\n[limits]\nmax_connections = 2";
    let server = TestServer::with(listen).await;
    let [first, second] = server.addresses[..] else {
        panic!("{:?}", server.addresses)
    };
    assert_ne!(first, second);
    echoes(&server, first).await;
    echoes(&server, second).await;
    server.stop();
    server.stopped().await;
    for address in [first, second] {
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap();
    let fault = fault(&format!("[\"127.0.0.1:0\", \"{taken}\"]")).await;
    let words = format!("cannot listen on {taken} (listen.address): ");
    assert!(fault.contains(&words), "{fault}");
}

#[cfg(unix)]
mod unix {
    use std::os::fd::OwnedFd;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};

    use tokio::net::{UnixDatagram, UnixListener, UnixStream};

    use super::*;
    use crate::process::SETTINGS;
    use crate::support::raw::{FIN, Raw, TEXT, frame};
    use crate::support::within;

    /// A path for a socket, in a folder of its own.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("wsgen-{name}-{}", std::process::id()));
            std::fs::create_dir(&folder).unwrap();
            Self(folder.join("app.sock"))
        }

        fn settings(&self) -> String {
            format!("[listen]\naddress = \"unix:{}\"\n", self.0.display())
        }

        fn fault(&self) -> impl Future<Output = String> {
            let listen = format!("\"unix:{}\"", self.0.display());
            async move { fault(&listen).await }
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
        }
    }

    #[tokio::test]
    async fn a_unix_socket_is_served_and_removed_at_the_end() {
        let place = Place::new("served");
        // A limit of an address is none of theirs: they have none.
        let settings = format!("{}[limits]\nconnections_per_address = 1", place.settings());
        let server = TestServer::with(&settings).await;
        let socket = UnixStream::connect(&place.0).await.unwrap();
        let witness = Witness::over(socket, server.admin, "").await;
        let socket = UnixStream::connect(&place.0).await.unwrap();
        Witness::over(socket, server.admin, "")
            .await
            .unharmed()
            .await;
        let fault = place.fault().await;
        assert!(fault.contains("another server listens there"), "{fault}");
        witness.unharmed().await;
        server.stop();
        server.stopped().await;
        assert!(!place.0.exists(), "removed at the end");
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_nothing_else_is() {
        let place = Place::new("stale");
        drop(UnixListener::bind(&place.0).unwrap());
        assert!(place.0.exists());
        let server = TestServer::with(&place.settings()).await;
        let socket = UnixStream::connect(&place.0).await.unwrap();
        Witness::over(socket, server.admin, "")
            .await
            .unharmed()
            .await;
        // Somebody else's by now, which is not ours to remove.
        std::fs::remove_file(&place.0).unwrap();
        let other = UnixListener::bind(&place.0).unwrap();
        server.stop();
        server.stopped().await;
        assert!(place.0.exists());
        drop(other);
        std::fs::remove_file(&place.0).unwrap();
        std::fs::write(&place.0, "precious").unwrap();
        let fault = place.fault().await;
        assert!(
            fault.contains("there is something else than a socket"),
            "{fault}"
        );
        assert_eq!(std::fs::read_to_string(&place.0).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_proxy_on_the_socket_is_believed_where_it_is_trusted() {
        for (trusted, expected) in [("unix", "203.0.113.9:0"), ("10.0.0.0/8", "0.0.0.0:0")] {
            let place = Place::new(&format!("proxy-{}", trusted.len()));
            let proxy =
                format!("[proxy]\naddress = \"x-forwarded-for\"\ntrusted = [\"{trusted}\"]");
            let server = TestServer::with(&format!("{}{proxy}", place.settings())).await;
            let mut raw = Raw(UnixStream::connect(&place.0).await.unwrap());
            let forwarded = "X-Forwarded-For: 203.0.113.9\r\n";
            raw.send(upgrade("/rooms/1", forwarded).as_bytes()).await;
            assert!(raw.head().await.starts_with("HTTP/1.1 101 "));
            raw.send(&frame(FIN | TEXT, br#"{"type":"peer"}"#)).await;
            assert!(within(raw.text()).await.contains(expected), "{trusted}");
            drop(server);
        }
    }

    /// A server that gets two sockets as systemd passes them.
    fn activated(tcp: std::net::TcpListener, unix: OwnedFd, notify: &Path) -> Child {
        let settings =
            "[listen]\naddress = \"systemd\"\n[admin]\nenabled = false\n[drain]\ngrace = \"0s\"\n";
        let script = "exec 3<&0 4<&1 0</dev/null 1>/dev/null; export LISTEN_FDS=2 LISTEN_PID=$$; \
                      exec \"$0\" --exact process::server --nocapture";
        Command::new("sh")
            .args(["-c", script])
            .arg(std::env::current_exe().unwrap())
            .env(SETTINGS, settings)
            .env("NOTIFY_SOCKET", notify)
            .stdin(OwnedFd::from(tcp))
            .stdout(unix)
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    #[tokio::test]
    async fn sockets_of_systemd_are_served_and_it_is_told_how_far_the_server_is() {
        let place = Place::new("systemd");
        let notify = place.0.with_file_name("notify");
        let told = UnixDatagram::bind(&notify).unwrap();
        let next = async || {
            let mut text = [0; 64];
            let length = within(told.recv(&mut text)).await.unwrap();
            String::from_utf8(text[..length].to_vec()).unwrap()
        };
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        let unix = std::os::unix::net::UnixListener::bind(&place.0).unwrap();
        let mut server = activated(tcp, unix.into(), &notify);
        assert_eq!(next().await.trim_end(), "READY=1");
        let mut over_tcp = Raw::connect(address).await;
        let mut over_unix = Raw(UnixStream::connect(&place.0).await.unwrap());
        over_tcp.send(upgrade("/rooms/1", "").as_bytes()).await;
        over_unix.send(upgrade("/rooms/1", "").as_bytes()).await;
        assert!(over_tcp.head().await.starts_with("HTTP/1.1 101 "));
        assert!(over_unix.head().await.starts_with("HTTP/1.1 101 "));
        let id = server.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(next().await.trim_end(), "STOPPING=1");
        assert_eq!(over_tcp.closed().await, 1012);
        assert_eq!(over_unix.closed().await, 1012);
        assert!(server.wait().unwrap().success());
        assert!(place.0.exists(), "the file is systemd's");
    }

    #[tokio::test]
    async fn without_sockets_of_systemd_the_server_does_not_start() {
        let fault = fault("\"systemd\"").await;
        assert!(fault.contains("systemd passes no socket"), "{fault}");
    }

    #[tokio::test]
    async fn a_server_of_wss_may_be_in_the_clear_on_a_socket() {
        let place = Place::new("clear");
        let server = TestServer::build(&place.settings(), Server::secure).await;
        let socket = UnixStream::connect(&place.0).await.unwrap();
        Witness::over(socket, server.admin, "")
            .await
            .unharmed()
            .await;
    }
}
