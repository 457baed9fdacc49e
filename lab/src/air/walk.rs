//! Where a station is on its way.

use rether_sim::medium::Position;

/// The place of a station `seconds` after the start of the clock, that stands at `start` until
/// its first waypoint and then goes straight and at constant speed from one to the next.
#[must_use]
pub fn place(start: Position, walk: &[(f64, Position)], seconds: f64) -> Position {
    let Some(next) = walk.iter().position(|(at, _)| *at > seconds) else {
        return walk.last().map_or(start, |(_, place)| *place);
    };
    let Some(((from_at, from), (to_at, to))) = next
        .checked_sub(1)
        .and_then(|before| walk.get(before))
        .zip(walk.get(next))
    else {
        return start;
    };
    from.towards(*to, (seconds - from_at) / (to_at - from_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_from_one_to_the_next() {
        let start = Position::from([1.0, 1.0]);
        let walk = [
            (2.0, Position::from([0.0, 0.0])),
            (4.0, Position::from([10.0, 20.0])),
            (4.0, Position::from([50.0, 0.0])),
            (5.0, Position::from([50.0, 8.0])),
        ];
        let at = |seconds| <[f64; 2]>::from(place(start, &walk, seconds));
        assert_eq!(at(0.0), [1.0, 1.0]);
        assert_eq!(at(1.9), [1.0, 1.0]);
        assert_eq!(at(2.0), [0.0, 0.0]);
        assert_eq!(at(3.0), [5.0, 10.0]);
        assert_eq!(at(4.0), [50.0, 0.0], "a jump");
        assert_eq!(at(4.5), [50.0, 4.0]);
        assert_eq!(at(99.0), [50.0, 8.0]);
        assert_eq!(<[f64; 2]>::from(place(start, &[], 3.0)), [1.0, 1.0]);
    }
}
