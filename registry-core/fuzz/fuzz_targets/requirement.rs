//! Any text as a requirement or a spec: its text and the versions that it holds survive being written and read.

#![no_main]

use std::str::FromStr;

use libfuzzer_sys::{Corpus, fuzz_target};
use registry_core::requirement::{MAX_REQUIREMENT, Requirement, Spec};
use semver::{Version, VersionReq};

const VERSIONS: [&str; 16] = [
    "0.0.0",
    "0.0.1",
    "0.1.0",
    "0.1.2",
    "1.0.0-alpha",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.0+build",
    "1.2.0",
    "1.2.3-x.7",
    "1.2.3",
    "1.9.9",
    "2.0.0-alpha",
    "2.0.0",
    "3.1.4",
    "18446744073709551615.0.0",
];

fn held(holds: impl Fn(&Version) -> bool) -> Vec<&'static str> {
    VERSIONS.into_iter().filter(|text| holds(&text.parse().unwrap())).collect()
}

/// What a text reads as, after holding that it reads as the same once written.
fn round_trip<T: FromStr + ToString + PartialEq>(text: &str) -> Option<(T, T)> {
    let read: T = text.parse().ok()?;
    let written = read.to_string();
    let Ok(again) = written.parse::<T>() else {
        panic!("`{text}` is written as `{written}`, which is not read")
    };
    assert_eq!(again.to_string(), written, "`{text}` is written in two ways");
    assert!(again == read, "`{text}` and what it is written as, `{written}`, differ");
    Some((read, again))
}

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else { return Corpus::Reject };
    let requirement = round_trip::<Requirement>(text);
    if let Some((read, again)) = &requirement {
        assert_eq!(held(|version| read.matches(version)), held(|version| again.matches(version)));
    }
    if let Ok(cargo) = VersionReq::parse(text)
        && text.len() <= MAX_REQUIREMENT
    {
        let Some((read, _)) = &requirement else { panic!("Cargo reads `{text}`, this does not") };
        assert_eq!(held(|version| read.matches(version)), held(|version| cargo.matches(version)), "{text}");
    }
    if let Some((read, again)) = round_trip::<Spec>(text) {
        let [read, again] = [read, again].map(|spec| held(|version| spec.requirement.matches(version)));
        assert_eq!(read, again);
    }
    Corpus::Keep
});
