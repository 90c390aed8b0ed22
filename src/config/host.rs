//! The address to listen on.

use std::net::IpAddr;

use super::{
    loader::{Loader, RawValue, shown},
    parse,
    variables::{BOOKPLATE_HOST, HOST},
};

/// The address of `BOOKPLATE_HOST`, else of `HOST`, which is not looked at when the other is set: shells and conda set it
/// to something that is no address.
pub(super) fn host(loader: &mut Loader<'_>) -> IpAddr {
    let default = HOST.default_value();
    let own = loader.value(&BOOKPLATE_HOST);
    let is_own = own.is_some();
    let Some(RawValue { name, text }) = own.or_else(|| loader.value(&HOST.declaration)) else {
        return default;
    };
    if let Some(address) = parse::ip_address(text) {
        return address;
    }
    let accepts = HOST.declaration.accepts;
    let (problem, remedy) = if is_own {
        (format!("{} cannot be used", shown(text)), format!("Give {accepts}"))
    } else if is_platform(text) {
        (
            format!("{} names a platform to compile for, as conda sets it in its environments", shown(text)),
            format!("Write {}={default}, which is read first", BOOKPLATE_HOST.name),
        )
    } else {
        (
            format!("{} cannot be used", shown(text)),
            format!(
                "Give {accepts}; where another program sets {name}, write {}={default}, which is read first",
                BOOKPLATE_HOST.name
            ),
        )
    };
    loader.refuse(&name, problem, remedy);
    default
}

/// A target of conda's compilers, such as `x86_64-conda-linux-gnu` or `arm64-apple-darwin20.0.0`.
fn is_platform(text: &str) -> bool {
    let machine = text.split('-').next().unwrap_or_default();
    let machines = ["x86_64", "i686", "aarch64", "arm64", "powerpc64le", "ppc64le", "s390x", "riscv64"];
    machines.contains(&machine) && text.contains('-')
}
