//! Real-time standing.

use std::fs;
use std::process::Command;
use std::thread;

use rether_linux::rt;

/// Scheduling policy in a `stat` file of proc(5): field 41, counted behind the name.
fn policy(stat: &str) -> u32 {
    let fields = stat.rsplit_once(')').unwrap().1;
    fields.split_whitespace().nth(38).unwrap().parse().unwrap()
}

#[test]
#[ignore = "needs root: run in the lab VM"]
fn the_thread_has_it_and_its_children_have_not() {
    let thread = thread::spawn(|| {
        let standing = rt::enter();
        assert!(
            standing.scheduling.is_ok() && standing.memory.is_ok(),
            "{standing:?}"
        );
        assert!(standing.timer_slack.is_ok(), "{standing:?}");
        let own = fs::read_to_string("/proc/thread-self/stat").unwrap();
        let child = Command::new("cat")
            .arg("/proc/self/stat")
            .output()
            .unwrap()
            .stdout;
        (policy(&own), policy(&String::from_utf8(child).unwrap()))
    });
    assert_eq!(thread.join().unwrap(), (1, 0));
    let main = fs::read_to_string("/proc/thread-self/stat").unwrap();
    assert_eq!(policy(&main), 0);
}
