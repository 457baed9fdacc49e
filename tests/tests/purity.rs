//! What the cores and the air may not do, checked in their source: no clock, no randomness but a seed's, no
//! map whose order differs between runs, no unsafe code. And no file that nobody reads to the end.

use std::path::{Path, PathBuf};
use std::process::Command;

const FORBIDDEN: &[&str] = &[
    "std::",
    "HashMap",
    "HashSet",
    "tokio",
    "rand::",
    "Instant::now",
    "SystemTime",
];
/// Of the air: its maps and queues are std's, but no clock, no I/O, and no mathematics that differs
/// between platforms.
const FORBIDDEN_IN_THE_AIR: &[&str] = &[
    "std::time",
    "std::io",
    "std::net",
    "std::fs",
    "std::env",
    "std::thread",
    "HashMap",
    "HashSet",
    "rand::",
    "Instant::now",
    "SystemTime",
    ".ln()",
    ".exp()",
    ".log10()",
    ".powf(",
    ".powi(",
    ".hypot(",
];
/// Lines that a source file may have at most.
const LONGEST_FILE: usize = 800;

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().expect("the workspace");
    root.canonicalize().expect("the workspace")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

fn is_test_module(path: &Path) -> bool {
    let in_tests = path.components().any(|part| part.as_os_str() == "tests");
    in_tests || path.file_stem().is_some_and(|stem| stem == "tests")
}

/// The lines that are compiled into the product: up to the test module that ends a file, without
/// comments.
fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    let lines = lines.take_while(|(_, line)| line.trim() != "mod tests {");
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Every use of one of `words` in the product's source below `folder`.
fn offences(folder: &str, at_least: usize, words: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    sources(&root().join(folder), &mut files);
    assert!(files.len() > at_least, "only {} files found", files.len());
    let mut offences = Vec::new();
    for path in files.iter().filter(|path| !is_test_module(path)) {
        let text = std::fs::read_to_string(path).expect("a source file");
        for (number, line) in product_lines(&text) {
            for word in words.iter().filter(|word| line.contains(**word)) {
                offences.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    offences
}

#[test]
fn the_cores_are_pure() {
    for (folder, at_least) in [("proto/src", 40), ("handoff/src", 12)] {
        let found = offences(folder, at_least, FORBIDDEN);
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn the_air_is_pure() {
    let found = offences("sim/src/medium", 12, FORBIDDEN_IN_THE_AIR);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_cores_say_so_to_the_compiler() {
    for file in ["proto/src/lib.rs", "handoff/src/lib.rs"] {
        let text = std::fs::read_to_string(root().join(file)).expect(file);
        for attribute in ["#![no_std]", "#![forbid(unsafe_code)]"] {
            let says_so = text.lines().any(|line| line == attribute);
            assert!(says_so, "{file}: {attribute}");
        }
    }
}

#[test]
fn the_check_finds_what_it_looks_for() {
    let text = "// std::fine\nuse std::time;\nmod tests {\nuse std::fine;\n";
    let lines: Vec<_> = product_lines(text).collect();
    assert_eq!(lines, [(1, "use std::time;")]);
}

#[test]
fn no_source_file_is_too_long() {
    let files = Command::new("git")
        .args(["ls-files", "*.rs"])
        .current_dir(root())
        .output();
    let files = String::from_utf8(files.expect("git").stdout).expect("names");
    assert!(files.lines().count() > 100, "is this a checkout?");
    let len = |file: &&str| {
        // A file may be deleted and not yet committed.
        let text = std::fs::read_to_string(root().join(file)).unwrap_or_default();
        text.lines().count()
    };
    let long: Vec<_> = files
        .lines()
        .filter(|file| len(file) > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "over {LONGEST_FILE} lines: {long:?}");
}
