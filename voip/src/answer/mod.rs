//! The reflector: answers calls and sends voice back.

mod machine;
mod run;
#[cfg(test)]
mod tests;

pub use crate::report::Parting;
pub use machine::{AnswerMachine, Event, Key, Limits};
pub use run::{AnswerOptions, Notice, answer};
