//! The keys that the tables of a scenario may have, asked of the types that are read from them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::scenario::{
    Access, Ap, Arm, Check, Event, Mac, Medium, PathLoss, Scenario, Station, Traffic,
};

/// Tables that are written `[[so]]`.
pub(super) const LISTS: [&str; 6] = ["ap", "station", "traffic", "event", "arm", "check"];

/// The keys of the table at `place`, as `["ap", "mac"]`; `None` if there is no table.
pub(super) fn keys_at(place: &[&str]) -> Option<&'static [&'static str]> {
    let keys = match place {
        [] => keys::<Scenario>(),
        ["ap"] => keys::<Ap>(),
        ["ap", "mac"] => keys::<Mac>(),
        ["ap", "mac", "bk" | "be" | "vi" | "vo"] => keys::<Access>(),
        ["station"] => keys::<Station>(),
        ["traffic"] => keys::<Traffic>(),
        ["event"] => keys::<Event>(),
        ["arm"] => keys::<Arm>(),
        ["check"] => keys::<Check>(),
        ["medium"] => keys::<Medium>(),
        ["medium", "path-loss"] => keys::<PathLoss>(),
        _ => return None,
    };
    Some(keys)
}

fn keys<T: Deserialize<'static>>() -> &'static [&'static str] {
    // The probe reads nothing and always fails.
    T::deserialize(Probe).err().map_or(&[], |asked| asked.0)
}

/// Notes which keys are asked for, and gives none.
struct Probe;

/// What was asked for.
#[derive(Debug)]
struct Asked(&'static [&'static str]);

impl fmt::Display for Asked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a probe has no content")
    }
}

impl std::error::Error for Asked {}

impl serde::de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Asked;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        Err(Asked(fields))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked(&[]))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_knows_its_keys() {
        for list in LISTS {
            assert!(keys_at(&[]).unwrap().contains(&list), "{list}");
            assert!(!keys_at(&[list]).unwrap().is_empty(), "{list}");
        }
        assert!(keys_at(&["station"]).unwrap().contains(&"rate-mbps"));
        assert!(keys_at(&["ap", "mac", "vo"]).unwrap().contains(&"cw-min"));
        assert!(
            keys_at(&["medium", "path-loss"])
                .unwrap()
                .contains(&"exponent")
        );
        assert_eq!(keys_at(&["station", "name"]), None);
    }
}
