//! A new migration must find its way into the binary without anything else having changed.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
