//! The little HTTP that a WebSocket server speaks: short answers in plain text.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

const TEXT: &str = "text/plain; charset=utf-8";

/// The body of an answer, which is there at once.
#[cfg_attr(not(feature = "tower"), allow(unreachable_pub))]
#[derive(Debug)]
pub struct Text(Option<Bytes>);

impl Body for Text {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

impl Text {
    /// The text, without its end of line.
    pub(crate) fn into_text(self) -> String {
        let bytes = self.0.unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim_end().to_owned()
    }
}

/// An answer with a line of text.
pub(crate) fn text(status: StatusCode, text: &str) -> Response<Text> {
    let mut response = Response::new(Text(Some(Bytes::from(format!("{text}\n")))));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
    response
}

/// An answer with a line of text, as bytes, for a connection that hyper has given up.
pub(crate) fn written(status: StatusCode, text: &str) -> Vec<u8> {
    let reason = status.canonical_reason().unwrap_or("Error");
    let date = httpdate::fmt_http_date(SystemTime::now());
    let length = text.len() + 1;
    format!(
        "HTTP/1.1 {} {reason}\r\ndate: {date}\r\nconnection: close\r\ncontent-type: {TEXT}\r\ncontent-length: {length}\r\n\r\n{text}\n",
        status.as_u16()
    )
    .into_bytes()
}

/// The page of metrics, in Prometheus' text format.
pub(crate) fn metrics(page: String) -> Response<Text> {
    let mut response = Response::new(Text(Some(Bytes::from(page))));
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

/// An answer without a body.
#[cfg(feature = "tower")]
pub(crate) fn empty(status: StatusCode) -> Response<Text> {
    let mut response = Response::new(Text(None));
    *response.status_mut() = status;
    response
}
