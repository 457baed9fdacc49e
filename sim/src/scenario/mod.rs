//! Scenario files: who is there, what happens, what must hold.
//!
//! A scenario is TOML with keys in kebab-case; a key that is not known is an error. It names
//! nothing of the machine it runs on, so that another medium can run the same file.

mod action;
mod check;
mod expand;
mod locate;
mod topology;
mod units;
mod validate;

pub use action::{Arm, Congestion, Deed, Event, Over, RoamBy, Traffic, TrafficKind};
pub use check::{Check, Relation};
pub use topology::{
    Access, Ap, Mac, Medium, MediumKind, Mode, PathLoss, Phy, Security, Station, Vice, WIRE,
    Waypoint, WmmProfile,
};
pub use units::{Percent, Rate, Span};

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A scenario that has passed every check that does not need to run it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scenario {
    /// Short name, used for the output folder.
    pub name: String,
    /// One sentence: what is shown.
    #[serde(default)]
    pub title: String,
    /// Time between the start of the daemons and the start of the clock of traffic and events.
    #[serde(default = "settle")]
    pub settle: Span,
    /// What is sent in the first so much of a flow does not count in the simulator's figures.
    #[serde(default)]
    pub warm_up: Span,
    /// What is sent in the last so much of a flow does not count in the simulator's figures.
    #[serde(default)]
    pub cool_down: Span,
    /// Whether the daemons record every input and output, to `logs/NODE-DAEMON.jsonl`.
    #[serde(default)]
    pub record: bool,
    /// What carries the frames.
    #[serde(default)]
    pub medium: Medium,
    /// Access points.
    #[serde(default)]
    pub ap: Vec<Ap>,
    /// Stations.
    #[serde(default)]
    pub station: Vec<Station>,
    /// Configuration text of `rether-ap`. `{NODE.ip}` and `{NODE.mac}` stand for the addresses
    /// of a node.
    pub policy: Option<String>,
    /// A file that holds that text instead, relative to the scenario.
    pub policy_file: Option<PathBuf>,
    /// Flows.
    #[serde(default)]
    pub traffic: Vec<Traffic>,
    /// Events.
    #[serde(default)]
    pub event: Vec<Event>,
    /// Arms, in the order they are run; by default one named `main`, with daemons.
    #[serde(default)]
    pub arm: Vec<Arm>,
    /// What must hold.
    #[serde(default)]
    pub check: Vec<Check>,
}

const fn settle() -> Span {
    Span::from_millis(1000)
}

/// Why a scenario was refused. Its text names the file, the line, the key and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML, or a key or value that is not known.
    #[error("{origin}: {source}")]
    Syntax {
        /// The file.
        origin: String,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// Well-formed, but it cannot be run.
    #[error("{origin}:{line}: {key}: {text}")]
    Meaning {
        /// The file.
        origin: String,
        /// Line number, from 1.
        line: usize,
        /// The key, as `traffic[2].from`.
        key: String,
        /// What is wrong and what to write instead.
        text: String,
    },
}

fn read(path: &Path) -> Result<String, ScenarioError> {
    std::fs::read_to_string(path).map_err(|source| ScenarioError::Read {
        path: path.to_owned(),
        source,
    })
}

