//! The configuration that is shipped, as it is and with its examples taken out of their comments.

const SHIPPED: &str = include_str!("../../config/ap.toml");

/// Lines such as `# cycle = "20ms"` and `# [[policy]]` without their `#`.
fn examples(text: &str) -> String {
    let example = |line: &str| {
        let key = line.strip_prefix("# ").filter(|rest| {
            let name = rest.split(" = ").next().unwrap_or_default();
            let is_key =
                rest.contains(" = ") && name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            is_key || rest.starts_with("[[")
        });
        key.unwrap_or(line).to_owned() + "\n"
    };
    text.lines().map(example).collect()
}

#[test]
fn it_has_no_mistakes_and_its_comments_show_the_defaults() {
    let shipped = rether_ap::config::parse("ap.toml", SHIPPED).unwrap_or_else(|e| panic!("{e}"));
    let mut default = rether_ap::config::default().unwrap();
    default.policy = shipped.policy.clone();
    assert_eq!(shipped, default);
    assert_eq!(shipped.policy.rules.len(), 1);
}

#[test]
fn its_examples_have_no_mistakes() {
    let text = examples(SHIPPED)
        .replace("preamble = \"long\"\n", "")
        .replace("explicit-limit = 4\n", "");
    assert!(text.contains("\nassumed-rate"), "{text}");
    let config = rether_ap::config::parse("ap.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.policy.rules.len(), 2);
    // On 802.11a, what the comments show is what is in force without them.
    let phy = rether_proto::airtime::Phy {
        kind: rether_proto::airtime::PhyKind::Ofdm,
        wmm: false,
    };
    let default = rether_ap::config::default().unwrap();
    assert_eq!(config.cell.coordinator(phy), default.cell.coordinator(phy));
    assert_eq!(config.patience, default.patience);
    assert_eq!(config.bundle, default.bundle);
}
