//! Asks who is on another channel, by a frame instead of a scan.
//!
//! mac80211's scan waits for `HZ / 33` before it asks, and as long again for answers. A frame for
//! another channel goes out as soon as the radio is there, and the radio need not stay for long.
//! The kernel keeps the answers in the table of what was heard, as it does with those to a scan.

use std::io;

use rether_proto::mac::MacAddr;

use super::attr::{Attr, Command};
use super::parse::{self, Message};
use super::request::{Attributes, ask, dump};
use super::{Nl80211, Nl80211Error};
use crate::error::Doing;
use crate::netlink::attributes;

/// So long the radio stays for answers, in ms: the shortest time that nl80211 takes
/// (`NL80211_MIN_REMAIN_ON_CHANNEL_TIME`).
const STAY: u32 = 10;
/// From here on it is 6 GHz, where requests are restricted (802.11ax-2021, 26.17.2.3.2): MHz.
const SIX_GHZ: u32 = 5_945;
/// What is below is the band at 2.4 GHz: MHz.
const FIVE_GHZ: u32 = 4_000;

/// Whom to ask for what.
#[derive(Clone, Copy, Debug)]
pub struct ProbeRequest<'a> {
    /// Who asks: the address of the interface.
    pub from: MacAddr,
    /// The access point that is asked, which acknowledges: a lost frame is repeated. `None`: all.
    pub to: Option<MacAddr>,
    /// Centre frequency of the channel in MHz.
    pub frequency: u32,
    /// The network that is asked for, up to 32 octets.
    pub ssid: &'a [u8],
}

impl Nl80211 {
    /// Whether radio `wiphy` may ask on `frequency` (MHz) before it has heard anybody there: not
    /// where the country or a radar forbids it. On 6 GHz it may not; a scan knows the rules there.
    ///
    /// # Errors
    /// The radio has gone.
    pub async fn may_ask(&self, wiphy: u32, frequency: u32) -> Result<bool, Nl80211Error> {
        let doing = "read on which channels the radio may ask";
        // Without the flag, the kernel leaves out what came to nl80211 later.
        let of = Attributes::default()
            .with(Attr::Wiphy, wiphy)
            .and_then(|attributes| attributes.with(Attr::SplitWiphyDump, ()))
            .doing(doing)?;
        let messages = dump(&self.router, self.family, Command::GetWiphy, of).await;
        let messages = messages.doing(doing)?;
        let is_open = messages.iter().any(|message| is_open(message, frequency));
        Ok(is_open && frequency < SIX_GHZ)
    }

    /// Asks on another channel than that of interface `index` (`FRAME`). The radio is away until
    /// [`super::Event::FrameWaitEnded`] comes with the number that this gives, for some 12 ms;
    /// then [`Nl80211::heard`] has who answered.
    ///
    /// # Errors
    /// The driver cannot (`EOPNOTSUPP`, `EINVAL`), or must not leave the channel now (`EBUSY`), the
    /// interface is down, or rights are missing.
    pub async fn ask_around(
        &self,
        index: u32,
        wanted: &ProbeRequest<'_>,
    ) -> Result<u64, Nl80211Error> {
        let doing = "ask on another channel";
        let attributes = request(index, wanted.frequency, &wanted.frame()).and_then(elsewhere);
        let attributes = attributes.doing(doing)?;
        let messages = ask(&self.router, self.family, Command::Frame, attributes).await;
        let cookie = messages.doing(doing)?.iter().find_map(cookie);
        let unnumbered = || io::Error::from_raw_os_error(libc::EOPNOTSUPP);
        Ok(cookie.ok_or_else(unnumbered).doing(doing)?)
    }

    /// As [`Nl80211::ask_around`], but on the channel where the radio is: it does not go away.
    ///
    /// # Errors
    /// The driver cannot, the radio is elsewhere, the interface is down, or rights are missing.
    pub async fn ask_here(
        &self,
        index: u32,
        wanted: &ProbeRequest<'_>,
    ) -> Result<(), Nl80211Error> {
        let attributes = request(index, wanted.frequency, &wanted.frame());
        self.order("ask on the own channel", Command::Frame, attributes)
            .await
    }

