//! `[handoff]` of the configuration.

use rether_daemon::config::{Count, Raw, Section, Value, Wrong, one_of};
use rether_handoff::station::{StationConfig, Steer};
use rether_proto::time::Duration;

/// When the station moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steering {
    /// Who decides.
    pub steer: Steer,
    /// Below this, in dBm, it looks for something better.
    pub threshold: i8,
    /// Another access point must be stronger by so many dB.
    pub margin: i8,
    /// The kernel hurries while the radio switches.
    pub hurry: bool,
}

impl Default for Steering {
    fn default() -> Self {
        let usual = StationConfig::default();
        Self {
            steer: usual.steer,
            threshold: usual.threshold,
            margin: usual.margin,
            hurry: true,
        }
    }
}

impl Steering {
    pub(crate) fn read(file: &mut Section<'_>) -> Self {
        let usual = Self::default();
        file.section("handoff", |handoff| Self {
            steer: handoff
                .value::<Who>("steer")
                .map_or(usual.steer, |who| who.0),
            threshold: handoff
                .value::<Dbm>("threshold")
                .map_or(usual.threshold, |dbm| dbm.0),
            margin: handoff
                .value::<Count<1, 40>>("margin")
                .and_then(|margin| i8::try_from(margin.0).ok())
                .unwrap_or(usual.margin),
            hurry: handoff.value("hurry").unwrap_or(usual.hurry),
        })
    }

    /// The machine's configuration.
    pub(crate) fn station(self) -> StationConfig {
        let usual = StationConfig::default();
        StationConfig {
            steer: self.steer,
            threshold: self.threshold,
            desperate: usual.desperate.min(self.threshold),
            margin: self.margin,
            // The agent gives up after 155 ms: its word comes first.
            answer: Duration::from_millis(200),
            ..usual
        }
    }
}

struct Who(Steer);

impl Value for Who {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let words = [
            ("off", Steer::Off),
            ("assist", Steer::Assist),
            ("lead", Steer::Lead),
        ];
        one_of(raw, "a way to steer", &words).map(Self)
    }
}

/// A signal at which a station may look for another access point.
struct Dbm(i8);

impl Value for Dbm {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let number = match raw {
            Raw::Integer(number) => i8::try_from(number).ok(),
            Raw::Text(_) | Raw::Boolean(_) | Raw::Other(_) => None,
        };
        let fits = number.filter(|number| (-90..=-40).contains(number));
        fits.map(Self).ok_or_else(|| {
            let example = "a whole number without quotes, such as -70";
            Wrong::not(raw, "a signal from -90 to -40 dBm", example)
        })
    }
}
