//! By which parameters an access point's own queues contend.

use std::io;

use neli::genl::Nlattr;
use neli::types::Buffer;

use super::attr::{Attr, Command, Entry, Txq};
use super::request::{Attributes, attribute};
use super::{Nl80211, Nl80211Error};
use crate::wmm::{Category, Edca, Table};

/// `enum nl80211_ac`.
const fn number(category: Category) -> u8 {
    match category {
        Category::Vo => 0,
        Category::Vi => 1,
        Category::Be => 2,
        Category::Bk => 3,
    }
}

fn entry(category: Category, edca: Edca) -> io::Result<Nlattr<Entry, Buffer>> {
    let window = |exponent: u8| ((1_u32 << exponent.min(15)) - 1) as u16;
    let fields = [
        attribute(Txq::Ac, number(category))?,
        attribute(Txq::Txop, edca.txop)?,
        attribute(Txq::CwMin, window(edca.cw_min))?,
        attribute(Txq::CwMax, window(edca.cw_max))?,
        attribute(Txq::Aifs, edca.aifsn)?,
    ];
    let mut entry = attribute(Entry::First, ())?;
    for field in &fields {
        entry = entry.nest(field).map_err(io::Error::other)?;
    }
    Ok(entry)
}

fn attributes(index: u32, table: &Table) -> io::Result<Attributes> {
    // The kernel goes through the list without a look at its numbers.
    let mut list = attribute(Attr::TxqParams, ())?;
    for category in Category::ALL {
        let entry = entry(category, table.get(category))?;
        list = list.nest(&entry).map_err(io::Error::other)?;
    }
    let mut attributes = Attributes::default().with(Attr::Ifindex, index)?;
    attributes.push(list);
    Ok(attributes)
}

impl Nl80211 {
    /// Lets the transmit queues of the access point on interface `index` contend by `table`
    /// (`NL80211_ATTR_WIPHY_TXQ_PARAMS`). What the rules of the country forbid, the kernel moves
    /// to the nearest value that they allow. There is no way to read them.
    ///
    /// # Errors
    /// No access point, its interface is down, or a driver without queues for each category.
    pub async fn set_transmit_queues(&self, index: u32, table: &Table) -> Result<(), Nl80211Error> {
        let doing = "set how the transmit queues contend";
        self.order(doing, Command::SetWiphy, attributes(index, table))
            .await
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use neli::ToBytes;

    use super::*;

    #[test]
    fn an_entry_as_the_kernel_reads_it() {
        let edca = Edca {
            aifsn: 2,
            cw_min: 2,
            cw_max: 10,
            txop: 128,
        };
        let mut bytes = Cursor::new(Vec::new());
        entry(Category::Vi, edca)
            .unwrap()
            .to_bytes(&mut bytes)
            .unwrap();
        let field = |kind: u8, value: &[u8]| {
            let length = 4 + value.len();
            let mut field = vec![u8::try_from(length).unwrap(), 0, kind, 0];
            field.extend_from_slice(value);
            field.resize(8, 0);
            field
        };
        let mut expected = vec![44, 0, 1, 0x80];
        for (kind, value) in [
            (1, &[1_u8][..]),
            (2, &[128, 0]),
            (3, &[3, 0]),
            (4, &[0xff, 3]),
            (5, &[2]),
        ] {
            expected.extend(field(kind, value));
        }
        assert_eq!(bytes.into_inner(), expected);
    }
}
