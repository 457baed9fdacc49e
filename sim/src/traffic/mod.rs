//! Traffic: what the applications at the two ends of a flow send and what they see.

mod figures;
mod flow;
mod source;
mod window;

pub(crate) use flow::{Flow, FlowError, LATE_MS};
pub(crate) use window::Window;

pub use figures::{AllCalls, Call, CallsWay, FlowFigures, Stream, Transfer};
