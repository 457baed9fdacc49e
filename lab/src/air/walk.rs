//! Where a station is on its way.

use rether_sim::medium::Position;

/// The place of a station `seconds` after the start of the clock. It begins at `start`, and goes
/// straight and at constant speed to the first point of `walk` and from one to the next, to be
/// there in time; the simulator lets it do the same.
#[must_use]
pub fn place(start: Position, walk: &[(f64, Position)], seconds: f64) -> Position {
    let mut here = (0.0, start);
    for &(at, there) in walk {
        if at > seconds {
            let (from, place) = here;
            return place.towards(there, (seconds - from) / (at - from));
        }
        here = (at, there);
    }
    here.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_from_one_to_the_next() {
        let start = Position::from([2.0, 2.0]);
        let walk = [
            (2.0, Position::from([0.0, 0.0])),
            (4.0, Position::from([10.0, 20.0])),
            (4.0, Position::from([50.0, 0.0])),
            (5.0, Position::from([50.0, 8.0])),
        ];
        let at = |seconds| <[f64; 2]>::from(place(start, &walk, seconds));
        assert_eq!(at(0.0), [2.0, 2.0]);
        assert_eq!(at(1.0), [1.0, 1.0]);
        assert_eq!(at(2.0), [0.0, 0.0]);
        assert_eq!(at(3.0), [5.0, 10.0]);
        assert_eq!(at(4.0), [50.0, 0.0], "a jump");
        assert_eq!(at(4.5), [50.0, 4.0]);
        assert_eq!(at(99.0), [50.0, 8.0]);
        assert_eq!(<[f64; 2]>::from(place(start, &[], 3.0)), [2.0, 2.0]);
        // A first point at the clock's start is where it begins.
        let walk = [(0.0, Position::from([7.0, 0.0]))];
        assert_eq!(<[f64; 2]>::from(place(start, &walk, 0.0)), [7.0, 0.0]);
    }
}
