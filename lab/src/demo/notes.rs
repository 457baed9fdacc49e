//! What the reader must know to judge the figures.

use super::Demo;

/// What the medium is and what follows for the figures.
pub(super) const MEDIUM: &str = "The medium is mac80211_hwsim, the kernel's simulated radio: it \
     has no airtime, no contention and no loss of its own. With Rether, the coordinator's model of \
     airtime is the capacity of the cell. Without Rether, nothing limits the stations but the one \
     emulated processor they share: that column shows no contention, and more throughput and less \
     delay than a real 802.11 cell could give. It shows what the parts do with the gates open; it \
     is not a measure of what Rether gains.";

/// How the delays relate to the promise.
pub(super) const DELAY: &str = "The promised wait is that for the air, at each sender. One-way \
     delay is measured by the call itself, from end to end on one clock: the wait and everything \
     else on the way. The verdict is that of the scenario's checks, in the lines \"required\": a delay above the promised wait but within what is \
     required counts as kept.";

/// Where the promise report comes from.
pub(super) const PROMISES: &str = "The promise report is what rether-ap status said of each promise \
     in mid-run. Delivered is the mean of the last ten seconds, or as many as there were, in whole IP \
     packets; a second counts as missed if less than promised went although the application sent it, \
     or more than 1 % waited too long. The coordinator times the wait of what goes down; what goes up \
     waits at its station, where it cannot see it. The delays are those that the call measured over all \
     of its time, from end to end.";

/// What the two arms of the walk have in common, and what not.
pub(super) const WALK: &str = "Without Rether, wpa_supplicant goes from one access point to the next by \
     itself, without a scan. In both arms the caller keeps its address, because all access points are \
     the same gateway to it, each before a subnet of its own; but only Rether tells the network where \
     the caller is. Without it, what is sent to the caller goes to where its walk began.";

/// How the timing of a run comes about.
pub(super) const CLOCK: &str = "Time is that of the virtual machine (qemu -icount \
     shift=0,sleep=off): one instruction takes 1 ns and idle time is skipped, so the load of the \
     host does not show in the figures. There is no random seed to set.";

/// The packages whose versions matter most to the figures, as `name version`.
#[must_use]
pub(super) fn versions(demo: &Demo) -> Vec<String> {
    const NAMED: [&str; 5] = [
        "linux-image-",
        "hostapd_",
        "wpasupplicant_",
        "nftables_",
        "iperf3_",
    ];
    let packages = demo.packages.iter();
    let named = packages.filter(|file| NAMED.iter().any(|name| file.starts_with(name)));
    std::iter::once(format!("rether {}", env!("CARGO_PKG_VERSION")))
        .chain(named.map(|file| name_and_version(file)))
        .collect()
}

/// `hostapd_2%3a2.10-12_amd64.deb` as `hostapd 2:2.10-12`.
fn name_and_version(file: &str) -> String {
    let mut parts = file.split('_');
    let name = parts.next().unwrap_or_default();
    let version = parts.next().unwrap_or_default().replace("%3a", ":");
    format!("{name} {version}")
}

#[cfg(test)]
mod tests {
    use super::name_and_version;

    #[test]
    fn package_files_are_read() {
        assert_eq!(
            name_and_version("hostapd_2%3a2.10-12+deb12u3_amd64.deb"),
            "hostapd 2:2.10-12+deb12u3"
        );
        assert_eq!(name_and_version("odd"), "odd ");
    }
}
