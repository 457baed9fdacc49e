//! Sends a request and collects the answers.

use std::io;

use neli::consts::nl::NlmF;
use neli::err::{RouterError, SocketError};
use neli::genl::{
    AttrTypeBuilder, Genlmsghdr, GenlmsghdrBuilder, Nlattr, NlattrBuilder, NoUserHeader,
};
use neli::nl::NlPayload;
use neli::router::asynchronous::NlRouter;
use neli::types::{Buffer, GenlBuffer};
use neli::{Size, ToBytes, consts::genl::NlAttrType};

use super::attr::{Attr, Command};
use super::parse::Message;

/// Attributes of a request, or why one could not be built (neli's builders can fail).
#[derive(Default)]
pub(super) struct Attributes(Vec<Nlattr<Attr, Buffer>>);

impl Attributes {
    pub(super) fn with(mut self, kind: Attr, payload: impl Size + ToBytes) -> io::Result<Self> {
        self.0.push(attribute(kind, payload)?);
        Ok(self)
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> &[Nlattr<Attr, Buffer>] {
        &self.0
    }

    pub(super) fn push(&mut self, attribute: Nlattr<Attr, Buffer>) {
        self.0.push(attribute);
    }
}

pub(super) fn attribute<T: NlAttrType>(
    kind: T,
    payload: impl Size + ToBytes,
) -> io::Result<Nlattr<T, Buffer>> {
    let kind = AttrTypeBuilder::default()
        .nla_type(kind)
        .build()
        .map_err(io::Error::other)?;
    NlattrBuilder::default()
        .nla_type(kind)
        .nla_payload(payload)
        .build()
        .map_err(io::Error::other)
}

/// Asks for all objects of a kind.
pub(super) async fn dump(
    router: &NlRouter,
    family: u16,
    command: Command,
    attributes: Attributes,
) -> io::Result<Vec<Message>> {
    send(router, family, NlmF::DUMP, command, attributes).await
}

/// Asks for one object and waits for the acknowledgement, too.
pub(super) async fn ask(
    router: &NlRouter,
    family: u16,
    command: Command,
    attributes: Attributes,
) -> io::Result<Vec<Message>> {
    send(router, family, NlmF::ACK, command, attributes).await
}

/// Gives an order and waits for its acknowledgement.
pub(super) async fn order(
    router: &NlRouter,
    family: u16,
    command: Command,
    attributes: Attributes,
) -> io::Result<()> {
    ask(router, family, command, attributes).await.map(drop)
}

async fn send(
    router: &NlRouter,
    family: u16,
    flags: NlmF,
    command: Command,
    attributes: Attributes,
) -> io::Result<Vec<Message>> {
    let attrs = attributes.0.into_iter().collect::<GenlBuffer<_, _>>();
    let message: Genlmsghdr<Command, Attr> =
        GenlmsghdrBuilder::<Command, Attr, NoUserHeader>::default()
            .cmd(command)
            .version(1)
            .attrs(attrs)
            .build()
            .map_err(io::Error::other)?;
    let payload = NlPayload::Payload(message);
    let mut answers = router
        .send::<_, _, u16, Message>(family, flags, payload)
        .await
        .map_err(into_io)?;
    let mut messages = Vec::new();
    while let Some(answer) = answers.next::<u16, Message>().await {
        match answer.map_err(into_io)?.nl_payload() {
            NlPayload::Payload(message) => messages.push(message.clone()),
            // A dump that fails midway says so in its last message.
            NlPayload::DumpExtAck(end) if *end.error() != 0 => return Err(refusal(*end.error())),
            _ => {}
        }
    }
    Ok(messages)
}

fn refusal(code: i32) -> io::Error {
    io::Error::from_raw_os_error(code.saturating_neg())
}

/// The kernel's error number, where there is one.
pub(super) fn into_io<T, P>(error: RouterError<T, P>) -> io::Error
where
    RouterError<T, P>: std::fmt::Display,
{
    match error {
        RouterError::Nlmsgerr(answer) => refusal(*answer.error()),
        RouterError::Socket(SocketError::Io(error)) => error
            .raw_os_error()
            .map_or_else(|| error.kind().into(), io::Error::from_raw_os_error),
        other => io::Error::other(other.to_string()),
    }
}
