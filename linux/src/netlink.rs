//! Netlink messages, written and read.
