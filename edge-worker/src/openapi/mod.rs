//! What the edge says of its API, made of the table of routes and the types of the wire: `schema/openapi.json` and
//! `schema/tools.json`, which are committed so that an edge need not make them.

mod operations;
mod sign_in;

use std::collections::BTreeMap;

use registry_core::api::{Code, InvokeRequest, Problem, SearchRequest};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use self::operations::{Answer, Description, Parameter, describe};
use crate::routes::{OPERATIONS, method, path};

const OVERVIEW: &str = "Find, read and invoke the skills of an organisation. Every other path is a public page or file of \
    the catalog, if there is one. What a caller may not see is answered like what does not exist.";

/// The OpenAPI 3.1 document.
#[must_use]
pub fn document() -> Value {
    let mut schemas = generator(false);
    let mut paths: Map<String, Value> = Map::new();
    for (name, action) in OPERATIONS {
        let operation = operation(name, &describe(*action), &mut schemas);
        let entry = paths.entry(path(name)).or_insert_with(|| json!({}));
        if let Some(entry) = entry.as_object_mut() {
            entry.insert(method(name).to_lowercase(), operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Guildhall", "version": env!("CARGO_PKG_VERSION"), "description": OVERVIEW},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    })
}

/// The definitions of the two tools, as model APIs take them.
#[must_use]
pub fn tools() -> Value {
    json!([
        tool::<SearchRequest>(
            "search",
            "Finds skills by what they do, best first. POST the input to /search.",
        ),
        tool::<InvokeRequest>(
            "invoke",
            "Runs a skill that search found, in a sandbox, and returns what it printed. POST the input to /invoke.",
        ),
    ])
}

fn tool<T: JsonSchema>(name: &str, description: &str) -> Value {
    let mut schema = generator(true).into_root_schema_for::<T>();
    schema.remove("$schema");
    schema.remove("title");
    schema.remove("description");
    json!({"name": name, "description": description, "input_schema": schema})
}

fn generator(inline: bool) -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.inline_subschemas = inline;
    settings.into_generator()
}

fn operation(name: &str, description: &Description, schemas: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "operationId": description.id,
        "summary": description.summary,
        "responses": responses(description, schemas),
    });
    let mut set =
        |key: &str, value: Value| operation.as_object_mut().map(|all| all.insert(key.to_owned(), value));
    if !description.parameters.is_empty() {
        let of_path = path(name);
        set(
            "parameters",
            description.parameters.iter().map(|parameter| parameter_of(parameter, of_path)).collect(),
        );
    }
    if let Some(body) = description.body {
        let content = json!({"application/json": {"schema": body(schemas)}});
        set("requestBody", json!({"required": true, "content": content}));
    }
    if let Some(form) = description.form {
        let content = json!({"application/x-www-form-urlencoded": {"schema": form(schemas)}});
        set("requestBody", json!({"required": true, "content": content}));
    }
    if description.for_callers {
        set("security", json!([{}, {"bearer": []}]));
    }
    operation
}

fn parameter_of(parameter: &Parameter, path: &str) -> Value {
    let is_of_path = path.contains(&format!("{{{}}}", parameter.name));
    let schema: Value = serde_json::from_str(parameter.schema).unwrap_or_default();
    json!({
        "name": parameter.name,
        "in": if is_of_path { "path" } else { "query" },
        "required": is_of_path,
        "description": parameter.meaning,
        "schema": schema,
    })
}

/// One answer of an operation.
#[derive(Default)]
struct Response {
    meanings: Vec<&'static str>,
    content: Map<String, Value>,
    headers: Map<String, Value>,
}

impl Response {
    fn mean(&mut self, meaning: &'static str) {
        if !self.meanings.contains(&meaning) {
            self.meanings.push(meaning);
        }
    }

    fn into_value(self) -> Value {
        let mut value = Map::from_iter([("description".to_owned(), self.meanings.join(", ").into())]);
        for (key, map) in [("content", self.content), ("headers", self.headers)] {
            if !map.is_empty() {
                value.insert(key.to_owned(), map.into());
            }
        }
        value.into()
    }
}

/// The answers by status: what an operation gives, then how it refuses.
fn responses(description: &Description, schemas: &mut SchemaGenerator) -> Value {
    let mut all: BTreeMap<u16, Response> = BTreeMap::new();
    for Answer { status, meaning, media_type, schema } in &description.answers {
        let response = all.entry(*status).or_default();
        response.mean(meaning);
        if let Some(media_type) = media_type {
            let schema = schema.map_or_else(|| json!({}), |schema| json!({"schema": schema(schemas)}));
            response.content.insert((*media_type).to_owned(), schema);
        }
    }
    for code in &description.refusals {
        let response = all.entry(code.status()).or_default();
        response.mean(code.as_str());
        let problem = json!({"schema": schemas.subschema_for::<Problem>()});
        response.content.insert("application/problem+json".to_owned(), problem);
        if let Some((name, meaning)) = header(*code) {
            let header = json!({"description": meaning, "schema": {"type": "string"}});
            response.headers.insert(name.to_owned(), header);
        }
    }
    all.into_iter().map(|(status, response)| (status.to_string(), response.into_value())).collect()
}

/// The header that comes with a refusal.
fn header(code: Code) -> Option<(&'static str, &'static str)> {
    match code.status() {
        401 => Some(("WWW-Authenticate", "where to get a token (RFC 9728)")),
        416 => Some(("Content-Range", "how many bytes there are")),
        503 => Some(("Retry-After", "seconds to wait")),
        _ => None,
    }
}
