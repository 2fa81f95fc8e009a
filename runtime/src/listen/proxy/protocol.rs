//! The PROXY protocol, versions 1 and 2, as HAProxy specifies it: who is behind a proxy that passes bytes on.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// What version 2 begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The longest line of version 1, with its end.
const LONGEST_LINE: usize = 107;

/// The longest block of addresses and extensions that is taken in version 2.
const LONGEST_BLOCK: usize = 4096;

/// Reads the header and not a byte beyond it; `None` when the proxy speaks for itself (health checks).
///
/// # Errors
/// Anything else than a header, or the end of the connection within it.
pub(super) async fn read(socket: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut start = [0; SIGNATURE.len()];
    socket.read_exact(&mut start).await?;
    if start == SIGNATURE {
        read_block(socket).await
    } else {
        read_line(socket, &start).await
    }
}

/// Version 1, of which `start` is read: `PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n`.
async fn read_line(
    socket: &mut (impl AsyncRead + Unpin),
    start: &[u8],
) -> io::Result<Option<SocketAddr>> {
    let mut line = start.to_vec();
    if !line.starts_with(b"PROXY ") {
        return Err(fault("no PROXY header"));
    }
    while !line.ends_with(b"\r\n") {
        if line.len() == LONGEST_LINE {
            return Err(fault("the PROXY line has no end"));
        }
        line.push(socket.read_u8().await?);
    }
    line.truncate(line.len() - 2);
    // What is no text is no address either.
    let line = String::from_utf8_lossy(&line);
    let words: Vec<&str> = line.split(' ').collect();
    match words[1..] {
        ["UNKNOWN", ..] => Ok(None),
        [
            family @ ("TCP4" | "TCP6"),
            source,
            destination,
            port,
            destination_port,
        ] => {
            let ends = address_of(family, source, port).zip(address_of(
                family,
                destination,
                destination_port,
            ));
            let (source, _) = ends.ok_or_else(|| fault("the PROXY line has no address"))?;
            Ok(Some(source))
        }
        _ => Err(fault("the PROXY line is of an unknown kind")),
    }
}

/// An address of the family that a line names, and a port as it is written: digits, and none too many.
fn address_of(family: &str, address: &str, port: &str) -> Option<SocketAddr> {
    let address = match family {
        "TCP4" => IpAddr::V4(address.parse().ok()?),
        _ => IpAddr::V6(address.parse().ok()?),
    };
    let number: u16 = port.parse().ok()?;
    (number.to_string() == port).then(|| SocketAddr::new(address, number))
}

/// Version 2, after the signature: version and command, family, length, addresses.
async fn read_block(socket: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let [command, family] = [socket.read_u8().await?, socket.read_u8().await?];
    let length = usize::from(socket.read_u16().await?);
    if length > LONGEST_BLOCK {
        return Err(fault("the PROXY header is too long"));
    }
    let mut block = vec![0; length];
    socket.read_exact(&mut block).await?;
    let port = |at: usize| Some(u16::from_be_bytes(*block.get(at..)?.first_chunk()?));
    let source = match (command, family) {
        // LOCAL: the proxy speaks for itself.
        (0x20, _) => return Ok(None),
        (0x21, 0x11) => block
            .first_chunk::<4>()
            .zip(port(8))
            .filter(|_| length >= 12)
            .map(|(address, port)| (IpAddr::from(*address), port)),
        (0x21, 0x21) => block
            .first_chunk::<16>()
            .zip(port(32))
            .filter(|_| length >= 36)
            .map(|(address, port)| (IpAddr::from(*address), port)),
        // Datagrams, and local or unspecified sockets: no address that means something here.
        (0x21, 0x00..=0x02 | 0x10 | 0x12 | 0x20 | 0x22 | 0x30..=0x32) => return Ok(None),
        (0x21, _) => return Err(fault("the PROXY header is of an unknown family")),
        _ => return Err(fault("the PROXY header is of an unknown version")),
    };
    let (address, port) = source.ok_or_else(|| fault("the PROXY header has no address"))?;
    Ok(Some(SocketAddr::new(address, port)))
}

