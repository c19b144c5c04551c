use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::languages::LANGUAGES;
use super::*;

fn check(language: &str, text: &str, html: &str) {
    assert_eq!(Highlighter::shared().html(language, text).as_deref(), Some(html), "{text}");
}

#[test]
fn each_kind_of_token_has_a_class_and_the_rest_stays_bare() {
    check(
        "py",
        "def f(x):\n    return \"a\" # no\n",
        "<span class=\"k\">def</span> <span class=\"f\">f</span>(x):\n    \
         <span class=\"k\">return</span> <span class=\"s\">\"a\"</span> <span class=\"c\"># no</span>\n",
    );
    check(
        "json",
        "{\"a\": [\"b\", 1]}",
        "{<span class=\"a\">\"a\"</span>: [<span class=\"s\">\"b\"</span>, <span class=\"n\">1</span>]}",
    );
    check("diff", "-a\n+b\n c\n", "<span class=\"d\">-a</span>\n<span class=\"i\">+b</span>\n c\n");
}

#[test]
fn a_language_goes_by_several_words_and_may_be_followed_by_others() {
    let highlighter = Highlighter::shared();
    let name = |word| highlighter.language(word).map(|language| language.name().to_owned());
    assert_eq!(name("Python").as_deref(), Some("Python"));
    assert_eq!(name("rs,ignore").as_deref(), Some("Rust"));
    for unknown in ["", "text", "mermaid", "Plain Text"] {
        assert_eq!(name(unknown), None, "{unknown}");
    }
}

#[test]
fn every_grammar_that_is_named_is_there_and_says_something_of_a_text() {
    let text =
        "# a\n// b\n\"c\" 1 <d e=\"f\">\n[g]\nh: 2\n0 * * * * run\nA=b\n-- i\n% j\nGET / HTTP/1.1\n+k\n";
    for (syntax, words) in LANGUAGES {
        for word in words {
            assert_eq!(Highlighter::shared().language(word).unwrap().name(), syntax);
        }
    }
    let silent = |words: &[&str]| !Highlighter::shared().html(words[0], text).unwrap().contains("<span ");
    let silent: Vec<_> =
        LANGUAGES.iter().filter(|(_, words)| silent(words)).map(|(syntax, _)| syntax).collect();
    assert_eq!(silent, [] as [&&str; 0]);
}

/// Texts with which some parsers of these grammars never come back.
const ENDLESS: [(&str, &str); 5] = [
    ("js", "x /*"),
    ("tsx", "x /*"),
    ("html", "<script>x /*</script>"),
    ("md", "```js\nx /*\n```\n"),
    (
        "scala",
        " 7 n n5s nip54nczfunction &end\n9is7a0---->8 7lv2M q=d  5 7uj : m3@//gw7  c b5t  o${${% 81 y01",
    ),
];

#[test]
fn a_text_that_leads_a_grammar_in_circles_comes_out_all_the_same() {
    for (language, text) in ENDLESS {
        assert!(
            Highlighter::shared().html(language, text).is_some_and(|html| is_text(&html, text)),
            "{language}"
        );
    }
}

#[test]
fn what_is_escaped_stays_so_in_every_class() {
    check(
        "sh",
        "a '<b>&' # <c>\n",
        "<span class=\"f\">a</span> <span class=\"s\">'&lt;b&gt;&amp;'</span> <span class=\"c\"># &lt;c&gt;</span>\n",
    );
}

#[test]
fn an_expression_in_a_string_is_no_string() {
    let html = Highlighter::shared().html("py", "f\"a {b + 1}\"\n").unwrap();
    assert!(html.contains("{b + <span class=\"n\">1</span>}"), "{html}");
}

#[test]
fn a_span_ends_with_its_line() {
    check(
        "py",
        "\"\"\"a\n  b\"\"\"\n",
        "<span class=\"c\">\"\"\"a</span>\n  <span class=\"c\">b\"\"\"</span>\n",
    );
}

#[test]
fn a_line_that_is_too_long_stays_plain_and_a_text_that_is_too_large_too() {
    let long = format!("\"{}\"", "x".repeat(MAX_LINE_BYTES));
    check("json", &format!("{long}\n1\n"), &format!("{long}\n<span class=\"n\">1</span>\n"));
    let fits = "1\n".repeat(MAX_TEXT_BYTES / 2);
    assert!(Highlighter::shared().html("json", &fits).is_some());
    assert_eq!(Highlighter::shared().html("json", &format!("{fits}1")), None);
}

