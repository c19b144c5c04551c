//! Which form of a release a request takes (RFC 9110, 12.5.1).

use headers::HeaderMapExt as _;
use headers_accept::Accept;
use http::HeaderMap;
use mediatype::{MediaType, names};
use registry_core::api::Code;

use crate::reply::Refusal;

/// The forms of a release that `Accept` chooses among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Page,
    Markdown,
    /// The same text for readers that do not know Markdown's media type.
    Plain,
    Json,
}

/// What is offered; where a request takes several alike, the first.
static OFFERED: [(MediaType<'static>, Form); 4] = [
    (MediaType::new(names::APPLICATION, names::JSON), Form::Json),
    (MediaType::new(names::TEXT, names::HTML), Form::Page),
    (MediaType::new(names::TEXT, names::MARKDOWN), Form::Markdown),
    (MediaType::new(names::TEXT, names::PLAIN), Form::Plain),
];

/// The form of the highest weight; of the same weight, the one that is named most exactly, then the one that is named
/// first. A request without `Accept`, or with one that cannot be read, takes everything alike.
pub(crate) fn form(headers: &HeaderMap) -> Result<Form, Refusal> {
    let Some(accept) = headers.typed_get::<Accept>() else { return Ok(Form::Json) };
    if accept.media_types().next().is_none() {
        return Ok(Form::Json);
    }
    let chosen = accept.negotiate(OFFERED.iter().map(|(offered, _)| offered));
    let form = OFFERED.iter().find(|(offered, _)| Some(offered) == chosen);
    form.map(|(_, form)| *form).ok_or_else(|| {
        let offered: Vec<String> = OFFERED.iter().map(|(offered, _)| format!("`{offered}`")).collect();
        let detail = format!("a release is served as {}; set `Accept` to one of them", offered.join(", "));
        Refusal::new(Code::NotAcceptable, detail)
    })
}

/// Whether the request is a reader's, who gets pages.
pub(crate) fn is_page(headers: &HeaderMap) -> bool {
    form(headers).is_ok_and(|form| form == Form::Page)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::ACCEPT;

    use super::*;

    fn chosen(accept: &[&str]) -> Result<Form, &'static str> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, HeaderValue::from_str(value).unwrap());
        }
        form(&headers).map_err(|refusal| refusal.code())
    }

    #[test]
    fn the_form_of_the_highest_weight_is_chosen() {
        for (accept, expected) in [
            ("text/html;q=0.5, application/json;q=0.9", Form::Json),
            ("application/json;q=0.1, text/markdown", Form::Markdown),
            ("application/json;q=0, */*", Form::Page),
            ("text/*;q=0.3, text/html;q=0.2, */*;q=0.1", Form::Markdown),
            ("text/html;q=0.000, text/*", Form::Markdown),
            ("image/png, text/html;q=0.001", Form::Page),
            ("TEXT/HTML", Form::Page),
        ] {
            assert_eq!(chosen(&[accept]), Ok(expected), "{accept}");
        }
    }

    #[test]
    fn of_the_same_weight_what_is_named_most_exactly_and_first_is_chosen() {
        for (accept, expected) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form::Page),
            ("text/html,*/*", Form::Page),
            ("*/*, text/html", Form::Page),
            ("text/markdown, text/html, */*", Form::Markdown),
            ("application/json, text/plain, */*", Form::Json),
            ("text/plain", Form::Plain),
            ("text/*", Form::Page),
            ("application/*", Form::Json),
        ] {
            assert_eq!(chosen(&[accept]), Ok(expected), "{accept}");
        }
        assert_eq!(chosen(&["image/png", "text/html"]), Ok(Form::Page), "lines are one list");
    }

    #[test]
    fn json_is_the_form_for_who_takes_anything() {
        for accept in [&[][..], &[""], &["*/*"], &["*/*;q=0.1"], &["no media type at all"]] {
            assert_eq!(chosen(accept), Ok(Form::Json), "{accept:?}");
        }
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        for accept in ["image/png", "application/xml, image/*", "*/*;q=0", "text/html;q=0"] {
            assert_eq!(chosen(&[accept]), Err("NOT_ACCEPTABLE"), "{accept}");
        }
    }
}
