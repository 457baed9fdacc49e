//! What makes a change of the access point quick, as far as it is the kernel's.

use std::path::Path;

use crate::link::InterfaceName;
use crate::setting::Meanwhile;

/// `rcu_expedited` of the running kernel; only root may write it.
const RCU_EXPEDITED: &str = "/sys/kernel/rcu_expedited";

/// The kernel hurries while the radio changes its access point.
///
/// mac80211 waits for grace periods of RCU (`synchronize_net`) when a station leaves an access
/// point, some 12 ms each on an idle machine with 250 ticks a second, and nothing can be sent
/// meanwhile. Expedited grace periods take microseconds, at the price of an interrupt for every
/// processor (`Documentation/RCU/Design/Expedited-Grace-Periods`), which is why they are asked for
/// during the switch only. `None` if the kernel hurries anyway, or does not let us: then the switch
/// takes what it takes.
#[must_use]
pub fn hurry() -> Option<Meanwhile> {
    Meanwhile::begin(Path::new(RCU_EXPEDITED), "0", "1")
}

/// The kernel keeps the MAC addresses of its neighbours, the router's among them, although the
/// carrier goes for a moment (`arp_evict_nocarrier`, `ndisc_evict_nocarrier`;
/// `Documentation/networking/ip-sysctl`). Otherwise the first packet that is sent after the switch
/// waits for an answer to a broadcast, behind all that has no promise. Empty before Linux 5.16, or
/// without the right.
#[must_use]
pub fn keep_neighbours(interface: &InterfaceName) -> Vec<Meanwhile> {
    let files = [
        format!("/proc/sys/net/ipv4/conf/{interface}/arp_evict_nocarrier"),
        format!("/proc/sys/net/ipv6/conf/{interface}/ndisc_evict_nocarrier"),
    ];
    let kept = files.map(|file| Meanwhile::begin(Path::new(&file), "1", "0"));
    kept.into_iter().flatten().collect()
}
