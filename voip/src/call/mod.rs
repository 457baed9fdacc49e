//! The caller: places calls and reports how they went.

mod live;
mod machine;
mod run;

pub use live::Live;
pub use machine::{CallMachine, Patience, Plan, Stage};
pub use run::{CallOptions, call};
