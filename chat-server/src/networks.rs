//! Who may connect, by address.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use chat_core::Admission;
use ipnet::{IpNet, Ipv4Net};

/// One address or a network of them, as `192.0.2.7` or `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network(IpNet);

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Network, Self::Err> {
        let one = text.parse::<IpAddr>().map(IpNet::from);
        let net = one.or_else(|_| text.parse::<IpNet>());
        let net = net.map_err(|_| "it is no address, and no network like 192.0.2.0/24")?;
        Ok(Network(canonical(net)))
    }
}

/// The network of IPv4 that a network of mapped addresses (`::ffff:192.0.2.0/120`) stands for, since
/// clients are known by their IPv4 addresses.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(mapped) = net else { return net };
    let v4 = mapped.addr().to_ipv4_mapped().zip(mapped.prefix_len().checked_sub(96));
    let v4 = v4.and_then(|(addr, prefix)| Ipv4Net::new(addr, prefix).ok());
    v4.map_or(net, IpNet::V4)
}

/// The lists of those who may connect and those who may not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Networks {
    /// If there are any, nobody else may connect.
    pub(crate) allowed: Vec<Network>,
    /// These may not, whether they are allowed or not.
    pub(crate) denied: Vec<Network>,
}

impl Networks {
    /// Whether everybody may connect.
    pub(crate) fn are_open(&self) -> bool {
        self.allowed.is_empty() && self.denied.is_empty()
    }

    /// Decides about one address.
    pub(crate) fn admit(&self, addr: SocketAddr) -> Admission {
        let is_in = |networks: &[Network]| networks.iter().any(|net| net.0.contains(&addr.ip()));
        let is_allowed = self.allowed.is_empty() || is_in(&self.allowed);
        if is_allowed && !is_in(&self.denied) {
            return Admission::Admit;
        }
        Admission::refuse("your address is not admitted here")
    }
}
