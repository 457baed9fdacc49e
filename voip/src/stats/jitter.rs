//! Interarrival jitter.

/// The estimator of RFC 3550 section 6.4.1 and appendix A.8, with the constant
/// 1/16, in nanoseconds instead of timestamp units. `transit` is taken from the
/// moment the packet was really sent, not from the RTP timestamp, so that an
/// uneven sender does not pass for an uneven network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jitter {
    last_transit_ns: Option<i64>,
    now_ns: f64,
    worst_ns: f64,
}

impl Jitter {
    /// No packet yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            last_transit_ns: None,
            now_ns: 0.0,
            worst_ns: 0.0,
        }
    }

    /// Takes in the transit time (arrival minus sending, any fixed clock offset
    /// included) of the packet that arrived next, nanoseconds.
    pub fn on_transit(&mut self, transit_ns: i64) {
        if let Some(last) = self.last_transit_ns.replace(transit_ns) {
            let difference = transit_ns.abs_diff(last) as f64;
            self.now_ns += (difference - self.now_ns) / 16.0;
            self.worst_ns = self.worst_ns.max(self.now_ns);
        }
    }

    /// The estimate after the last packet, milliseconds.
    #[must_use]
    pub const fn now_ms(&self) -> f64 {
        self.now_ns / 1e6
    }

    /// The highest the estimate has been, milliseconds.
    #[must_use]
    pub const fn worst_ms(&self) -> f64 {
        self.worst_ns / 1e6
    }
}

impl Default for Jitter {
    fn default() -> Self {
        Self::new()
    }
}
