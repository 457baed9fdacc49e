//! What `rether-ap` and `rether-sta` share: the driver thread that runs a core on real parts, the
//! watchdog that opens the gate when that thread hangs, configuration with messages that help,
//! and the plumbing of a daemon.

pub mod about;
pub mod bundle;
pub mod cli;
pub mod config;
pub mod control;
pub mod doctor;
pub mod driver;
pub mod exit;
pub mod host;
pub mod logging;
pub mod matches;
pub mod promise;
pub mod record;
pub mod rules;
pub mod service;
pub mod session;
pub mod table;
pub mod watchdog;
