//! What hostapd and `wpa_supplicant` answer, taken apart.

/// Lines of `key=value`, in the daemon's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads lines; those without `=` are left out, such as the MAC address that begins the reply
    /// to `STA`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let pair = |line: &str| {
            let (key, value) = line.split_once('=')?;
            Some((key.to_owned(), value.to_owned()))
        };
        Self(text.lines().filter_map(pair).collect())
    }

    /// The value of `key`; the first one if it occurs again.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}

/// An unsolicited message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// wpa_supplicant's debug level: 3 is information.
    pub level: u8,
    /// Its name, such as `AP-STA-CONNECTED`.
    pub name: String,
    /// What follows the name.
    pub detail: String,
}

impl Event {
    /// Reads `<3>NAME detail`; `None` if there is no level, as in a reply.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (level, text) = text.strip_prefix('<')?.split_once('>')?;
        let (name, detail) = text.split_once(' ').unwrap_or((text, ""));
        let (name, detail) = (name.to_owned(), detail.to_owned());
        Some(Self {
            level: level.parse().ok()?,
            name,
            detail,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_status() {
        let fields = Fields::parse("02:00:00:00:01:00\nstate=ENABLED\nssid[0]=a=b\nempty=\n");
        assert_eq!(fields.get("state"), Some("ENABLED"));
        assert_eq!(fields.get("ssid[0]"), Some("a=b"));
        assert_eq!(fields.get("empty"), Some(""));
        assert_eq!(fields.get("02:00:00:00:01:00"), None);
        let twice = Fields::parse("a=1\na=2");
        assert_eq!(twice.get("a"), Some("1"));
    }

    #[test]
    fn events_and_what_is_none() {
        let event = Event::parse("<3>AP-STA-CONNECTED 02:00:00:00:01:00 auth=open").unwrap();
        assert_eq!((event.level, event.name.as_str()), (3, "AP-STA-CONNECTED"));
        assert_eq!(event.detail, "02:00:00:00:01:00 auth=open");
        let bare = Event::parse("<4>CTRL-EVENT-TERMINATING").unwrap();
        assert_eq!(
            (bare.name.as_str(), bare.detail.as_str()),
            ("CTRL-EVENT-TERMINATING", "")
        );
        for reply in ["OK", "", "<", "<3", "<x>NAME", "<300>NAME", "3>NAME"] {
            assert_eq!(Event::parse(reply), None, "{reply:?}");
        }
    }
}
