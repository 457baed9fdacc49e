//! The attributes of nl80211 that are used here (`linux/nl80211.h`). The commands come with neli.

use neli::consts::genl::NlAttrType;
use neli::neli_enum;

pub(super) use neli::consts::nl80211::Nl80211Command as Command;

/// `enum nl80211_attrs`.
#[neli_enum(serialized_type = "u16")]
pub(super) enum Attr {
    Wiphy = 1,
    Ifindex = 3,
    Ifname = 4,
    Iftype = 5,
    Mac = 6,
    StaInfo = 21,
    WiphyBands = 22,
    TxqParams = 37,
    WiphyFreq = 38,
    ScanFrequencies = 44,
    ScanSsids = 45,
    Bss = 47,
    Frame = 51,
    Ssid = 52,
    StatusCode = 72,
    Duration = 87,
    Cookie = 88,
    PsState = 93,
    Cqm = 94,
    OffchannelTxOk = 108,
    FeatureFlags = 143,
    SplitWiphyDump = 174,
    Bssid = 245,
    TxqQuantum = 268,
}
impl NlAttrType for Attr {}

/// `enum nl80211_sta_info`.
#[neli_enum(serialized_type = "u16")]
pub(super) enum StaInfo {
    InactiveTime = 1,
    Signal = 7,
    TxBitrate = 8,
    RxPackets = 9,
    TxPackets = 10,
    TxRetries = 11,
    TxFailed = 12,
    RxBitrate = 14,
    StaFlags = 17,
    RxBytes64 = 23,
    TxBytes64 = 24,
}
impl NlAttrType for StaInfo {}

/// `enum nl80211_rate_info`.
#[neli_enum(serialized_type = "u16")]
pub(super) enum RateInfo {
    Bitrate = 1,
    Bitrate32 = 5,
}
impl NlAttrType for RateInfo {}

/// `enum nl80211_attr_cqm`.
#[neli_enum(serialized_type = "u16")]
pub(super) enum Cqm {
    RssiThold = 1,
    RssiHyst = 2,
    RssiThresholdEvent = 3,
    RssiLevel = 9,
}
impl NlAttrType for Cqm {}

/// `enum nl80211_txq_attr`.
#[neli_enum(serialized_type = "u16")]
pub(super) enum Txq {
    Ac = 1,
    Txop = 2,
    CwMin = 3,
    CwMax = 4,
    Aifs = 5,
}
impl NlAttrType for Txq {}

/// The number of an entry of a list.
#[neli_enum(serialized_type = "u16")]
pub(super) enum Entry {
    First = 1,
}

/// `enum nl80211_bss`.
#[neli_enum(serialized_type = "u16")]
pub(super) enum BssInfo {
    Bssid = 1,
    Frequency = 2,
    InformationElements = 6,
    SignalMbm = 7,
    Status = 9,
    SeenMsAgo = 10,
    BeaconElements = 11,
}
impl NlAttrType for BssInfo {}
impl NlAttrType for Entry {}
