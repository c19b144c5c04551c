//! Objects as objects: serde would read a list as a struct too, field by field, which no client means.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Reads a struct from an object and from nothing else; for `deserialize_with`.
pub(super) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(Object(PhantomData))
}

#[cfg(test)]
mod tests {
    use crate::api::SearchRequest;

    #[test]
    fn filters_are_an_object_and_no_list() {
        let read = |filters: &str| {
            let text = format!(r#"{{"query": "x", "filters": {filters}}}"#);
            serde_json::from_str::<SearchRequest>(&text).map(|request| request.filters.tag)
        };
        assert_eq!(read(r#"{"tag": "a"}"#).unwrap().as_deref(), Some("a"));
        assert_eq!(read("{}").unwrap(), None);
        for wrong in
            ["[]", "[null, null]", "null", "\"x\"", r#"{"tag": "a", "tag": "b"}"#, r#"{"tags": "a"}"#]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
