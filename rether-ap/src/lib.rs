//! `rether-ap`: runs the coordinator of a cell beside hostapd.

mod ask;
mod cell;
pub mod cli;
pub mod config;
mod doctor;
mod flows;
mod handoff;
mod keygen;
mod members;
mod profile;
mod run;
mod status;
