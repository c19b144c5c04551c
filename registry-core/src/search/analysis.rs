//! Text → terms: words in lower case, without stop words and the filler of questions, stemmed (Snowball English);
//! identifiers whole and in their parts; Chinese by pairs of characters.

use rust_stemmers::{Algorithm, Stemmer};

use super::Document;

/// Words that carry no meaning of their own, and those that people wrap around what they look for
/// ("can you help me find a skill that …"), sorted.
const STOP_WORDS: [&str; 109] = [
    "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "before", "but", "by", "can", "could", "did", "do", "does", "doing", "find", "for", "from", "get",
    "give", "had", "has", "have", "help", "her", "here", "hey", "hi", "his", "how", "i", "id", "if", "im",
    "in", "into", "is", "it", "its", "just", "know", "let", "like", "look", "looking", "me", "more", "most",
    "my", "need", "no", "not", "of", "on", "or", "our", "out", "over", "please", "should", "skill", "skills",
    "so", "some", "such", "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they",
    "this", "those", "to", "too", "up", "us", "use", "using", "want", "was", "way", "we", "were", "what",
    "when", "where", "which", "while", "who", "why", "will", "with", "would", "you", "your", "yours",
];

/// The same in Chinese, where it is no part of other words; longer ones before those that they hold.
const FILLER_ZH: [&str; 73] = [
    "有没有什么办法",
    "能不能帮我",
    "可不可以帮我",
    "我想知道一下",
    "请问有没有",
    "帮我看一下",
    "帮我找一下",
    "有什么办法",
    "能给点建议",
    "我想知道",
    "我想了解",
    "我想要",
    "我需要",
    "我打算",
    "我希望",
    "我正在",
    "能不能",
    "可不可以",
    "有没有",
    "能帮我",
    "可以帮我",
    "请帮我",
    "麻烦你",
    "帮个忙",
    "给我看",
    "给我",
    "帮我",
    "帮忙",
    "麻烦",
    "请问",
    "请给",
    "你好",
    "您好",
    "谢谢",
    "怎么样",
    "怎么办",
    "怎么做",
    "怎样",
    "怎么",
    "如何",
    "为什么",
    "什么",
    "哪些",
    "哪个",
    "是不是",
    "该不该",
    "要不要",
    "一下",
    "一些",
    "一个",
    "一份",
    "一套",
    "一种",
    "一张",
    "一款",
    "几个",
    "这个",
    "那个",
    "这段",
    "这份",
    "这些",
    "自己的",
    "我的",
    "我们",
    "想要",
    "想找",
    "可以",
    "应该",
    "能够",
    "用来",
    "用于",
    "相关的",
    "的",
];
/// Characters that are filler at either end of what is left, and parts of words within (要 in 要求, 用 in 用户).
const EDGES_ZH: &str = "请想要能会我你了吗呢吧啊把给和与或在是有让对为用";

/// Whether a word in lower case says nothing of what is looked for.
pub(super) fn is_filler(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// Whether a character is written without spaces around words: Han (with extension A and the compatibility block) and
/// kana.
pub(super) fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}

/// The terms of a text, in order, repetitions kept.
pub(super) fn terms(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut terms = Vec::new();
    for run in runs(text) {
        match run {
            Run::Word(word) => terms.extend(forms(&word).iter().map(|form| stemmer.stem(form).into_owned())),
            Run::Ideographs(text) => terms.extend(pairs(&text.chars().collect::<Vec<_>>())),
        }
    }
    terms
}

/// The terms of a skill's one field: its name twice, its aliases, descriptions and tags.
pub(super) fn document_terms(document: &Document) -> Vec<String> {
    let Document { listing, description_zh, aliases } = document;
    let mut found = [terms(&listing.name), terms(&listing.name), terms(&listing.description)].concat();
    let others = aliases.iter().chain(&listing.tags).chain(description_zh);
    others.for_each(|text| found.extend(terms(text)));
    found
}

/// A piece of text that is analysed by itself.
pub(super) enum Run {
    /// A word that is no filler, with the `+` or `#` that it ends in (`C++`, `F#`).
    Word(String),
    /// Chinese, without filler.
    Ideographs(String),
}

/// The pieces of a text, in order.
pub(super) fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || "+#".contains(c))) {
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let of_kind = |c: char| is_ideograph(c) == is_ideograph(first);
            let (run, behind) = rest.split_at(rest.find(|c| !of_kind(c)).unwrap_or(rest.len()));
            rest = behind;
            if is_ideograph(first) {
                runs.extend(without_filler(run).into_iter().map(Run::Ideographs));
            } else {
                runs.extend(
                    marked_words(run)
                        .into_iter()
                        .filter(|word| !is_filler(&word.to_lowercase()))
                        .map(Run::Word),
                );
            }
        }
    }
    runs
}

/// The words of a run; `+` and `#` belong to a word that they end.
fn marked_words(run: &str) -> Vec<String> {
    let is_mark = |c: char| "+#".contains(c);
    let marks = run.trim_end_matches(is_mark);
    let marked = run.len() > marks.len() && marks.chars().count() <= 2;
    let mut words: Vec<&str> = marks.split(is_mark).filter(|word| !word.is_empty()).collect();
    if let Some(last) = words.last_mut().filter(|_| marked) {
        *last = run.get(marks.len() - last.len()..).unwrap_or(last);
    }
    words.into_iter().map(str::to_owned).collect()
}

/// A word in lower case, and the parts of one that holds digits or capitals within: `OAuth2` is also `oauth` and `2`.
fn forms(word: &str) -> Vec<String> {
    let whole = word.to_lowercase();
    let mut parts: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    for c in word.chars() {
        let cut =
            before.is_none_or(|b| b.is_numeric() != c.is_numeric() || (b.is_lowercase() && c.is_uppercase()));
        if cut {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            part.extend(c.to_lowercase());
        }
        before = Some(c);
    }
    parts.retain(|part| *part != whole && !is_filler(part));
    parts.insert(0, whole);
    parts
}

fn without_filler(text: &str) -> Vec<String> {
    let gaps = FILLER_ZH.iter().fold(text.to_owned(), |text, filler| text.replace(filler, " "));
    let inner = gaps.split(' ').map(|part| part.trim_matches(|c| EDGES_ZH.contains(c)));
    inner.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Neighbouring characters in pairs; one that is alone by itself.
pub(super) fn pairs(characters: &[char]) -> Vec<String> {
    characters.windows(2.min(characters.len().max(1))).map(|pair| pair.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filler_goes_and_stems_stay() {
        assert_eq!(
            terms("Please help me find a skill that handles customers' Refunds"),
            ["handl", "custom", "refund"]
        );
        assert_eq!(terms("what is it?"), [""; 0]);
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn identifiers_are_found_whole_and_in_their_parts() {
        assert_eq!(terms("OAuth2"), ["oauth2", "oauth", "2"]);
        assert_eq!(terms("s3"), ["s3", "s", "3"]);
        assert_eq!(terms("ERR-42"), ["err", "42"]);
        assert_eq!(terms("PowerShell"), ["powershel", "power", "shell"]);
        assert_eq!(terms("C++, C# or C"), ["c++", "c#", "c"]);
        assert_eq!(terms("issue#42 a+b"), ["issu", "42", "b"]);
    }

    #[test]
    fn chinese_is_found_by_pairs_of_characters() {
        assert_eq!(terms("请帮我处理客户退款"), ["处理", "理客", "客户", "户退", "退款"]);
        assert_eq!(terms("把PDF转"), ["pdf", "转"]);
    }
}
