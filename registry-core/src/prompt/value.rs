//! One value against the rule of its parameter.

use serde_json::Value;

use super::{Fault, MAX_PATTERNED_BYTES, MAX_VALUE_BYTES, Pattern};
use crate::manifest::{Parameter, ParameterType};

/// The greatest integer that every reader of JSON takes exactly (RFC 8259, section 6), and with it the least.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The text that stands for a value in a prompt.
///
/// # Errors
/// What is wrong with the value, and the fix.
pub(crate) fn text_of(parameter: &Parameter, value: &Value) -> Result<String, (Fault, String)> {
    let wrong_type = |wanted: &str| Err((Fault::WrongType, format!("give {wanted}, not {}", kind_of(value))));
    match (parameter.kind, value) {
        (ParameterType::String, Value::String(text)) => string(parameter, text).map(|()| text.clone()),
        (ParameterType::Enum, Value::String(text)) => among(parameter, text).map(|()| text.clone()),
        (ParameterType::Boolean, Value::Bool(flag)) => Ok(flag.to_string()),
        (ParameterType::Number, Value::Number(number)) => {
            within(parameter, number.as_f64())?;
            Ok(number.to_string())
        }
        (ParameterType::Integer, Value::Number(number)) if !number.is_f64() => {
            let size = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
            within(parameter, number.as_f64().filter(|_| size.is_some_and(|size| size <= MAX_INTEGER)))?;
            Ok(number.to_string())
        }
        (ParameterType::String, _) => wrong_type("a string"),
        (ParameterType::Enum, _) => wrong_type("one of its values, as a string"),
        (ParameterType::Boolean, _) => wrong_type("`true` or `false`"),
        (ParameterType::Number, _) => wrong_type("a number"),
        (ParameterType::Integer, _) => wrong_type("an integer without a fraction"),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "`null`: leave it out where there is none",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn string(parameter: &Parameter, text: &str) -> Result<(), (Fault, String)> {
    let pattern = parameter.pattern.as_deref();
    let most = if pattern.is_some() { MAX_PATTERNED_BYTES } else { MAX_VALUE_BYTES };
    if text.len() > most {
        return Err((Fault::TooLong, format!("it has {} bytes, shorten it to at most {most}", text.len())));
    }
    if let Some(letter) = text.chars().find(|letter| is_forbidden(*letter)) {
        let code = u32::from(letter);
        let detail =
            format!("it holds the invisible character U+{code:04X}, remove it; lines end with `\\n` alone");
        return Err((Fault::ForbiddenCharacter, detail));
    }
    let Some(pattern) = pattern else { return Ok(()) };
    match Pattern::parse(pattern) {
        Ok(read) if read.matches(text) => Ok(()),
        Ok(_) => Err((Fault::PatternMismatch, format!("give a text that matches `{pattern}` as a whole"))),
        Err(error) => Err((Fault::PatternMismatch, format!("nothing matches its pattern: {error}"))),
    }
}

/// Characters that show a reader another text than the one that a model gets: control characters but for line feeds and
/// tabs, the separators of Unicode that break lines for some, what turns the direction of text around (UAX #9, the
/// explicit formatting characters), and tags, which are ASCII that nobody sees.
fn is_forbidden(letter: char) -> bool {
    (letter.is_control() && letter != '\n' && letter != '\t')
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(letter, '\u{e0000}'..='\u{e007f}')
}

fn among(parameter: &Parameter, text: &str) -> Result<(), (Fault, String)> {
    if parameter.values.iter().any(|value| value == text) {
        return Ok(());
    }
    let values: Vec<String> = parameter.values.iter().map(|value| format!("`{value}`")).collect();
    Err((Fault::NotAmongValues, format!("give one of {}", values.join(", "))))
}

fn within(parameter: &Parameter, number: Option<f64>) -> Result<(), (Fault, String)> {
    let Some(number) = number else {
        let detail = format!("give an integer from -{MAX_INTEGER} to {MAX_INTEGER}");
        return Err((Fault::OutOfRange, detail));
    };
    let bound = match (parameter.min, parameter.max) {
        (Some(min), _) if number < min => format!("give at least {min}"),
        (_, Some(max)) if number > max => format!("give at most {max}"),
        _ => return Ok(()),
    };
    Err((Fault::OutOfRange, bound))
}