impl Scenario {
    /// Reads, parses and validates the file at `path`, with the policy file it names.
    ///
    /// # Errors
    /// See [`ScenarioError`].
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        Self::parse_as(&read(path)?, path)
    }

    /// Parses and validates `text` as if it stood in the file at `path`, with the policy file it
    /// names.
    ///
    /// # Errors
    /// See [`ScenarioError`].
    pub fn parse_as(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let mut scenario = Self::parse(text, &path.display().to_string())?;
        if let Some(file) = scenario.policy_file.take() {
            let folder = path.parent().unwrap_or_else(|| Path::new("."));
            scenario.policy = Some(read(&folder.join(file))?);
        }
        Ok(scenario)
    }

    /// Parses and validates `text`; `origin` stands for the file in error texts.
    ///
    /// # Errors
    /// See [`ScenarioError`].
    pub fn parse(text: &str, origin: &str) -> Result<Self, ScenarioError> {
        let mut scenario: Self = toml::from_str(text).map_err(|source| ScenarioError::Syntax {
            origin: origin.to_owned(),
            source: Box::new(source),
        })?;
        if scenario.arm.is_empty() {
            scenario.arm.push(Arm {
                name: "main".to_owned(),
                daemons: true,
                roam: None,
            });
        }
        let meaning = |fault: validate::Fault| ScenarioError::Meaning {
            origin: origin.to_owned(),
            line: locate::line(text, fault.table, fault.index, fault.key),
            key: fault.key_path(),
            text: fault.text,
        };
        if let Some(fault) = expand::fault(&scenario) {
            return Err(meaning(fault));
        }
        let origins = expand::expand(&mut scenario);
        match validate::validate(&scenario) {
            None => Ok(scenario),
            Some(mut fault) => {
                fault.index = origins.written(fault.table, fault.index);
                Err(meaning(fault))
            }
        }
    }

    /// The access point of that name.
    #[must_use]
    pub fn find_ap(&self, name: &str) -> Option<&Ap> {
        self.ap.iter().find(|ap| ap.name == name)
    }

    /// The station of that name.
    #[must_use]
    pub fn find_station(&self, name: &str) -> Option<&Station> {
        self.station.iter().find(|station| station.name == name)
    }

    /// Whether any arm runs the daemons.
    #[must_use]
    pub fn needs_daemons(&self) -> bool {
        self.arm.iter().any(|arm| arm.daemons)
    }

    /// What it asks for that the simulator does not honour, if anything.
    #[must_use]
    pub fn lab_only(&self) -> Option<&'static str> {
        let probe = |flow: &Traffic| flow.kind == TrafficKind::Probe;
        if self.ap.iter().any(|ap| ap.security != Security::Open) {
            Some("`security`: frames are not encrypted here")
        } else if self.ap.iter().any(|ap| ap.mode != Mode::Bridge) {
            Some("`mode = \"routed\"` and `mode = \"edge\"`")
        } else if self.ap.iter().any(|ap| ap.site.is_some()) {
            Some("`site`: a station stays in its cell here")
        } else if self.event.iter().any(|event| event.deed == Deed::Roam) {
            Some("the event `roam`: a station stays in its cell here")
        } else if self.station.iter().any(|station| station.bgscan.is_some()) {
            Some("`bgscan`")
        } else if self.station.iter().any(|station| station.config.is_some()) {
            Some("`config` of a station")
        } else if self.ap.iter().any(|ap| ap.policy.is_some()) {
            Some("`policy` of one access point: it has one for all")
        } else if self.traffic.iter().any(probe) {
            Some("traffic of the kind `probe`; here it is `voice` or `udp`")
        } else if self.medium.capture {
            Some("`medium.capture`; here it is `rether-sim run --pcap FILE`")
        } else {
            self.record.then_some("`record`")
        }
    }

    /// What it asks for that a real machine cannot be told, if anything.
    #[must_use]
    pub fn simulator_only(&self) -> Option<&'static str> {
        let video = |flow: &Traffic| flow.kind == TrafficKind::Video;
        if self.traffic.iter().any(video) {
            Some("traffic of the kind `video`")
        } else if self.ap.iter().any(|ap| ap.mac != Mac::default()) {
            Some("the table `ap.mac`")
        } else if self.warm_up != Span::default() || self.cool_down != Span::default() {
            Some("`warm-up` and `cool-down`")
        } else if self.ap.iter().any(|ap| ap.wmm_profile.is_some()) {
            Some("`wmm-profile`")
        } else if self.station.iter().any(|station| station.vice.is_some()) {
            Some("`vice`")
        } else if self.event.iter().any(|event| event.deed == Deed::SetRate) {
            Some("the event `set-rate`")
        } else {
            None
        }
    }

    /// Whether any flow is made by `rether-voip`.
    #[must_use]
    pub fn needs_voice(&self) -> bool {
        let kinds = [TrafficKind::Voice, TrafficKind::Probe];
        self.traffic.iter().any(|flow| kinds.contains(&flow.kind))
    }

    /// The access points of the site that `station` belongs to, in their order.
    pub fn site_of<'a>(&'a self, station: &Station) -> impl Iterator<Item = &'a Ap> + Clone + 'a {
        let site = self.find_ap(&station.ap).map(Ap::site);
        self.ap.iter().filter(move |ap| Some(ap.site()) == site)
    }

    /// Whether any station can roam.
    #[must_use]
    pub fn may_roam(&self) -> bool {
        let several = |station: &Station| self.site_of(station).nth(1).is_some();
        self.station.iter().any(several)
    }
}

#[cfg(test)]
mod tests;
