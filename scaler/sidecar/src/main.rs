//! jvb-sidecar.

use std::process::ExitCode;

fn main() -> ExitCode {
    scaler_sidecar::start()
}
