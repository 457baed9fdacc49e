//! `rether-sim validate`: the medium against ns-3, Bianchi and the closed form.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use rether_sim::validate::{Options, Reference, report, saturation, voice};

/// Holds the medium against figures of ns-3 3.37, Bianchi's model and the closed form for one
/// station, and says where it deviates, and what it does not claim to match.
///
/// Exit code 1 if a row that is claimed does not hold.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The short form of continuous integration: fewer rows, shorter runs.
    #[arg(long)]
    quick: bool,
    /// Runs of each row.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: Option<u64>,
    /// More rows, in files of the same names and columns as sim/reference/ns3.
    #[arg(long, value_name = "FOLDER")]
    reference: Option<PathBuf>,
    /// Leaves the rows out that the program has with it.
    #[arg(long, requires = "reference")]
    only_reference: bool,
    /// Where the page with the plots and the figures as JSON go.
    #[arg(long, value_name = "FOLDER", default_value = "validate")]
    out: PathBuf,
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut reference = if arguments.only_reference {
        Reference::default()
    } else {
        Reference::embedded()?
    };
    if let Some(folder) = &arguments.reference {
        reference = reference.and(Reference::load(folder)?);
    }
    let mut options = if arguments.quick {
        Options::quick()
    } else {
        Options::full()
    };
    if let Some(seeds) = arguments.seeds {
        options.seeds = (1..=seeds).collect();
    }
    let report = report(&reference, &options, &saturation, &voice, &mut |line| {
        eprintln!("{line}");
    });
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make the folder {}", arguments.out.display()))?;
    for (name, text) in [
        ("index.html", report.to_html()?),
        ("validate.json", report.to_json()?),
    ] {
        let path = arguments.out.join(name);
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    println!("{}", report.to_text());
    println!("With plots: {}", arguments.out.join("index.html").display());
    Ok(if report.passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}
