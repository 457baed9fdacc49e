//! The caller's loop: sockets and threads around [`CallMachine`].

use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::live::Live;
use super::{CallMachine, Patience, Plan, Stage};
use crate::clock::ClockChoice;
use crate::control::{Media, Message, Offer, SessionId};
use crate::pace::{Job, Sender, aligned_start};
use crate::packet::StreamId;
use crate::profile::Profile;
use crate::report::{CallReport, ClockReport, Direction, Ending};
use crate::stats::{StreamSpec, StreamStats};
use crate::sys::{SysError, boot_id, drain, now_ns, random_u64, udp_socket, wait_readable};

const MS: u64 = 1_000_000;
/// Longest sleep: how soon a stop request or a sender's end is noticed.
const TICK_NS: u64 = 50 * MS;
/// Time between live lines.
const LIVE_NS: u64 = 1_000 * MS;
/// Wait for stragglers after the last packet was sent and would have been late.
/// What a handoff held back comes within this.
const GRACE_NS: u64 = 1_000 * MS;

/// How to call.
#[derive(Debug, Clone)]
pub struct CallOptions {
    /// Name or address of the answerer.
    pub host: String,
    /// Its voice port; control is the next one up.
    pub port: u16,
    /// Local address; `None` is any.
    pub bind: Option<IpAddr>,
    /// Local voice port of the first call, each further one two up; control is the
    /// next one up. 0 is any.
    pub local_port: u16,
    /// Codec, packet time and size.
    pub profile: Profile,
    /// Length of the calls.
    pub duration: Duration,
    /// How many calls at once.
    pub calls: u16,
    /// Packets slower than this are late.
    pub late: Duration,
    /// How to measure one-way delay.
    pub clock: ClockChoice,
    /// DSCP of what is sent.
    pub dscp: u8,
    /// Tell in the report what became of each packet that comes.
    pub each_packet: bool,
    /// How long to wait for what.
    pub patience: Patience,
}

/// Places the calls and returns how each went. `live` is told once a second how
/// they stand. When `stop` is set, the calls are ended early, with their reports.
///
/// # Errors
/// When the host is unknown, a port cannot be used or the kernel refuses a thread.
pub fn call(
    options: &CallOptions,
    stop: &AtomicBool,
    mut live: impl FnMut(Live),
) -> Result<Vec<CallReport>, SysError> {
    let remote = resolve(options)?;
    let mut calls = (0..options.calls)
        .map(|index| Call::place(options, remote, index))
        .collect::<Result<Vec<_>, _>>()?;
    let began = now_ns();
    let mut live_at = began + LIVE_NS;
    while calls.iter().any(|call| !call.is_over()) {
        let now = now_ns();
        let next = calls
            .iter()
            .filter_map(|call| call.machine.poll_timeout())
            .min();
        let wait = next.map_or(TICK_NS, |at| at.saturating_sub(now).min(TICK_NS));
        // What still comes for a call that is over is not read and must not wake us.
        let open = calls.iter().filter(|call| !call.is_over());
        let sockets: Vec<&UdpSocket> = open.flat_map(|call| [&call.voice, &call.control]).collect();
        wait_readable(&sockets, wait)?;
        for call in &mut calls {
            call.work(stop.load(Ordering::Relaxed))?;
        }
        let now = now_ns();
        if now >= live_at {
            live_at += LIVE_NS;
            let states = calls
                .iter()
                .map(|call| (&call.machine, call.stats.as_ref()));
            live(Live::of(now - began, states));
        }
    }
    Ok(calls.iter().map(Call::report).collect())
}

/// One call with its sockets.
struct Call {
    number: u32,
    remote: SocketAddr,
    phase_ns: u64,
    packets: u32,
    each_packet: bool,
    machine: CallMachine,
    voice: UdpSocket,
    control: UdpSocket,
    local: SocketAddr,
    /// The stream from the answerer, once it may come.
    stats: Option<StreamStats>,
    incoming: Option<StreamId>,
    sender: Option<Sender>,
    start_ns: u64,
    /// When the call was over, to know what a silent answerer should have sent.
    ended_ns: Option<u64>,
    bad: u64,
}

