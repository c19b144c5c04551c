//! The command line: arguments in, exit code out. 0 is success, 1 is findings, 2 is "could not do it".

mod access;
mod adopt;
mod build;
mod check;
mod dev;
mod eval;
mod explain;
mod filter;
mod fix;
mod gc;
mod key;
mod list;
mod new;
mod output;
mod progress;
mod publish;
mod rollback;
mod search;
mod searched;
mod show;
mod sign;
mod signer;
mod skills;
mod table;
mod token;
mod verify;
mod whom;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Guildhall: the registry where a company keeps the skills of its AI agents.
#[derive(Debug, Parser)]
#[command(name = "guildhall", version, after_help = EXAMPLES)]
pub struct Cli {
    /// The repository that holds `skills/` (or `.claude/skills/`) and `guildhall.yaml`.
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    repository: PathBuf,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  guildhall init                          start a repository: configuration, team folders, CI workflows
  guildhall new support/refund            write a skill from a template
  guildhall adopt ../skills --team support
                                          bring in skills of other origin
  guildhall check                         check every skill of the working tree
  guildhall explain GH0301                learn what a finding is about, and how to mend it
  guildhall fix                           mend what a machine can mend
  guildhall dev                           see the catalog while you write
  guildhall search 'money back' --as support-agent
                                          find skills as an agent with that role does
  guildhall access --matrix               see which role may use which skill
  guildhall build --out dist              build the catalog from the commit that HEAD names
  guildhall build --worktree --out dist   build what lies in the folder, for trying it out
  guildhall token --role support-agent --team support
                                          a development token to call the edge with
  guildhall publish --to s3://skills      put it where edges read it
  guildhall verify dist                   check a catalog from its head to every digest";

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a new skill from a template.
    New(new::Arguments),
    /// Bring in agentskills.io skills of other origin.
    Adopt(adopt::Arguments),
    /// Check every skill: schema, names, versions, dependencies, audiences.
    Check(check::Arguments),
    /// Explain a rule by its code: why it exists, what breaks it, how it is mended.
    Explain(explain::Arguments),
    /// Mend every finding that a machine can mend in the working tree.
    Fix(fix::Arguments),
    /// Serve the working tree to yourself, and renew the pages at every change.
    Dev(dev::Arguments),
    /// List the skills.
    List(list::Arguments),
    /// Show everything about one skill.
    Show(show::Arguments),
    /// Tell who may find, read and invoke which skills.
    Access(access::Arguments),
    /// Search the skills, as any caller would at an edge.
    Search(search::Arguments),
    /// Measure search on queries with known answers.
    Eval(eval::Arguments),
    /// Build the catalog.
    Build(build::Arguments),
    /// Put a built catalog where edges read it: a folder or a bucket.
    Publish(publish::Arguments),
    /// Sign the head of a published catalog again, before it expires.
    Sign(sign::Arguments),
    /// Go back to an earlier root of a published catalog.
    Rollback(rollback::Arguments),
    /// Delete what no recent root of a published catalog needs.
    Gc(gc::Arguments),
    /// Check that every file of a catalog has its digest.
    Verify(verify::Arguments),
    /// Print a token for development, signed by a key under `.guildhall/keys`.
    Token(token::Arguments),
    /// Make and show keys.
    #[command(subcommand)]
    Key(key::Command),
    /// Print the JSON Schema of a skill's frontmatter, which editors complete from. A catalog serves it at
    /// `/schema/skill.json`.
    Schema,
    /// Write a configuration, team folders, CODEOWNERS and CI workflows into the repository.
    Init(crate::init::Arguments),
}

/// Runs the program.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let repository = &cli.repository;
    let done = match cli.command {
        Command::New(arguments) => new::run(repository, &arguments),
        Command::Adopt(arguments) => adopt::run(repository, &arguments),
        Command::Check(arguments) => check::run(repository, &arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Fix(arguments) => fix::run(repository, &arguments),
        Command::Dev(arguments) => dev::run(repository, &arguments),
        Command::List(arguments) => list::run(repository, &arguments),
        Command::Show(arguments) => show::run(repository, &arguments),
        Command::Access(arguments) => access::run(repository, &arguments),
        Command::Search(arguments) => search::run(repository, &arguments),
        Command::Eval(arguments) => eval::run(repository, &arguments),
        Command::Build(arguments) => build::run(repository, &arguments),
        Command::Publish(arguments) => publish::run(repository, &arguments),
        Command::Sign(arguments) => sign::run(repository, &arguments),
        Command::Rollback(arguments) => rollback::run(repository, &arguments),
        Command::Gc(arguments) => gc::run(repository, &arguments),
        Command::Verify(arguments) => verify::run(repository, &arguments),
        Command::Token(arguments) => token::run(repository, &arguments),
        Command::Key(command) => key::run(&command),
        Command::Schema => schema(),
        Command::Init(arguments) => init(repository, &arguments),
    };
    done.unwrap_or_else(|failure| {
        output::failure(failure.as_ref());
        ExitCode::from(2)
    })
}

/// What stops a command altogether; printed once, with its chain of sources.
type Failure = Box<dyn std::error::Error>;

fn init(repository: &std::path::Path, arguments: &crate::init::Arguments) -> Result<ExitCode, Failure> {
    for path in crate::init::init(repository, arguments)? {
        output::line(&format!("wrote {path}"));
    }
    output::line("next: write a skill under skills/{team}/{name}.md, then run `guildhall check`");
    Ok(ExitCode::SUCCESS)
}

fn schema() -> Result<ExitCode, Failure> {
    output::line(crate::catalog::schema_document()?.trim_end());
    Ok(ExitCode::SUCCESS)
}

fn now() -> Result<u64, Failure> {
    Ok(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs())
}
