//! What the air allows, by arithmetic.

use rether_proto::time::Duration;
use rether_proto::wire::{Return, Token};

use super::cell::Cell;

/// IP packet of a UDP datagram of 1472 octets, and its payload in bits.
const PACKET: u32 = 1_500;
const PAYLOAD_BITS: f64 = 1_472.0 * 8.0;
/// IP packet of 20 ms of G.711.
pub(super) const VOICE: u32 = 200;
/// Voice packets of a call in a second, both ways.
pub(super) const VOICE_PACKETS: u64 = 100;

/// A limit and what it is made of.
pub(super) struct Limit {
    pub(super) value: f64,
    pub(super) terms: String,
}

fn us(duration: Duration) -> u64 {
    duration.as_micros()
}

/// A frame, the SIFS behind it, its Ack and another SIFS.
fn in_burst(cell: Cell, packet: u32) -> Duration {
    let (phy, rate) = cell.airtime();
    phy.ppdu(rate, phy.psdu_octets(packet)) + phy.sifs() * 2 + phy.ack(rate)
}

/// Goodput of one sender that fills TXOPs of the strict profile, in Mb/s: no tokens, no
/// collisions.
pub(super) fn burst(cell: Cell) -> Limit {
    let (phy, rate) = cell.airtime();
    let txop = phy.granted_txop();
    let each = in_burst(cell, PACKET);
    let frames = ((txop + phy.sifs()).as_nanos() / each.as_nanos().max(1)).max(1);
    // AIFSN 2, mean of a backoff of 0 to 3 slots; the last SIFS belongs to AIFS.
    let access = phy.sifs() + phy.slot() * 2 + phy.slot() * 3 / 2;
    let period = each * frames + access - phy.sifs();
    #[expect(clippy::cast_precision_loss, reason = "some frames")]
    let value = PAYLOAD_BITS * frames as f64 / period.as_secs_f64() / 1e6;
    let terms = format!(
        "{}: {frames} frames a TXOP, each PPDU {} + Ack {} + 2 SIFS {}; AIFS and backoff {} us; a visit's TOKEN and RETURN {} us more",
        cell.name(),
        us(phy.ppdu(rate, phy.psdu_octets(PACKET))),
        us(phy.ack(rate)),
        us(phy.sifs() * 2),
        us(access),
        us(visit(cell)),
    );
    Limit { value, terms }
}

/// Goodput of one sender by DCF, in Mb/s: a mean backoff before each frame, no tokens.
pub(super) fn alone(cell: Cell) -> Limit {
    let (phy, rate) = cell.airtime();
    let exchange = phy.exchange(rate, PACKET);
    let value = PAYLOAD_BITS / exchange.as_secs_f64() / 1e6;
    // For 98 % a visit must last 49 times as long as it costs.
    let needed = visit(cell) * 49;
    let terms = format!(
        "{}: exchange of 1500 octets {} us; a visit's TOKEN and RETURN {} us, so that visits shorter than {} ms cost more than 2 %",
        cell.name(),
        us(exchange),
        us(visit(cell)),
        needed.as_millis(),
    );
    Limit { value, terms }
}

/// The exchanges of a TOKEN and its RETURN, without waiting for the medium.
fn visit(cell: Cell) -> Duration {
    in_burst(cell, Token::OCTETS) + in_burst(cell, Return::OCTETS)
}

/// Calls of 20 ms that fit if so many voice packets of a call and way share a frame: no backoff, no
/// tokens.
fn calls_bundled(cell: Cell, packets: u32) -> f64 {
    let each = in_burst(cell, VOICE * packets);
    f64::from(packets) / (each * VOICE_PACKETS).as_secs_f64()
}

/// Calls of 20 ms that fit if three voice packets of a call and way share a frame, which is what a
/// delay of 60 ms allows: no backoff, no tokens.
pub(super) fn calls(cell: Cell) -> Limit {
    let value = calls_bundled(cell, 3);
    let (phy, rate) = cell.airtime();
    let terms = format!(
        "{}: a voice packet takes PPDU {} + Ack {} + 2 SIFS {} us, {VOICE_PACKETS} times a second and call: {:.1} calls fit; with two packets in a frame {:.1}, with three {:.1}; frames without Ack would save more",
        cell.name(),
        us(phy.ppdu(rate, phy.psdu_octets(VOICE))),
        us(phy.ack(rate)),
        us(phy.sifs() * 2),
        calls_bundled(cell, 1),
        calls_bundled(cell, 2),
        calls_bundled(cell, 3),
    );
    Limit { value, terms }
}

/// Share of the air that so many calls take, with the mean backoff before each packet.
pub(super) fn voice_share(cell: Cell, calls: u16) -> f64 {
    let (phy, rate) = cell.airtime();
    let second = phy.exchange(rate, VOICE) * (u64::from(calls) * VOICE_PACKETS);
    second.as_secs_f64().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Phy;

    #[test]
    fn worked_by_hand() {
        // 802.11b: PPDU of 1538 octets 192 + 1119, Ack 248, twice SIFS 10: 1579 us, five in
        // 8000 us; between bursts AIFS 50 and backoff 30, of which a SIFS is counted.
        let b = burst(Cell::strict(Phy::B11));
        let by_hand = 5.0 * 11_776.0 / (5.0 * 1_579.0 + 70.0);
        assert!((b.value - by_hand).abs() < 0.01, "{} {by_hand}", b.value);
        assert!(b.terms.contains("5 frames a TXOP"), "{}", b.terms);
        let one = alone(Cell::dcf(Phy::B11)).value;
        assert!((one - 6.11).abs() < 0.05, "{one}");
        // 366 + 10 + 248 + 10 us a packet.
        let calls = calls_bundled(Cell::dcf(Phy::B11), 1);
        assert!((calls - 15.8).abs() < 0.1, "{calls}");
        let share = voice_share(Cell::dcf(Phy::B11), 5);
        assert!((share - 0.49).abs() < 0.01, "{share}");
    }
}
