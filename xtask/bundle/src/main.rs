//! Makes the Workers bundle.
fn main() {}
