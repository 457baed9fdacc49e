//! Who has which radio: addresses, cells, and what each may have waiting.

use std::collections::BTreeMap;

use rether_proto::airtime::Rate;
use rether_proto::mac::MacAddr;
use rether_sim::medium::{Ac, Position, RadioConfig, RadioId};

use super::beacon::Beacon;

/// A radio as the scenario has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Name of its node.
    pub name: String,
    /// Its MAC address.
    pub mac: MacAddr,
    /// What it is until it hears of a cell.
    pub config: RadioConfig,
    /// Rates of the cell of this access point that are announced as basic ones only because
    /// mac80211 holds nobody at a rate that is not: radios do not acknowledge at them.
    pub feigned: Vec<Rate>,
    /// Where it goes: seconds since the clock's start, and places.
    pub walk: Vec<(f64, Position)>,
}

/// `mac80211_hwsim` drops the older half of a radio's frames when 100 wait for their status, and
/// these get none. The radio keeps below that by itself, as a driver does that stops its queue.
const FRAMES: usize = 99;
/// A flood of the lower categories leaves some places to the higher ones. More than what Linux
/// lets one UDP socket have under way (212,992 octets of buffer), so that a sender is slowed
/// down by the air instead of losing packets.
const LOWER_FRAMES: usize = 95;

/// A radio and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Radio {
    pub(super) plan: Plan,
    /// The address `mac80211_hwsim` knows it by.
    pub(super) handle: MacAddr,
    /// Other addresses it listens to.
    also: Vec<MacAddr>,
    /// The BSS it is in.
    pub(super) bssid: Option<MacAddr>,
    /// It is cut off for good.
    pub(super) vanished: bool,
    /// The kernel did not take a frame for it: it is down, or elsewhere.
    pub(super) deaf: bool,
    /// Frames that wait for the air, of the lower categories and of the higher.
    held: [usize; 2],
    /// The most that ever did.
    pub(super) most_held: usize,
    /// Frames that found no place.
    pub(super) unsent: u64,
}

impl Radio {
    fn new(plan: Plan) -> Self {
        let mut handle = plan.mac;
        handle.0[0] |= 0x40;
        Self {
            plan,
            handle,
            also: Vec::new(),
            bssid: None,
            vanished: false,
            deaf: false,
            held: [0; 2],
            most_held: 0,
            unsent: 0,
        }
    }

    fn has(&self, address: MacAddr) -> bool {
        self.plan.mac == address || self.handle == address || self.also.contains(&address)
    }

    const fn class(ac: Ac) -> usize {
        matches!(ac, Ac::Vi | Ac::Vo) as usize
    }

    /// Takes a place for a frame of `ac`; false if there is none.
    pub(super) fn take_place(&mut self, ac: Ac) -> bool {
        let class = Self::class(ac);
        let all: usize = self.held.iter().sum();
        if all >= FRAMES || (class == 0 && self.held[0] >= LOWER_FRAMES) {
            self.unsent += 1;
            return false;
        }
        self.held[class] += 1;
        self.most_held = self.most_held.max(all + 1);
        true
    }

    /// Gives the place of a frame of `ac` back.
    pub(super) fn give_place(&mut self, ac: Ac) {
        let held = &mut self.held[Self::class(ac)];
        *held = held.saturating_sub(1);
    }
}

/// All radios; the place in the list is the medium's number.
#[derive(Clone, Debug, Default)]
pub(super) struct Radios {
    list: Vec<Radio>,
    /// What each BSS last announced, and the rates that it only feigns to be basic ones.
    cells: BTreeMap<MacAddr, (Beacon, Vec<Rate>)>,
}

