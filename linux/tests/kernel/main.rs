//! What only a kernel with nft_queue and mac80211_hwsim can show. Each test makes the interfaces
//! it needs in the namespace it runs in, which should be one that nobody else uses; run them one
//! at a time: `--ignored --test-threads=1`.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

mod bridge;
mod gate;
mod inject;
mod path;
mod roam;
mod rt;
mod rules;
mod setup;
mod snoop;
mod token;
mod walk;
mod wifi;
