//! `guildhall-edge`: the edge on one machine.

#[cfg(not(target_arch = "wasm32"))]
mod program {
    use std::error::Error;
    use std::io::Write as _;
    use std::net::SocketAddr;
    use std::path::PathBuf;
    use std::process::ExitCode;
    use std::sync::Arc;

    use clap::{Parser, Subcommand};
    use edge_worker::native::{FilesHost, Metrics, Serving, Tls, serve};
    use edge_worker::{Edge, EdgeConfig, openapi};
    use registry_core::diagnostic::causes;
    use serde_json::json;
    use tokio::net::TcpListener;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// Serves a catalog on one machine: pages, search, access decisions and invocation.
    #[derive(Debug, Parser)]
    #[command(name = "guildhall-edge", version, args_conflicts_with_subcommands = true)]
    #[command(subcommand_negates_reqs = true)]
    struct Arguments {
        #[command(subcommand)]
        document: Option<Document>,
        /// The edge's configuration: keys, issuers, sandbox (JSON; see docs/operations.md).
        #[arg(long, value_name = "FILE", required = true)]
        config: Option<PathBuf>,
        /// The folder that `guildhall build` wrote.
        #[arg(long, value_name = "DIR", default_value = "dist")]
        catalog: PathBuf,
        /// Where the usage log goes.
        #[arg(long, value_name = "DIR", default_value = "logs")]
        log: PathBuf,
        /// The address to listen at; port 0 takes a free one.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
        listen: SocketAddr,
        /// Serves counters for Prometheus at this address, at `/metrics`; port 0 takes a free one.
        #[arg(long, value_name = "ADDRESS")]
        metrics: Option<SocketAddr>,
        /// Speaks TLS: the certificate chain (PEM), the host's own first. Read again at SIGHUP.
        #[arg(long, value_name = "FILE", requires = "tls_key")]
        tls_cert: Option<PathBuf>,
        /// The certificate's private key (PEM).
        #[arg(long, value_name = "FILE", requires = "tls_cert")]
        tls_key: Option<PathBuf>,
    }

    /// A document that is printed.
    #[derive(Debug, Clone, Copy, Subcommand)]
    enum Document {
        /// Print the OpenAPI document, which every edge serves at `/openapi.json`.
        Openapi,
        /// Print the definitions of the tools `search` and `invoke`, which every edge serves at `/tools`.
        Tools,
    }

    fn print(document: Document) -> Result<(), Box<dyn Error>> {
        let document = match document {
            Document::Openapi => openapi::document(),
            Document::Tools => openapi::tools(),
        };
        Ok(writeln!(std::io::stdout(), "{document:#}")?)
    }

    async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
        if let Some(document) = arguments.document {
            return print(document);
        }
        let config = arguments.config.unwrap_or_default();
        let json =
            std::fs::read(&config).map_err(|error| format!("cannot read `{}`: {error}", config.display()))?;
        let edge = Edge::new(EdgeConfig::parse(&json)?)?;
        let host = FilesHost::new(&arguments.catalog, &arguments.log)?;
        edge.read_key_files(&host).await?;
        let tls = match (&arguments.tls_cert, &arguments.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::read(certificate, key)?),
            _ => None,
        };
        let listener = TcpListener::bind(arguments.listen).await?;
        let metrics = Arc::new(Metrics::of(&host));
        if let Some(address) = arguments.metrics {
            let listener = TcpListener::bind(address).await?;
            writeln!(std::io::stdout(), "metrics on http://{}/metrics", listener.local_addr()?)?;
            tokio::spawn(Arc::clone(&metrics).serve(listener));
        }
        let mut terminate = signal(SignalKind::terminate())?;
        let shutdown = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        if let Some(tls) = tls.clone() {
            tokio::spawn(reload(tls, signal(SignalKind::hangup())?));
        }
        let scheme = if tls.is_some() { "https" } else { "http" };
        writeln!(std::io::stdout(), "listening on {scheme}://{}", listener.local_addr()?)?;
        Ok(serve(listener, Serving { edge, host, metrics, tls }, shutdown).await?)
    }

    /// Reads certificate and key again at each SIGHUP. Where they cannot be used, the former go on.
    async fn reload(tls: Tls, mut hangup: Signal) {
        while hangup.recv().await.is_some() {
            let line = match tls.reload() {
                Ok(()) => json!({"level": "info", "message": "certificate and key were read again"}),
                Err(error) => json!({"level": "error", "message": format!("{error}{}", causes(&error))}),
            };
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }

    #[tokio::main]
    pub async fn main() -> ExitCode {
        match run(Arguments::parse()).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "error: {error}{}", causes(error.as_ref()));
                ExitCode::from(2)
            }
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    program::main()
}

/// The Workers host is the library; on wasm this binary only has to exist.
#[cfg(target_arch = "wasm32")]
fn main() {}
