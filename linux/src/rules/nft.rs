//! Runs `nft`.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use super::RulesError;

/// Loads `transaction`, all of it or nothing.
pub(crate) fn load(transaction: &str) -> Result<(), RulesError> {
    run(&["-f", "-"], transaction).map(drop)
}

/// Version of the program.
pub(crate) fn version() -> Result<String, RulesError> {
    Ok(run(&["--version"], "")?.trim().to_owned())
}

/// Families and names of all tables.
pub(crate) fn tables() -> Result<Vec<(String, String)>, RulesError> {
    Ok(parse_tables(&run(&["list", "tables"], "")?))
}

fn parse_tables(text: &str) -> Vec<(String, String)> {
    let table = |line: &str| {
        let mut words = line.strip_prefix("table ")?.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    text.lines().filter_map(table).collect()
}

fn run(arguments: &[&str], input: &str) -> Result<String, RulesError> {
    let Output {
        status,
        stdout,
        stderr,
    } = spawn(arguments, input).map_err(RulesError::Nft)?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&stderr);
    let said = stderr
        .lines()
        .find(|line| line.contains("rror"))
        .unwrap_or("no reason given");
    Err(RulesError::Refused {
        stderr: said.to_owned(),
    })
}

fn spawn(arguments: &[&str], input: &str) -> std::io::Result<Output> {
    let mut child = Command::new("nft")
        .args(arguments)
        .env("LC_ALL", "C")
        // A daemon's PATH often lacks the administrator's directories.
        .env("PATH", "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // If nft ends early, its exit code and its words say why.
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_list_of_tables() {
        let text = "table inet filter\ntable bridge rether_wlan0\nnonsense\ntable\n";
        let expected = [("inet", "filter"), ("bridge", "rether_wlan0")];
        let expected = expected.map(|(family, name)| (family.to_owned(), name.to_owned()));
        assert_eq!(parse_tables(text), expected);
    }
}
