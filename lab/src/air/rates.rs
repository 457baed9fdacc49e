//! Rates as `mac80211_hwsim` counts them: places in a list per band.

use rether_proto::airtime::Rate;
use rether_sim::medium::RateSeries;

/// The driver's rates at 2.4 GHz, in units of 100 kb/s; those of the 5 GHz band are the same
/// without the first four (`hwsim_rates`).
const RATES: [u16; 12] = [10, 20, 55, 110, 60, 90, 120, 180, 240, 360, 480, 540];
const DSSS_RATES: usize = 4;
/// Frequencies in MHz from here on are in the 5 GHz band.
const FIVE_GHZ: u16 = 5000;

/// A rate to try and how often (`struct hwsim_tx_rate`). An index below 0 ends the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxRate {
    /// Place of the rate in the list of its band.
    pub index: i8,
    /// Number of tries.
    pub count: u8,
}

impl TxRate {
    /// The end of a list.
    pub const NONE: Self = Self {
        index: -1,
        count: 0,
    };
}

const fn first(frequency_mhz: u16) -> usize {
    if frequency_mhz >= FIVE_GHZ {
        DSSS_RATES
    } else {
        0
    }
}

/// The rate at `index` of the band of `frequency_mhz`.
#[must_use]
pub fn rate(index: i8, frequency_mhz: u16) -> Option<Rate> {
    let place = usize::try_from(index).ok()? + first(frequency_mhz);
    RATES.get(place).copied().map(Rate)
}

/// The place of `rate` in the list of the band of `frequency_mhz`.
#[must_use]
pub fn index(rate: Rate, frequency_mhz: u16) -> Option<u32> {
    let place = RATES.iter().position(|other| *other == rate.0)?;
    u32::try_from(place.checked_sub(first(frequency_mhz))?).ok()
}

/// The rates of `list` up to its end, for the medium. A frame without any, which no driver could
/// send either, goes out once at the lowest rate of the band.
#[must_use]
pub fn series(list: [TxRate; 4], frequency_mhz: u16) -> RateSeries {
    let mut series = [(Rate(0), 0); 4];
    for (entry, tx) in series.iter_mut().zip(list) {
        let Some(rate) = rate(tx.index, frequency_mhz) else {
            break;
        };
        *entry = (rate, tx.count);
    }
    if series.iter().all(|(_, tries)| *tries == 0) {
        let lowest = rate(0, frequency_mhz).unwrap_or(Rate(10));
        return RateSeries::new([(lowest, 1), (Rate(0), 0), (Rate(0), 0), (Rate(0), 0)]);
    }
    RateSeries::new(series)
}

/// The part of `list` that `tries` transmissions have used up.
#[must_use]
pub fn used(list: [TxRate; 4], tries: u8) -> [TxRate; 4] {
    let mut left = tries;
    let mut ended = false;
    list.map(|entry| {
        ended |= entry.index < 0 || left == 0;
        if ended {
            return TxRate::NONE;
        }
        let count = entry.count.min(left);
        left -= count;
        TxRate { count, ..entry }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tx(index: i8, count: u8) -> TxRate {
        TxRate { index, count }
    }

    #[test]
    fn bands_have_lists_of_their_own() {
        assert_eq!(rate(3, 2412), Some(Rate(110)));
        assert_eq!(rate(4, 2412), Some(Rate(60)));
        assert_eq!(rate(0, 5180), Some(Rate(60)));
        assert_eq!(rate(7, 5180), Some(Rate(540)));
        assert_eq!(rate(8, 5180), None);
        assert_eq!(rate(-1, 2412), None);
        for frequency in [2412, 5180] {
            for place in 0..8 {
                let there = rate(place, frequency).unwrap();
                assert_eq!(index(there, frequency), u32::try_from(place).ok());
            }
        }
        assert_eq!(index(Rate(110), 5180), None);
    }

    #[test]
    fn a_series_ends_with_the_list() {
        let series = |list| {
            let series = series(list, 2412);
            (0..6).map(move |attempt| series.at(attempt).map(|rate| rate.0))
        };
        let seen: Vec<_> = series([tx(3, 2), tx(0, 1), TxRate::NONE, tx(1, 9)]).collect();
        assert_eq!(seen, [Some(110), Some(110), Some(10), None, None, None]);
        let seen: Vec<_> = series([TxRate::NONE; 4]).collect();
        assert_eq!(seen, [Some(10), None, None, None, None, None]);
        let seen: Vec<_> = series([tx(99, 1); 4]).collect();
        assert_eq!(seen[0], Some(10));
    }

    #[test]
    fn what_was_used_is_told_in_order() {
        let list = [tx(3, 4), tx(2, 2), tx(0, 3), TxRate::NONE];
        assert_eq!(used(list, 1)[..2], [tx(3, 1), TxRate::NONE]);
        assert_eq!(used(list, 4)[..2], [tx(3, 4), TxRate::NONE]);
        assert_eq!(
            used(list, 5),
            [tx(3, 4), tx(2, 1), TxRate::NONE, TxRate::NONE]
        );
        assert_eq!(used(list, 200), list);
        assert_eq!(used(list, 0), [TxRate::NONE; 4]);
    }
}
