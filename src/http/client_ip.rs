//! The network address and the user agent of a client.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Once,
};

use axum::extract::ConnectInfo;
use domain::ClientMetadata;
use http::{HeaderMap, header, request::Parts};
use ipnet::IpNet;

/// Warns once in each process.
static UNTRUSTED_PROXY: Once = Once::new();

/// The client behind a request, as far as it can be known.
pub fn device(parts: &Parts, trusted_proxies: &[IpNet]) -> ClientMetadata {
    let address = address(parts, trusted_proxies);
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    ClientMetadata {
        ip_address: address.map(|address| address.to_string()).unwrap_or_default(),
        user_agent: user_agent.unwrap_or_default().to_owned(),
    }
}

/// The client's network address; `None` only for a router that is called without a socket.
pub fn address(parts: &Parts, trusted_proxies: &[IpNet]) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    peer.map(|peer| client_address(peer, &parts.headers, trusted_proxies))
}

/// The right-most address that is not a trusted proxy. Anything to the left of it was written by the client and proves
/// nothing; without a trusted proxy the header is ignored.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> IpAddr {
    let trusted = |address: &IpAddr| trusted_proxies.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    // By bytes: a client may put any into the entry that it writes itself, left of the proxies' own.
    let forwarded = headers.get_all("x-forwarded-for").iter().map(http::HeaderValue::as_bytes);
    let entries = forwarded.flat_map(|line| line.split(|byte| *byte == b','));
    let hops: Vec<&str> = entries.map(|entry| std::str::from_utf8(entry).unwrap_or("?").trim()).collect();
    if !hops.is_empty() && !trusted(&client) && is_nearby(client) {
        UNTRUSTED_PROXY.call_once(|| {
            tracing::warn!(
                proxy = %client,
                "requests come through a proxy that is not trusted, so all its clients count as one; name it in \
                 BOOKPLATE_TRUSTED_PROXIES"
            );
        });
    }
    for hop in hops.into_iter().rev() {
        if !trusted(&client) {
            break;
        }
        // An unreadable entry ends the chain of trust: the proxy that wrote it is the last one known.
        let Some(address) = address_of(hop) else { break };
        client = address;
    }
    client
}

/// Whether an address is private or loopback, so that whatever forwards requests from it is a proxy.
const fn is_nearby(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// An address, with or without a port, as proxies write it.
fn address_of(hop: &str) -> Option<IpAddr> {
    let parsed: Option<IpAddr> = hop.trim_matches(['[', ']']).parse().ok();
    parsed
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let proxies: Vec<IpNet> = proxies.iter().map(|network| network.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn security_25_the_header_counts_only_behind_a_trusted_proxy_and_from_the_right() {
        assert_eq!(client("203.0.113.9", &["10.0.0.1"], &[]), "203.0.113.9");
        assert_eq!(client("127.0.0.1", &["10.0.0.1"], &["127.0.0.1/32"]), "10.0.0.1");
        assert_eq!(client("127.0.0.1", &["6.6.6.6, 10.0.0.1"], &["127.0.0.1/32"]), "10.0.0.1");
        assert_eq!(
            client("127.0.0.1", &["6.6.6.6", "10.0.0.1, 192.168.1.4"], &["127.0.0.0/8", "192.168.0.0/16"]),
            "10.0.0.1"
        );
        assert_eq!(client("::ffff:127.0.0.1", &["[2001:db8::1]:443"], &["127.0.0.1/32"]), "2001:db8::1");
        assert_eq!(client("127.0.0.1", &["nonsense"], &["127.0.0.1/32"]), "127.0.0.1");
    }
}
