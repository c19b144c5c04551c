//! The form by which a person signs in where the program is tried out.

use schemars::JsonSchema;
use serde::Deserialize;

/// `POST /sign-in`, as a browser sends a form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct SignInForm {
    /// Whom the usage log shall know; `developer` where it is empty.
    #[serde(default)]
    pub subject: String,
    /// The role.
    pub role: String,
    /// The teams, apart by commas or spaces.
    #[serde(default)]
    pub teams: String,
    /// `yes` for an elevation of fifteen minutes.
    #[serde(default)]
    pub elevated: String,
    /// The path to show then.
    #[serde(default)]
    pub to: String,
}
