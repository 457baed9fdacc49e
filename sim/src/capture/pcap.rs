//! The file.

use std::io::Write;
use std::time::Duration;

use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, PcapError, TsResolution};

use super::Captured;

/// The capture could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the capture: {0}")]
pub struct CaptureError(#[from] PcapError);

/// A pcap file with times in ns and radiotap headers. Times are virtual, from 1970 on.
#[derive(Debug)]
pub struct PcapFile<W: Write>(PcapWriter<W>);

impl<W: Write> PcapFile<W> {
    /// Writes the file's header.
    ///
    /// # Errors
    /// If `out` cannot be written to.
    pub fn new(out: W) -> Result<Self, CaptureError> {
        let header = PcapHeader {
            datalink: DataLink::IEEE802_11_RADIOTAP,
            ts_resolution: TsResolution::NanoSecond,
            // The same bytes on every machine.
            endianness: pcap_file::Endianness::Little,
            ..PcapHeader::default()
        };
        Ok(Self(PcapWriter::with_header(out, header)?))
    }

    /// Appends a frame.
    ///
    /// # Errors
    /// If the file cannot be written to.
    pub fn write(&mut self, captured: &Captured) -> Result<(), CaptureError> {
        let length = u32::try_from(captured.frame.len()).unwrap_or(u32::MAX);
        let at = Duration::from_nanos(captured.at.as_nanos());
        self.0
            .write_packet(&PcapPacket::new(at, length, &captured.frame))?;
        Ok(())
    }

    /// Ends the file and gives back what it was written to, flushed.
    ///
    /// # Errors
    /// If what is left cannot be written.
    pub fn finish(self) -> Result<W, CaptureError> {
        let mut out = self.0.into_writer();
        out.flush().map_err(PcapError::IoError)?;
        Ok(out)
    }
}
