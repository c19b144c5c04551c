//! What browsers run on a plain static host: two shims over `registry-core`, each a wasm file of its own, so that names
//! are suggested before the engine is there.

#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "names")]
mod names;

#[cfg(feature = "engine")]
pub use engine::Engine;
#[cfg(feature = "names")]
pub use names::Names;
