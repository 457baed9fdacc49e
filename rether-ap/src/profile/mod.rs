//! The 802.11e profile of the cell: in force while tokens go round, and never left behind.
//!
//! What was in force before is written to a file before the first change. Whoever finds the file
//! puts it back: this daemon when token mode ends or it stops, its watchdog when it was killed, or
//! the next start if both were.

mod record;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rether_linux::control::Control;
use rether_linux::link::{InterfaceName, Link};
use rether_linux::nl80211::{Interface, Nl80211};
use rether_linux::wmm::{Hostapd, Identity, Parameters, Profile, Settings};

use crate::cell;
use record::Record;

/// What is to be done to the cell.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Which profile; `None` leaves the cell as it is.
    pub(crate) profile: Option<Profile>,
    /// The PHY is 802.11b.
    pub(crate) dsss: bool,
    /// hostapd's control socket, if it is not at its usual place.
    pub(crate) control: Option<PathBuf>,
    /// hostapd's configuration, if it is not one of its arguments.
    pub(crate) config: Option<PathBuf>,
}

impl Plan {
    /// Whether the cell will be in the profile while tokens go round, as far as can be known before
    /// hostapd is asked.
    pub(crate) fn can_be_kept(&self, name: &InterfaceName) -> bool {
        let is_wmm = |settings: Settings| settings.wmm;
        self.profile.is_some() && Settings::of(name, self.config.as_deref()).is_some_and(is_wmm)
    }
}

/// Keeps the cell in its profile while that is wanted.
pub(crate) struct Keeper<'a> {
    nl80211: &'a Nl80211,
    name: InterfaceName,
    plan: Plan,
    wanted: bool,
    changed: Option<Changed>,
    /// The last trouble that was told.
    told: String,
}

/// The cell is no longer as it was.
struct Changed {
    record: Record,
    /// All that was to be changed has been.
    whole: bool,
}

impl<'a> Keeper<'a> {
    /// The cell is as it was.
    pub(crate) const fn new(nl80211: &'a Nl80211, name: InterfaceName, plan: Plan) -> Self {
        Self {
            nl80211,
            name,
            plan,
            wanted: false,
            changed: None,
            told: String::new(),
        }
    }

    /// Whether the profile should be in force; [`Keeper::settle`] sees to it.
    pub(crate) const fn want(&mut self, wanted: bool) {
        self.wanted = wanted;
    }

    /// Makes the cell as it is wanted. What fails is tried again at the next call.
    pub(crate) async fn settle(&mut self, interface: &Interface) {
        if let Some(changed) = &self.changed
            && !changed.record.is_current()
        {
            tracing::info!("hostapd is a new one: its parameters are its own");
            record::forget(&self.name);
            self.changed = None;
        }
        let is_whole = self.changed.as_ref().is_some_and(|changed| changed.whole);
        let outcome = match (self.plan.profile, self.wanted) {
            (Some(profile), true) if !is_whole => self.put_in_force(profile, interface).await,
            (_, false) if self.changed.is_some() => self.put_back().await,
            _ => return,
        };
        match outcome {
            Ok(()) => self.told.clear(),
            Err(error) => {
                let text = format!("{error:#}");
                if self.told != text {
                    tracing::warn!("the 802.11e profile is not as it should be: {text}");
                    self.told = text;
                }
            }
        }
    }

    async fn put_in_force(
        &mut self,
        profile: Profile,
        interface: &Interface,
    ) -> anyhow::Result<()> {
        let path = self.plan.control.as_deref();
        let control = cell::connect(&self.name, path, interface).await;
        let mut control = control.context(
            "hostapd does not answer: write ctrl_interface=/run/hostapd into its configuration, \
             or name its socket with --hostapd",
        )?;
        let is_new = self.changed.is_none();
        if is_new {
            let Some(record) = self.look_up()? else {
                // No 802.11e in this cell: it stays as it is.
                self.plan.profile = None;
                return Ok(());
            };
            record::write(&self.name, &record)?;
            self.changed = Some(Changed {
                record,
                whole: false,
            });
        }
        let Some(Changed { record, whole }) = &mut self.changed else {
            return Ok(());
        };
        let now = profile.apply(&record.before, self.plan.dsss);
        let known = is_new.then_some(&record.before);
        if let Err(error) = tell(&mut control, &now, known).await {
            // A value that is refused once is refused again: rather none than half of it.
            let back = put_back(&mut control, self.nl80211, interface.index, &record.before).await;
            if back.is_ok() {
                record::forget(&self.name);
                self.changed = None;
                self.plan.profile = None;
            }
            return Err(error.context("hostapd refused; the cell stays without"));
        }
        *whole = true;
        tracing::info!("the {profile:?} 802.11e profile is in force");
        let own = self.nl80211.set_transmit_queues(interface.index, &now.own);
        own.await
            .context("the access point's own queues stay as they were")
    }

