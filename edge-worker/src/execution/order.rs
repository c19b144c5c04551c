//! What an execution is ordered with: the body, and tokens for it.

use std::collections::BTreeSet;

use registry_core::api::{Code, ExecutionRequest};
use registry_core::digest::Digest;
use registry_core::token::{
    BUNDLE_TYPE, BundleClaims, INVOKE_TYPE, InvokeClaims, MAX_INVOKE_LIFETIME, TokenError, sign,
};
use serde_json::Value;

use crate::access::Granted;
use crate::handle::{Request, hexadecimal};
use crate::host::Host;
use crate::reply::Refusal;

/// An execution that a caller is granted.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub(crate) granted: &'a Granted,
    /// What the sandbox runs once for.
    idem: String,
    /// The exact body for the sandbox.
    pub(crate) body: String,
}

impl<H: Host> Request<'_, H> {
    /// Where the sandbox takes orders.
    pub(crate) fn sandbox_url(&self) -> String {
        format!("{}/execute", self.edge.config.sandbox.url)
    }

    /// Until when the tokens of this request are accepted, in seconds since the epoch.
    pub(crate) fn tokens_expire(&self) -> u64 {
        self.now + MAX_INVOKE_LIFETIME
    }

    /// An order for what a caller is granted, under what its `Idempotency-Key` stands for.
    pub(crate) fn order<'a>(
        &self,
        granted: &'a Granted,
        payload: Value,
        key: Option<Digest>,
    ) -> Result<Order<'a>, Refusal> {
        let release = &granted.release;
        let request = ExecutionRequest {
            closure: release.closure.clone(),
            bundle: release.bundle,
            bundle_token: self.bundle_token(release.bundle).map_err(unsigned)?,
            payload,
        };
        let body =
            serde_json::to_string(&request).map_err(|error| Refusal::bad_request(error.to_string()))?;
        let idem = key.map_or_else(|| self.txn.clone(), |key| key.to_string());
        Ok(Order { granted, idem, body })
    }

    /// A token for an order. Each is another one.
    pub(crate) fn sign(&self, order: &Order<'_>) -> Result<String, Refusal> {
        let jti = hexadecimal(&self.host.random().map_err(unsigned)?);
        self.signed(order, jti).map_err(unsigned)
    }

    fn bundle_token(&self, bundle: Digest) -> Result<String, TokenError> {
        let config = &self.edge.config;
        let claims = BundleClaims {
            iss: config.origin.clone(),
            aud: config.origin.clone(),
            txn: self.txn.clone(),
            iat: self.now,
            exp: self.tokens_expire(),
            digests: BTreeSet::from([bundle]),
        };
        sign(&claims, BUNDLE_TYPE, &config.invoke_key)
    }

    fn signed(&self, order: &Order<'_>, jti: String) -> Result<String, TokenError> {
        let (config, granted) = (&self.edge.config, order.granted);
        let anonymous = || "anonymous".to_owned();
        let caller = self.caller.as_ref();
        let claims = InvokeClaims {
            iss: config.origin.clone(),
            aud: config.sandbox.audience.clone(),
            sub: caller.map_or_else(anonymous, |caller| {
                registry_core::usage::pseudonym(caller, config.pseudonym_key.as_bytes())
            }),
            act: caller.map_or_else(anonymous, |caller| caller.role.to_string()),
            jti,
            txn: self.txn.clone(),
            idem: order.idem.clone(),
            iat: self.now,
            nbf: self.now,
            exp: self.tokens_expire(),
            skill: granted.skill.clone(),
            version: granted.version.clone(),
            digest: granted.release.digest,
            closure_digest: granted.release.closure_digest,
            payload_sha256: Digest::of(order.body.as_bytes()),
            skill_type: granted.release.skill_type,
            limits: granted.release.limits,
            permissions: granted.release.permissions,
        };
        sign(&claims, INVOKE_TYPE, &config.invoke_key)
    }
}

fn unsigned(error: impl ToString) -> Refusal {
    Refusal::unavailable(Code::Unavailable, "the edge cannot sign at the moment", error)
}
