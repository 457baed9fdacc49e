//! `[security]`: the keys that agents are believed by.

use std::collections::BTreeMap;

use rether_daemon::config::{KeyFile, Section, Wrong};
use rether_proto::auth::{CoordinatorAuth, Key};
use rether_proto::wire::AgentName;

/// What `[security]` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// The key of all agents that have none of their own.
    pub site: Option<Key>,
    /// Keys of single devices, by what they call themselves.
    pub devices: BTreeMap<String, Key>,
}

impl Security {
    pub(super) fn read(security: &mut Section<'_>) -> Self {
        let site = security.value::<KeyFile>("key-file").map(|file| file.0);
        let devices = security.section("devices", |devices| {
            let named = devices.every::<KeyFile>();
            for (name, _) in &named {
                if name.is_empty() || name.len() > AgentName::MAX {
                    let problem = format!("no agent can be called {name:?}");
                    let remedy = "write its name as `rether-ap status` shows it";
                    devices.wrong(name, Wrong::new(problem, remedy));
                }
            }
            named.into_iter().map(|(name, file)| (name, file.0))
        });
        Self {
            site,
            devices: devices.collect(),
        }
    }

    /// Whether every agent is believed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.site.is_none() && self.devices.is_empty()
    }

    /// What the coordinator is told; `seed` is fresh and secret.
    #[must_use]
    pub fn auth(&self, seed: Key) -> Option<CoordinatorAuth> {
        (!self.is_open()).then(|| CoordinatorAuth {
            site: self.site.clone(),
            devices: self.devices.clone(),
            seed,
        })
    }
}
