//! `[security]` of the configuration, with real key files.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rether_ap::config::{Config, parse};
use rether_daemon::config::ConfigError;
use rether_proto::auth::Key;

const SITE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const DEVICE: &str = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn file(folder: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a key file");
    std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("a key file");
    path
}

fn read(text: &str) -> Result<Config, String> {
    parse("ap.toml", text).map_err(|error| match error {
        ConfigError::Mistakes(findings) => findings
            .iter()
            .map(|finding| format!("{}: {} {}\n", finding.key, finding.problem, finding.remedy))
            .collect(),
        other => panic!("{other}"),
    })
}

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

#[test]
fn without_keys_the_cell_is_open() {
    for text in ["", "[security]", "[security.devices]"] {
        let security = read(text).unwrap().security;
        assert!(security.is_open() && security.auth(key(SITE)).is_none());
    }
}

#[test]
fn keys_come_from_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let site = file(folder.path(), "site.key", SITE, 0o600);
    let device = file(folder.path(), "laptop.key", DEVICE, 0o400);
    let text =
        format!("[security]\nkey-file = {site:?}\n[security.devices]\n\"laptop 7\" = {device:?}\n");
    let config = read(&text).unwrap();
    let seed = key(DEVICE);
    let auth = config.security.auth(seed.clone()).unwrap();
    assert_eq!(auth.seed, seed);
    assert_eq!(auth.key_of("laptop 7"), Some(&key(DEVICE)));
    assert_eq!(auth.key_of("another"), Some(&key(SITE)));
    // Whatever prints a configuration prints no key.
    assert!(!format!("{config:?}").to_lowercase().contains("aabbcc"));
}

#[test]
fn a_file_that_is_no_secret_is_refused_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let open = file(folder.path(), "open.key", SITE, 0o644);
    let short = file(folder.path(), "short.key", &SITE[2..], 0o600);
    let text = format!(
        "[security]\nkey-file = {open:?}\n[security.devices]\nlaptop = {short:?}\n{} = {open:?}\n",
        "x".repeat(33)
    );
    let mistakes = read(&text).unwrap_err();
    assert!(
        mistakes.contains("security.key-file: everybody"),
        "{mistakes}"
    );
    assert!(mistakes.contains("chmod 600"), "{mistakes}");
    assert!(mistakes.contains("security.devices.laptop: "), "{mistakes}");
    assert!(mistakes.contains("has 62 characters"), "{mistakes}");
    assert!(!mistakes.contains("aabbcc"), "{mistakes}");
}

#[test]
fn a_device_needs_a_name_that_an_agent_can_have() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(folder.path(), "good.key", DEVICE, 0o600);
    for name in [String::new(), "x".repeat(33)] {
        let text = format!("[security.devices]\n{name:?} = {good:?}\n");
        let mistakes = read(&text).unwrap_err();
        assert!(mistakes.contains("no agent can be called"), "{mistakes}");
    }
}
