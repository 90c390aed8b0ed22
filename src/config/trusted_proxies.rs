//! The proxies whose `X-Forwarded-For` and `X-Request-Id` are believed.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{
    list,
    loader::{Loader, RawValue, shown},
    variables::TRUSTED_PROXIES,
};

pub(super) fn trusted_proxies(loader: &mut Loader<'_>) -> Vec<IpNet> {
    let Some(RawValue { name, text }) = loader.value(&TRUSTED_PROXIES) else {
        return Vec::new();
    };
    let mut proxies = Vec::new();
    let entries = list::entries(&TRUSTED_PROXIES, &name, text).unwrap_or_else(|(problem, remedy)| {
        loader.refuse(&name, problem, remedy);
        Vec::new()
    });
    for entry in entries.iter().map(String::as_str) {
        let network = entry.parse().or_else(|_| entry.parse().map(|address: IpAddr| address.into()));
        match network.map(|network: IpNet| network.trunc()) {
            Ok(network) if network.prefix_len() == 0 => loader.refuse(
                &name,
                format!("{entry} is everyone, and would let every client choose its own address"),
                "Give the addresses of your proxies alone",
            ),
            Ok(network) => proxies.push(network),
            Err(_) => loader.refuse(
                &name,
                format!("{} is no address and no network", shown(entry)),
                "Give addresses or networks, separated by commas, such as 10.0.0.5,172.16.0.0/12",
            ),
        }
    }
    proxies
}
