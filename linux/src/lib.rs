//! The Linux side of Rether: everything that talks to the kernel, to hostapd or to
//! `wpa_supplicant`, and the only crate of the workspace with `unsafe` code.
//!
//! The token thread uses the synchronous half: [`poll::wait`] on a [`timer::Timer`], a
//! [`wake::Wake`], a [`token_socket::TokenSocket`] and a [`gate::Gate`]. Everything else
//! ([`nl80211`], [`control`]) is asynchronous and belongs on tokio, away from that thread.
//!
//! Errors are values that say what to do. A link that goes down, a station that leaves and a
//! daemon that restarts are normal events here.

pub mod announce;
pub mod clock;
pub mod control;
pub mod copy_socket;
pub mod cost;
pub mod error;
pub mod frame_socket;
pub mod gate;
pub mod haste;
pub mod inject;
pub mod link;
pub mod neigh;
mod netlink;
pub mod nl80211;
pub mod on_link;
pub mod packet;
pub mod path;
pub mod poll;
pub mod probe;
pub mod process;
pub mod roam_gate;
pub mod rt;
pub mod rules;
pub mod segment;
pub mod setting;
pub mod snoop;
mod sys;
mod tid;
pub mod timer;
pub mod token_socket;
pub mod wake;
pub mod wmm;

pub use error::OsError;
