//! Words of a message.

use std::str::FromStr;

use rether_proto::mac::MacAddr;

/// The value of `key=value` among the words of `text`.
pub(super) fn value<T: FromStr>(text: &str, key: &str) -> Option<T> {
    let mut words = text.split([' ', '[', ']']);
    let value = words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))?;
    value.parse().ok()
}

/// The word at `at`, if it is a MAC address.
pub(super) fn mac(text: &str, at: usize) -> Option<MacAddr> {
    text.split(' ').nth(at)?.parse().ok()
}
