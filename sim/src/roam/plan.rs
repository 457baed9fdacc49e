//! What a run of the roaming world does.

use rether_handoff::wire::Kind;
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
    /// An agent that chooses by itself where it goes.
    Lead,
}

/// Which datagrams between access points a fault hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    #[default]
    All,
    /// Those of handshakes.
    Handshakes,
    /// Messages of one kind.
    Messages(Kind),
}

impl Which {
    /// Whether it hits a datagram in which this is sealed.
    pub(super) fn hits(self, kind: Option<Kind>) -> bool {
        match self {
            Self::All => true,
            Self::Handshakes => kind.is_none(),
            Self::Messages(only) => kind == Some(only),
        }
    }
}

/// What dies of an access point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Death {
    /// All of it: its radio, and its place on the wire.
    #[default]
    Box,
    /// The daemon: nothing is caught any more, and what it held is lost; the radio goes on.
    Daemon,
    /// The same, but it is started again so long after.
    Restart(Duration),
}

/// What access points have left for the promises of stations that come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// Enough.
    #[default]
    Enough,
    /// For the first promise of a station only.
    Partial,
    /// For none.
    None,
}

/// What somebody on the wire does who does not know the key of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hostile {
    /// Changes copies of datagrams.
    Forges,
    /// Sends datagrams again, up to 200 ms later.
    Replays,
    /// Begins sessions with another key.
    WrongKey,
}

/// What an access point says that is authentic, and not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// It claims a station with an epoch that is over.
    Rollback,
    /// It has the station in the same epoch.
    Equal,
}

/// What goes wrong. Probabilities are in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Which datagrams the next five hit.
    pub only: Which,
    /// Of datagrams between access points that are lost.
    pub drop: u16,
    /// That come twice.
    pub duplicate: u16,
    /// That are late, each for itself, so that they overtake each other.
    pub late: u16,
    /// By so much at least.
    pub least: Duration,
    /// And by less than this more.
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
    /// Up to so much later, drawn for each run.
    pub within: Duration,
    /// What dies of it.
    pub death: Death,
    /// Access points cannot reach each other from then on, counted likewise.
    pub partition: Option<Duration>,
    /// Until so long after.
    pub heals: Option<Duration>,
    /// What access points have left for promises.
    pub room: Room,
    /// Only the first candidate has no more than that.
    pub only_first: bool,
    /// Somebody on the wire.
    pub hostile: Option<Hostile>,
    /// Something authentic that is wrong, in mid-handoff.
    pub stale: Option<Stale>,
    /// Packets of bulk to the station, so long after one another.
    pub bulk: Option<Duration>,
    /// Addresses of each family that each station has besides the one in use.
    pub addresses: u8,
    /// It has another address in mid-handoff, and its packets go there.
    pub readdress: bool,
    /// The address in use is of IPv6.
    pub ipv6: bool,
    /// Multicast groups that each station listens to.
    pub groups: u8,
    /// Of what the radio tells of stations that come: lost, until somebody looks.
    pub unheard: u16,
    /// Somebody looks within so long.
    pub look: Duration,
    /// A DHCP lease that ends so long after the station began to leave.
    pub lease: Option<Duration>,
}

impl Faults {
    /// Whether sessions between access points are hit while they are set up.
    pub(super) const fn hit_handshakes(&self) -> bool {
        let any = self.drop > 0 || self.duplicate > 0 || self.late > 0;
        (any && !matches!(self.only, Which::Messages(_))) || self.hostile.is_some()
    }
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

impl Plan {
    /// Access points, and where routes have their beginning: one more that has no radio.
    pub(super) const fn hosts(&self) -> usize {
        self.aps as usize + matches!(self.subnets, Subnets::Many) as usize
    }
}
