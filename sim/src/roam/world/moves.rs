//! Stations move: with an agent in the order that loses nothing, or just so.

use rether_handoff::ap::{Answer, ApInput, Stage};
use rether_handoff::station::{StationInput, StationOutput};

use super::{AIR, DEAF, Event, REPEAT, UPDATE, World, ms};
use crate::roam::host::Host;
use crate::roam::plan;
use crate::roam::station::{bssid, outcome, place};

impl World<'_> {
    pub(super) fn moves(&mut self, client: usize) {
        let one = &mut self.clients[client];
        if one.moves_left == 0 {
            return;
        }
        one.moves_left -= 1;
        let from = one.at.unwrap_or(0);
        let step = 1 + self.rng.below(u64::from(self.plan.aps) - 1) as usize;
        let to = (from + step) % usize::from(self.plan.aps);
        self.at(self.plan.every, Event::Move(client));
        let one = &mut self.clients[client];
        if one.at.is_none() || one.machine.is_moving() || !self.hosts[to].alive {
            return;
        }
        let faults = self.plan.faults;
        one.detour = faults
            .wrong_candidate
            .then(|| (0..usize::from(self.plan.aps)).find(|other| *other != from && *other != to))
            .flatten();
        if faults.stays {
            one.detour = Some(from);
        }
        self.goes_wrong(client, from, to);
        match self.plan.client {
            plan::Client::Agent if self.plan.rether => {
                self.agent(client, StationInput::Ordered(bssid(to)));
            }
            plan::Client::Lead if self.plan.rether => self.walks_away(client, to),
            _ => self.switch(client, to),
        }
    }

    /// Its own access point becomes weak; the strongest candidate is `to`.
    fn walks_away(&mut self, client: usize, to: usize) {
        let at = self.clients[client].at;
        for place in (0..usize::from(self.plan.aps)).filter(|place| Some(*place) != at) {
            let heard = StationInput::Heard {
                bssid: bssid(place),
                frequency: 5180,
                signal: if place == to { -50 } else { -55 },
            };
            self.agent(client, heard);
        }
        self.agent(client, StationInput::Signal(-75));
        // It hears nothing new until its next move.
        self.agent(client, StationInput::Signal(-60));
    }

    /// The radio leaves, and arrives.
    pub(super) fn switch(&mut self, client: usize, to: usize) {
        let one = &mut self.clients[client];
        let to = one.detour.take().unwrap_or(to);
        (one.at, one.keyed, one.authorised) = (None, false, false);
        one.turn += 1;
        let turn = one.turn;
        let host = to;
        self.at(self.plan.radio, Event::Radio { client, host, turn });
    }

    pub(super) fn radio(&mut self, client: usize, host: usize, turn: u32) {
        if self.clients[client].turn != turn {
            return;
        }
        if !self.hosts[host].alive {
            // It looks for another.
            let others = 0..self.hosts.len();
            let Some(other) = others.into_iter().find(|other| self.hosts[*other].alive) else {
                return;
            };
            return self.at(
                ms(100),
                Event::Radio {
                    client,
                    host: other,
                    turn,
                },
            );
        }
        self.clients[client].at = Some(host);
        let mac = self.clients[client].mac;
        self.radio_tells(host, ApInput::Associated(mac));
        self.at(self.plan.keys, Event::Keys { client, host, turn });
    }

    pub(super) fn keys(&mut self, client: usize, host: usize, turn: u32) {
        if self.clients[client].turn != turn || !self.hosts[host].alive {
            return;
        }
        let first = turn == 0;
        let mac = self.clients[client].mac;
        self.clients[client].keyed = true;
        self.at(UPDATE, Event::Learn { client, host });
        self.radio_tells(host, ApInput::Authorised(mac));
        if first {
            self.tell_context(client, host);
        }
        self.at(DEAF, Event::Listens { client, host, turn });
    }

    /// The station's own kernel lets packets in and out.
    pub(super) fn listens(&mut self, client: usize, host: usize, turn: u32) {
        if self.clients[client].turn != turn || !self.hosts[host].alive {
            return;
        }
        let mac = self.clients[client].mac;
        self.clients[client].authorised = true;
        if self.plan.client != plan::Client::Plain {
            self.at(AIR, Event::Registers { host, mac });
            let one = &mut self.clients[client];
            let is_expected = one.let_go.take() == Some(host);
            if turn > 0 && !is_expected {
                self.at(AIR, Event::Seen { client, host });
            }
        }
        let bssid = bssid(host);
        self.agent(client, StationInput::LinkUp { bssid });
        self.open(client);
        self.renews(client);
    }

    pub(super) fn agent(&mut self, client: usize, input: StationInput) {
        if !self.plan.rether || self.plan.client == plan::Client::Plain {
            return;
        }
        self.clients[client].machine.handle(self.now, input);
        while let Some(output) = self.clients[client].machine.poll() {
            match output {
                StationOutput::Prepare(to) => {
                    self.clients[client].asking = Some((Stage::Prepare, place(to)));
                    self.ask(client);
                }
                StationOutput::Leave(to) => {
                    self.clients[client].shut = true;
                    self.clients[client].asking = Some((Stage::Leave, place(to)));
                    self.ask(client);
                }
                StationOutput::Stay => {
                    self.clients[client].asking = None;
                    if let Some(host) = self.clients[client].at {
                        self.at(AIR, Event::Stays { host, client });
                        self.open(client);
                    }
                }
                StationOutput::Switch(bssid) => {
                    let to = place(bssid);
                    if std::mem::take(&mut self.clients[client].untold) {
                        self.broke("promises were downgraded without a word");
                    }
                    if self.clients[client].detour == self.clients[client].at {
                        // It changes its mind at the last moment.
                        self.clients[client].detour = None;
                        self.agent(client, StationInput::SwitchFailed);
                    } else {
                        self.switch(client, to);
                    }
                }
                StationOutput::Record(moved) => self.outcome.moves.push(moved),
                StationOutput::Notice(text) => {
                    self.clients[client].untold = false;
                    self.outcome.notices.push(text);
                }
                StationOutput::Scan(_) => {}
            }
        }
    }

    /// LEAVE, which may be lost, and is repeated.
    pub(super) fn ask(&mut self, client: usize) {
        let one = &self.clients[client];
        let (Some((stage, to)), Some(host)) = (one.asking, one.at) else {
            return;
        };
        let turn = one.turn;
        if !self.chance(self.plan.faults.air) {
            self.at(
                AIR,
                Event::Ask {
                    host,
                    client,
                    stage,
                    to,
                },
            );
        }
        self.at(REPEAT, Event::Repeat { client, turn });
    }

    pub(super) fn asked(&mut self, host: usize, client: usize, stage: Stage, to: usize) {
        let now = self.now;
        self.hosts[host].heard.insert(client, now);
        if let Some((before, answer)) = self.hosts[host].answered.get(&client)
            && *before == stage
        {
            let answer = answer.clone();
            return self.say(client, stage, answer);
        }
        let station = self.clients[client].mac;
        let to = Some(Host::id(to));
        self.ap(host, ApInput::Leaving { station, to, stage });
    }

    pub(super) fn say(&mut self, client: usize, stage: Stage, answer: Answer) {
        if !self.chance(self.plan.faults.air) {
            self.at(
                AIR,
                Event::Answered {
                    client,
                    stage,
                    answer,
                },
            );
        }
    }

    pub(super) fn answered(&mut self, client: usize, stage: Stage, answer: &Answer) {
        let one = &mut self.clients[client];
        let Some((_, to)) = one.asking.take_if(|(asked, _)| *asked == stage) else {
            return;
        };
        one.untold = matches!(answer, Answer::Partial(_) | Answer::Refused(_));
        let input = match stage {
            Stage::Prepare => StationInput::Prepared(outcome(answer)),
            Stage::Leave if *answer == Answer::Ready => {
                one.let_go = Some(to);
                StationInput::Go
            }
            Stage::Leave => StationInput::NoGo,
        };
        self.agent(client, input);
    }
}
