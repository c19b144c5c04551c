//! Prompts with parameters: what a caller gives is checked, and put into the template in one pass.

mod pattern;
mod template;
mod value;

pub use pattern::{MAX_PATTERN_BYTES, MAX_PATTERNED_BYTES, Pattern, PatternError};
pub use template::{Piece, is_name, pieces};
pub(crate) use value::text_of;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::manifest::{Parameter, Prompt};

/// Most parameters of a prompt.
pub const MAX_PARAMETERS: usize = 64;
/// Longest text that a caller gives for one parameter, in bytes.
pub const MAX_VALUE_BYTES: usize = 64 << 10;
/// Longest prompt that is made, in bytes. A template that names a parameter often would else make much of a little.
pub const MAX_PROMPT_BYTES: usize = 256 << 10;
/// Most mistakes that are told of one payload.
pub const MAX_MISTAKES: usize = 64;

/// What kind of mistake it is, for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// There is no such parameter.
    UnknownParameter,
    /// A required parameter is not given.
    MissingParameter,
    /// The value is of another type.
    WrongType,
    /// The number is less than the least or greater than the greatest.
    OutOfRange,
    /// The value is none of those that the parameter lists.
    NotAmongValues,
    /// The text does not match the parameter's pattern as a whole.
    PatternMismatch,
    /// The text, or the whole prompt, is too long.
    TooLong,
    /// The text holds a character that hides what it says.
    ForbiddenCharacter,
}

/// One mistake in a payload, as an answer states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mistake {
    /// Where it is in the request's body: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What kind it is.
    pub code: Fault,
    /// What to do about it, for people and agents. Never holds the value.
    pub detail: String,
}

/// Where the payload stands in the request's body.
const PAYLOAD: &str = "/payload";

impl Mistake {
    fn of(name: &str, (code, detail): (Fault, String)) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Self { pointer: format!("{PAYLOAD}/{name}"), code, detail }
    }

    fn of_payload(code: Fault, detail: String) -> Self {
        Self { pointer: PAYLOAD.to_owned(), code, detail }
    }
}

/// The prompt with the values of `payload`, an object of parameters by name; `null` is an empty one. Each value goes in as
/// it is and is not looked through for places of parameters, so that no value can bring in another. A parameter that is
/// neither given nor has a default leaves its place empty.
///
/// # Errors
/// Every mistake of the payload, at most [`MAX_MISTAKES`].
pub fn render(prompt: &Prompt, payload: &Value) -> Result<String, Vec<Mistake>> {
    let none = Map::new();
    let given = match payload {
        Value::Null => &none,
        Value::Object(given) => given,
        _ => {
            let detail = "give an object of parameters by name".to_owned();
            return Err(vec![Mistake::of_payload(Fault::WrongType, detail)]);
        }
    };
    let mut mistakes: Vec<Mistake> = unknown(prompt, given).take(MAX_MISTAKES).collect();
    let mut texts = BTreeMap::new();
    for parameter in &prompt.parameters {
        match text(parameter, given) {
            Ok(text) => drop(texts.insert(parameter.name.as_str(), text)),
            Err(fault) => mistakes.push(Mistake::of(&parameter.name, fault)),
        }
    }
    mistakes.truncate(MAX_MISTAKES);
    if mistakes.is_empty() {
        fill(&prompt.prompt, &texts).map_err(|mistake| vec![mistake])
    } else {
        Err(mistakes)
    }
}

fn unknown<'a>(prompt: &'a Prompt, given: &'a Map<String, Value>) -> impl Iterator<Item = Mistake> + 'a {
    let is_known = |name: &String| prompt.parameters.iter().any(|parameter| parameter.name == *name);
    given.keys().filter(move |name| !is_known(name)).map(|name| {
        let names: Vec<String> = prompt.parameters.iter().map(|one| format!("`{}`", one.name)).collect();
        let detail = match names.as_slice() {
            [] => "the prompt takes no parameters: leave it out".to_owned(),
            _ => format!("there is no such parameter: leave it out, or give one of {}", names.join(", ")),
        };
        Mistake::of(name, (Fault::UnknownParameter, detail))
    })
}

fn text(parameter: &Parameter, given: &Map<String, Value>) -> Result<String, (Fault, String)> {
    match (given.get(&parameter.name), &parameter.default) {
        (Some(value), _) => text_of(parameter, value),
        (None, _) if parameter.required => {
            Err((Fault::MissingParameter, "it is required: give it a value".to_owned()))
        }
        (None, Some(default)) => text_of(parameter, default),
        (None, None) => Ok(String::new()),
    }
}

/// The template with a text for each name; a name without one stands as it is written, which the checker rules out.
fn fill(template: &str, texts: &BTreeMap<&str, String>) -> Result<String, Mistake> {
    let pieces = pieces(template);
    let parts = || {
        pieces.iter().flat_map(|piece| match piece {
            Piece::Text(text) => ["", text, ""],
            Piece::Parameter(name) => match texts.get(name) {
                Some(text) => ["", text.as_str(), ""],
                None => ["{", name, "}"],
            },
        })
    };
    let length = parts().fold(0_usize, |all, part| all.saturating_add(part.len()));
    if length > MAX_PROMPT_BYTES {
        let detail =
            format!("the prompt would have {length} bytes, more than {MAX_PROMPT_BYTES}: shorten the values");
        return Err(Mistake::of_payload(Fault::TooLong, detail));
    }
    Ok(parts().collect())
}

#[cfg(test)]
mod tests;
