//! Which packets of a queue are held, and how verdicts on them are put into few messages.

use std::collections::VecDeque;

use super::wire::{Fate, Scope};

/// The numbers of the packets a queue holds, in the order they came. The kernel numbers packets
/// one after the other and starts anew after 2^32.
#[derive(Debug, Default)]
pub(crate) struct Held {
    ids: VecDeque<u32>,
}

impl Held {
    pub(crate) fn push(&mut self, id: u32) {
        self.ids.push_back(id);
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The youngest one.
    pub(crate) fn last(&self) -> Option<u32> {
        self.ids.back().copied()
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        self.ids.clear();
    }

    /// Forgets `id`, and says whether it was the oldest; `None` if it is not held.
    fn take(&mut self, id: u32) -> Option<bool> {
        if self.ids.front() == Some(&id) {
            self.ids.pop_front();
            return Some(true);
        }
        let first = *self.ids.front()?;
        // Distances from the oldest one grow, also across the wrap.
        let distance = |other: u32| other.wrapping_sub(first);
        let at = self
            .ids
            .binary_search_by_key(&distance(id), |other| distance(*other))
            .ok()?;
        self.ids.remove(at);
        Some(false)
    }
}

/// A verdict message: `count` packets of `queue` meet `fate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) queue: u16,
    pub(crate) scope: Scope,
    pub(crate) fate: Fate,
    pub(crate) count: u32,
}

impl Order {
    /// True if the oldest packet of `queue` can join: only what reaches back to the head of its
    /// queue may be stretched.
    fn continues(&self, queue: u16, fate: Fate) -> bool {
        self.queue == queue && self.fate == fate && matches!(self.scope, Scope::UpTo(_))
    }
}

/// Puts verdicts, given one by one, into as few orders as keep their sequence: packets that are
/// each the oldest of their queue at their turn, one after the other with the same fate, become
/// one order.
#[derive(Debug, Default)]
pub(crate) struct Coalescer {
    run: Option<Order>,
}

impl Coalescer {
    /// Adds the verdict on packet `id` of `queue`, whose held packets are `held`. Returns the
    /// order that is complete by this. A packet that is not held is ignored.
    pub(crate) fn add(
        &mut self,
        held: &mut Held,
        queue: u16,
        id: u32,
        fate: Fate,
    ) -> Option<Order> {
        let oldest = held.take(id)?;
        match &mut self.run {
            Some(run) if oldest && run.continues(queue, fate) => {
                run.scope = Scope::UpTo(id);
                run.count += 1;
                None
            }
            _ => {
                let scope = if oldest {
                    Scope::UpTo(id)
                } else {
                    Scope::One(id)
                };
                self.run.replace(Order {
                    queue,
                    scope,
                    fate,
                    count: 1,
                })
            }
        }
    }

    /// The last order.
    pub(crate) fn finish(&mut self) -> Option<Order> {
        self.run.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCEPT: Fate = Fate::Accept;

    fn plan(held: &mut [(u16, Held)], verdicts: &[(u16, u32, Fate)]) -> Vec<Order> {
        let mut coalescer = Coalescer::default();
        let mut orders = Vec::new();
        for (queue, id, fate) in verdicts {
            let held = &mut held.iter_mut().find(|(q, _)| q == queue).unwrap().1;
            orders.extend(coalescer.add(held, *queue, *id, *fate));
        }
        orders.extend(coalescer.finish());
        orders
    }

    fn queue(ids: impl IntoIterator<Item = u32>) -> Held {
        Held {
            ids: ids.into_iter().collect(),
        }
    }

    fn order(queue: u16, scope: Scope, fate: Fate, count: u32) -> Order {
        Order {
            queue,
            scope,
            fate,
            count,
        }
    }

    #[test]
    fn a_grant_from_the_head_is_one_message() {
        let mut held = [(1, queue([1, 2, 4, 5, 6]))];
        let verdicts = [
            (1, 1, ACCEPT),
            (1, 2, ACCEPT),
            (1, 4, ACCEPT),
            (1, 5, ACCEPT),
        ];
        assert_eq!(
            plan(&mut held, &verdicts),
            [order(1, Scope::UpTo(5), ACCEPT, 4)]
        );
        assert_eq!(held[0].1.ids, [6]);
    }

    #[test]
    fn real_time_overtakes_bulk_and_bulk_follows_in_one() {
        let mut held = [(1, queue(1..=6))];
        let verdicts = [
            (1, 4, ACCEPT),
            (1, 6, ACCEPT),
            (1, 1, ACCEPT),
            (1, 2, ACCEPT),
            (1, 3, ACCEPT),
        ];
        assert_eq!(
            plan(&mut held, &verdicts),
            [
                order(1, Scope::One(4), ACCEPT, 1),
                order(1, Scope::One(6), ACCEPT, 1),
                order(1, Scope::UpTo(3), ACCEPT, 3),
            ]
        );
        assert_eq!(held[0].1.ids, [5]);
        // Number 5 is the oldest now although 4 went before it.
        assert_eq!(
            plan(&mut held, &[(1, 5, ACCEPT)]),
            [order(1, Scope::UpTo(5), ACCEPT, 1)]
        );
    }

    #[test]
    fn a_single_is_never_continued_by_a_batch() {
        // A batch after it must not reach back over packets that stay.
        let mut held = [(1, queue([1, 2, 3]))];
        let orders = plan(&mut held, &[(1, 3, ACCEPT), (1, 1, ACCEPT)]);
        assert_eq!(
            orders,
            [
                order(1, Scope::One(3), ACCEPT, 1),
                order(1, Scope::UpTo(1), ACCEPT, 1)
            ]
        );
        assert_eq!(held[0].1.ids, [2]);
    }

    #[test]
    fn queues_and_fates_are_kept_apart_and_in_order() {
        let mut held = [(1, queue([1, 2, 3])), (2, queue([1, 2]))];
        let verdicts = [
            (1, 1, ACCEPT),
            (2, 1, ACCEPT),
            (1, 2, Fate::Drop),
            (1, 3, Fate::Drop),
            (2, 2, ACCEPT),
        ];
        assert_eq!(
            plan(&mut held, &verdicts),
            [
                order(1, Scope::UpTo(1), ACCEPT, 1),
                order(2, Scope::UpTo(1), ACCEPT, 1),
                order(1, Scope::UpTo(3), Fate::Drop, 2),
                order(2, Scope::UpTo(2), ACCEPT, 1),
            ]
        );
    }

    #[test]
    fn numbers_wrap() {
        let mut held = [(1, queue([u32::MAX - 1, u32::MAX, 0, 1]))];
        let verdicts = [
            (1, 0, ACCEPT),
            (1, u32::MAX - 1, ACCEPT),
            (1, u32::MAX, ACCEPT),
        ];
        assert_eq!(
            plan(&mut held, &verdicts),
            [
                order(1, Scope::One(0), ACCEPT, 1),
                order(1, Scope::UpTo(u32::MAX), ACCEPT, 2)
            ]
        );
        assert_eq!(held[0].1.ids, [1]);
    }

    #[test]
    fn strangers_and_repeats_are_ignored() {
        let mut held = [(1, queue([5, 7]))];
        let verdicts = [
            (1, 6, ACCEPT),
            (1, 5, ACCEPT),
            (1, 5, ACCEPT),
            (1, 4, ACCEPT),
        ];
        assert_eq!(
            plan(&mut held, &verdicts),
            [order(1, Scope::UpTo(5), ACCEPT, 1)]
        );
        assert_eq!(held[0].1.ids, [7]);
    }
}
