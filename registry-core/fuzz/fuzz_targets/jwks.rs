//! Any bytes as the keys of an issuer: every key has a name of its own, and survives being written and read.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::{Corpus, fuzz_target};
use registry_core::token::{IdentityKeys, MAX_KEYS};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(keys) = serde_json::from_slice::<IdentityKeys>(bytes) else { return Corpus::Keep };
    let names: BTreeSet<&str> = keys.iter().map(|key| key.kid()).collect();
    assert_eq!(names.len(), keys.iter().count());
    assert!(names.len() <= MAX_KEYS);
    let written = serde_json::to_value(&keys).unwrap();
    let again: IdentityKeys = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), written);
    for key in keys.iter() {
        let same = again.get(key.kid()).unwrap();
        assert!(same.is_same_pair(key) && same.algorithm() == key.algorithm());
    }
    Corpus::Keep
});