impl Call {
    fn place(options: &CallOptions, remote: SocketAddr, index: u16) -> Result<Self, SysError> {
        let any = if remote.is_ipv4() {
            IpAddr::from([0; 4])
        } else {
            IpAddr::from([0; 16])
        };
        let ip = options.bind.unwrap_or(any);
        let port = |up: u16| match options.local_port {
            0 => 0,
            first => first.saturating_add(2 * index + up),
        };
        let voice = udp_socket("voice", SocketAddr::new(ip, port(0)), options.dscp)?;
        let control = udp_socket("control", SocketAddr::new(ip, port(1)), 0)?;
        let mut control_address = remote;
        control_address.set_port(remote.port().saturating_add(1));
        // Connected, so that the kernel tells if nothing listens there.
        control
            .connect(control_address)
            .map_err(SysError::call("connect"))?;
        let local_ip = control
            .local_addr()
            .map_err(SysError::call("getsockname"))?
            .ip();
        let local_port = voice
            .local_addr()
            .map_err(SysError::call("getsockname"))?
            .port();
        let random = random_u64()?;
        let media = Media {
            port: local_port,
            ssrc: random as u32,
            first_sequence: (random >> 32) as u16,
        };
        let duration_ms = u32::try_from(options.duration.as_millis()).unwrap_or(u32::MAX);
        let late_ms = u32::try_from(options.late.as_millis()).unwrap_or(u32::MAX);
        let profile = options.profile;
        let phase_ns = profile.packet_ns() * u64::from(index) / u64::from(options.calls);
        let plan = Plan {
            session: SessionId(random_u64()?),
            offer: Offer {
                profile,
                duration_ms,
                late_ms,
                media,
            },
            clock: options.clock,
            boot_id: boot_id(),
            phase_ns: u32::try_from(phase_ns).unwrap_or(0),
            patience: options.patience,
        };
        Ok(Self {
            number: u32::from(index) + 1,
            remote,
            phase_ns,
            packets: profile.packets_in(duration_ms),
            each_packet: options.each_packet,
            machine: CallMachine::new(now_ns(), plan),
            voice,
            control,
            local: SocketAddr::new(local_ip, local_port),
            stats: None,
            incoming: None,
            sender: None,
            start_ns: 0,
            ended_ns: None,
            bad: 0,
        })
    }

    const fn is_over(&self) -> bool {
        self.ended_ns.is_some()
    }

