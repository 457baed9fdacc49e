//! `rether-sta`: runs the agent of a station.

mod ask;
pub mod cli;
pub mod config;
mod doctor;
mod handoff;
mod link;
mod run;
mod status;
