//! Every rule explained: why it exists, a repository that breaks it, what the check says of that, and how it is mended.
//! The texts are the pages in `rules/`.

mod document;
pub mod example;
mod history;
mod page;
mod terminal;

pub use document::{document, help};
pub use page::{Before, Form, Page, PageError, Sample};
pub use terminal::{table, terminal};

use std::io;

use annotate_snippets::Renderer;
use registry_core::catalog::HeadError;
use registry_core::diagnostic::{Rule, Severity};
use serde::Serialize;

use crate::catalog::BuildError;
use crate::ledger::LedgerError;
use crate::releases::GatherError;
use crate::report::{self, human};

/// Names the rule of every page. A rule without a page does not compile.
macro_rules! pages {
    ($($code:ident $rule:ident,)+) => {
        fn text(rule: Rule) -> &'static str {
            match rule {
                $(Rule::$rule => include_str!(concat!("../../rules/", stringify!($code), ".md")),)+
            }
        }

        #[cfg(test)]
        #[expect(non_snake_case, reason = "a test is named by the code of its rule")]
        mod holds {
            use registry_core::diagnostic::Rule;

            $(#[test]
            fn $code() {
                assert_eq!(Rule::$rule.code(), stringify!($code));
                super::tests::holds(Rule::$rule);
            })+
        }
    };
}

pages! {
    GH0001 Unreadable,
    GH0002 NoFrontmatter,
    GH0003 InvalidYaml,
    GH0004 DuplicateKey,
    GH0005 YamlAlias,
    GH0006 TooDeep,
    GH0101 MissingKey,
    GH0102 InvalidValue,
    GH0103 UnknownKey,
    GH0104 RolesMismatch,
    GH0105 ConflictingSpellings,
    GH0106 IdleKey,
    GH0201 NameMismatch,
    GH0202 InvalidPath,
    GH0203 TwoForms,
    GH0204 NoTeam,
    GH0205 NoManifest,
    GH0206 CaseCollision,
    GH0207 AliasTaken,
    GH0208 NearMissName,
    GH0209 EmptyFolder,
    GH0301 InvalidVersion,
    GH0302 UnbumpedChange,
    GH0303 MovedTag,
    GH0304 EditedRelease,
    GH0305 VersionGoesBack,
    GH0306 StrayTag,
    GH0307 LostTag,
    GH0401 InvalidDependency,
    GH0402 MissingDependency,
    GH0403 UnsatisfiableDependency,
    GH0404 DependencyCycle,
    GH0405 DependencyConflict,
    GH0406 AmbiguousDependency,
    GH0407 BlockedRelease,
    GH0501 AudienceOrder,
    GH0502 UnknownTeam,
    GH0601 InvalidExecution,
    GH0602 MissingFile,
    GH0603 NotExecutable,
    GH0604 NotGranted,
    GH0605 InvalidPattern,
    GH0606 PromptMismatch,
    GH0701 InvalidConfig,
    GH0702 InvalidStatus,
    GH0703 IdleStatus,
    GH0801 DescriptionMarkup,
    GH0802 ToolsList,
    GH0803 ReservedWord,
    GH0901 PlatformToolCall,
    GH0902 ExecutionEnvironment,
    GH0903 McpConnection,
    GH0904 McpSection,
    GH1001 MetadataBudget,
    GH1002 BodyBudget,
    GH1101 MissedTrigger,
    GH1102 NearDuplicate,
}

/// Why a rule cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Its page is damaged.
    #[error("the page of {0} is damaged")]
    Page(&'static str, #[source] PageError),
    /// Its example cannot be laid out.
    #[error("cannot lay out an example in the temporary folder")]
    LayOut(#[from] io::Error),
    /// Its example cannot be checked.
    #[error("cannot check an example")]
    Check(#[from] GatherError),
    /// Its example has a history that cannot be made.
    #[error("cannot make the commits of an example")]
    Git(#[from] gix::Error),
    /// Its example has a tag at no commit.
    #[error("the tag `{0}` of an example is at none of its commits")]
    NoCommit(String),
    /// Its example cannot be published.
    #[error("cannot build the catalog of an example")]
    Publish(#[from] BuildError),
    /// What was published of its example cannot be read again.
    #[error("cannot read the catalog of an example")]
    Published(#[from] LedgerError),
    /// What was published of its example cannot be signed.
    #[error("cannot sign the catalog of an example")]
    Sign(#[from] HeadError),
}

/// A rule with its page, and what the check says of the failing example.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The rule, as its code.
    #[serde(rename = "code")]
    pub rule: Rule,
    /// Its name.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What breaks it, in a sentence without a full stop.
    pub summary: &'static str,
    /// Why it exists, with an example.
    #[serde(flatten)]
    pub page: Page,
    /// The ids of the example's commits in hexadecimal digits, oldest first.
    pub commits: Vec<String>,
    /// What checks it.
    pub command: &'static str,
    /// What that prints for the failing example.
    pub output: String,
    /// Whether `guildhall fix` mends a finding of the failing example.
    pub fixable: bool,
}

/// The page of a rule.
///
/// # Errors
/// Never in practice: a test reads every page.
pub fn page(rule: Rule) -> Result<Page, ExplainError> {
    Page::parse(text(rule)).map_err(|error| ExplainError::Page(rule.code(), error))
}

/// Explains a rule, its output drawn by `renderer`.
///
/// # Errors
/// When the example cannot be laid out in the temporary folder.
pub fn explain(rule: Rule, renderer: &Renderer) -> Result<Explanation, ExplainError> {
    let page = page(rule)?;
    let example = example::failing(&page)?;
    let checked = example.check()?;
    let findings = report::findings(&checked.outcome);
    let fixable = checked.outcome.diagnostics.iter().any(|found| found.rule == rule && found.fix.is_some());
    let command = match page.is_published() {
        true => "guildhall build --previous dist",
        false => "guildhall check",
    };
    Ok(Explanation {
        rule,
        name: rule.name(),
        severity: rule.severity(),
        summary: rule.summary(),
        page,
        commits: example.commits(),
        command,
        output: human::render(&findings, renderer),
        fixable,
    })
}

#[cfg(test)]
mod tests;