impl Radios {
    pub(super) fn new(plans: Vec<Plan>) -> Self {
        Self {
            list: plans.into_iter().map(Radio::new).collect(),
            cells: BTreeMap::new(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (RadioId, &Radio)> {
        (0..).map(RadioId).zip(&self.list)
    }

    pub(super) fn get(&self, id: RadioId) -> Option<&Radio> {
        self.list.get(usize::try_from(id.0).ok()?)
    }

    pub(super) fn get_mut(&mut self, id: RadioId) -> Option<&mut Radio> {
        self.list.get_mut(usize::try_from(id.0).ok()?)
    }

    /// The radio that listens to `address`.
    pub(super) fn find(&self, address: MacAddr) -> Option<RadioId> {
        self.iter()
            .find(|(_, radio)| radio.has(address))
            .map(|(id, _)| id)
    }

    /// The radio of a node.
    pub(super) fn named(&self, name: &str) -> Option<RadioId> {
        self.iter()
            .find(|(_, radio)| radio.plan.name == name)
            .map(|(id, _)| id)
    }

    /// A radio listens to another address from now on, or no longer.
    pub(super) fn change_address(&mut self, radio: MacAddr, address: MacAddr, added: bool) {
        let found = self.list.iter_mut().find(|other| other.handle == radio);
        if let Some(radio) = found {
            radio.also.retain(|other| *other != address);
            if added {
                radio.also.push(address);
            }
        }
    }

    /// Notes what the BSS of `radio` announces; returns whose parameters change by it.
    pub(super) fn learn(&mut self, radio: RadioId, beacon: Beacon) -> Vec<RadioId> {
        let Some(sender) = self.get_mut(radio) else {
            return Vec::new();
        };
        let bssid = beacon.bssid;
        let joined = sender.bssid.replace(bssid) != Some(bssid);
        let cell = (beacon, sender.plan.feigned.clone());
        if self.cells.get(&bssid) == Some(&cell) {
            return joined.then_some(radio).into_iter().collect();
        }
        self.cells.insert(bssid, cell);
        let members = self.iter().filter(|(_, radio)| radio.bssid == Some(bssid));
        members.map(|(id, _)| id).collect()
    }

    /// Notes that `radio` sends within the BSS `bssid`; true if it did not before.
    pub(super) fn join(&mut self, radio: RadioId, bssid: MacAddr) -> bool {
        if !self.cells.contains_key(&bssid) {
            return false;
        }
        let radio = self.get_mut(radio);
        radio.is_some_and(|radio| radio.bssid.replace(bssid) != Some(bssid))
    }

    /// What `radio` is as a member of its BSS; `config` is what it was.
    pub(super) fn member(&self, radio: RadioId, config: &RadioConfig) -> Option<RadioConfig> {
        let (beacon, feigned) = self.cells.get(&self.get(radio)?.bssid?)?;
        Some(beacon.member(config, feigned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rether_proto::airtime::{Phy, PhyKind};
    use rether_sim::medium::default_edca;

    fn plan(name: &str, number: u8) -> Plan {
        let phy = Phy {
            kind: PhyKind::DsssLong,
            wmm: false,
        };
        Plan {
            name: name.to_owned(),
            mac: MacAddr([2, 0, 0, 0, number, 0]),
            config: RadioConfig::new(phy, 2412),
            feigned: Vec::new(),
            walk: Vec::new(),
        }
    }

    #[test]
    fn a_radio_has_several_addresses() {
        let mut radios = Radios::new(vec![plan("ap", 0), plan("a", 1)]);
        let a = Some(RadioId(1));
        let handle = MacAddr([0x42, 0, 0, 0, 1, 0]);
        let third = MacAddr([2, 0, 0, 0, 1, 9]);
        assert_eq!(radios.find(MacAddr([2, 0, 0, 0, 1, 0])), a);
        assert_eq!(radios.find(handle), a);
        assert_eq!(radios.find(third), None);
        radios.change_address(handle, third, true);
        radios.change_address(handle, third, true);
        assert_eq!(radios.find(third), a);
        radios.change_address(handle, third, false);
        assert_eq!(radios.find(third), None);
        assert_eq!((radios.named("a"), radios.named("b")), (a, None));
    }

    #[test]
    fn a_flood_leaves_places_to_the_higher_categories() {
        let mut radio = Radio::new(plan("a", 1));
        let took = (0..200).filter(|_| radio.take_place(Ac::Be)).count();
        assert_eq!(took, LOWER_FRAMES);
        let took = (0..200).filter(|_| radio.take_place(Ac::Vo)).count();
        assert_eq!(took, FRAMES - LOWER_FRAMES);
        assert_eq!(radio.most_held, FRAMES);
        radio.give_place(Ac::Vo);
        assert!(!radio.take_place(Ac::Bk));
        assert!(radio.take_place(Ac::Vi));
        radio.give_place(Ac::Be);
        assert!(radio.take_place(Ac::Bk));
    }

    #[test]
    fn a_change_of_the_beacon_concerns_all_members() {
        let mut radios = Radios::new(vec![plan("ap", 0), plan("a", 1), plan("b", 2)]);
        let (ap, a) = (RadioId(0), RadioId(1));
        let bssid = MacAddr([2, 0, 0, 0, 0, 0]);
        assert!(!radios.join(a, bssid), "no such BSS yet");
        let mut beacon = Beacon {
            bssid,
            rates: vec![Rate(10)],
            basic_rates: vec![Rate(10)],
            short_preamble: false,
            protection: false,
            edca: None,
        };
        assert_eq!(radios.learn(ap, beacon.clone()), [ap]);
        assert_eq!(radios.learn(ap, beacon.clone()), []);
        assert!(radios.join(a, bssid));
        assert!(!radios.join(a, bssid), "it is there already");
        beacon.short_preamble = true;
        assert_eq!(radios.learn(ap, beacon.clone()), [ap, a]);
        let config = plan("a", 1).config;
        let phy = |radio| radios.member(radio, &config).map(|config| config.phy.kind);
        assert_eq!(phy(a), Some(PhyKind::DsssShort));
        assert_eq!(phy(RadioId(2)), None);
        // WMM parameters that hostapd is given while it runs.
        let mut table = default_edca(15, false);
        for cw_min in [7, 3] {
            table[Ac::Vi as usize].cw_min = cw_min;
            beacon.edca = Some(table);
            assert_eq!(radios.learn(ap, beacon.clone()), [ap, a]);
            let member = radios.member(a, &config).unwrap();
            assert_eq!(member.access[Ac::Vi as usize].cw_min, cw_min);
        }
    }
}
