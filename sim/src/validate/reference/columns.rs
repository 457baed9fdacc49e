//! Columns whose values are words.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::medium::CollisionRx;

/// Column `std`: the PHY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standard {
    /// 802.11a: OFDM in 20 MHz.
    #[serde(rename = "11a")]
    A,
    /// 802.11b: HR-DSSS.
    #[serde(rename = "11b")]
    B,
}

/// Column `preamble`. Of no meaning for OFDM, for which it is `ofdm` or `long`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preamble {
    /// 192 us.
    Long,
    /// 96 us, above 1 Mb/s.
    Short,
    /// That of OFDM, 20 us.
    Ofdm,
}

/// Column `access` of saturation files: how all stations contend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// DCF.
    #[serde(rename = "DCF")]
    Dcf,
    /// EDCA, all frames best effort.
    #[serde(rename = "EDCA_AC_BE")]
    Be,
    /// EDCA, all frames video.
    #[serde(rename = "EDCA_AC_VI")]
    Vi,
    /// EDCA, all frames voice.
    #[serde(rename = "EDCA_AC_VO")]
    Vo,
}

/// Column `access` of voice files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VoiceAccess {
    /// DCF for voice and data.
    #[serde(rename = "DCF")]
    Dcf,
    /// EDCA: calls in AC_VO, data in AC_BE.
    #[serde(rename = "EDCA(voice AC_VO, data AC_BE)")]
    Edca,
}

/// Column `bg_type`: what the background stations send. Of no meaning without any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Background {
    /// Saturated UDP.
    Udp,
    /// A greedy TCP connection each.
    Tcp,
}

/// Column `collision_rx`: `stock` or `eifs`.
pub(super) fn collision_rx<'de, D: Deserializer<'de>>(from: D) -> Result<CollisionRx, D::Error> {
    match String::deserialize(from)?.as_str() {
        "stock" => Ok(CollisionRx::Difs),
        "eifs" => Ok(CollisionRx::Eifs),
        other => Err(de::Error::unknown_variant(other, &["stock", "eifs"])),
    }
}

/// 0 or 1.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    match u8::deserialize(from)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(de::Error::invalid_value(
            de::Unexpected::Unsigned(other.into()),
            &"0 or 1",
        )),
    }
}
