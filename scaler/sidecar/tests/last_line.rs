//! The end of a pod: the kubelet's order is played by the tests, who run the two preStops at once and end the sidecar last.

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bridge::model::{BridgeConfig, Stop};

use rustix::process::{Pid, Signal, kill_process};
use support::mock::{Fault, Mock, quick};
use support::pod::{PROGRAM, Pod, command};
use support::{soon, within};

/// A bridge leaves 1.5 s after its people were moved, and jicofo hears of a drain within 0.1 s.
const TIMES: [&str; 3] = [
    "--shutting-down-delay=1500ms",
    "--margin=3s",
    "--settle=300ms",
];

fn pod(grace: &'static str) -> Pod {
    let flags = [TIMES.as_slice(), &[grace]].concat();
    let pod = Pod::started(|address| Mock::start(address, quick()), &flags);
    soon("the bridge has joined", || pod.is_ready());
    soon("the program is there for others", || {
        pod.path("volume/bin/jvb-sidecar").exists()
    });
    pod
}

/// The preStop of the sidecar's container.
fn terminate(pod: &Pod) {
    let state = format!("--state={}", pod.path("volume").display());
    let ended = command(PROGRAM, &["terminate", &state])
        .output()
        .expect("a program");
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

/// The preStop of the bridge's container, by the program that the sidecar put there.
struct Waiting {
    child: Child,
    began: Instant,
}

impl Waiting {
    fn begin(pod: &Pod) -> Self {
        let installed = pod.path("volume/bin/jvb-sidecar");
        let mode = std::fs::metadata(&installed)
            .expect("a program")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
        let state = format!("--state={}", pod.path("volume").display());
        Self::of(Command::new(installed).args(["wait", &state]).env_clear())
    }

    fn of(command: &mut Command) -> Self {
        let began = Instant::now();
        let child = command.stderr(Stdio::null()).spawn().expect("a program");
        Self { child, began }
    }

    fn is_over(&mut self) -> bool {
        let ended = self.child.try_wait().expect("our own process");
        ended
            .inspect(|status| assert!(status.success(), "{status}"))
            .is_some()
    }

    /// How long it waited.
    fn over(&mut self, limit: Duration) -> Duration {
        within(limit, "it waits no longer", || self.is_over());
        self.began.elapsed()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_busy_bridge_drains_at_once_and_is_let_go_when_the_last_person_has_left() {
    let pod = pod("--grace=60s");
    pod.bridge.people(3);
    terminate(&pod);
    let mut waiting = Waiting::begin(&pod);
    within(seconds(2), "it drains", || pod.bridge.drains());
    std::thread::sleep(seconds(2));
    assert!(!waiting.is_over(), "people may finish");
    assert!(pod.bridge.is(|bridge| !bridge.flags().shutting_down));
    pod.bridge.nobody();
    waiting.over(seconds(3));
    assert_eq!(pod.number("jvb_sidecar_terminating").as_deref(), Some("1"));
}

#[test]
fn who_has_not_finished_is_moved_before_the_grace_period_ends_and_nobody_is_cut() {
    let pod = pod("--grace=9s");
    pod.bridge.people(4);
    pod.bridge.launch_another();
    terminate(&pod);
    let mut waiting = Waiting::begin(&pod);
    let waited = waiting.over(seconds(9));
    assert!(
        waited >= Duration::from_millis(4_400),
        "they had their time: {waited:?}"
    );
    pod.bridge.stop(Stop::Terminate);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(pod.bridge.cut_and_moved(), (0, 4));
}

#[test]
fn an_empty_bridge_that_has_been_hidden_is_let_go_at_once() {
    let pod = pod("--grace=60s");
    assert_eq!(pod.order("/colibri/drain/enable", "").status(), 200);
    soon("that is written down", || {
        let hidden = std::fs::read_to_string(pod.path("volume/state/hidden"));
        hidden.is_ok_and(|hidden| hidden.contains("since"))
    });
    std::thread::sleep(Duration::from_millis(400));
    terminate(&pod);
    let waited = Waiting::begin(&pod).over(seconds(2));
    assert!(waited < seconds(1), "{waited:?}");
}

#[test]
fn without_a_sidecar_the_bridges_own_pre_stop_does_it_all() {
    let mut pod = pod("--grace=9s");
    pod.bridge.people(4);
    pod.bridge.launch_another();
    pod.kill();
    let mut waiting = Waiting::begin(&pod);
    within(seconds(2), "it drains", || pod.bridge.drains());
    waiting.over(seconds(9));
    pod.bridge.stop(Stop::Terminate);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(pod.bridge.cut_and_moved(), (0, 4));
}

#[test]
fn a_sidecar_that_dies_while_the_pod_ends_goes_on_where_it_was() {
    let mut pod = pod("--grace=12s");
    pod.bridge.people(4);
    pod.bridge.launch_another();
    terminate(&pod);
    within(seconds(2), "it drains", || pod.bridge.drains());
    pod.kill();
    std::thread::sleep(seconds(4));
    pod.start();
    // Not 7.5 s from now, but from the beginning.
    within(seconds(5), "its people are moved", || {
        pod.bridge.is(|bridge| bridge.flags().shutting_down)
    });
}

#[test]
fn a_bridge_that_does_not_answer_is_waited_for_until_the_grace_period_is_about_to_end() {
    let pod = pod("--grace=8s");
    pod.bridge.people(2);
    pod.bridge.fault(Fault::Hung);
    terminate(&pod);
    let waited = Waiting::begin(&pod).over(seconds(12));
    assert!(waited >= Duration::from_millis(6_500), "{waited:?}");
}

#[test]
fn a_bridge_that_has_left_by_itself_is_not_waited_for() {
    let pod = pod("--grace=60s");
    // Nobody else is there to take them.
    pod.bridge.people(2);
    assert_eq!(
        pod.order("/colibri/shutdown", r#"{"graceful-shutdown":false}"#)
            .status(),
        200
    );
    terminate(&pod);
    let waited = Waiting::begin(&pod).over(seconds(5));
    assert!(waited < seconds(4), "{waited:?}");
}

#[test]
fn with_too_short_a_grace_period_it_is_said_at_the_start_and_people_are_moved_at_once() {
    let pod = pod("--grace=4s");
    assert!(
        pod.log().contains("the grace period is too short"),
        "{}",
        pod.log()
    );
    assert!(
        pod.log().contains("terminationGracePeriodSeconds"),
        "{}",
        pod.log()
    );
    assert_eq!(
        pod.number("jvb_sidecar_grace_short_seconds").as_deref(),
        Some("1")
    );
    pod.bridge.people(4);
    pod.bridge.launch_another();
    terminate(&pod);
    let waited = Waiting::begin(&pod).over(seconds(4));
    assert!(waited < seconds(3), "{waited:?}");
    pod.bridge.stop(Stop::Terminate);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(pod.bridge.cut_and_moved(), (0, 4));
}

#[test]
fn a_bridge_that_cannot_be_told_to_shut_down_drains_to_the_end_and_that_is_told() {
    let deaf = BridgeConfig {
        shutdown_rest: false,
        ..quick()
    };
    let flags = [TIMES.as_slice(), &["--grace=6s"]].concat();
    let pod = Pod::started(|address| Mock::start(address, deaf), &flags);
    soon("the bridge has joined", || pod.is_ready());
    pod.bridge.people(2);
    terminate(&pod);
    soon("it is told", || pod.log().contains("SHUTDOWN_REST_ENABLED"));
    assert!(pod.bridge.drains());
    let line = r#"jvb_sidecar_last_line_commands_total{command="shutdown",result="off"}"#;
    assert_eq!(pod.number(line).as_deref(), Some("1"), "once");
}

#[test]
fn a_pod_that_ends_takes_no_conferences_whatever_is_said() {
    let pod = pod("--grace=60s");
    pod.bridge.people(1);
    terminate(&pod);
    within(seconds(2), "it drains", || pod.bridge.drains());
    assert_eq!(pod.order("/colibri/drain/disable", "").status(), 409);
    pod.annotate("active", "2090-01-01T00:00:00Z");
    pod.bridge.stop(Stop::Kill);
    pod.bridge.launch(quick());
    soon("another run of the bridge drains", || pod.bridge.drains());
    std::thread::sleep(seconds(1));
    assert!(pod.bridge.drains());
}

#[test]
fn when_only_the_bridges_container_ends_the_pod_goes_on_with_the_next() {
    let pod = pod("--grace=60s");
    assert_eq!(pod.order("/colibri/drain/disable", "").status(), 200);
    pod.bridge.people(1);
    let mut waiting = Waiting::begin(&pod);
    within(seconds(2), "it drains", || pod.bridge.drains());
    pod.bridge.nobody();
    waiting.over(seconds(3));
    pod.bridge.stop(Stop::Kill);
    std::thread::sleep(Duration::from_millis(200));
    pod.bridge.launch(BridgeConfig {
        initial_drain_mode: true,
        ..quick()
    });
    soon("it serves again", || {
        pod.bridge
            .is(|bridge| bridge.listening() && !bridge.flags().drain)
    });
    soon("and nothing ends", || {
        pod.number("jvb_sidecar_terminating").as_deref() == Some("0")
    });
}

#[test]
fn that_somebody_waited_once_is_not_believed_when_nobody_does_any_more() {
    let mut pod = Pod::new(|address| Mock::start(address, quick()));
    std::fs::create_dir_all(pod.path("volume/state")).expect("a folder");
    let long_ago = r#"{"since":1,"seen":2}"#;
    std::fs::write(pod.path("volume/state/waiting"), long_ago).expect("a file");
    pod.start();
    soon("the bridge has joined", || pod.is_ready());
    std::thread::sleep(seconds(1));
    assert!(!pod.bridge.drains());
    assert_eq!(pod.number("jvb_sidecar_terminating").as_deref(), Some("0"));
}

#[test]
fn when_nobody_tells_the_sidecar_whoever_waits_does_and_goes_on_doing_so() {
    let flags = ["--grace=60s", TIMES[0], TIMES[1], "--settle=30s"];
    let pod = Pod::started(|address| Mock::start(address, quick()), &flags);
    soon("the bridge has joined", || pod.is_ready());
    soon("the program is there for others", || {
        pod.path("volume/bin/jvb-sidecar").exists()
    });
    assert_eq!(pod.order("/colibri/drain/disable", "").status(), 200);
    pod.bridge.people(1);
    let mut waiting = Waiting::begin(&pod);
    within(seconds(2), "it drains", || pod.bridge.drains());
    // The bridge dies and is started anew in its container, in which somebody waits still.
    pod.bridge.stop(Stop::Kill);
    pod.bridge.launch(BridgeConfig {
        initial_drain_mode: true,
        ..quick()
    });
    std::thread::sleep(seconds(1));
    for _ in 0..20 {
        assert!(pod.bridge.drains(), "nobody takes it back");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!waiting.is_over());
}

#[test]
fn sigterm_comes_when_the_bridge_has_ended_and_ends_the_sidecar_at_once() {
    let mut pod = pod("--grace=60s");
    pod.bridge.fault(Fault::Hung);
    std::thread::sleep(Duration::from_millis(300));
    let process = Pid::from_child(pod.process());
    kill_process(process, Signal::TERM).expect("our own process");
    let began = Instant::now();
    let ended = pod.process().wait().expect("our own process");
    assert_eq!(ended.code(), Some(0));
    assert!(began.elapsed() < seconds(1), "{:?}", began.elapsed());
}

#[test]
fn where_nothing_was_written_down_flags_say_how_long_the_grace_period_is() {
    let pod = Pod::new(Mock::absent);
    let state = format!("--state={}", pod.path("nowhere").display());
    let bridge = format!("--bridge={}", pod.bridge.address());
    let mut waiting = Waiting::of(&mut command(
        PROGRAM,
        &["wait", &state, &bridge, "--grace=7s"],
    ));
    let waited = waiting.over(seconds(6));
    assert!(waited >= seconds(2), "{waited:?}");
}
