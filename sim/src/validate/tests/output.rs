use super::*;

#[test]
fn the_text_fits_a_terminal_and_says_why() {
    let text = of(&Options::full(), 1.0).to_text();
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(118), "{widest:?} columns\n{text}");
    for part in [
        "11b_long n=5",
        "cap_11b_20ms",
        "above the knee",
        "CF-End",
        "passed: ",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn the_page_needs_no_network_and_no_row_brings_markup_in() {
    let mut reference = reference();
    reference.saturation[0].config = "<script>\"'".to_owned();
    reference.voice[0].config = "<script>".to_owned();
    let report = report(
        &reference,
        &Options::full(),
        &saturated(1.02),
        &spoken,
        &mut |_| {},
    );
    let page = report.to_html().unwrap();
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    assert_eq!(page.matches("<svg").count(), 5);
    let elsewhere = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!elsewhere.contains("http") && !elsewhere.contains("src="));
    assert!(page.contains("FAILED") && page.contains("smoltcp"));
}
