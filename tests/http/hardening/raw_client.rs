//! One connection, in the test's hand.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::PATIENCE;

/// The client's end of a connection.
pub struct Line {
    pub stream: TcpStream,
    /// Read, but not looked at yet.
    pending: Vec<u8>,
}

/// An answer in HTTP/1.
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

    /// A client that has little room for what it is told.
    pub async fn narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self { stream: socket.connect(address).await.unwrap(), pending: Vec::new() }
    }

    /// Sends bytes; a server that has hung up already is no fault.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Says that nothing more comes.
    pub async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Reads one more time. `false` when the other side has hung up.
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
            Err(_) => panic!("the connection stays open and says nothing more"),
        }
    }

    /// Whether nothing comes, not even the end, for so long.
    pub async fn is_silent_for(&mut self, time: Duration) -> bool {
        timeout(time, self.read()).await.is_err()
    }

    /// Everything there is until the other side hangs up.
    pub async fn rest(mut self) -> Vec<u8> {
        while self.read().await {}
        self.pending
    }

    /// The next answer.
    pub async fn answer(&mut self) -> Answer {
        self.try_answer().await.unwrap_or_else(|| panic!("closed instead of an answer"))
    }

    /// The next answer, or `None` when the other side hangs up instead.
    pub async fn try_answer(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.pending.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.read().await {
                return None;
            }
        };
        let head = String::from_utf8(self.pending.drain(..end).collect()).unwrap();
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

    /// Takes that many bytes, waiting for them; `None` when the other side hangs up before.
    pub async fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.pending.len() < count {
            if !self.read().await {
                return None;
            }
        }
        Some(self.pending.drain(..count).collect())
    }
}
