//! `guildhall dev` as an author's editor and browser meet it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Stdio};
use std::time::{Duration, Instant};

use e2e::Repository;
use registry_core::digest::Digest;
use reqwest::blocking::{Client, Response};

const SKILL: &str = "skills/support/case-facts/SKILL.md";
const PAGE: &str = "skills/support/case-facts/";
const DEADLINE: Duration = Duration::from_secs(20);

/// The running program; it ends with the value.
struct Dev {
    program: Child,
    said: BufReader<ChildStderr>,
    url: String,
    client: Client,
}

impl Dev {
    fn start(repository: &Repository) -> Self {
        let mut program = e2e::guildhall(repository.path(), &["dev", "--port", "0"])
            .unwrap()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(program.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let mut said = BufReader::new(program.stderr.take().unwrap());
        for _ in 0..2 {
            said.read_line(&mut String::new()).unwrap();
        }
        let client =
            Client::builder().timeout(DEADLINE).redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { program, said, url: url.trim().to_owned(), client }
    }

    fn answer(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.url)).send().unwrap()
    }

    /// The status and text at a path.
    fn get(&self, path: &str) -> (u16, String) {
        let answer = self.answer(path);
        (answer.status().as_u16(), answer.text().unwrap())
    }

    /// The text at a path that answers.
    fn page(&self, path: &str) -> String {
        let (status, text) = self.get(path);
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    /// The stream of events that an open page listens to.
    fn listen(&self, page: &str) -> BufReader<Response> {
        BufReader::new(self.answer(&format!("_dev/events?page={}", stamp(page))))
    }

    /// Makes a change and waits until an open page is told to reload.
    fn reload(&self, change: impl FnOnce()) {
        let events = self.listen(&self.page("_dev/findings"));
        change();
        let told = events.lines().map_while(Result::ok).find(|line| line.starts_with("data:"));
        assert!(told.is_some(), "no event within the deadline");
    }

    /// The next line on the terminal.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line
    }

    /// The exit code after an interrupt, if there is one within the deadline.
    fn interrupt(&mut self) -> Option<i32> {
        let id = self.program.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let started = Instant::now();
        let mut status = None;
        while status.is_none() && started.elapsed() < DEADLINE {
            std::thread::sleep(Duration::from_millis(20));
            status = self.program.try_wait().unwrap();
        }
        status.and_then(|status| status.code())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The state that a page shows.
fn stamp(page: &str) -> &str {
    page.split("<script data-page=\"").nth(1).unwrap().split('"').next().unwrap()
}

/// Changes a file as editors do: a new file, renamed over the old one.
fn edit(repository: &Repository, path: &str, from: &str, to: &str) {
    let text = fs::read_to_string(repository.path().join(path)).unwrap();
    assert!(text.contains(from), "{path} lacks {from}");
    let new = repository.path().join(format!("{path}.new"));
    fs::write(&new, text.replace(from, to)).unwrap();
    fs::rename(new, repository.path().join(path)).unwrap();
}

#[test]
fn a_change_reaches_the_open_page_of_a_team_s_skill() {
    let repository = Repository::of_examples().unwrap();
    let dev = Dev::start(&repository);
    let before = dev.page(PAGE);
    assert!(!before.contains("a fresh sentence"));
    assert_ne!(dev.page("").find("All skills"), None);
    let events = dev.listen(&before);
    edit(&repository, SKILL, "\n# ", "\nThis is a fresh sentence.\n\n# ");
    let told = events.lines().map_while(Result::ok).find(|line| line.starts_with("data:"));
    let after = dev.page(PAGE);
    assert!(after.contains("a fresh sentence"));
    // The version is released, so that it must be raised before the change is committed.
    assert!(after.contains("1 error in the working tree.</strong> This page shows it all the same."));
    assert!(dev.page("_dev/findings").contains("GH0302"));
    assert_eq!(told.unwrap(), format!("data: {}", stamp(&after)));
    // A page that was loaded just before a change learns of it although it listens only after.
    assert_eq!(dev.listen(&before).lines().next().unwrap().unwrap(), format!("data: {}", stamp(&after)));
    let document = dev.answer(&format!("{PAGE}1.1.0/SKILL.md"));
    assert_eq!(document.headers()["content-type"], "text/markdown; charset=utf-8");
    assert_eq!(document.headers()["content-security-policy"], "default-src 'none'; sandbox");
    assert!(document.text().unwrap().contains("a fresh sentence"));
    assert_eq!(
        dev.answer(&format!("{PAGE}1.1.0/bundle.tar.gz")).headers()["content-type"],
        "application/gzip"
    );
    assert_eq!(dev.answer(PAGE.trim_end_matches('/')).headers()["location"], format!("/{PAGE}"));
    assert!(dev.page("search?q=facts+of+a+ticket").contains(PAGE));
    assert_eq!(dev.get("skills/support/no-such-skill/").0, 404);
}

#[test]
fn the_policy_admits_the_one_script_that_reloads() {
    let repository = Repository::of_examples().unwrap();
    let dev = Dev::start(&repository);
    let answer = dev.answer(PAGE);
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = answer.text().unwrap();
    let scripts: Vec<&str> = page.split("<script").skip(1).collect();
    let [script] = <[&str; 1]>::try_from(scripts).unwrap();
    let text = script.split_once('>').unwrap().1.split("</script>").next().unwrap();
    let digest = Digest::of(text.as_bytes()).as_digest_field();
    let digest = digest.strip_prefix("sha-256=:").unwrap().trim_end_matches(':');
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'; script-src 'sha256-{digest}'; connect-src 'self'"
        )
    );
}

