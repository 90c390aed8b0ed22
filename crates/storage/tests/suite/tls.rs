//! TLS to a real PostgreSQL. A resolver says where its host is; the connection goes to the loopback address all the same.

use std::{io, net::IpAddr};

use async_trait::async_trait;
use storage::{Database, Resolver};
use testkit::databases::{TlsCertificate, TlsServer};

/// Says that every host is at this address.
#[derive(Debug)]
struct At(IpAddr);

#[async_trait]
impl Resolver for At {
    async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![self.0])
    }
}

const PUBLIC: &str = "203.0.113.7";
const NEAR: &str = "10.0.0.5";

/// Opens the database of a host at an address; whether the connection is TLS.
async fn open(url: &str, at: &str) -> Result<bool, String> {
    let opened = Database::connect_resolving(url, 1, &At(at.parse().unwrap())).await;
    let database = opened.map_err(|error| error.to_string())?;
    let Database::Postgres(pool) = &database else { panic!("asked for PostgreSQL") };
    let tls = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    let tls = sqlx::query_scalar(tls).fetch_one(&*pool.acquire_sqlx_pool().await.unwrap()).await.unwrap();
    database.close().await;
    Ok(tls)
}

/// Asserts that a connection is refused, with these words.
async fn assert_refused(url: &str, at: &str, words: &[&str]) {
    let Err(error) = open(url, at).await else { panic!("{url} is not refused") };
    for words in words {
        assert!(error.contains(words), "{url}: {words:?} is not in {error}");
    }
    assert!(
        error.starts_with("cannot open the database postgres://") && error.lines().count() == 1,
        "{error}"
    );
}

