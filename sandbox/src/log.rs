//! The log: one JSON line on standard error per execution, without payloads, outputs or tokens.

use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use registry_core::Version;
use registry_core::api::ExecutionOutcome;
use registry_core::id::SkillId;
use registry_core::token::InvokeClaims;
use registry_core::trace::TraceParent;
use serde::Serialize;

use crate::refusal::Refusal;

/// What the line says of the end.
#[derive(Serialize)]
#[serde(untagged)]
enum Ending {
    Finished {
        outcome: ExecutionOutcome,
        /// Nothing ran: the result is that of an earlier token.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        replayed: bool,
    },
    Refused {
        outcome: &'static str,
        code: &'static str,
        cause: String,
    },
    Abandoned {
        outcome: &'static str,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    txn: Option<&'a str>,
    /// The edge's trace, and its span that this execution is a part of.
    trace_id: Option<&'a str>,
    parent_id: Option<&'a str>,
    skill: Option<&'a SkillId>,
    version: Option<&'a Version>,
    #[serde(flatten)]
    ending: &'a Ending,
    duration_ms: u128,
}

/// One execution's line. Written when it is dropped, so that an execution whose caller went away has one too.
pub(crate) struct Record {
    started: Instant,
    trace: Option<TraceParent>,
    claims: Option<InvokeClaims>,
    ending: Ending,
}

impl Record {
    /// The record of a request with this `traceparent`; a wrong one is none.
    pub(crate) fn new(traceparent: Option<&str>) -> Self {
        Self {
            started: Instant::now(),
            trace: traceparent.and_then(|text| text.parse().ok()),
            claims: None,
            ending: Ending::Abandoned { outcome: "abandoned" },
        }
    }

    pub(crate) fn accepted(&mut self, claims: &InvokeClaims) {
        self.claims = Some(claims.clone());
    }

    pub(crate) fn finished(&mut self, outcome: ExecutionOutcome, replayed: bool) {
        self.ending = Ending::Finished { outcome, replayed };
    }

    pub(crate) fn refused(&mut self, refusal: &Refusal) {
        let cause = chain(refusal);
        self.ending = Ending::Refused { outcome: "refused", code: refusal.code(), cause };
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let line = Line {
            txn: self.claims.as_ref().map(|claims| claims.txn.as_str()),
            trace_id: self.trace.as_ref().map(|trace| trace.trace.as_str()),
            parent_id: self.trace.as_ref().map(|trace| trace.parent.as_str()),
            skill: self.claims.as_ref().map(|claims| &claims.skill),
            version: self.claims.as_ref().map(|claims| &claims.version),
            ending: &self.ending,
            duration_ms: self.started.elapsed().as_millis(),
        };
        if let Ok(mut text) = serde_json::to_vec(&line) {
            text.push(b'\n');
            // A log that cannot be written must not stop the service.
            let _ = std::io::stderr().write_all(&text);
        }
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