    /// Who serves the cell by which parameters; `None` without 802.11e.
    fn look_up(&self) -> anyhow::Result<Option<Record>> {
        let hostapd = Hostapd::find(&self.name, self.plan.config.as_deref());
        let Some(hostapd) = hostapd else {
            bail!(
                "what hostapd was configured with is not known, so that it could not be put back: \
                 write hostapd-config = \"/path/of/hostapd.conf\" under [cell], or wmm-profile = \
                 \"off\""
            );
        };
        let settings = Settings::parse(&hostapd.config)?;
        let control = self.plan.control.clone();
        Ok(settings.wmm.then(|| Record {
            hostapd: hostapd.identity,
            control: control.unwrap_or_else(|| cell::hostapd_path(&self.name)),
            before: settings.parameters,
        }))
    }

    async fn put_back(&mut self) -> anyhow::Result<()> {
        let Some(Changed { record, .. }) = &self.changed else {
            return Ok(());
        };
        restore(self.nl80211, &self.name, record).await?;
        record::forget(&self.name);
        self.changed = None;
        tracing::info!("the 802.11e parameters are as before");
        Ok(())
    }
}

/// Whether the profile could be put in force and taken back.
pub(crate) fn prospect(name: &InterfaceName, config: Option<&Path>) -> Result<String, String> {
    let hostapd = Hostapd::find(name, config).ok_or(
        "what hostapd was configured with is not known: write hostapd-config = \
         \"/path/of/hostapd.conf\" under [cell]",
    )?;
    let settings = Settings::parse(&hostapd.config).map_err(|error| error.to_string())?;
    Ok(if settings.wmm {
        "hostapd's parameters are known, and can be put back after token mode".into()
    } else {
        "this cell has no 802.11e: write wmm_enabled=1 into hostapd's configuration to have it"
            .into()
    })
}

/// Puts back what a killed predecessor changed; true if there was something.
///
/// # Errors
/// It is still changed: the next start tries again.
pub(crate) async fn repair(nl80211: &Nl80211, name: &InterfaceName) -> anyhow::Result<bool> {
    let record = match record::read(name) {
        Ok(Some(record)) => record,
        Ok(None) => return Ok(false),
        Err(error) => {
            record::forget(name);
            return Err(error.context("restart hostapd, which then begins with its own"));
        }
    };
    // A hostapd that was started since has begun with its own.
    let is_current = record.is_current();
    if is_current {
        restore(nl80211, name, &record).await?;
    }
    record::forget(name);
    Ok(is_current)
}

async fn restore(nl80211: &Nl80211, name: &InterfaceName, record: &Record) -> anyhow::Result<()> {
    let mut control = Control::connect(&record.control).await?;
    let index = Link::read(name)?.index;
    put_back(&mut control, nl80211, index, &record.before).await
}

async fn put_back(
    control: &mut Control,
    nl80211: &Nl80211,
    index: u32,
    before: &Parameters,
) -> anyhow::Result<()> {
    // Everything: nobody knows how far a change got.
    let told = tell(control, before, None).await;
    // A driver that does not take them has not been changed either.
    if let Err(error) = nl80211.set_transmit_queues(index, &before.own).await {
        tracing::debug!("{error}");
    }
    told
}

/// Has hostapd announce the stations' table.
async fn tell(
    control: &mut Control,
    parameters: &Parameters,
    before: Option<&Parameters>,
) -> anyhow::Result<()> {
    let before = before.map(|before| &before.stations);
    for order in parameters.stations.orders(before) {
        control.order(&order).await?;
    }
    Ok(())
}

impl Record {
    /// The hostapd that was changed still runs.
    fn is_current(&self) -> bool {
        Identity::of(self.hostapd.pid) == Some(self.hostapd)
    }
}
