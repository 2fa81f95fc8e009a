//! What the types of the settings cannot say.

use std::time::Duration;

use crate::{BrokerKind, ClientAddress, Config};

impl Config {
    /// Checks what the types cannot say: one sentence for each fault.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut demand = |holds: bool, fault: &str| {
            if !holds {
                faults.push(fault.to_owned());
            }
        };
        demand(
            !self.listen.address.is_empty(),
            "listen.address must name at least one address",
        );
        let limits = &self.limits;
        demand(
            limits.max_connections >= 1,
            "limits.max_connections must be at least 1",
        );
        demand(
            limits.max_connections <= 10_000_000,
            "limits.max_connections must be at most 10000000",
        );
        demand(
            (256..=1 << 20).contains(&limits.head_size),
            "limits.head_size must be between 256 bytes and 1 MiB",
        );
        demand(
            (8..=1024).contains(&limits.headers),
            "limits.headers must be between 8 and 1024",
        );
        demand(
            (1..=1 << 30).contains(&limits.message_size),
            "limits.message_size must be between 1 byte and 1 GiB",
        );
        demand(
            limits.message_fragments >= 1,
            "limits.message_fragments must be at least 1",
        );
        demand(
            limits.send_queue_size >= 1,
            "limits.send_queue_size must be at least 1 byte",
        );
        demand(
            limits.send_queue_memory >= limits.send_queue_size,
            "limits.send_queue_memory must be at least limits.send_queue_size",
        );
        let rates = &self.rates;
        demand(
            (1..=3600).contains(&rates.burst),
            "rates.burst must be between 1 and 3600 seconds",
        );
        demand(
            rates.messages.max(rates.control_frames) <= 1_000_000_000 && rates.bytes <= 1 << 40,
            "rates.messages and rates.control_frames must be at most 1000000000, rates.bytes at most 1 TiB; 0 is no limit",
        );
        for (name, duration) in [
            ("timeouts.request_head", self.timeouts.request_head),
            ("timeouts.authentication", self.timeouts.authentication),
            ("timeouts.first_message", self.timeouts.first_message),
            ("timeouts.tls_handshake", self.timeouts.tls_handshake),
            ("timeouts.message", self.timeouts.message),
            ("timeouts.write_stall", self.timeouts.write_stall),
            ("timeouts.close", self.timeouts.close),
            ("heartbeat.interval", self.heartbeat.interval),
            ("heartbeat.timeout", self.heartbeat.timeout),
        ] {
            demand(
                !duration.is_zero(),
                &format!("{name} must be longer than 0"),
            );
        }
        let compression = &self.compression;
        demand(
            (1..=9).contains(&compression.level),
            "compression.level must be between 1 and 9",
        );
        demand(
            (9..=15).contains(&compression.window_bits),
            "compression.window_bits must be between 9 and 15",
        );
        let telemetry = &self.telemetry;
        demand(
            !telemetry.is_wanted() || telemetry.collector().is_some(),
            "telemetry.endpoint must be an address of HTTP without query or password: \"http://127.0.0.1:4318\"",
        );
        demand(
            (0.0..=1.0).contains(&telemetry.sampling),
            "telemetry.sampling must be between 0 and 1",
        );
        let tls = &self.tls;
        let [certificate, key, client_ca] =
            [&tls.certificate, &tls.key, &tls.client_ca].map(|path| !path.as_os_str().is_empty());
        demand(
            certificate == key,
            "tls.certificate and tls.key go together",
        );
        demand(
            !(tls.self_signed && certificate),
            "tls.self_signed and tls.certificate exclude each other",
        );
        demand(
            certificate || !client_ca,
            "tls.client_ca needs tls.certificate and tls.key",
        );
        let jwt = &self.jwt;
        let sources = [
            !jwt.keys.as_os_str().is_empty(),
            !jwt.keys_url.is_empty(),
            jwt.discover,
        ];
        let sources = sources.into_iter().filter(|is_set| *is_set).count();
        demand(
            sources <= 1,
            "jwt.keys, jwt.keys_url and jwt.discover exclude each other",
        );
        demand(
            sources == 0 || !jwt.issuer.is_empty() && !jwt.audience.is_empty(),
            "[jwt] needs jwt.issuer and jwt.audience, or tokens for other services would be accepted",
        );
        demand(
            jwt.refresh >= Duration::from_secs(10),
            "jwt.refresh must be at least 10s",
        );
        demand(
            self.proxy.address == ClientAddress::None || !self.proxy.trusted.is_empty(),
            "proxy.address is believed only from proxy.trusted, which is empty: name the proxies' networks",
        );
        let broker = &self.broker;
        demand(
            broker.kind == BrokerKind::Memory || !broker.url.as_str().is_empty(),
            "broker.kind needs broker.url: say where it is, for instance \"redis://localhost:6379\"",
        );
        demand(
            broker.kind != BrokerKind::Memory || broker.url.as_str().is_empty(),
            "broker.url is set, and broker.kind is memory: say which broker it is, \"redis\" or \"nats\"",
        );
        let is_word =
            |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        demand(
            !broker.prefix.is_empty() && broker.prefix.chars().all(is_word),
            "broker.prefix must be letters, digits, - and _",
        );
        demand(
            broker.presence_ttl >= Duration::from_millis(300),
            "broker.presence_ttl must be at least 300ms",
        );
        demand(
            self.resume.channels.is_empty() || (1..=100_000).contains(&self.resume.messages),
            "resume.messages must be between 1 and 100000",
        );
        demand(
            self.resume.age >= Duration::from_secs(1),
            "resume.age must be at least 1s",
        );
        faults.extend(crate::origin::faults(&self.origin));
        faults
    }
}
