//! Makes cargo embed new migrations.

fn main() {
    // Cargo does not notice a new file on its own.
    println!("cargo:rerun-if-changed=../migrations");
}
