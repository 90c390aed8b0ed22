//! A minimal mail server (RFC 5321) on a local port: accepts mail without TLS, knows `AUTH PLAIN`, and misbehaves when a
//! test asks for it.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// An accepted mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The address of `MAIL FROM`.
    pub from: String,
    /// The addresses of `RCPT TO`.
    pub to: Vec<String>,
    /// Headers and body, lines ending with CRLF, dots unstuffed.
    pub data: String,
    /// User and password of the connection.
    pub credentials: Option<(String, String)>,
    /// Which connection brought it, from 1.
    pub connection: usize,
}

/// What is done instead of the usual reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Sends this line.
    Say(&'static str),
    /// Sends nothing any more, and keeps the connection.
    Hang,
    /// Closes the connection.
    Close,
}

/// Stops when it is dropped.
#[derive(Debug)]
pub struct SmtpReceiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    received: watch::Sender<Vec<Received>>,
    script: Mutex<VecDeque<(&'static str, Reply)>>,
    connections: AtomicUsize,
}

impl SmtpReceiver {
    /// Starts one on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            received: watch::Sender::new(Vec::new()),
            script: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Self { address, shared, listening }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// At the next `verb` that nothing is planned for yet, does this. Besides the commands of SMTP there are `CONNECT`
    /// for a new connection and `.` for the end of a message.
    pub fn plan(&self, verb: &'static str, reply: Reply) {
        self.shared.script.lock().unwrap_or_else(PoisonError::into_inner).push_back((verb, reply));
    }

    /// The mails it has accepted.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// Waits until it has accepted so many mails.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut received = self.shared.received.subscribe();
        let mails = received.wait_for(|mails| mails.len() >= count).await;
        mails.expect("the receiver lives as long as its reference").clone()
    }

    /// How many connections it was asked for.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for SmtpReceiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // The sessions end with the listener.
    let mut sessions = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let connection = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let shared = Arc::clone(&shared);
        sessions.spawn(async move { Session::new(stream, connection, shared).run().await });
    }
}

struct Session {
    stream: BufReader<TcpStream>,
    shared: Arc<Shared>,
    mail: Received,
}

impl Session {
    fn new(stream: TcpStream, connection: usize, shared: Arc<Shared>) -> Self {
        let mail = Received {
            from: String::new(),
            to: Vec::new(),
            data: String::new(),
            credentials: None,
            connection,
        };
        Self { stream: BufReader::new(stream), shared, mail }
    }

    /// Ends with the connection.
    async fn run(mut self) -> Option<()> {
        self.answer("CONNECT", "220 receiver").await?;
        loop {
            let line = self.line().await?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.answer("EHLO", "250-receiver\r\n250-8BITMIME\r\n250 AUTH PLAIN").await?,
                "AUTH" => self.authenticate(&line).await?,
                "MAIL" => {
                    if self.answer("MAIL", "250 ok").await? {
                        self.mail.from = address_in_brackets(&line);
                        self.mail.to.clear();
                        self.mail.data.clear();
                    }
                    true
                }
                "RCPT" => {
                    if self.answer("RCPT", "250 ok").await? {
                        self.mail.to.push(address_in_brackets(&line));
                    }
                    true
                }
                "DATA" => self.data().await?,
                "NOOP" => self.answer("NOOP", "250 ok").await?,
                "RSET" => self.answer("RSET", "250 ok").await?,
                "QUIT" => {
                    self.answer("QUIT", "221 bye").await?;
                    return None;
                }
                _ => self.answer("", "502 unknown").await?,
            };
        }
    }

    async fn authenticate(&mut self, line: &str) -> Option<bool> {
        let encoded = line.rsplit(' ').next().unwrap_or_default();
        let decoded = STANDARD.decode(encoded).unwrap_or_default();
        let decoded = String::from_utf8_lossy(&decoded).into_owned();
        let mut parts = decoded.split('\0').skip(1).map(str::to_owned);
        self.mail.credentials = parts.next().zip(parts.next());
        self.answer("AUTH", "235 welcome").await
    }

    async fn data(&mut self) -> Option<bool> {
        if !self.answer("DATA", "354 go on").await? {
            return Some(false);
        }
        loop {
            let line = self.line().await?;
            if line == "." {
                break;
            }
            self.mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
            self.mail.data.push_str("\r\n");
        }
        // Counted before it is answered: who has the reply finds the mail here.
        let planned = self.planned(".");
        if planned.is_none() {
            let mail = self.mail.clone();
            self.shared.received.send_modify(|mails| mails.push(mail));
        }
        self.say(planned, "250 taken").await
    }

    /// Says the usual, or what was planned; whether it was the usual. `None` when the session is over.
    async fn answer(&mut self, verb: &str, usual: &str) -> Option<bool> {
        let planned = self.planned(verb);
        self.say(planned, usual).await
    }

    async fn say(&mut self, planned: Option<Reply>, usual: &str) -> Option<bool> {
        let (line, is_usual) = match planned {
            None => (usual, true),
            Some(Reply::Say(line)) => (line, false),
            Some(Reply::Close) => return None,
            Some(Reply::Hang) => return std::future::pending().await,
        };
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
        Some(is_usual)
    }

    fn planned(&self, verb: &str) -> Option<Reply> {
        let mut script = self.shared.script.lock().unwrap_or_else(PoisonError::into_inner);
        let next = script.iter().position(|(planned, _)| *planned == verb)?;
        script.remove(next).map(|(_, reply)| reply)
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await.ok()?;
        (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

fn address_in_brackets(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}
