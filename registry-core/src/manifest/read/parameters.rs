//! Parameters, and the prompt that uses them.

use std::collections::BTreeSet;

use super::Fields;
use crate::diagnostic::Rule;
use crate::manifest::written::Written;
use crate::manifest::{Parameter, ParameterType, Prompt};
use crate::prompt::{MAX_PARAMETERS, MAX_PROMPT_BYTES, Pattern, Piece, is_name, pieces, text_of};

const SEE: &str = "see `parameters` in docs/formats.md of Guildhall";

impl Fields<'_> {
    pub(super) fn parameters(&mut self, written: &Written) -> Vec<Parameter> {
        let parameters = written.parameters.clone().unwrap_or_default();
        if parameters.len() > MAX_PARAMETERS {
            let message =
                format!("{} parameters are too many, the limit is {MAX_PARAMETERS}", parameters.len());
            self.report(Rule::InvalidValue, "parameters", message, "split the skill, or ask for less");
            return Vec::new();
        }
        let mut names = BTreeSet::new();
        for (index, parameter) in parameters.iter().enumerate() {
            let key = format!("parameters/{index}");
            let pattern = parameter.pattern.as_deref().map(Pattern::parse);
            if let Some(Err(error)) = &pattern {
                let message = format!("the pattern of `{}` cannot be used: {error}", parameter.name);
                let help =
                    "write it in the language of regular expressions without look-around and back-references";
                self.report(Rule::InvalidPattern, &format!("{key}/pattern"), message, help);
            }
            let fault = parameter.fault().or_else(|| {
                let first = names.insert(&parameter.name);
                (!first).then(|| format!("the parameter `{}` is declared twice", parameter.name))
            });
            let default =
                || matches!(pattern, None | Some(Ok(_))).then(|| parameter.unfit_default()).flatten();
            if let Some(message) = fault.or_else(default) {
                self.report(Rule::InvalidValue, &key, message, SEE);
            }
        }
        parameters
    }

    pub(super) fn prompt(&mut self, written: &Written, parameters: Vec<Parameter>) -> Option<Prompt> {
        self.demanded("prompt", written.prompt.is_some());
        let prompt = written.prompt.clone()?;
        if prompt.len() > MAX_PROMPT_BYTES {
            let message =
                format!("the prompt has {} bytes, may have at most {MAX_PROMPT_BYTES}", prompt.len());
            self.report(Rule::InvalidValue, "prompt", message, "move what is not always needed to the text");
        }
        let places = pieces(&prompt).into_iter().filter_map(|piece| match piece {
            Piece::Parameter(name) => Some(name),
            Piece::Text(_) => None,
        });
        let used: BTreeSet<&str> = places.collect();
        let declared: BTreeSet<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        for (index, parameter) in parameters.iter().enumerate() {
            if is_name(&parameter.name) && !used.contains(parameter.name.as_str()) {
                let message = format!("the prompt does not use the parameter `{}`", parameter.name);
                let help = format!("use it as `{{{}}}` or remove it", parameter.name);
                self.report(Rule::PromptMismatch, &format!("parameters/{index}"), message, help);
            }
        }
        for name in used.difference(&declared) {
            let message = format!("the prompt has a place for `{name}`, which is no parameter");
            let help =
                format!("declare it under `parameters`, or write `{{{{{name}}}}}` for the text `{{{name}}}`");
            self.report(Rule::PromptMismatch, "prompt", message, help);
        }
        Some(Prompt { prompt, parameters, output_format: written.output_format.clone() })
    }
}

impl Parameter {
    /// What is wrong with the declaration, if anything.
    fn fault(&self) -> Option<String> {
        let name = &self.name;
        let is_number = matches!(self.kind, ParameterType::Integer | ParameterType::Number);
        if !is_name(name) {
            return Some(format!("`{name}` is no parameter's name: use letters, digits, `_` and `-`"));
        }
        if (self.kind == ParameterType::Enum) == self.values.is_empty() {
            return Some(format!("the parameter `{name}` needs `values` if and only if it is an `enum`"));
        }
        if !is_number && (self.min.is_some() || self.max.is_some()) {
            return Some(format!("`min` and `max` are for numbers, and `{name}` is none"));
        }
        if self.min.zip(self.max).is_some_and(|(min, max)| min > max) {
            return Some(format!("the least `{name}` is greater than the greatest"));
        }
        if self.pattern.is_some() && self.kind != ParameterType::String {
            return Some(format!("`pattern` is for texts, and `{name}` is none"));
        }
        None
    }

    /// What is wrong with the default: it is held to the rule of every other value.
    fn unfit_default(&self) -> Option<String> {
        let (_, why) = text_of(self, self.default.as_ref()?).err()?;
        Some(format!("the default of `{}` breaks its rule: {why}", self.name))
    }
}
