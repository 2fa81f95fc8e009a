//! What a document asks for, held against what a client shows.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use crate::credential::{Credential, Location, Scheme, Shown, credential};
use crate::{Authenticate, Principal, Unauthorized};

/// The document's demand and those who judge: alternatives of schemes that are all needed.
#[derive(Clone)]
pub struct Security {
    /// Asked in turn; the user's own is the last.
    judges: Vec<Arc<dyn Judge>>,
    alternatives: &'static [&'static [Scheme]],
    /// Schemes that only some operations ask for.
    operations: &'static [Scheme],
}

/// What came of authentication.
#[derive(Clone, Debug, Default)]
pub struct Admission {
    /// Nobody where the document lets anonymous clients in.
    pub principal: Option<Arc<Principal>>,
    /// The schemes whose credentials were accepted.
    /// The names of the schemes.
    pub schemes: Vec<&'static str>,
}

impl Security {
    /// Lets in only whom `judge` accepts, by one of `alternatives`.
    pub fn new(judge: Arc<impl Authenticate>, alternatives: &'static [&'static [Scheme]]) -> Self {
        Self {
            judges: vec![judge],
            alternatives,
            operations: &[],
        }
    }

    /// Adds schemes that only some operations ask for.
    pub fn set_operations(&mut self, schemes: &'static [Scheme]) {
        self.operations = schemes;
    }

    /// Adds a judge that is asked before the user's own.
    pub fn ask_first(&mut self, judge: impl Authenticate) {
        self.judges.insert(0, Arc::new(judge));
    }

    /// Those of the document's schemes for which a kind of credential counts: what `named` has, else what is so `by_default`.
    /// `section` is where the settings name them.
    ///
    /// # Errors
    /// A name that the document does not have, or no scheme at all: then the credentials would open nothing.
    pub fn schemes(
        &self,
        section: &str,
        named: &[String],
        by_default: fn(Scheme) -> bool,
    ) -> Result<Vec<&'static str>, String> {
        let schemes: Vec<Scheme> = self.all().collect();
        let names = self.names();
        let listed = format!("{names:?}");
        if let Some(unknown) = named.iter().find(|name| !names.contains(&name.as_str())) {
            let names = listed.trim_matches(['[', ']']);
            return Err(format!(
                "{section}.schemes: the document has no scheme {unknown:?}; it has {names}"
            ));
        }
        let counts = |scheme: &&Scheme| match named.is_empty() {
            true => by_default(**scheme),
            false => named.iter().any(|name| name == scheme.name()),
        };
        let counting = schemes.iter().filter(counts).map(|scheme| scheme.name());
        match counting.collect::<Vec<_>>() {
            counting if counting.is_empty() && !names.is_empty() => Err(format!(
                "[{section}] is set, but its credentials do not count for the schemes that the document has; to take them for others, set [{section}] schemes = {listed}"
            )),
            counting => Ok(counting),
        }
    }

    /// The names of all its schemes.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = self.all().map(|scheme| scheme.name()).collect();
        names.dedup();
        names
    }

    fn all(&self) -> impl Iterator<Item = Scheme> {
        let schemes = self.alternatives.iter().copied().flatten();
        schemes.chain(self.operations).copied()
    }

    /// Whether some of the schemes take the token of a first message.
    pub fn takes_token(&self) -> bool {
        let mut schemes = self.alternatives.iter().copied().flatten();
        schemes.any(|scheme| scheme.takes_token())
    }

    /// Whether who has shown nothing may be let in by a token that is still to come.
    pub fn awaits_token(&self, shown: &Shown<'_>) -> bool {
        let is_open = self.alternatives.iter().any(|schemes| schemes.is_empty());
        let mut schemes = self.alternatives.iter().copied().flatten();
        self.takes_token()
            && !is_open
            && !schemes.any(|scheme| credential(*scheme, shown).is_some())
    }

    /// Whether no credential at all can be accepted though one is needed.
    pub fn refuses_everyone(&self) -> bool {
        let open = self.alternatives.iter().any(|schemes| schemes.is_empty());
        !open && self.judges.iter().all(|judge| judge.is_stub())
    }

    /// Who is there.
    pub async fn authenticate(&self, shown: &Shown<'_>) -> Result<Admission, Unauthorized> {
        let mut admission = self.admit(shown).await?;
        for scheme in self.operations {
            if !admission.schemes.contains(&scheme.name())
                && let Some(credential) = credential(*scheme, shown)
                && let Ok(principal) = self.judge(credential).await
            {
                admission.schemes.push(scheme.name());
                admission.principal.get_or_insert(Arc::new(principal));
            }
        }
        Ok(admission)
    }

    /// By the first alternative that is satisfied; one that asks for nothing is the last resort.
    async fn admit(&self, shown: &Shown<'_>) -> Result<Admission, Unauthorized> {
        for schemes in self.alternatives {
            let credentials: Option<Vec<_>> = schemes
                .iter()
                .map(|scheme| credential(*scheme, shown))
                .collect();
            if let Some(credentials) = credentials.filter(|credentials| !credentials.is_empty())
                && let Ok(admission) = self.judge_all(credentials).await
            {
                return Ok(admission);
            }
        }
        let open = self.alternatives.iter().any(|schemes| schemes.is_empty());
        open.then(Admission::default).ok_or(Unauthorized)
    }

    /// The principal of the first credential, when all are accepted.
    async fn judge_all(&self, credentials: Vec<Credential>) -> Result<Admission, Unauthorized> {
        let mut admission = Admission::default();
        for credential in credentials {
            let scheme = credential.scheme();
            let principal = self.judge(credential).await?;
            admission.principal.get_or_insert(Arc::new(principal));
            admission.schemes.push(scheme);
        }
        Ok(admission)
    }

    async fn judge(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        for judge in &self.judges {
            if let Ok(principal) = judge.judge(credential.clone()).await {
                let has_expired = principal
                    .expires
                    .is_some_and(|expires| expires <= SystemTime::now());
                return (!has_expired).then_some(principal).ok_or(Unauthorized);
            }
        }
        Err(Unauthorized)
    }

    /// The values of `WWW-Authenticate` (RFC 9110, section 11.6.1) for a 401.
    pub fn challenges(&self) -> Vec<&'static str> {
        let mut challenges = Vec::new();
        let alternatives = self.alternatives.iter().copied().flatten();
        for scheme in alternatives.chain(self.operations) {
            let challenge = match scheme {
                Scheme::Bearer { .. } => "Bearer",
                Scheme::Basic { .. } | Scheme::UserPassword { .. } => {
                    "Basic realm=\"websocket\", charset=\"UTF-8\""
                }
                Scheme::ApiKey {
                    location: Location::User | Location::Password,
                    ..
                } => "Basic realm=\"websocket\"",
                Scheme::ApiKey { .. } => "ApiKey",
                Scheme::MutualTls { .. } => "Certificate",
            };
            if !challenges.contains(&challenge) {
                challenges.push(challenge);
            }
        }
        challenges
    }
}

