//! The rows of the simulator: that its medium is right, and what it shows of Rether.

use anyhow::Result;
use rether_sim::study::{ComparisonOptions, Point, Scheme, compare};
use rether_sim::validate::{Options, Reference, Verdict, report, saturation, voice};

use super::{Context, Row, Seen};

const GROUP: &str = "air";

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row {
            group: GROUP,
            name: "air-validate",
            required: "every claimed row of ns-3: goodput within 1.5 %, collisions within 0.01, the knee of calls, delays; n=1 within 0.2 % of the closed form",
            quick: true,
            run: validate,
        },
        Row {
            group: GROUP,
            name: "air-compare",
            required: "plain DCF, EDCA and Rether side by side, as figures",
            quick: true,
            run: side_by_side,
        },
    ]
}

/// All rows; what they cost is shown and not judged, because other rows run beside this one.
fn validate(context: &Context) -> Result<Seen> {
    let reference = Reference::embedded()?;
    let report = report(
        &reference,
        &Options::full(),
        &saturation,
        &voice,
        &mut |_| {},
    );
    let folder = context.out.join("air-validate");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("index.html"), report.to_html()?)?;
    std::fs::write(folder.join("report.txt"), report.to_text())?;
    let slow = report.speed.iter();
    let slow = slow.filter(|row| row.verdict() == Verdict::Fails).count();
    let tally = &report.tally;
    let fails = usize::try_from(tally.fails)?.saturating_sub(slow);
    let times = report.speed.iter().filter_map(|row| {
        let ours = row.check.as_ref()?.ours;
        Some(row.row.cpu_s_per_sim_s / ours)
    });
    Ok(Seen {
        text: format!(
            "{} rows hold, {} only within the statistical error, {fails} fail; at least {:.0} times faster than ns-3; page: {}",
            tally.holds,
            tally.within_error,
            times.fold(f64::INFINITY, f64::min),
            folder.join("index.html").display()
        ),
        passed: fails == 0 && tally.holds > 100,
    })
}

/// Five calls beside five uploads, and ten saturated stations, in 802.11a.
fn side_by_side(_: &Context) -> Result<Seen> {
    let usual = ComparisonOptions::default();
    let options = ComparisonOptions {
        stations: vec![10],
        uploads: vec![5],
        seeds: 1,
        seconds: 5,
        ..usual
    };
    let comparison = compare(&options, &|_, _| {})?;
    let show = |points: &[Point], what: &str| {
        let cells: Vec<String> = points
            .iter()
            .filter(|point| point.phy == "11a")
            .map(|point| {
                let voice = point.missed.map_or_else(String::new, |missed| {
                    format!(" ({:.1} % missed)", missed * 100.0)
                });
                format!("{} {:.1}{voice}", point.scheme.name(), point.goodput_mbps)
            })
            .collect();
        format!("{what}, Mb/s: {}", cells.join(", "))
    };
    let every = comparison.saturation.len() + comparison.voice.len();
    Ok(Seen {
        text: format!(
            "{}; {}",
            show(&comparison.saturation, "10 uploads"),
            show(&comparison.voice, "5 calls and 5 uploads")
        ),
        passed: every == 4 * Scheme::ALL.len(),
    })
}
