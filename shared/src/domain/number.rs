//! Whole numbers that have been looked at: each has its unit in its name and its bounds in its type.

macro_rules! bounded_numbers {
    ($($(#[$doc:meta])* $name:ident: $number:ty, $min:tt..=$max:tt, $example:tt;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = $number, minimum = $min, maximum = $max, example = $example)]
        pub struct $name($number);

        impl $name {
            /// Checks the bounds, or says what would be accepted.
            pub fn new(number: i64) -> Result<Self, String> {
                <$number>::try_from(number)
                    .ok()
                    .filter(|number| ($min..=$max).contains(number))
                    .map(Self)
                    .ok_or_else(|| format!("write a whole number from {} to {}", $min, $max))
            }

            /// The number, moved to the nearest bound if it lies outside.
            pub fn bounded(number: $number) -> Self {
                Self(number.clamp($min, $max))
            }

            /// The number itself.
            pub const fn get(self) -> $number {
                self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

bounded_numbers! {
    /// A share of a whole, in hundredths.
    Percent: u8, 0..=100, 30;
    /// How many times a zone has been gone over, this time included.
    Layer: u8, 1..=20, 1;
    /// A length under the skin or across a needle, in thousandths of a millimetre.
    Micrometres: u16, 1..=5000, 250;
    /// A machine's strokes in a second.
    Hertz: u16, 1..=1000, 100;
    /// A volume in thousandths of a millilitre.
    Microlitres: u32, 1..=1000000, 500;
    /// A number of drops.
    Drops: u16, 1..=1000, 10;
    /// How long a session takes, in minutes.
    DurationMinutes: u16, 5..=720, 180;
    /// What is kept free after a session, in minutes.
    BufferMinutes: u16, 0..=480, 15;
    /// Elapsed minutes after what was done.
    OffsetMinutes: u16, 0..=1440, 10;
    /// Elapsed hours before a session.
    OffsetHours: u16, 0..=2160, 72;
    /// Calendar days before or after.
    OffsetDays: u16, 0..=365, 7;
    /// Calendar months after.
    OffsetMonths: u16, 1..=120, 36;
    /// How many treatment sessions a plan has.
    TreatmentSessions: u8, 1..=12, 3;
    /// A session's place in its plan, from 1.
    Ordinal: u8, 1..=12, 1;
    /// For how many days a product may be used once opened.
    ShelfDays: u16, 1..=3650, 365;
    /// Until how many hours before the start a client may cancel.
    CutoffHours: u16, 0..=720, 48;
    /// How many hours before its start a session that isn't confirmed becomes a task.
    UnconfirmedHours: u16, 1..=720, 48;
    /// How many things a page has at most.
    PageLimit: u16, 1..=200, 50;
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(50)
    }
}

impl UnconfirmedHours {
    /// Late enough that the client had time to answer, early enough that the time can be given to somebody else.
    pub const USUAL: Self = Self(48);
}

impl BufferMinutes {
    /// What most practitioners need to clean and set up.
    pub const USUAL: Self = Self(15);
}

impl CutoffHours {
    /// The shorter of the two usual deposit cut-offs, 48 and 72 hours (practice).
    pub const USUAL: Self = Self(48);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_on_the_wire() {
        assert_eq!(
            serde_json::from_str::<Percent>("100")
                .map(Percent::get)
                .ok(),
            Some(100)
        );
        for wrong in ["101", "-1", "300", "1.5", "\"1\"", "null"] {
            assert!(serde_json::from_str::<Percent>(wrong).is_err(), "{wrong}");
        }
        assert!(DurationMinutes::new(4).is_err());
        assert!(DurationMinutes::new(720).is_ok());
        assert_eq!(DurationMinutes::bounded(1).get(), 5);
    }
}
