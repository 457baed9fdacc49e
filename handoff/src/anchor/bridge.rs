//! One subnet: bridges learn where the station is.

use alloc::vec::Vec;

use super::{Anchor, AnchorIn, PathOp};

/// The kernel sends a layer-2 update of its own when a station is authorised. It is repeated when
/// the path may be switched: the first may have been lost, and bridges between may have learned
/// otherwise from what the old access point forwarded meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bridge;

impl Anchor for Bridge {
    fn on(&mut self, event: AnchorIn<'_>, out: &mut Vec<PathOp>) {
        if let AnchorIn::Switch { station, .. } = event {
            out.push(PathOp::Update { station });
        }
    }
}