    /// Reads, does what is due, writes.
    fn work(&mut self, stop: bool) -> Result<(), SysError> {
        if self.is_over() {
            return Ok(());
        }
        self.read_control();
        self.machine.handle_timeout(now_ns());
        self.listen()?;
        self.read_voice();
        match self.machine.stage() {
            Stage::SettingUp if stop => self.machine.hang_up(now_ns(), 0, Ending::Interrupted),
            Stage::Talking(_) => self.talk(stop)?,
            _ => {}
        }
        while let Some(message) = self.machine.poll_transmit() {
            let sent = self
                .control
                .send(&message.encode(self.machine.plan().session));
            if sent.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused) {
                self.machine.port_unreachable();
            }
        }
        if matches!(self.machine.stage(), Stage::Over(_)) {
            self.ended_ns = Some(now_ns());
            if let Some(sender) = &self.sender {
                sender.stop();
            }
        }
        Ok(())
    }

    fn read_control(&mut self) {
        let Self {
            machine,
            bad,
            control,
            ..
        } = self;
        let session = machine.plan().session;
        let mut refused = false;
        drain(
            control,
            |now, _, bytes| match Message::decode(bytes) {
                Ok((id, message)) if id == session => machine.handle_message(now, message),
                _ => *bad += 1,
            },
            |kind| refused |= kind == std::io::ErrorKind::ConnectionRefused,
        );
        if refused {
            self.machine.port_unreachable();
        }
    }

    /// Gets ready to receive as soon as the clocks are agreed on: the answerer may
    /// send before its STARTED arrives.
    fn listen(&mut self) -> Result<(), SysError> {
        let (Some(agreed), Some(media)) = (self.machine.agreed_clock(), self.machine.media())
        else {
            return Ok(());
        };
        if self.stats.is_some() {
            return Ok(());
        }
        self.remote.set_port(media.port);
        self.voice
            .connect(self.remote)
            .map_err(SysError::call("connect"))?;
        let Plan { session, offer, .. } = *self.machine.plan();
        self.incoming = Some(stream(session, offer.profile, media));
        let stats = StreamStats::new(StreamSpec {
            profile: offer.profile,
            packets: self.packets,
            late_ms: offer.late_ms,
            offset_ns: agreed.offset.offset_ns.wrapping_neg(),
        });
        self.stats = Some(stats.telling_each(self.each_packet));
        Ok(())
    }

    fn read_voice(&mut self) {
        let Self {
            machine,
            stats,
            incoming,
            bad,
            voice,
            ..
        } = self;
        drain(
            voice,
            |now, _, bytes| match (stats.as_mut(), incoming.map(|id| id.parse(bytes))) {
                (Some(stats), Some(Ok(voice))) => {
                    stats.on_packet(voice, now);
                    machine.heard(now);
                }
                _ => *bad += 1,
            },
            |_| {},
        );
    }

    /// Starts the sender, and hangs up when all is sent and has had time to arrive.
    fn talk(&mut self, stop: bool) -> Result<(), SysError> {
        let Plan { session, offer, .. } = *self.machine.plan();
        let packet_ns = offer.profile.packet_ns();
        let Some(sender) = &self.sender else {
            self.start_ns = aligned_start(now_ns(), packet_ns, self.phase_ns);
            let job = Job {
                socket: self.voice.try_clone().map_err(SysError::call("dup"))?,
                to: self.remote,
                stream: stream(session, offer.profile, offer.media),
                packets: self.packets,
                start_ns: self.start_ns,
            };
            self.sender = Some(Sender::spawn(job).map_err(SysError::call("thread"))?);
            return Ok(());
        };
        if stop {
            sender.stop();
        }
        let ending = if stop {
            Ending::Interrupted
        } else {
            Ending::Completed
        };
        let last_ns = self.start_ns + u64::from(self.packets) * packet_ns;
        let settled_ns = last_ns + u64::from(offer.late_ms) * MS + GRACE_NS;
        if sender.is_finished() && (stop || now_ns() >= settled_ns) {
            let sent = sender.report().sent;
            self.machine.hang_up(now_ns(), sent, ending);
        }
        Ok(())
    }

    fn report(&self) -> CallReport {
        let machine = &self.machine;
        let ended = match machine.stage() {
            Stage::Over(ending) => ending,
            _ => Ending::PeerSilent,
        };
        let far = machine.far_report();
        let far_sent = far.map_or_else(|| self.scheduled(), |far| far.sender.sent);
        let clock = machine.agreed_clock().map(|agreed| ClockReport {
            basis: agreed.basis,
            offset_ms: agreed.offset.offset_ns as f64 / 1e6,
            error_ms: agreed.offset.error_ns as f64 / 1e6,
        });
        let own = self.sender.as_ref().map(Sender::report);
        CallReport {
            call: self.number,
            session: machine.plan().session.to_string(),
            local: self.local.to_string(),
            remote: self.remote.to_string(),
            ended,
            reason: machine.reason().map(str::to_owned),
            clock,
            rtt_ms: machine.clock().summary(),
            up: Direction {
                sender: own,
                stream: far.map(|far| far.stream.clone()),
            },
            down: Direction {
                sender: far.map(|far| far.sender),
                stream: self
                    .stats
                    .as_ref()
                    .filter(|_| self.sender.is_some())
                    .map(|stats| stats.report(far_sent)),
            },
            bad_datagrams: self.bad + far.map_or(0, |far| far.bad_datagrams),
        }
    }

    /// How many packets an answerer that did not tell should have sent by the end.
    fn scheduled(&self) -> u32 {
        let lasted = self
            .ended_ns
            .unwrap_or(self.start_ns)
            .saturating_sub(self.start_ns);
        let packets = lasted / self.machine.plan().offer.profile.packet_ns();
        u32::try_from(packets).unwrap_or(u32::MAX).min(self.packets)
    }
}

const fn stream(session: SessionId, profile: Profile, media: Media) -> StreamId {
    StreamId {
        profile,
        ssrc: media.ssrc,
        first_sequence: media.first_sequence,
        tag: session.tag(),
    }
}

fn resolve(options: &CallOptions) -> Result<SocketAddr, SysError> {
    let host = options.host.trim_start_matches('[').trim_end_matches(']');
    (host, options.port)
        .to_socket_addrs()
        .map_err(|source| SysError::Resolve {
            host: host.to_owned(),
            source,
        })?
        .find(|address| {
            options
                .bind
                .is_none_or(|ip| ip.is_ipv4() == address.is_ipv4())
        })
        .ok_or_else(|| SysError::Family(host.to_owned()))
}
