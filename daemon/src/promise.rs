//! Options that describe a promise and the flow it is for; both command lines have them.

use std::net::IpAddr;
use std::str::FromStr;

use rether_proto::flow::FlowKey;
use rether_proto::policy::{Direction, Promise};

use crate::cli::value;
use crate::config::{BitRate, IpProtocol, Span};

/// What to promise.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct PromiseOptions {
    /// What to promise each way, IP headers included, such as 500kbit
    #[arg(long, value_parser = value::<BitRate>)]
    rate: BitRate,
    /// Octets of a typical IP packet
    #[arg(long, default_value = "200", value_parser = clap::value_parser!(u16).range(28..=1_500))]
    packet: u16,
    /// The longest that a packet may wait
    #[arg(long, default_value = "20ms", value_parser = value::<Span<5_000, 1_000_000>>)]
    delay: Span<5_000, 1_000_000>,
    /// up (from the station), down, or both
    #[arg(long, default_value = "both", value_parser = value::<Direction>)]
    direction: Direction,
}

impl PromiseOptions {
    /// The promise.
    #[must_use]
    pub const fn promise(&self) -> Promise {
        Promise {
            rate: self.rate.0,
            packet: self.packet,
            delay: self.delay.0,
        }
    }

    /// The ways it is for.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }
}

/// One end of a flow: an address, and a port if its protocol has some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The address.
    pub address: IpAddr,
    /// The port; 0 if none is given.
    pub port: u16,
}

impl FromStr for End {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self { address, port: 0 });
        }
        let whole: std::net::SocketAddr = text
            .parse()
            .map_err(|_| format!("{text:?} is no address; write 10.0.0.5:5004 or 10.0.0.5"))?;
        Ok(Self {
            address: whole.ip(),
            port: whole.port(),
        })
    }
}

/// An IP protocol by name or number; for clap.
///
/// # Errors
/// There is no such protocol.
pub fn protocol(text: &str) -> Result<u8, String> {
    value::<IpProtocol>(text).map(|protocol| protocol.0)
}

/// The flow from `station`'s end to the other one.
///
/// # Errors
/// Ends of different IP versions, or ports that do not fit the protocol.
pub fn flow_key(protocol: u8, station: End, remote: End) -> anyhow::Result<FlowKey> {
    const WITH_PORTS: [u8; 4] = [6, 17, 33, 132];
    anyhow::ensure!(
        station.address.is_ipv4() == remote.address.is_ipv4(),
        "the two ends are of different IP versions"
    );
    let has_ports = WITH_PORTS.contains(&protocol);
    anyhow::ensure!(
        has_ports || (station.port, remote.port) == (0, 0),
        "packets of IP protocol {protocol} have no ports: name the address alone"
    );
    anyhow::ensure!(
        !has_ports || remote.port != 0,
        "name the port at the other end too, such as {}:5004",
        remote.address
    );
    Ok(FlowKey {
        src: station.address,
        dst: remote.address,
        protocol,
        src_port: station.port,
        dst_port: remote.port,
        dscp: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> End {
        text.parse().unwrap()
    }

    #[test]
    fn ends_are_read_with_and_without_ports() {
        assert_eq!(end("10.0.0.5:5004").port, 5_004);
        assert_eq!(end("10.0.0.5").port, 0);
        assert_eq!(end("[fe80::1]:7").port, 7);
        let error = "ten:5".parse::<End>().unwrap_err();
        assert!(error.contains("10.0.0.5:5004"), "{error}");
    }

    #[test]
    fn a_flow_has_ports_if_its_protocol_has() {
        let key = flow_key(17, end("10.0.0.2"), end("10.0.0.5:5004")).unwrap();
        assert_eq!((key.src_port, key.dst_port), (0, 5_004));
        let wrong = |protocol, station, remote| {
            flow_key(protocol, end(station), end(remote))
                .unwrap_err()
                .to_string()
        };
        assert!(wrong(1, "10.0.0.2", "10.0.0.5:5").contains("no ports"));
        assert!(wrong(17, "10.0.0.2", "10.0.0.5").contains("the port at the other end"));
        assert!(wrong(17, "::1", "10.0.0.5:1").contains("IP versions"));
        assert!(flow_key(1, end("10.0.0.2"), end("10.0.0.5")).is_ok());
        assert_eq!(protocol("icmp"), Ok(1));
    }
}
