//! `rether-sta`: the agent of a station.

use std::process::ExitCode;

fn main() -> ExitCode {
    rether_daemon::exit::finish(rether_sta::cli::main())
}
