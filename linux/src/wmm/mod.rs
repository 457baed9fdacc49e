//! The WMM (802.11e EDCA) parameters of a BSS: what its stations contend by, and what the access
//! point itself does.
//!
//! The stations' table is in every beacon; hostapd changes it at run time ([`Table::orders`]).
//! The access point's own is in its driver ([`crate::nl80211::Nl80211::set_transmit_queues`]).
//! Neither hostapd nor the kernel tells what the values are, so that those before a change are
//! read from hostapd's configuration ([`Hostapd`]).

mod config;
mod hostapd;
mod profile;

use std::fmt::Write as _;

pub use config::{ConfigError, Settings};
pub use hostapd::{Hostapd, Identity};
pub use profile::{Profile, TXOP_DSSS, TXOP_OFDM};

/// An access category, in the order of its index (802.11-2020 table 9-154).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Best effort.
    Be = 0,
    /// Background.
    Bk = 1,
    /// Video.
    Vi = 2,
    /// Voice.
    Vo = 3,
}

impl Category {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Be, Self::Bk, Self::Vi, Self::Vo];

    /// What hostapd calls it.
    const fn name(self) -> &'static str {
        match self {
            Self::Be => "be",
            Self::Bk => "bk",
            Self::Vi => "vi",
            Self::Vo => "vo",
        }
    }
}

/// How one category contends (802.11-2020 clause 9.4.2.28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edca {
    /// Slots after a SIFS, 1 to 255; stations must be told 2 to 15.
    pub aifsn: u8,
    /// Exponent of the smallest contention window, which is 2^n - 1: 0 to 15.
    pub cw_min: u8,
    /// Exponent of the largest one, at least `cw_min`.
    pub cw_max: u8,
    /// The longest time on the air after one contention, in units of 32 us; 0 is one frame.
    pub txop: u16,
}

/// The parameters of all categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table([Edca; 4]);

impl Table {
    /// A table in the order of [`Category::ALL`].
    #[must_use]
    pub const fn new(categories: [Edca; 4]) -> Self {
        Self(categories)
    }

    /// How `category` contends.
    #[must_use]
    pub const fn get(&self, category: Category) -> Edca {
        self.0[category as usize]
    }

    /// Lets `category` contend by `edca`.
    pub const fn set(&mut self, category: Category, edca: Edca) {
        self.0[category as usize] = edca;
    }

    /// The commands by which hostapd announces this table instead of `before`; everything is said
    /// if that is not known. hostapd refuses a smallest window above the largest one, also for a
    /// moment, and tells stations of a change by a counter modulo 16.
    #[must_use]
    pub fn orders(&self, before: Option<&Self>) -> Vec<String> {
        let mut orders = Vec::new();
        for category in Category::ALL {
            let old = before.map(|before| before.get(category));
            set_category(category, old, self.get(category), &mut orders);
        }
        // A counter that has gone round would tell the stations of nothing.
        if !orders.is_empty() && orders.len().is_multiple_of(16) {
            orders.extend(orders.last().cloned());
        }
        orders
    }
}

fn set_category(category: Category, old: Option<Edca>, new: Edca, orders: &mut Vec<String>) {
    let mut order = |key: &str, value: u16| {
        orders.push(format!("SET wmm_ac_{}_{key} {value}", category.name()));
    };
    if old.is_none_or(|old| old.aifsn != new.aifsn) {
        order("aifs", new.aifsn.into());
    }
    if old.is_none_or(|old| old.txop != new.txop) {
        order("txop_limit", new.txop);
    }
    let (min, max) = (u16::from(new.cw_min), u16::from(new.cw_max));
    match old {
        None => {
            // Above every smallest window that may be in force.
            order("cwmax", 15);
            order("cwmin", min);
            order("cwmax", max);
        }
        Some(old) if new.cw_max >= old.cw_min => {
            if old.cw_max != new.cw_max {
                order("cwmax", max);
            }
            if old.cw_min != new.cw_min {
                order("cwmin", min);
            }
        }
        Some(_) => {
            order("cwmin", min);
            order("cwmax", max);
        }
    }
}

/// Both tables of a BSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// What stations are told in beacons.
    pub stations: Table,
    /// The access point's own transmit queues.
    pub own: Table,
}

impl Parameters {
    /// As lines of a hostapd configuration, which [`Settings::parse`] reads back.
    #[must_use]
    pub fn to_config(&self) -> String {
        let mut text = String::new();
        for category in Category::ALL {
            let (name, queue) = (category.name(), config::queue_number(category));
            let (told, own) = (self.stations.get(category), self.own.get(category));
            let window = |exponent: u8| (1_u32 << exponent) - 1;
            let tenths = (u32::from(own.txop) * 32 + 50) / 100;
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "wmm_ac_{name}_aifs={}\nwmm_ac_{name}_cwmin={}\nwmm_ac_{name}_cwmax={}\n\
                 wmm_ac_{name}_txop_limit={}\ntx_queue_data{queue}_aifs={}\n\
                 tx_queue_data{queue}_cwmin={}\ntx_queue_data{queue}_cwmax={}\n\
                 tx_queue_data{queue}_burst={}.{}\n",
                told.aifsn,
                told.cw_min,
                told.cw_max,
                told.txop,
                own.aifsn,
                window(own.cw_min),
                window(own.cw_max),
                tenths / 10,
                tenths % 10,
            );
        }
        text
    }
}

#[cfg(test)]
mod tests;
