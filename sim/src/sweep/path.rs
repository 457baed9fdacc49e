//! Sets a key of a scenario's document.

use toml::{Table, Value};

use super::SweepError;
use super::keys::{LISTS, keys_at};
use super::suggest::nearest;

/// Sets the key at `path` of `document` to `value`, whether or not it is there already.
///
/// # Errors
/// If the path names a table or a key that a scenario does not have.
pub(super) fn set(document: &mut Table, path: &str, value: Value) -> Result<(), SweepError> {
    let wrong = |why: String| SweepError::Path {
        path: path.to_owned(),
        why,
    };
    let mut parts = path.split('.').peekable();
    let mut table = document;
    let mut place: Vec<&str> = Vec::new();
    while let Some(part) = parts.next() {
        known_key(path, &place, part)?;
        if place.is_empty() && LISTS.contains(&part) {
            let Some(who) = parts.next() else {
                return Err(wrong(format!(
                    "say which {part} and which key: {part}.NAME.KEY"
                )));
            };
            if parts.peek().is_none() {
                return Err(wrong(format!("say which key of it: {part}.{who}.KEY")));
            }
            table = entry(table, path, part, who)?;
            place.push(part);
            continue;
        }
        if parts.peek().is_none() {
            table.insert(part.to_owned(), value);
            return Ok(());
        }
        place.push(part);
        let below = table.entry(part).or_insert_with(|| Table::new().into());
        let is_table = keys_at(&place).is_some();
        table = below
            .as_table_mut()
            .filter(|_| is_table)
            .ok_or_else(|| wrong(format!("`{part}` has no keys below it")))?;
    }
    Err(wrong("names no key".to_owned()))
}

fn known_key(path: &str, place: &[&str], part: &str) -> Result<(), SweepError> {
    let keys = keys_at(place).unwrap_or_default();
    if keys.contains(&part) {
        return Ok(());
    }
    let known: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
    let what = if place.is_empty() {
        "a scenario has no key or table".to_owned()
    } else {
        format!("{} has no key", place.join("."))
    };
    Err(SweepError::Unknown {
        path: path.to_owned(),
        what,
        part: part.to_owned(),
        hint: nearest(part, &known),
        known,
    })
}

/// The table of that name, or at that place from 1, among those written `[[list]]`.
fn entry<'t>(
    table: &'t mut Table,
    path: &str,
    list: &str,
    who: &str,
) -> Result<&'t mut Table, SweepError> {
    let entries = table.get_mut(list).and_then(Value::as_array_mut);
    let mut entries: Vec<&mut Table> = entries
        .into_iter()
        .flatten()
        .filter_map(Value::as_table_mut)
        .collect();
    let name = |table: &Table| table.get("name").and_then(Value::as_str).map(str::to_owned);
    let names: Vec<_> = entries.iter().map(|table| name(table)).collect();
    let named = names.iter().position(|name| name.as_deref() == Some(who));
    let counted = || who.parse::<usize>().ok()?.checked_sub(1);
    let place = named
        .or_else(counted)
        .filter(|place| *place < entries.len());
    if let Some(place) = place {
        return Ok(entries.swap_remove(place));
    }
    let known: Vec<_> = (1..)
        .zip(names)
        .map(|(number, name): (usize, _)| name.unwrap_or_else(|| number.to_string()))
        .collect();
    Err(SweepError::Unknown {
        path: path.to_owned(),
        what: format!("no {list} is named"),
        part: who.to_owned(),
        hint: nearest(who, &known),
        known,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name = 'x'\n[[ap]]\nname = 'ap'\nphy = '11a'\n\
        [[station]]\nname = 'caller'\n[[station]]\nname = 's'\n[[event]]\nat = '1s'\n";

    fn after(path: &str) -> Result<Table, SweepError> {
        let mut table: Table = TEXT.parse().unwrap();
        set(&mut table, path, Value::Integer(7)).map(|()| table)
    }

    fn error(path: &str) -> String {
        after(path).unwrap_err().to_string()
    }

    #[test]
    fn keys_are_found_by_name_and_by_place() {
        let table = after("station.s.count").unwrap();
        assert_eq!(table["station"][1]["count"].as_integer(), Some(7));
        assert!(table["station"][0].get("count").is_none());
        assert_eq!(after("station.2.count").unwrap(), table);
        let table = after("event.1.at").unwrap();
        assert_eq!(table["event"][0]["at"].as_integer(), Some(7));
        assert_eq!(after("warm-up").unwrap()["warm-up"].as_integer(), Some(7));
    }

    #[test]
    fn tables_that_are_not_written_come_to_be() {
        let table = after("ap.ap.mac.vo.cw-min").unwrap();
        assert_eq!(table["ap"][0]["mac"]["vo"]["cw-min"].as_integer(), Some(7));
        let table = after("medium.path-loss.exponent").unwrap();
        assert_eq!(
            table["medium"]["path-loss"]["exponent"].as_integer(),
            Some(7)
        );
    }

    #[test]
    fn names_that_are_not_there_say_what_is() {
        let text = error("station.callr.count");
        let expected = "station.callr.count: no station is named `callr`; there are: caller, s; \
            did you mean `caller`?";
        assert_eq!(text, expected);
        let text = error("station.s.cuont");
        assert!(text.contains("station has no key `cuont`") && text.contains("mean `count`?"));
        assert!(error("statoin.s.count").contains("did you mean `station`?"));
        assert!(error("ap.ap.mac.v0.txop").contains("ap.mac has no key `v0`"));
        assert!(error("arm.main.daemons").contains("no arm is named `main`; there is none"));
        assert!(error("station.3.count").contains("`3`"));
        assert!(error("station.0.count").contains("`0`"));
    }

    #[test]
    fn paths_that_lead_to_no_key_say_so() {
        assert!(error("station").contains("station.NAME.KEY"));
        assert!(error("station.s").contains("station.s.KEY"));
        assert!(error("station.s.name.first").contains("`name` has no keys below it"));
        assert!(error("name.x").contains("`name` has no keys below it"));
    }
}
