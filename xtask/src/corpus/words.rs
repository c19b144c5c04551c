//! The vocabulary of the made skills.

/// A team, and the things that its skills are about.
#[derive(Debug)]
pub struct Team {
    /// As in `guildhall.yaml`.
    pub name: &'static str,
    /// What the work of the team is about.
    pub things: [&'static str; 8],
}

const fn team(name: &'static str, things: [&'static str; 8]) -> Team {
    Team { name, things }
}

/// The first one is everybody's.
#[rustfmt::skip]
pub const TEAMS: [Team; 20] = [
    team("shared", ["handover", "glossary", "meeting note", "status report", "decision record", "translation", "source list", "plain summary"]),
    team("support", ["refund", "complaint", "warranty claim", "callback", "chat transcript", "outage notice", "goodwill credit", "return label"]),
    team("finance", ["budget", "forecast", "purchase order", "accrual", "journal entry", "cash position", "fixed asset", "expense report"]),
    team("platform", ["deployment", "node pool", "feature flag", "container image", "capacity plan", "rollback", "load balancer", "config map"]),
    team("security", ["access review", "phishing mail", "secret rotation", "audit log", "firewall rule", "threat model", "certificate", "permission grant"]),
    team("data", ["warehouse table", "backfill", "data contract", "dashboard", "event stream", "lineage graph", "snapshot", "quality check"]),
    team("legal", ["privacy request", "trademark filing", "litigation hold", "vendor terms", "export control", "consent record", "licence question", "retention schedule"]),
    team("people", ["onboarding plan", "leave request", "job posting", "offer letter", "payroll change", "exit interview", "relocation", "training record"]),
    team("sales", ["quote", "renewal", "territory", "discount approval", "customer reference", "demo system", "proposal", "account plan"]),
    team("marketing", ["campaign", "newsletter", "landing page", "press release", "audience segment", "webinar", "case study", "launch event"]),
    team("logistics", ["shipment", "customs form", "carrier rate", "delivery route", "stock count", "pallet", "tracking number", "dock schedule"]),
    team("frontend", ["component", "design token", "accessibility audit", "bundle size", "form validation", "page layout", "browser test", "error boundary"]),
    team("backend", ["endpoint", "database query", "message queue", "rate limit", "retry policy", "background job", "webhook", "idempotency key"]),
    team("mobile", ["app release", "crash report", "deep link", "store listing", "offline sync", "device matrix", "beta group", "battery trace"]),
    team("research", ["literature review", "interview guide", "usability test", "persona", "hypothesis", "sample plan", "field study", "citation list"]),
    team("procurement", ["supplier", "tender", "framework agreement", "goods receipt", "spend report", "price list", "sourcing event", "risk questionnaire"]),
    team("compliance", ["control test", "evidence request", "risk register", "sanctions hit", "audit finding", "regulator letter", "gift register", "breach notice"]),
    team("facilities", ["badge request", "meeting room", "maintenance order", "visitor pass", "energy report", "fire drill", "desk move", "parking permit"]),
    team("quality", ["test plan", "defect", "regression suite", "release gate", "flaky test", "coverage report", "smoke test", "acceptance criterion"]),
    team("learning", ["model card", "training run", "evaluation set", "prompt template", "drift alert", "label batch", "checkpoint", "embedding index"]),
];

/// What a skill does with its thing: as a name ends, and as a sentence begins.
#[rustfmt::skip]
pub const ROLES: [(&str, &str); 16] = [
    ("resolver", "Resolves"), ("checker", "Checks"), ("planner", "Plans"), ("writer", "Writes"),
    ("auditor", "Audits"), ("summariser", "Summarises"), ("router", "Routes"), ("builder", "Builds"),
    ("tracker", "Tracks"), ("migrator", "Migrates"), ("explainer", "Explains"), ("scheduler", "Schedules"),
    ("classifier", "Classifies"), ("monitor", "Monitors"), ("extractor", "Extracts"), ("approver", "Approves"),
];

/// What narrows a thing down, as the beginning of a name; the first one does not.
#[rustfmt::skip]
pub const QUALIFIERS: [&str; 20] = [
    "", "emea", "apac", "enterprise", "partner", "regulated", "batch", "realtime", "legacy", "self-serve",
    "premium", "seasonal", "after-hours", "cross-border", "high-volume", "first-line", "priority", "offline", "yearly", "multilingual",
];

/// Tags.
#[rustfmt::skip]
pub const TAGS: [&str; 48] = [
    "automation", "internal", "reporting", "workflow", "triage", "gdpr", "sox", "pci", "risk", "payments", "sla", "escalation",
    "email", "chat", "voice", "crm", "erp", "kubernetes", "terraform", "postgres", "kafka", "airflow", "excel", "pdf",
    "ocr", "embedding", "validation", "testing", "release", "monitoring", "alerting", "oncall", "incident", "encryption", "privacy", "contracts",
    "vendors", "onboarding", "benefits", "content", "accessibility", "graphql", "caching", "cost", "inventory", "customs", "surveys", "analytics",
];

/// What a case of a thing may be.
#[rustfmt::skip]
pub const KINDS: [&str; 20] = [
    "pending", "disputed", "duplicate", "expired", "urgent", "partial", "manual", "late", "incomplete", "rejected",
    "historic", "flagged", "linked", "recurring", "unverified", "archived", "confidential", "foreign", "bulk", "internal",
];

/// What a case has or concerns.
#[rustfmt::skip]
pub const NOUNS: [&str; 30] = [
    "customer", "account", "order", "record", "region", "approver", "deadline", "threshold", "document", "attachment",
    "exception", "policy", "owner", "queue", "reason code", "currency", "audit trail", "template", "signature", "evidence",
    "comment", "status", "checklist", "amount", "limit", "identifier", "reviewer", "invoice", "message", "calendar",
];

/// What may be done with it.
#[rustfmt::skip]
pub const ACTS: [&str; 20] = [
    "confirm", "compare", "collect", "record", "attach", "verify", "notify", "escalate", "calculate", "export",
    "reopen", "close", "annotate", "merge", "split", "prioritise", "redact", "normalise", "fetch", "publish",
];

/// Where it is recorded.
#[rustfmt::skip]
pub const SYSTEMS: [&str; 12] = [
    "the ledger", "the ticket system", "the data warehouse", "the contract archive", "the staff directory", "the incident log",
    "the order book", "the customer file", "the document store", "the release calendar", "the rota", "the asset register",
];
