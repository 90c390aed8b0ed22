//! The configuration, from variables and files to the error messages.

mod clients;
mod contact;
mod conversations;
mod database;
mod environment;
mod limits;
mod literal_values;
mod mail;
mod origins;
mod reference;
mod secrets;
mod sessions;
mod sign_up;
mod toml_file;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU8, AtomicUsize, Ordering},
};

use domain::{Entropy, SessionSettings};

use super::{Config, ConfigError, MailServer, Sources};

/// A valid secret.
const SECRET: &str = "Zk3vQ8pLr5Tn1Wx7Yb9Hc2Md4Jf6Gs0A";
/// Another one.
const OTHER: &str = "qP7wX2nB9vK4mT6zR1cY8hL3gD5jF0sE";
/// A third one.
const THIRD: &str = "bN5mQ2wE8rT1yU4iO7pA0sD3fG6hJ9kL";

/// Different bytes at each call.
#[derive(Default)]
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(7, Ordering::Relaxed);
        }
    }
}

/// A working directory of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("bookplate-config-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        let _left_by_a_killed_run = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self::new();
        for (name, text) in files {
            fs::write(folder.0.join(name), text).unwrap();
        }
        folder
    }

    fn load(&self, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::load(&self.sources(variables, None), &Counting::default())
    }

    /// As a process with these variables would gather them here.
    fn sources(&self, variables: &[(&str, &str)], env_file: Option<&str>) -> Sources {
        let process = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Sources::gather(process, self.0.clone(), env_file.map(Path::new))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}

fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Folder::new().load(variables)
}

/// What is displayed for variables that cannot be used; nothing of `bookplate.secret` may be left behind.
fn refused(variables: &[(&str, &str)]) -> String {
    let folder = Folder::new();
    let error = folder.load(variables).expect_err(&format!("{variables:?} is refused"));
    assert!(!folder.path("data").exists(), "a start that fails leaves nothing behind");
    for mistake in error.mistakes() {
        assert!(!mistake.problem.ends_with('.') && !mistake.remedy.ends_with('.'), "{mistake}");
    }
    error.to_string()
}

/// Asserts a table of variables that cannot be used, and words of the line that says so.
fn assert_refused(cases: &[(&str, &str, &str)]) {
    for (name, value, words) in cases {
        let error = refused(&[(name, value)]);
        assert!(error.starts_with(&format!("{name}: ")), "{error}");
        assert!(error.contains(words), "{value:?} should be refused with {words:?}, not {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

/// A service on the internet, with everything it needs.
fn public<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut variables = vec![("BOOKPLATE_URL", "https://accounts.example.org"), ("BOOKPLATE_SECRET", SECRET)];
    variables.extend_from_slice(more);
    variables
}

#[test]
fn sources_and_configuration_show_no_secret() {
    let variables = public(&[
        ("DATABASE_URL", "postgres://reader:hunter2@db/books"),
        ("BOOKPLATE_MAIL_URL", "smtps://reader:hunter2@mail.example.org"),
        ("JWT_SECRET", OTHER),
        ("BOOKPLATE_SECRET_PREVIOUS", THIRD),
    ]);
    let folder = Folder::new();
    let sources = folder.sources(&variables, None);
    let config = Config::load(&sources, &Counting::default()).unwrap();
    let shown = format!("{sources:?} {config:?} {:?}", config.warnings);
    for secret in [SECRET, OTHER, THIRD, "hunter2"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let Some(MailServer::Smtp(url)) = config.mail.server else { panic!("a mail server") };
    assert_eq!(url.as_str(), "smtps://reader:hunter2@mail.example.org");
}

#[test]
fn an_empty_environment_is_a_configuration() {
    let folder = Folder::new();
    let config = folder.load(&[]).unwrap();
    assert_eq!((config.host.to_string(), config.port), ("127.0.0.1".to_owned(), 3001));
    assert_eq!(config.database_url, format!("sqlite://{}", folder.path("data/bookplate.db").display()));
    assert_eq!(config.database_connections, 20);
    assert_eq!(config.origin.as_str(), "http://localhost:3001");
    assert_eq!(config.trusted_origins, ["http://localhost:3001", "http://localhost:3000"]);
    assert!(config.trusted_proxies.is_empty() && !config.bearer_sessions && !config.reference_habits);
    assert_eq!(config.tokens.issuer, "http://localhost:3001");
    assert_eq!((config.tokens.lifetime, config.tokens.algorithm.name()), (900, "ES256"));
    assert!(config.tokens.audiences.is_empty());
    assert_eq!((config.questions, config.book), Default::default());
    assert_eq!(config.log_level, "info");
    assert!(!config.require_verified_email);
    assert_eq!((config.sessions, config.password_min), (SessionSettings::default(), 8));
    assert_eq!((config.limits, config.retention), Default::default());
    assert_eq!(config.security_contact, "http://localhost:3001");
}
