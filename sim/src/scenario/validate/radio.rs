//! Parameters of the air and of radios that no model can be run with.

use super::{Finding, rate_fault};
use crate::scenario::{Access, Ap, Medium};

pub(super) fn medium(medium: &Medium) -> Finding {
    let margin = f64::from(medium.capture_effect_db.unwrap_or_default());
    if !(0.0..=100.0).contains(&margin) {
        return Some(("capture-effect-db", "must be 0 to 100 dB".to_owned()));
    }
    let loss = medium.path_loss?;
    let within = |value: Option<f64>, low: f64, high: f64| {
        value.is_none_or(|value| (low..=high).contains(&value))
    };
    let fits = within(loss.exponent, 1.0, 10.0)
        && within(loss.tx_power_dbm, -50.0, 50.0)
        && within(loss.carrier_sense_dbm, -120.0, 0.0);
    (!fits).then(|| {
        (
            "path-loss",
            "exponent must be 1 to 10, tx-power-dbm -50 to 50, carrier-sense-dbm -120 to 0"
                .to_owned(),
        )
    })
}

pub(super) fn mac(ap: &Ap) -> Finding {
    let mac = &ap.mac;
    if mac.retry_limit == Some(0) || mac.queue_packets == Some(0) {
        return Some((
            "mac",
            "retry-limit and queue-packets must be at least 1".to_owned(),
        ));
    }
    if let Some(rates) = &mac.basic_rates_mbps {
        if rates.is_empty() {
            return Some(("mac", "basic-rates-mbps must name a rate".to_owned()));
        }
        let fault = rates.iter().find_map(|rate| rate_fault(ap.phy, *rate));
        if let Some((_, text)) = fault {
            return Some(("mac", format!("basic-rates-mbps: {text}")));
        }
    }
    if !ap.wmm && (mac.bk.is_some() || mac.vi.is_some() || mac.vo.is_some()) {
        let text = "bk, vi and vo are there with `wmm = true` only; DCF has be".to_owned();
        return Some(("mac", text));
    }
    let rows = [mac.bk, mac.be, mac.vi, mac.vo];
    rows.into_iter().flatten().find_map(access)
}

fn access(access: Access) -> Finding {
    if access.aifsn == Some(0) {
        return Some(("mac", "aifsn must be at least 1".to_owned()));
    }
    let (min, max) = access.cw_min.zip(access.cw_max)?;
    (min > max).then(|| ("mac", "cw-min must not be above cw-max".to_owned()))
}
