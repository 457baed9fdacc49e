//! What the image is made of. A change here makes a new image.

/// Raised when the way of building changes without a change of the lists below.
pub(super) const VERSION: u32 = 1;

/// Debian packages the userland comes from, with all they depend on.
pub(super) const PACKAGES: &[&str] = &[
    "busybox-static",
    "dash",
    "hostapd",
    "iperf3",
    "iproute2",
    "iputils-ping",
    "iw",
    "kmod",
    "libgcc-s1",
    "nftables",
    "tcpdump",
    "wpasupplicant",
];

/// The package behind which Debian puts the kernel of a release.
pub(super) const KERNEL: &str = "linux-image-amd64";

/// Programs that are copied into the image, with the libraries they need.
pub(super) const PROGRAMS: &[&str] = &[
    "bridge",
    "busybox",
    "dash",
    "hostapd",
    "hostapd_cli",
    "ip",
    "iperf3",
    "iw",
    "kmod",
    "nft",
    "ping",
    "tc",
    "tcpdump",
    "wpa_cli",
    "wpa_supplicant",
];

/// Names under which kmod is called.
pub(super) const KMOD_NAMES: &[&str] =
    &["depmod", "insmod", "lsmod", "modinfo", "modprobe", "rmmod"];

/// Libraries that Rust programs need whatever they do.
pub(super) const LIBRARIES: &[&str] = &[
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libgcc_s.so.1",
    "libm.so.6",
];

/// Kernel modules without which nothing works; they may as well be built in.
pub(super) const MODULES: &[&str] = &[
    "9p",
    "9pnet_virtio",
    "act_mirred",
    "bridge",
    "ccm",
    "cfg80211",
    "cls_matchall",
    "ctr",
    "dummy",
    "mac80211",
    "mac80211_hwsim",
    "nf_tables",
    "nfnetlink_queue",
    "nft_ct",
    "nft_limit",
    "nft_numgen",
    "nft_queue",
    "sch_ingress",
    "sch_netem",
    "tun",
    "veth",
    "virtio_pci",
];

/// Kernel modules taken along where the kernel has them.
pub(super) const EXTRA_MODULES: &[&str] = &[
    "aes_generic",
    "arc4",
    "br_netfilter",
    "cls_bpf",
    "cls_u32",
    "cmac",
    "crc32c_generic",
    "crc32c_intel",
    "gcm",
    "ghash-generic",
    "ip_gre",
    "ipip",
    "michael_mic",
    "nf_conntrack",
    "nf_conntrack_bridge",
    "nf_log_syslog",
    "nfnetlink_log",
    "nft_chain_nat",
    "nft_compat",
    "nft_counter",
    "nft_dup_netdev",
    "nft_fib_inet",
    "nft_fwd_netdev",
    "nft_hash",
    "nft_log",
    "nft_masq",
    "nft_meta_bridge",
    "nft_nat",
    "nft_reject_bridge",
    "nft_reject_inet",
    "nft_reject_netdev",
    "sch_fq",
    "sch_fq_codel",
    "sch_htb",
    "sch_plug",
    "sch_prio",
    "sch_tbf",
    "sha256_generic",
];

/// The first program of the guest.
pub(super) const INIT: &str = include_str!("init.sh");
