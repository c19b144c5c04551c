//! Any text as `guildhall.yaml`: a finding points into it, and what is read survives as the catalog's policy file.

#![no_main]

mod place;

use libfuzzer_sys::{Corpus, fuzz_target};
use registry_core::organisation::{CONFIG_PATH, Organisation};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else { return Corpus::Reject };
    match Organisation::parse(text) {
        Ok(organisation) => {
            let policy = serde_json::to_vec(&organisation).unwrap();
            assert_eq!(serde_json::from_slice::<Organisation>(&policy).unwrap(), organisation);
            let named = organisation.policy.roles.values().flatten().chain(&organisation.policy.open_teams);
            for team in named {
                assert!(organisation.teams.contains_key(team), "`{team}` is not listed");
            }
        }
        Err(finding) => {
            assert_eq!(finding.path, CONFIG_PATH);
            place::assert_points_into(text, &finding);
        }
    }
    Corpus::Keep
});
