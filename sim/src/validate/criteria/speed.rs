//! Cost.

use super::{Check, Criterion, Measure};
use crate::validate::reference::SpeedRow;

/// How many times less CPU time than ns-3 the simulator may take.
const TIMES_FASTER: f64 = 100.0;

/// CPU time per simulated second against a hundredth of ns-3's.
pub(in crate::validate) fn speed(row: &SpeedRow, cpu_s_per_sim_s: f64) -> Check {
    Criterion {
        figure: "CPU s per simulated s",
        measure: Measure::AtMost,
        allowed: 0.0,
        error: 0.0,
    }
    .judge(cpu_s_per_sim_s, row.cpu_s_per_sim_s / TIMES_FASTER)
}
