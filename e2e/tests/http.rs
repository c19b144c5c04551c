//! HTTP on both hosts: conditions, ranges, negotiation, what browsers and caches are told.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use e2e::{Answer, HostKind, Repository, Stand};
use serde_json::{Value, json};

const BUNDLE: &str = "/skills/data/pii-redactor/2.0.0/bundle";

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
    what_the_caller_has_is_not_sent_again,
    a_part_of_a_file_is_served,
    the_form_is_negotiated_and_none_is_forced_on_anybody,
    scripts_of_other_sites_read_what_is_open_to_all_and_nothing_else,
    a_hidden_skill_has_the_headers_of_one_that_does_not_exist,
    refusals_tell_what_to_do_next,
    the_edge_describes_itself,
);

fn get(stand: &Stand, path: &str, headers: &[(&str, &str)]) -> Answer {
    stand.request("GET", path, headers, Vec::new()).unwrap()
}

fn what_the_caller_has_is_not_sent_again(stand: Stand) {
    let token = stand.token("support-agent", &[]).unwrap();
    let bearer = format!("Bearer {token}");
    for (path, authorization) in [
        ("/", ""),
        ("/skills/data/pii-redactor", ""),
        (BUNDLE, ""),
        ("/skills/support/case-facts", bearer.as_str()),
    ] {
        let ask =
            |more: &[(&str, &str)]| get(&stand, path, &[&[("authorization", authorization)], more].concat());
        let first = ask(&[]);
        assert_eq!(first.status, 200, "{path}");
        let tag = first.header("etag").unwrap().to_owned();
        assert!(tag.starts_with('"'), "{path}: {tag} is no strong tag");
        let weak = format!("W/{tag}");
        for known in [tag.clone(), weak, format!("\"other\", {tag}"), "*".to_owned()] {
            let again = ask(&[("if-none-match", &known)]);
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {known}");
            for name in ["etag", "cache-control", "vary"] {
                assert_eq!(again.header(name), first.header(name), "{path} {name}");
            }
        }
        assert_eq!(ask(&[("if-none-match", "\"other\"")]).body, first.body);
        assert_eq!(ask(&[("if-match", "\"other\"")]).status, 412);
        assert_eq!(ask(&[("if-match", &tag)]).status, 200);
        let expected = if authorization.is_empty() { "no-cache" } else { "private, no-store" };
        assert_eq!(first.header("cache-control"), Some(expected), "{path}");
    }
    let forms = ["text/html", "text/markdown", "application/json"];
    let tag = |accept| {
        get(&stand, "/skills/data/pii-redactor", &[("accept", accept)]).header("etag").map(str::to_owned)
    };
    assert!(tag(forms[0]) != tag(forms[1]) && tag(forms[1]) != tag(forms[2]), "each form has its own tag");
}

fn a_part_of_a_file_is_served(stand: Stand) {
    for path in [BUNDLE, "/llms.txt"] {
        let whole = get(&stand, path, &[]);
        let (length, tag) = (whole.body.len(), whole.header("etag").unwrap().to_owned());
        assert_eq!(whole.header("accept-ranges"), Some("bytes"));
        let part = |range: &str| get(&stand, path, &[("range", range)]);
        for (range, from, to) in [
            ("bytes=0-0", 0, 1),
            ("bytes=10-19", 10, 20),
            ("bytes=5-", 5, length),
            ("bytes=-7", length - 7, length),
        ] {
            let answer = part(range);
            assert_eq!((answer.status, &answer.body[..]), (206, &whole.body[from..to]), "{path} {range}");
            assert_eq!(answer.header("content-range"), Some(&*format!("bytes {from}-{}/{length}", to - 1)));
            assert_eq!(answer.header("etag"), Some(&*tag));
        }
        let beyond = part(&format!("bytes={length}-"));
        assert_eq!(
            (beyond.status, beyond.header("content-range")),
            (416, Some(&*format!("bytes */{length}")))
        );
        assert_eq!(beyond.json()["code"], "RANGE_NOT_SATISFIABLE");
        for whole_by in ["bytes=0-1,3-4", "lines=1-2", "bytes=9-1"] {
            assert_eq!((part(whole_by).status, part(whole_by).body), (200, whole.body.clone()), "{whole_by}");
        }
        let resumed = |known: &str| get(&stand, path, &[("range", "bytes=3-"), ("if-range", known)]).status;
        assert_eq!((resumed(&tag), resumed("\"other\""), resumed(&format!("W/{tag}"))), (206, 200, 200));
        let head = stand.request("HEAD", path, &[("range", "bytes=0-0")], Vec::new()).unwrap();
        assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, Some(&*tag)));
        assert_ne!(head.header("content-length"), Some("0"), "{path}");
    }
}

