//! What has become of a release, in words for its page.

use registry_core::Version;
use registry_core::catalog::Released;
use registry_core::check::Skill;
use registry_core::requirement::Spec;
use registry_core::status::{Date, State, Status};

use super::Family;
use crate::pages::{Banner, Chip, Moment, Tone};

/// The words beside a version: whether it is the one to use, and what has become of it.
pub(super) fn chips(
    family: &Family<'_>,
    version: &Version,
    status: Option<&Status>,
    blocked: bool,
) -> Vec<Chip> {
    let good = |text| Chip { text, tone: Tone::Good };
    let quiet = |text| Chip { text, tone: Tone::Quiet };
    let warning = |text| Chip { text, tone: Tone::Warn };
    let latest = &family.latest.manifest.version;
    let place = match () {
        () if version == latest => Some(good("Latest")),
        () if !version.pre.is_empty() => Some(quiet("Pre-release")),
        () if version < latest => Some(quiet("Outdated")),
        () => None,
    };
    let state = status.map(|status| match status.state {
        State::Deprecated => warning("Deprecated"),
        State::Archived => warning("Archived"),
        State::Withdrawn => warning("Withdrawn"),
    });
    place.into_iter().chain(state).chain(blocked.then(|| warning("Blocked"))).collect()
}

/// What the reader of a release's page must know before using it.
pub(super) fn banner(family: &Family<'_>, skill: &Skill, blocked: bool) -> Option<Banner> {
    let latest = &family.latest.manifest;
    let version = &skill.manifest.version;
    let newer = || {
        (*version != latest.version)
            .then(|| (format!("/skills/{}/", latest.id), format!("{} {}", latest.id.name, latest.version)))
    };
    if blocked {
        let text = "What it needs is gone, or closed to some who may use it.".to_owned();
        return Some(Banner { title: "Blocked.", text, until: None, instead: newer() });
    }
    if let Some(status) = &skill.status {
        let title = match status.state {
            State::Deprecated => "Deprecated.",
            State::Archived => "Archived.",
            State::Withdrawn => "Withdrawn.",
        };
        let successor = status.replaced_by.as_ref().map(successor);
        let until = status.sunset.as_ref().map(ToString::to_string);
        return Some(Banner {
            title,
            text: sentence(&status.reason),
            until,
            instead: successor.or_else(newer),
        });
    }
    let text = match version < &latest.version {
        true => "A newer release is there.",
        false => "This release is not the one that requirements without a pre-release choose.",
    };
    newer().map(|instead| Banner {
        title: "Another version.",
        text: text.to_owned(),
        until: None,
        instead: Some(instead),
    })
}

/// A text as a sentence, which others can follow.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let ended = text.ends_with(['.', '!', '?', '…', '。', '！', '？']);
    if ended { text.to_owned() } else { format!("{text}.") }
}

fn successor(spec: &Spec) -> (String, String) {
    (format!("/skills/{}/", spec.skill), spec.to_string())
}

/// When and from what a release was made.
pub(super) fn moment(released: &Released) -> Moment {
    Moment {
        date: Date::of(released.time).to_string(),
        commit: released.commit.clone(),
        tag: released.tag.clone(),
    }
}
