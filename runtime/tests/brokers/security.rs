//! Brokers that ask who is there, and are asked for their certificate.

use super::delivery::{member, publish, said};
use super::on_each_broker;
use super::server::{Broker, Kind, is_degraded, is_ready};
use crate::process::Process;
use crate::tls::Authority;

on_each_broker! {
    by_tls_with_a_private_authority_and_a_password,
    a_certificate_of_somebody_else_is_refused,
    a_wrong_password_is_refused_and_not_shown,
    a_token_or_a_name_will_do,
}

/// As it is and in an address, where it is escaped.
const PASSWORD: &str = "p4ss/w0rd";
const ESCAPED: &str = "p4ss%2Fw0rd";

/// What makes the broker ask for TLS and a password.
fn asking(broker: &Broker, authority: &Authority) -> Vec<String> {
    authority.write(&authority.sign());
    let path = |name: &str| authority.path(name).display().to_string();
    match broker.kind {
        Kind::Nats => {
            let settings = format!(
                "tls {{ cert_file: {:?}, key_file: {:?} }}\nauthorization {{ user: wsgen, password: {PASSWORD:?} }}",
                path("certificate.pem"),
                path("key.pem")
            );
            vec!["-c".to_owned(), broker.file("nats.conf", &settings)]
        }
        _ => {
            let (port, certificate) = (broker.port.to_string(), path("certificate.pem"));
            let (key, ca) = (path("key.pem"), path("ca.pem"));
            [
                ["--port", "0"],
                ["--tls-port", &*port],
                ["--tls-cert-file", &*certificate],
                ["--tls-key-file", &*key],
                ["--tls-ca-cert-file", &*ca],
                ["--tls-auth-clients", "no"],
                ["--requirepass", PASSWORD],
            ]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect()
        }
    }
}

/// Settings of a server that trusts this authority and says this password.
fn settings(broker: &Broker, trusted: &Authority, password: &str) -> String {
    let (port, ca) = (broker.port, trusted.path("ca.pem"));
    let url = match broker.kind {
        Kind::Nats => format!("tls://wsgen:{password}@localhost:{port}"),
        _ => format!("rediss://:{password}@localhost:{port}"),
    };
    broker.settings_at(&url, &format!("ca = {:?}\n", ca.display().to_string()))
}

async fn by_tls_with_a_private_authority_and_a_password(mut broker: Broker) {
    let authority = Authority::new(&format!("broker-{}", broker.port));
    broker.restart_with(asking(&broker, &authority)).await;
    let settings = settings(&broker, &authority, ESCAPED);
    let servers = [0, 1].map(|_| Process::start(&settings, 256));
    for server in &servers {
        is_ready(server).await;
    }
    let mut there = member(&servers[1], "a").await;
    publish(&mut servers[0].client().await, "a", "safely").await;
    assert_eq!(there.text().await, said("safely"));
}

async fn a_certificate_of_somebody_else_is_refused(mut broker: Broker) {
    let authority = Authority::new(&format!("broker-{}", broker.port));
    let stranger = Authority::new(&format!("stranger-{}", broker.port));
    stranger.write(&stranger.sign());
    broker.restart_with(asking(&broker, &authority)).await;
    let server = Process::start(&settings(&broker, &stranger, ESCAPED), 256);
    let line = server
        .logs("no broker: members of this server are served")
        .await;
    assert!(
        line.contains("UnknownIssuer") || line.contains("BadSignature"),
        "{line}"
    );
    is_degraded(&server).await;
    // Nor does it take what is no TLS.
    let plain = broker.settings("");
    let plain = Process::start(&plain, 256);
    plain
        .logs("no broker: members of this server are served")
        .await;
    is_degraded(&plain).await;
}

async fn a_wrong_password_is_refused_and_not_shown(mut broker: Broker) {
    let authority = Authority::new(&format!("broker-{}", broker.port));
    broker.restart_with(asking(&broker, &authority)).await;
    let server = Process::start(&settings(&broker, &authority, "guessed"), 256);
    let line = server
        .logs("no broker: members of this server are served")
        .await;
    assert!(!line.contains("guessed"), "{line}");
    assert!(line.contains("…@localhost"), "{line}");
    let says_why = [
        "WRONGPASS",
        "invalid username-password",
        "authorization violation",
    ];
    assert!(says_why.iter().any(|why| line.contains(why)), "{line}");
    is_degraded(&server).await;
}

async fn a_token_or_a_name_will_do(mut broker: Broker) {
    let port = broker.port;
    let (more, url) = match broker.kind {
        Kind::Nats => {
            let settings = broker.file("nats.conf", "authorization { token: t0ken }");
            (
                vec!["-c".to_owned(), settings],
                format!("nats://t0ken@127.0.0.1:{port}"),
            )
        }
        // What a server needs and no more.
        _ => {
            let user = format!(
                "--user ada on >{PASSWORD} resetchannels &wsgen:* resetkeys ~wsgen:* -@all {COMMANDS}"
            );
            let more = user.split(' ').map(str::to_owned).collect();
            (more, format!("redis://ada:{ESCAPED}@127.0.0.1:{port}"))
        }
    };
    broker.restart_with(more).await;
    let settings = broker.settings_at(&url, "[resume]\nchannels = [\"room\"]\n");
    let servers = [0, 1].map(|_| Process::start(&settings, 256));
    for server in &servers {
        is_ready(server).await;
    }
    let mut there = member(&servers[1], "a").await;
    publish(&mut servers[0].client().await, "a", "known").await;
    assert_eq!(there.text().await, said("known"));
    there.send(r#"{"type":"leave","topic":"a"}"#).await;
    assert_eq!(there.text().await, said("left"));
}

/// As docs/operations.md has them.
const COMMANDS: &str = "+hello +info +script|load +evalsha +subscribe +unsubscribe +publish +hmget +hset \
                        +del +time +xadd +xrange +pexpire";