fn fault(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn parse(mut bytes: &[u8]) -> (Result<Option<String>, io::ErrorKind>, usize) {
        let read = read(&mut bytes).await;
        let read = read.map(|address| address.map(|address| address.to_string()));
        (read.map_err(|error| error.kind()), bytes.len())
    }

    fn version_2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let length = u16::try_from(block.len()).unwrap().to_be_bytes();
        [&SIGNATURE, &[command, family][..], &length, block, b"GET"].concat()
    }

    #[tokio::test]
    async fn both_versions_name_the_client_and_leave_what_follows() {
        let found = Ok(Some("203.0.113.9:56324".to_owned()));
        let line = b"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\nGET";
        assert_eq!(parse(line).await, (found.clone(), 3));
        let block = [203, 0, 113, 9, 192, 0, 2, 1, 220, 4, 1, 187, 4, 0, 0];
        assert_eq!(parse(&version_2(0x21, 0x11, &block)).await, (found, 3));
        let mut block = [0; 36];
        block[..2].copy_from_slice(&[0xFD, 0]);
        block[15] = 1;
        block[33] = 80;
        let found = Ok(Some("[fd00::1]:80".to_owned()));
        assert_eq!(parse(&version_2(0x21, 0x21, &block)).await, (found, 3));
        let line = b"PROXY TCP6 fd00::1 fd00::2 80 443\r\n";
        assert_eq!(parse(line).await.0, Ok(Some("[fd00::1]:80".to_owned())));
    }

    #[tokio::test]
    async fn a_proxy_may_speak_for_itself() {
        assert_eq!(parse(b"PROXY UNKNOWN\r\nGET").await, (Ok(None), 3));
        // Whatever follows the word is none of our business.
        let line = b"PROXY UNKNOWN \xff\n 1\r\nGET";
        assert_eq!(parse(line).await, (Ok(None), 3));
        assert_eq!(parse(&version_2(0x21, 0, &[])).await, (Ok(None), 3));
        assert_eq!(parse(&version_2(0x21, 0x32, &[1; 4])).await, (Ok(None), 3));
        assert_eq!(parse(&version_2(0x20, 0, &[])).await, (Ok(None), 3));
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let long = format!("PROXY TCP4 {}\r\n", "1".repeat(200));
        for wrong in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"PROXY TCP4 203.0.113.9 192.0.2.1 x 443\r\n",
            b"PROXY TCP4 203.0.113.9\r\n",
            b"PROXY UDP4 203.0.113.9 192.0.2.1 1 2\r\n",
            b"PROXY TCP6 203.0.113.9 192.0.2.1 1 2\r\n",
            b"PROXY TCP4 fd00::1 fd00::2 1 2\r\n",
            b"PROXY TCP4 203.0.113.9 fd00::2 1 2\r\n",
            b"PROXY TCP4 203.0.113.9 192.0.2.1 +1 2\r\n",
            b"PROXY TCP4 203.0.113.9 192.0.2.1 01 2\r\n",
            b"PROXY TCP4 203.0.113.9 192.0.2.1 1 65536\r\n",
            b"PROXY TCP4 203.0.113.9 192.0.2.1 1 2 \r\n",
            long.as_bytes(),
            &version_2(0x31, 0x11, &[0; 12]),
            &version_2(0x21, 0x11, &[0; 11]),
            &version_2(0x21, 0x21, &[0; 35]),
            &version_2(0x21, 0x13, &[0; 12]),
            &version_2(0x21, 0x41, &[0; 12]),
            &version_2(0x22, 0x11, &[0; 12]),
            &version_2(0x21, 0x21, &[0; 5000]),
        ] {
            assert_eq!(
                parse(wrong).await.0,
                Err(io::ErrorKind::InvalidData),
                "{wrong:?}"
            );
        }
        let truncated = &version_2(0x21, 0x11, &[0; 12])[..20];
        assert_eq!(parse(truncated).await.0, Err(io::ErrorKind::UnexpectedEof));
    }
}
