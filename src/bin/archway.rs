//! The native command.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    archway::cli::run()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
