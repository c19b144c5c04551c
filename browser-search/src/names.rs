use registry_core::search::Suggestions;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// Names to suggest while a query is typed; see [`Suggestions`].
#[wasm_bindgen]
#[derive(Default)]
pub struct Names(Suggestions);

#[wasm_bindgen]
impl Names {
    /// Nothing yet, of files whose words start so.
    #[wasm_bindgen(constructor)]
    pub fn new(starts: Vec<String>) -> Self {
        Self(Suggestions::new(starts))
    }

    /// The numbers of the files that a query needs and that are not there.
    pub fn missing(&self, query: &str) -> Vec<usize> {
        self.0.missing(query).into_iter().collect()
    }

    /// Takes the file of that number.
    ///
    /// # Errors
    /// When the bytes are no such file.
    pub fn add(&mut self, file: usize, bytes: &[u8]) -> Result<(), JsError> {
        Ok(self.0.add(file, bytes)?)
    }

    /// The slugs to suggest, best first.
    pub fn best(&self, query: &str, most: usize) -> Vec<String> {
        self.0.best(query, most).into_iter().map(str::to_owned).collect()
    }
}
