//! The words after a fence, and the grammars that they name.

/// Each grammar with the words that authors write for it, in lower case. Only these are used: with
/// lines made to be slow they take tenths of a second at the most, which the grammars of PHP and Less do not. With those
/// of JavaScript and Scala, and with all that embed JavaScript, as HTML, Markdown and Java do, syntect's parser may never
/// come back (trishume/syntect#460): TypeScript's stands in for JavaScript's.
pub(super) const LANGUAGES: [(&str, &[&str]); 49] = [
    ("AWK", &["awk"]),
    ("Batch File", &["bat", "batch", "cmd"]),
    ("Bourne Again Shell (bash)", &["bash", "sh", "shell", "zsh", "ksh"]),
    ("C", &["c", "h"]),
    ("C#", &["c#", "cs", "csharp"]),
    ("C++", &["c++", "cc", "cpp", "cxx", "hpp"]),
    ("CMake", &["cmake"]),
    ("CSS", &["css"]),
    ("Clojure", &["clj", "clojure"]),
    ("Crontab", &["cron", "crontab"]),
    ("Dart", &["dart"]),
    ("Diff", &["diff", "patch"]),
    ("Dockerfile", &["docker", "dockerfile"]),
    ("DotENV", &[".env", "dotenv", "env"]),
    ("Elixir", &["elixir", "ex", "exs"]),
    ("Erlang", &["erl", "erlang"]),
    ("F#", &["f#", "fs", "fsharp"]),
    ("Fish", &["fish"]),
    ("Go", &["go", "golang"]),
    ("GraphQL", &["gql", "graphql"]),
    ("Haskell", &["haskell", "hs"]),
    ("INI", &["cfg", "editorconfig", "ini"]),
    ("JQ", &["jq"]),
    ("JSON", &["json", "jsonc"]),
    ("Java Properties", &["properties"]),
    ("Julia", &["jl", "julia"]),
    ("Kotlin", &["kotlin", "kt", "kts"]),
    ("Lua", &["lua"]),
    ("MATLAB", &["matlab"]),
    ("Makefile", &["make", "makefile", "mk"]),
    ("Nix", &["nix"]),
    ("OCaml", &["ml", "ocaml"]),
    ("Objective-C", &["objc", "objective-c"]),
    ("Protocol Buffer", &["proto", "protobuf"]),
    ("Python", &["py", "py3", "python", "python3"]),
    ("R", &["r"]),
    ("Rego", &["rego"]),
    ("Rust", &["rs", "rust"]),
    ("SCSS", &["scss"]),
    ("SQL", &["mysql", "postgres", "postgresql", "psql", "sql", "sqlite"]),
    ("Swift", &["swift"]),
    ("TOML", &["toml"]),
    ("Terraform", &["hcl", "terraform", "tf"]),
    ("TypeScript", &["cjs", "cts", "javascript", "js", "mjs", "mts", "node", "ts", "typescript"]),
    ("TypeScriptReact", &["jsx", "tsx"]),
    ("XML", &["plist", "svg", "xml", "xsd", "xsl"]),
    ("YAML", &["yaml", "yml"]),
    ("Zig", &["zig"]),
    ("nginx", &["nginx"]),
];

/// The grammar that a word in lower case names.
pub(super) fn syntax(word: &str) -> Option<&'static str> {
    LANGUAGES.iter().find(|(_, words)| words.contains(&word)).map(|(syntax, _)| *syntax)
}
