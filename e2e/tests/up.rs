//! `cargo xtask up` as a new user meets it: every line that it prints works, and Ctrl-C leaves nothing behind.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde_json::Value;

/// Starts `up`, runs the lines, interrupts it. Returns what each `curl` line printed.
fn answers(arguments: &[&str]) -> Vec<Value> {
    let mut up = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "xtask", "--", "up", "--port", "0"])
        .args(arguments)
        .current_dir(e2e::workspace())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = Vec::new();
    let mut output = BufReader::new(up.stdout.take().unwrap()).lines();
    for line in output.by_ref() {
        let line = line.unwrap();
        if line.starts_with("Ctrl-C") {
            break;
        }
        lines.push(line);
    }
    let exports: Vec<&str> =
        lines.iter().map(String::as_str).filter(|line| line.starts_with("export ")).collect();
    let calls = lines.iter().filter(|line| line.starts_with("curl "));
    let answers = calls
        .map(|call| {
            let script = format!("{}\n{call}", exports.join("\n"));
            let done = Command::new("bash").args(["-c", &script]).output().unwrap();
            serde_json::from_slice(&done.stdout).unwrap()
        })
        .collect();
    let address =
        lines.iter().find_map(|line| line.split("http://").nth(1)).unwrap().trim_end_matches('/').to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    // `cargo run` becomes the program: there is no process between.
    assert!(Command::new("kill").args(["-INT", &up.id().to_string()]).status().unwrap().success());
    assert!(up.wait().unwrap().success(), "an interrupt is how one ends it");
    assert!(TcpStream::connect(&address).is_err(), "the edge is gone");
    answers
}

/// Both runs write the catalog of this checkout, and one build at a time may.
static CHECKOUT: Mutex<()> = Mutex::new(());

fn every_line_works(arguments: &[&str]) {
    let _alone = CHECKOUT.lock();
    let [search, invoked, denied, absent, restricted, sensitive] = answers(arguments).try_into().unwrap();
    assert_eq!(search.pointer("/0/slug").unwrap(), "support/refund-resolver", "{search}");
    assert_eq!(invoked.pointer("/output/text").unwrap(), "Mail [EMAIL_1] or call [PHONE_1]", "{invoked}");
    assert_eq!(denied.pointer("/code").unwrap(), "ACL_DENIED", "{denied}");
    assert!(denied.pointer("/request_url").is_some());
    let same = denied.to_string().replace("finance/expense-check", "finance/no-such-skill");
    assert_eq!(same, absent.to_string());
    assert_eq!(restricted.pointer("/allowed").unwrap(), true, "{restricted}");
    assert_eq!(sensitive.pointer("/allowed").unwrap(), true, "{sensitive}");
}

#[test]
fn every_line_works_on_the_native_host() {
    every_line_works(&[]);
}

#[test]
fn every_line_works_under_wrangler() {
    every_line_works(&["--workerd"]);
}