    /// Has the radio come back from where the frame `cookie` took it.
    ///
    /// # Errors
    /// It is back already (`ENOENT`), the driver cannot, or rights are missing.
    pub async fn end_asking(&self, index: u32, cookie: u64) -> Result<(), Nl80211Error> {
        let attributes = Attributes::default()
            .with(Attr::Ifindex, index)
            .and_then(|attributes| attributes.with(Attr::Cookie, cookie));
        let doing = "come back from another channel";
        self.order(doing, Command::FrameWaitCancel, attributes)
            .await
    }
}

fn request(index: u32, frequency: u32, frame: &[u8]) -> io::Result<Attributes> {
    Attributes::default()
        .with(Attr::Ifindex, index)?
        .with(Attr::WiphyFreq, frequency)?
        .with(Attr::Frame, frame)
}

/// The radio leaves its channel for it.
fn elsewhere(attributes: Attributes) -> io::Result<Attributes> {
    attributes
        .with(Attr::Duration, STAY)?
        .with(Attr::OffchannelTxOk, ())
}

fn cookie(message: &Message) -> Option<u64> {
    parse::number(&message.attrs().get_attr_handle(), Attr::Cookie)
}

/// Whether a part of a split dump of a radio has `frequency` as a channel where it may be the first
/// to transmit.
fn is_open(message: &Message, frequency: u32) -> bool {
    /// `NL80211_BAND_ATTR_FREQS`.
    const CHANNELS: u16 = 1;
    /// `NL80211_FREQUENCY_ATTR_FREQ`.
    const FREQUENCY: u16 = 1;
    /// `NL80211_FREQUENCY_ATTR_DISABLED`, `_NO_IR` and `_RADAR`.
    const SHUT: [u16; 3] = [2, 3, 5];
    let bands = parse::octets(&message.attrs().get_attr_handle(), Attr::WiphyBands);
    let bands = bands.unwrap_or_default();
    let lists = attributes(&bands).flat_map(|(_, band)| attributes(band));
    let channels = lists
        .filter(|(kind, _)| *kind == CHANNELS)
        .flat_map(|(_, list)| attributes(list));
    let wanted = (FREQUENCY, &frequency.to_ne_bytes()[..]);
    channels
        .map(|(_, channel)| channel)
        .filter(|channel| attributes(channel).any(|one| one == wanted))
        .any(|channel| attributes(channel).all(|(kind, _)| !SHUT.contains(&kind)))
}

