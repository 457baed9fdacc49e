//! `rether-ap`: the coordinator of a cell.

use std::process::ExitCode;

fn main() -> ExitCode {
    rether_daemon::exit::finish(rether_ap::cli::main())
}
