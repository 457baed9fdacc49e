use super::*;
use crate::theory::{bianchi, closed_form};
use std::{fs, path::Path};

fn reference() -> Reference {
    Reference::embedded().unwrap()
}

#[test]
fn the_embedded_files_are_all_there() {
    let reference = reference();
    let counts = (
        reference.saturation.len(),
        reference.voice.len(),
        reference.speed.len(),
        reference.analytic.len(),
    );
    assert_eq!(counts, (92 + 27, 39 + 30 + 6, 14, 79));
    let row = &reference.saturation[0];
    assert_eq!((row.config.as_str(), row.n), ("11a_24", 1));
    assert!((row.goodput_mbps_mean - 17.2891).abs() < 1e-9);
    let row = reference.voice.iter().find(|row| row.tcp_download).unwrap();
    assert_eq!((row.config.as_str(), row.k_calls), ("bg_11a", 5));
    assert!((row.dl.p99_ms - 24.8377).abs() < 1e-9 && (row.dl_sd.mean_ms - 0.108_381).abs() < 1e-9);
}

#[test]
fn embedded_and_loaded_from_their_folder_are_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/ns3");
    let loaded = Reference::load(&folder).unwrap();
    let embedded = reference();
    assert_eq!(loaded.saturation, embedded.saturation);
    assert_eq!(loaded.speed, embedded.speed);
    assert_eq!(loaded.voice.len(), embedded.voice.len());
    let both = embedded.clone().and(loaded);
    assert_eq!(both.saturation.len(), 2 * embedded.saturation.len());
}

/// A folder with one file, made from a public one by `change`.
fn folder(name: &str, from: &str, change: impl Fn(&str) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let public = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/ns3");
    let text = fs::read_to_string(public.join(from)).unwrap();
    fs::write(folder.path().join(name), change(&text)).unwrap();
    folder
}

fn fault(name: &str, from: &str, change: impl Fn(&str) -> String) -> String {
    let folder = folder(name, from, change);
    let fault = Reference::load(folder.path()).unwrap_err().to_string();
    fault.replace(&folder.path().display().to_string(), "DIR")
}

#[test]
fn held_out_files_have_the_format_of_the_public_ones() {
    let held_out = folder(
        "voip_capacity_holdout.csv",
        "voip_capacity_public.csv",
        |text| text.lines().take(3).collect::<Vec<_>>().join("\r\n"),
    );
    assert_eq!(Reference::load(held_out.path()).unwrap().voice.len(), 2);
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    let saturation = "saturation_public.csv";
    let name = "saturation_holdout.csv";
    let said = fault(name, saturation, |text| {
        text.replacen("11a,24,ofdm", "11a,fast,ofdm", 1)
    });
    assert!(said.starts_with("DIR/saturation_holdout.csv:2: ") && said.contains("invalid digit"));
    let said = fault(name, saturation, |text| {
        text.replacen("DCF,0,stock,5", "CSMA,0,stock,5", 1)
    });
    assert!(
        said.starts_with("DIR/saturation_holdout.csv:3: ") && said.contains("CSMA"),
        "{said}"
    );
    let said = fault(name, saturation, |text| {
        text.replacen(",stock,5,", ",none,5,", 1)
    });
    assert!(
        said.contains(":3: ") && said.contains("`stock` or `eifs`"),
        "{said}"
    );
    let said = fault(name, saturation, |text| {
        text.replacen(",stock,5,", ",stock,0,", 1)
    });
    assert!(said.contains(":3: n is 0; expected 1 to 2007"), "{said}");
    let said = fault(name, saturation, |text| text.replacen("17.2891", "NaN", 1));
    assert!(said.contains(":2: goodput_mbps_mean is NaN"), "{said}");
    let said = fault(name, saturation, |text| {
        text.replacen("udp_payload_B", "payload", 1)
    });
    assert!(said.contains(":2: missing field `udp_payload_B`"), "{said}");
    let said = fault(name, saturation, |text| {
        text.lines().take(2).collect::<Vec<_>>().join("\n") + "\n11a,1"
    });
    assert!(said.contains(":3: 2 fields under 26 headers"), "{said}");
}

#[test]
fn other_files_and_empty_folders_are_refused() {
    let said = fault("notes.csv", "speed.csv", str::to_owned);
    assert!(
        said.contains("DIR/notes.csv: not a known kind of file"),
        "{said}"
    );
    let said = fault("speed.csv", "speed.csv", |text| {
        text.replacen("0.0364", "-1", 1)
    });
    assert!(said.contains(":2: cpu_s_per_sim_s is -1"), "{said}");
    let said = fault("speed.txt", "speed.csv", str::to_owned);
    assert_eq!(said, "DIR: no CSV file in it");
    let missing = Reference::load(Path::new("/nowhere/at/all")).unwrap_err();
    assert!(matches!(missing, ReferenceError::Read { .. }), "{missing}");
}

#[test]
fn theory_gives_what_the_reference_says_it_gives() {
    let reference = reference();
    let mut compared = 0;
    for expected in &reference.analytic {
        let rows = reference.saturation.iter();
        let mut rows = rows.filter(|row| (&row.config, row.n) == (&expected.config, expected.n));
        let row = rows.next().unwrap();
        let (Some(goodput), Some(p)) = (expected.bianchi_mbps, expected.bianchi_p) else {
            assert!(row.contention().is_none(), "{}", row.config);
            continue;
        };
        let cell = row.contention().unwrap();
        let ours = bianchi(row.n, &cell);
        let what = format!(
            "{} n={}: {ours:?}, expected {goodput} {p}",
            row.config, row.n
        );
        assert!((ours.goodput_mbps / goodput - 1.0).abs() < 1e-5, "{what}");
        assert!((ours.collision_prob - p).abs() < 1e-6, "{what}");
        if row.n == 1 {
            assert!((closed_form(&cell) / goodput - 1.0).abs() < 1e-5, "{what}");
        }
        compared += 1;
    }
    assert_eq!(compared, 76);
}

#[test]
fn set_ups_are_those_of_the_readme() {
    let reference = reference();
    let row = |config: &str| {
        let mut rows = reference.saturation.iter();
        rows.find(|row| row.config == config).unwrap()
    };
    let cell = row("11b_short_ack11").contention().unwrap();
    assert_eq!((cell.data.as_micros(), cell.ack.as_micros()), (1214, 107));
    let cell = row("11b_long_eifs").contention().unwrap();
    assert_eq!((cell.ifs_after_collision - cell.ifs).as_micros(), 314);
    let cell = row("11a_54_eifs").contention().unwrap();
    assert_eq!((cell.ifs_after_collision - cell.ifs).as_micros(), 60);
    let access = row("11a_VO0").access_params();
    assert_eq!((access.aifsn, access.cw_min, access.cw_max), (2, 3, 7));
    assert_eq!(row("11a_VI").access_params().txop.as_micros(), 4096);
    assert!(row("11b_short_ack11").fast_acks() && !row("11b_short").fast_acks());
    assert_eq!(row("sens_11b_retry1000").retry_limit(), 255);
    let calls = |config: &str| {
        let mut rows = reference.voice.iter();
        rows.find(|row| row.config == config).unwrap()
    };
    assert_eq!(calls("cap_11b_10ms").psdu_octets(), 156);
    assert_eq!(calls("cap_11a_VO0_20ms").psdu_octets(), 238);
}
