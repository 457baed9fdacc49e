//! What a run of the roaming world does.

use rether_proto::time::Duration;

/// How packets find the station.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subnets {
    /// One: a switch learns where the station is.
    #[default]
    One,
    /// Each access point is in one of its own: routes.
    Many,
}

/// Who is at the station.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Client {
    /// An agent, which announces that it leaves.
    #[default]
    Agent,
    /// An agent whose link is lost first.
    Surprised,
    /// None: it moves without a word.
    Plain,
}

/// What goes wrong. Probabilities are in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Of datagrams between access points.
    pub drop: u16,
    /// Likewise: come twice.
    pub duplicate: u16,
    /// They take up to so much longer, each for itself, so that they overtake each other.
    pub delay: Duration,
    /// Of LEAVE and GO.
    pub air: u16,
    /// The station prepares one access point and goes to another.
    pub wrong_candidate: bool,
    /// It prepares, leaves, and stays.
    pub stays: bool,
    /// The old access point dies so long after the station began to leave.
    pub old_dies: Option<Duration>,
    /// The new one does; the station comes back.
    pub new_dies: Option<Duration>,
    /// Access points cannot reach each other from then on, counted likewise.
    pub partition: Option<Duration>,
    /// Access points have no room for any promise.
    pub full: bool,
}

/// A run: stations move from one access point to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Access points.
    pub aps: u16,
    /// Subnets behind them.
    pub subnets: Subnets,
    /// Stations.
    pub stations: u16,
    /// What they are.
    pub client: Client,
    /// Moves of each.
    pub moves: u16,
    /// Time between two.
    pub every: Duration,
    /// Stations begin so long after one another.
    pub stagger: Duration,
    /// Time between two packets, each way.
    pub interval: Duration,
    /// How long the radio is away.
    pub radio: Duration,
    /// How long keys take.
    pub keys: Duration,
    /// Whether Rether runs; without it, packets are sent whatever the radio does.
    pub rether: bool,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for Plan {
    /// One station walks between three access points of one subnet, with 200 packets a second.
    fn default() -> Self {
        Self {
            aps: 3,
            subnets: Subnets::One,
            stations: 1,
            client: Client::Agent,
            moves: 4,
            every: Duration::from_millis(300),
            stagger: Duration::ZERO,
            interval: Duration::from_millis(5),
            radio: Duration::from_millis(15),
            keys: Duration::from_millis(5),
            rether: true,
            faults: Faults::default(),
        }
    }
}