const UNKNOWN: &[&str] = &[
    "the server cannot be verified: no authority that is trusted here has signed its certificate",
    "Name the file with the certificate of its authority: sslrootcert=FILE",
    "sslmode=no-verify connects without verifying it",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_across_the_internet_is_verified_in_every_mode_that_asks_for_tls() {
    let server = TlsServer::start(TlsCertificate::Signed);
    let authority = format!("sslrootcert={}", server.authority().display());
    let other = format!("sslrootcert={}", server.other_authority().display());
    for mode in ["", "sslmode=require", "sslmode=verify-ca", "sslmode=verify-full", "ssl=true", "ssl=require"]
    {
        let url = |root: &str| server.url("localhost", &format!("{mode}&{root}"));
        assert_refused(&url(""), PUBLIC, UNKNOWN).await;
        assert_refused(&url(&other), PUBLIC, UNKNOWN).await;
        assert_eq!(open(&url(&authority), PUBLIC).await, Ok(true), "{mode}");
        // As copied from Neon's console, with the authority of this test.
        assert_eq!(
            open(&url(&format!("{authority}&channel_binding=require")), PUBLIC).await,
            Ok(true),
            "{mode}"
        );
    }
    // What is said on purpose is done.
    assert_eq!(open(&server.url("localhost", "sslmode=no-verify"), PUBLIC).await, Ok(true));
    assert_eq!(open(&server.url("localhost", "sslmode=disable"), PUBLIC).await, Ok(false));
    let missing = server.url("localhost", "sslrootcert=/nowhere/ca.pem");
    assert_refused(
        &missing,
        PUBLIC,
        &["sslrootcert=/nowhere/ca.pem cannot be read", "Give the path of a file"],
    )
    .await;
    let key = server.socket_folder().join("data/server.key");
    let no_certificate = server.url("localhost", &format!("sslrootcert={}", key.display()));
    assert_refused(&no_certificate, PUBLIC, &["holds no certificate in PEM"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_private_network_the_modes_are_those_of_libpq() {
    let server = TlsServer::start(TlsCertificate::Signed);
    let authority = format!("sslrootcert={}", server.authority().display());
    let other = format!("sslrootcert={}", server.other_authority().display());
    for at in [NEAR, "127.0.0.1", "::1", "fd00::5"] {
        for (parameters, tls) in
            [("", true), ("sslmode=prefer", true), ("sslmode=require", true), ("sslmode=disable", false)]
        {
            assert_eq!(open(&server.url("localhost", parameters), at).await, Ok(tls), "{parameters} at {at}");
        }
    }
    for mode in ["verify-ca", "verify-full"] {
        let url = |root: &str| server.url("localhost", &format!("sslmode={mode}&{root}"));
        assert_refused(&url(""), NEAR, UNKNOWN).await;
        assert_refused(&url(&other), NEAR, UNKNOWN).await;
        assert_eq!(open(&url(&authority), NEAR).await, Ok(true));
    }
    // A file of roots makes `require` verify the chain.
    assert_refused(&server.url("localhost", &format!("sslmode=require&{other}")), NEAR, UNKNOWN).await;
    // The certificate names `localhost` alone. Public authorities are trusted as well, and sign for everyone: without the
    // name, the chain would show nothing.
    for mode in ["verify-ca", "verify-full"] {
        let by_address = server.url("127.0.0.1", &format!("sslmode={mode}&{authority}"));
        assert_refused(&by_address, NEAR, &["its certificate is for another host"]).await;
    }
    let socket = format!(
        "postgres://bookplate@/postgres?host={}&port={}",
        server.socket_folder().display(),
        server.port()
    );
    for mode in ["disable", "require", "verify-full"] {
        assert_eq!(
            open(&format!("{socket}&sslmode={mode}"), NEAR).await,
            Ok(false),
            "{mode} over a Unix socket"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_binding_is_only_promised_where_the_server_is_verified() {
    let server = TlsServer::start(TlsCertificate::Signed);
    let authority = format!("sslrootcert={}", server.authority().display());
    let refused = [
        "channel_binding=require needs a connection over TLS with a verified server",
        "Write sslmode=verify-full",
    ];
    for (parameters, at) in [
        ("sslmode=require", NEAR),
        ("sslmode=prefer", NEAR),
        ("sslmode=disable", NEAR),
        ("", NEAR),
        ("sslmode=no-verify", PUBLIC),
        ("sslmode=disable", PUBLIC),
    ] {
        let url = server.url("localhost", &format!("{parameters}&channel_binding=require"));
        assert_refused(&url, at, &refused).await;
        let url = server.url("localhost", &format!("{parameters}&channel_binding=prefer"));
        assert!(open(&url, at).await.is_ok(), "{parameters}");
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = server.url("localhost", &format!("sslmode={mode}&{authority}&channel_binding=require"));
        assert_eq!(open(&url, NEAR).await, Ok(true), "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_cannot_be_verified_is_refused_with_a_remedy() {
    for (certificate, words) in [
        (TlsCertificate::SelfSigned, UNKNOWN),
        (
            TlsCertificate::OfAuthority,
            &["its certificate is that of an authority, or signed by itself as one"],
        ),
        (TlsCertificate::Expired, &["its certificate is not valid today", "Renew it, or set the clock"]),
        (
            TlsCertificate::ForAnotherHost,
            &["its certificate is for another host", "Write the host as the certificate names it"],
        ),
    ] {
        let server = TlsServer::start(certificate);
        let root = if certificate == TlsCertificate::SelfSigned {
            server.other_authority()
        } else {
            server.authority()
        };
        let url = server.url("localhost", &format!("sslmode=require&sslrootcert={}", root.display()));
        assert_refused(&url, PUBLIC, words).await;
        assert_eq!(
            open(&server.url("localhost", "sslmode=no-verify"), PUBLIC).await,
            Ok(true),
            "{certificate:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_across_the_internet() {
    let plain = std::env::var("BOOKPLATE_TEST_POSTGRES_URL").unwrap();
    let with = |parameters: &str| {
        format!("{}?{parameters}", plain.split('?').next().unwrap().replace("127.0.0.1", "localhost"))
    };
    let offers_tls = open(&with("sslmode=prefer"), NEAR).await == Ok(true);
    if !offers_tls {
        for mode in ["", "sslmode=require"] {
            assert_refused(
                &with(mode),
                PUBLIC,
                &["the server does not speak TLS", "sslmode=disable does without"],
            )
            .await;
        }
        assert_eq!(open(&with(""), NEAR).await, Ok(false));
    }
}