#[test]
fn what_comes_after_a_text_has_used_up_its_effort_stays_plain() {
    let grammars = &Highlighter::shared().grammars;
    let start = grammars.start(Highlighter::shared().language("json").unwrap().0).unwrap();
    let spans = |effort| {
        let mut parser = Parser::new(grammars, Arc::clone(&start), effort, 0);
        for line in ["[1,\n", "2,\n", "3]\n"] {
            parser.line(line).unwrap();
        }
        parser.into_html()
    };
    let whole = "[<span class=\"n\">1</span>,\n<span class=\"n\">2</span>,\n<span class=\"n\">3</span>]\n";
    assert_eq!(spans(MAX_EFFORT), whole);
    assert_eq!(spans(0), "[1,\n2,\n3]\n");
    let efforts = (0..10_000).map(spans);
    let parts: BTreeSet<usize> = efforts.map(|html| html.matches("<span").count()).collect();
    assert_eq!(parts, BTreeSet::from([0, 1, 2, 3]));
}

#[test]
fn markup_that_is_not_ours_is_not_taken_for_a_text() {
    let text = "a<b";
    for html in ["a&lt;b", "<span class=\"k\">a</span>&lt;b", "<span class=\"k\">a&lt;b</span>"] {
        assert!(is_text(html, text), "{html}");
    }
    for html in [
        "a<b",
        "a&lt;",
        "a&lt;bc",
        "a&gt;b",
        "<i>a</i>&lt;b",
        "<span class=\"z\">a</span>&lt;b",
        "<span class=\"k\">a&lt;b",
        "a&lt;b</span>",
        "<span class=\"k\"><span class=\"k\">a</span></span>&lt;b",
        "<span class=\"k\" id=\"x\">a</span>&lt;b",
    ] {
        assert!(!is_text(html, text), "{html}");
    }
}

/// The relative luminance of a colour `#rrggbb` (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn every_class_has_a_colour_that_can_be_read_on_code_in_light_and_in_dark() {
    let style = crate::pages::STYLESHEET;
    let pair = |property: &str| {
        let (_, value) = style.split_once(&format!("  --{property}: light-dark(")).unwrap();
        let (light, dark) = value.split_once(')').unwrap().0.split_once(", ").unwrap();
        [luminance(light), luminance(dark)]
    };
    for name in classes::NAMES {
        let rule = style
            .lines()
            .find(|line| line.starts_with("pre ") && line.contains(&format!(".{name}")))
            .unwrap();
        let (_, property) = rule.split_once("color: var(--").unwrap();
        let ratios = pair(property.split_once(')').unwrap().0).into_iter().zip(pair("raised"));
        for (text, code) in ratios {
            let ratio = (text.max(code) + 0.05) / (text.min(code) + 0.05);
            assert!(ratio >= 4.5, "{name}: {ratio}");
        }
    }
    assert!(style.len() <= 12_000, "{}", style.len());
}

/// Texts of pieces that mean something to many grammars.
pub(super) fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-z0-9 ]{1,6}",
        3 => prop::sample::select(vec![
            "\"", "'", "`", "\"\"\"", "\\", "{", "}", "(", ")", "[", "]", "<", ">", "&", "#", "//", "/*", "*/", "--", "<!--",
            "-->", "<<EOF\n", "<<\"", "EOF", "${", "$(", "{{", "}}", "\n", "\r\n", "\t", "\n\n", "=", ":", ";", "@", "%", "r#\"",
            "<script>", "</script>", "<span class=\"k\">", "&lt;", "def ", "class ", "fn ", "function ", "if ", "end\n", "```",
        ]).prop_map(str::to_owned),
        1 => "\\PC{1,3}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    // A case with which the parser went in circles would never end.
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_the_text_it_comes_out_as_it_was_in_spans_of_ours(text in texts(), language in 0..LANGUAGES.len()) {
        let html = Highlighter::shared().html(LANGUAGES[language].1[0], &text).unwrap();
        prop_assert!(is_text(&html, &text), "{}", html);
        prop_assert!(html.lines().all(|line| line.matches("<span").count() == line.matches("</span>").count()));
    }
}
