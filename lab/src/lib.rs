//! The lab: the real Linux Wi-Fi stack in a virtual machine whose time is virtual.
//!
//! A [`scenario::Scenario`] says who is there, what happens and what must hold. [`run`] boots a
//! Debian kernel with `mac80211_hwsim` under qemu, puts every access point and station into a
//! network namespace of its own with its own hostapd or `wpa_supplicant`, starts the daemons as
//! shipped, makes the traffic and the events, and returns a [`Report`]. No radio, no KVM and no
//! root privilege are needed, only the packages that `scripts/setup` installs.
//!
//! The part that runs inside the machine is the hidden command `rether-lab guest`.

pub mod air;
pub mod commands;
pub mod demo;
mod error;
mod host;
mod image;
mod report;
mod run;
mod vm;

/// Scenario files: the format that the simulator reads, too.
pub use rether_sim::scenario;

pub use error::Error;
pub use image::{Image, cache_folder};
pub use report::{ArmReport, Report, Verdict, figure};
pub use run::{Options, SCENARIO_IN_GUEST, run, shell};
pub use vm::TOLD;
