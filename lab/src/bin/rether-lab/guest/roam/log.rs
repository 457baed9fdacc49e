//! What `wpa_supplicant` does when it changes its access point, by its log. With `-t` each line
//! begins with the wall clock, seconds and microseconds.

/// The steps of one change of the access point. Times are microseconds of the wall clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// The access point it leads to.
    pub(super) bssid: String,
    /// It leaves its channel for authentication. None over the distribution system, where that is
    /// done from the access point before.
    pub(super) authenticating: Option<u64>,
    /// It is authenticated and asks to be associated.
    pub(super) associating: Option<u64>,
    /// It is associated.
    pub(super) associated: Option<u64>,
    /// Keys are there and the station's port is open.
    pub(super) connected: Option<u64>,
    /// The access point's port is open for it, by the log of hostapd.
    pub(super) served: Option<u64>,
    /// What failed, in the words of the log.
    pub(super) failure: Option<String>,
}

impl Change {
    /// When it begins: the first word about it.
    pub(super) fn begin(&self) -> Option<u64> {
        self.authenticating.or(self.associating)
    }

    /// When it is over: both ports are open.
    pub(super) fn end(&self) -> Option<u64> {
        self.connected.max(self.connected.and(self.served))
    }
}

const AUTHENTICATING: &str = "SME: Trying to authenticate with ";
const ASSOCIATING: &str = "Trying to associate with ";
const ASSOCIATED: &str = "Associated with ";
const CONNECTED: &str = "CTRL-EVENT-CONNECTED - Connection to ";
const FAILURES: [&str; 4] = [
    "CTRL-EVENT-AUTH-REJECT",
    "CTRL-EVENT-ASSOC-REJECT",
    "SME: Authentication request to the driver failed",
    "timed out",
];

/// The time and the words of a line, without the name of the interface.
fn split(line: &str) -> Option<(u64, &str)> {
    let (time, words) = line.split_once(": ")?;
    let (seconds, micros) = time.split_once('.')?;
    let micros = micros
        .parse::<u64>()
        .ok()
        .filter(|micros| *micros < 1_000_000)?;
    let time = seconds.parse::<u64>().ok()?.checked_mul(1_000_000)? + micros;
    Some((time, words.strip_prefix("wlan0: ").unwrap_or(words)))
}

/// All changes of the access point from `since` on.
pub(super) fn changes(log: &str, since: u64) -> Vec<Change> {
    let mut all: Vec<Change> = Vec::new();
    let lines = log.lines().filter_map(split);
    for (time, words) in lines.filter(|(time, _)| *time >= since) {
        let target = |prefix: &str| {
            let rest = words.strip_prefix(prefix)?;
            rest.split_whitespace().next()
        };
        if let Some(bssid) = target(AUTHENTICATING) {
            all.push(Change {
                bssid: bssid.to_owned(),
                authenticating: Some(time),
                ..Change::default()
            });
        } else if let Some(bssid) = target(ASSOCIATING) {
            match current(&mut all, bssid) {
                Some(change) if change.associating.is_none() => change.associating = Some(time),
                _ => all.push(Change {
                    bssid: bssid.to_owned(),
                    associating: Some(time),
                    ..Change::default()
                }),
            }
        } else if let Some(bssid) = target(ASSOCIATED) {
            if let Some(change) = current(&mut all, bssid) {
                change.associated = Some(time);
            }
        } else if let Some(bssid) = target(CONNECTED) {
            if let Some(change) = current(&mut all, bssid) {
                change.connected = Some(time);
            }
        } else if FAILURES.iter().any(|failure| words.contains(failure))
            && let Some(change) = all.last_mut()
            && change.connected.is_none()
        {
            change.failure = Some(words.to_owned());
        }
    }
    all
}

/// An access point that opens its port so much later does it for another roam. In microseconds.
const LATER: u64 = 200_000;
const SERVED: &str = "AP-STA-CONNECTED ";

