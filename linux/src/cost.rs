//! What a thread's work costs: processor time, and how much of it goes into netlink requests and into
//! packets.
//!
//! Under `qemu -icount` a nanosecond of processor time is an instruction. What the kernel does for a
//! thread in system calls and, at their end, in soft interrupts is in it.

use std::cell::Cell;

use rether_proto::time::{Duration, Instant};
use rustix::time::ClockId;

use crate::clock;

/// What a thread has spent so far; two of these tell what it did between them.
///
/// A request is what the kernel is asked to do in one call and acknowledges: changes of routes,
/// neighbours and bridge entries, of the set of stations that are caught. What is only read is none,
/// and neither are verdicts on packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Netlink requests.
    pub requests: u64,
    /// Processor time in them, from the system call that sends one to the one that has its answer.
    pub netlink: Duration,
    /// The same by the clock, with what other threads did meanwhile.
    pub netlink_time: Duration,
    /// When the last one was answered.
    pub answered: Instant,
    /// Processor time of the whole thread by then.
    pub processor: Duration,
    /// Processor time in [`packets`].
    pub packets: Duration,
}

thread_local! {
    static SPENT: Cell<Spent> = const {
        Cell::new(Spent {
            requests: 0,
            netlink: Duration::ZERO,
            netlink_time: Duration::ZERO,
            answered: Instant::ZERO,
            processor: Duration::ZERO,
            packets: Duration::ZERO,
        })
    };
}

/// Processor time that this thread has used (`CLOCK_THREAD_CPUTIME_ID`).
#[must_use]
pub fn processor() -> Duration {
    Duration::from_nanos(clock::nanos(ClockId::ThreadCPUTime))
}

/// What this thread has spent.
#[must_use]
pub fn spent() -> Spent {
    SPENT.get()
}

/// Does `work`, which reads, sends or decides on packets and makes no request, and counts what it takes.
pub fn packets<T>(work: impl FnOnce() -> T) -> T {
    packets_if(|| (true, work()))
}

/// The same for work that knows only at its end whether it was about packets.
pub fn packets_if<T>(work: impl FnOnce() -> (bool, T)) -> T {
    let before = processor();
    let (was, result) = work();
    if was {
        let took = processor() - before;
        let so_far = SPENT.get();
        SPENT.set(Spent {
            packets: so_far.packets + took,
            ..so_far
        });
    }
    result
}

/// Makes a request, and counts it.
pub(crate) fn request<T>(call: impl FnOnce() -> T) -> T {
    let (begin, before) = (clock::now(), processor());
    let result = call();
    let (processor, answered) = (processor(), clock::now());
    let so_far = SPENT.get();
    SPENT.set(Spent {
        requests: so_far.requests + 1,
        netlink: so_far.netlink + (processor - before),
        netlink_time: so_far.netlink_time + answered.since(begin),
        answered,
        processor,
        packets: so_far.packets,
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses processor time, and says how much.
    fn busy() -> Duration {
        let begin = processor();
        loop {
            let used = processor() - begin;
            if used >= Duration::from_micros(20) {
                return used;
            }
        }
    }

    #[test]
    fn requests_and_packets_are_told_apart() {
        let (begin, before) = (processor(), spent());
        let asked = request(busy) + request(busy);
        let carried = packets(busy);
        let after = spent();
        assert_eq!(after.requests - before.requests, 2);
        let (netlink, packets) = (
            after.netlink - before.netlink,
            after.packets - before.packets,
        );
        assert!(netlink >= asked && packets >= carried);
        // What is in the requests is over when the last one is answered; the packets came later.
        assert!(after.processor >= begin + netlink);
        assert!(processor() >= after.processor + packets);
        assert!(after.answered <= clock::now());
        packets_if(|| (false, busy()));
        assert_eq!(spent(), after);
        packets_if(|| (true, busy()));
        assert!(spent().packets > after.packets);
    }

    #[test]
    fn a_request_of_the_kernel_counts_where_it_was_made() {
        let socket = crate::netlink::socket::NetlinkSocket::open(libc::NETLINK_ROUTE, 0).unwrap();
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
        let mut request = Vec::new();
        crate::netlink::Message::begin(&mut request, libc::RTM_GETLINK, flags, 7, &[0; 16]);
        let ask = move || {
            let before = spent();
            let codes = socket.ask(&request, 7, 1).unwrap();
            // Interface number 0 is none.
            assert_eq!(codes, [libc::EINVAL]);
            (spent().requests - before.requests, spent().netlink)
        };
        let before = spent();
        let elsewhere = std::thread::spawn(ask);
        let (requests, netlink) = elsewhere.join().unwrap();
        assert_eq!(requests, 1);
        assert!(netlink > Duration::ZERO);
        assert_eq!(spent(), before);
    }
}
