//! `rether-sim capacity`: how many calls a cell carries.

use std::process::ExitCode;

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use rether_sim::preset::Phy;
use rether_sim::study::{Capacity, Criterion, Scheme, capacity};

use crate::compare::phy;

/// Searches the largest number of G.711 calls, each both ways to a wired host, of which at most
/// 1 % of the packets are lost or later than 150 ms and the mean delay is below 50 ms.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only this PHY: 11b at 11 Mb/s or 11a at 54 Mb/s.
    #[arg(long, value_parser = phy)]
    phy: Option<Phy>,
    /// Time between packets of a call, in ms: 10 or 20.
    #[arg(long, default_value_t = 20, value_parser = interval)]
    interval: u16,
    /// Runs of each number of calls.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// What counts of a run, in seconds of virtual time.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// The largest number of calls that is tried.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1000))]
    most: u16,
    /// The largest share of packets lost or late, in percent.
    #[arg(long, default_value_t = 1.0, value_parser = percent)]
    missed: f64,
    /// Prints what was found as JSON.
    #[arg(long)]
    json: bool,
}

fn percent(text: &str) -> Result<f64, String> {
    let share = text
        .parse()
        .ok()
        .filter(|share| (0.0..=100.0).contains(share));
    share.ok_or_else(|| "write a share from 0 to 100".to_owned())
}

fn interval(text: &str) -> Result<u16, String> {
    match text {
        "10" => Ok(10),
        "20" => Ok(20),
        _ => Err("write 10 or 20".to_owned()),
    }
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let criterion = Criterion {
        missed: arguments.missed / 100.0,
        ..Criterion::default()
    };
    let effort = (arguments.seeds, arguments.seconds, arguments.most);
    let mut found: Vec<Capacity> = Vec::new();
    for phy in arguments
        .phy
        .map_or_else(|| vec![Phy::B11, Phy::A54], |phy| vec![phy])
    {
        for scheme in Scheme::ALL {
            let name = format!("802.{} {}", phy.standard, scheme.name());
            let one = capacity(
                phy,
                scheme,
                arguments.interval,
                effort,
                criterion,
                &mut |probe| {
                    eprintln!(
                        "{name}: {} calls are carried in {} of {} runs",
                        probe.calls, probe.carried, probe.runs
                    );
                },
            )?;
            found.push(one);
        }
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        println!("{}", table(&found));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(found: &[Capacity]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["cell", "calls", "one more: lost or late", "mean delay"]);
    for capacity in found {
        let next = capacity
            .probes
            .iter()
            .find(|probe| probe.calls == capacity.calls + 1);
        table.add_row([
            format!("802.{} {}", capacity.phy, capacity.scheme.name()),
            capacity.calls.to_string(),
            next.map_or_else(String::new, |probe| {
                format!("{:.2} %", probe.missed * 100.0)
            }),
            next.map_or_else(String::new, |probe| format!("{:.1} ms", probe.mean_ms)),
        ]);
    }
    table
}
