use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::manifest::ParameterType;

fn parameter(text: &str) -> Parameter {
    serde_yaml::from_str(text).unwrap()
}

fn prompt(template: &str, parameters: &[&str]) -> Prompt {
    Prompt {
        prompt: template.to_owned(),
        parameters: parameters.iter().map(|text| parameter(text)).collect(),
        output_format: None,
    }
}

/// The pointers and codes of all mistakes.
fn mistakes(prompt: &Prompt, payload: &Value) -> Vec<(String, Fault)> {
    let found = render(prompt, payload).unwrap_err();
    assert!(found.iter().all(|mistake| !mistake.detail.is_empty()));
    found.into_iter().map(|mistake| (mistake.pointer, mistake.code)).collect()
}

/// What becomes of one value.
fn one(declared: &str, value: Value) -> Result<String, Fault> {
    let prompt = prompt("{p}", &[&format!("{{name: p, required: true, {declared}}}")]);
    render(&prompt, &json!({"p": value})).map_err(|mistakes| mistakes[0].code)
}

#[test]
fn values_stand_in_their_places() {
    let prompt = prompt(
        "{a}{b} {c-d} {e} {f}|{a}",
        &[
            "{name: a, type: string}",
            "{name: b, type: integer, default: 5}",
            "{name: c-d, type: number}",
            "{name: e, type: boolean}",
            "{name: f, type: enum, values: [x, y]}",
        ],
    );
    let payload = json!({"a": "退款", "c-d": 1.5, "e": true, "f": "y"});
    assert_eq!(render(&prompt, &payload).unwrap(), "退款5 1.5 true y|退款");
    assert_eq!(render(&prompt, &Value::Null).unwrap(), "5   |");
}

#[test]
fn a_value_brings_in_no_other() {
    let prompt = prompt("{a} {b}", &["{name: a}", "{name: b}"]);
    let payload = json!({"a": "{b} {{b}} {a}", "b": "{a}"});
    assert_eq!(render(&prompt, &payload).unwrap(), "{b} {{b}} {a} {a}");
}

#[test]
fn braces_around_a_name_are_halved_and_all_others_stand() {
    for (template, expected) in [
        ("{a}", "V"),
        ("{{a}}", "{a}"),
        ("{{{a}}}", "{V}"),
        ("{{{{a}}}}", "{{a}}"),
        ("{{a}", "{V"),
        ("{a}}", "V}"),
        ("{ a}{}{{}}", "{ a}{}{{}}"),
        ("{\"k\": {\"a\": 1}}", "{\"k\": {\"a\": 1}}"),
        ("{1a}{a b}{é}", "{1a}{a b}{é}"),
        ("{{a{a}", "{{aV"),
        ("{", "{"),
        ("", ""),
    ] {
        assert_eq!(
            render(&prompt(template, &["{name: a, default: V}"]), &json!({})).unwrap(),
            expected,
            "{template}"
        );
    }
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let prompt = prompt(
        "{text} {count} {kind} {flag} {share}",
        &[
            "{name: text, pattern: '[a-z]+', required: true}",
            "{name: count, type: integer, min: 1, max: 9}",
            "{name: kind, type: enum, values: [x, y], required: true}",
            "{name: flag, type: boolean}",
            "{name: share, type: number, max: 1}",
        ],
    );
    let payload = json!({"text": "A", "count": 10, "flag": "true", "share": 1.5, "a/b~c": 1});
    let at = |name: &str, code| (format!("/payload/{name}"), code);
    assert_eq!(
        mistakes(&prompt, &payload),
        [
            at("a~1b~0c", Fault::UnknownParameter),
            at("text", Fault::PatternMismatch),
            at("count", Fault::OutOfRange),
            at("kind", Fault::MissingParameter),
            at("flag", Fault::WrongType),
            at("share", Fault::OutOfRange),
        ]
    );
    for wrong in [json!([]), json!("text"), json!(1)] {
        assert_eq!(mistakes(&prompt, &wrong), [("/payload".to_owned(), Fault::WrongType)]);
    }
    let many: Map<String, Value> = (0..1000).map(|number| (number.to_string(), Value::Null)).collect();
    assert_eq!(mistakes(&prompt, &many.into()).len(), MAX_MISTAKES);
}

