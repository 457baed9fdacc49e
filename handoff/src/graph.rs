//! Where stations go from here: a graph of neighbours, learnt from their moves.
//!
//! Of each access point and the one before it, how often each other one came next. The past fades:
//! with every move, all earlier ones of the same origin count a 64th less, so that about the last
//! hundred matter. Neighbour graphs are from Mishra, Shin and Arbaugh (UMIACS-TR-2003-46), the
//! selection of the likeliest from Pack et al.'s selective neighbour caching.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::ApId;

/// What one move counts.
const MOVE: u32 = 1 << 16;
/// After a move, all earlier ones are less by this part.
const FADE: u32 = 64;
/// Less than this, which is less than three moves in a row, says nothing about who is next.
const ENOUGH: u32 = MOVE / 2 * 5;
/// The chosen ones together are at least so likely, in hundredths.
const SURE: u64 = 95;

/// Moves between access points.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    origins: Vec<Origin>,
    /// Counts moves; tells which origin was seen last.
    moves: u64,
}

/// Where stations went from one access point, of those that came there from one other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Origin {
    /// `None`: they came from outside the site.
    previous: Option<ApId>,
    current: ApId,
    next: Vec<Edge>,
    /// [`Graph::moves`] at the last one.
    used: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Edge {
    to: ApId,
    weight: u32,
}

impl Graph {
    /// The most access points that are chosen.
    pub const MAX_CHOSEN: usize = 4;
    /// The most origins that are remembered; the one that was used longest ago goes first.
    pub const MAX_ORIGINS: usize = 256;
    /// The most that can be next of each origin; the least likely goes first.
    pub const MAX_NEXT: usize = 16;

    /// A station that came to `current` from `previous` went on to `next`.
    pub fn learn(&mut self, previous: Option<ApId>, current: ApId, next: ApId) {
        if current == next {
            return;
        }
        self.moves = self.moves.saturating_add(1);
        let moves = self.moves;
        let origin = self.origin(previous, current);
        origin.used = moves;
        for edge in &mut origin.next {
            edge.weight = edge.weight.saturating_sub(edge.weight.div_ceil(FADE));
        }
        origin.next.retain(|edge| edge.weight > 0);
        match origin.next.iter_mut().find(|edge| edge.to == next) {
            Some(edge) => edge.weight = edge.weight.saturating_add(MOVE),
            None => {
                while origin.next.len() >= Self::MAX_NEXT {
                    remove_least(&mut origin.next, |edge| edge.weight.into());
                }
                origin.next.push(Edge {
                    to: next,
                    weight: MOVE,
                });
            }
        }
    }

    fn origin(&mut self, previous: Option<ApId>, current: ApId) -> &mut Origin {
        let is = |origin: &Origin| (origin.previous, origin.current) == (previous, current);
        let place = self.origins.iter().position(is).unwrap_or_else(|| {
            while self.origins.len() >= Self::MAX_ORIGINS {
                remove_least(&mut self.origins, |origin| origin.used);
            }
            self.origins.push(Origin {
                previous,
                current,
                next: Vec::new(),
                used: 0,
            });
            self.origins.len() - 1
        });
        &mut self.origins[place]
    }

    /// The smallest set of access points that a station at `current`, which came from `previous`,
    /// goes on to with a probability of 0.95 or more, the likeliest first; at most
    /// [`Graph::MAX_CHOSEN`]. Where too little is known of those that came from `previous`, all that
    /// were at `current` count; empty where too little is known of them, too.
    #[must_use]
    pub fn likely(&self, previous: Option<ApId>, current: ApId) -> Vec<ApId> {
        let here = self.origins.iter().filter(|o| o.current == current);
        let same = here.clone().filter(|o| o.previous == previous);
        let mut next = add_up(same);
        if total(&next) < ENOUGH.into() {
            next = add_up(here);
        }
        let all = total(&next);
        if all < ENOUGH.into() {
            return Vec::new();
        }
        next.sort_unstable_by_key(|edge| (core::cmp::Reverse(edge.weight), edge.to));
        let mut sum = 0;
        let chosen = next.iter().take_while(|edge| {
            let wanted = sum * 100 < all * SURE;
            sum += u64::from(edge.weight);
            wanted
        });
        chosen.take(Self::MAX_CHOSEN).map(|edge| edge.to).collect()
    }
}

fn total(edges: &[Edge]) -> u64 {
    edges.iter().map(|edge| u64::from(edge.weight)).sum()
}

