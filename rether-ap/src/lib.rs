//! `rether-ap`: runs the coordinator of a cell beside hostapd.

mod cell;
pub mod cli;
pub mod config;
mod doctor;
mod keygen;
mod members;
mod profile;
mod run;
mod status;
