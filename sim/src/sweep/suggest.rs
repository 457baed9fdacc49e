//! What was probably meant.

/// The candidate that `text` is a slip of, if there is one.
pub(super) fn nearest(text: &str, candidates: &[String]) -> Option<String> {
    let distance = |candidate: &String| strsim::damerau_levenshtein(text, candidate);
    let best = candidates
        .iter()
        .min_by_key(|candidate| distance(candidate))?;
    let longest = text.chars().count().max(best.chars().count());
    let distance = distance(best);
    (distance < longest && distance <= (longest / 3).max(1)).then(|| best.clone())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let known = ["count", "rate-mbps"].map(str::to_owned);
        assert_eq!(nearest("cuont", &known).as_deref(), Some("count"));
        assert_eq!(nearest("rate_mbps", &known).as_deref(), Some("rate-mbps"));
        assert_eq!(nearest("policy", &known), None);
        assert_eq!(nearest("x", &[]), None);
        assert_eq!(nearest("x", &["s".to_owned()]), None);
    }
}
