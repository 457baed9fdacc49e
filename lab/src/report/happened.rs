//! Whether everything took place that the figures are about.

use super::{ArmReport, Verdict, figure};

/// Judges whether every event of the arm could be made to happen.
pub(super) fn all_happened(arm: &ArmReport) -> Verdict {
    let seen = figure(&arm.result, "events-failed");
    let passed = seen == Ok(0.0);
    Verdict {
        expected: format!("events-failed of arm {} == 0", arm.name),
        seen,
        passed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_that_failed_is_a_failure() {
        let arm = |result| ArmReport {
            name: "a".to_owned(),
            result,
        };
        assert!(all_happened(&arm(json!({"events-failed": 0}))).passed);
        assert!(!all_happened(&arm(json!({"events-failed": 1}))).passed);
        assert!(!all_happened(&arm(json!({}))).passed);
    }
}
