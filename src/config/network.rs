//! Where Bookplate listens, and whose word about a client's address it takes.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::{
    loader::{Found, Reading, shown},
    variables,
};

/// The address to listen on.
pub(super) fn host(reading: &mut Reading<'_>) -> IpAddr {
    let wanted = "an IP address, such as 127.0.0.1 for this machine alone or 0.0.0.0 for every network";
    reading.parsed(&variables::HOST, Ipv4Addr::LOCALHOST.into(), wanted, |text| match text {
        "localhost" => Some(Ipv4Addr::LOCALHOST.into()),
        text => text.trim_matches(['[', ']']).parse().ok(),
    })
}

/// The port to listen on. 0 would let the system choose, and the public origin could not be known.
pub(super) fn port(reading: &mut Reading<'_>) -> u16 {
    let wanted = "a number from 1 to 65535";
    reading.parsed(&variables::PORT, 3001, wanted, |text| text.parse().ok().filter(|port| *port != 0))
}

/// Who may say in a header where a request comes from.
pub(super) fn trusted_proxies(reading: &mut Reading<'_>) -> Vec<IpNet> {
    let Some(Found { name, text }) = reading.value(&variables::TRUSTED_PROXIES) else {
        return Vec::new();
    };
    let mut proxies = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let network = entry.parse().or_else(|_| entry.parse().map(|address: IpAddr| address.into()));
        match network.map(|network: IpNet| network.trunc()) {
            Ok(network) if network.prefix_len() == 0 => reading.refuse(
                &name,
                format!("{entry} is everyone, and would let every client choose its own address"),
                "Give the addresses of your proxies alone",
            ),
            Ok(network) => proxies.push(network),
            Err(_) => reading.refuse(
                &name,
                format!("{} is no address and no network", shown(entry)),
                "Give addresses or networks, separated by commas, such as 10.0.0.5,172.16.0.0/12",
            ),
        }
    }
    proxies
}
