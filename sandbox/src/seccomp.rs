//! System calls that a skill has no business with, as filters for `bwrap --add-seccomp-fd`.

use std::collections::BTreeMap;
use std::io::{self, Seek as _, Write as _};
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, memfd_create};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, sock_filter,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Answered with `EPERM`. The keyring is shared with the host; the others have been the way into the kernel
/// before and no interpreter needs them.
const FORBIDDEN: [i64; 7] = [
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_ptrace,
];
/// Answered with `ENOSYS`, upon which programs take another way. The first makes system calls that no filter
/// sees; the others hold memory that neither a limit nor the watcher counts.
const UNKNOWN: [i64; 4] =
    [libc::SYS_io_uring_setup, libc::SYS_memfd_create, libc::SYS_memfd_secret, libc::SYS_shmget];
/// Socket families that the network namespace confines. Others, as `AF_VSOCK`, reach the host in spite of it.
const FAMILIES: [i32; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
/// From here on, numbers are of the x32 interface, whose calls no rule names.
#[cfg(target_arch = "x86_64")]
const FIRST_X32: u32 = 0x4000_0000;

/// The filters, each as a descriptor to be read once.
pub(crate) fn filters(process_spawn: bool) -> io::Result<Vec<OwnedFd>> {
    let programs = [(forbidden(process_spawn), libc::EPERM), (Ok(unknown(process_spawn)), libc::ENOSYS)];
    programs
        .into_iter()
        .map(|(rules, errno)| readable(&compile(rules.map_err(io::Error::other)?, errno)?))
        .collect()
}

fn forbidden(process_spawn: bool) -> Result<Rules, BackendError> {
    let mut rules: Rules = FORBIDDEN.map(|call| (call, Vec::new())).into();
    let outside = FAMILIES
        .into_iter()
        .map(|family| argument(SeccompCmpOp::Ne, u64::from(family.unsigned_abs())))
        .collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_socket, vec![SeccompRule::new(outside)?]);
    if !process_spawn {
        let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
        let no_thread = argument(SeccompCmpOp::MaskedEq(thread), 0)?;
        rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![no_thread])?]);
        #[cfg(target_arch = "x86_64")]
        rules.extend([(libc::SYS_fork, Vec::new()), (libc::SYS_vfork, Vec::new())]);
    }
    Ok(rules)
}

/// `clone3` keeps its flags in memory, where no filter can read them: without it, libraries use `clone`.
fn unknown(process_spawn: bool) -> Rules {
    let clone3 = (!process_spawn).then_some(libc::SYS_clone3);
    UNKNOWN.into_iter().chain(clone3).map(|call| (call, Vec::new())).collect()
}

fn argument(operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(0, SeccompCmpArgLen::Dword, operator, value)
}

fn compile(rules: Rules, errno: i32) -> io::Result<BpfProgram> {
    let action = SeccompAction::Errno(errno.unsigned_abs());
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch).map_err(io::Error::other)?;
    let program = BpfProgram::try_from(filter).map_err(io::Error::other)?;
    Ok(refuse_x32(program))
}

/// Puts three instructions in front: load the call's number; below the x32 range go on; else `ENOSYS`.
#[cfg(target_arch = "x86_64")]
fn refuse_x32(program: BpfProgram) -> BpfProgram {
    let instruction = |code: u32, jf: u8, k: u32| sock_filter { code: code as u16, jt: 0, jf, k };
    let load = instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0);
    let compare = instruction(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 1, FIRST_X32);
    let refuse =
        instruction(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs());
    [load, compare, refuse].into_iter().chain(program).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn refuse_x32(program: BpfProgram) -> BpfProgram {
    program
}

fn readable(program: &[sock_filter]) -> io::Result<OwnedFd> {
    let mut file = std::fs::File::from(memfd_create("seccomp", MemfdFlags::CLOEXEC)?);
    for instruction in program {
        file.write_all(&instruction.code.to_ne_bytes())?;
        file.write_all(&[instruction.jt, instruction.jf])?;
        file.write_all(&instruction.k.to_ne_bytes())?;
    }
    file.rewind()?;
    Ok(file.into())
}
