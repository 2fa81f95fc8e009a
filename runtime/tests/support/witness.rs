//! The invariant of every fault: a second client keeps echoing throughout, and afterwards the gauges are where they were.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::raw::{FIN, PING, PONG, Raw, TEXT, frame, upgrade};
use super::{PATIENCE, TestServer, within};

/// How often the second client sends: four times a second, within every rate that a test sets.
const PACE: Duration = Duration::from_millis(250);

/// A client beside those that a test is about.
#[must_use = "nothing is checked before `unharmed`"]
pub struct Witness {
    admin: SocketAddr,
    before: Vec<String>,
    stop: CancellationToken,
    /// How many echoes came.
    echoing: JoinHandle<usize>,
}

impl Witness {
    pub async fn of(server: &TestServer) -> Self {
        Self::with(server.address, server.admin, "").await
    }

    /// One whose upgrade has more header lines.
    pub async fn with(address: SocketAddr, admin: SocketAddr, headers: &str) -> Self {
        let socket = within(TcpStream::connect(address)).await.unwrap();
        Self::over(socket, admin, headers).await
    }

    /// One that comes by `socket`, TLS for instance.
    pub async fn over(
        mut socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        admin: SocketAddr,
        headers: &str,
    ) -> Self {
        let request = upgrade("/rooms/witness", headers);
        within(socket.write_all(request.as_bytes())).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within(socket.read_u8()).await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{head:?}");
        echo(&mut socket, 0).await;
        let stop = CancellationToken::new();
        let until = stop.clone();
        let echoing = tokio::spawn(async move {
            let mut echoes = 1;
            while !until.is_cancelled() {
                let _ = tokio::time::timeout(PACE, until.cancelled()).await;
                echo(&mut socket, echoes).await;
                echoes += 1;
            }
            echoes
        });
        Self {
            admin,
            before: gauges(admin).await,
            stop,
            echoing,
        }
    }

    /// The fault is over: every echo came, one more does, and the gauges return to where they were.
    pub async fn unharmed(self) {
        let begin = Instant::now();
        loop {
            let now = gauges(self.admin).await;
            if now == self.before {
                break;
            }
            assert!(
                begin.elapsed() < PATIENCE,
                "gauges: {:?} before, {now:?} after",
                self.before
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.stop.cancel();
        let echoes = within(self.echoing).await.expect("every echo comes");
        assert!(echoes >= 2);
    }
}

/// Every gauge of `/metrics`, each with its labels and value.
pub async fn gauges(admin: SocketAddr) -> Vec<String> {
    let mut raw = Raw::connect(admin).await;
    raw.send(b"GET /metrics HTTP/1.1\r\nHost: admin\r\n\r\n")
        .await;
    let page = raw.all().await;
    let names = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" gauge"));
    let names: Vec<_> = names.collect();
    assert!(names.contains(&"wsgen_connections"), "{page}");
    let is_gauge = |line: &&str| {
        let name = line.split(['{', ' ']).next();
        name.is_some_and(|name| names.contains(&name))
    };
    page.lines().filter(is_gauge).map(str::to_owned).collect()
}

/// Sends a message and gets it back; answers pings on the way.
async fn echo(socket: &mut (impl AsyncRead + AsyncWrite + Unpin), number: usize) {
    let say = format!(r#"{{"type":"say","text":"echo {number}"}}"#);
    let echo = async {
        socket.write_all(&frame(FIN | TEXT, say.as_bytes())).await?;
        loop {
            let (first, length) = (socket.read_u8().await?, socket.read_u8().await?);
            let mut payload = vec![0; length.into()];
            socket.read_exact(&mut payload).await?;
            if first != FIN | PING {
                return std::io::Result::Ok((first, payload));
            }
            socket.write_all(&frame(FIN | PONG, &payload)).await?;
        }
    };
    let (first, payload) = within(echo).await.expect("the connection is open");
    let said = format!(r#"{{"type":"said","text":"echo {number}"}}"#);
    assert_eq!(
        (first, String::from_utf8_lossy(&payload)),
        (FIN | TEXT, said.into())
    );
}
