//! The keys about what an invocation runs, and within which bounds.

use std::collections::BTreeMap;

use super::Fields;
use crate::diagnostic::Rule;
use crate::manifest::written::{EnvironmentValue, NetworkAccess, Written, WrittenLimits};
use crate::manifest::{Command, Conversation, Permissions, Prompt, SkillType};
use crate::organisation::Limits;

impl WrittenLimits {
    /// The written bounds, and what never binds where none is written.
    fn bounds(self) -> Limits {
        Limits {
            max_memory_mb: self.max_memory_mb.unwrap_or(u32::MAX),
            max_execution_time: self.max_execution_time.unwrap_or(u32::MAX),
            max_file_size_mb: self.max_file_size_mb.unwrap_or(u32::MAX),
        }
    }
}

/// The default wall-clock limit of `code_inline`, in seconds.
pub(super) const DEFAULT_TIMEOUT: u32 = 30;

/// What an invocation runs, and within which bounds.
pub(super) struct Execution {
    pub(super) skill_type: SkillType,
    pub(super) command: Option<Command>,
    pub(super) conversation: Option<Conversation>,
    pub(super) prompt: Option<Prompt>,
    pub(super) permissions: Permissions,
    pub(super) limits: Limits,
}

/// The keys that have an effect on some types only.
const OF_TYPES: [(&str, &[SkillType]); 12] = [
    ("command", CODE),
    ("args", CODE),
    ("environment", CODE),
    ("timeout", CODE),
    ("resource_limits", CODE),
    ("sandbox", CODE),
    ("session_config", &[SkillType::CodeSession]),
    ("prompt_template", &[SkillType::Conversation]),
    ("context_files", &[SkillType::Conversation]),
    ("model", &[SkillType::Conversation]),
    ("context_window", &[SkillType::Conversation]),
    ("prompt", &[SkillType::PromptInline]),
];
const CODE: &[SkillType] = &[SkillType::CodeInline, SkillType::CodeSession];

