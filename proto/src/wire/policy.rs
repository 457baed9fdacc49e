//! POLICY: a part of the policy table.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::policy::Rule;

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError, rule};

pub(super) const TLV_RULE: u8 = 1;

/// A part of the policy table, sent by the coordinator to one agent.
///
/// ```text
/// octet 20  version u32
///       24  index   u8    below count
///       25  count   u8    at least 1
///       26  TLV 1   a rule; as many as there are
/// ```
///
/// [`Policy::split`] cuts a table into messages, [`super::PolicyAssembly`] joins them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Version of the table.
    pub version: u32,
    /// Which part this is, from 0.
    pub index: u8,
    /// How many parts the table has.
    pub count: u8,
    /// The rules of this part, in order.
    pub rules: Vec<Rule>,
}

impl Policy {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = r.u32("version")?;
        let at = r.at();
        let index = r.u8("part index")?;
        let count = r.u8("part count")?;
        if index >= count {
            return Err(r.bad(at, "part index", index));
        }
        let mut rules = Vec::new();
        while let Some((kind, value)) = r.tlv()? {
            if kind == TLV_RULE {
                rules.push(rule::read(value)?);
            }
        }
        Ok(Self {
            version,
            index,
            count,
            rules,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.index >= self.count {
            return Err(EncodeError::Unfit {
                field: "part index",
            });
        }
        w.u32(self.version)?;
        w.u8(self.index)?;
        w.u8(self.count)?;
        for rule in &self.rules {
            w.tlv(TLV_RULE, "rule", |w| rule::write(rule, w))?;
        }
        Ok(())
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            version,
            index,
            count,
            rules,
        } = self;
        write!(
            f,
            "version {version} part {} of {count}, rules",
            u16::from(*index) + 1
        )?;
        for rule in rules {
            write!(f, " {:?}", rule.name)?;
        }
        Ok(())
    }
}
