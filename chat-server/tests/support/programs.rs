//! Where the two programs are.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of `chat-server`.
pub(crate) fn chat_server() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| find("chat-server", option_env!("CARGO_BIN_EXE_chat-server")))
}

/// The path of `chat-client`.
pub(crate) fn chat_client() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| find("chat-client", option_env!("CARGO_BIN_EXE_chat-client")))
}

/// A program of this test's own package is where cargo says; the other one is next to it.
fn find(name: &str, own: Option<&str>) -> PathBuf {
    if let Some(own) = own {
        return own.into();
    }
    let neighbour = option_env!("CARGO_BIN_EXE_chat-server")
        .or(option_env!("CARGO_BIN_EXE_chat-client"))
        .expect("cargo names the program of the package under test");
    let directory = Path::new(neighbour).parent().expect("a program is in a directory");
    let path = directory.join(format!("{name}{EXE_SUFFIX}"));
    if !path.exists() {
        build(name, directory);
    }
    assert!(path.exists(), "{} was not built", path.display());
    path
}

/// Builds a program into the directory in which its neighbour is: a test of one package alone makes
/// cargo build no program of another.
fn build(package: &str, directory: &Path) {
    let target = directory.parent().expect("a profile's directory is in a target directory");
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", package, "--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo can be run");
    assert!(status.success(), "cargo cannot build {package}");
}
