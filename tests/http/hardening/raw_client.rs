//! A raw connection.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::PATIENCE;

/// The client side of a connection.
pub struct Line {
    pub stream: TcpStream,
    /// Received but not yet consumed.
    pending: Vec<u8>,
}

/// An HTTP/1 response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Line {
    pub async fn to(address: SocketAddr) -> Self {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await.unwrap().unwrap();
        Self { stream, pending: Vec::new() }
    }

    /// A client with a small receive buffer.
    pub async fn narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self { stream: socket.connect(address).await.unwrap(), pending: Vec::new() }
    }

    /// Sends bytes; ignores that the server has closed the connection.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Closes the sending side.
    pub async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Reads once. `false` at the end of the stream.
    pub async fn read(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match timeout(PATIENCE, self.stream.read(&mut buffer)).await {
            Ok(Ok(0)) => false,
            Ok(Ok(read)) => {
                self.pending.extend_from_slice(&buffer[..read]);
                true
            }
            Ok(Err(error)) => {
                assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
                false
            }
            Err(elapsed) => panic!("the connection stays open and says nothing more: {elapsed}"),
        }
    }

    /// Whether nothing is received for this long, not even the end of the stream.
    pub async fn is_silent_for(&mut self, time: Duration) -> bool {
        timeout(time, self.read()).await.is_err()
    }

    /// Reads to the end of the stream.
    pub async fn rest(mut self) -> Vec<u8> {
        while self.read().await {}
        self.pending
    }

    /// The next response.
    pub async fn answer(&mut self) -> Answer {
        self.try_answer().await.unwrap_or_else(|| panic!("closed instead of an answer"))
    }

    /// The next response, or `None` at the end of the stream.
    pub async fn try_answer(&mut self) -> Option<Answer> {
        let head = self.head().await?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: Option<usize> = length.map(|length| length.parse().unwrap());
        while length.is_none_or(|length| self.pending.len() < length) {
            if !self.read().await {
                break;
            }
        }
        let length = length.unwrap_or(self.pending.len()).min(self.pending.len());
        let body = String::from_utf8(self.pending.drain(..length).collect()).unwrap();
        Some(Answer { status, head, body })
    }

    /// The head of the next response, or `None` at the end of the stream.
    pub async fn head(&mut self) -> Option<String> {
        let end = loop {
            if let Some(at) = self.pending.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.read().await {
                return None;
            }
        };
        Some(String::from_utf8(self.pending.drain(..end).collect()).unwrap())
    }

    /// Waits for this many bytes; `None` at the end of the stream.
    pub async fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.pending.len() < count {
            if !self.read().await {
                return None;
            }
        }
        Some(self.pending.drain(..count).collect())
    }
}
