//! A file in the place of a mail server, for development and tests: one line of JSON for each mail.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use contract::Timestamp;
use domain::{MailMessage, Mailer, MailerError};
use serde::Serialize;

/// Appends mails to a file that only its owner can read: the links in it open accounts.
#[derive(Debug)]
pub struct OutboxFile {
    path: PathBuf,
}

/// One line. `type`, `url` and `token` are called as Better Auth calls them.
#[derive(Serialize)]
struct Line<'a> {
    r#type: &'a str,
    to: &'a str,
    subject: &'a str,
    url: Option<&'a str>,
    token: Option<&'a str>,
    text: &'a str,
    at: Timestamp,
}

impl OutboxFile {
    /// Makes the folder (0700) and the file (0600) when they are missing, and takes the file away from others when
    /// they could read it.
    ///
    /// # Errors
    /// When that fails.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let file = open_to_append(path)?;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        }
        Ok(Self { path: path.to_owned() })
    }
}

/// Opens the file; done for each mail, so that it can be moved away or removed while the server runs.
fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[async_trait]
impl Mailer for OutboxFile {
    async fn send(&self, mail: &MailMessage) -> Result<(), MailerError> {
        let line = Line {
            r#type: &mail.kind,
            to: &mail.to,
            subject: &mail.subject,
            url: mail.link.as_ref().map(|link| link.url.as_str()),
            token: mail.link.as_ref().map(|link| link.token.as_str()),
            text: &mail.text,
            at: Timestamp::from_millis(mail.written_at),
        };
        let mut bytes = serde_json::to_vec(&line).map_err(|error| MailerError::Final(error.to_string()))?;
        bytes.push(b'\n');
        let path = self.path.clone();
        // One write for a whole line: two that are sent at once do not mix.
        let written = tokio::task::spawn_blocking(move || open_to_append(&path)?.write_all(&bytes)).await;
        let written = written.map_err(io::Error::other).and_then(|written| written);
        written.map_err(|error| MailerError::Passing(format!("the outbox cannot be written: {error}")))
    }

    /// Opening it has shown that it can be written.
    async fn check(&self) -> Result<String, String> {
        Ok(self.path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use domain::Link;
    use serde_json::{Value, json};

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("bookplate-outbox-{name}-{}", process::id()));
            let _left_by_a_killed_run = fs::remove_dir_all(&path);
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _best_effort = fs::remove_dir_all(&self.0);
        }
    }

    fn mail(link: Option<Link>, text: &str) -> MailMessage {
        MailMessage {
            id: "id".to_owned(),
            kind: "reset-password".to_owned(),
            to: "ada@example.org".to_owned(),
            subject: "Choose".to_owned(),
            text: text.to_owned(),
            html: "<p>".to_owned(),
            link,
            written_at: 1_795_215_905_131,
        }
    }

    fn lines(path: &Path) -> Vec<Value> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn each_mail_is_a_line_and_nobody_else_can_read_it() {
        let folder = Folder::new("line");
        let path = folder.0.join("mail/outbox.jsonl");
        let outbox = OutboxFile::open(&path).unwrap();
        let link = Link { url: "http://localhost/x?token=t".to_owned(), token: "t".to_owned(), code: None };
        outbox.send(&mail(Some(link), "one\ntwo \u{2028}")).await.unwrap();
        outbox.send(&mail(None, "")).await.unwrap();
        let both = lines(&path);
        assert_eq!(
            both[0],
            json!({"type": "reset-password", "to": "ada@example.org", "subject": "Choose",
                "url": "http://localhost/x?token=t", "token": "t", "text": "one\ntwo \u{2028}",
                "at": "2026-11-20T23:05:05.131Z"})
        );
        assert_eq!((&both[1]["url"], &both[1]["token"], both.len()), (&Value::Null, &Value::Null, 2));
        assert_eq!((mode(&path), mode(&folder.0.join("mail"))), (0o600, 0o700));
    }

    #[tokio::test]
    async fn mails_sent_at_once_do_not_mix() {
        let folder = Folder::new("mix");
        let path = folder.0.join("outbox.jsonl");
        let outbox = std::sync::Arc::new(OutboxFile::open(&path).unwrap());
        let mut sending = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let outbox = std::sync::Arc::clone(&outbox);
            sending.spawn(async move { outbox.send(&mail(None, &"x".repeat(9000))).await });
        }
        assert!(sending.join_all().await.iter().all(Result::is_ok));
        assert_eq!(lines(&path).len(), 32);
    }

    #[tokio::test]
    async fn an_outbox_that_others_could_read_is_taken_from_them_and_one_that_was_removed_comes_back() {
        let folder = Folder::new("mode");
        fs::create_dir_all(&folder.0).unwrap();
        let path = folder.0.join("outbox.jsonl");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let outbox = OutboxFile::open(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::remove_file(&path).unwrap();
        outbox.send(&mail(None, "")).await.unwrap();
        assert_eq!((mode(&path), lines(&path).len()), (0o600, 1));
        fs::remove_dir_all(&folder.0).unwrap();
        assert!(matches!(outbox.send(&mail(None, "")).await, Err(MailerError::Passing(_))));
    }
}
