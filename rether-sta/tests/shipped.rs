//! The configuration that is shipped.

use rether_proto::auth::Key;

/// Of no use here: there is no key.
const SEED: Key = Key::new([0; Key::LEN]);
const SHIPPED: &str = include_str!("../../config/sta.toml");

#[test]
fn it_is_the_default_and_so_are_its_examples() {
    let default = rether_sta::config::default().unwrap();
    let shipped = rether_sta::config::parse("sta.toml", SHIPPED).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(shipped, default);
    let example = |line: &str| {
        // The path of a key file is indented: there is no such file here.
        let is_key = |rest: &&str| rest.contains(" = ") && !rest.starts_with(' ');
        let key = line.strip_prefix("# ").filter(is_key);
        key.unwrap_or(line).to_owned() + "\n"
    };
    let text: String = SHIPPED.lines().map(example).collect();
    let config = rether_sta::config::parse("sta.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    assert!(config.interface.is_some() && config.name.is_some() && config.queue.is_some());
    assert_eq!(
        config.agent("x", SEED).queue_limit,
        default.agent("x", SEED).queue_limit
    );
    assert_eq!(
        (config.lost_after, config.patience),
        (default.lost_after, default.patience)
    );
    assert_eq!(config.stay_awake, default.stay_awake);
    assert_eq!(config.bundle, default.bundle);
    assert_eq!(config.handoff, default.handoff);
}
