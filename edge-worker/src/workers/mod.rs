//! The host for Cloudflare Workers.
