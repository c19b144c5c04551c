//! The thread from a Git repository to an invoked skill, on both hosts.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use e2e::{HostKind, Repository, Stand};
use registry_core::digest::Digest;
use registry_core::usage::{Outcome, UsageRecord};
use serde_json::{Value, json};

fn start(kind: HostKind) -> Stand {
    Stand::start(kind, Repository::of_examples().unwrap()).unwrap()
}

/// Each check as a test on each host.
macro_rules! on_both_hosts {
    ($($check:ident),* $(,)?) => {
        mod native {
            $(#[test] fn $check() { super::$check(super::start(super::HostKind::Native)); })*
        }
        mod workers {
            $(#[test] fn $check() { super::$check(super::start(super::HostKind::Workers)); })*
        }
    };
}

on_both_hosts!(
    the_right_skill_comes_first_for_natural_queries,
    skills_of_every_runtime_run_in_the_sandbox,
    prompts_and_instructions_of_the_examples_are_answered,
    a_denied_skill_is_answered_like_one_that_does_not_exist,
    access_follows_level_team_role_and_elevation,
    releases_are_served_as_page_markdown_json_and_bundle,
    public_pages_are_served_and_the_rest_is_not,
    requests_that_make_no_sense_are_told_why,
    whom_to_ask_for_access_is_told_whether_the_skill_exists_or_not,
    the_usage_log_has_the_decision_and_the_outcome,
    an_outcome_is_logged_though_the_caller_hung_up,
    a_new_commit_is_served_without_a_restart,
    an_older_or_altered_head_is_not_taken,
);

fn slugs(answer: &Value) -> Vec<&str> {
    answer.as_array().unwrap().iter().map(|hit| hit["slug"].as_str().unwrap()).collect()
}

fn the_right_skill_comes_first_for_natural_queries(stand: Stand) {
    let support = stand.token("support-agent", &[]).unwrap();
    let finance = stand.token("finance-agent", &[]).unwrap();
    for (token, query, expected) in [
        (&support, "give a customer their money back", "support/refund-resolver"),
        (&support, "hide personal data before sharing a text", "data/pii-redactor"),
        (&support, "production is down, what do I do first?", "platform/incident-triage"),
        (&support, "plan a rolling deployment in batches", "platform/rollout-plan"),
        (&finance, "are these travel expenses within policy?", "finance/expense-check"),
    ] {
        let answer = stand.post("/search", token, &json!({"query": query})).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(slugs(&answer.json()).first(), Some(&expected), "{query}: {}", answer.text());
    }
    let all = |token: &str| {
        let body = json!({"query": "finance budget expense refund", "k": 50});
        stand.post("/search", token, &body).unwrap().text()
    };
    assert!(all(&finance).contains("finance/expense-check"));
    for token in [support.as_str(), ""] {
        assert!(!all(token).contains("finance/"), "search leaks to `{token}`");
    }
}

fn skills_of_every_runtime_run_in_the_sandbox(stand: Stand) {
    let token = stand.token("finance-agent", &[]).unwrap();
    let invoke = |name: &str, payload: Value| {
        let body = json!({"name": name, "version_constraint": "*", "payload": payload});
        stand.post("/invoke", &token, &body).unwrap()
    };
    let python = invoke("data/pii-redactor", json!({"text": "Mail ines@example.org"}));
    assert_eq!(python.status, 200, "{}", python.text());
    assert_eq!(python.json()["outcome"], "success", "{}", python.text());
    assert_eq!(python.json()["output"]["text"], "Mail [EMAIL_1]");
    let bash = invoke(
        "platform/rollout-plan",
        json!({"replicas": 40, "max_unavailable_percent": 10, "minutes_per_batch": 5, "canary_replicas": 2}),
    );
    assert_eq!(bash.json()["output"]["ok"], true, "{}", bash.text());
    let request =
        std::fs::read(e2e::workspace().join("skills/finance/expense-check/examples/request.json")).unwrap();
    let node = invoke("finance/expense-check", serde_json::from_slice(&request).unwrap());
    assert_eq!(node.json()["output"]["ok"], true, "{}", node.text());
    let failing = invoke("data/pii-redactor", json!({"text": 7}));
    assert_eq!(failing.status, 200);
    assert_eq!(failing.json()["outcome"], "error");
    assert_eq!(failing.json()["exit_code"], 2);
    assert_eq!(failing.json()["output"]["ok"], false);
}

fn prompts_and_instructions_of_the_examples_are_answered(stand: Stand) {
    let token = stand.token("support-agent", &[]).unwrap();
    let invoke = |name: &str, payload: &str| {
        let payload: Value = serde_json::from_str(payload).unwrap();
        stand.post("/invoke", &token, &json!({"name": name, "payload": payload})).unwrap()
    };
    let file = std::fs::read_to_string(e2e::workspace().join("skills/support/refund-reply.md")).unwrap();
    let example = file.split("```json").nth(1).unwrap().split("```").next().unwrap();
    let reply = invoke("support/refund-reply", example).json();
    assert_eq!(reply["output_format"], "markdown", "{reply}");
    let prompt = reply["prompt"].as_str().unwrap();
    for line in ["Order: ORD-20481937", "Refund: 85.41 GBP", "Channel: email"] {
        assert!(prompt.lines().any(|known| known == line), "{prompt}");
    }
    let wrong = invoke("support/refund-reply", &example.replace("ORD-", "ORDER "));
    assert_eq!((wrong.status, &wrong.json()["errors"][0]["pointer"]), (422, &json!("/payload/order_number")));
    let triage = invoke("platform/incident-triage", "{}").json();
    let headings = ["# Skill shared/escalation-queue@1.2.0", "# Skill platform/incident-triage@"];
    let text = triage["text"].as_str().unwrap();
    let found: Vec<&str> = text.lines().filter(|line| line.starts_with("# Skill ")).collect();
    assert_eq!(found.len(), 2);
    assert!(found.iter().zip(headings).all(|(line, heading)| line.starts_with(heading)), "{found:?}");
}

fn a_denied_skill_is_answered_like_one_that_does_not_exist(stand: Stand) {
    let token = stand.token("support-agent", &[]).unwrap();
    let routes = [("/invoke", "name"), ("/resolve", "spec"), ("/acl/check", "skill")];
    for name in ["finance/expense-check", "finance/budget-approval"] {
        for (path, key) in routes {
            let ask = |name: &str, token: &str| stand.post(path, token, &json!({key: name})).unwrap();
            for token in [token.as_str(), ""] {
                let (hidden, absent) = (ask(name, token), ask("finance/no-such-skill", token));
                assert_eq!(hidden.status, absent.status);
                assert_eq!(hidden.text().replace(name, "finance/no-such-skill"), absent.text());
            }
            let denied = ask(name, &token);
            if path == "/acl/check" {
                assert_eq!((denied.status, &denied.json()["allowed"]), (200, &json!(false)));
            } else {
                assert_eq!(denied.status, 403);
                assert_eq!(denied.json()["code"], "ACL_DENIED");
                assert_eq!(denied.json()["error"], "ACL_DENIED");
                assert_eq!(denied.json()["allowed"], false);
                assert_eq!(ask(name, "").status, 401);
            }
            let expected = format!("https://access.example.com/skills?skill={name}");
            assert_eq!(denied.json()["request_url"], expected);
        }
    }
    for path in ["", "/1.0.0", "/1.0.0/bundle"] {
        let ask = |name: &str, token: &str, accept: &str| {
            stand.get(&format!("/skills/{name}{path}"), token, accept).unwrap()
        };
        for (token, accept) in
            [("", "text/html"), (&token, "text/html"), ("", "application/json"), (&token, "text/markdown")]
        {
            let (hidden, absent) =
                (ask("finance/expense-check", token, accept), ask("finance/no-such-skill", token, accept));
            assert_eq!(hidden.status, absent.status);
            assert_eq!(
                hidden.text().replace("finance/expense-check", "finance/no-such-skill"),
                absent.text()
            );
            let is_page = accept == "text/html" && !path.ends_with("bundle");
            let expected = if is_page {
                404
            } else if token.is_empty() {
                401
            } else {
                403
            };
            assert_eq!(hidden.status, expected, "{path} {accept}");
        }
    }
}

fn access_follows_level_team_role_and_elevation(stand: Stand) {
    let allowed = |token: &str, skill: &str| {
        let answer = stand.post("/acl/check", token, &json!({"skill": skill})).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["allowed"].as_bool().unwrap()
    };
    let token = |role: &str, more: &[&str]| stand.token(role, more).unwrap();
    let cases = [
        ("public", String::new(), "data/pii-redactor", true),
        ("team, anonymous", String::new(), "support/case-facts", false),
        ("team by role", token("support-agent", &[]), "support/case-facts", true),
        ("team by claim", token("guest", &["--team", "support"]), "support/case-facts", true),
        ("team of others", token("finance-agent", &[]), "support/case-facts", false),
        ("role", token("auditor", &[]), "finance/expense-check", true),
        ("role of others, though in the team", token("finance-lead", &[]), "finance/expense-check", false),
        (
            "sensitive, elevated member",
            token("finance-lead", &["--elevated"]),
            "finance/budget-approval",
            true,
        ),
        ("sensitive, not elevated", token("finance-lead", &[]), "finance/budget-approval", false),
        (
            "sensitive, elevated stranger",
            token("support-lead", &["--elevated"]),
            "finance/budget-approval",
            false,
        ),
    ];
    for (case, token, skill, expected) in cases {
        assert_eq!(allowed(&token, skill), expected, "{case}");
    }
    let resolved = stand
        .post("/resolve", &token("support-agent", &[]), &json!({"spec": "support/refund-reply:1.x"}))
        .unwrap();
    let closure: Vec<String> = resolved.json()["closure"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["skill"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        closure,
        [
            "shared/plain-language",
            "shared/escalation-queue",
            "support/case-facts",
            "support/refund-resolver",
            "support/refund-reply"
        ]
    );
}

fn releases_are_served_as_page_markdown_json_and_bundle(stand: Stand) {
    let token = stand.token("support-agent", &[]).unwrap();
    for (name, version, token) in
        [("data/pii-redactor", "2.0.0", ""), ("support/case-facts", "1.1.0", &token)]
    {
        for path in
            [format!("/skills/{name}"), format!("/skills/{name}/"), format!("/skills/{name}/{version}")]
        {
            let page = stand.get(&path, token, "text/html,*/*").unwrap();
            assert_eq!(page.status, 200);
            assert!(page.text().contains("<h1"), "{}", page.text());
            let cache = if token.is_empty() { "no-cache" } else { "private, no-store" };
            assert_eq!(page.header("cache-control"), Some(cache));
            assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
            let markdown = stand.get(&path, token, "text/markdown").unwrap();
            assert!(markdown.text().starts_with("---\nname: "), "{}", markdown.text());
            let record = stand.get(&path, token, "application/json").unwrap().json();
            assert_eq!((record["slug"].as_str(), record["version"].as_str()), (Some(name), Some(version)));
        }
        let bundle = stand.get(&format!("/skills/{name}/{version}/bundle"), token, "*/*").unwrap();
        assert_eq!((bundle.status, bundle.header("content-type")), (200, Some("application/gzip")));
        let object = format!(
            "objects/{}/{}",
            if name.starts_with("data") { "public" } else { "team:support" },
            Digest::of(&bundle.body)
        );
        assert!(stand.repository.catalog().join(&object).exists(), "{object}");
    }
    let missing = stand.get("/skills/data/pii-redactor/9.9.9", "", "application/json").unwrap();
    assert_eq!((missing.status, missing.json()["code"].as_str()), (404, Some("VERSION_NOT_FOUND")));
    assert!(missing.text().contains("2.0.0"), "of a visible skill all versions show");
}

fn public_pages_are_served_and_the_rest_is_not(stand: Stand) {
    let token = stand.token("support-agent", &[]).unwrap();
    for path in ["/", "/teams/", "/teams/finance/", "/search?q=redact"] {
        let page = stand.get(path, "", "text/html").unwrap();
        assert_eq!(page.status, 200, "{path}");
        for hidden in ["expense-check", "budget-approval", "case-facts", "refund-reply"] {
            assert!(!page.text().contains(hidden), "{path} tells of {hidden}");
        }
    }
    assert!(stand.get("/search?q=redact", "", "text/html").unwrap().text().contains("data/pii-redactor"));
    let composed = stand.get("/search?q=refund", &token, "text/html").unwrap();
    assert!(composed.text().contains("support/refund-resolver"));
    let index = stand.get("/", "", "text/html").unwrap();
    let tag = index.header("etag").unwrap().to_owned();
    let again = stand.request("GET", "/", &[("if-none-match", &tag)], Vec::new()).unwrap();
    assert_eq!((again.status, again.body.len()), (304, 0));
    let sheet = index
        .text()
        .split("href=\"")
        .find(|part| part.starts_with("/assets/"))
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let sheet = stand.get(&sheet, "", "text/css").unwrap();
    assert_eq!(sheet.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(stand.get("/teams", "", "text/html").unwrap().header("location"), Some("/teams/"));
    assert_eq!(stand.get("/no/such/page", "", "text/html").unwrap().status, 404);
    for path in ["/head.json", "/objects/public/x", "/../guildhall.yaml", "/index/policy/x"] {
        assert_eq!(stand.get(path, "", "*/*").unwrap().status, 404, "{path}");
    }
    let head = stand.request("HEAD", "/", &[], Vec::new()).unwrap();
    assert_eq!((head.status, head.body.len()), (200, 0));
}

fn whom_to_ask_for_access_is_told_whether_the_skill_exists_or_not(stand: Stand) {
    let page = |skill: &str| {
        let answer = stand.get(&format!("/request-access?skill={skill}"), "", "text/html").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    };
    let hidden = page("finance/expense-check");
    assert!(hidden.contains("<code>finance/expense-check</code>"), "{hidden}");
    assert!(hidden.contains("<a href=\"/teams/finance/\">"), "{hidden}");
    assert_eq!(
        hidden.replace("expense-check", "x"),
        page("finance%2Fno-such-skill").replace("no-such-skill", "x")
    );
    assert!(!page("nobody/x").contains("/teams/nobody/"));
    let general = page("%3Cscript%3E");
    assert!(!general.contains("script") && general.contains("Whom to ask"), "{general}");
}

fn requests_that_make_no_sense_are_told_why(stand: Stand) {
    let token = stand.token("support-agent", &[]).unwrap();
    let bearer = format!("Bearer {token}");
    let code = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let answer = stand.request(method, path, headers, body.as_bytes().to_vec()).unwrap();
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    let expected = |status: u16, code: &str| (status, code.to_owned());
    let auth = [("authorization", bearer.as_str())];
    assert_eq!(code("POST", "/search", &auth, "{"), expected(400, "BAD_REQUEST"));
    assert_eq!(code("POST", "/search", &auth, r#"{"query":"x","k":51}"#), expected(400, "BAD_REQUEST"));
    assert_eq!(code("POST", "/search", &auth, r#"{"query":"x","limit":5}"#), expected(400, "BAD_REQUEST"));
    assert_eq!(code("POST", "/invoke", &auth, r#"{"name":"Finance"}"#), expected(400, "BAD_REQUEST"));
    assert_eq!(code("DELETE", "/search", &auth, ""), expected(405, "METHOD_NOT_ALLOWED"));
    assert_eq!(code("POST", "/search", &auth, r#"["x"]"#), expected(400, "BAD_REQUEST"));
    let refused = expected(401, "UNAUTHENTICATED");
    let search = r#"{"query":"x"}"#;
    let twice = [("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
    assert_eq!(code("POST", "/search", &twice, search), refused);
    for wrong in ["Bearer x", "Basic eDp5", "Bearer", "Bearer a.b.c"] {
        assert_eq!(code("POST", "/search", &[("authorization", wrong)], search), refused, "{wrong}");
    }
    let mut altered = bearer.clone();
    altered.replace_range(
        bearer.len() - 10..bearer.len() - 9,
        if bearer.as_bytes()[bearer.len() - 10] == b'A' { "B" } else { "A" },
    );
    assert_eq!(code("POST", "/search", &[("authorization", &altered)], search), refused);
    for over in [1, 2] {
        let large = "x".repeat(edge_worker::MAX_BODY_BYTES + over);
        assert_eq!(code("POST", "/invoke", &auth, &large), expected(413, "BODY_TOO_LARGE"));
    }
}

fn of<'a>(log: &'a [UsageRecord], txn: &str) -> Vec<&'a UsageRecord> {
    let mut records: Vec<&UsageRecord> = log.iter().filter(|record| record.txn == txn).collect();
    records.sort_by_key(|record| (record.ts, record.outcome));
    records
}

fn the_usage_log_has_the_decision_and_the_outcome(mut stand: Stand) {
    let token = stand.token("support-agent", &["--subject", "agent-4711"]).unwrap();
    let body = json!({"name": "support/case-facts", "version_constraint": "1.x", "payload": {"ticket": "order ORD-20481937"}});
    let answer = stand.post("/invoke", &token, &body).unwrap();
    assert_eq!(answer.json()["outcome"], "success", "{}", answer.text());
    stand.post("/invoke", &token, &json!({"name": "finance/expense-check"})).unwrap();
    stand.get("/skills/finance/expense-check", &token, "text/html").unwrap();
    let log = stand.log().unwrap();
    let records = of(&log, answer.json()["txn"].as_str().unwrap());
    assert_eq!(
        records.iter().map(|record| record.outcome).collect::<Vec<_>>(),
        [Outcome::Decided, Outcome::Success]
    );
    for record in &records {
        assert_eq!(record.name, "support/case-facts");
        assert_eq!(record.version.as_ref().map(ToString::to_string).as_deref(), Some("1.1.0"));
        assert_eq!(record.agent_role.as_deref(), Some("support-agent"));
        assert_eq!(record.route, "POST /invoke");
    }
    let denied: Vec<&UsageRecord> =
        log.iter().filter(|record| record.outcome == Outcome::AclDenied).collect();
    assert_eq!(denied.len(), 2, "one for the call, one for the page");
    assert!(denied.iter().all(|record| record.name == "finance/expense-check" && record.version.is_none()));
    let text = serde_json::to_string(&log).unwrap();
    for secret in ["agent-4711", "ORD-20481937", &token] {
        assert!(!text.contains(secret), "the log tells {secret}");
    }
}

fn an_outcome_is_logged_though_the_caller_hung_up(mut stand: Stand) {
    let skill = "---\nname: shared/slow\nversion: 1.0.0\ndescription: Waits.\ntags: []\naccess_level: public\n\
        type: code_inline\ncommand: python3\nargs: [-c, 'import time; time.sleep(2)']\n---\n";
    stand.repository.write("skills/shared/slow.md", skill).unwrap();
    stand.repository.commit("add shared/slow").unwrap();
    stand.publish().unwrap();
    let body = json!({"name": "shared/slow"}).to_string();
    let hung_up = std::process::Command::new("curl")
        .args(["--silent", "--max-time", "1", "--data", &body, &format!("{}/invoke", stand.url())])
        .status()
        .unwrap();
    assert_eq!(hung_up.code(), Some(28), "curl gave up waiting");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let outcomes: Vec<Outcome> = stand.log().unwrap().iter().map(|record| record.outcome).collect();
        if outcomes.contains(&Outcome::Success) {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "only {outcomes:?} was logged");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

const TUNING: &str = "---\nname: shared/tuning\nversion: 1.0.0\ndescription: Tunes a xylophone.\ntags: []\n\
    access_level: public\n---\n# Tuning\n";

fn tuning(stand: &Stand) -> Value {
    stand.post("/search", "", &json!({"query": "xylophone tuning"})).unwrap().json()
}

fn a_new_commit_is_served_without_a_restart(mut stand: Stand) {
    assert_eq!(tuning(&stand), json!([]));
    stand.repository.write("skills/shared/tuning.md", TUNING).unwrap();
    stand.publish().unwrap();
    assert_eq!(tuning(&stand), json!([]), "it is not committed");
    stand.repository.commit("add shared/tuning").unwrap();
    stand.publish().unwrap();
    assert_eq!(slugs(&tuning(&stand)), ["shared/tuning"]);
}

fn an_older_or_altered_head_is_not_taken(mut stand: Stand) {
    let head = stand.repository.catalog().join("head.json");
    let older = std::fs::read_to_string(&head).unwrap();
    assert_eq!(tuning(&stand), json!([]));
    stand.repository.write("skills/shared/tuning.md", TUNING).unwrap();
    stand.repository.commit("add shared/tuning").unwrap();
    stand.publish().unwrap();
    assert_eq!(slugs(&tuning(&stand)), ["shared/tuning"]);
    for bad in [&older, &older.replace("\"sequence\":1", "\"sequence\":9")] {
        std::fs::write(&head, bad).unwrap();
        stand.upload().unwrap();
        assert_eq!(slugs(&tuning(&stand)), ["shared/tuning"], "the catalog went back");
    }
}
