//! One roam on a time-line. Times are milliseconds from the moment the radio leaves its old channel.

use serde::Serialize;
use serde_json::Value;

/// Packets that were due so long before the roam was asked for belong to it, too, in ms.
const BEFORE: f64 = 50.0;
/// A silence that begins later is not the roam's.
const SETTLED: f64 = 300.0;

/// A packet of the call.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Packet {
    /// It was due.
    pub sent: f64,
    /// It arrived; nothing if it never did.
    pub arrived: Option<f64>,
}

/// A part of the roam.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Phase {
    /// It began.
    pub begin: f64,
    /// It ended; the same if it is but a moment.
    pub end: f64,
    /// What happened.
    pub words: String,
}

/// What waited in a pen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pen {
    /// It was opened.
    pub begin: f64,
    /// It was empty.
    pub end: f64,
    /// Packets that it took, of whatever flow.
    pub held: u64,
}

/// The roam as it went in one arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The access point that the caller left.
    pub from: String,
    /// The one it came to.
    pub to: String,
    /// When the caller was told, in seconds of the arm's clock.
    pub at_s: f64,
    /// When it was told.
    pub asked: f64,
    /// What the radio did: authentication, association, keys.
    pub radio: Vec<Phase>,
    /// When the caller's gate was shut, and when it opened again.
    pub gate: Option<[f64; 2]>,
    /// The pen at the access point that was left.
    pub pen: Option<Pen>,
    /// The call's packets to the caller, until the next roam.
    pub down: Vec<Packet>,
    /// Those from the caller.
    pub up: Vec<Packet>,
    /// All parts, in order.
    pub phases: Vec<Phase>,
}

impl Line {
    /// Roam number `index` of the `result` of an arm, with what it did to `call`; nothing if it did not
    /// succeed or the result does not tell of it.
    #[must_use]
    pub(super) fn of(result: &Value, index: usize, call: &str) -> Option<Self> {
        let roam = &result["roams"][index];
        let at = roam["at-s"].as_f64()? * 1e3;
        // The arm's clock when the radio leaves.
        let zero = at + roam["before-ms"].as_f64()?;
        let (from, to) = (roam["from"].as_str()?, roam["to"].as_str()?);
        let next = result["roams"][index + 1]["at-s"].as_f64();
        let next = next.map_or(f64::INFINITY, |next| next * 1e3);
        let packets = |way| packets(result, call, way, zero, [at - BEFORE, next - BEFORE]);
        let mut line = Self {
            from: from.to_owned(),
            to: to.to_owned(),
            at_s: at / 1e3,
            asked: at - zero,
            radio: radio(roam, from)?,
            gate: None,
            pen: None,
            down: packets("down")?,
            up: packets("up")?,
            phases: Vec::new(),
        };
        line.phases.push(moment(
            line.asked,
            format!("the caller is told to go to {to}"),
        ));
        line.phases.extend(line.radio.iter().cloned());
        let ledgers = Ledgers {
            result,
            zero,
            within: [at, next],
            station: roam["node"].as_str()?,
        };
        line.tell_handoff(&ledgers);
        // What arrives earlier was under way when the radio left.
        let associated = line.radio.get(1).map_or(0.0, |step| step.end);
        for (way, packets) in [("to", &line.down), ("from", &line.up)] {
            let first = first_after(packets, associated);
            let words = match first {
                Some(_) => format!("the next packet {way} the caller arrives"),
                None => format!("no packet {way} the caller arrives before it goes on"),
            };
            let at = first.unwrap_or(associated);
            line.phases.push(moment(at, words));
        }
        line.phases
            .sort_by(|one, other| one.begin.total_cmp(&other.begin));
        Some(line)
    }

    /// Adds what the daemons did, by their ledgers.
    fn tell_handoff(&mut self, ledgers: &Ledgers<'_>) {
        let Self { from, to, .. } = self;
        let mut add = |begin: Option<f64>, end: Option<f64>, words: String| {
            if let Some(begin) = begin {
                let end = end.unwrap_or(begin);
                self.phases.push(Phase { begin, end, words });
            }
        };
        if let Some(entry) = ledgers.of_station() {
            let at = |mark: &str| ledgers.time(&entry["at"][mark]);
            let words =
                format!("{to} is told of the caller through {from}, and has room for its call");
            add(at("chosen"), at("prepared"), words);
            let words =
                format!("the caller's gate shuts; {from} opens its pen and lets the caller go");
            add(at("left"), at("go"), words);
            add(at("arrived"), None, "the caller's gate opens".to_owned());
            self.gate = at("left").zip(at("arrived")).map(Into::into);
        }
        if let Some(entry) = ledgers.of_ap(to, "new") {
            let at = |mark: &str| ledgers.time(&entry[mark]);
            let words = format!("{to} claims the caller from {from}");
            add(at("authorised"), at("claimed"), words);
            let held = entry["flushed_packets"].as_u64().unwrap_or_default();
            let packets = if held == 1 { "packet" } else { "packets" };
            let words = format!("what waited at {from} goes to the caller: {held} {packets}");
            add(at("claimed"), at("flushed"), words);
            add(
                at("switched"),
                None,
                format!("the way to the caller leads to {to}"),
            );
        }
        if let Some(entry) = ledgers.of_ap(from, "old") {
            let at = |mark: &str| ledgers.time(&entry[mark]);
            let ends = at("left").zip(at("flushed"));
            self.pen = ends.map(|(begin, end)| Pen {
                begin,
                end,
                held: entry["held"].as_u64().unwrap_or_default(),
            });
        }
    }
}

