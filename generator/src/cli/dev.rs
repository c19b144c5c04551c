//! `guildhall dev`.

use std::path::Path;
use std::process::ExitCode;

use super::{Failure, output};
use crate::dev::{Dev, Rebuilt};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The port on 127.0.0.1; 0 takes any free one. The address is printed on the first line.
    #[arg(long, default_value_t = 4747)]
    port: u16,
    /// Open the catalog in the browser.
    #[arg(long)]
    open: bool,
}

const EXAMPLES: &str = "\
Shows the catalog as the working tree would make it, and renews open pages whenever a skill or guildhall.yaml
changes. While there are errors, the first page and /_dev/findings list them with the lines that they are about.

Only this machine can open it. It shows the skills of every audience, team-level and sensitive ones too: whoever
runs it has their files anyway. /_dev/findings links to all of them.

Examples:
  guildhall dev                 serve http://127.0.0.1:4747/
  guildhall dev --open          … and open it in the browser
  guildhall dev --port 0        take any free port";

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let dev = Dev::start(repository, arguments.port)?;
    let url = format!("http://{}/", dev.address);
    output::line(&url);
    output::note(&said(&dev.first));
    output::note(&format!("every skill and finding: {url}_dev/findings · Ctrl-C ends it"));
    if arguments.open
        && let Err(error) = open::that_detached(&url)
    {
        output::note(&format!("cannot open a browser: {error}"));
    }
    dev.run(|rebuilt| match rebuilt {
        Ok(rebuilt) => output::note(&said(rebuilt)),
        Err(error) => output::failure(error),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A line on one rebuild.
fn said(rebuilt: &Rebuilt) -> String {
    let what = match rebuilt.changed.as_slice() {
        [] => String::new(),
        [one] => format!("{one}: "),
        [one, two] => format!("{one}, {two}: "),
        [one, rest @ ..] => format!("{one} and {} more files: ", rest.len()),
    };
    let took = rebuilt.took.as_millis();
    if let Some(failure) = &rebuilt.failure {
        return format!("{what}{failure} ({took} ms)");
    }
    format!(
        "{what}{}, {}, {} sound ({took} ms)",
        output::count(rebuilt.errors, "error"),
        output::count(rebuilt.warnings, "warning"),
        output::count(rebuilt.skills, "skill"),
    )
}
