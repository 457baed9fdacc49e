//! The answerer's loop: sockets and threads around [`AnswerMachine`].

use std::collections::BTreeMap;
use std::hash::RandomState;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{AnswerMachine, Event, Key, Limits};
use crate::pace::{Job, Sender, aligned_start};
use crate::report::{AnsweredCall, Parting, StreamSummary};
use crate::sys::{SysError, boot_id, drain, now_ns, plain, udp_socket, wait_readable};

/// Longest sleep, nanoseconds: how soon a stop request or a sender's end is noticed.
const TICK_NS: u64 = 50_000_000;

/// How to answer.
#[derive(Debug, Clone)]
pub struct AnswerOptions {
    /// Local address; `None` is any, IPv6 included where the kernel has it.
    pub bind: Option<IpAddr>,
    /// Voice port; control is the next one up.
    pub port: u16,
    /// DSCP of what is sent.
    pub dscp: u8,
    /// Return after the first call, or the first calls if they overlap.
    pub once: bool,
    /// Tell in reports what became of each packet.
    pub each_packet: bool,
    /// What callers may ask for.
    pub limits: Limits,
}

/// Something to tell the user.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// Ready at this voice address.
    Listening(SocketAddr),
    /// A call began.
    Began(Key),
    /// A call ended.
    Ended(Key, Option<StreamSummary>, Box<AnsweredCall>),
}

/// Answers calls until `stop` is set, or with `once` until a call is over. Returns
/// whether every call that began ended with its report delivered.
///
/// # Errors
/// When the ports cannot be used or the kernel refuses a thread.
pub fn answer(
    options: &AnswerOptions,
    stop: &Arc<AtomicBool>,
    mut notify: impl FnMut(Notice),
) -> Result<bool, SysError> {
    let (voice, control) = bind(options)?;
    let address = voice.local_addr().map_err(SysError::call("getsockname"))?;
    notify(Notice::Listening(address));
    let mut machine = AnswerMachine::new(
        options.limits,
        RandomState::new(),
        boot_id(),
        address.port(),
    )
    .telling_each_packet(options.each_packet);
    let mut senders: BTreeMap<Key, Sender> = BTreeMap::new();
    let mut halting: Vec<Key> = Vec::new();
    let (mut some_ended, mut all_delivered) = (false, true);
    loop {
        let stopped = stop.load(Ordering::Relaxed);
        if stopped {
            machine.stop();
        }
        if options.once && some_ended && senders.is_empty() {
            break;
        }
        let now = now_ns();
        let wait = machine
            .poll_timeout()
            .map_or(TICK_NS, |at| at.saturating_sub(now).min(TICK_NS));
        wait_readable(&[&voice, &control], wait)?;
        drain(
            &control,
            |now, from, bytes| machine.handle_control(now, from, bytes),
            |_| {},
        );
        drain(
            &voice,
            |now, from, bytes| machine.handle_voice(now, from, bytes),
            |_| {},
        );
        machine.handle_timeout(now_ns());
        halting.retain(|key| match senders.get(key) {
            Some(sender) if !sender.is_finished() => true,
            Some(sender) => {
                machine.sender_stopped(now_ns(), *key, sender.report());
                false
            }
            None => false,
        });
        while let Some(event) = machine.poll_event() {
            match event {
                Event::Begin {
                    key,
                    to,
                    stream,
                    packets,
                    phase_ns,
                } => {
                    let start_ns = aligned_start(now_ns(), stream.profile.packet_ns(), phase_ns);
                    let socket = voice.try_clone().map_err(SysError::call("dup"))?;
                    let job = Job {
                        socket,
                        to,
                        stream,
                        packets,
                        start_ns,
                    };
                    senders.insert(key, Sender::spawn(job).map_err(SysError::call("thread"))?);
                    notify(Notice::Began(key));
                }
                Event::Halt(key) => {
                    if let Some(sender) = senders.get(&key) {
                        sender.stop();
                    }
                    halting.push(key);
                }
                Event::Ended { key, how, heard } => {
                    if let Some(sender) = senders.remove(&key) {
                        some_ended = true;
                        all_delivered &= matches!(how, Parting::Done | Parting::Stopped);
                        let summary = heard
                            .as_ref()
                            .map(|heard| StreamSummary::of(&heard.0, heard.1));
                        let call = AnsweredCall {
                            caller: plain(key.0).to_string(),
                            session: key.1.to_string(),
                            how,
                            sender: sender.report(),
                            stream: heard.map(|heard| heard.0),
                        };
                        notify(Notice::Ended(key, summary, Box::new(call)));
                    }
                }
            }
        }
        if stopped {
            break;
        }
        while let Some((to, session, message)) = machine.poll_transmit() {
            // The caller repeats what is lost here.
            let _ = control.send_to(&message.encode(session), to);
        }
    }
    Ok(all_delivered)
}

fn bind(options: &AnswerOptions) -> Result<(UdpSocket, UdpSocket), SysError> {
    let both = |ip: IpAddr| {
        let at = |port| SocketAddr::new(ip, port);
        let voice = udp_socket("voice", at(options.port), options.dscp)?;
        let control = udp_socket("control", at(options.port.saturating_add(1)), 0)?;
        Ok((voice, control))
    };
    match options.bind {
        Some(ip) => both(ip),
        None => both(Ipv6Addr::UNSPECIFIED.into()).or_else(|error| match error {
            // No IPv6 in this kernel.
            SysError::Bind { source, .. } if source.kind() != std::io::ErrorKind::AddrInUse => {
                both(Ipv4Addr::UNSPECIFIED.into())
            }
            error => Err(error),
        }),
    }
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listening(at) => {
                write!(
                    f,
                    "answering calls at {} (control: port {})",
                    plain(*at),
                    at.port() + 1
                )
            }
            Self::Began((from, session)) => write!(f, "call {session} from {} began", plain(*from)),
            Self::Ended((from, session), summary, call) => {
                let how = match call.how {
                    Parting::Done => "is over",
                    Parting::Vanished => "broke off: the caller fell silent",
                    Parting::Unconfirmed => "is over, but the caller did not fetch its report",
                    Parting::Stopped => "broke off: answering was stopped",
                };
                write!(f, "call {session} from {} {how}", plain(*from))?;
                let Some(StreamSummary {
                    sent,
                    received,
                    lost,
                    mos,
                }) = summary
                else {
                    return Ok(());
                };
                write!(
                    f,
                    "; of {sent} packets {received} came, {lost} lost, MOS {mos:.2}"
                )
            }
        }
    }
}
