//! A persistent HTTP/1.1 connection that sends prepared bytes, so that the load generator costs little.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The largest response.
const MAX_ANSWER: usize = 16 << 20;

/// A connection.
#[derive(Debug)]
pub(crate) struct HttpConnection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A response, borrowed from the connection's buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) head: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl HttpConnection {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("cannot reach {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads the whole response, which must have a Content-Length.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        let (status, head, length) = self.begin(request).await?;
        let length = length.context("an answer without Content-Length")?;
        while self.buffer.len() < head + length {
            self.read().await?;
        }
        let (head, rest) = self.buffer.split_at_checked(head).context("a head longer than its answer")?;
        let body = rest.get(..length).context("an answer cut short")?;
        Ok(Answer { status, head, body })
    }

    /// Sends a request with an endless response, and reads its header section. Body bytes received with it are returned by
    /// [`HttpConnection::more`].
    pub(crate) async fn open(&mut self, request: &[u8]) -> Result<u16> {
        let (status, head, _) = self.begin(request).await?;
        self.buffer.drain(..head);
        Ok(status)
    }

    /// The bytes received but not yet consumed, or else the next ones.
    pub(crate) async fn more(&mut self) -> Result<Vec<u8>> {
        if self.buffer.is_empty() {
            self.read().await?;
        }
        Ok(std::mem::take(&mut self.buffer))
    }

    /// Status, length of the header section, and Content-Length.
    async fn begin(&mut self, request: &[u8]) -> Result<(u16, usize, Option<usize>)> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        loop {
            self.read().await?;
            let mut headers = [httparse::EMPTY_HEADER; 48];
            let mut response = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(head) = response.parse(&self.buffer)? {
                let length =
                    response.headers.iter().find(|it| it.name.eq_ignore_ascii_case("content-length"));
                let length =
                    length.map(|it| str::from_utf8(it.value)?.trim().parse().context("Content-Length"));
                return Ok((response.code.unwrap_or_default(), head, length.transpose()?));
            }
        }
    }

    async fn read(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the connection was closed");
        }
        if self.buffer.len() > MAX_ANSWER {
            bail!("an answer of more than {MAX_ANSWER} bytes");
        }
        Ok(())
    }
}

impl Answer<'_> {
    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<String> {
        let mut headers = [httparse::EMPTY_HEADER; 48];
        let mut response = httparse::Response::new(&mut headers);
        if response.parse(self.head).is_err() {
            return Vec::new();
        }
        let named = response.headers.iter().filter(|it| it.name.eq_ignore_ascii_case(name));
        named.map(|it| String::from_utf8_lossy(it.value).into_owned()).collect()
    }

    /// Status and body, for an error message.
    pub(crate) fn words(&self) -> String {
        let body: String = String::from_utf8_lossy(self.body).chars().take(300).collect();
        format!("{} {body}", self.status)
    }
}

/// Serializes a request. `fields` are header lines without line ends.
pub(crate) fn request(method: &str, path: &str, host: &str, fields: &[&str], body: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n");
    for field in fields {
        text.push_str(field);
        text.push_str("\r\n");
    }
    if let Some(body) = body {
        text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    text.into_bytes()
}