/// A judge of credentials of some schemes. What was made for one scheme opens no other.
pub struct For<A> {
    /// The names of the schemes.
    pub schemes: Vec<&'static str>,
    /// Who judges.
    pub judge: A,
}

impl<A: Authenticate> Authenticate for For<A> {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        match self.schemes.contains(&credential.scheme()) {
            true => self.judge.authenticate(credential).await,
            false => Err(Unauthorized),
        }
    }
}

/// [`Authenticate`] as an object.
trait Judge: Send + Sync {
    fn judge(
        &self,
        credential: Credential,
    ) -> Pin<Box<dyn Future<Output = Result<Principal, Unauthorized>> + Send + '_>>;
    fn is_stub(&self) -> bool;
}

impl<A: Authenticate> Judge for A {
    fn judge(
        &self,
        credential: Credential,
    ) -> Pin<Box<dyn Future<Output = Result<Principal, Unauthorized>> + Send + '_>> {
        Box::pin(self.authenticate(credential))
    }

    fn is_stub(&self) -> bool {
        self.refuses_everyone()
    }
}

impl fmt::Debug for Security {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Security")
            .field("alternatives", &self.alternatives)
            .finish_non_exhaustive()
    }
}

impl<A> fmt::Debug for For<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("For")
            .field("schemes", &self.schemes)
            .finish_non_exhaustive()
    }
}
