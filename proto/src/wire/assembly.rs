//! Cuts a policy table into POLICY messages and joins them again.

use alloc::vec;
use alloc::vec::Vec;

use crate::policy::{PolicyTable, Rule};

use super::policy::TLV_RULE;
use super::writer::Writer;
use super::{EncodeError, HEADER_LEN, MAX_FRAME, Policy, rule};

/// Version, index and count.
const FIXED: usize = 6;

impl Policy {
    /// Cuts `table` into as few messages as fit into [`MAX_FRAME`] octets each; an empty table is
    /// one message without rules.
    ///
    /// # Errors
    /// More than [`PolicyTable::MAX_RULES`] rules, or a rule that the format cannot carry.
    pub fn split(table: &PolicyTable) -> Result<Vec<Self>, EncodeError> {
        if table.rules.len() > PolicyTable::MAX_RULES {
            return Err(EncodeError::Unfit {
                field: "number of rules",
            });
        }
        let mut parts: Vec<Vec<Rule>> = vec![Vec::new()];
        let mut filled = HEADER_LEN + FIXED;
        for rule in &table.rules {
            let len = encoded_len(rule)?;
            if filled + len > MAX_FRAME {
                parts.push(Vec::new());
                filled = HEADER_LEN + FIXED;
            }
            filled += len;
            if let Some(part) = parts.last_mut() {
                part.push(rule.clone());
            }
        }
        let too_many = |_| EncodeError::Unfit {
            field: "number of parts",
        };
        let count = u8::try_from(parts.len()).map_err(too_many)?;
        let version = table.version;
        Ok((0..count)
            .zip(parts)
            .map(|(index, rules)| Self {
                version,
                index,
                count,
                rules,
            })
            .collect())
    }
}

/// Measured by writing, so that it cannot differ from what is written.
fn encoded_len(rule: &Rule) -> Result<usize, EncodeError> {
    let mut scratch = [0; 2 + u8::MAX as usize];
    let mut w = Writer::new(&mut scratch);
    w.tlv(TLV_RULE, "rule", |w| rule::write(rule, w))?;
    Ok(w.written())
}

/// A POLICY message that cannot be part of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssemblyError {
    /// The parts together have more than [`PolicyTable::MAX_RULES`] rules.
    #[error("the policy has more than {max} rules", max = PolicyTable::MAX_RULES)]
    TooManyRules,
    /// The index is not below the count.
    #[error("the policy has {count} parts, this one says it is number {index}, counted from 0")]
    BadIndex {
        /// Index of the message.
        index: u8,
        /// Count of the message.
        count: u8,
    },
}

/// Joins [`Policy`] messages, which may come in any order and more than once.
///
/// Holds the parts of one table at a time: a message of another version or count, or one that
/// contradicts a part already held, starts anew. That keeps memory bounded by one table and lets
/// a repeated table replace what a lost or forged message left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyAssembly {
    version: u32,
    /// One per part; empty between tables.
    parts: Vec<Option<Vec<Rule>>>,
}

impl PolicyAssembly {
    /// Nothing collected yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            version: 0,
            parts: Vec::new(),
        }
    }

    /// Adds a message; returns the table once all its parts are there, and forgets them.
    ///
    /// # Errors
    /// A message that cannot be part of a table. [`AssemblyError::TooManyRules`] forgets all
    /// parts, [`AssemblyError::BadIndex`] changes nothing.
    pub fn add(&mut self, part: Policy) -> Result<Option<PolicyTable>, AssemblyError> {
        let Policy {
            version,
            index,
            count,
            rules,
        } = part;
        if index >= count {
            return Err(AssemblyError::BadIndex { index, count });
        }
        let place = usize::from(index);
        let same_table = self.version == version && self.parts.len() == usize::from(count);
        let same_part = self
            .parts
            .get(place)
            .is_some_and(|held| held.as_ref().is_none_or(|held| *held == rules));
        if !(same_table && same_part) {
            self.version = version;
            self.parts = vec![None; count.into()];
        }
        self.parts[place] = Some(rules);
        let held: usize = self.parts.iter().flatten().map(Vec::len).sum();
        if held > PolicyTable::MAX_RULES {
            self.parts = Vec::new();
            return Err(AssemblyError::TooManyRules);
        }
        if self.parts.iter().any(Option::is_none) {
            return Ok(None);
        }
        let rules = core::mem::take(&mut self.parts)
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        Ok(Some(PolicyTable { version, rules }))
    }
}
