//! A PostgreSQL of its own that speaks TLS, with certificates that are made for the test.

use std::{
    env,
    fs::{self, Permissions},
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

/// How the server's certificate comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsCertificate {
    /// For `localhost`, signed by the authority.
    Signed,
    /// For `localhost`, signed by the authority, and no longer valid.
    Expired,
    /// For `db.example.org`, signed by the authority.
    ForAnotherHost,
    /// For `localhost`, signed by its own key.
    SelfSigned,
    /// The authority's own, as a self-signed certificate of `openssl req -x509` is one.
    OfAuthority,
}

/// A server on the loopback address; it ends when dropped.
#[derive(Debug)]
pub struct TlsServer {
    child: Child,
    folder: PathBuf,
    port: u16,
}

/// Durability costs most of a test's time, and these data live for seconds.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
fsync = off
max_connections = 20
shared_buffers = 16MB
";

impl TlsServer {
    /// Makes a cluster and starts it with a certificate.
    pub fn start(certificate: TlsCertificate) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let account = unprivileged();
        // The other account may not be let into root's own temporary folder.
        let parent = if account.is_some() { PathBuf::from("/tmp") } else { env::temp_dir() };
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let folder = parent.join(format!("bookplate-tls-{}-{count}", process::id()));
        fs::create_dir_all(&folder).expect("a folder can be made");
        give(&folder, account);
        let command = |program: &str| {
            let mut command = Command::new(binaries().join(program));
            command.current_dir(&folder).stdin(Stdio::null());
            if let Some((user, group)) = account {
                command.uid(user).gid(group);
            }
            command
        };
        let made = command("initdb")
            .args([
                "--pgdata=data",
                "--username=bookplate",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        write_certificates(&folder, certificate, account);
        let port = free_port();
        let mut child = command("postgres")
            .args(["-D", "data", "-p", &port.to_string(), "-k", &folder.display().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("postgres runs");
        let mut log = BufReader::new(child.stderr.take().expect("a log"));
        let mut said = String::new();
        while !said.contains("ready to accept connections") {
            let read = log.read_line(&mut said).expect("a log of text");
            assert!(read > 0, "it ended instead: {said}");
        }
        // What it says from now on is read, so that it never waits to be heard.
        thread::spawn(move || log.lines().count());
        Self { child, folder, port }
    }

    /// The address of its database, reached by a host name or address, with parameters such as `sslmode=require`.
    pub fn url(&self, host: &str, parameters: &str) -> String {
        format!("postgres://bookplate@{host}:{}/postgres?{parameters}", self.port)
    }

    /// The file with the authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// A file with the certificate of an authority that signed nothing.
    pub fn other_authority(&self) -> PathBuf {
        self.folder.join("other.pem")
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its Unix socket.
    pub fn socket_folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn write_certificates(folder: &Path, kind: TlsCertificate, account: Option<(u32, u32)>) {
    let authority = authority("Throw-away authority");
    let key = KeyPair::generate().expect("a key");
    let host = if kind == TlsCertificate::ForAnotherHost { "db.example.org" } else { "localhost" };
    let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a name");
    if kind == TlsCertificate::Expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 2, 1);
    }
    let (certificate, key) = match kind {
        TlsCertificate::OfAuthority => (authority.pem(), authority.key().serialize_pem()),
        TlsCertificate::SelfSigned => {
            (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
        }
        _ => (params.signed_by(&key, &authority).expect("a certificate").pem(), key.serialize_pem()),
    };
    let data = folder.join("data");
    for (path, text) in [
        (data.join("server.crt"), certificate),
        (data.join("server.key"), key),
        (folder.join("authority.pem"), authority.pem()),
        (folder.join("other.pem"), self::authority("Another authority").pem()),
    ] {
        fs::write(&path, text).expect("a file can be written");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("its mode can be set");
        give(&path, account);
    }
    let settings = data.join("postgresql.conf");
    let text = fs::read_to_string(&settings).expect("initdb has written it");
    fs::write(&settings, text + SETTINGS).expect("it can be written");
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
}

/// PostgreSQL refuses root, so it runs as its own account, or as nobody.
fn unprivileged() -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(str::parse);
        Some((ids.next()?.ok()?, ids.next()?.ok()?))
    };
    ["postgres", "nobody"].into_iter().find_map(find).filter(|_| is_root)
}

fn give(path: &Path, account: Option<(u32, u32)>) {
    if let Some((user, group)) = account {
        chown(path, Some(user), Some(group)).expect("root can give a file away");
    }
}

/// The folder with `initdb` and `postgres`: Debian's newest, or the one of the path.
fn binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    let path = env::var_os("PATH").unwrap_or_default();
    let found = versions
        .into_iter()
        .rev()
        .chain(env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file());
    found.unwrap_or_else(|| panic!("this test starts a PostgreSQL of its own: install it (initdb, postgres)"))
}

fn free_port() -> u16 {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    free.expect("a port is free").port()
}
