pub mod clock;
pub mod control;
pub mod mos;
pub mod packet;
pub mod profile;
pub mod report;
pub mod stats;
pub mod thresholds;
