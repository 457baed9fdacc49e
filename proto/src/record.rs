//! Recordings: every input of a core with its time, in a form that can be written and read back.
//!
//! A recording is a list of [`Line`]s, by convention one JSON object a line. The first is the
//! [`Line::Start`] with everything that the core was made from, so that a replay rebuilds the same
//! core; cores have no other source of behaviour, so the replay gives the same outputs.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::agent::{Agent, AgentConfig};
use crate::coordinator::{Coordinator, CoordinatorConfig};
use crate::mac::MacAddr;
use crate::machine::{Delivery, Input, Machine, Packet, Transmit, TxHandle, Verdict};
use crate::policy::PolicyTable;
use crate::time::Instant;
use crate::wire::MAX_FRAME;

/// One line of a recording. `S` is what the core was made from, `C` its command, `E` its event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line<S, C, E> {
    /// What the core was made from.
    Start(S),
    /// An input that was handed over at `now`.
    Input {
        /// The time, in nanoseconds since the driver's origin.
        now: Instant,
        /// The input.
        input: Recorded<C>,
    },
    /// What the core put out after the last input.
    Output(Output<E>),
    /// So many lines are missing here: what follows cannot be replayed.
    Lost(u64),
}

/// An [`Input`] that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recorded<C> {
    /// See [`Input::Frame`].
    Frame {
        /// Source address.
        from: MacAddr,
        /// The payload.
        bytes: Octets,
    },
    /// See [`Input::Sent`].
    Sent {
        /// Which transmission.
        handle: TxHandle,
        /// Whether it was acknowledged.
        acked: bool,
    },
    /// See [`Input::Packet`].
    Packet(Packet),
    /// See [`Input::Copied`].
    Copied {
        /// The packet.
        packet: Packet,
        /// What is in it.
        bytes: Octets,
    },
    /// See [`Input::Timeout`].
    Timeout,
    /// See [`Input::Command`].
    Command(C),
}

impl<C: Clone> Recorded<C> {
    /// The input as the core takes it.
    #[must_use]
    pub fn as_input(&self) -> Input<'_, C> {
        match self {
            Self::Frame { from, bytes } => Input::Frame {
                from: *from,
                bytes: &bytes.0,
            },
            Self::Sent { handle, acked } => Input::Sent {
                handle: *handle,
                acked: *acked,
            },
            Self::Packet(packet) => Input::Packet(*packet),
            Self::Copied { packet, bytes } => Input::Copied {
                packet: *packet,
                bytes: &bytes.0,
            },
            Self::Timeout => Input::Timeout,
            Self::Command(command) => Input::Command(command.clone()),
        }
    }
}

impl<C: Clone> From<&Input<'_, C>> for Recorded<C> {
    fn from(input: &Input<'_, C>) -> Self {
        match input {
            Input::Frame { from, bytes } => Self::Frame {
                from: *from,
                bytes: Octets(bytes.to_vec()),
            },
            Input::Sent { handle, acked } => Self::Sent {
                handle: *handle,
                acked: *acked,
            },
            Input::Packet(packet) => Self::Packet(*packet),
            Input::Copied { packet, bytes } => Self::Copied {
                packet: *packet,
                bytes: Octets(bytes.to_vec()),
            },
            Input::Timeout => Self::Timeout,
            Input::Command(command) => Self::Command(command.clone()),
        }
    }
}

/// What a core put out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output<E> {
    /// See [`Machine::poll_release`].
    Release(Verdict),
    /// See [`Machine::poll_transmit`].
    Transmit {
        /// How it is sent.
        transmit: Transmit,
        /// The payload.
        bytes: Octets,
    },
    /// See [`Machine::poll_delivery`].
    Delivery {
        /// Who sent it.
        from: MacAddr,
        /// The IP packet.
        bytes: Octets,
    },
    /// See [`Machine::poll_event`].
    Event(E),
}

/// Octets, written as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Octets(pub Vec<u8>);

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(self.0.len() * 2);
        for octet in &self.0 {
            // Writing into a string cannot fail.
            let _ = write!(text, "{octet:02x}");
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom("not an even number of hexadecimal digits");
        let digits = text.as_bytes().chunks(2);
        let octet = |pair: &[u8]| {
            let pair = core::str::from_utf8(pair)
                .ok()
                .filter(|pair| pair.len() == 2)?;
            let is_hex = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
            u8::from_str_radix(pair, 16).ok().filter(|_| is_hex)
        };
        let octets: Option<Vec<u8>> = digits.map(octet).collect();
        octets.map(Self).ok_or_else(wrong)
    }
}