#[test]
fn errors_are_shown_until_they_are_mended() {
    let repository = Repository::of_examples().unwrap();
    let dev = Dev::start(&repository);
    assert!(dev.page("_dev/findings").contains("Nothing to mend"));
    dev.reload(|| edit(&repository, SKILL, "version: 1.1.0", "version: <one>"));
    let findings = dev.page("");
    for part in [
        "1 error to mend",
        "GH0301 invalid-version",
        "skills/support/case-facts/SKILL.md:3:10",
        "version: <mark>&lt;one&gt;</mark>",
        "write MAJOR.MINOR.PATCH",
    ] {
        assert!(findings.contains(part), "{part}: {findings}");
    }
    let stale = dev.page(PAGE);
    assert!(stale.contains("1 error in the working tree") && stale.contains("/_dev/findings"));
    assert!(stale.contains("This page is of the last state without errors."));
    assert!(stale.contains("1.1.0"), "the last sound state stays");
    dev.reload(|| edit(&repository, SKILL, "version: <one>", "version: 1.2.0"));
    let mended = dev.page(PAGE);
    assert!(mended.contains("1.2.0") && !mended.contains("in the working tree"));
    assert!(dev.page("").contains("<title>All skills"));
    dev.reload(|| edit(&repository, SKILL, "license:", "licence:"));
    assert!(dev.page("_dev/findings").contains("1 warning"));
    assert!(dev.page("").contains("<title>All skills"), "warnings do not stand in the way");
}

#[test]
fn a_tree_that_starts_broken_shows_its_findings_everywhere() {
    let repository = Repository::of_examples().unwrap();
    repository.write("guildhall.yaml", "organisation: X\nbase_url: [\n").unwrap();
    let dev = Dev::start(&repository);
    assert!(dev.page("").contains("guildhall.yaml:"));
    let (status, text) = dev.get(PAGE);
    assert_eq!(status, 404);
    assert!(text.contains("to mend"), "{text}");
    let stylesheet = text.split("href=\"/").find(|part| part.starts_with("assets/")).unwrap();
    assert_eq!(dev.get(stylesheet.split('"').next().unwrap()).0, 200);
    assert_eq!(dev.get("_dev/style.css").0, 200);
    dev.reload(|| repository.git(&["checkout", "guildhall.yaml"]).map(drop).unwrap());
    assert!(dev.page(PAGE).contains("case-facts"));
}

#[test]
fn folders_may_come_and_go() {
    let repository = Repository::of_examples().unwrap();
    let dev = Dev::start(&repository);
    let skill = fs::read_to_string(repository.path().join("skills/shared/plain-language.md")).unwrap();
    let aside = repository.path().join("aside");
    for round in 0..2 {
        dev.reload(|| fs::rename(repository.path().join("skills"), &aside).unwrap());
        assert!(dev.page("_dev/findings").contains("no skill that can be read"));
        dev.reload(|| fs::rename(&aside, repository.path().join("skills")).unwrap());
        assert!(dev.page(PAGE).contains("case-facts"));
        let name = format!("plain-language-{round}");
        let path = format!("skills/platform/{name}/SKILL.md");
        let text = skill.replace("name: shared/plain-language", &format!("name: platform/{name}"));
        dev.reload(|| repository.write(&path, &text).unwrap());
        let page = format!("skills/platform/{name}/");
        dev.reload(|| edit(&repository, &path, "\n# ", "\nA new folder is watched too.\n\n# "));
        assert!(dev.page(&page).contains("A new folder is watched too."));
    }
    dev.reload(|| {
        fs::remove_dir_all(repository.path().join("skills")).unwrap();
        fs::remove_file(repository.path().join("guildhall.yaml")).unwrap();
    });
    dev.reload(|| repository.git(&["checkout", "skills", "guildhall.yaml"]).map(drop).unwrap());
    dev.reload(|| {
        repository
            .write(
                ".claude/skills/data/plain-words/SKILL.md",
                &skill.replace("shared/plain-language", "data/plain-words"),
            )
            .unwrap();
    });
    assert!(dev.page("skills/data/plain-words/").contains("plain-words"));
}

