//! Any bytes in any pieces begin with a header of the PROXY protocol or are refused.
//!
//! Another reading of the specification, below, says the same; a header that it writes is read as what was written; what
//! follows a header is left to be read.

#![no_main]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, ReadBuf};
use wsgen_runtime::fuzzing::client_behind;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The longest line of version 1 with its end.
const LONGEST_LINE: usize = 107;

/// The longest block of version 2 that the server takes.
const LONGEST_BLOCK: usize = 4096;

/// Nobody's address: what the server says where a header names nobody.
const PROXY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 254)), 1);

#[derive(Arbitrary, Debug)]
struct Input {
    /// How many bytes come at once.
    piece: u8,
    header: Header,
    follows: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Header {
    Raw(Vec<u8>),
    /// What stands between `PROXY ` and the end of the line.
    Line(Vec<u8>),
    Words(Vec<Word>),
    Block { command: u8, family: u8, length: Option<u16>, block: Vec<u8> },
    WrittenLine(IpAddr, u16, IpAddr, u16),
    WrittenBlock { client: IpAddr, port: u16, extensions: Vec<u8> },
}

#[derive(Arbitrary, Debug)]
enum Word {
    Known(u8),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Port(u16),
    Number(i32),
    Other(String),
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq)]
enum Read {
    /// A header of so many bytes, and whose connection it is.
    Header(SocketAddr, usize),
    /// No header, whatever follows.
    Refused,
    /// It depends on what follows.
    Cut,
}

fuzz_target!(|input: Input| {
    let (mut bytes, written) = written(&input.header);
    let length = bytes.len();
    bytes.extend_from_slice(&input.follows);
    let expected = read(&bytes);
    if let Some(client) = written {
        assert_eq!(expected, Read::Header(client, length), "the judge reads what it writes");
    }
    for piece in [usize::MAX, usize::from(input.piece).max(1), 1] {
        let mut socket = Pieces { rest: &bytes, piece };
        let found = {
            let found = pin!(client_behind(PROXY, &mut socket));
            match found.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(found) => found,
                Poll::Pending => panic!("it waits for what is there"),
            }
        };
        let taken = bytes.len() - socket.rest.len();
        match (found, &expected) {
            (Ok(client), Read::Header(expected, length)) => {
                assert_eq!((client, taken), (*expected, *length));
            }
            (Err(error), Read::Refused) => {
                // A fault may be seen later than here, but in time.
                let is_fault = error.kind() == io::ErrorKind::InvalidData;
                assert!(is_fault || taken == bytes.len(), "{error}");
                assert!(taken <= SIGNATURE.len() + 4 + LONGEST_BLOCK);
            }
            (Err(_), Read::Cut) => {}
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }
});

/// The bytes of a header, and whose connection it is if that is certain.
fn written(header: &Header) -> (Vec<u8>, Option<SocketAddr>) {
    match header {
        Header::Raw(bytes) => (bytes.clone(), None),
        Header::Line(rest) => ([b"PROXY ", &rest[..], b"\r\n"].concat(), None),
        Header::Words(words) => {
            let words: Vec<String> = words.iter().map(Word::text).collect();
            (format!("PROXY {}\r\n", words.join(" ")).into_bytes(), None)
        }
        Header::Block { command, family, length, block } => {
            let length = length.unwrap_or(block.len().min(usize::from(u16::MAX)) as u16);
            (block_of(*command, *family, length, block), None)
        }
        Header::WrittenLine(client, port, server, server_port) => {
            let (family, server) = match (client, server) {
                (IpAddr::V4(_), IpAddr::V4(_)) => ("TCP4", *server),
                (IpAddr::V4(_), IpAddr::V6(_)) => ("TCP4", Ipv4Addr::LOCALHOST.into()),
                (IpAddr::V6(_), IpAddr::V6(_)) => ("TCP6", *server),
                (IpAddr::V6(_), IpAddr::V4(_)) => ("TCP6", Ipv6Addr::LOCALHOST.into()),
            };
            let line = format!("PROXY {family} {client} {server} {port} {server_port}\r\n");
            (line.into_bytes(), Some(SocketAddr::new(*client, *port)))
        }
        Header::WrittenBlock { client, port, extensions } => {
            let extensions = &extensions[..extensions.len().min(LONGEST_BLOCK - 36)];
            let (family, mut block) = match client {
                IpAddr::V4(client) => (0x11, [client.octets(), [127, 0, 0, 1]].concat()),
                IpAddr::V6(client) => (0x21, [client.octets(), [1; 16]].concat()),
            };
            block.extend(port.to_be_bytes());
            block.extend([0, 80]);
            block.extend(extensions);
            let header = block_of(0x21, family, block.len() as u16, &block);
            (header, Some(SocketAddr::new(*client, *port)))
        }
    }
}

