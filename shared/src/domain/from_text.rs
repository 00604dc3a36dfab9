//! Reading a value by way of its text. Anything but a text is refused as what it is: of the wrong type.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, Visitor};

/// Reads a text, without a copy where the reader has it whole, and parses it.
pub(super) fn from_text<'de, D, T, E>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: fmt::Display,
{
    deserializer.deserialize_str(Reader {
        parse,
        parsed: PhantomData,
    })
}

struct Reader<F, T, E> {
    parse: F,
    parsed: PhantomData<fn() -> Result<T, E>>,
}

impl<F, T, E> Visitor<'_> for Reader<F, T, E>
where
    F: FnOnce(&str) -> Result<T, E>,
    E: fmt::Display,
{
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_str<R: de::Error>(self, text: &str) -> Result<T, R> {
        (self.parse)(text).map_err(R::custom)
    }
}