#[test]
fn each_type_takes_its_own_values_alone() {
    let kinds = ["string", "integer", "number", "boolean", "enum, values: ['1', 'true']"];
    let values = [json!("1"), json!(1), json!(1.5), json!(true), json!(null), json!(["1"]), json!({})];
    let taken: Vec<Vec<bool>> = kinds
        .iter()
        .map(|kind| values.iter().map(|v| one(&format!("type: {kind}"), v.clone()).is_ok()).collect())
        .collect();
    assert_eq!(
        taken,
        [
            [true, false, false, false, false, false, false],
            [false, true, false, false, false, false, false],
            [false, true, true, false, false, false, false],
            [false, false, false, true, false, false, false],
            [true, false, false, false, false, false, false],
        ]
    );
    assert_eq!(one("type: enum, values: [x]", json!("X")), Err(Fault::NotAmongValues));
}

#[test]
fn integers_are_those_that_every_reader_takes_exactly() {
    let most = 9_007_199_254_740_991_i64;
    for (value, fits) in [
        (json!(most), true),
        (json!(-most), true),
        (json!(most + 1), false),
        (json!(-most - 1), false),
        (json!(u64::MAX), false),
    ] {
        let outcome = one("type: integer", value.clone());
        assert_eq!(outcome.clone().ok(), fits.then(|| value.to_string()));
        assert_eq!(outcome.err(), (!fits).then_some(Fault::OutOfRange));
    }
    assert_eq!(one("type: integer", json!(5.0)), Err(Fault::WrongType));
    assert_eq!(one("type: integer, min: 2, max: 3", json!(3)).unwrap(), "3");
    assert_eq!(one("type: integer, min: 2, max: 3", json!(1)), Err(Fault::OutOfRange));
}

#[test]
fn a_pattern_speaks_of_the_whole_value() {
    for (pattern, value, fits) in [
        ("[a-z]+", "abc", true),
        ("[a-z]+", "abc1", false),
        ("[a-z]+", "abc\n", false),
        ("^[a-z]+$", "abc", true),
        ("a|ab", "ab", true),
        ("a|b", "ab", false),
        ("(?m)^a$", "a\na", false),
        (".{1,3}", "退款é", true),
        (".+", "a\nb", false),
        ("(?i)ord-\\d+", "ORD-1", true),
    ] {
        let declared = format!("pattern: '{pattern}'");
        assert_eq!(one(&declared, json!(value)).is_ok(), fits, "{pattern} {value}");
    }
}

#[test]
fn what_is_no_pattern_is_refused() {
    let large = "(a{100}){100}";
    let long = "a".repeat(MAX_PATTERN_BYTES + 1);
    for wrong in ["a)|(b", "(", "(?=a)b", "(a)\\1", "(?x) a # b", "\\p{Greek}", large, &long] {
        assert!(Pattern::parse(wrong).is_err(), "{wrong}");
    }
    for right in ["", "^[^{}]{3,400}$", "[\\w.-]{1,64}@[\\w.-]{1,190}", "(?i)[a-z]+"] {
        assert_eq!(Pattern::parse(right).err(), None, "{right}");
    }
}

#[test]
fn nothing_that_hides_what_it_says_goes_in() {
    for letter in [
        '\0',
        '\r',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{2028}',
        '\u{202e}',
        '\u{2066}',
        '\u{2069}',
        '\u{e0041}',
    ] {
        assert_eq!(
            one("type: string", json!(format!("a{letter}b"))),
            Err(Fault::ForbiddenCharacter),
            "{letter:?}"
        );
    }
    for text in ["a\n\tb", "é 退款 שלום مرحبا", "👩‍👩‍👧 ✍️", "می‌خواهم"]
    {
        assert_eq!(one("type: string", json!(text)).unwrap(), text);
    }
}

