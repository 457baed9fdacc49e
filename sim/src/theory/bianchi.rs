//! Several saturated stations, each of which meets a collision with the same probability at every
//! transmission.

use serde::Serialize;

use super::{Contention, micros};

/// What a saturated cell does in the mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Saturation {
    /// Payload of all stations that is delivered, in Mb/s.
    pub goodput_mbps: f64,
    /// Probability that a transmission collides.
    pub collision_prob: f64,
}

/// Halvings of the interval in which the collision probability lies: to the last bit of an `f64`.
const HALVINGS: u32 = 60;

/// Bianchi's model with a limited number of transmissions (after H. Wu et al., INFOCOM 2002).
///
/// Good to 2 % at `CWmin` of 15 and more. It knows nothing of the head start that bystanders of a
/// collision have over those that collided, so that it is of no use for AC_VI and AC_VO, whose
/// windows are as short as that.
#[must_use]
pub fn bianchi(stations: u32, cell: &Contention) -> Saturation {
    let stations = f64::from(stations.max(1));
    let collision_prob = collision(stations, cell);
    let tau = attempt_rate(collision_prob, cell);

    let idle = libm::pow(1.0 - tau, stations);
    let success = stations * tau * libm::pow(1.0 - tau, stations - 1.0);
    let collided = (1.0 - idle - success).max(0.0);
    let success_us = micros(cell.data + cell.sifs + cell.ack + cell.ifs);
    let collided_us = micros(cell.data + cell.ifs_after_collision);
    let mean_slot = idle * micros(cell.slot) + success * success_us + collided * collided_us;
    Saturation {
        goodput_mbps: success * cell.bits() / mean_slot,
        collision_prob,
    }
}

/// The collision probability at which stations that meet it attempt as often as is needed to cause
/// it: the one root of a falling function, found by halving.
fn collision(stations: f64, cell: &Contention) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        let caused = 1.0 - libm::pow(1.0 - attempt_rate(middle, cell), stations - 1.0);
        if caused > middle {
            low = middle;
        } else {
            high = middle;
        }
    }
    if stations > 1.0 { low } else { 0.0 }
}

/// Probability that a station sends in a slot: the mean number of transmissions of a frame over the
/// mean number of slots they take, if each collides with probability `p`.
fn attempt_rate(p: f64, cell: &Contention) -> f64 {
    let mut cw = cell.cw_min;
    let (mut reached, mut attempts, mut slots) = (1.0, 0.0, 0.0);
    for _ in 0..cell.transmissions.max(1) {
        attempts += reached;
        slots += reached * (f64::from(cw) / 2.0 + 1.0);
        reached *= p;
        cw = cw.saturating_mul(2).saturating_add(1).min(cell.cw_max);
    }
    attempts / slots
}
