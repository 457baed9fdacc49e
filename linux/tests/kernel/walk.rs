//! A station between two access points, on three radios of mac80211_hwsim (`modprobe
//! mac80211_hwsim radios=3`): what it finds, how it moves, and what the access points are told.

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rether_linux::announce::layer_2_update;
use rether_linux::control::{
    ApEvent, Candidate, Control, ControlEvents, ScanOrder, SupplicantEvent, TransitionRequest,
};
use rether_linux::link::Link;
use rether_linux::nl80211::{Event, Events, Nl80211, Scan};
use rether_linux::token_socket::TokenSocket;
use rether_proto::mac::MacAddr;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::setup::{Cable, link, run};

/// hostapd on wlan0 (channel 1) and wlan2 (channel 6), wpa_supplicant on wlan1; they end with this.
struct Site {
    folder: TempDir,
    daemons: Vec<Child>,
}

impl Site {
    fn new(bridge: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let ap = |interface: &str, channel: u8| {
            format!(
                "interface={interface}\nctrl_interface={path}/ap\nssid=site\nhw_mode=g\n\
                 channel={channel}\nwmm_enabled=1\nbss_transition=1\nrrm_neighbor_report=1\n\
                 rrm_beacon_report=1\n"
            )
        };
        let files = [
            ("first.conf", ap("wlan0", 1) + &format!("bridge={bridge}\n")),
            ("second.conf", ap("wlan2", 6)),
            (
                "sta.conf",
                format!(
                    "ctrl_interface={path}/sta\nnetwork={{\nssid=\"site\"\nkey_mgmt=NONE\n\
                     scan_freq=2412\n}}\n"
                ),
            ),
        ];
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self {
            folder,
            daemons: Vec::new(),
        }
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

    /// Commands and events of a daemon, once it is there.
    async fn attach(&self, role: &str, interface: &str) -> (Control, ControlEvents) {
        let path = self.control(role, interface);
        for _ in 0..50 {
            if let Ok(control) = Control::connect(&path).await {
                return (control, ControlEvents::attach(&path).await.unwrap());
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("nobody at {}", path.display());
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for daemon in &mut self.daemons {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(Duration::from_secs(30), future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} does not come"),
    }
}

/// The events up to `last`.
async fn until(events: &mut ControlEvents, last: SupplicantEvent) -> Vec<SupplicantEvent> {
    let mut seen = Vec::new();
    soon("an event of wpa_supplicant", async {
        while seen.last() != Some(&last) {
            let event = events.next().await.unwrap();
            seen.extend(SupplicantEvent::parse(&event));
        }
    })
    .await;
    seen
}

/// The next event of hostapd that `choose` wants.
async fn told<T>(events: &mut ControlEvents, choose: impl Fn(ApEvent) -> Option<T>) -> T {
    soon("an event of hostapd", async {
        loop {
            let event = events.next().await.unwrap();
            if let Some(wanted) = ApEvent::parse(&event).and_then(&choose) {
                return wanted;
            }
        }
    })
    .await
}

fn authorised(station: MacAddr) -> impl Fn(ApEvent) -> Option<()> {
    move |event| (event == ApEvent::Authorised { station }).then_some(())
}

async fn enabled(control: &mut Control) {
    soon("the access point", async {
        while control.fields("STATUS").await.unwrap().get("state") != Some("ENABLED") {
            sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
}

async fn event(events: &mut Events, wanted: Event) {
    soon("an event of nl80211", async {
        while events.next().await.unwrap() != wanted {}
    })
    .await;
}

async fn is_heard(nl80211: &Nl80211, index: u32, ap: MacAddr) -> bool {
    let heard = nl80211.heard(index).await.unwrap();
    heard.iter().any(|bss| bss.bssid == ap)
}

#[tokio::test]
#[ignore = "needs mac80211_hwsim with three radios, hostapd and wpa_supplicant: run in the lab VM"]
async fn a_station_moves_between_two_access_points() {
    let wire = Cable::lay("xid0", "xid1", 71);
    run("ip link add xidbr type bridge; ip link set xidbr up; ip link set xid0 master xidbr");
    // Listens like on a bridge port: frames of length 6 are of no type that a socket is bound to.
    let far = Link {
        bridge: Some(1),
        ..wire.far.clone()
    };
    let mut bystander = TokenSocket::open(&far, 6).unwrap();
    let mut site = Site::new("xidbr");
    site.start("hostapd", &["first.conf"]);
    site.start("hostapd", &["second.conf"]);
    let nl80211 = Nl80211::connect().await.unwrap();
    let mut events = Events::subscribe(&nl80211).await.unwrap();
    let (mut first_ap, mut first_told) = site.attach("ap", "wlan0").await;
    let (mut second_ap, mut second_told) = site.attach("ap", "wlan2").await;
    enabled(&mut first_ap).await;
    enabled(&mut second_ap).await;
    site.start("wpa_supplicant", &["-i", "wlan1", "-c", "sta.conf"]);
    let (mut supplicant, mut steps) = site.attach("sta", "wlan1").await;
    let (first, station, second) = (link("wlan0"), link("wlan1"), link("wlan2"));
    told(&mut first_told, authorised(station.mac)).await;
    soon("the association", async {
        while supplicant.fields("STATUS").await.unwrap().get("wpa_state") != Some("COMPLETED") {
            sleep(Duration::from_millis(100)).await;
        }
    })
    .await;

    // The kernel's layer-2 update is ours.
    let frame = bystander.receive().unwrap().expect("a layer-2 update");
    let ours = layer_2_update(station.mac);
    assert_eq!((frame.to.0, frame.from.0), ([255; 6], station.mac.0));
    assert_eq!(frame.bytes[..6], ours[14..]);

    let known = nl80211.station(first.index, station.mac).await.unwrap();
    assert_eq!(known.unwrap().mac, station.mac);
    for (index, mac) in [
        (first.index, second.mac),
        (second.index, station.mac),
        (9999, station.mac),
    ] {
        assert_eq!(nl80211.station(index, mac).await.unwrap(), None);
    }

    // Looks for the second one only, by nl80211 and by wpa_supplicant.
    assert_eq!(supplicant.known_bss(second.mac).await.unwrap(), None);
    let scan = Scan {
        frequencies: vec![2437],
        ssid: Some(b"site".to_vec()),
        bssid: Some(second.mac),
    };
    nl80211.scan(station.index, &scan).await.unwrap();
    soon("what was heard", async {
        while !is_heard(&nl80211, station.index, second.mac).await {
            event(
                &mut events,
                Event::ScanEnded {
                    index: station.index,
                },
            )
            .await;
        }
    })
    .await;
    let heard = nl80211.heard(station.index).await.unwrap();
    let of = |mac| heard.iter().find(|bss| bss.bssid == mac).unwrap();
    for (ap, frequency, associated) in [(&first, 2412, true), (&second, 2437, false)] {
        let bss = of(ap.mac);
        assert_eq!((bss.frequency, bss.associated), (frequency, associated));
        assert_eq!(
            (bss.ssid.as_deref(), bss.signal),
            (Some(&b"site"[..]), Some(-3000))
        );
    }
    assert!(of(second.mac).age < rether_proto::time::Duration::from_millis(1000));
    let order = ScanOrder {
        frequencies: vec![2437],
        passive: true,
    };
    supplicant.scan(&order).await.unwrap();
    until(&mut steps, SupplicantEvent::Scanned).await;
    let known = supplicant.known_bss(second.mac).await.unwrap().unwrap();
    assert_eq!((known.frequency, known.signal), (2437, -30));

    // It goes there without a scan.
    assert!(supplicant.roam(MacAddr([2, 9, 9, 9, 9, 9])).await.is_err());
    const QUIET: Duration = Duration::from_millis(200);
    while timeout(QUIET, events.next()).await.is_ok() {}
    supplicant.roam(second.mac).await.unwrap();
    let bssid = second.mac;
    let seen = until(&mut steps, SupplicantEvent::Connected { bssid }).await;
    let joining = [
        SupplicantEvent::Authenticating { bssid },
        SupplicantEvent::Associating { bssid: Some(bssid) },
        SupplicantEvent::Associated { bssid },
        SupplicantEvent::Connected { bssid },
    ];
    assert_eq!(seen[seen.len() - 4..], joining);
    told(&mut second_told, authorised(station.mac)).await;
    let came = Event::StationNew {
        index: second.index,
        mac: station.mac,
    };
    soon("the station", async {
        loop {
            match events.next().await.unwrap() {
                Event::ScanStarted { .. } => panic!("it scanned"),
                event if event == came => break,
                _ => {}
            }
        }
    })
    .await;

    // What it hears, and the way back at the access point's wish.
    let request = format!("REQ_BEACON {} 510100000a0002ffffffffffff", station.mac);
    second_ap.request(&request).await.unwrap();
    let report = told(&mut second_told, |event| match event {
        ApEvent::BeaconReport { report, .. } => report.filter(|one| one.bssid == first.mac),
        _ => None,
    })
    .await;
    assert_eq!(
        (report.class, report.channel, report.signal),
        (81, 1, Some(-30))
    );
    let request = TransitionRequest {
        candidates: vec![Candidate {
            bssid: first.mac,
            information: 0x8f,
            class: 81,
            channel: 1,
            phy: 7,
            preference: Some(255),
        }],
        abridged: true,
        valid_beacons: 100,
        disassociate_in: None,
    };
    assert!(second_ap.ask_to_move(first.mac, &request).await.is_err());
    second_ap.ask_to_move(station.mac, &request).await.unwrap();
    let target = told(&mut second_told, |event| match event {
        ApEvent::TransitionAnswer {
            status: 0, target, ..
        } => Some(target),
        _ => None,
    })
    .await;
    assert_eq!(target, Some(first.mac));
    until(&mut steps, SupplicantEvent::Connected { bssid: first.mac }).await;
    supplicant.order("DISCONNECT").await.unwrap();
    told(&mut first_told, |event| {
        (event
            == ApEvent::Gone {
                station: station.mac,
            })
        .then_some(())
    })
    .await;
    drop(site);
    run("ip link del xidbr");
}