#[test]
fn nothing_can_be_blown_up() {
    let long = |bytes: usize| json!("a".repeat(bytes));
    assert!(one("type: string", long(MAX_VALUE_BYTES)).is_ok());
    assert_eq!(one("type: string", long(MAX_VALUE_BYTES + 1)), Err(Fault::TooLong));
    assert!(one("pattern: 'a*'", long(MAX_PATTERNED_BYTES)).is_ok());
    assert_eq!(one("pattern: 'a*'", long(MAX_PATTERNED_BYTES + 1)), Err(Fault::TooLong));
    let often = prompt(&"{a}".repeat(50_000), &["{name: a}"]);
    assert_eq!(
        mistakes(&often, &json!({"a": "a".repeat(MAX_VALUE_BYTES)})),
        [("/payload".to_owned(), Fault::TooLong)]
    );
    assert_eq!(render(&often, &json!({"a": "aaaaa"})).unwrap().len(), 250_000);
}

/// The template that stands for a text: of the braces around each name as many more as make pairs.
fn as_template(text: &str) -> String {
    let mut template = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let behind = after.trim_start_matches('{');
        let open = 1 + after.len() - behind.len();
        let name: String =
            behind.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-').collect();
        let close = behind[name.len()..].chars().take_while(|c| *c == '}').count();
        let pairs = if is_name(&name) { open.min(close) } else { 0 };
        template.push_str(before);
        template.push_str(&"{".repeat(open + pairs));
        if pairs > 0 {
            template.push_str(&name);
            template.push_str(&"}".repeat(close + pairs));
            rest = &behind[name.len() + close..];
        } else {
            rest = behind;
        }
    }
    template + rest
}

/// Texts of the letters that matter to a template.
fn text() -> impl Strategy<Value = String> {
    "[{}ab1_ -]{0,24}|\\PC{0,16}"
}

proptest! {
    #[test]
    fn every_text_has_a_template_without_places(text in text()) {
        let template = as_template(&text);
        let all_text = pieces(&template).iter().all(|piece| matches!(piece, Piece::Text(_)));
        prop_assert!(all_text, "{}", template);
        prop_assert_eq!(render(&prompt(&template, &["{name: a, default: V}"]), &json!({})).unwrap(), text);
    }

    #[test]
    fn a_value_stands_verbatim_between_texts_whatever_it_holds(
        texts in prop::collection::vec(text(), 1..5),
        value in "[{}ab_\\n\\t -]{0,16}|[a-zé退{}]{0,16}",
    ) {
        // Braces of the text would stand beside those of the place.
        let texts: Vec<String> = texts.iter().map(|text| text.trim_matches(['{', '}']).to_owned()).collect();
        let template: Vec<String> = texts.iter().map(|text| as_template(text)).collect();
        let prompt = prompt(&template.join("{a}"), &["{name: a}", "{name: b, default: OTHER}"]);
        prop_assert_eq!(render(&prompt, &json!({"a": &value})).unwrap(), texts.join(&value));
    }

    #[test]
    fn what_is_rendered_keeps_its_bounds_whatever_is_given(template in text(), payload in "\\PC{0,40}", kind in 0..5_usize) {
        let kinds = [ParameterType::String, ParameterType::Integer, ParameterType::Number, ParameterType::Boolean, ParameterType::Enum];
        let mut prompt = prompt(&template, &["{name: a}"]);
        prompt.parameters[0].kind = kinds[kind];
        let payload: Value = serde_json::from_str(&payload).unwrap_or_else(|_| json!({"a": payload}));
        match render(&prompt, &payload) {
            Ok(text) => prop_assert!(text.len() <= MAX_PROMPT_BYTES),
            Err(mistakes) => prop_assert!((1..=MAX_MISTAKES).contains(&mistakes.len())),
        }
    }
}
