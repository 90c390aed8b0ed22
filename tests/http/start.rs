//! The program from its start: what it logs.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

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

    let with_server = start(&[("BOOKPLATE_SMTP_URL", "smtp://localhost:1025")]);
    assert!(with_server.log.contains("Bookplate is at") && !with_server.log.contains("/dev/outbox"));
}