/// Everything that a core is made from.
pub trait Start {
    /// The core.
    type Machine: Machine;

    /// Makes the core as it was when the recording began.
    fn build(&self) -> Self::Machine;
}

/// What [`Coordinator::new`] takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoordinatorStart {
    /// The cell and its timing.
    pub config: CoordinatorConfig,
    /// The policy table.
    pub policy: PolicyTable,
    /// Source of its numbers.
    pub seed: u64,
    /// When it was made.
    pub now: Instant,
}

impl Start for CoordinatorStart {
    type Machine = Coordinator;

    fn build(&self) -> Coordinator {
        Coordinator::new(
            self.config.clone(),
            self.policy.clone(),
            self.seed,
            self.now,
        )
    }
}

/// What [`Agent::new`] takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStart {
    /// Name and patience.
    pub config: AgentConfig,
    /// The station's address.
    pub address: MacAddr,
    /// Source of its numbers.
    pub seed: u64,
    /// When it was made.
    pub now: Instant,
}

impl Start for AgentStart {
    type Machine = Agent;

    fn build(&self) -> Agent {
        Agent::new(self.config.clone(), self.address, self.seed, self.now)
    }
}

/// Feeds recorded inputs into `machine` and gives what it puts out to `sink`, in the order of the
/// contract. Inputs that it refuses are part of a recording and give no output.
pub fn replay<M>(
    machine: &mut M,
    inputs: impl IntoIterator<Item = (Instant, Recorded<M::Command>)>,
    mut sink: impl FnMut(Output<M::Event>),
) where
    M: Machine,
    M::Command: Clone,
{
    let mut buffer = vec![0; MAX_FRAME];
    for (now, input) in inputs {
        // A refusal changes nothing in the core, and the live driver only counted it too.
        let _ = machine.handle(now, input.as_input());
        while let Some(verdict) = machine.poll_release() {
            sink(Output::Release(verdict));
        }
        while let Some(transmit) = machine.poll_transmit(&mut buffer) {
            let bytes = buffer.get(..transmit.len).unwrap_or_default().to_vec();
            sink(Output::Transmit {
                transmit,
                bytes: Octets(bytes),
            });
        }
        while let Some(Delivery { from, bytes }) = machine.poll_delivery() {
            sink(Output::Delivery {
                from,
                bytes: Octets(bytes),
            });
        }
        while let Some(event) = machine.poll_event() {
            sink(Output::Event(event));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::AgentCommand;

    #[test]
    fn octets_are_hexadecimal_both_ways() {
        let octets = Octets(vec![0, 0x0f, 0xff]);
        let text = serde_json::to_string(&octets).unwrap();
        assert_eq!(text, "\"000fff\"");
        assert_eq!(serde_json::from_str::<Octets>(&text).unwrap(), octets);
        for bad in ["\"0\"", "\"0g\"", "\"+f\"", "\"\u{e4}\"", "7"] {
            assert!(serde_json::from_str::<Octets>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_recording_that_was_read_back_gives_the_same_outputs() {
        let start = AgentStart {
            config: AgentConfig::default(),
            address: MacAddr([2, 0, 0, 0, 0, 1]),
            seed: 7,
            now: Instant::ZERO,
        };
        let bssid = MacAddr([2, 0, 0, 0, 1, 0]);
        let at = Instant::from_nanos;
        let inputs = vec![
            (at(1), Recorded::Command(AgentCommand::LinkUp { bssid })),
            (
                at(2),
                Recorded::Frame {
                    from: bssid,
                    bytes: Octets(vec![1, 2, 3]),
                },
            ),
            (at(60_000_000_000), Recorded::Timeout),
            (at(60_000_000_001), Recorded::Command(AgentCommand::Stop)),
        ];
        let run = |start: &AgentStart, inputs: Vec<(Instant, Recorded<AgentCommand>)>| {
            let mut outputs = Vec::new();
            replay(&mut start.build(), inputs, |output| outputs.push(output));
            outputs
        };
        let first = run(&start, inputs.clone());
        assert!(
            first
                .iter()
                .any(|output| matches!(output, Output::Transmit { .. }))
        );
        let text = serde_json::to_string(&(&start, &inputs)).unwrap();
        let (start, inputs) = serde_json::from_str(&text).unwrap();
        assert_eq!(run(&start, inputs), first);
    }
}
