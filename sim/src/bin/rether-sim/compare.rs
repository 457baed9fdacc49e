//! `rether-sim compare`: plain 802.11, 802.11e and Rether side by side.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use comfy_table::{ContentArrangement, Table, presets};
use rether_sim::preset::Phy;
use rether_sim::study::{Comparison, ComparisonOptions, Point, Scheme, compare};

use crate::progress::Progress;

/// Compares plain DCF, EDCA and Rether in the same cells: 1 to 50 saturated stations, and calls
/// beside 0 to 10 stations that upload without end, in 802.11b at 11 Mb/s and 802.11a at 54 Mb/s.
///
/// In the first table Rether promises a little to one upload, so that its tokens and their cost
/// are there; without a promise it sends none.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only this PHY.
    #[arg(long, value_parser = phy)]
    phy: Option<Phy>,
    /// Runs of each point.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// What counts of a run, in seconds of virtual time.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Calls beside the uploads.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    calls: u16,
    /// Where the page with the plots and the figures as JSON go.
    #[arg(long, value_name = "FOLDER", default_value = "compare")]
    out: PathBuf,
}

/// A PHY by its name.
pub(crate) fn phy(name: &str) -> Result<Phy, String> {
    match name {
        "11b" => Ok(Phy::B11),
        "11a" => Ok(Phy::A54),
        other => Err(format!("`{other}` is not a PHY; write 11a or 11b")),
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the tables are what the program is for"
)]
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let usual = ComparisonOptions::default();
    let options = ComparisonOptions {
        phys: arguments.phy.map_or(usual.phys, |phy| vec![phy]),
        calls: arguments.calls,
        seeds: arguments.seeds,
        seconds: arguments.seconds,
        ..usual
    };
    let progress = Progress::new("points");
    let comparison = compare(&options, &|done, total| progress.show(done, total))?;
    progress.clear();
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make the folder {}", arguments.out.display()))?;
    for (name, text) in [
        ("compare.json", serde_json::to_string_pretty(&comparison)?),
        ("index.html", comparison.to_html()?),
    ] {
        let path = arguments.out.join(name);
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    show(&comparison);
    println!("With plots: {}", arguments.out.join("index.html").display());
    Ok(ExitCode::SUCCESS)
}

#[expect(
    clippy::print_stdout,
    reason = "the tables are what the program is for"
)]
fn show(comparison: &Comparison) {
    for phy in comparison.phys() {
        println!(
            "802.{phy}: saturated uplinks of 1472 octets, Mb/s in sum (least station; tokens' share of the air)"
        );
        println!(
            "{}\n",
            table(&comparison.saturation, phy, "stations", saturated)
        );
        println!(
            "802.{phy}: calls beside saturated uplinks: lost or late, p99 of the delay, Mb/s of the uplinks"
        );
        println!("{}\n", table(&comparison.voice, phy, "uploads", loaded));
    }
}

fn table(points: &[Point], phy: &str, what: &str, cell: fn(&Point) -> String) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let names = Scheme::ALL.map(Scheme::name);
    table.set_header(std::iter::once(what).chain(names));
    let of_phy: Vec<&Point> = points.iter().filter(|point| point.phy == phy).collect();
    for row in of_phy.chunks(Scheme::ALL.len()) {
        let uploads = row.first().map_or(0, |point| point.uploads).to_string();
        let cells = row.iter().map(|point| cell(point));
        table.add_row(std::iter::once(uploads).chain(cells));
    }
    table
}

fn saturated(point: &Point) -> String {
    let tokens = if point.scheme.is_rether() {
        format!("; {:.1} %", point.token_share * 100.0)
    } else {
        String::new()
    };
    format!(
        "{:.2} ({:.2}{tokens})",
        point.goodput_mbps, point.least_mbps
    )
}

fn loaded(point: &Point) -> String {
    let missed = point.missed.unwrap_or_default() * 100.0;
    let p99 = point.p99_ms.unwrap_or_default();
    format!("{missed:.1} %, {p99:.1} ms, {:.2}", point.goodput_mbps)
}