/// Adds to `change` when the access point it leads to, whose hostapd has written `log`, opened its
/// port for the station with the address `mac`.
pub(super) fn add_served(change: &mut Change, log: &str, mac: &str) {
    let (Some(begin), Some(connected)) = (change.begin(), change.connected) else {
        return;
    };
    let served = log.lines().filter_map(split).find(|(time, words)| {
        let about = words.strip_prefix(SERVED);
        let is_it = about.is_some_and(|rest| rest.split_whitespace().next() == Some(mac));
        is_it && (begin..connected + LATER).contains(time)
    });
    change.served = served.map(|(time, _)| time);
}

/// The latest change, if it leads to `bssid` and is not over.
fn current<'a>(all: &'a mut [Change], bssid: &str) -> Option<&'a mut Change> {
    let latest = all.last_mut()?;
    (latest.bssid == bssid && latest.connected.is_none()).then_some(latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "1767225604.000100: wlan0: SME: Trying to authenticate with 02:00:00:00:00:00 (SSID='x' freq=5180 MHz)\n\
        1767225604.001100: wlan0: CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:00 completed [id=0 id_str=]\n\
        1767225605.000100: wlan0: SME: Trying to authenticate with 02:00:00:00:01:00 (SSID='x' freq=5200 MHz)\n\
        1767225605.004000: wlan0: Trying to associate with 02:00:00:00:01:00 (SSID='x' freq=5200 MHz)\n\
        1767225605.007000: wlan0: Associated with 02:00:00:00:01:00\n\
        1767225605.007100: wlan0: CTRL-EVENT-SUBNET-STATUS-UPDATE status=0\n\
        1767225605.010000: wlan0: WPA: Key negotiation completed with 02:00:00:00:01:00 [PTK=CCMP GTK=CCMP]\n\
        1767225605.010100: wlan0: CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:01:00 completed [id=0 id_str=]\n\
        1767225606.000000: wlan0: Trying to associate with 02:00:00:00:00:00 (SSID='x' freq=5180 MHz)\n\
        1767225606.001000: wlan0: CTRL-EVENT-ASSOC-REJECT bssid=02:00:00:00:00:00 status_code=53\n\
        nonsense\n99999999999999999999.000000: x\n1.9999999: x\n";

    #[test]
    fn each_step_has_its_time() {
        let second = 1_767_225_605_000_000;
        let seen = changes(LOG, second);
        let first = Change {
            bssid: "02:00:00:00:01:00".to_owned(),
            authenticating: Some(second + 100),
            associating: Some(second + 4_000),
            associated: Some(second + 7_000),
            connected: Some(second + 10_100),
            ..Change::default()
        };
        let refused = Change {
            bssid: "02:00:00:00:00:00".to_owned(),
            associating: Some(second + 1_000_000),
            failure: Some(
                "CTRL-EVENT-ASSOC-REJECT bssid=02:00:00:00:00:00 status_code=53".to_owned(),
            ),
            ..Change::default()
        };
        assert_eq!(seen, [first, refused]);
        assert_eq!(seen[1].begin(), seen[1].associating);
        assert_eq!(changes(LOG, 0).len(), 3);
    }

    #[test]
    fn a_roam_is_over_when_both_ports_are_open() {
        let mac = "02:00:00:00:02:00";
        let mut change = changes(LOG, 1_767_225_605_000_000).remove(0);
        let line = |micros: u32, mac: &str| {
            format!("1767225605.{micros:06}: wlan0: AP-STA-CONNECTED {mac} auth_alg=ft\n")
        };
        let log = line(0, mac) + &line(11_000, "02:00:00:00:03:00") + &line(12_000, mac);
        add_served(&mut change, &log, mac);
        assert_eq!(change.end(), Some(1_767_225_605_012_000));
        change.served = None;
        add_served(&mut change, &line(9_000, mac), mac);
        assert_eq!(change.end(), change.connected);
        let mut refused = changes(LOG, 1_767_225_606_000_000).remove(0);
        add_served(&mut refused, &log, mac);
        assert_eq!((refused.served, refused.end()), (None, None));
    }
}
