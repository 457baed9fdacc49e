//! What the policy promises a flow, in the policy's own words.

use serde::Deserialize;

/// The promise to each flow that a policy matches.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Promise {
    port: Option<String>,
    /// Rate each way, IP headers included, as `80kbit`.
    pub rate: String,
    /// Octets of a typical IP packet.
    #[serde(default = "packet")]
    pub packet: u32,
    /// The longest that a packet may wait for the air, as `20ms`.
    #[serde(default = "delay")]
    pub delay: String,
}

// The defaults of `rether-ap`, as config/ap.toml says them.
const fn packet() -> u32 {
    200
}

fn delay() -> String {
    "20ms".to_owned()
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    policy: Vec<Promise>,
}

impl Promise {
    /// The promise that `configuration`, the text of an `ap.toml`, makes to flows to `port`;
    /// nothing if it makes none.
    #[must_use]
    pub(super) fn find(configuration: &str, port: u16) -> Option<Self> {
        let parsed: Configuration = toml::from_str(configuration).ok()?;
        let port = port.to_string();
        parsed
            .policy
            .into_iter()
            .find(|promise| promise.port.as_ref() == Some(&port))
    }

    /// In lines for people.
    #[must_use]
    pub(super) fn lines(&self) -> Vec<String> {
        vec![
            format!("{}/s, {} B packets", spaced(&self.rate), self.packet),
            format!("wait at most {}", spaced(&self.delay)),
        ]
    }
}

/// `20ms` as `20 ms`.
fn spaced(text: &str) -> String {
    let unit = text.find(|c: char| c.is_alphabetic());
    let (number, unit) = text.split_at(unit.unwrap_or(text.len()));
    format!("{} {unit}", number.trim_end())
}

#[cfg(test)]
mod tests {
    use super::Promise;

    const TWO: &str = "[[policy]]\nname = 'bulk'\nport = '80'\nrate = '1Mbit'\n\
                       [[policy]]\nname = 'voice'\nport = '5004'\nrate = '80kbit'\ndelay = '10 ms'";

    #[test]
    fn the_promise_is_the_one_that_matches_the_port() {
        let voice = Promise::find(TWO, 5004).unwrap();
        assert_eq!(
            voice.lines(),
            ["80 kbit/s, 200 B packets", "wait at most 10 ms"]
        );
        assert_eq!(Promise::find(TWO, 80).unwrap().delay, "20ms");
        assert_eq!(Promise::find(TWO, 5005), None);
        assert_eq!(Promise::find("", 80), None);
        assert_eq!(Promise::find("not toml", 80), None);
    }
}