fn block_of(command: u8, family: u8, length: u16, block: &[u8]) -> Vec<u8> {
    [SIGNATURE, &[command, family], &length.to_be_bytes(), block].concat()
}

impl Word {
    fn text(&self) -> String {
        match self {
            Self::Known(index) => {
                let known = ["TCP4", "TCP6", "UNKNOWN", "UDP4", "", "0", "00", "80", "65536", "tcp4"];
                known[usize::from(*index) % known.len()].to_owned()
            }
            Self::V4(address) => address.to_string(),
            Self::V6(address) => address.to_string(),
            Self::Port(port) => port.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Other(text) => text.clone(),
        }
    }
}

/// The beginning of some bytes, as the specification of the PROXY protocol has it.
fn read(bytes: &[u8]) -> Read {
    let begins_like = |start: &[u8]| {
        let shorter = bytes.len().min(start.len());
        bytes[..shorter] == start[..shorter]
    };
    if begins_like(SIGNATURE) && !bytes.is_empty() {
        read_block(&bytes[SIGNATURE.len().min(bytes.len())..])
    } else if begins_like(b"PROXY ") {
        read_line(bytes)
    } else {
        Read::Refused
    }
}

/// Section 2.2: command, family, length, addresses.
fn read_block(rest: &[u8]) -> Read {
    let [command, family, high, low, rest @ ..] = rest else {
        return Read::Cut;
    };
    let length = usize::from(*high) << 8 | usize::from(*low);
    if length > LONGEST_BLOCK {
        return Read::Refused;
    }
    let Some(block) = rest.get(..length) else {
        return Read::Cut;
    };
    let end = SIGNATURE.len() + 4 + length;
    let (version, command) = (command >> 4, command & 15);
    let (family, transport) = (family >> 4, family & 15);
    let port = |at: usize| u16::from(block[at]) << 8 | u16::from(block[at + 1]);
    match (version, command, family, transport) {
        (2, 0, ..) => Read::Header(PROXY, end),
        (2, 1, 1, 1) if length >= 12 => {
            let client = Ipv4Addr::new(block[0], block[1], block[2], block[3]);
            Read::Header(SocketAddr::new(client.into(), port(8)), end)
        }
        (2, 1, 2, 1) if length >= 36 => {
            let bits = block[..16].iter().fold(0, |bits: u128, byte| bits << 8 | u128::from(*byte));
            let client = Ipv6Addr::from_bits(bits);
            Read::Header(SocketAddr::new(client.into(), port(32)), end)
        }
        (2, 1, 1 | 2, 1) => Read::Refused,
        (2, 1, 0..=3, 0..=2) => Read::Header(PROXY, end),
        _ => Read::Refused,
    }
}

/// Section 2.1: a line for people.
fn read_line(bytes: &[u8]) -> Read {
    let end = bytes.windows(2).position(|two| two == b"\r\n");
    let Some(end) = end.filter(|end| end + 2 <= LONGEST_LINE) else {
        return match bytes.len() >= LONGEST_LINE {
            true => Read::Refused,
            false => Read::Cut,
        };
    };
    let line = &bytes[..end];
    if line == b"PROXY UNKNOWN" || line.starts_with(b"PROXY UNKNOWN ") {
        return Read::Header(PROXY, end + 2);
    }
    let client = || {
        let mut words = std::str::from_utf8(line).ok()?.split(' ').skip(1);
        let family = words.next()?;
        let (client, server) = (words.next()?, words.next()?);
        let is_of_family = |address: &str| match family {
            "TCP4" => address.parse::<Ipv4Addr>().is_ok(),
            "TCP6" => address.parse::<Ipv6Addr>().is_ok(),
            _ => false,
        };
        let (port, server_port) = (port(words.next()?)?, port(words.next()?)?);
        let _ = server_port;
        let is_whole = is_of_family(client) && is_of_family(server) && words.next().is_none();
        is_whole.then_some(SocketAddr::new(client.parse().ok()?, port))
    };
    match client() {
        Some(client) => Read::Header(client, end + 2),
        None => Read::Refused,
    }
}

/// Digits without a zero in front, up to 65535.
fn port(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.len() < 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_zeros = text.len() > 1 && text.starts_with('0');
    (is_number && !has_zeros).then(|| text.parse().ok()).flatten()
}

/// A socket on which some bytes have come, of which so many are read at once.
struct Pieces<'a> {
    rest: &'a [u8],
    piece: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let length = self.rest.len().min(into.remaining()).min(self.piece);
        into.put_slice(&self.rest[..length]);
        self.rest = &self.rest[length..];
        Poll::Ready(Ok(()))
    }
}
