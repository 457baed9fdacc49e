use rether_proto::time::Duration;
use smoltcp::socket::tcp::CongestionControl;

/// IPv4 and TCP header without options, in bytes.
const HEADERS: usize = 40;
/// The timestamp option with its padding, in bytes (RFC 7323, appendix A).
const TIMESTAMP_OPTION: usize = 12;

/// What limits the sender besides the receiver's window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Congestion {
    /// Nothing.
    None,
    /// RFC 5681.
    #[default]
    Reno,
    /// RFC 9438.
    Cubic,
}

impl From<Congestion> for CongestionControl {
    fn from(congestion: Congestion) -> Self {
        match congestion {
            Congestion::None => Self::None,
            Congestion::Reno => Self::Reno,
            Congestion::Cubic => Self::Cubic,
        }
    }
}

/// How a transfer behaves; both ends get the same.
///
/// The default is that of the ns-3 reference figures as far as the stack allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpConfig {
    /// Congestion control of the sender.
    pub congestion: Congestion,
    /// Payload of a full segment, bytes, 64 to 9000. 1448 makes packets of 1500 with timestamps.
    pub mss: u16,
    /// Whether segments carry the timestamp option, 12 bytes.
    pub timestamps: bool,
    /// Send buffer, bytes; rounded down to whole segments, at least one.
    pub send_buffer: usize,
    /// Receive buffer, bytes: the window offered. At least one segment, at most 1 GiB.
    pub receive_buffer: usize,
    /// How long a single segment may wait for its Ack; zero acknowledges each one at once.
    pub delayed_ack: Duration,
    /// How many segments at the start of a transfer are acknowledged at once all the same.
    pub quick_acks: u16,
    /// What the sender's application produces, bit/s of payload, a segment at a time; `None`
    /// always has data. What did not fit is made up for, but no more than a send buffer of it.
    pub rate: Option<u64>,
}

impl Default for TcpConfig {
    fn default() -> Self {
        Self {
            congestion: Congestion::default(),
            mss: 1448,
            timestamps: true,
            send_buffer: 64 * 1024,
            receive_buffer: 64 * 1024,
            delayed_ack: Duration::from_millis(200),
            quick_acks: 16,
            rate: None,
        }
    }
}

impl TcpConfig {
    /// Size of the IP packet that carries a full segment, bytes.
    #[must_use]
    pub fn mtu(&self) -> usize {
        let options = if self.timestamps { TIMESTAMP_OPTION } else { 0 };
        usize::from(self.mss) + HEADERS + options
    }

    /// The send buffer in whole segments, bytes.
    pub(super) fn whole_send_buffer(&self) -> usize {
        let mss = usize::from(self.mss);
        (self.send_buffer / mss).max(1) * mss
    }

    pub(super) fn check(&self) -> Result<(), TcpError> {
        if !(64..=9000).contains(&self.mss) {
            return Err(TcpError::Mss(self.mss));
        }
        if !(usize::from(self.mss)..=1 << 30).contains(&self.receive_buffer) {
            return Err(TcpError::ReceiveBuffer(self.receive_buffer));
        }
        Ok(())
    }
}

/// Why there is no transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TcpError {
    /// A segment size that makes no sense.
    #[error("an MSS of {0} bytes; use 64 to 9000")]
    Mss(u16),
    /// A receive buffer that holds no segment, or more than TCP can offer.
    #[error("a receive buffer of {0} bytes; use one MSS to 1 GiB")]
    ReceiveBuffer(usize),
    /// An unspecified address or port 0 at one of the ends.
    #[error("an end without address or port; give both ends a unicast address and a port above 0")]
    Unaddressable,
    /// The endpoint had been started before.
    #[error("the endpoint runs already; make a new one for another transfer")]
    Started,
}