/// The longest time between two arrivals, or with none before or after as long as packets were sent, of
/// those that began before the roam had settled; 0 if there is none.
#[must_use]
pub(super) fn silence(packets: &[Packet]) -> f64 {
    let mut times: Vec<_> = packets.iter().filter_map(|packet| packet.arrived).collect();
    times.extend(packets.first().map(|packet| packet.sent));
    times.sort_by(f64::total_cmp);
    times.extend(packets.last().map(|packet| packet.sent));
    let pairs = times.windows(2).filter(|pair| pair[0] < SETTLED);
    pairs.map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
}

/// How many packets never arrived.
#[must_use]
pub(super) fn lost(packets: &[Packet]) -> usize {
    packets
        .iter()
        .filter(|packet| packet.arrived.is_none())
        .count()
}

fn first_after(packets: &[Packet], time: f64) -> Option<f64> {
    let arrivals = packets.iter().filter_map(|packet| packet.arrived);
    arrivals
        .filter(|arrived| *arrived > time)
        .min_by(f64::total_cmp)
}

const fn moment(at: f64, words: String) -> Phase {
    Phase {
        begin: at,
        end: at,
        words,
    }
}

/// The steps of the radio, one after the other from 0 on.
fn radio(roam: &Value, from: &str) -> Option<Vec<Phase>> {
    let mut begin = 0.0;
    let mut all = Vec::new();
    for (key, words) in [
        (
            "authentication-ms",
            format!("the radio leaves {from}: authentication"),
        ),
        ("association-ms", "association".to_owned()),
        ("keys-ms", "keys".to_owned()),
    ] {
        // Over the distribution system there is no authentication here.
        let length = roam[key].as_f64().unwrap_or_default();
        let end = begin + length;
        all.push(Phase { begin, end, words });
        begin = end;
    }
    (roam["connected"] == true).then_some(all)
}

/// The packets of one way that were due in `within`, which are ms of the arm's clock.
fn packets(
    result: &Value,
    call: &str,
    way: &str,
    zero: f64,
    within: [f64; 2],
) -> Option<Vec<Packet>> {
    let way = &result["traffic"][call]["calls"][0][way];
    let started = way["sender"]["started_ns"].as_u64()?;
    let clock = result["clock-start"]["monotonic-ns"].as_u64()?;
    let interval = packet_ms(&result["traffic"][call])?;
    let started = millis(started, clock);
    let delays = way["stream"]["delays_us"].as_array()?;
    let mut due = started;
    let mut all = Vec::new();
    for delay in delays {
        if (within[0]..within[1]).contains(&due) {
            let sent = due - zero;
            let arrived = delay.as_f64().map(|delay| sent + delay / 1e3);
            all.push(Packet { sent, arrived });
        }
        due += interval;
    }
    Some(all)
}

/// The time between two packets of a call of `rether-voip`.
fn packet_ms(report: &Value) -> Option<f64> {
    let profile: rether_voip::profile::Profile =
        serde_json::from_value(report["profile"].clone()).ok()?;
    Some(f64::from(profile.packet_ms()))
}

/// `later` less `earlier`, both in ns of one clock, in ms.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52 ns")]
fn millis(later: u64, earlier: u64) -> f64 {
    later.abs_diff(earlier) as f64 / 1e6 * if later < earlier { -1.0 } else { 1.0 }
}

/// What the daemons noted of one roam.
struct Ledgers<'a> {
    result: &'a Value,
    zero: f64,
    /// From when until when it can have been, in ms of the arm's clock.
    within: [f64; 2],
    station: &'a str,
}

impl<'a> Ledgers<'a> {
    /// A time of a ledger, which is ns of the clock that goes on while a host sleeps.
    fn time(&self, mark: &Value) -> Option<f64> {
        let clock = self.result["clock-start"]["boottime-ns"].as_u64()?;
        Some(millis(mark.as_u64()?, clock) - self.zero)
    }

    fn here(&self, mark: &Value) -> bool {
        let time = self.time(mark).map(|time| time + self.zero);
        time.is_some_and(|time| (self.within[0]..self.within[1]).contains(&time))
    }

    fn of_station(&self) -> Option<&'a Value> {
        let entries = self.result["handoffs"][self.station]["handoffs"].as_array()?;
        entries
            .iter()
            .find(|entry| self.here(&entry["at"]["chosen"]))
    }

    /// What the access point `ap` noted as the `side` of it.
    fn of_ap(&self, ap: &str, side: &str) -> Option<&'a Value> {
        let entries = self.result["handoffs"][ap]["handoffs"].as_array()?;
        let station = &self.result["nodes"][self.station]["mac"];
        entries.iter().find(|entry| {
            entry["side"] == side
                && entry["station"] == *station
                && (self.here(&entry["left"]) || self.here(&entry["associated"]))
        })
    }
}
