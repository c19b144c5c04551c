//! Who may use an adopted skill.

use registry_core::policy::AccessLevel;

use super::*;

const HEAD: &str = "name: refund\ndescription: d\n";

#[test]
fn what_seems_to_restrict_or_open_a_skill_is_not_passed_over() {
    for line in [
        "access: team",
        "visibility: private",
        "Allowed-Roles: [a]",
        "roles: [a]",
        "audience: staff",
        "permissions: read",
        "private: true",
        "INTERNAL: yes",
        "restricted: true",
        "confidential: true",
        "classification: secret",
        "access_level:\nroles: [a]",
    ] {
        let last = 4 + line.matches('\n').count();
        assert_eq!(refused(&format!("{HEAD}{line}\n")), [format!("GH0101 {last}:1")], "{line}");
    }
    for line in ["access-level: internal", "Access Level: secret", "accessLevel: x", "visibility: public"] {
        assert_eq!(refused(&format!("{HEAD}metadata:\n  {line}\n")), ["GH0101 5:3"], "{line}");
    }
    assert_eq!(
        refused(&format!("{HEAD}metadata:\n  roles: a\nprivate: true\n")),
        ["GH0101 6:1", "GH0101 5:3"]
    );
}

#[test]
fn a_level_of_its_own_decides_and_is_told() {
    let level = |lines: &str| {
        let place = Place::of("refund", &format!("---\n{HEAD}{lines}---\n"));
        let report = place.adopt("found", "into");
        let adopted = report.adopted.first().unwrap_or_else(|| panic!("{report:?}"));
        let json = serde_json::to_value(adopted).unwrap();
        assert_eq!(json.get("access_level").unwrap(), &adopted.access_level.to_string());
        (adopted.access_level, adopted.access_level_of_source)
    };
    assert_eq!(level("access_level: public\nvisibility: private\n"), (AccessLevel::Public, true));
    assert_eq!(level("metadata:\n  access_level: sensitive\n"), (AccessLevel::Sensitive, true));
    assert_eq!(level("access_level: team\n"), (AccessLevel::Team, true));
    assert_eq!(level("access_level:\n"), (AccessLevel::Team, false));
    assert_eq!(level("metadata:\n  accessible: true\n"), (AccessLevel::Team, false));
    assert_eq!(level(""), (AccessLevel::Team, false));
}
