//! The types of messages.

use crate::message::Body;

rether_proto::octet_enum! {
    /// The type octet of the header.
    pub enum Kind {
        /// [`Body::Hello`]
        Hello = 1 => "HELLO",
        /// [`Body::HelloAck`]
        HelloAck = 2 => "HELLO_ACK",
        /// [`Body::Push`]
        Push = 3 => "PUSH",
        /// [`Body::PushAck`]
        PushAck = 4 => "PUSH_ACK",
        /// [`Body::Prepare`]
        Prepare = 5 => "PREPARE",
        /// [`Body::Ready`]
        Ready = 6 => "READY",
        /// [`Body::Data`]
        Data = 7 => "DATA",
        /// [`Body::Arrived`]
        Arrived = 8 => "ARRIVED",
        /// [`Body::ArrivedAck`]
        ArrivedAck = 9 => "ARRIVED_ACK",
        /// [`Body::Flushed`]
        Flushed = 10 => "FLUSHED",
        /// [`Body::FlushedAck`]
        FlushedAck = 11 => "FLUSHED_ACK",
        /// [`Body::Cancel`]
        Cancel = 12 => "CANCEL",
        /// [`Body::CancelAck`]
        CancelAck = 13 => "CANCEL_ACK",
        /// [`Body::Gone`]
        Gone = 14 => "GONE",
    }
}

impl Kind {
    /// What answers a request of this kind; `None` for what is no request.
    #[must_use]
    pub const fn answer(self) -> Option<Self> {
        match self {
            Self::Hello => Some(Self::HelloAck),
            Self::Push => Some(Self::PushAck),
            Self::Prepare => Some(Self::Ready),
            Self::Arrived => Some(Self::ArrivedAck),
            Self::Flushed => Some(Self::FlushedAck),
            Self::Cancel => Some(Self::CancelAck),
            _ => None,
        }
    }

    /// Whether it answers a request.
    #[must_use]
    pub const fn is_answer(self) -> bool {
        matches!(
            self,
            Self::HelloAck
                | Self::PushAck
                | Self::Ready
                | Self::ArrivedAck
                | Self::FlushedAck
                | Self::CancelAck
        )
    }
}

impl Body {
    /// The type that stands in the header.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Hello(_) => Kind::Hello,
            Self::HelloAck(_) => Kind::HelloAck,
            Self::Push(_) => Kind::Push,
            Self::PushAck(_) => Kind::PushAck,
            Self::Prepare(_) => Kind::Prepare,
            Self::Ready(_) => Kind::Ready,
            Self::Data(_) => Kind::Data,
            Self::Arrived(_) => Kind::Arrived,
            Self::ArrivedAck(_) => Kind::ArrivedAck,
            Self::Flushed(_) => Kind::Flushed,
            Self::FlushedAck(_) => Kind::FlushedAck,
            Self::Cancel => Kind::Cancel,
            Self::CancelAck => Kind::CancelAck,
            Self::Gone => Kind::Gone,
        }
    }
}
