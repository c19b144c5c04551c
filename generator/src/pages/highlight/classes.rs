//! From the scopes of a grammar, which number thousands, to the few classes of the style sheet.

use syntect::parsing::Scope;

/// What a token looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Attribute,
    Comment,
    Constant,
    Deleted,
    Escape,
    Function,
    Heading,
    Inserted,
    Keyword,
    /// A keyword where it is a word, as `and` is; nothing where it is a sign.
    Operator,
    Meta,
    String,
    Tag,
    Type,
    Variable,
}

impl Class {
    /// The class of `token`, by the name that the style sheet knows.
    pub(super) fn name(self, token: &str) -> Option<&'static str> {
        Some(match self {
            Self::Attribute => "a",
            Self::Comment => "c",
            Self::Constant => "n",
            Self::Deleted => "d",
            Self::Escape => "e",
            Self::Function => "f",
            Self::Heading => "h",
            Self::Inserted => "i",
            Self::Operator if !token.starts_with(char::is_alphabetic) => return None,
            Self::Keyword | Self::Operator => "k",
            Self::Meta => "m",
            Self::String => "s",
            Self::Tag => "g",
            Self::Type => "t",
            Self::Variable => "v",
        })
    }
}

/// Every class that the style sheet knows.
pub(super) const NAMES: [&str; 14] = ["a", "c", "n", "d", "e", "f", "h", "i", "k", "m", "s", "g", "t", "v"];

/// What a scope, and every scope that goes on from it, makes of the text in it; `None` takes away what the scopes
/// around it say. Scopes that nothing is said of leave the text as it is. Names: Sublime Text, “Scope Naming”.
const EFFECTS: [(&str, Option<Class>); 59] = [
    ("comment", Some(Class::Comment)),
    ("constant", Some(Class::Constant)),
    ("constant.character", Some(Class::Escape)),
    ("constant.other.placeholder", Some(Class::Escape)),
    ("entity.name", Some(Class::Type)),
    ("entity.name.constant", Some(Class::Constant)),
    ("entity.name.function", Some(Class::Function)),
    ("entity.name.label", Some(Class::Constant)),
    ("entity.name.section", Some(Class::Heading)),
    ("entity.name.table", Some(Class::Heading)),
    ("entity.name.tag", Some(Class::Tag)),
    ("entity.other.attribute-name", Some(Class::Attribute)),
    ("entity.other.inherited-class", Some(Class::Type)),
    ("entity.other.pseudo-class", Some(Class::Attribute)),
    ("entity.other.pseudo-element", Some(Class::Attribute)),
    ("invalid", None),
    ("keyword", Some(Class::Keyword)),
    ("keyword.operator", Some(Class::Operator)),
    ("keyword.other.unit", Some(Class::Constant)),
    ("markup.deleted", Some(Class::Deleted)),
    ("markup.heading", Some(Class::Heading)),
    ("markup.inserted", Some(Class::Inserted)),
    ("markup.raw", Some(Class::String)),
    ("markup.underline.link", Some(Class::String)),
    ("meta.annotation", Some(Class::Meta)),
    ("meta.attribute", Some(Class::Meta)),
    ("meta.decorator", Some(Class::Meta)),
    ("meta.diff.header", Some(Class::Heading)),
    ("meta.diff.range", Some(Class::Meta)),
    ("meta.embedded", None),
    ("meta.group.expansion", None),
    ("meta.interpolation", None),
    ("meta.mapping.key", Some(Class::Attribute)),
    ("meta.preprocessor", Some(Class::Meta)),
    ("meta.template.expression", None),
    ("punctuation.definition.annotation", Some(Class::Meta)),
    ("punctuation.definition.variable", Some(Class::Variable)),
    ("source", None),
    ("storage", Some(Class::Keyword)),
    ("storage.type.function.arrow", None),
    ("storage.type.numeric", Some(Class::Constant)),
    ("storage.type.string", Some(Class::String)),
    ("string", Some(Class::String)),
    ("support.class", Some(Class::Type)),
    ("support.constant", Some(Class::Constant)),
    ("support.function", Some(Class::Function)),
    ("support.macro", Some(Class::Function)),
    ("support.type", Some(Class::Type)),
    ("support.type.custom-property", Some(Class::Variable)),
    ("support.type.property-name", Some(Class::Attribute)),
    ("text", None),
    ("variable.annotation", Some(Class::Meta)),
    ("variable.declaration.terraform", Some(Class::Attribute)),
    ("variable.function", Some(Class::Function)),
    ("variable.language", Some(Class::Variable)),
    ("variable.object.property", Some(Class::Attribute)),
    ("variable.other.readwrite.assignment.shell", Some(Class::Variable)),
    ("variable.other.readwrite.shell", Some(Class::Variable)),
    ("variable.parameter.option", Some(Class::Attribute)),
];

/// What a scope makes of the text in it; nothing where it leaves the text as it is.
pub(super) type Effect = Option<Option<Class>>;

/// The effects, those of the longest scopes first.
#[derive(Debug)]
pub(super) struct Classes(Vec<(Scope, Option<Class>)>);

impl Classes {
    pub(super) fn new() -> Self {
        let scope = |(name, class)| Some((Scope::new(name).ok()?, class));
        let mut effects: Vec<_> = EFFECTS.into_iter().filter_map(scope).collect();
        effects.sort_by_key(|(scope, _)| std::cmp::Reverse(scope.len()));
        Self(effects)
    }

    pub(super) fn effects(&self, scopes: &[Scope]) -> Vec<Effect> {
        let effect = |scope: &Scope| self.0.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope));
        scopes.iter().map(|scope| effect(scope).map(|(_, class)| *class)).collect()
    }
}