impl ProbeRequest<'_> {
    /// The frame (802.11-2020, 9.3.3.9). The kernel numbers it.
    fn frame(&self) -> Vec<u8> {
        /// In units of 500 kbit/s (9.4.2.3): those of clauses 15 and 16 before those of clause 17.
        /// An element takes eight.
        const RATES: [u8; 12] = [2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108];
        const EVERYBODY: MacAddr = MacAddr([0xff; 6]);
        let to = self.to.unwrap_or(EVERYBODY);
        // Frame Control, Duration, and at the end Sequence Control.
        let mut frame = vec![0x40, 0, 0, 0];
        for address in [to, self.from, to] {
            frame.extend_from_slice(&address.0);
        }
        frame.extend_from_slice(&[0, 0]);
        let skipped = if self.frequency < FIVE_GHZ { 0 } else { 4 };
        let (first, more) = RATES[skipped..].split_at(8);
        let ssid = &self.ssid[..self.ssid.len().min(32)];
        // SSID, Supported Rates, Extended Supported Rates.
        let elements = [(0, ssid), (1, first), (50, more)];
        let needed = |(kind, value): &(u8, &[u8])| *kind != 50 || !value.is_empty();
        for (kind, value) in elements.into_iter().filter(needed) {
            frame.extend_from_slice(&[kind, u8::try_from(value.len()).unwrap_or(0)]);
            frame.extend_from_slice(value);
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use neli::{FromBytesWithInput, ToBytes};

    use super::*;
    use crate::netlink::attribute;

    const OWN: MacAddr = MacAddr([2, 0, 0, 0, 3, 1]);

    #[test]
    fn a_probe_request_as_it_goes_on_the_air() {
        let header = |to: [u8; 6]| {
            let addresses = [to, OWN.0, to].concat();
            [&[0x40, 0, 0, 0][..], &addresses, &[0, 0]].concat()
        };
        let mut wanted = ProbeRequest {
            from: OWN,
            to: None,
            frequency: 5_180,
            ssid: b"cell",
        };
        let at_5ghz = [
            &header([0xff; 6])[..],
            &[0, 4, b'c', b'e', b'l', b'l'],
            &[1, 8, 12, 18, 24, 36, 48, 72, 96, 108],
        ];
        assert_eq!(wanted.frame(), at_5ghz.concat());
        wanted.to = Some(MacAddr([2, 0, 0, 0, 1, 0]));
        wanted.frequency = 2_412;
        let at_2ghz = [
            &header([2, 0, 0, 0, 1, 0])[..],
            &[0, 4, b'c', b'e', b'l', b'l'],
            &[1, 8, 2, 4, 11, 22, 12, 18, 24, 36],
            &[50, 4, 48, 72, 96, 108],
        ];
        assert_eq!(wanted.frame(), at_2ghz.concat());
        wanted.ssid = &[b'a'; 40];
        assert_eq!(wanted.frame().len(), 24 + 2 + 32 + 10 + 6);
    }

    #[test]
    fn a_request_as_the_kernel_reads_it() {
        let written = |attributes: &Attributes| {
            let mut bytes = Cursor::new(Vec::new());
            for attribute in attributes.all() {
                attribute.to_bytes(&mut bytes).unwrap();
            }
            bytes.into_inner()
        };
        let here = request(4, 5_180, &[0x40, 0, 7]).unwrap();
        let expected = [
            attribute(3, &4_u32.to_ne_bytes()),
            attribute(38, &5_180_u32.to_ne_bytes()),
            attribute(51, &[0x40, 0, 7]),
        ]
        .concat();
        assert_eq!(written(&here), expected);
        let away = [attribute(87, &10_u32.to_ne_bytes()), attribute(108, &[])].concat();
        let elsewhere = elsewhere(here).unwrap();
        assert_eq!(written(&elsewhere), [expected, away].concat());
    }

    fn read(bytes: &[u8]) -> Option<Message> {
        Message::from_bytes_with_input(&mut Cursor::new(bytes), bytes.len()).ok()
    }

    #[test]
    fn the_number_of_a_frame() {
        let answer = |attrs: &[u8]| cookie(&read(&[&[59, 1, 0, 0], attrs].concat()).unwrap());
        assert_eq!(answer(&attribute(88, &7_u64.to_ne_bytes())), Some(7));
        assert_eq!(answer(&[]), None);
    }

    /// Channels 36, 40 and 44 as the kernel tells of them; 40 needs somebody else to be heard first,
    /// and 44 has radars.
    fn radio() -> Vec<u8> {
        let channel = |frequency: u32, flag: Option<u16>| {
            let mut channel = attribute(1, &frequency.to_ne_bytes());
            channel.extend(flag.map(|kind| attribute(kind, &[])).unwrap_or_default());
            channel.extend(attribute(6, &2_000_u32.to_ne_bytes()));
            attribute(0, &channel)
        };
        let list = [
            channel(5_180, None),
            channel(5_200, Some(3)),
            channel(5_220, Some(5)),
        ];
        let band = [attribute(3, &[9; 16]), attribute(1, &list.concat())].concat();
        let bands = attribute(22 | 0x8000, &attribute(1 | 0x8000, &band));
        [&[3, 1, 0, 0][..], &bands].concat()
    }

    #[test]
    fn where_it_may_ask() {
        let whole = radio();
        let told = read(&whole).unwrap();
        let asks = [5_180, 5_200, 5_220, 5_240].map(|frequency| is_open(&told, frequency));
        assert_eq!(asks, [true, false, false, false]);
        let without = read(&[3, 1, 0, 0]).unwrap();
        assert!(!is_open(&without, 5_180));
        for cut in 0..whole.len() {
            let _ = read(&whole[..cut]).map(|message| is_open(&message, 5_180));
        }
        for at in 0..whole.len() {
            for value in [0, 1, 3, 0x7f, 0xff] {
                let mut odd = whole.clone();
                odd[at] = value;
                let _ = read(&odd).map(|message| is_open(&message, 5_180));
            }
        }
    }
}
