//! `POST /execute`, step by step. Each step refuses unless it is sure.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Request};
use registry_core::api::{ExecutionRequest, ExecutionResult};
use registry_core::digest::{Digest, closure_digest};
use registry_core::manifest::SkillType;
use registry_core::token::InvokeClaims;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::ledger::Accepted;
use crate::log::Record;
use crate::refusal::Refusal;
use crate::release::{self, Release};
use crate::server::Service;
use crate::{bundle, isolation, process};

/// Largest request body, in bytes. It is read before its sender is known.
pub(crate) const MAX_BODY: usize = 2 << 20;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A result, and whether it is one that was given before.
pub(crate) struct Executed {
    pub(crate) result: ExecutionResult,
    pub(crate) is_replayed: bool,
}

pub(crate) async fn execute(
    service: &Service,
    request: Request<Body>,
    record: &mut Record,
) -> Result<Executed, Refusal> {
    let (parts, body) = request.into_parts();
    let token = bearer_token(&parts.headers)?;
    let body = read_body(body).await?;
    let claims = verified(service, token, &body)?;
    record.accepted(&claims);
    let request = parsed(&body, &claims)?;
    let _permit = service.permits.try_acquire().map_err(|_| Refusal::Busy)?;
    let running = match accepted(service, &claims, &request.payload).await? {
        Accepted::Fresh(running) => running,
        Accepted::Done(result) => return Ok(Executed { result: *result, is_replayed: true }),
        Accepted::Replayed => return Err(Refusal::Replayed),
        Accepted::Running => return Err(Refusal::Running),
        Accepted::Gone => return Err(Refusal::ResultGone),
        Accepted::Reused => return Err(Refusal::Reused),
    };
    let release = match fetched(service, &claims, &request).await {
        Ok(release) => release,
        Err(refusal) => {
            spawn_blocking(move || running.never_ran()).await.map_err(io::Error::other)??;
            return Err(refusal);
        }
    };
    let result = run(service, release, &request.payload).await?;
    let (ended, now) = (result.clone(), now()?);
    spawn_blocking(move || running.ended(&ended, now)).await.map_err(io::Error::other)??;
    Ok(Executed { result, is_replayed: false })
}

fn bearer_token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => {
            value.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")).ok_or(Refusal::NoToken)
        }
        _ => Err(Refusal::NoToken),
    }
}

async fn read_body(body: Body) -> Result<Bytes, Refusal> {
    match timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) | Err(_) => Err(Refusal::Body),
    }
}

fn verified(service: &Service, token: &str, body: &[u8]) -> Result<InvokeClaims, Refusal> {
    let config = &service.config;
    let (keys, issuer) = (&config.edge_keys, &config.edge_issuer);
    Ok(InvokeClaims::verify(token, body, keys, issuer, &config.audience, now()?)?)
}

fn now() -> io::Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
    Ok(since.as_secs())
}

/// Durable before anything is fetched or unpacked: whatever fails afterwards, the token is used up.
async fn accepted(service: &Service, claims: &InvokeClaims, payload: &Value) -> Result<Accepted, Refusal> {
    let content = serde_json::to_vec(&(&claims.skill, &claims.version, &claims.digest, payload))
        .map_err(Refusal::BadRequest)?;
    let (ledger, claims, now) = (service.ledger.clone(), claims.clone(), now()?);
    let accepted = spawn_blocking(move || ledger.accept(&claims, Digest::of(&content), now));
    Ok(accepted.await.map_err(io::Error::other)??)
}

fn parsed(body: &[u8], claims: &InvokeClaims) -> Result<ExecutionRequest, Refusal> {
    let request: ExecutionRequest = serde_json::from_slice(body).map_err(Refusal::BadRequest)?;
    let members = request.closure.iter();
    let digest = closure_digest(members.clone().map(|one| (&one.skill, &one.version, &one.digest)));
    let holds_release = members
        .clone()
        .any(|one| one.skill == claims.skill && one.version == claims.version && one.digest == claims.digest);
    if digest != claims.closure_digest || !holds_release {
        return Err(Refusal::Closure);
    }
    match claims.skill_type {
        SkillType::CodeInline => Ok(request),
        other => Err(Refusal::Type(other.as_str())),
    }
}

async fn fetched(
    service: &Service,
    claims: &InvokeClaims,
    request: &ExecutionRequest,
) -> Result<Release, Refusal> {
    let bytes = bundle::fetch(&service.client, &service.config.edge_url, claims, request).await?;
    let (claims, announced) = (claims.clone(), request.bundle);
    let checked = spawn_blocking(move || {
        if Digest::of(&bytes) != announced {
            return Err(Refusal::BundleDigest);
        }
        Ok(release::read(&claims, registry_core::bundle::unpack(&bytes)?)?)
    });
    checked.await.map_err(io::Error::other)?
}

async fn run(service: &Service, release: Release, payload: &Value) -> Result<ExecutionResult, Refusal> {
    let mut input = serde_json::to_vec(payload).map_err(Refusal::BadRequest)?;
    input.push(b'\n');
    let runs = service.runs.clone();
    let laid_out = spawn_blocking(move || lay_out(release, &runs)).await.map_err(io::Error::other)?;
    let (release, folder) = laid_out?;
    let command = isolation::command(&service.host, &release, folder.path())?;
    let result = process::run(&service.spawner, command, input, release.limits).await?;
    spawn_blocking(move || folder.close()).await.map_err(io::Error::other)??;
    Ok(result)
}

fn lay_out(release: Release, runs: &Path) -> io::Result<(Release, TempDir)> {
    fs::create_dir_all(runs)?;
    let folder = tempfile::tempdir_in(runs)?;
    release::write(&release.files, folder.path())?;
    Ok((release, folder))
}
