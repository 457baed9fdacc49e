//! One station, never idle, alone in its cell.

use super::{Contention, micros};

/// Goodput in Mb/s of a single saturated station: one payload in each inter-frame space, mean
/// backoff (half of `CWmin`), PPDU, SIFS and Ack.
#[must_use]
pub fn closed_form(cell: &Contention) -> f64 {
    let backoff = f64::from(cell.cw_min) / 2.0 * micros(cell.slot);
    let exchange = micros(cell.ifs + cell.data + cell.sifs + cell.ack);
    cell.bits() / (backoff + exchange)
}
