//! Tokens of each kind, and the ways to forge them.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use ring::{hmac, signature};

use super::*;

/// A public key, and a token that its private key (thrown away) has signed: valid until the year 2100.
const RSA_MODULUS: &str = "tO6h6b15ntbRbGKQVV2dExEF6MWeRxhtdlnD3uoUpAZJWfcJ7IWWwYPApixLchQCUtVJRHKfIQUybWW7da5Eb40mEvE1YYoO5WGRQNZu7X5Rs3eAS4SYwvOqfXBV-q5rNQISn-AGffyjo5_G9usJk6CbT_6B8QE8n19LE0EAR7KqHBAMUbQ806FYyD8L-90RTRUQAKOhOjZ2texly1HVS9qaLGkYf2RJhZGSjwwdYuHAO0ADXmykxxMLEHWOQL-p6fbkzrPHNA_l4TjC6aVbo9MN67oqjP9oM34cxwcEsJDgw1WsK_Cs-ZuE4_vpD5D_qxrENzucoHP3pZ6bE0oVOQ";
const RSA_TOKEN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhZGEiLCJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2hhdCIsImV4cCI6NDEwMjQ0NDgwMH0.qMGlabEHLVPG7K0Kxs7QvwuEswQC4MjM0RY5qj6WcIYdqss_CdqPAkDWsrGyRcGqIE8D3zW2hnuOfpKrSLsoaLZVR-TJF5VxAyggcyoLLqW66fNrZ9yzXElhk3CAPugzbeiRdFtECShd-aDH5WbWZcaqXE6yAIyWSGlbzdJkfThRZRLQ3tqxnW1vP__O8t_AY8SFqF3xB4m_tA-4vbdQnrGKvMhEjQ13tBjlQ0OZzVa3YigAgqlygYiDE1VClMnNOiINAp7ExXOpwp_ky2kz0PxRrQVw82_9GBywPnO2U0YuQVuvSsPOIPVAlJJZioxZanRiKoOWGIgR5wGoHhZG1w";

pub(super) const SECRET: &[u8] = b"a secret of thirty-two bytes, yes";

pub(super) const CLAIMS: &str =
    r#"{"sub":"ada","iss":"https://issuer.example","aud":"chat","exp":4102444800,"role":"admin"}"#;

struct Signers {
    elliptic: EcdsaKeyPair,
    edwards: Ed25519KeyPair,
    random: SystemRandom,
    jwt: Jwt,
}

