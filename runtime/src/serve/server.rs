//! A server put together from routes, and how it runs: bind, serve, drain.

use std::fmt;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
#[cfg(feature = "jwt")]
use wsgen_authentication::Jwt;
use wsgen_authentication::{Authenticate, For, Scheme, Security, StaticTokens};
use wsgen_config::{self as config, Config};
use wsgen_protocol::Rates;
use wsgen_protocol::compression::{self, Negotiator};
use wsgen_topics::broker::{AnyBroker, Broker, OtherServers};
use wsgen_topics::{Connections, Topics};

use crate::codegen::{Dispatch, Endpoint, Handled};
use crate::handler::channel::{Channel, Handler};
use crate::handler::handle::Handle;
use crate::listen::addresses::Addresses;
use crate::listen::bind::{Listener, NOWHERE, bind_all};
use crate::listen::shares::Shares;
use crate::listen::tls::{self, Tls};
use crate::observe::log;
use crate::observe::metrics::ServerMetrics;
use crate::observe::telemetry::{self, Exporter};
use crate::observe::watchdog::Watchdog;
use crate::origin::Origins;
#[cfg(feature = "tower")]
use crate::serve::mount::Mounted;
use crate::serve::running::Running;
use crate::serve::{admin, drain, front, shutdown};
use crate::service::{Progress, Service};
use crate::session::route::{Route, Served};
use crate::start_error::StartError;

/// The refusals that are written at once when there is no room; connections beyond them are just closed.
const REFUSALS: usize = 64;

/// A server that is not bound yet. Generated code builds it; `main` calls [`Server::serve`].
pub struct Server {
    name: &'static str,
    routes: matchit::Router<Arc<dyn Route>>,
    all_routes: Vec<Arc<dyn Route>>,
    handle: Handle,
    security: Option<Security>,
    secure: bool,
    hosts: &'static [&'static str],
    broker: Option<AnyBroker>,
    faults: Vec<String>,
}

