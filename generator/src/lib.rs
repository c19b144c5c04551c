//! The generator: reads skills from Git or a working tree, checks them, renders the catalog and writes it.

pub mod adopt;
pub mod cache;
pub mod catalog;
pub mod cli;
pub mod configuration;
pub mod dev;
pub mod document;
pub mod explain;
pub mod fix;
pub mod head;
pub mod init;
pub mod keys;
pub mod ledger;
pub mod library;
pub mod lint;
pub mod pages;
pub mod place;
pub mod publish;
pub mod releases;
pub mod report;
pub mod scaffold;
pub mod source;
pub mod store;
pub mod verify;
pub mod walk;
pub mod write;
