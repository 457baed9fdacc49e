//! Payload by which the tests see that every byte came once and in its place.

fn byte(position: u64) -> u8 {
    (position % 251) as u8
}

pub(in super::super) fn write(position: u64, buffer: &mut [u8]) {
    for (i, slot) in buffer.iter_mut().enumerate() {
        *slot = byte(position + i as u64);
    }
}

pub(in super::super) fn check(position: u64, buffer: &[u8]) {
    for (i, got) in buffer.iter().enumerate() {
        assert_eq!(*got, byte(position + i as u64), "byte {position} + {i}");
    }
}