impl Server {
    /// A server without routes; `name` is for the log.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            routes: matchit::Router::new(),
            all_routes: Vec::new(),
            handle: Handle::new(),
            security: None,
            secure: false,
            hosts: &[],
            broker: None,
            faults: Vec::new(),
        }
    }

    /// Lets in only whom `judge` accepts, by one of `alternatives`, each a list of schemes that are all needed. An empty
    /// alternative lets everybody in; no alternative, nobody.
    #[must_use]
    pub fn authenticate<A: Authenticate>(
        mut self,
        judge: Arc<A>,
        alternatives: &'static [&'static [Scheme]],
    ) -> Self {
        self.security = Some(Security::new(judge, alternatives));
        self
    }

    /// Says that the document's address is `wss://`: in the clear the server then starts on loopback only, unless the
    /// settings say that a proxy ends TLS.
    #[must_use]
    pub fn secure(mut self) -> Self {
        self.secure = true;
        self
    }

    /// Names the hosts by which the document says that this server is reached: pages of the same host may connect.
    #[must_use]
    pub fn hosts(mut self, hosts: &'static [&'static str]) -> Self {
        self.hosts = hosts;
        self
    }

    /// Shares topics with other servers by a broker of the program's own, whatever `[broker]` in the settings names.
    #[must_use]
    pub fn broker(mut self, broker: impl Broker) -> Self {
        self.broker = Some(AnyBroker::new(broker));
        self
    }

    /// Names the schemes that only some operations ask for ([`Context::require`](crate::Context::require)): a credential
    /// is judged when it is shown, and not needed to connect. After [`Server::authenticate`].
    #[must_use]
    pub fn operation_schemes(mut self, schemes: &'static [Scheme]) -> Self {
        match &mut self.security {
            Some(security) => security.set_operations(schemes),
            None => self
                .faults
                .push("operations ask for security, and nobody judges credentials".to_owned()),
        }
        self
    }

    /// Serves `endpoint` at `path`, in which `{name}` is a parameter. A path that is wrong or taken is reported by
    /// [`Server::bind`].
    #[must_use]
    pub fn route<E: Endpoint>(self, path: &str, endpoint: E) -> Self {
        self.serves(path, Arc::new(Served::new(endpoint)))
    }

    /// Serves the channel `C` at `path`, by `handlers`; else as [`Server::route`].
    #[must_use]
    pub fn channel<C: Dispatch<H>, H: Handler<C>>(
        self,
        path: &str,
        _channel: C,
        handlers: &Arc<H>,
    ) -> Self {
        let served = Served::new(Handled::<C, H>::new(handlers.clone()));
        self.handle.add::<C>(served.hub().clone());
        self.serves(path, Arc::new(served))
    }

    /// What the rest of the program does with the server: it publishes, and addresses connections.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    fn serves(mut self, path: &str, route: Arc<dyn Route>) -> Self {
        if let Err(error) = self.routes.insert(path, route.clone()) {
            let channel = route.channel();
            let fault = format!("the route {path} of the channel {channel:?}: {error}");
            self.faults.push(fault);
        }
        self.all_routes.push(route);
        self
    }

    /// Binds the listeners.
    ///
    /// # Errors
    /// Wrong routes or settings, an address that is taken or not ours.
    pub async fn bind(self, config: Config) -> Result<Listening, StartError> {
        self.check(&config, None)?;
        let public = bind_all(&config.listen.address, "listen.address").await?;
        let in_the_clear = self
            .secure
            .then(|| tls::fault_in_the_clear(&config.tls, &public));
        if let Some(fault) = in_the_clear.flatten() {
            return Err(StartError(fault));
        }
        let is_on_loopback = public.iter().all(Listener::is_on_loopback);
        let admin = match config.admin.enabled {
            true => Some(bind(config.admin.address, "admin.address").await?),
            false => None,
        };
        let (name, routes) = (self.name, self.all_routes.clone());
        Ok(Listening {
            name,
            service: Arc::new(self.service(config, is_on_loopback)?),
            public,
            admin,
            routes,
        })
    }

    /// Makes the server a service of an application that has a listener of its own. Runs the handlers' `background`.
    ///
    /// # Errors
    /// Wrong routes or settings; `[tls]` and `[telemetry]`, which are the application's then.
    #[cfg(feature = "tower")]
    pub async fn mount(self, config: Config) -> Result<Mounted, StartError> {
        let tls = tls::is_wanted(&config.tls);
        let tls =
            tls.then(|| "[tls] is set, but the application that serves this ends TLS".to_owned());
        let telemetry = config.telemetry.is_wanted().then(|| {
            "[telemetry] is set, but the application that serves this decides what becomes of spans".to_owned()
        });
        self.check(&config, tls.or(telemetry))?;
        warn_of_ignored(&config);
        // Where the application listens is not known.
        Ok(Mounted::new(self.started(config, false)?))
    }

    /// Runs the server without a listener.
    ///
    /// # Errors
    /// Wrong routes or settings.
    pub(crate) fn run(self, config: Config) -> Result<Running, StartError> {
        self.check(&config, None)?;
        self.started(config, true)
    }

    fn started(self, config: Config, is_on_loopback: bool) -> Result<Running, StartError> {
        let (name, routes) = (self.name, self.all_routes.clone());
        let service = self.service(config, is_on_loopback)?;
        Ok(Running::new(service, background(name, routes)))
    }

    /// Reports what is wrong with routes and settings, and what else was found.
    fn check(&self, config: &Config, found: Option<String>) -> Result<(), StartError> {
        let faults = self.faults.iter().cloned().chain(config.faults());
        let channels: Vec<&str> = self
            .all_routes
            .iter()
            .map(|route| route.channel())
            .collect();
        let faults = faults.chain(unknown_channels(config, &channels));
        let absent = telemetry::fault(&config.telemetry);
        let faults: Vec<String> = faults.chain(absent).chain(found).collect();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(StartError(faults.join("\n"))),
        }
    }

    /// `is_on_loopback` says that nobody reaches the server but from this machine.
    fn service(self, config: Config, is_on_loopback: bool) -> Result<Service, StartError> {
        let tls = Tls::new(&config.tls).map_err(StartError)?;
        let connections = Connections::new(&config.limits);
        self.handle.connect(connections.clone());
        let metrics = ServerMetrics::default();
        let hubs = self.all_routes.iter().map(|route| route.hub().clone());
        let broker = match self.broker {
            Some(broker) => Some(broker),
            None => AnyBroker::of_settings(&config.broker).map_err(StartError)?,
        };
        let others = OtherServers::new(
            &config,
            broker,
            hubs.collect(),
            &connections,
            &metrics.broker,
        );
        Ok(Service {
            others: Arc::new(others),
            routes: self.routes,
            security: security(self.security, &config).map_err(StartError)?,
            origins: Origins::new(&config, self.hosts, is_on_loopback),
            connections,
            handle: self.handle,
            permits: Arc::new(Semaphore::new(config.limits.max_connections)),
            tls,
            addresses: Addresses::new(config.limits.connections_per_address),
            compression: negotiator(&config.compression),
            rates: Arc::new(rates(&config)),
            principals: Shares::new(config.limits.connections_per_principal),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            metrics,
            channels: self
                .all_routes
                .iter()
                .map(|route| route.metrics())
                .collect(),
            progress: Progress::new(),
            config: Arc::new(config),
        })
    }

    /// Installs the log, binds, serves until SIGINT or SIGTERM, drains. The code is 0 if every connection was closed within
    /// `drain.deadline`.
    ///
    /// The server has the process for itself: a second signal ends the process at once, and so does the end of the deadline
    /// where a handler blocks its thread, or `main` does not end within 4 s after it. Where something was cut, its code is 1.
    pub async fn serve(self, config: Config) -> ExitCode {
        let exporter = Exporter::new(&config.telemetry, self.name).map_err(StartError);
        let found = exporter.as_ref().ok().and_then(Option::as_ref);
        log::install(&config.log, found);
        let started = async { Ok((self.bind(config).await?, exporter?)) };
        match started.await {
            Ok((listening, exporter)) => shutdown::run_until_signal(listening, exporter).await,
            Err(StartError(error)) => {
                tracing::error!("cannot start: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

/// Says what a mounted server does not do though it is set.
#[cfg(feature = "tower")]
fn warn_of_ignored(config: &Config) {
    let Config {
        listen, admin, log, ..
    } = Config::default();
    let sections = [
        ("listen", config.listen != listen, "listens"),
        ("admin", config.admin != admin, "answers load balancers"),
        ("log", config.log != log, "writes the log"),
    ];
    for (section, is_set, does) in sections {
        if is_set {
            tracing::warn!(
                "[{section}] is set and ignored: the application that serves this {does}"
            );
        }
    }
}

/// The channels to be resumed that no server with these channels has.
fn unknown_channels(config: &Config, channels: &[&str]) -> Vec<String> {
    let unknown = config.resume.channels.iter();
    let unknown = unknown.filter(|name| !channels.contains(&name.as_str()));
    unknown
        .map(|name| {
            format!(
                "resume.channels: no channel is called {name:?} here; there is {}",
                channels.join(", ")
            )
        })
        .collect()
}

fn negotiator(settings: &config::Compression) -> Option<Negotiator> {
    let wanted = compression::Settings {
        threshold: settings.threshold,
        level: settings.level,
        window_bits: settings.window_bits,
        context_takeover: settings.context_takeover,
    };
    settings
        .enabled
        .then(|| Negotiator::new(wanted, settings.context_memory))
}

fn rates(config: &Config) -> Rates {
    Rates {
        messages: config.rates.messages,
        bytes: config.rates.bytes,
        control_frames: config.rates.control_frames,
        burst: config.rates.burst,
        // One message of the largest size, with its heads.
        burst_bytes: config.limits.message_size.saturating_add(4096),
    }
}

/// The document's demand, and the judges that the configuration adds.
fn security(security: Option<Security>, config: &Config) -> Result<Option<Security>, String> {
    let Some(mut security) = security else {
        return Ok(None);
    };
    if config.jwt.is_wanted() {
        #[cfg(feature = "jwt")]
        security.ask_first(For {
            schemes: security.schemes("jwt", &config.jwt.schemes, Scheme::is_bearer)?,
            judge: Jwt::new(&config.jwt)?,
        });
        #[cfg(not(feature = "jwt"))]
        return Err("[jwt] is set, but this program was built without it: turn on the feature `jwt` of wsgen-runtime".to_owned());
    }
    let tokens = &config.authentication.tokens;
    if !tokens.is_empty() {
        let named = &config.authentication.schemes;
        security.ask_first(For {
            schemes: security.schemes("authentication", named, |scheme| !scheme.is_bearer())?,
            judge: StaticTokens(tokens.clone()),
        });
    }
    if !config.authentication.first_message.is_empty() && !security.takes_token() {
        return Err("authentication.first_message is set, but no scheme of the document is shown as a bearer token or in a header: leave it out".to_owned());
    }
    if security.refuses_everyone() {
        tracing::warn!(
            "this server refuses everyone: implement `Authenticate`, or name tokens in `authentication.tokens` or keys in `[jwt]`"
        );
    }
    Ok(Some(security))
}

/// What the handlers do beside the server, until dropped.
fn background(name: &str, routes: Vec<Arc<dyn Route>>) -> JoinSet<()> {
    let mut background = JoinSet::new();
    for route in routes {
        tracing::debug!(server = name, channel = route.channel(), "serving");
        background.spawn(route.background());
    }
    background
}

async fn bind(address: SocketAddr, key: &str) -> Result<(TcpListener, SocketAddr), StartError> {
    let fault = |error| StartError(format!("cannot listen on {address} ({key}): {error}"));
    let listener = TcpListener::bind(address).await.map_err(fault)?;
    let bound = listener.local_addr().map_err(fault)?;
    Ok((listener, bound))
}

/// A server whose listeners are bound: from now on connections queue up, and [`Listening::run_until`] serves them.
pub struct Listening {
    name: &'static str,
    service: Arc<Service>,
    public: Vec<Listener>,
    admin: Option<(TcpListener, SocketAddr)>,
    routes: Vec<Arc<dyn Route>>,
}

impl Listening {
    /// The first public address, with the real port; `0.0.0.0:0` where there are Unix sockets alone.
    pub fn address(&self) -> SocketAddr {
        self.addresses().next().unwrap_or(NOWHERE)
    }

    /// All public addresses but those of Unix sockets.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.public.iter().filter_map(Listener::address)
    }

    /// The admin address, with the real port; `None` when the admin listener is off.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|(_, address)| *address)
    }

    /// What the rest of the program does with the server: it publishes, and addresses connections.
    pub fn handle(&self) -> Handle {
        self.service.handle.clone()
    }

    /// The topics of a channel: [`Handle::topics`].
    pub fn topics<C: Channel>(&self) -> Topics<C::Outbound> {
        self.service.handle.topics::<C>()
    }

    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Serves until `shutdown` is done, then drains: `/readyz` turns to 503, after `drain.grace` every connection is
    /// closed with 1012, and after `drain.deadline` what is left is cut.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        let grace = self.service.config.drain.grace;
        self.run(async {
            shutdown.await;
            grace
        })
        .await;
    }

    /// [`Listening::run_until`] with the grace that `shutdown` says.
    pub(crate) async fn run(self, shutdown: impl Future<Output = Duration>) -> drain::Outcome {
        let Self {
            name,
            service,
            public,
            admin,
            routes,
        } = self;
        for listener in &public {
            tracing::info!(server = name, address = %listener.place, "listening");
        }
        // Aborted when dropped: at the end of this function, or with it.
        let mut beside = JoinSet::new();
        if let Some((listener, address)) = admin {
            tracing::info!(server = name, %address, "admin listening");
            let service = service.clone();
            beside.spawn(async move { admin::run(&service, listener).await });
        }
        let others = service.others.clone();
        beside.spawn(async move { others.run().await });
        if service.tls.is_some() {
            let service = service.clone();
            beside.spawn(async move {
                if let Some(tls) = &service.tls {
                    tls.keep_fresh().await;
                }
            });
        }
        let _watchdog = Watchdog::start(service.channels.clone());
        let mut background = background(name, routes);
        let stop = async {
            let grace = shutdown.await;
            drain::begin(&service, grace).await;
        };
        tokio::join!(front::run(&service, public), stop);
        background.abort_all();
        let outcome = drain::finish(&service).await;
        service.others.say_goodbye().await;
        tracing::info!(server = name, "stopped");
        outcome
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Server")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Listening {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Listening")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