fn signers(name: &str) -> Signers {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let elliptic =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
            .unwrap();
    let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let edwards = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let point = elliptic.public_key().as_ref();
    let set = serde_json::json!({ "keys": [
        { "kty": "RSA", "kid": "rsa", "alg": "RS256", "n": RSA_MODULUS, "e": "AQAB" },
        { "kty": "EC", "kid": "ec", "crv": "P-256",
          "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..]) },
        { "kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": BASE64.encode(edwards.public_key()) },
        { "kty": "oct", "kid": "secret", "alg": "HS256", "k": BASE64.encode(SECRET) },
        { "kty": "EC", "kid": "unknown", "crv": "P-521", "x": "AA", "y": "AA" },
    ]});
    let file = std::env::temp_dir().join(format!("wsgen-jwks-{name}-{}.json", std::process::id()));
    std::fs::write(&file, set.to_string()).unwrap();
    let mut settings = config::Config::default().jwt;
    settings.keys = file.clone();
    settings.issuer = "https://issuer.example".to_owned();
    settings.audience = vec!["chat".to_owned()];
    let jwt = Jwt::new(&settings).unwrap();
    std::fs::remove_file(file).unwrap();
    Signers {
        elliptic,
        edwards,
        random,
        jwt,
    }
}

pub(super) fn unsigned(header: &str, claims: &str) -> String {
    format!("{}.{}", BASE64.encode(header), BASE64.encode(claims))
}

impl Signers {
    fn token(&self, algorithm: &str, kid: &str, claims: &str) -> String {
        let header = format!(r#"{{"alg":"{algorithm}","kid":"{kid}"}}"#);
        let text = unsigned(&header, claims);
        let bytes = text.as_bytes();
        let signed = match algorithm {
            "HS256" => hmac_of(SECRET, bytes),
            "ES256" => self
                .elliptic
                .sign(&self.random, bytes)
                .unwrap()
                .as_ref()
                .to_vec(),
            "EdDSA" => signature::Ed25519KeyPair::sign(&self.edwards, bytes)
                .as_ref()
                .to_vec(),
            other => unreachable!("{other}"),
        };
        format!("{text}.{}", BASE64.encode(signed))
    }
}

pub(super) fn hmac_of(secret: &[u8], bytes: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, bytes).as_ref().to_vec()
}

#[tokio::test]
async fn tokens_of_every_kind_are_accepted() {
    let signers = signers("every");
    for token in [
        RSA_TOKEN.to_owned(),
        signers.token("ES256", "ec", CLAIMS),
        signers.token("EdDSA", "ed", CLAIMS),
        signers.token("HS256", "secret", CLAIMS),
    ] {
        let principal = signers
            .jwt
            .judge(&token)
            .await
            .unwrap_or_else(|| unreachable!("{token}"));
        assert_eq!(principal.id, "ada");
        let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_800 + 30);
        assert_eq!(principal.expires, Some(expires));
    }
    let principal = signers
        .jwt
        .judge(&signers.token("ES256", "ec", CLAIMS))
        .await
        .unwrap();
    assert_eq!(principal.claims["role"], "admin");
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let signers = signers("forged");
    let good = signers.token("ES256", "ec", CLAIMS);
    let (text, signed) = good.rsplit_once('.').unwrap();
    let modulus = BASE64.decode(RSA_MODULUS).unwrap();
    let point = signers.elliptic.public_key().as_ref();
    let confused = |kid: &str, secret: &[u8]| {
        let text = unsigned(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#), CLAIMS);
        let signed = BASE64.encode(hmac_of(secret, text.as_bytes()));
        format!("{text}.{signed}")
    };
    let none = unsigned(r#"{"alg":"none"}"#, CLAIMS);
    for forged in [
        // Other claims, another signature, none.
        format!(
            "{}.{signed}",
            unsigned(
                r#"{"alg":"ES256","kid":"ec"}"#,
                &CLAIMS.replace("ada", "eve")
            )
        ),
        format!("{text}.{}", BASE64.encode([0; 64])),
        format!("{text}."),
        text.to_owned(),
        none.clone(),
        format!("{none}."),
        // A public key taken for a secret.
        confused("rsa", &modulus),
        confused("ec", point),
        confused("secret", b"a guess"),
        // A key that does not exist, or is another's.
        signers.token("ES256", "other", CLAIMS),
        signers.token("ES256", "ed", CLAIMS),
        String::new(),
        "a.b.c".to_owned(),
    ] {
        assert_eq!(signers.jwt.judge(&forged).await, None, "{forged}");
    }
}

#[tokio::test]
async fn the_claims_must_be_there_and_right() {
    let signers = signers("claims");
    for (right, wrong) in [
        ("4102444800", "1000000000"),
        ("4102444800", "\"4102444800\""),
        (r#","exp":4102444800"#, ""),
        (r#""aud":"chat""#, r#""aud":"other""#),
        (r#""aud":"chat","#, ""),
        ("https://issuer.example", "https://other.example"),
        (r#""iss":"https://issuer.example","#, ""),
        (r#""sub":"ada","#, ""),
        (r#""sub":"ada""#, r#""sub":"""#),
        (r#""sub":"ada""#, r#""sub":"ada\u0000""#),
        (r#""sub":"ada""#, r#""sub":"ada\nroot""#),
        (r#""sub":"ada""#, r#""sub":["ada"]"#),
        (
            r#""https://issuer.example""#,
            r#"["https://issuer.example"]"#,
        ),
        (
            r#""https://issuer.example""#,
            r#"["https://other.example","https://issuer.example"]"#,
        ),
        ("4102444800", "-1"),
        ("4102444800", "1e300"),
        (r#""role":"admin""#, r#""nbf":4102444700"#),
    ] {
        let claims = CLAIMS.replace(right, wrong);
        assert_ne!(claims, CLAIMS);
        let token = signers.token("HS256", "secret", &claims);
        assert_eq!(signers.jwt.judge(&token).await, None, "{claims}");
    }
}

#[tokio::test]
async fn an_extension_that_must_be_understood_is_not() {
    let signers = signers("crit");
    for (more, is_accepted) in [
        ("", true),
        (r#","typ":"JWT""#, true),
        (r#","crit":["b64"],"b64":false"#, false),
        (r#","crit":["exp"]"#, false),
        (r#","crit":[]"#, false),
        (r#","crit":null"#, false),
    ] {
        let header = format!(r#"{{"alg":"HS256","kid":"secret"{more}}}"#);
        let text = unsigned(&header, CLAIMS);
        let signed = BASE64.encode(hmac_of(SECRET, text.as_bytes()));
        let principal = signers.jwt.judge(&format!("{text}.{signed}")).await;
        assert_eq!(principal.is_some(), is_accepted, "{header}");
    }
}

#[tokio::test]
async fn the_end_may_be_a_fraction_of_a_second() {
    let signers = signers("fraction");
    let claims = CLAIMS.replace("4102444800", "4102444800.5");
    let token = signers.token("HS256", "secret", &claims);
    let principal = signers.jwt.judge(&token).await.unwrap();
    let expires = SystemTime::UNIX_EPOCH + Duration::from_millis(4_102_444_800_500 + 30_000);
    assert_eq!(principal.expires, Some(expires));
}

#[tokio::test]
async fn a_file_that_changes_is_read_again_and_a_bad_one_changes_nothing() {
    let file = std::env::temp_dir().join(format!("wsgen-jwks-reload-{}.json", std::process::id()));
    let set = |name: &str| {
        let keys = serde_json::json!({ "keys": [
            { "kty": "oct", "kid": name, "alg": "HS256", "k": BASE64.encode(SECRET) },
        ]});
        std::fs::write(&file, keys.to_string()).unwrap();
    };
    set("old");
    let mut settings = config::Config::default().jwt;
    settings.keys = file.clone();
    settings.issuer = "https://issuer.example".to_owned();
    settings.audience = vec!["chat".to_owned()];
    let jwt = Jwt::new(&settings).unwrap();
    let accepts = async |name: &str| jwt.judge(&secret_token(name)).await.is_some();
    let Source::File(keys) = &jwt.source else {
        unreachable!()
    };
    set("new");
    assert!(accepts("old").await, "not looked at every time");
    keys.age();
    assert!(accepts("new").await && !accepts("old").await);
    for bad in ["", "{\"keys\":[]}"] {
        std::fs::write(&file, bad).unwrap();
        keys.age();
        assert!(accepts("new").await, "{bad:?}");
    }
    std::fs::remove_file(&file).unwrap();
    keys.age();
    assert!(accepts("new").await);
}

/// A good token, signed with [`SECRET`] by the key of this name.
pub(super) fn secret_token(name: &str) -> String {
    let text = unsigned(&format!(r#"{{"alg":"HS256","kid":"{name}"}}"#), CLAIMS);
    let signed = BASE64.encode(hmac_of(SECRET, text.as_bytes()));
    format!("{text}.{signed}")
}
