//! Repositories that release skills, and the catalogs built of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use e2e::{Repository, Served};
use generator::keys;
use generator::ledger::Ledger;
use registry_core::catalog::{Key, ReleaseRecord, SkillRecord};
use registry_core::digest::Digest;
use registry_core::token::{DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, IdentityClaims};
use serde_json::Value;
use tempfile::TempDir;

const CONFIG: &str = "organisation: X\nbase_url: https://x.example.com\nrequest_access_url: https://ask/{skill}\n\
    teams: {shared: {members: everyone}, support: {}, finance: {}}\n\
    roles: {finance-agent: {teams: [finance]}, support-agent: {teams: [support]}}\n";

/// A repository, and a folder beside it for catalogs, which its clones share.
pub(crate) struct Scratch {
    pub(crate) repository: Repository,
    aside: Rc<TempDir>,
}

/// The text of a skill with more keys.
pub(crate) fn text(id: &str, version: &str, keys: &str) -> String {
    format!(
        "---\nname: {id}\nversion: {version}\ndescription: About {id} {version}.\ntags: []\n\
         access_level: public\n{keys}---\n# {id}\n\nThis text belongs to {id} {version}.\n"
    )
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let repository = Repository::empty().unwrap();
        repository.write("guildhall.yaml", CONFIG).unwrap();
        let scratch = Self { repository, aside: Rc::new(tempfile::tempdir().unwrap()) };
        let key = scratch.at("head.json");
        scratch.repository.must(&["key", "new", "head-1", "--out", &key]).unwrap();
        scratch
    }

    /// A clone whose catalogs lie beside those of this one.
    pub(crate) fn cloned(&self, options: &[&str]) -> Self {
        let repository = Repository::clone_of(&self.repository, options).unwrap();
        Self { repository, aside: Rc::clone(&self.aside) }
    }

    /// A place beside the repository.
    pub(crate) fn at(&self, name: &str) -> String {
        self.aside.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a skill of one file.
    pub(crate) fn skill(&self, id: &str, version: &str, keys: &str) {
        self.repository.write(&format!("skills/{id}.md"), &text(id, version, keys)).unwrap();
    }

    /// Commits everything, and returns the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.repository.commit(message).unwrap();
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits one version of a skill of one file.
    pub(crate) fn release(&self, id: &str, version: &str, keys: &str) -> String {
        self.skill(id, version, keys);
        self.commit(&format!("release {id} {version}"))
    }

    /// Commits other content under a version.
    pub(crate) fn edit(&self, id: &str, version: &str) -> String {
        let path = format!("skills/{id}.md");
        self.repository.write(&path, &(text(id, version, "") + "And one more line.\n")).unwrap();
        self.commit("edit in place")
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.repository.git(arguments).unwrap()
    }

    /// Builds `HEAD` into a folder beside the repository.
    pub(crate) fn try_build(&self, out: &str, more: &[&str]) -> (i32, String) {
        let (out, key) = (self.at(out), self.at("head.json"));
        self.repository.guildhall(&[&["build", "--out", &out, "--head-key", &key], more].concat()).unwrap()
    }

    /// The same, which must succeed.
    pub(crate) fn build(&self, out: &str, more: &[&str]) -> String {
        let (code, said) = self.try_build(out, more);
        assert_eq!(code, 0, "{said}");
        said
    }

    /// Builds over what was built into the same folder before.
    pub(crate) fn rebuild(&self, out: &str) -> String {
        self.build(out, &["--previous", &self.at(out)])
    }

    /// Every file of a catalog but its head, by path.
    pub(crate) fn files(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = e2e::files(&PathBuf::from(self.at(out))).unwrap();
        found.retain(|name, _| name != "head.json" && !name.starts_with('.'));
        found
    }

    /// The root that the head of a catalog names.
    pub(crate) fn root(&self, out: &str) -> Digest {
        self.ledger(out).root
    }

    pub(crate) fn ledger(&self, out: &str) -> Ledger {
        let key = keys::read_public(&PathBuf::from(self.at("head.json"))).unwrap();
        Ledger::open(&self.at(out), &[key]).unwrap().unwrap()
    }

    pub(crate) fn record(&self, out: &str, id: &str) -> SkillRecord {
        self.ledger(out).skills.remove(&id.parse().unwrap()).unwrap()
    }

    pub(crate) fn release_record(&self, out: &str, id: &str, version: &str) -> ReleaseRecord {
        self.record(out, id).releases.remove(&version.parse().unwrap()).unwrap()
    }

    /// The versions that a catalog lists of a skill.
    pub(crate) fn versions(&self, out: &str, id: &str) -> Vec<String> {
        self.record(out, id).releases.keys().map(ToString::to_string).collect()
    }

    /// An object of a skill.
    pub(crate) fn object(&self, out: &str, id: &str, digest: Digest) -> Vec<u8> {
        let key = Key::Object(self.record(out, id).audience, digest);
        fs::read(PathBuf::from(self.at(out)).join(key.path())).unwrap()
    }

    /// An edge over a catalog.
    pub(crate) fn served(&self, out: &str) -> Served {
        let key = keys::read_public(&PathBuf::from(self.at("head.json"))).unwrap();
        let catalog = PathBuf::from(self.at(out));
        Served::open(&catalog, &PathBuf::from(self.at("log")), &key, true).unwrap()
    }
}

/// What somebody asks of an edge, as a member of a team or as nobody.
pub(crate) async fn ask(
    served: &Served,
    team: Option<&str>,
    (method, path, accept): (&str, &str, &str),
    body: Value,
) -> (u16, String) {
    let token = team.map(|team| served.token(&claims(team)).unwrap());
    let (status, bytes) = served.ask(token.as_deref(), method, path, accept, &body).await.unwrap();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

/// The same of a route that takes and gives JSON.
pub(crate) async fn post(served: &Served, team: Option<&str>, path: &str, body: Value) -> (u16, Value) {
    let (status, text) = ask(served, team, ("POST", path, "*/*"), body).await;
    (status, serde_json::from_str(&text).unwrap())
}

fn claims(team: &str) -> IdentityClaims {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    IdentityClaims {
        iss: DEVELOPMENT_ISSUER.to_owned(),
        aud: DEVELOPMENT_AUDIENCE.to_owned(),
        sub: "agent".to_owned(),
        iat: now,
        exp: now + 600,
        role: "agent".parse().unwrap(),
        teams: [team.parse().unwrap()].into(),
        elevated_until: None,
    }
}
