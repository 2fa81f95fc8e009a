//! Whether a client that asks properly is let in: who it is, whether that one has room, and whether the handler wants it.

use std::sync::Arc;

use hyper::header::WWW_AUTHENTICATE;
use wsgen_authentication::{Admission, Security, Shown};

use crate::handler::handshake::Handshake;
use crate::handler::reject::Reject;
use crate::listen::shares::{Place, Share};
use crate::observe::telemetry::Trace;
use crate::service::Service;
use crate::session::caught::{Panicked, caught};
use crate::session::opened::Opened;
use crate::session::route::{NewSession, Route};
use crate::upgrade::Identity;

/// A request that is right in form, on its route.
pub(crate) struct Knock {
    pub(crate) route: Arc<dyn Route>,
    pub(crate) handshake: Handshake,
    pub(crate) identity: Identity,
    /// Whether it comes by a trusted proxy.
    pub(crate) is_trusted: bool,
}

/// Somebody who is let in: the session to begin, and a place among the connections of the same principal.
pub(crate) struct Admitted {
    pub(super) session: Box<dyn NewSession>,
    principal: Option<Share<String>>,
}

impl Admitted {
    pub(super) fn start(self, opened: Opened, place: Place) {
        self.session
            .start(opened, place.with_principal(self.principal));
    }
}

impl Knock {
    /// Whether a credential is to come in the first message, as the settings allow, because none is here.
    pub(crate) fn awaits_token(&self, service: &Service) -> bool {
        !service.config.authentication.first_message.is_empty()
            && self.identity.principal.is_none()
            && service
                .security
                .as_ref()
                .is_some_and(|security| security.awaits_token(&self.shown(None)))
    }

    /// Decides, with the token of a first message if there was one, within the deadline.
    pub(crate) async fn decide(
        self,
        service: &Service,
        token: Option<&str>,
    ) -> Result<Admitted, Reject> {
        let route = self.route.clone();
        let let_in = caught(self.let_in(service, token));
        match tokio::time::timeout(service.config.timeouts.authentication, let_in).await {
            Ok(Ok(decision)) => decision,
            Ok(Err(Panicked)) => Err(panicked(route.as_ref())),
            Err(_) => {
                let reason = "authentication takes too long";
                Err(Reject::unavailable(reason).because("authentication_timeout"))
            }
        }
    }

    async fn let_in(mut self, service: &Service, token: Option<&str>) -> Result<Admitted, Reject> {
        if let Some(principal) = self.identity.principal.take() {
            let security = service.security.as_ref();
            self.handshake.admission = Admission {
                principal: Some(Arc::new(principal)),
                schemes: security.map_or_else(Vec::new, Security::names),
            };
        } else if let Some(security) = &service.security {
            let admission = security.authenticate(&self.shown(token)).await;
            self.handshake.admission = admission.map_err(|_| unauthorized(security))?;
        }
        let share = principal(service, &self.handshake.admission)?;
        let (config, connections) = (service.config.clone(), service.connections.clone());
        let (telemetry, headers) = (&config.telemetry, &self.handshake.headers);
        let trace = Trace::begin(telemetry, headers, self.is_trusted, self.route.channel());
        let connected = self.route.connect(
            self.handshake,
            trace,
            config,
            connections,
            service.handle.clone(),
        );
        Ok(Admitted {
            session: connected.await?,
            principal: share,
        })
    }

    fn shown<'a>(&'a self, token: Option<&'a str>) -> Shown<'a> {
        Shown {
            headers: &self.handshake.headers,
            subprotocols: self.route.subprotocols(),
            query: &self.handshake.query,
            certificate: self.identity.certificate.as_ref(),
            token,
        }
    }
}

/// What comes of a panic in the code that decides.
fn panicked(route: &dyn Route) -> Reject {
    let channel = route.channel();
    tracing::error!(channel, "`authenticate` or `connect` panicked");
    route.metrics().panics.add(1);
    Reject::status(500, "internal error").because("panic")
}

/// A place among the connections of who was authenticated, if anybody was.
fn principal(service: &Service, admission: &Admission) -> Result<Option<Share<String>>, Reject> {
    let Some(principal) = &admission.principal else {
        return Ok(None);
    };
    let share = service.principals.enter(principal.id.clone());
    share
        .map(Some)
        .ok_or_else(|| Reject::no_room("principal_limit"))
}

fn unauthorized(security: &Security) -> Reject {
    let reject = Reject::unauthorized("a valid credential is expected").because("unauthorized");
    let challenges = security.challenges().into_iter();
    challenges.fold(reject, |reject, challenge| {
        reject.with(WWW_AUTHENTICATE, challenge)
    })
}
