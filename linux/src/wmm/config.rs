//! What a hostapd configuration says of WMM (`hostapd.conf` of hostapd 2.10).

use super::{Category, Edca, Parameters, Table};

/// What hostapd was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The BSS has WMM.
    pub wmm: bool,
    /// By which parameters.
    pub parameters: Parameters,
}

/// A line that hostapd itself would refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of hostapd's configuration makes no sense: {text:?}; correct it")]
pub struct ConfigError {
    /// Its number, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
}

const fn edca(aifsn: u8, cw_min: u8, cw_max: u8, txop: u16) -> Edca {
    Edca {
        aifsn,
        cw_min,
        cw_max,
        txop,
    }
}

/// What hostapd takes where its configuration says nothing (`hostapd_config_defaults`).
const DEFAULTS: Parameters = Parameters {
    stations: Table::new([
        edca(3, 4, 10, 0),
        edca(7, 4, 10, 0),
        edca(2, 3, 4, 94),
        edca(2, 2, 3, 47),
    ]),
    own: Table::new([
        edca(3, 4, 6, 0),
        edca(7, 4, 10, 0),
        edca(1, 3, 4, 94),
        edca(1, 2, 3, 47),
    ]),
};

/// The number in hostapd's names of transmit queues: 0 is the highest priority.
pub(super) const fn queue_number(category: Category) -> u8 {
    match category {
        Category::Vo => 0,
        Category::Vi => 1,
        Category::Be => 2,
        Category::Bk => 3,
    }
}

impl Settings {
    /// Reads the text of a configuration; keys that are not about WMM are passed over.
    ///
    /// # Errors
    /// A value that hostapd would refuse.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let mut parameters = DEFAULTS;
        let (mut enabled, mut has_ht) = (None, false);
        for (number, line) in text.lines().enumerate() {
            // A key begins in the first column, as hostapd reads it.
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            let value = value.trim_end();
            let known = match key {
                "wmm_enabled" | "wme_enabled" => {
                    enabled = Some(value != "0");
                    Some(())
                }
                "ieee80211n" | "ieee80211ac" | "ieee80211ax" => {
                    has_ht |= value != "0";
                    Some(())
                }
                _ => read(&mut parameters, key, value),
            };
            known.ok_or_else(|| ConfigError {
                line: number + 1,
                text: line.into(),
            })?;
        }
        Ok(Self {
            wmm: enabled.unwrap_or(has_ht),
            parameters,
        })
    }
}

/// `None` if the key is about WMM and its value makes no sense.
fn read(parameters: &mut Parameters, key: &str, value: &str) -> Option<()> {
    let told = key
        .strip_prefix("wmm_ac_")
        .or_else(|| key.strip_prefix("wme_ac_"));
    if let Some((name, field)) = told.and_then(|told| told.split_once('_')) {
        let Some(category) = Category::ALL.into_iter().find(|one| one.name() == name) else {
            return Some(());
        };
        let mut edca = parameters.stations.get(category);
        let exponent = || value.parse::<u8>().ok().filter(|n| *n <= 15);
        match field {
            "aifs" => edca.aifsn = value.parse().ok().filter(|n| *n > 0)?,
            "cwmin" => edca.cw_min = exponent()?,
            "cwmax" => edca.cw_max = exponent()?,
            "txop_limit" => edca.txop = value.parse().ok()?,
            // Admission control, which Rether does not touch.
            _ => {}
        }
        parameters.stations.set(category, edca);
        return Some(());
    }
    let own = key.strip_prefix("tx_queue_data");
    if let Some((number, field)) = own.and_then(|own| own.split_once('_')) {
        let of_number = |one: &Category| queue_number(*one).to_string() == number;
        let Some(category) = Category::ALL.into_iter().find(of_number) else {
            return Some(());
        };
        let mut edca = parameters.own.get(category);
        match field {
            "aifs" => edca.aifsn = value.parse().ok()?,
            "cwmin" => edca.cw_min = window(value)?,
            "cwmax" => edca.cw_max = window(value)?,
            "burst" => edca.txop = burst(value)?,
            _ => {}
        }
        parameters.own.set(category, edca);
    }
    Some(())
}

/// A contention window, 2^n - 1, as its exponent.
fn window(value: &str) -> Option<u8> {
    let slots = value.parse::<u16>().ok().filter(|slots| *slots < 32768)?;
    let next = slots + 1;
    let exponent = u8::try_from(next.trailing_zeros()).ok()?;
    next.is_power_of_two().then_some(exponent)
}

/// Milliseconds with one decimal, in units of 32 us as hostapd's nl80211 driver rounds them.
fn burst(value: &str) -> Option<u16> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    // Further digits do not count.
    let tenth = match fraction.bytes().next() {
        Some(digit @ b'0'..=b'9') => u32::from(digit - b'0'),
        Some(_) => return None,
        None => 0,
    };
    let tenths = whole.parse::<u32>().ok()?.checked_mul(10)? + tenth;
    u16::try_from((tenths.checked_mul(100)? + 16) / 32).ok()
}
