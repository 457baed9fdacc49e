//! Takes IP packets that came inside a frame of the protocol into this host, as if its radio had
//! received each in a frame of its own.
//!
//! A TAP device stands beside the radio's interface; a traffic-control filter on it sends what is
//! written there to the ingress of the radio's interface (`act_mirred`, tc-mirred(8)). Routing,
//! reverse-path filters, firewalls and programs that look at the interface therefore see these
//! packets where they see all others, and the TAP device itself needs neither address nor routes.
//! It goes with its file descriptor, also when the daemon is killed.

mod redirect;

use std::fs::File;
use std::io::Write;

use rether_proto::mac::MacAddr;

use crate::error::{Doing, OsError};
use crate::link::Link;
use crate::packet::whole;
use crate::sys::tap;

/// What the kernel calls the devices.
const PATTERN: &str = "rether%d";

/// Why a packet was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum InjectError {
    /// It is not a whole IP packet to one host; whoever sent it should not have.
    #[error("what came inside a frame is no IP packet to one host")]
    Unfit,
    /// The kernel refused it.
    #[error(transparent)]
    Refused(#[from] OsError),
}

/// The way in.
#[derive(Debug)]
pub struct Injector {
    tap: File,
    name: String,
    to: MacAddr,
    frame: Vec<u8>,
}

impl Injector {
    /// Makes a way to the interface `radio`. Where that is a port of a bridge whose host routes the
    /// packets, `bridge` is the bridge's address. It does not outlive the interface: one that was
    /// deleted and made anew needs another.
    ///
    /// Frames are for the device's own address, so that no two interfaces have the same one, which
    /// would confuse those who know interfaces by it.
    ///
    /// # Errors
    /// Missing rights (`CAP_NET_ADMIN`), or a kernel without TAP devices or without `sch_ingress`,
    /// `cls_matchall` and `act_mirred`.
    pub fn open(radio: &Link, bridge: Option<MacAddr>) -> Result<Self, OsError> {
        let (tap, name) = tap::open(PATTERN).doing(
            "make a TAP device for packets that come inside frames (the kernel needs tun)",
        )?;
        let device = Link::read(
            &name
                .parse()
                .map_err(std::io::Error::other)
                .doing("name it")?,
        )?;
        redirect::set_up(device.index, radio.index)?;
        Ok(Self {
            tap,
            name,
            to: bridge.unwrap_or(device.mac),
            frame: Vec::with_capacity(2048),
        })
    }

    /// Name of the device.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes in `packet`, which `from` sent over the air. Never blocks. The kernel has dealt with
    /// it when this returns; what it does not like it drops without a word.
    ///
    /// # Errors
    /// It is no IP packet to one host, or the kernel does not take it: the device has gone.
    pub fn inject(&mut self, from: MacAddr, packet: &[u8]) -> Result<(), InjectError> {
        let packet = whole(packet).ok_or(InjectError::Unfit)?;
        let ether_type = if packet[0] >> 4 == 4 {
            libc::ETH_P_IP
        } else {
            libc::ETH_P_IPV6
        } as u16;
        self.frame.clear();
        self.frame.extend_from_slice(&self.to.0);
        self.frame.extend_from_slice(&from.0);
        self.frame.extend_from_slice(&ether_type.to_be_bytes());
        self.frame.extend_from_slice(packet);
        self.tap
            .write_all(&self.frame)
            .doing("take in a packet that came inside a frame")?;
        Ok(())
    }
}