impl Fields<'_> {
    pub(super) fn execution(&mut self, written: &Written) -> Execution {
        let skill_type = written.skill_type.unwrap_or_default();
        self.idle_keys(skill_type);
        let parameters = self.parameters(written);
        let (mut command, mut conversation, mut prompt) = (None, None, None);
        match skill_type {
            SkillType::CodeInline | SkillType::CodeSession => command = self.command(written),
            SkillType::PromptInline => prompt = self.prompt(written, parameters),
            SkillType::Conversation => conversation = self.conversation(written),
            SkillType::Instructions => {}
        }
        self.network(written);
        self.paths(written);
        let permissions = Permissions {
            network_access: false,
            process_spawn: written.security.as_ref().is_some_and(|s| s.permissions.process_spawn),
        };
        Execution { skill_type, command, conversation, prompt, permissions, limits: self.limits(written) }
    }

    fn idle_keys(&mut self, skill_type: SkillType) {
        let present = |key: &str| self.frontmatter.keys.contains_key(key);
        let idle: Vec<_> =
            OF_TYPES.iter().filter(|(key, types)| present(key) && !types.contains(&skill_type)).collect();
        for (key, types) in idle {
            let message = format!("`{key}` has no effect on a skill of type `{}`", skill_type.as_str());
            let names: Vec<String> = types.iter().map(|kind| format!("`type: {}`", kind.as_str())).collect();
            let help = format!("write {}, or remove the key", names.join(" or "));
            self.finding(Rule::IdleKey, self.key_span(key), message, help, None);
        }
    }

    pub(super) fn demanded(&mut self, key: &str, present: bool) {
        if !present && !self.frontmatter.keys.contains_key(key) {
            let message = format!("a skill of this type needs the key `{key}`");
            self.report(Rule::InvalidExecution, "type", message, format!("add `{key}:` to the frontmatter"));
        }
    }

    /// The minimum of every spelling of a limit that the author used.
    fn limits(&mut self, written: &Written) -> Limits {
        let security = written.security.as_ref().map(|security| security.resource_limits);
        let spellings =
            [("security/resource_limits", security), ("resource_limits", written.resource_limits)];
        for (key, limits) in spellings.iter().filter_map(|(key, limits)| Some((key, (*limits)?))) {
            if limits.max_cpu_percent.is_some() {
                self.not_granted(&format!("{key}/max_cpu_percent"), "a share of a processor is not enforced");
            }
        }
        let mut limits = spellings
            .into_iter()
            .filter_map(|(_, limits)| limits)
            .fold(WrittenLimits::default().bounds(), |all, limits| all.min(limits.bounds()));
        let timeouts = [written.timeout, written.resilience.as_ref().and_then(|r| r.timeout)];
        limits.max_execution_time =
            timeouts.into_iter().flatten().fold(limits.max_execution_time, |all, seconds| all.min(seconds));
        if limits.max_execution_time == u32::MAX {
            limits.max_execution_time = DEFAULT_TIMEOUT;
        }
        if limits.max_execution_time == 0 || limits.max_memory_mb == 0 || limits.max_file_size_mb == 0 {
            let key = if written.timeout == Some(0) { "timeout" } else { "resource_limits" };
            self.report(Rule::InvalidValue, key, "a limit is zero", "give at least 1");
        }
        limits
    }

    /// The sandbox gives no skill a network yet: what is asked for is read, and denied.
    fn network(&mut self, written: &Written) {
        let permissions = written.security.as_ref().map(|security| &security.permissions.network_access);
        let key = "security/permissions/network_access";
        match permissions {
            Some(NetworkAccess::Switch(true)) => {
                let help = "list the hosts that it needs, as in `network_access: [api.example.com]`";
                self.report(Rule::InvalidExecution, key, "nothing gets the whole network", help);
            }
            Some(NetworkAccess::Hosts(hosts)) if !hosts.is_empty() => {
                self.not_granted(key, "no skill is given a network");
            }
            Some(NetworkAccess::Switch(false) | NetworkAccess::Hosts(_)) | None => {}
        }
        if written.sandbox.as_ref().and_then(|sandbox| sandbox.allow_network) == Some(true) {
            self.not_granted("sandbox/allow_network", "no skill is given a network");
        }
    }

    /// Paths that a skill may touch lie in its work folder or in `/tmp`.
    fn paths(&mut self, written: &Written) {
        let permissions = written.security.as_ref().map(|security| &security.permissions);
        let listed = [
            ("security/permissions/file_read", permissions.map(|p| p.file_read.as_slice())),
            ("security/permissions/file_write", permissions.map(|p| p.file_write.as_slice())),
            ("sandbox/allowed_paths", written.sandbox.as_ref().and_then(|s| s.allowed_paths.as_deref())),
        ];
        for (key, paths) in listed {
            for (index, path) in
                paths.unwrap_or_default().iter().enumerate().filter(|(_, p)| !stays_inside(p))
            {
                let message = format!("the path `{path}` leaves the work folder");
                let help = "write a path below `./` or `/tmp`, without `..`";
                self.report(Rule::InvalidExecution, &format!("{key}/{index}"), message, help);
            }
        }
    }

    fn not_granted(&mut self, key: &str, message: &str) {
        let help = "it is read and kept for a later version; today the skill runs without it";
        self.report(Rule::NotGranted, key, format!("{message} by the sandbox of this version"), help);
    }

    fn command(&mut self, written: &Written) -> Option<Command> {
        self.demanded("command", written.command.is_some());
        let command = written.command.clone()?;
        if command.is_empty() || command.contains(['/', '\0']) {
            let message = format!("the command `{command}` is not the name of a program");
            let help = "name a runtime: `python3`, `node` or `bash`";
            self.report(Rule::InvalidExecution, "command", message, help);
        }
        let args = written.args.clone().unwrap_or_default();
        for (index, arg) in args.iter().enumerate().filter(|(_, arg)| arg.starts_with("scripts/")) {
            if !self.source.files.contains_key(arg) {
                let message = format!("the script `{arg}` is not among the skill's files");
                let key = format!("args/{index}");
                self.report(Rule::InvalidExecution, &key, message, "add the file or mend the path");
            }
        }
        Some(Command { command, args, environment: self.environment(written) })
    }

    fn environment(&mut self, written: &Written) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (name, value) in written.environment.iter().flatten() {
            let key = format!("environment/{name}");
            if name.is_empty() || name.contains(['=', '\0']) {
                let message = format!("`{name}` is no name of an environment variable");
                self.report(Rule::InvalidValue, &key, message, "use letters, digits and underscores");
            }
            match value {
                EnvironmentValue::Text(text) => drop(texts.insert(name.clone(), text.clone())),
                EnvironmentValue::Secret(_) => self.not_granted(&key, "no secret is given"),
            }
        }
        texts
    }

    fn conversation(&mut self, written: &Written) -> Option<Conversation> {
        self.demanded("prompt_template", written.prompt_template.is_some());
        Some(Conversation {
            prompt_template: written.prompt_template.clone()?,
            context_files: written.context_files.clone().unwrap_or_default(),
            model: written.model.clone(),
            context_window: written.context_window,
        })
    }
}

fn stays_inside(path: &str) -> bool {
    let relative = path.strip_prefix("/tmp").filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let rest = relative.or_else(|| (!path.starts_with(['/', '~'])).then_some(path));
    rest.is_some_and(|rest| !rest.is_empty() || relative.is_some())
        && !path.contains(['\\', '\0'])
        && path.split('/').all(|part| part != "..")
}
