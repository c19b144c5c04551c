//! The keys about what an invocation runs, and within which bounds.

use serde::Deserialize;

use super::Fields;
use crate::diagnostic::Rule;
use crate::manifest::{Command, Parameter, Permissions, Prompt, SkillType};
use crate::organisation::Limits;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map with `permissions` and `resource_limits`")]
struct RawSecurity {
    permissions: Permissions,
    resource_limits: RawLimits,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map of limits")]
struct RawLimits {
    max_memory_mb: Option<u32>,
    max_execution_time: Option<u32>,
    max_file_size_mb: Option<u32>,
}

impl RawLimits {
    fn over(self, limits: Limits) -> Limits {
        Limits {
            max_memory_mb: self.max_memory_mb.unwrap_or(limits.max_memory_mb),
            max_execution_time: self.max_execution_time.unwrap_or(limits.max_execution_time),
            max_file_size_mb: self.max_file_size_mb.unwrap_or(limits.max_file_size_mb),
        }
    }
}

/// A bound so wide that it never binds: the organisation's own apply instead.
const UNBOUNDED: Limits =
    Limits { max_memory_mb: u32::MAX, max_execution_time: u32::MAX, max_file_size_mb: u32::MAX };
/// The default wall-clock limit of `code_inline`, in seconds.
pub(super) const DEFAULT_TIMEOUT: u32 = 30;

/// What an invocation runs, and within which bounds.
pub(super) struct Execution {
    pub(super) skill_type: SkillType,
    pub(super) command: Option<Command>,
    pub(super) prompt: Option<Prompt>,
    pub(super) permissions: Permissions,
    pub(super) limits: Limits,
}

impl Fields<'_> {
    pub(super) fn execution(&mut self) -> Execution {
        let skill_type = self.optional::<SkillType>("type").unwrap_or_default();
        let (command, prompt) = self.what_runs(skill_type);
        let security = self.optional::<RawSecurity>("security").unwrap_or_default();
        if security.permissions.network_access {
            self.invalid_execution(
                "security",
                "network access is not available to skills",
                "set it to `false`",
            );
        }
        let limits = self.limits(security.resource_limits);
        Execution { skill_type, command, prompt, permissions: security.permissions, limits }
    }

    fn invalid_execution(&mut self, key: &str, message: &str, help: &str) {
        self.report(Rule::InvalidExecution, key, message.to_owned(), help);
    }

    /// The minimum of every spelling of a limit that the author used.
    fn limits(&mut self, of_security: RawLimits) -> Limits {
        let timeout = self.optional::<u32>("timeout");
        let top = self.optional::<RawLimits>("resource_limits").unwrap_or_default();
        let limits = of_security.over(UNBOUNDED).min(top.over(UNBOUNDED));
        let execution_time = match timeout {
            Some(seconds) => limits.max_execution_time.min(seconds),
            None if limits.max_execution_time == u32::MAX => DEFAULT_TIMEOUT,
            None => limits.max_execution_time,
        };
        if execution_time == 0 || limits.max_memory_mb == 0 || limits.max_file_size_mb == 0 {
            self.report(
                Rule::InvalidValue,
                "resource_limits",
                "a limit is zero".to_owned(),
                "give at least 1",
            );
        }
        Limits { max_execution_time: execution_time, ..limits }
    }

    fn what_runs(&mut self, skill_type: SkillType) -> (Option<Command>, Option<Prompt>) {
        match skill_type {
            SkillType::CodeInline => (self.command(), None),
            SkillType::PromptInline => (None, self.prompt()),
            SkillType::Instructions | SkillType::CodeSession | SkillType::Conversation => (None, None),
        }
    }

    fn command(&mut self) -> Option<Command> {
        let command = self.required::<String>("command")?;
        let args = self.optional::<Vec<String>>("args").unwrap_or_default();
        if command.is_empty() || command.contains(['/', '\0']) {
            let message = format!("the command `{command}` is not the name of a program");
            self.invalid_execution("command", &message, "name a runtime: `python3`, `node` or `bash`");
        }
        for (index, arg) in args.iter().enumerate().filter(|(_, arg)| arg.starts_with("scripts/")) {
            if !self.source.files.contains_key(arg) {
                let message = format!("the script `{arg}` is not among the skill's files");
                self.invalid_execution(&format!("args/{index}"), &message, "add the file or mend the path");
            }
        }
        let environment = self.optional("environment").unwrap_or_default();
        Some(Command { command, args, environment })
    }

    fn prompt(&mut self) -> Option<Prompt> {
        let prompt = self.required::<String>("prompt")?;
        let parameters = self.optional::<Vec<Parameter>>("parameters").unwrap_or_default();
        for (index, parameter) in parameters.iter().enumerate() {
            if !prompt.contains(&format!("{{{}}}", parameter.name)) {
                let message = format!("the prompt does not use the parameter `{}`", parameter.name);
                let key = format!("parameters/{index}");
                self.report(Rule::InvalidValue, &key, message, "use it as `{name}` or remove it");
            }
        }
        Some(Prompt { prompt, parameters, output_format: self.optional("output_format") })
    }
}
