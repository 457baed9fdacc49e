//! An 802.11 medium with contention, and a discrete-event simulator over it.
//!
//! [`medium`] is the air: DCF and EDCA, collisions, Acks and retries, positions and hidden nodes,
//! without I/O, clock or global state. It stands under the simulator of this crate, and in the
//! lab under `mac80211_hwsim`. [`scenario`] is the file format that both run. [`validate`] holds the
//! medium against measurements with ns-3, and [`theory`] is what is known without simulating.

pub mod capture;
pub mod guarantee;
pub mod html;
pub mod medium;
pub mod plot;
pub mod preset;
pub mod results;
pub mod roam;
pub mod rows;
pub mod scenario;
pub mod study;
pub mod sweep;
pub mod tcp;
pub mod theory;
mod traffic;
pub mod validate;
pub mod verdict;
pub mod world;

pub use traffic::{AllCalls, Call, CallsWay, FlowFigures, Stream, Transfer};
