//! The program from its start: what it logs.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

use testkit::databases::{Kind, TlsCertificate, TlsServer, on_empty};

/// The program in a folder of its own, killed when dropped.
struct Started {
    child: Child,
    folder: PathBuf,
    /// What it logged until it served or ended.
    log: String,
}

fn start(variables: &[(&str, &str)]) -> Started {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("bookplate-start-{}-{count}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let port = crate::hardening::process::free_address().port().to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_bookplate"))
        .current_dir(&folder)
        .env_clear()
        .envs([("PORT", port.as_str()), ("BOOKPLATE_SECRET", "Zk3vQ8pLr5Tn1Wx7Yb9Hc2Md4Jf6Gs0A")])
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut log = String::new();
    while !log.contains("Bookplate is at") && lines.read_line(&mut log).unwrap() > 0 {}
    // What it says from now on is read, so that it never waits to be heard.
    std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
    Started { child, folder, log }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_log_that_is_no_terminal_has_no_colour_codes() {
    let started =
        start(&[("BOOKPLATE_LOG", "trace"), ("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]);
    assert!(started.log.contains("INFO") && started.log.contains("Bookplate is at"), "{}", started.log);
    assert!(!started.log.contains('\u{1b}'), "{:?}", started.log);
}

#[test]
fn the_start_line_has_the_address_that_opens_the_outbox() {
    let started = start(&[]);
    let line = started.log.lines().find(|line| line.contains("Bookplate is at")).unwrap();
    let (_, address) = line.split_once(" and mail at http://localhost:").unwrap();
    let (_, key) = address.split_once("/dev/outbox?key=").unwrap();
    let key = key.split_whitespace().next().unwrap();
    assert!(key.len() == 32 && key.chars().all(|c| c.is_ascii_hexdigit()), "{line}");

    let with_server = start(&[("BOOKPLATE_MAIL_URL", "smtp://localhost:1025")]);
    assert!(with_server.log.contains("Bookplate is at") && !with_server.log.contains("/dev/outbox"));
}

/// Runs a command to its end: whether it succeeded, and what it logged and printed.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bookplate"))
        .args(arguments)
        .current_dir(env::temp_dir())
        .env_clear()
        .env("BOOKPLATE_SECRET", "Zk3vQ8pLr5Tn1Wx7Yb9Hc2Md4Jf6Gs0A")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn the_start_line_names_the_database() {
    let started = start(&[]);
    let database = format!("database=sqlite://{}", started.folder.join("data/bookplate.db").display());
    let line = started.log.lines().find(|line| line.contains("Bookplate is at")).unwrap();
    assert!(line.contains(&database), "{line}");

    on_empty(Kind::Postgres, async |database| {
        let address = database.url().replacen("postgres://", "postgresql+asyncpg://", 1);
        let started = start(&[("DATABASE_URL", &address)]);
        let line = started.log.lines().find(|line| line.contains("Bookplate is at")).unwrap();
        let place = address.split(['@', '?']).nth(1).unwrap();
        assert!(line.contains(&format!("database=postgres://{place}")), "{line} {place}");
    });
}

#[test]
fn the_value_of_a_parameter_is_logged_at_no_level() {
    on_empty(Kind::Postgres, async |database| {
        let address = format!("{}&sslpassword=hunter2&connect_timeout=hunter2", database.url());
        for level in ["off", "info", "trace", "trace,sqlx=trace", "sqlx_postgres::options::parse=trace"] {
            let variables = [("DATABASE_URL", address.as_str()), ("BOOKPLATE_LOG", level)];
            let (succeeded, said) = run(&["migrate"], &variables);
            assert!(succeeded && !said.contains("hunter2"), "{level}: {said}");
            assert_eq!(
                said.contains("does not use: sslpassword"),
                level.starts_with(['i', 't']),
                "{level}: {said}"
            );
            let import = ["import", "better-auth", "--from", &address];
            let (succeeded, said) = run(&import, &variables);
            assert!(!succeeded && said.contains("it has no") && !said.contains("hunter2"), "{said}");
        }
        for broken in
            ["?hunter2@db/b", "/hunter2@db/b", "#hunter2@db/b", "@db:hunter2/b", "@db/b?sslmode=hunter2"]
        {
            let address = format!("postgres://u:hunter2{broken}");
            let (succeeded, said) =
                run(&["migrate"], &[("DATABASE_URL", &address), ("BOOKPLATE_LOG", "trace")]);
            assert!(!succeeded && said.contains("DATABASE_URL: ") && !said.contains("hunter2"), "{said}");
            let (succeeded, said) = run(
                &["import", "better-auth", "--from", &address],
                &[("DATABASE_URL", database.url()), ("BOOKPLATE_LOG", "trace")],
            );
            assert!(
                !succeeded && said.contains("Better Auth's database: ") && !said.contains("hunter2"),
                "{said}"
            );
        }
    });
}

#[test]
fn the_authorities_of_the_system_verify_a_server() {
    let server = TlsServer::start(TlsCertificate::Signed);
    let (authority, other) = (server.authority(), server.other_authority());
    let address = server.url("localhost", "sslrootcert=system&channel_binding=require");
    let migrate = |authority: &std::path::Path| {
        let authority = authority.display().to_string();
        run(&["migrate"], &[("DATABASE_URL", &address), ("SSL_CERT_FILE", &authority)])
    };
    let (succeeded, said) = migrate(&authority);
    assert!(succeeded, "{said}");
    let (succeeded, said) = migrate(&other);
    assert!(!succeeded && said.contains("the server cannot be verified"), "{said}");
    // As for libpq, a mode of the environment counts where the address has none.
    let plain = server.url("localhost", "");
    let (succeeded, said) = run(&["migrate"], &[("DATABASE_URL", &plain), ("PGSSLMODE", "verify-full")]);
    assert!(!succeeded && said.contains("the server cannot be verified"), "{said}");
}

#[test]
fn a_server_that_is_not_verified_is_said_at_each_start() {
    let server = TlsServer::start(TlsCertificate::SelfSigned);
    let address = server.url("localhost", "sslmode=no-verify");
    for _ in 0..2 {
        let (succeeded, said) = run(&["migrate"], &[("DATABASE_URL", &address)]);
        assert!(succeeded && said.contains("DATABASE_URL says sslmode=no-verify"), "{said}");
    }
}
