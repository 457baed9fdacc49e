//! nl80211, the control sockets and transmit statuses, with hostapd and `wpa_supplicant` on two
//! radios of mac80211_hwsim (`modprobe mac80211_hwsim radios=2`, so wlan0 and wlan1).

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rether_linux::control::{Control, ControlEvents};
use rether_linux::link::Link;
use rether_linux::nl80211::{Event, Events, InterfaceKind, Nl80211, SignalLevel};
use rether_linux::token_socket::{ETHER_TYPE, Status, TokenSocket};
use rether_linux::wmm::{Hostapd, Identity, Profile, Settings};
use rether_linux::{probe, rules};
use rether_proto::mac::MacAddr;
use rether_proto::machine::{Transmit, TxHandle};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::setup::{link, run};

/// hostapd on wlan0 and wpa_supplicant on wlan1; they end with this.
struct Cell {
    folder: TempDir,
    daemons: Vec<Child>,
}

impl Cell {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ap = format!(
            "interface=wlan0\nctrl_interface={0}/ap\nssid=cell\nhw_mode=g\nchannel=1\nwmm_enabled=1\n",
            folder.path().display()
        );
        let station = format!(
            "ctrl_interface={0}/sta\nnetwork={{\nssid=\"cell\"\nkey_mgmt=NONE\nscan_freq=2412\n}}\n",
            folder.path().display()
        );
        fs::write(folder.path().join("ap.conf"), ap).unwrap();
        fs::write(folder.path().join("sta.conf"), station).unwrap();
        let mut cell = Self {
            folder,
            daemons: Vec::new(),
        };
        cell.start("hostapd", &["ap.conf"]);
        cell
    }

    fn associate(&mut self) {
        self.start("wpa_supplicant", &["-i", "wlan1", "-c", "sta.conf"]);
    }

    fn start(&mut self, program: &str, arguments: &[&str]) {
        let daemon = Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.daemons.push(daemon);
    }

    fn control(&self, role: &str, interface: &str) -> PathBuf {
        self.folder.path().join(role).join(interface)
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        for daemon in &mut self.daemons {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// Waits until all of `wanted` have come, in any order: the two sides of a cell do not wait for
/// each other.
async fn all_of(events: &mut Events, wanted: &[Event]) {
    let mut seen = Vec::new();
    let search = async {
        while !wanted.iter().all(|event| seen.contains(event)) {
            seen.push(events.next().await.unwrap());
        }
    };
    let in_time = timeout(Duration::from_secs(20), search).await.is_ok();
    assert!(in_time, "wanted {wanted:?}, seen {seen:?}");
}

async fn connect(path: PathBuf) -> Control {
    for _ in 0..50 {
        if let Ok(control) = Control::connect(&path).await {
            return control;
        }
        sleep(Duration::from_millis(100)).await;
    }
    Control::connect(&path).await.unwrap()
}

#[tokio::test]
#[ignore = "needs mac80211_hwsim, hostapd and wpa_supplicant: run in the lab VM"]
async fn a_cell_from_association_to_leave() {
    let mut cell = Cell::new();
    let nl80211 = Nl80211::connect().await.unwrap();
    let mut events = Events::subscribe(&nl80211).await.unwrap();
    let mut hostapd = connect(cell.control("ap", "wlan0")).await;
    let mut told = ControlEvents::attach(&cell.control("ap", "wlan0"))
        .await
        .unwrap();
    while hostapd.fields("STATUS").await.unwrap().get("state") != Some("ENABLED") {
        sleep(Duration::from_millis(100)).await;
    }
    cell.associate();
    let (ap, station) = (link("wlan0"), link("wlan1"));

    let joining = [
        Event::ScanStarted {
            index: station.index,
        },
        Event::ScanEnded {
            index: station.index,
        },
        Event::StationNew {
            index: ap.index,
            mac: station.mac,
        },
        Event::StationNew {
            index: station.index,
            mac: ap.mac,
        },
        Event::Connected {
            index: station.index,
            bssid: Some(ap.mac),
        },
    ];
    all_of(&mut events, &joining).await;
    let joined = timeout(Duration::from_secs(5), told.next())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(joined.name, "AP-STA-CONNECTED");
    assert!(
        joined.detail.starts_with(&station.mac.to_string()),
        "{joined:?}"
    );

    interfaces(&nl80211, &ap, &station).await;
    orders(&nl80211, &station, &mut events).await;
    control(&mut hostapd, &cell).await;
    parameters(&nl80211, &mut hostapd, &ap, &station).await;
    statuses(&ap, &station).await;

    let peers = nl80211.stations(ap.index).await.unwrap();
    assert_eq!(peers.len(), 1);
    assert_eq!(
        (peers[0].mac, peers[0].signal, peers[0].wmm),
        (station.mac, Some(-30), true)
    );
    assert!(peers[0].tx_packets > 0 && peers[0].rx_packets > 0 && peers[0].rx_bytes > 0);
    assert!(
        peers[0].tx_rate.is_some() && peers[0].rx_rate.is_some(),
        "{peers:?}"
    );
    assert_eq!(
        nl80211.stations(station.index).await.unwrap()[0].mac,
        ap.mac
    );

    let mut supplicant = connect(cell.control("sta", "wlan1")).await;
    supplicant.order("DISCONNECT").await.unwrap();
    let leaving = [
        Event::Disconnected {
            index: station.index,
        },
        Event::StationGone {
            index: ap.index,
            mac: station.mac,
        },
        Event::StationGone {
            index: station.index,
            mac: ap.mac,
        },
    ];
    all_of(&mut events, &leaving).await;
    assert_eq!(nl80211.stations(9999).await.unwrap(), []);
}

/// Version of the running kernel.
fn kernel() -> (u32, u32) {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

async fn interfaces(nl80211: &Nl80211, ap: &Link, station: &Link) {
    let all = nl80211.interfaces().await.unwrap();
    let named = |name: &str| all.iter().find(|one| one.name == name).unwrap();
    let (wlan0, wlan1) = (named("wlan0"), named("wlan1"));
    assert_eq!(
        (wlan0.index, wlan0.mac, wlan0.kind),
        (ap.index, ap.mac, InterfaceKind::Ap)
    );
    assert_eq!(
        (wlan1.index, wlan1.kind),
        (station.index, InterfaceKind::Station)
    );
    assert_eq!(
        (wlan0.ssid.as_deref(), wlan0.frequency),
        (Some(&b"cell"[..]), Some(2412))
    );
    assert!(ap.up && ap.running && ap.bridge.is_none());
    assert!(!station.running && link("wlan1").running);

    // Before Linux 6.2, hwsim does not use mac80211's queues.
    let before = nl80211.radio(wlan1.wiphy).await.unwrap();
    let order = nl80211.set_txq_quantum(wlan1.wiphy, 1_000_000).await;
    assert!(before.transmit_status);
    assert_eq!(before.txq_quantum.is_some(), kernel() >= (6, 2));
    assert_eq!(before.txq_quantum.is_some(), order.is_ok());
    let after = nl80211.radio(wlan1.wiphy).await.unwrap();
    assert_eq!(after.txq_quantum, order.ok().map(|()| 1_000_000));
    assert!(
        nl80211
            .set_txq_quantum(999, 1)
            .await
            .unwrap_err()
            .to_string()
            .contains("ip link")
    );
}

async fn orders(nl80211: &Nl80211, station: &Link, events: &mut Events) {
    for on in [true, false] {
        nl80211.set_power_save(station.index, on).await.unwrap();
        assert_eq!(nl80211.power_save(station.index).await.unwrap(), Some(on));
    }
    nl80211
        .set_signal_watch(station.index, -70, 3)
        .await
        .unwrap();
    let (index, level, dbm) = (station.index, SignalLevel::High, Some(-30));
    all_of(events, &[Event::Signal { index, level, dbm }]).await;

    for finding in probe::all(Some(&station.name)).await {
        let may_fail = finding.what == "mac80211 queues";
        assert!(finding.result.is_ok() || may_fail, "{finding:?}");
    }
    assert!(rules::nft_version().unwrap().contains("nftables"));
}

async fn control(hostapd: &mut Control, cell: &Cell) {
    hostapd.order("SET wmm_ac_be_txop_limit 0").await.unwrap();
    hostapd.order("UPDATE_BEACON").await.unwrap();
    assert!(hostapd.order("NONSENSE").await.is_err());
    let first = hostapd.request("STA-FIRST").await.unwrap();
    assert!(first.starts_with(&link("wlan1").mac.to_string()), "{first}");
    let mut supplicant = connect(cell.control("sta", "wlan1")).await;
    let signal = supplicant.fields("SIGNAL_POLL").await.unwrap();
    assert_eq!(signal.get("RSSI"), Some("-30"));
    let status = supplicant.fields("STATUS").await.unwrap();
    assert_eq!(status.get("wpa_state"), Some("COMPLETED"));
}

/// Waits for a beacon that says `wanted`, or not if it is not `there`.
async fn announced(wanted: &str, there: bool) {
    let mut heard = String::new();
    for _ in 0..20 {
        let output = Command::new("iw")
            .args(["dev", "wlan1", "scan", "dump", "-b"])
            .output()
            .unwrap();
        heard = String::from_utf8(output.stdout).unwrap();
        if heard.contains(wanted) == there {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("{wanted} is not {there} in {heard}");
}

/// The 802.11e parameters of the BSS, there and back.
async fn parameters(nl80211: &Nl80211, control: &mut Control, ap: &Link, station: &Link) {
    let found = Hostapd::find(&ap.name, None).unwrap();
    assert_eq!(Identity::of(found.identity.pid), Some(found.identity));
    let settings = Settings::parse(&found.config).unwrap();
    assert!(settings.wmm && Hostapd::find(&station.name, None).is_none());
    let before = settings.parameters;
    for (profile, video, best_effort) in [
        (
            Profile::Polite,
            "VI: CW 3-15, AIFSN 2, TXOP 4096 usec",
            "BE: CW 15-1023, AIFSN 5",
        ),
        (
            Profile::Strict,
            "VI: CW 3-7, AIFSN 2, TXOP 4096 usec",
            "BE: CW 31-1023, AIFSN 7",
        ),
    ] {
        let now = profile.apply(&before, false);
        for order in now.stations.orders(None) {
            control.order(&order).await.unwrap();
        }
        announced(video, true).await;
        announced(best_effort, true).await;
        nl80211
            .set_transmit_queues(ap.index, &now.own)
            .await
            .unwrap();
    }
    let strict = Profile::Strict.apply(&before, false);
    for order in before.stations.orders(Some(&strict.stations)) {
        control.order(&order).await.unwrap();
    }
    announced("TXOP 4096 usec", false).await;
    announced("BE: CW 31-1023", false).await;
    nl80211
        .set_transmit_queues(ap.index, &before.own)
        .await
        .unwrap();
    // Only an access point has queues of its own.
    let refused = nl80211
        .set_transmit_queues(station.index, &before.own)
        .await;
    assert!(refused.unwrap_err().to_string().contains("cannot set how"));
    assert!(control.order("SET wmm_ac_be_cwmin 11").await.is_err());
    control.order("SET wmm_ac_be_cwmin 4").await.unwrap();
}

/// Acknowledged, silence for a stranger and for a group, and not acknowledged.
async fn statuses(ap: &Link, station: &Link) {
    let mut near = TokenSocket::open(ap, ETHER_TYPE).unwrap();
    let mut far = TokenSocket::open(station, ETHER_TYPE).unwrap();
    let transmit = |to, handle| Transmit {
        to,
        len: 32,
        tid: 6,
        handle,
    };
    for number in 1..=3_u8 {
        let handle = Some(TxHandle(number.into()));
        near.send(&transmit(station.mac, handle), &[number; 32])
            .unwrap();
    }
    // Without a handle nobody hears of it.
    near.send(&transmit(station.mac, None), &[9; 32]).unwrap();
    let unknown = MacAddr([2, 0, 0, 0, 0x77, 0x77]);
    near.send(&transmit(unknown, Some(TxHandle(7))), &[7; 32])
        .unwrap();
    near.send(&transmit(MacAddr::BROADCAST, Some(TxHandle(8))), &[8; 32])
        .unwrap();
    sleep(Duration::from_millis(300)).await;
    let mut told = Vec::new();
    while let Some(status) = near.status().unwrap() {
        told.push(status);
    }
    let acked = |number| Status {
        handle: TxHandle(number),
        acked: true,
    };
    assert_eq!(told, [acked(1), acked(2), acked(3)]);
    let mut heard = Vec::new();
    while let Some(frame) = far.receive().unwrap() {
        assert_eq!(frame.from, ap.mac);
        heard.push(frame.bytes[0]);
    }
    assert_eq!(heard, [1, 2, 3, 9, 8]);

    // Out of range, the station does not acknowledge and is not forgotten at once.
    run("test -d /sys/kernel/debug/ieee80211 || mount -t debugfs debugfs /sys/kernel/debug");
    run("echo 2 > /sys/kernel/debug/ieee80211/phy1/hwsim/group");
    near.send(&transmit(station.mac, Some(TxHandle(4))), &[4; 32])
        .unwrap();
    sleep(Duration::from_millis(300)).await;
    let lost = Status {
        handle: TxHandle(4),
        acked: false,
    };
    assert_eq!(
        (near.status().unwrap(), far.receive().unwrap()),
        (Some(lost), None)
    );
    run("echo 1 > /sys/kernel/debug/ieee80211/phy1/hwsim/group");
}
