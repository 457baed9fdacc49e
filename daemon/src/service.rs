//! What systemd wants to hear (`Type=notify`). Without systemd, nothing happens.

use sd_notify::NotifyState;

fn tell(states: &[NotifyState<'_>]) {
    // A daemon that cannot reach its supervisor still serves its cell.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd was not told: {error}");
    }
}

/// The daemon serves.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// What `systemctl status` shows.
pub fn status(status: &str) {
    tell(&[NotifyState::Status(status)]);
}

/// The daemon is about to end.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The daemon is healthy. Call it at least once in half of `WatchdogSec`, if [`is_watched`].
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// Whether systemd waits for [`alive`], because the unit has `WatchdogSec`.
#[must_use]
pub fn is_watched() -> bool {
    sd_notify::watchdog_enabled().is_some()
}