/// The edges of all of `origins`, one for each access point.
fn add_up<'a>(origins: impl Iterator<Item = &'a Origin>) -> Vec<Edge> {
    let mut sums: Vec<Edge> = Vec::new();
    for edge in origins.flat_map(|origin| &origin.next) {
        match sums.iter_mut().find(|sum| sum.to == edge.to) {
            Some(sum) => sum.weight = sum.weight.saturating_add(edge.weight),
            None => sums.push(*edge),
        }
    }
    sums
}

fn remove_least<T>(all: &mut Vec<T>, key: impl Fn(&T) -> u64) {
    let least = all.iter().enumerate().min_by_key(|(_, one)| key(one));
    if let Some((place, _)) = least {
        all.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: impl IntoIterator<Item = u16>) -> Vec<ApId> {
        numbers.into_iter().map(ApId).collect()
    }

    /// Stations that came from 1 to 2 go on to these.
    fn went(next: impl IntoIterator<Item = u16>) -> Graph {
        let mut graph = Graph::default();
        for to in next {
            graph.learn(Some(ApId(1)), ApId(2), ApId(to));
        }
        graph
    }

    #[test]
    fn the_likeliest_come_first_and_the_unlikely_not_at_all() {
        let walk = (0..100).map(|n| match n % 25 {
            0 => 9,
            n if n % 3 == 0 => 4,
            _ => 3,
        });
        let graph = went(walk);
        // 4 % went to 9, which the 0.95 do not need.
        assert_eq!(graph.likely(Some(ApId(1)), ApId(2)), ids([3, 4]));
        assert_eq!(went([3, 4]).likely(Some(ApId(1)), ApId(2)), []);
        assert_eq!(
            went([3, 4, 5, 3]).likely(Some(ApId(1)), ApId(2)),
            ids([3, 5, 4])
        );
    }

    #[test]
    fn at_most_four_are_chosen() {
        let graph = went((0..60).map(|n| 10 + n % 6));
        assert_eq!(
            graph.likely(Some(ApId(1)), ApId(2)).len(),
            Graph::MAX_CHOSEN
        );
    }

    #[test]
    fn where_it_came_from_matters_and_where_that_is_unknown_all_count() {
        let mut graph = went([3; 10]);
        for _ in 0..10 {
            graph.learn(Some(ApId(3)), ApId(2), ApId(1));
        }
        assert_eq!(graph.likely(Some(ApId(1)), ApId(2)), ids([3]));
        assert_eq!(graph.likely(Some(ApId(3)), ApId(2)), ids([1]));
        assert_eq!(graph.likely(None, ApId(2)), ids([1, 3]));
        assert_eq!(graph.likely(None, ApId(7)), []);
    }

    #[test]
    fn the_past_fades() {
        let mut graph = went([3; 200]);
        let mut moves = 0;
        while graph.likely(Some(ApId(1)), ApId(2)) != ids([4]) {
            graph.learn(Some(ApId(1)), ApId(2), ApId(4));
            moves += 1;
        }
        // (63/64)^n falls below 0.05 at n = 190.
        assert!((185..=195).contains(&moves), "{moves}");
        // A move to itself is none.
        let before = graph.clone();
        graph.learn(Some(ApId(1)), ApId(2), ApId(2));
        assert_eq!(graph, before);
    }

    proptest::proptest! {
        #[test]
        fn memory_is_bounded_and_the_choice_is_the_smallest(
            moves in proptest::collection::vec((0..40_u16, 0..40_u16, 0..40_u16), 0..2_000)
        ) {
            let mut graph = Graph::default();
            for (previous, current, next) in &moves {
                graph.learn(Some(ApId(*previous)), ApId(*current), ApId(*next));
            }
            assert!(graph.origins.len() <= Graph::MAX_ORIGINS);
            for origin in &graph.origins {
                assert!(origin.next.len() <= Graph::MAX_NEXT);
                let chosen = graph.likely(origin.previous, origin.current);
                let mut unique = chosen.clone();
                unique.sort_unstable();
                unique.dedup();
                assert_eq!(unique.len(), chosen.len());
                let all = total(&origin.next);
                if all < ENOUGH.into() || chosen.is_empty() {
                    continue;
                }
                let weight = |id: &ApId| {
                    let edge = origin.next.iter().find(|edge| edge.to == *id);
                    u64::from(edge.unwrap().weight)
                };
                let sum: u64 = chosen.iter().map(weight).sum();
                assert!(chosen.len() == Graph::MAX_CHOSEN || sum * 100 >= all * SURE);
                let last = chosen.last().map(weight).unwrap();
                assert!((sum - last) * 100 < all * SURE);
            }
        }
    }
}
