//! By what products' names are compared: two people who copy one label don't write it alike.

use std::fmt;

use super::lot_key::lot_key;
use super::text::Name;

/// Keeps the parts of a name apart. No folded part has white space.
const SEPARATOR: char = ' ';

/// Maker, brand and shade, each folded as a lot's code is: what is compared, never what is shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductKey(String);

impl ProductKey {
    /// That by which a product's name is compared.
    pub fn of(maker: &Name, brand: &Name, shade: Option<&Name>) -> Self {
        let mut key = lot_key(maker);
        for part in [Some(brand), shade].into_iter().flatten() {
            key.push(SEPARATOR);
            key.push_str(&lot_key(part));
        }
        Self(key)
    }

    /// One that was stored.
    pub fn parse(stored: &str) -> Result<Self, String> {
        Ok(Self(stored.to_owned()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// As with a lot's: what is printed on a bottle has no place in a log.
impl fmt::Debug for ProductKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProductKey(…)")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(maker: &str, brand: &str, shade: Option<&str>) -> ProductKey {
        let name = |text: &str| Name::parse(text).unwrap();
        let shade = shade.map(name);
        ProductKey::of(&name(maker), &name(brand), shade.as_ref())
    }

    #[test]
    fn one_label_has_one_key() {
        let plain = key("Ink AG", "Nero", Some("N-1"));
        for (maker, brand, shade) in [
            ("Ink AG", "NERO", "N-1"),
            ("ink ag", "nero", "n\u{2013}1"),
            ("Ink  AG", "Nero", "N - 1"),
            ("Ink\u{a0}AG", "Ｎｅｒｏ", "Ｎ\u{2d7}１"),
        ] {
            assert_eq!(
                key(maker, brand, Some(shade)),
                plain,
                "{maker} {brand} {shade}"
            );
        }
        assert_eq!(plain.as_str(), "inkag nero n-1");
    }

    #[test]
    fn other_labels_have_other_keys() {
        let plain = key("Ink AG", "Nero", Some("N1"));
        for (maker, brand, shade) in [
            ("Ink AG", "Nero", Some("N2")),
            ("Ink AG", "Nero N1", None),
            ("Ink AG", "Nero", None),
            ("Ink AG Nero", "N1", None),
            ("Ink", "AG Nero", Some("N1")),
            ("Ink AG", "N", Some("ero N1")),
        ] {
            assert_ne!(key(maker, brand, shade), plain, "{maker} {brand} {shade:?}");
        }
    }

    proptest! {
        #[test]
        fn the_parts_stay_apart(
            one in proptest::array::uniform3("[a-c -]{0,3}[a-c]"),
            other in proptest::array::uniform3("[a-c -]{0,3}[a-c]"),
        ) {
            let folded = |parts: &[String; 3]| parts.each_ref().map(|part| lot_key(part));
            let key = |[maker, brand, shade]: &[String; 3]| key(maker, brand, Some(shade));
            prop_assert_eq!(key(&one) == key(&other), folded(&one) == folded(&other));
        }
    }
}
