//! Where questions about handoffs come in from the control socket.

use std::time::Duration;

use anyhow::Context as _;
use rether_proto::mac::MacAddr;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::{Entry, History};

/// How long a move may take: more than all steps together, and less than the control socket waits.
const PATIENCE: Duration = Duration::from_millis(1_900);

/// A move that was ordered.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) to: MacAddr,
    /// Gets what came of it, or why it cannot be.
    pub(crate) reply: oneshot::Sender<Result<oneshot::Receiver<Entry>, String>>,
}

/// Takes orders and shows the history; clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    wanted: mpsc::UnboundedSender<Wanted>,
    history: History,
}

impl Desk {
    /// A desk, and where its orders come out.
    pub(crate) fn new(history: History) -> (Self, mpsc::UnboundedReceiver<Wanted>) {
        let (wanted, orders) = mpsc::unbounded_channel();
        (Self { wanted, history }, orders)
    }

    /// The last handoffs, oldest first.
    pub(crate) fn history(&self) -> Value {
        json!({ "handoffs": self.history.entries() })
    }

    /// Has the station move, and waits for what comes of it.
    ///
    /// # Errors
    /// It cannot move there now, or took too long.
    pub(crate) async fn order(&self, to: MacAddr) -> anyhow::Result<Value> {
        let (reply, answer) = oneshot::channel();
        let moved = async {
            self.wanted
                .send(Wanted { to, reply })
                .map_err(|_| anyhow::anyhow!("the daemon is stopping"))?;
            let outcome = answer.await.context("the daemon is stopping")?;
            let moved = outcome.map_err(anyhow::Error::msg)?;
            moved.await.context("the daemon is stopping")
        };
        let moved = tokio::time::timeout(PATIENCE, moved)
            .await
            .context("it takes longer than it should: look at `rether-sta handoff last`")??;
        Ok(json!({ "handoff": moved }))
    }
}
