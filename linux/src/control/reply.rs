//! What hostapd and `wpa_supplicant` answer, taken apart.

/// Lines of `key=value`, in the daemon's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
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
