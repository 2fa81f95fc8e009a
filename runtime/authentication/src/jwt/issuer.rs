//! Keys from who issues the tokens, fetched when they get old, and sooner when a token names a new one.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use serde::Deserialize;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use wsgen_config as config;
use wsgen_https::{self as https, Client};

use super::keys::{Key, KeySet};

/// Keys are not fetched more often, whatever tokens name: nobody makes this server flood the issuer.
const SOONEST: Duration = Duration::from_secs(10);

/// How soon a fetch that failed is tried again.
const RETRY: Duration = Duration::from_secs(30);

/// The keys of an issuer; a task of their own keeps them fresh until they are dropped.
pub(super) struct Keys {
    latest: watch::Receiver<Latest>,
    wanted: Arc<Notify>,
    soonest: Duration,
    _keeper: JoinSet<()>,
}

/// What is known of the keys.
#[derive(Default)]
struct Latest {
    keys: KeySet,
    /// When they were last asked for, successfully or not.
    asked: Option<Instant>,
}

/// Where the keys are, and when to fetch them.
struct Keeper {
    client: Client,
    place: Place,
    refresh: Duration,
    soonest: Duration,
    latest: watch::Sender<Latest>,
    wanted: Arc<Notify>,
}

enum Place {
    /// The address of a JWK set.
    Keys(Uri),
    /// The issuer's description of itself, which says where its keys are.
    Description { uri: Uri, issuer: String },
}

/// What OpenID Connect Discovery, section 3, calls the provider's metadata.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

impl Keys {
    /// Begins to fetch the keys that the settings name. Until they are there, tokens wait for them.
    ///
    /// # Errors
    /// An address that is no URL of HTTPS.
    pub(super) fn fetch(settings: &config::Jwt) -> Result<Self, String> {
        Self::keep(settings, Client::new()?, SOONEST)
    }

    pub(super) fn keep(
        settings: &config::Jwt,
        client: Client,
        soonest: Duration,
    ) -> Result<Self, String> {
        let (latest, receiver) = watch::channel(Latest::default());
        let wanted = Arc::new(Notify::new());
        let keeper = Keeper {
            client,
            place: Place::of(settings)?,
            refresh: settings.refresh,
            soonest,
            latest,
            wanted: wanted.clone(),
        };
        let mut task = JoinSet::new();
        task.spawn(keeper.run());
        Ok(Self {
            latest: receiver,
            wanted,
            soonest,
            _keeper: task,
        })
    }

    /// The key of this name; all of them for a token that names none. For a name that is not known the keys are fetched
    /// again, unless that was done a moment ago.
    pub(super) async fn candidates(&self, name: Option<&str>) -> Vec<Key> {
        let mut latest = self.latest.clone();
        {
            let latest = latest.borrow_and_update();
            let found = latest.keys.candidates(name);
            let is_recent = latest
                .asked
                .is_some_and(|asked| asked.elapsed() < self.soonest);
            if !found.is_empty() || is_recent {
                return found;
            }
        }
        self.wanted.notify_one();
        // Discovery takes two pages. If they do not come the old keys are all there is.
        let _ = timeout(2 * https::DEADLINE, latest.changed()).await;
        latest.borrow().keys.candidates(name)
    }
}

impl Keeper {
    async fn run(self) {
        loop {
            let fetched = self.fetch().await;
            let now = Instant::now();
            let next = now + if fetched.is_ok() { self.refresh } else { RETRY };
            self.latest.send_modify(|latest| {
                latest.asked = Some(now);
                match fetched {
                    Ok(keys) => latest.keys = keys,
                    Err(fault) => tracing::error!(%fault, "the old keys of tokens stay"),
                }
            });
            sleep_until(now + self.soonest).await;
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.wanted.notified() => {}
            }
        }
    }

    async fn fetch(&self) -> Result<KeySet, String> {
        let found;
        let uri = match &self.place {
            Place::Keys(uri) => uri,
            Place::Description { uri, issuer } => {
                let text = self.client.get(uri).await?;
                found = described(&text, issuer).map_err(|fault| format!("{uri}: {fault}"))?;
                &found
            }
        };
        let text = self.client.get(uri).await?;
        KeySet::parse(&text).map_err(|fault| format!("{uri}: {fault}"))
    }
}

impl Place {
    fn of(settings: &config::Jwt) -> Result<Self, String> {
        if !settings.discover {
            let uri = address(&settings.keys_url);
            return uri
                .map(Self::Keys)
                .map_err(|fault| format!("jwt.keys_url: {fault}"));
        }
        let issuer = settings.issuer.clone();
        let path = ".well-known/openid-configuration";
        let uri = address(&format!("{}/{path}", issuer.trim_end_matches('/')))
            .map_err(|fault| format!("jwt.issuer, for jwt.discover: {fault}"))?;
        Ok(Self::Description { uri, issuer })
    }
}

/// Where keys may be fetched from: `https://`, or `http://` on this machine alone.
fn address(text: &str) -> Result<Uri, String> {
    let uri: Uri = text
        .parse()
        .map_err(|error| format!("{text:?} is no URL: {error}"))?;
    let is_here = matches!(uri.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if is_here => Ok(uri),
        _ => Err(format!(
            "{text:?}: keys are fetched by https:// alone, since who can change them on the way can sign tokens"
        )),
    }
}

/// Where the keys of `issuer` are, if that is who describes itself here.
fn described(text: &str, issuer: &str) -> Result<Uri, String> {
    let description: Description = serde_json::from_str(text)
        .map_err(|error| format!("does not describe an issuer: {error}"))?;
    if description.issuer != issuer {
        return Err(format!(
            "describes the issuer {:?}, not {issuer:?} (jwt.issuer)",
            description.issuer
        ));
    }
    address(&description.jwks_uri)
}

#[cfg(test)]
mod tests;
