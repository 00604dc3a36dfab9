//! JSON Merge Patch (RFC 7396) in types: absent, null and a value are three different wishes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A wish for a field that may be empty: leave it, clear it, or set it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The field was not named: it stays.
    #[default]
    Absent,
    /// The field was null: it's cleared.
    Null,
    /// The field gets this value.
    Value(T),
}

impl<T> Patch<T> {
    /// The wish of a field that was named, with this value or with null.
    pub fn named(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl<T: Clone> Patch<T> {
    /// Carries the wish out.
    pub fn apply(&self, field: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *field = None,
            Self::Value(value) => *field = Some(value.clone()),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Only reached when the field is named; `default` covers the absent one.
        Option::<T>::deserialize(deserializer).map(Self::named)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

/// A wish for a field that is never empty: leave it or set it. Null is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Set<T> {
    /// The field was not named: it stays.
    #[default]
    Absent,
    /// The field gets this value.
    Value(T),
}

impl<T: Clone> Set<T> {
    /// Carries the wish out.
    pub fn apply(&self, field: &mut T) {
        if let Self::Value(value) = self {
            *field = value.clone();
        }
    }

    /// The value, where one was given.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Absent => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Set<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::Value)
    }
}

/// Declares a merge patch: `set` fields can't be cleared, `null` fields can. The schema says the same.
macro_rules! merge_patch {
    (
        $(#[$doc:meta])*
        $name:ident {
            $(set { $($(#[$set_doc:meta])* $set:ident: $set_type:ty,)* })?
            $(null { $($(#[$null_doc:meta])* $null:ident: $null_type:ty,)* })?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(
                $(#[$set_doc])*
                #[serde(default)]
                #[schema(value_type = $set_type, required = false)]
                pub $set: $crate::domain::patch::Set<$set_type>,
            )*)?
            $($(
                $(#[$null_doc])*
                #[serde(default)]
                #[schema(value_type = Option<$null_type>, required = false)]
                pub $null: $crate::domain::patch::Patch<$null_type>,
            )*)?
        }
    };
}

pub(crate) use merge_patch;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use crate::domain::patch::{Patch, Set};
    use crate::domain::text::Name;

    merge_patch! {
        /// Changes an example.
        ExamplePatch {
            set {
                /// Never empty.
                name: Name,
            }
            null {
                /// May be empty.
                nickname: Name,
            }
        }
    }

    #[test]
    fn absent_null_and_value_are_three_wishes() {
        let parse = |text: &str| serde_json::from_str::<ExamplePatch>(text);
        let nothing = parse("{}").unwrap();
        assert_eq!(
            (nothing.name, nothing.nickname),
            (Set::Absent, Patch::Absent)
        );
        let cleared = parse(r#"{"nickname": null}"#).unwrap();
        let mut nickname = Name::parse("Al").ok();
        cleared.nickname.apply(&mut nickname);
        assert_eq!(nickname, None);
        assert!(parse(r#"{"name": null}"#).is_err());
        assert!(parse(r#"{"nmae": "x"}"#).is_err());
    }
}