fn the_form_is_negotiated_and_none_is_forced_on_anybody(stand: Stand) {
    let skill = "/skills/data/pii-redactor";
    for (accept, media_type) in [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("text/markdown, text/html, */*", "text/markdown; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/html;q=0.1, application/json;q=0.2", "application/json"),
        ("*/*", "application/json"),
    ] {
        let answer = get(&stand, skill, &[("accept", accept)]);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(media_type)), "{accept}");
        assert!(answer.header("vary").unwrap().contains("Accept"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let refused = get(&stand, skill, &[("accept", "image/png")]);
    assert_eq!((refused.status, &refused.json()["code"]), (406, &json!("NOT_ACCEPTABLE")));
    let named = get(&stand, &format!("{skill}.md"), &[("accept", "image/png")]);
    assert_eq!(named.status, 200, "a path that names its form is not negotiated");
}

fn scripts_of_other_sites_read_what_is_open_to_all_and_nothing_else(stand: Stand) {
    let token = stand.token("support-agent", &[]).unwrap();
    let bearer = format!("Bearer {token}");
    let origin = ("origin", "https://elsewhere.example");
    let allowed = |answer: &Answer| answer.header("access-control-allow-origin").map(str::to_owned);
    let all = Some("*".to_owned());
    for path in ["/", "/skills/data/pii-redactor", BUNDLE, "/openapi.json", "/.well-known/jwks.json"] {
        let answer = get(&stand, path, &[origin]);
        assert_eq!((answer.status, allowed(&answer)), (200, all.clone()), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"));
        let asked =
            [origin, ("access-control-request-method", "GET"), ("access-control-request-headers", "range")];
        let preflight = stand.request("OPTIONS", path, &asked, Vec::new()).unwrap();
        assert_eq!(
            (preflight.status, allowed(&preflight), preflight.body.len()),
            (204, all.clone(), 0),
            "{path}"
        );
        assert_eq!(preflight.header("access-control-allow-methods"), Some("GET, HEAD"));
        let headers = preflight.header("access-control-allow-headers").unwrap().to_lowercase();
        assert!(headers.contains("range") && !headers.contains("authorization"), "{headers}");
    }
    for (path, authorization) in [
        ("/skills/support/case-facts", bearer.as_str()),
        ("/skills/data/pii-redactor", bearer.as_str()),
        ("/skills/support/case-facts", ""),
        ("/search?q=refund", ""),
        ("/readyz", ""),
    ] {
        let answer = get(&stand, path, &[origin, ("authorization", authorization)]);
        assert_eq!(allowed(&answer), None, "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
    }
    for (path, methods) in [("/search", "GET, HEAD, POST, OPTIONS"), ("/invoke", "POST, OPTIONS")] {
        let asked = [origin, ("access-control-request-method", "POST")];
        let preflight = stand.request("OPTIONS", path, &asked, Vec::new()).unwrap();
        assert_eq!((preflight.status, allowed(&preflight)), (204, None), "{path}");
        assert_eq!(preflight.header("allow"), Some(methods), "{path}");
    }
    let found = stand.request("POST", "/search", &[origin], br#"{"query":"redact"}"#.to_vec()).unwrap();
    assert_eq!((found.status, allowed(&found)), (200, None));
}

fn a_hidden_skill_has_the_headers_of_one_that_does_not_exist(stand: Stand) {
    let token = stand.token("support-agent", &[]).unwrap();
    let bearer = format!("Bearer {token}");
    let (hidden, absent) = ("expense-check", "no-such-skill");
    let told = |method: &str, name: &str, path: &str, headers: &[(&str, &str)]| {
        let path = format!("/skills/finance/{name}{path}");
        let answer = stand.request(method, &path, headers, Vec::new()).unwrap();
        let headers: Vec<(String, String)> = answer
            .headers
            .iter()
            .filter(|(name, _)| name != "date" && name != "content-length")
            .cloned()
            .collect();
        (answer.status, headers, answer.text().replace(name, "NAME"))
    };
    let page = ("accept", "text/html");
    for path in [
        "",
        ".md",
        "/1.0.0",
        "/1.0.0.md",
        "/versions",
        "/feed.atom",
        "/1.0.0/bundle",
        "/1.0.0/SKILL.md",
        "/1.0.0/x",
    ] {
        for authorization in ["", bearer.as_str()] {
            for header in [
                page,
                ("accept", "image/png"),
                ("if-none-match", "*"),
                ("if-match", "\"x\""),
                ("range", "bytes=0-0"),
                ("range", "bytes=999999999-"),
                ("origin", "https://elsewhere.example"),
            ] {
                for method in ["GET", "HEAD", "OPTIONS", "DELETE"] {
                    let headers = [("authorization", authorization), header];
                    let told = |name| told(method, name, path, &headers);
                    assert_eq!(told(hidden), told(absent), "{method} {path} {header:?}");
                }
            }
        }
    }
}

fn refusals_tell_what_to_do_next(stand: Stand) {
    let challenge = |headers: &[(&str, &str)]| {
        let answer = get(&stand, "/skills/support/case-facts", headers);
        assert_eq!(answer.status, 401);
        answer.header("www-authenticate").unwrap().to_owned()
    };
    let metadata = format!("resource_metadata=\"{}/.well-known/oauth-protected-resource\"", stand.url());
    assert_eq!(challenge(&[]), format!("Bearer realm=\"guildhall\", {metadata}"));
    let bad = challenge(&[("authorization", "Bearer a.b.c")]);
    assert_eq!(bad, format!("Bearer realm=\"guildhall\", error=\"invalid_token\", {metadata}"));
    let code = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let answer = stand.request(method, path, headers, Vec::new()).unwrap();
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    let long = "a".repeat(9000);
    assert_eq!(code("GET", &format!("/search?q={long}"), &[]), (414, "URI_TOO_LONG".to_owned()));
    let wide: Vec<(&str, &str)> = (0..5).map(|_| ("x-wide", long.as_str())).collect();
    assert_eq!(code("GET", "/", &wide), (431, "HEADERS_TOO_LARGE".to_owned()));
    let wrong = stand.request("DELETE", "/search", &[], Vec::new()).unwrap();
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD, POST, OPTIONS")));
    assert_eq!(wrong.header("strict-transport-security"), None, "this origin is not one of HTTPS");
}

fn the_edge_describes_itself(stand: Stand) {
    let document = |path: &str| {
        let answer = get(&stand, path, &[]);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{path}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        let tag = answer.header("etag").unwrap();
        assert_eq!(get(&stand, path, &[("if-none-match", tag)]).status, 304);
        answer
    };
    let committed = |name: &str| std::fs::read(e2e::workspace().join("schema").join(name)).unwrap();
    assert_eq!(document("/openapi.json").body, committed("openapi.json"));
    assert_eq!(document("/tools").body, committed("tools.json"));
    let keys = document("/.well-known/jwks.json").json();
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&json!("OKP"), &json!("Ed25519"), &json!("sig")));
    assert_eq!((&key["d"], key["x"].as_str().unwrap().len()), (&Value::Null, 43));
    let resource = document("/.well-known/oauth-protected-resource").json();
    assert_eq!(resource["resource"], stand.url());
    assert_eq!(resource["bearer_methods_supported"], json!(["header"]));
    assert_eq!(resource["authorization_servers"], json!([]), "the development issuer has no address");
}
