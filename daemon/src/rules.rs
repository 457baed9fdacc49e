//! A thread of its own for rule changes, because each takes milliseconds.
//!
//! Only the latest wish counts: when modes change faster than rules can, those between are
//! skipped. A change that fails is tried again; meanwhile either too many packets come to the
//! gate, and the core passes them on, or too few, and traffic flows ungated.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rether_linux::rules::{Mode, Remark, Rules, RulesError};
use tokio::sync::oneshot;

const RETRY: Duration = Duration::from_secs(1);

enum Wish {
    Mode(Mode),
    Remark(Vec<Remark>),
    /// All that was wished before was tried.
    Tried(oneshot::Sender<()>),
    Open(oneshot::Sender<Result<(), RulesError>>),
    Remove(oneshot::Sender<Result<(), RulesError>>),
}

/// The way to the thread that owns the rules, which ends when this is dropped. The rules then
/// stay as they are: the watchdog or [`RuleKeeper::remove`] takes them away.
#[derive(Debug)]
pub struct RuleKeeper {
    wishes: Sender<Wish>,
}

impl RuleKeeper {
    /// Hands `rules` to a new thread.
    ///
    /// # Errors
    /// Out of threads.
    pub fn start(rules: Rules) -> std::io::Result<Self> {
        let (wishes, receiver) = channel();
        std::thread::Builder::new()
            .name("rether-rules".into())
            .spawn(move || keep(rules, &receiver))?;
        Ok(Self { wishes })
    }

    /// Puts `mode` in force soon.
    pub fn set(&self, mode: Mode) {
        // The thread ends with its owner only.
        let _ = self.wishes.send(Wish::Mode(mode));
    }

    /// Gives packets of these flows another DSCP soon, and those of others no longer.
    pub fn remark(&self, remarks: Vec<Remark>) {
        let _ = self.wishes.send(Wish::Remark(remarks));
    }

    /// Returns when what was [`RuleKeeper::set`] last is in force, or was refused.
    pub async fn tried(&self) {
        let (reply, answer) = oneshot::channel();
        let _ = self.wishes.send(Wish::Tried(reply));
        let _ = answer.await;
    }

    /// Puts [`Mode::OPEN`] in force, and returns when it is.
    ///
    /// # Errors
    /// `nft` refused.
    pub async fn open(&self) -> Result<(), RulesError> {
        self.ask(Wish::Open).await
    }

    /// Removes the table, and returns when it is gone. The gate must hold nothing by then.
    ///
    /// # Errors
    /// `nft` refused.
    pub async fn remove(&self) -> Result<(), RulesError> {
        self.ask(Wish::Remove).await
    }

    async fn ask(
        &self,
        wish: impl FnOnce(oneshot::Sender<Result<(), RulesError>>) -> Wish,
    ) -> Result<(), RulesError> {
        let (reply, answer) = oneshot::channel();
        let _ = self.wishes.send(wish(reply));
        answer.await.unwrap_or(Ok(()))
    }
}

fn keep(mut rules: Rules, wishes: &Receiver<Wish>) {
    if let Err(error) = rules.hurry_arp() {
        tracing::warn!("ARP waits behind granted packets, as best effort does: {error}");
    }
    let mut wanted: Option<Mode> = None;
    let mut remarks: Option<Vec<Remark>> = None;
    let mut failing = false;
    loop {
        let first = if wanted.is_some() || remarks.is_some() {
            wishes.recv_timeout(RETRY)
        } else {
            wishes.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        if matches!(first, Err(RecvTimeoutError::Disconnected)) {
            return;
        }
        let mut asking = Vec::new();
        // All that is at hand, so that modes which are over already are skipped.
        for wish in first.into_iter().chain(wishes.try_iter()) {
            match wish {
                Wish::Mode(mode) => wanted = Some(mode),
                Wish::Remark(flows) => remarks = Some(flows),
                Wish::Tried(reply) => asking.push(reply),
                Wish::Open(reply) => {
                    wanted = None;
                    // The daemon no longer waits: nothing to tell.
                    let _ = reply.send(rules.set(&Mode::OPEN));
                }
                Wish::Remove(reply) => {
                    (wanted, remarks) = (None, None);
                    let _ = reply.send(rules.remove());
                }
            }
        }
        // The gate comes first: marks can wait.
        let done = match &wanted {
            Some(mode) => rules.set(mode).map(|()| wanted = None),
            None => Ok(()),
        };
        for reply in asking {
            // Who no longer waits need not be told.
            let _ = reply.send(());
        }
        let done = done.and_then(|()| match &remarks {
            Some(flows) => rules.remark(flows).map(|()| remarks = None),
            None => Ok(()),
        });
        match done {
            Ok(()) => failing = false,
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::error!("the gate's rules are not as they should be: {error}");
                }
            }
        }
    }
}
