//! Exit codes, as sysexits.h has them.

use std::process::ExitCode;

use rether_linux::OsError;

use crate::config::ConfigError;

/// Everything went well.
pub const OK: u8 = 0;
/// It failed.
pub const FAILED: u8 = 1;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// Rights are missing (`EX_NOPERM`).
pub const DENIED: u8 = 77;
/// The configuration is wrong (`EX_CONFIG`).
pub const CONFIG: u8 = 78;

/// The code for an error, by what is at the bottom of it.
#[must_use]
pub fn code(error: &anyhow::Error) -> u8 {
    let mut code = FAILED;
    for cause in error.chain() {
        if cause.is::<ConfigError>() {
            code = CONFIG;
        }
        let os = cause
            .downcast_ref::<OsError>()
            .is_some_and(OsError::is_denied);
        let io = cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
        if os || (io && code != CONFIG) {
            code = DENIED;
        }
    }
    code
}

/// Ends `main`: says what went wrong, once and on standard error, and gives the exit code.
#[must_use]
pub fn finish(result: anyhow::Result<u8>) -> ExitCode {
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(code(&error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_by_cause() {
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        assert_eq!(
            code(&anyhow::Error::new(denied).context("open the gate")),
            DENIED
        );
        assert_eq!(code(&anyhow::anyhow!("no interface")), FAILED);
        let config = ConfigError::missing("/etc/x.toml");
        assert_eq!(code(&anyhow::Error::new(config).context("start")), CONFIG);
    }
}
