//! Why a store does not do what it is asked, and what helps.

use std::fmt;
use std::io;

/// Why a place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The text names no place.
    #[error(
        "`{0}` is no place for a catalog: name a folder, `s3://BUCKET/PREFIX`, or `https://…` to read from"
    )]
    Location(String),
    /// Plain HTTP leads beyond this machine.
    #[error("plain http is for loopback only: `{0}` must begin with https://")]
    PlainHttp(String),
    /// No credentials are set.
    #[error("no credentials for `{0}`: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    Credentials(String),
    /// The environment, or the location, makes no client.
    #[error("`{0}` cannot be opened: check the environment variables AWS_…")]
    Settings(String, #[source] Reason),
    /// The system gives no threads.
    #[error("cannot start the threads for the network")]
    Runtime(#[source] io::Error),
    /// A static host is only read.
    #[error("`{0}` can only be read: name a folder or `s3://BUCKET/PREFIX` here")]
    ReadOnly(String),
    /// The store does not say which version of a file it gave.
    #[error("`{0}` gives no entity tag for `{1}`, so it cannot be replaced safely")]
    NoVersion(String, String),
    /// A file or folder cannot be read, written, listed or deleted.
    #[error("cannot {operation} `{path}` in `{location}`: {}", .reason.help())]
    Failed {
        /// What was to be done.
        operation: Operation,
        /// With which file or folder of the store.
        path: String,
        /// The store.
        location: String,
        /// Why it was not.
        #[source]
        reason: Reason,
    },
}

/// What a store is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// To read a file, or whether it is there.
    Read,
    /// To write a file.
    Write,
    /// To list a folder.
    List,
    /// To delete files.
    Delete,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::List => "list",
            Self::Delete => "delete",
        })
    }
}

/// What the operating system or the remote store answered. Its text holds all causes, so it names no source.
#[derive(Debug)]
pub enum Reason {
    /// The operating system's answer.
    Io(io::Error),
    /// The remote store's answer, or the network's.
    Remote(Box<object_store::Error>),
}

impl Reason {
    /// Whether the client knows that the store has no such operation.
    pub(super) fn is_unsupported(&self) -> bool {
        matches!(self, Self::Remote(error) if matches!(**error, object_store::Error::NotImplemented { .. }))
    }

    fn help(&self) -> &'static str {
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::WouldBlock => {
                "another process is writing there; wait for it to end"
            }
            Self::Io(_) => "check the folder's permissions and the free space, then run the command again",
            Self::Remote(error) => match **error {
                object_store::Error::NotFound { .. } => "make the bucket first, or mend its name",
                object_store::Error::PermissionDenied { .. }
                | object_store::Error::Unauthenticated { .. } => {
                    "the credentials must be allowed to read, write, list and delete in the bucket"
                }
                _ => "check the network and the endpoint, then run the command again",
            },
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Remote(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Reason {}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<object_store::Error> for Reason {
    fn from(error: object_store::Error) -> Self {
        Self::Remote(Box::new(error))
    }
}
