//! What must hold afterwards.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How the measured figure is compared with the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// Equal.
    #[serde(rename = "==")]
    Equal,
    /// Not equal.
    #[serde(rename = "!=")]
    Differs,
    /// Less.
    #[serde(rename = "<")]
    Below,
    /// Less or equal.
    #[serde(rename = "<=")]
    AtMost,
    /// Greater.
    #[serde(rename = ">")]
    Above,
    /// Greater or equal.
    #[serde(rename = ">=")]
    AtLeast,
    /// Apart by no more than `tolerance` of the expected figure.
    #[serde(rename = "within")]
    Within,
}

impl fmt::Display for Relation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Equal => "==",
            Self::Differs => "!=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Within => "within",
        })
    }
}

/// One figure of the result, compared with a number or with another figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Check {
    /// Dotted path of the figure in the arm's result, as `traffic.call.lost`.
    pub what: String,
    /// The arm it is taken from; by default the first.
    pub arm: Option<String>,
    /// The comparison.
    pub op: Relation,
    /// The number expected.
    pub value: Option<f64>,
    /// Instead of a number: the figure expected.
    pub other: Option<String>,
    /// The arm `other` is taken from; by default that of `what`.
    pub other_arm: Option<String>,
    /// For `within`: the largest difference as a share of the expected figure, 0.05 is 5 %. For `<=`
    /// and `>=`: the largest difference on the wrong side.
    pub tolerance: Option<f64>,
}
