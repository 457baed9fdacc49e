//! Every row with its figures, deviations and reasons.

use super::html::table;
use crate::html::escape;
use crate::validate::{
    Check, DirectionFigures, Report, Verdict, VoiceResult, VoiceSummary, claim::Claim, text,
};

type Cell = (&'static str, String);

fn figure(value: Option<f64>, digits: usize) -> Cell {
    let text = value.map(|value| format!("{value:.digits$}"));
    ("figure", text.unwrap_or_default())
}

/// The checks named so, or nothing: `+1.2 % (1.5 %)`, a line each.
fn deviations(checks: &[Check], figures: &[&str]) -> Cell {
    let lines: Vec<_> = figures
        .iter()
        .map(|figure| {
            let check = checks.iter().find(|check| check.figure == *figure);
            check.map(text::deviation).unwrap_or_default()
        })
        .collect();
    ("figure", lines.join("<br>"))
}

fn verdict(verdict: Verdict) -> Cell {
    let class = match verdict {
        Verdict::Holds => "kept",
        Verdict::WithinError => "near",
        Verdict::Fails => "broken",
        Verdict::Capacity | Verdict::NotRun | Verdict::NotClaimed => "none",
    };
    (class, text::verdict(verdict).to_owned())
}

fn remarks(claim: Claim, checks: &[Check]) -> Cell {
    let remarks = text::remarks(claim, checks);
    let lines: Vec<_> = remarks.iter().map(|line| escape(line)).collect();
    ("remark", lines.join("<br>"))
}

pub(super) fn saturation(report: &Report) -> String {
    let header = [
        "set-up",
        "verdict",
        "Mb/s",
        "± sd",
        "ns-3",
        "± sd",
        "deviation (allowed)",
        "closed form",
        "Bianchi",
        "collision probability",
        "ns-3",
        "deviation (allowed)",
        "Bianchi",
        "remarks",
    ];
    let rows = report.saturation.iter().map(|result| {
        let (row, ours) = (&result.row, result.ours.as_ref());
        let cells = vec![
            verdict(result.verdict()),
            figure(ours.map(|ours| ours.goodput_mbps.mean), 3),
            figure(ours.map(|ours| ours.goodput_mbps.sd), 3),
            figure(Some(row.goodput_mbps_mean), 3),
            figure(Some(row.goodput_mbps_sd), 3),
            deviations(&result.checks, &["goodput, Mb/s"]),
            figure(result.closed_form_mbps, 3),
            figure(result.bianchi.map(|model| model.goodput_mbps), 3),
            figure(ours.map(|ours| ours.collision_prob.mean), 4),
            figure(Some(row.collision_prob_mean), 4),
            deviations(&result.checks, &["collision probability"]),
            figure(result.bianchi.map(|model| model.collision_prob), 4),
            remarks(result.claim, &result.checks),
        ];
        (text::saturation_name(row), cells)
    });
    table("Saturated uplink stations", &header, rows)
}

pub(super) fn capacity(report: &Report) -> String {
    let rows = report.capacity.iter().map(|result| {
        let cells = vec![
            verdict(result.verdict()),
            ("figure", text::knee(result.ours)),
            ("figure", text::knee(result.ns3)),
            ("figure", text::deviation(&result.check)),
        ];
        (result.config.clone(), cells)
    });
    let header = ["set-up", "verdict", "calls", "ns-3", "deviation (allowed)"];
    table("Calls carried, both directions usable", &header, rows)
}

pub(super) fn voice(report: &Report) -> String {
    let header = [
        "set-up",
        "verdict",
        "",
        "lost or late, %",
        "ns-3",
        "mean, ms",
        "ns-3",
        "deviation (allowed)",
        "p95, ms",
        "ns-3",
        "p99, ms",
        "ns-3",
        "jitter, ms",
        "ns-3",
        "data up + down, Mb/s",
        "ns-3",
        "remarks",
    ];
    let rows = report.voice.iter().map(|result| {
        let loss = pair(result, |way| way.loss_150ms * 100.0, 2);
        let mean = pair(result, |way| way.mean_ms, 2);
        let p95 = pair(result, |way| way.p95_ms, 2);
        let p99 = pair(result, |way| way.p99_ms, 2);
        let jitter = pair(result, |way| way.jitter_ms, 2);
        let names = ["ul mean delay, ms", "dl mean delay, ms"];
        let mut cells = vec![verdict(result.verdict()), ("figure", "ul<br>dl".to_owned())];
        cells.extend(loss);
        cells.extend(mean);
        cells.push(deviations(&result.checks, &names));
        cells.extend(p95);
        cells.extend(p99);
        cells.extend(jitter);
        cells.extend(data(result));
        cells.push(remarks(result.claim, &result.checks));
        (text::voice_name(&result.row), cells)
    });
    table("Voice calls", &header, rows)
}

/// Ours and that of ns-3, uplink above downlink.
fn pair(result: &VoiceResult, way: fn(&DirectionFigures) -> f64, digits: usize) -> [Cell; 2] {
    let both = |ul: &DirectionFigures, dl: &DirectionFigures| {
        let (ul, dl) = (way(ul), way(dl));
        ("figure", format!("{ul:.digits$}<br>{dl:.digits$}"))
    };
    let ours = |ours: &VoiceSummary| both(&ours.mean.ul, &ours.mean.dl);
    let none = || ("figure", String::new());
    [
        result.ours.as_ref().map_or_else(none, ours),
        both(&result.row.ul, &result.row.dl),
    ]
}

fn data(result: &VoiceResult) -> [Cell; 2] {
    let both = |up: f64, down: f64| ("figure", format!("{up:.2}<br>{down:.2}"));
    let ours = |ours: &VoiceSummary| both(ours.mean.data_up_mbps, ours.mean.tcp_download_mbps);
    let none = || ("figure", String::new());
    [
        result.ours.as_ref().map_or_else(none, ours),
        both(result.row.data_up_mbps, result.row.tcp_download_mbps),
    ]
}

pub(super) fn speed(report: &Report) -> String {
    let rows = report.speed.iter().map(|result| {
        let ours = result.check.map(|check| check.ours);
        let ns3 = result.row.cpu_s_per_sim_s;
        let cells = vec![
            verdict(result.verdict()),
            figure(Some(result.row.n_or_k.into()), 0),
            figure(ours, 6),
            figure(Some(ns3), 4),
            figure(ours.map(|ours| ns3 / ours), 0),
            remarks(result.claim, result.check.as_slice()),
        ];
        (result.row.scenario.clone(), cells)
    });
    let header = [
        "set-up",
        "verdict",
        "n or k",
        "CPU s per simulated s",
        "ns-3",
        "times faster",
        "remarks",
    ];
    table("Cost", &header, rows)
}

/// Reasons of claims that are not plain, each with its rows.
pub(super) fn exceptions(report: &Report) -> String {
    let rows = text::exceptions(report)
        .into_iter()
        .map(|(claim, why, rows)| {
            let cells = vec![
                ("remark", escape(why)),
                ("remark", escape(&rows.join(", "))),
            ];
            let claimed = if claim.is_judged() { "loosely" } else { "no" };
            (claimed.to_owned(), cells)
        });
    table(
        "Claims that are not plain",
        &["claimed", "because", "rows"],
        rows,
    )
}
