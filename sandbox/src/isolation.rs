//! The isolation: bubblewrap's namespaces and mounts, util-linux's `prlimit`, seccomp filters.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use command_fds::CommandFdExt as _;
use registry_core::manifest::SourceFile;
use registry_core::organisation::Limits;

use crate::release::Release;
use crate::seccomp;

/// The programs of the host that isolation is made of, and their Debian packages. Fixed places: a `PATH` could be
/// made to name others.
pub(crate) const PROGRAMS: [(&str, &str); 4] =
    [(BWRAP, "bubblewrap"), (SETPRIV, "util-linux"), (PRLIMIT, "util-linux"), (ENV, "coreutils")];
const BWRAP: &str = "/usr/bin/bwrap";
const SETPRIV: &str = "/usr/bin/setpriv";
const PRLIMIT: &str = "/usr/bin/prlimit";
const ENV: &str = "/usr/bin/env";

/// The user that a skill is, inside and, when the service is root, outside as well. As root outside, a skill that
/// broke out would own the host, and the kernel would not apply `RLIMIT_NPROC`.
const NOBODY: &str = "65534";
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// Processes and threads at a time. Fewer than 8 and node does not start; a fork bomb ends here.
const MAX_PROCESSES: u32 = 64;
/// Open files of a process. Each may hold kernel memory that no other limit counts.
const MAX_OPEN_FILES: u32 = 256;
/// The least size of a writable directory, in MiB.
const MIN_WORK_MB: u32 = 16;

/// What is constant over the service's life.
pub(crate) struct Host {
    pub(crate) runtimes: Vec<PathBuf>,
    pub(crate) is_root: bool,
}

/// The process that runs `release`, whose files lie in `folder`, with its three streams piped.
pub(crate) fn command(host: &Host, release: &Release, folder: &Path) -> io::Result<Command> {
    let mut command = bwrap(host);
    namespaces(&mut command);
    environment(&mut command, &host.runtimes);
    mounts(&mut command, host, release.limits, folder);
    let filters = seccomp::filters(release.process_spawn)?;
    for filter in &filters {
        command.arg("--add-seccomp-fd").arg(filter.as_raw_fd().to_string());
    }
    command.preserved_fds(filters);
    command.arg("--");
    limits(&mut command, release.limits);
    skill(&mut command, release);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

fn bwrap(host: &Host) -> Command {
    let mut command = Command::new(if host.is_root { SETPRIV } else { BWRAP });
    if host.is_root {
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--", BWRAP]);
    }
    command.env_clear();
    command
}

fn namespaces(command: &mut Command) {
    command
        .args(["--unshare-all", "--unshare-user", "--disable-userns", "--new-session", "--die-with-parent"])
        .args(["--cap-drop", "ALL", "--uid", NOBODY, "--gid", NOBODY, "--hostname", "sandbox"]);
}

fn environment(command: &mut Command, runtimes: &[PathBuf]) {
    let bins = runtimes.iter().map(|runtime| format!(":{}", runtime.join("bin").display()));
    let path: String = std::iter::once(PATH.to_owned()).chain(bins).collect();
    let fixed = [("PATH", path.as_str()), ("HOME", "/work"), ("LANG", "C.UTF-8"), ("TMPDIR", "/tmp")];
    command.arg("--clearenv");
    for (name, value) in fixed {
        command.args(["--setenv", name, value]);
    }
}

fn mounts(command: &mut Command, host: &Host, limits: Limits, folder: &Path) {
    let size = bytes(limits.max_file_size_mb.max(MIN_WORK_MB)).to_string();
    command.args(["--ro-bind", "/usr", "/usr"]);
    for folder in ["bin", "lib", "lib64", "sbin"] {
        command.args(["--symlink", &format!("usr/{folder}"), &format!("/{folder}")]);
    }
    for file in ["/etc/ld.so.cache", "/etc/alternatives"] {
        command.args(["--ro-bind-try", file, file]);
    }
    command.args(["--proc", "/proc", "--dev", "/dev"]);
    // Without a size, `/dev/shm` and `/dev` itself would hold half of the machine's memory.
    for writable in ["/dev/shm", "/tmp", "/work"] {
        command.args(["--size", &size, "--tmpfs", writable]);
    }
    for runtime in &host.runtimes {
        command.arg("--ro-bind").args([runtime, runtime]);
    }
    command.arg("--ro-bind").arg(folder).args(["/skill", "--chdir", "/work"]);
    command.args(["--remount-ro", "/dev", "--remount-ro", "/"]);
}

/// Set inside the namespaces, where they count this execution's processes only.
fn limits(command: &mut Command, limits: Limits) {
    // One core's worth of the wall-clock limit; a second more, so that the clock comes first for one busy thread.
    let cpu = u64::from(limits.max_execution_time) + 1;
    command
        .arg(PRLIMIT)
        .arg(format!("--data={}", bytes(limits.max_memory_mb)))
        .arg(format!("--fsize={}", bytes(limits.max_file_size_mb)))
        .arg(format!("--nofile={MAX_OPEN_FILES}"))
        .arg(format!("--nproc={MAX_PROCESSES}"))
        .arg(format!("--cpu={cpu}:{}", cpu + 1))
        .args(["--core=0", "--"]);
}

/// The skill's own variables come after the limits: with `LD_PRELOAD` they could otherwise keep `prlimit` from
/// setting any.
fn skill(command: &mut Command, release: &Release) {
    let variables = release.command.environment.iter().map(|(name, value)| format!("{name}={value}"));
    let args = release.command.args.iter().map(|arg| argument(arg, &release.files));
    command.args([ENV, "--"]).args(variables).arg(&release.command.command).args(args);
}

fn argument(arg: &str, files: &BTreeMap<String, SourceFile>) -> String {
    if files.contains_key(arg) { format!("/skill/{arg}") } else { arg.to_owned() }
}

pub(crate) fn bytes(mebibytes: u32) -> u64 {
    u64::from(mebibytes) << 20
}
