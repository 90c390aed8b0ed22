//! Signed-in readers.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::json;

use crate::{
    data::{self, Plan, Planned},
    http_connection::{HttpConnection, request},
    seed::PASSWORD,
    server::Server,
};

/// Number of readers whose tokens are used.
const SIGNED_IN: u64 = 200;

/// A reader with a token.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub(crate) token: String,
    pub(crate) conversations: Vec<Planned>,
}

impl Reader {
    /// The Authorization header.
    pub(crate) fn authorization(&self) -> String {
        format!("authorization: Bearer {}", self.token)
    }
}

/// The active readers, and the heavy one.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    pub(crate) usual: Vec<Reader>,
    pub(crate) heavy: Reader,
}

impl Readers {
    /// Signs them in with their password and fetches a token for each.
    pub(crate) async fn sign_in(server: &Server, plan: Plan) -> Result<Self> {
        let usual = 0..SIGNED_IN.min(plan.active());
        let mut conversations: HashMap<u64, Vec<Planned>> = HashMap::new();
        for planned in plan.conversations() {
            if usual.contains(&planned.reader) || planned.reader == plan.heavy() {
                conversations.entry(planned.reader).or_default().push(planned);
            }
        }
        let mut connection = HttpConnection::connect(server.address).await?;
        let mut readers = Vec::new();
        for number in usual.chain([plan.heavy()]) {
            let token = token(&mut connection, server, number).await?;
            let conversations = conversations.remove(&number).unwrap_or_default();
            readers.push(Reader { token, conversations });
        }
        let heavy = readers.pop().context("nobody")?;
        Ok(Self { usual: readers, heavy })
    }
}

#[derive(Deserialize)]
struct Issued {
    token: String,
}

async fn token(connection: &mut HttpConnection, server: &Server, number: u64) -> Result<String> {
    let body = json!({ "email": data::email(number), "password": PASSWORD }).to_string();
    let origin = format!("origin: http://{}", server.host);
    let sign_in = request("POST", "/api/auth/sign-in/email", &server.host, &[&origin], Some(&body));
    let answer = connection.ask(&sign_in).await?;
    if answer.status != 200 {
        bail!("reader {number} is not let in: {}", answer.words());
    }
    let cookies = answer.header("set-cookie");
    let pairs: Vec<&str> = cookies.iter().filter_map(|cookie| cookie.split(';').next()).collect();
    let cookie = format!("cookie: {}", pairs.join("; "));
    let answer = connection.ask(&request("GET", "/api/auth/token", &server.host, &[&cookie], None)).await?;
    let issued: Issued = serde_json::from_slice(answer.body).with_context(|| answer.words())?;
    Ok(issued.token)
}
