//! Sites whose access points do not fit together, and roams that lead nowhere.

use super::{Finding, unknown};
use crate::scenario::{
    Ap, Arm, Deed, Event, Mode, Over, RoamBy, Scenario, Security, Station, Traffic,
};

/// What differs between `ap` and the access points of its site before it, and must not.
pub(super) fn site(scenario: &Scenario, ap: &Ap) -> Finding {
    let behind = |ap: &&Ap| ap.mode != Mode::Bridge;
    let other = scenario
        .ap
        .iter()
        .filter(behind)
        .find(|other| other.site() != ap.site());
    if let Some(other) = other.filter(|_| ap.mode == Mode::Edge) {
        let text = format!(
            "all of 10.1.0.0/16 is behind an `edge` site, and `{}` is another cell that is not \
             `bridge`",
            other.name
        );
        return Some(("mode", text));
    }
    let name = ap.site.as_deref()?;
    let fits = (1..=25).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        let text = format!(
            "`{name}` is not the name of a site; use 1 to 25 of the characters a-z, 0-9 and -"
        );
        return Some(("site", text));
    }
    let first = scenario.ap.iter().find(|other| other.site() == name)?;
    let same = |key: &'static str| {
        let text = format!(
            "must be that of `{}`: a station of site `{name}` roams between them",
            first.name
        );
        Some((key, text))
    };
    if first.phy != ap.phy {
        return same("phy");
    }
    if first.mode != ap.mode {
        return same("mode");
    }
    if first.security != ap.security {
        return same("security");
    }
    if ap.mode == Mode::Routed && first.name != ap.name {
        let text = "each routed cell is a subnet of its own with other addresses; a site that \
            roams is `bridge` or `edge`";
        return Some(("mode", text.to_owned()));
    }
    None
}

/// `wpa_supplicant` takes it in quotes.
pub(super) fn bgscan(station: &Station) -> Finding {
    let text = station.bgscan.as_deref()?;
    let fits = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && c != '"');
    (!fits).then(|| {
        (
            "bgscan",
            "must be a module of wpa_supplicant and its parameters, such as \"simple:5:-65:60\""
                .to_owned(),
        )
    })
}

pub(super) fn arm(arm: &Arm) -> Finding {
    (arm.roam == Some(RoamBy::Rether) && !arm.daemons).then(|| {
        let text = "agents run with `daemons = true` only; write \"plain\"";
        ("roam", text.to_owned())
    })
}

/// The times between two packets of a probe that `rether-voip` has a profile for.
pub(super) fn probe(flow: &Traffic) -> Finding {
    let millis = flow.interval?.seconds() * 1e3;
    let known = [1.0, 2.0, 5.0, 10.0, 20.0];
    (!known
        .iter()
        .any(|known: &f64| (known - millis).abs() < 1e-9))
    .then(|| {
        let text = "`probe` has a packet each 1, 2, 5, 10 or 20 ms; write such as \"5ms\"";
        ("interval", text.to_owned())
    })
}

pub(super) fn event(scenario: &Scenario, event: &Event) -> Finding {
    if event.deed != Deed::Roam {
        if !event.to.is_empty() {
            return Some(("to", "only a `roam` leads anywhere".to_owned()));
        }
        let text = "only a `roam` has one";
        return (event.over != Over::Air).then(|| ("over", text.to_owned()));
    }
    let Some(station) = scenario.find_station(&event.node) else {
        return Some(("node", "only a station roams".to_owned()));
    };
    let site: Vec<_> = scenario
        .site_of(station)
        .map(|ap| ap.name.as_str())
        .collect();
    let Some(to) = event.to.first() else {
        let text = format!(
            "`roam` needs an access point; the site of `{}` has: {}",
            station.name,
            site.join(", ")
        );
        return Some(("to", text));
    };
    let what = format!("access point of the site of `{}`", station.name);
    if let Some(text) = unknown(&what, to, &site) {
        return Some(("to", text));
    }
    let ap = scenario.find_ap(to)?;
    let can = ap.security == Security::FtPsk && ap.mode == Mode::Bridge;
    (event.over == Over::Ds && !can).then(|| {
        let text = "the distribution system carries a fast transition, and hostapd speaks over it \
            within one subnet only: `security = \"ft-psk\"` and `mode = \"bridge\"`";
        ("over", text.to_owned())
    })
}
