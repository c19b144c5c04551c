//! The lines of the operator's log, JSON on both hosts. Nothing of tokens, payloads, queries, paths, skills or callers: what
//! is decided about these stands in the usage log, which `txn` joins with a line here.

use serde_json::{Value, json};

use crate::reply::{Answered, LogNote};

/// What was answered.
pub(crate) fn answered(answered: &Answered) -> Value {
    line("info", "answered", Some(answered))
}

/// What went wrong, and in which request.
pub(crate) fn failure(LogNote(note): &LogNote, during: Option<&Answered>) -> Value {
    line("error", note, during)
}

/// What an operator should look at some day.
#[cfg(target_arch = "wasm32")]
pub(crate) fn warning(message: &str, during: Option<&Answered>) -> Value {
    line("warn", message, during)
}

fn line(level: &str, message: &str, during: Option<&Answered>) -> Value {
    let mut line = json!({"level": level, "message": message});
    if let (Value::Object(line), Ok(Value::Object(more))) = (&mut line, serde_json::to_value(during)) {
        line.extend(more);
    }
    line
}
