//! A route of a document on a server of its own.

use std::io::ErrorKind;
use std::marker::PhantomData;
use std::sync::Arc;

use wsgen_authentication::Principal;
use wsgen_protocol::{DecodeError, Message};

use super::client::Client;
use super::expected::PATIENCE;
use super::on_free_ports;
use crate::codegen::{Decode, Endpoint};
use crate::handler::context::Context;
use crate::handler::error::Error;
use crate::handler::handshake::Handshake;
use crate::handler::reject::Reject;
use crate::serve::server::Server;

/// A route that takes the messages `M`, and a request `R` that opens a connection there.
///
/// What is served is the route of the document: its parameters and its messages. What your handlers make of them is no
/// part of it.
#[derive(Debug)]
pub struct Route<M, R = Handshake> {
    path: &'static str,
    request: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    types: PhantomData<fn() -> (M, R)>,
}

impl<M, R> Route<M, R> {
    /// The route at `path`, in which `{name}` is a parameter, and path and query of the request.
    #[must_use]
    pub fn new(path: &'static str, request: &'static str) -> Self {
        Self {
            path,
            request,
            headers: Vec::new(),
            types: PhantomData,
        }
    }

    /// Adds a header that the request has beside those of every handshake.
    pub fn add_header(&mut self, name: &'static str, value: &'static str) {
        self.headers.push((name, value));
    }
}

impl<M: Decode, R: TryFrom<Handshake, Error: Into<Reject>> + 'static> Route<M, R> {
    /// Checks that a server lets the request in and takes `example` for the message `name`.
    ///
    /// # Panics
    /// When it does not.
    pub async fn receives(&self, name: &str, example: impl Into<Message>) {
        let route = Taking(PhantomData::<fn() -> (M, R)>);
        let server = Server::new("test").route(self.path, route);
        let listening = match server.bind(on_free_ports()).await {
            Ok(listening) => listening,
            Err(error) => panic!("the server does not start: {error}"),
        };
        let address = listening.address();
        let asking = async {
            let mut client = Client::connect(address, self.request, &self.headers).await?;
            client.send(&example.into()).await?;
            client.text().await
        };
        let mut answer = Err(ErrorKind::TimedOut.into());
        let served = async {
            if let Ok(answered) = tokio::time::timeout(PATIENCE, asking).await {
                answer = answered;
            }
        };
        listening.run_until(served).await;
        let fault = match answer {
            Ok(answer) if answer == name => return,
            Ok(answer) => answer,
            Err(error) => error.to_string(),
        };
        panic!(
            "{} does not take the example of {name}: {fault}",
            self.request
        );
    }
}

/// Answers each message with its name, and what is no message with what is wrong with it.
struct Taking<M, R>(PhantomData<fn() -> (M, R)>);

impl<M: Decode, R: TryFrom<Handshake, Error: Into<Reject>> + 'static> Endpoint for Taking<M, R> {
    const CHANNEL: &'static str = "test";
    type Session = ();
    type Inbound = M;
    type Outbound = Message;

    async fn connect(&self, mut handshake: Handshake) -> Result<(), Reject> {
        // Who may connect is not what examples are about: here it is always somebody.
        handshake.admission.principal = Some(Arc::new(Principal::new("test")));
        R::try_from(handshake).map(drop).map_err(Into::into)
    }

    async fn receive(
        &self,
        context: &mut Context<'_, (), Message>,
        message: M,
    ) -> Result<(), Error> {
        context.send(Message::from(message.name())).await
    }

    async fn invalid(
        &self,
        context: &mut Context<'_, (), Message>,
        error: DecodeError,
    ) -> Result<(), Error> {
        context.send(Message::from(error.to_string())).await
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::codegen::{Frame, from_json};

    /// A list of numbers.
    struct Numbers;

    impl Decode for Numbers {
        fn read(frame: &Frame) -> Result<Self, DecodeError> {
            from_json::<Vec<u8>>(frame.bytes()).map(|_| Self)
        }

        fn name(&self) -> &'static str {
            "numbers"
        }
    }

    /// A request that has to name a number, and to say who it is.
    struct Numbered;

    impl TryFrom<Handshake> for Numbered {
        type Error = Reject;

        fn try_from(handshake: Handshake) -> Result<Self, Reject> {
            handshake.path::<u8>("number")?;
            handshake.authenticated()?;
            handshake.required_header::<String>("x-key").map(|_| Self)
        }
    }

    fn route(request: &'static str) -> Route<Numbers, Numbered> {
        let mut route = Route::new("/lists/{number}", request);
        route.add_header("X-Key", "secret");
        route
    }

    #[tokio::test]
    async fn examples_arrive() {
        route("/lists/7").receives("numbers", "[1,2]").await;
        let long = format!("[{}1]", "1,".repeat(300));
        let long = Bytes::from(long);
        route("/lists/7").receives("numbers", long).await;
        let longest = " ".repeat(1 << 16);
        Route::<Message>::new("/", "/")
            .receives("raw", longest)
            .await;
    }

    #[tokio::test]
    #[should_panic(expected = "expected a sequence")]
    async fn an_example_of_nothing_is_refused() {
        route("/lists/7").receives("numbers", r#""1""#).await;
    }

    #[tokio::test]
    #[should_panic(expected = "path parameter number: a non-negative integer (8 bits) is expected")]
    async fn a_request_with_a_wrong_parameter_is_refused() {
        route("/lists/x").receives("numbers", "[1,2]").await;
    }
}
