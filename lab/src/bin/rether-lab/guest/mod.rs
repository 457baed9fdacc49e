//! stub
pub(crate) fn run() -> anyhow::Result<()> {
    println!(
        "{}hello {}",
        rether_lab::TOLD,
        std::fs::read_to_string("/proc/uptime")?.trim()
    );
    Ok(())
}