#[test]
fn only_what_is_read_makes_it_rebuild() {
    let repository = Repository::of_examples().unwrap();
    repository.write(".gitignore", "/dist\n*.swp\n").unwrap();
    let mut dev = Dev::start(&repository);
    repository.write("skills/support/.case-facts.swp", "x").unwrap();
    repository.write("dist/head.json", "{}").unwrap();
    repository.write("README.md", "x").unwrap();
    repository.git(&["commit", "--quiet", "--allow-empty", "--message", "nothing"]).unwrap();
    let text = fs::read_to_string(repository.path().join(SKILL)).unwrap();
    repository.write(SKILL, &text).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    edit(&repository, SKILL, "version: 1.1.0", "version: one");
    let line = dev.line();
    assert!(line.starts_with(&format!("{SKILL}: 1 error, 0 warnings, 9 skills sound (")), "{line}");
}

#[test]
fn nobody_else_is_answered() {
    let repository = Repository::of_examples().unwrap();
    let dev = Dev::start(&repository);
    let with_host =
        |host: &str| dev.client.get(format!("{}{PAGE}", dev.url)).header("host", host).send().unwrap();
    let refused = with_host("skills.attacker.example");
    assert_eq!(refused.status(), 421);
    assert!(!refused.text().unwrap().contains("case-facts"));
    let port = dev.url.rsplit(':').next().unwrap().trim_end_matches('/');
    assert_eq!(with_host(&format!("localhost:{port}")).status(), 200);
    let posted = dev.client.post(&dev.url).send().unwrap();
    assert_eq!(posted.status(), 405);
    assert_eq!(posted.headers()["allow"], "GET, HEAD");
    assert_eq!(dev.client.head(&dev.url).send().unwrap().status(), 200);
}

#[test]
fn a_taken_port_is_told_and_an_interrupt_ends_it() {
    let repository = Repository::of_examples().unwrap();
    let mut dev = Dev::start(&repository);
    let port = dev.url.rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    let (code, text) = repository.guildhall(&["dev", "--port", &port]).unwrap();
    assert_eq!(code, 2);
    assert!(text.contains(&format!("cannot listen on port {port}; choose another with --port")), "{text}");
    let _open = dev.listen(&dev.page(PAGE));
    assert_eq!(dev.interrupt(), Some(0));
}

#[test]
fn a_folder_without_skills_is_refused() {
    let repository = Repository::empty().unwrap();
    let (code, text) = repository.guildhall(&["dev", "--port", "0"]).unwrap();
    assert_eq!(code, 2);
    assert!(text.contains("is it the right folder?"), "{text}");
}

#[test]
fn the_browser_is_opened_on_request() {
    use std::os::unix::fs::PermissionsExt as _;
    let repository = Repository::of_examples().unwrap();
    repository
        .write(
            "bin/xdg-open",
            "#!/bin/sh\necho \"$1\" > \"$OPENED.part\" && mv \"$OPENED.part\" \"$OPENED\"\n",
        )
        .unwrap();
    let browser = repository.path().join("bin/xdg-open");
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let opened = repository.path().join("opened");
    let path = format!("{}:{}", browser.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut program = e2e::guildhall(repository.path(), &["dev", "--port", "0", "--open"])
        .unwrap()
        .env("PATH", path)
        .env("OPENED", &opened)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let started = Instant::now();
    while !opened.exists() && started.elapsed() < DEADLINE {
        std::thread::sleep(Duration::from_millis(20));
    }
    program.kill().unwrap();
    program.wait().unwrap();
    assert_eq!(fs::read_to_string(opened).unwrap(), url);
}
