//! The radio's table of access points, as the station's machine takes it.

use rether_handoff::station::StationInput;
use rether_linux::nl80211::Bss;
use rether_proto::time::Duration;

/// What was heard longer ago only says that the access point exists: the machine counts the age of
/// a signal from when it is told.
const FRESH: Duration = Duration::from_millis(1_200);

/// The name of the network that the station is in, by the radio's table.
pub(crate) fn network(table: &[Bss]) -> Option<&[u8]> {
    let own = table.iter().find(|bss| bss.associated)?;
    own.ssid.as_deref()
}

/// What the machine is told of the access points of its network. Its own is among them, because
/// others may be on that channel.
pub(crate) fn candidates(table: &[Bss]) -> impl Iterator<Item = StationInput> {
    let network = network(table);
    let same = move |bss: &&Bss| network.is_some() && bss.ssid.as_deref() == network;
    table.iter().filter(same).filter_map(|bss| {
        let bssid = bss.bssid;
        let frequency = u16::try_from(bss.frequency).ok()?;
        let signal = bss.signal.filter(|_| bss.age <= FRESH && !bss.associated);
        Some(match signal {
            Some(hundredths) => StationInput::Heard {
                bssid,
                frequency,
                signal: dbm(hundredths),
            },
            None => StationInput::Neighbour { bssid, frequency },
        })
    })
}

/// Whole dBm of hundredths.
fn dbm(hundredths: i32) -> i8 {
    let whole = (hundredths / 100).clamp(i8::MIN.into(), i8::MAX.into());
    i8::try_from(whole).unwrap_or(i8::MIN)
}

#[cfg(test)]
mod tests {
    use rether_proto::mac::MacAddr;

    use super::*;

    fn bss(last: u8, ssid: &[u8], signal: Option<i32>, age_ms: u64) -> Bss {
        Bss {
            bssid: MacAddr([2, 0, 0, 0, 0, last]),
            frequency: 5180,
            signal,
            age: Duration::from_millis(age_ms),
            ssid: Some(ssid.to_vec()),
            associated: last == 0,
        }
    }

    #[test]
    fn only_the_own_network_counts_and_only_what_was_just_heard_has_a_signal() {
        let table = [
            bss(0, b"cell", Some(-7_000), 10),
            bss(1, b"cell", Some(-5_550), 100),
            bss(2, b"cell", Some(-5_550), 5_000),
            bss(3, b"cell", None, 100),
            bss(4, b"other", Some(-3_000), 100),
        ];
        assert_eq!(network(&table), Some(&b"cell"[..]));
        let told: Vec<_> = candidates(&table)
            .map(|input| match input {
                StationInput::Heard { bssid, signal, .. } => (bssid.0[5], Some(signal)),
                StationInput::Neighbour { bssid, .. } => (bssid.0[5], None),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told, [(0, None), (1, Some(-55)), (2, None), (3, None)]);
        assert_eq!(candidates(&table[1..]).count(), 0, "not associated");
        assert_eq!((dbm(-20_000), dbm(-1)), (i8::MIN, 0));
    }
}
