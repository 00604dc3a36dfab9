//! What went into whom: the parts of a pigment record, each with its lot or why the lot isn't known.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use super::id::{LotId, ProductId};
use super::instant::Instant;
use super::number::{Drops, Layer, Microlitres, Micrometres, Percent};
use super::text::{Name, Reason};
use super::vocabulary::{ProductKind, Zone};

/// How many pigments one mix may have.
const MOST_PIGMENTS: usize = 10;

/// What was used of a lot; where the lot isn't known, why, and the product if that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, try_from = "LotUseText")]
pub struct LotUse {
    /// The lot.
    pub lot_id: Option<LotId>,
    /// Why the lot isn't known; exactly one of this and `lot_id` is set.
    pub unknown_lot_reason: Option<Reason>,
    /// The product, where the lot isn't known and the product is.
    pub product_id: Option<ProductId>,
    /// How much, in thousandths of a millilitre; at most one of this and `drops` is set.
    pub volume_microlitres: Option<Microlitres>,
    /// How much, in drops; at most one of this and `volume_microlitres` is set.
    pub drops: Option<Drops>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LotUseText {
    lot_id: Option<LotId>,
    unknown_lot_reason: Option<Reason>,
    product_id: Option<ProductId>,
    volume_microlitres: Option<Microlitres>,
    drops: Option<Drops>,
}

impl TryFrom<LotUseText> for LotUse {
    type Error = &'static str;

    fn try_from(text: LotUseText) -> Result<Self, Self::Error> {
        let LotUseText {
            lot_id,
            unknown_lot_reason,
            product_id,
            volume_microlitres,
            drops,
        } = text;
        if lot_id.is_some() == unknown_lot_reason.is_some() {
            return Err("write either lot_id or unknown_lot_reason");
        }
        if lot_id.is_some() && product_id.is_some() {
            return Err("leave out product_id: the lot says which product it is");
        }
        if volume_microlitres.is_some() && drops.is_some() {
            return Err("write either volume_microlitres or drops");
        }
        Ok(Self {
            lot_id,
            unknown_lot_reason,
            product_id,
            volume_microlitres,
            drops,
        })
    }
}

/// How much pigment to how much diluent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
#[schema(value_type = String, pattern = "^[1-9][0-9]{0,3}:[1-9][0-9]{0,3}$", example = "1:20")]
pub struct Ratio([u16; 2]);

impl Ratio {
    /// Reads two whole numbers, such as `1:20`.
    pub fn parse(text: &str) -> Option<Self> {
        let part = |part: &str| {
            let digits =
                (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            (digits && !part.starts_with('0'))
                .then(|| part.parse().ok())
                .flatten()
        };
        let (pigment, diluent) = text.split_once(':')?;
        Some(Self([part(pigment)?, part(diluent)?]))
    }

    /// Parts of pigment.
    pub const fn pigment(self) -> u16 {
        self.0[0]
    }

    /// Parts of diluent.
    pub const fn diluent(self) -> u16 {
        self.0[1]
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.pigment(), self.diluent())
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom("write parts of pigment and of diluent, such as 1:20"))
    }
}

/// What was mixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, try_from = "MixText")]
pub struct Mix {
    /// The pigments.
    #[schema(min_items = 1, max_items = 10)]
    pub pigments: Vec<LotUse>,
    /// What they were thinned with; none if the shade came ready.
    pub diluent: Option<LotUse>,
    /// How much pigment to how much diluent.
    pub ratio: Option<Ratio>,
    /// What the practitioner calls the shade.
    pub shade_label: Option<Name>,
    /// When it was mixed.
    pub prepared_at: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MixText {
    pigments: Vec<LotUse>,
    diluent: Option<LotUse>,
    ratio: Option<Ratio>,
    shade_label: Option<Name>,
    prepared_at: Option<Instant>,
}

impl TryFrom<MixText> for Mix {
    type Error = String;

    fn try_from(text: MixText) -> Result<Self, String> {
        let MixText {
            pigments,
            diluent,
            ratio,
            shade_label,
            prepared_at,
        } = text;
        if !(1..=MOST_PIGMENTS).contains(&pigments.len()) {
            return Err(format!("write between 1 and {MOST_PIGMENTS} pigments"));
        }
        Ok(Self {
            pigments,
            diluent,
            ratio,
            shade_label,
            prepared_at,
        })
    }
}

/// What carried the pigment in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Needle {
    /// Its lot, or why it isn't known.
    pub lot: LotUse,
    /// How many points and how they are set, as the maker prints it.
    pub configuration: Option<Name>,
    /// How thick it is.
    pub diameter_micrometres: Option<Micrometres>,
}

/// A zone that was treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneUse {
    /// Which.
    pub zone: Zone,
    /// The density reached, as a share of the natural one.
    pub density_percent: Option<Percent>,
    /// How many times the zone has been gone over.
    pub layer: Option<Layer>,
    /// How deep.
    pub depth_micrometres: Option<Micrometres>,
}

/// The zones that were treated, each named once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct Zones(Vec<ZoneUse>);

impl Zones {
    /// Checks that there is one, and none twice.
    pub fn new(zones: Vec<ZoneUse>) -> Result<Self, String> {
        if zones.is_empty() {
            return Err("write at least one zone".into());
        }
        let twice = Zone::ALL
            .iter()
            .find(|zone| zones.iter().filter(|one| one.zone == **zone).count() > 1);
        match twice {
            Some(zone) => Err(format!("write {zone} once")),
            None => Ok(Self(zones)),
        }
    }

    /// The zones.
    pub fn as_slice(&self) -> &[ZoneUse] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Zones {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// One lot in a record, with its place there and the kind that belongs in that place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedUse<'a> {
    /// A JSON pointer to it in the record.
    pub pointer: String,
    /// What belongs there.
    pub kind: ProductKind,
    /// What was used.
    pub lot_use: &'a LotUse,
}

impl Mix {
    /// Whether something thinned the pigment that the record doesn't name: it may have been any diluent.
    pub fn hides_diluent(&self) -> bool {
        self.ratio.is_some() && self.diluent.is_none()
    }
}

/// Everything in a record that has a lot, in a fixed order: pigments, diluent, needle, anaesthetic.
pub fn lot_uses<'a>(
    mix: &'a Mix,
    needle: Option<&'a Needle>,
    anaesthetic: Option<&'a LotUse>,
) -> Vec<PlacedUse<'a>> {
    let placed = |pointer: String, kind, lot_use| PlacedUse {
        pointer,
        kind,
        lot_use,
    };
    let pigments = mix.pigments.iter().enumerate();
    pigments
        .map(|(index, pigment)| {
            placed(
                format!("/mix/pigments/{index}"),
                ProductKind::Pigment,
                pigment,
            )
        })
        .chain(
            mix.diluent
                .iter()
                .map(|diluent| placed("/mix/diluent".into(), ProductKind::Diluent, diluent)),
        )
        .chain(needle.map(|needle| placed("/needle/lot".into(), ProductKind::Needle, &needle.lot)))
        .chain(anaesthetic.map(|one| placed("/anaesthetic".into(), ProductKind::Anaesthetic, one)))
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_ratio_is_two_whole_numbers() {
        for good in ["1:20", "2:5", "1:9999"] {
            assert_eq!(Ratio::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "", "1", "1:", ":1", "0:1", "1:0", "1:2:3", "1:2.5", "01:2", "1 : 2", "1:20000", "+1:2",
        ] {
            assert_eq!(Ratio::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_use_has_a_lot_or_says_why_not() {
        let read = |value| serde_json::from_value::<LotUse>(value);
        let (lot, product) = (LotId::new(), ProductId::new());
        assert!(read(json!({"lot_id": lot, "drops": 10})).is_ok());
        assert!(
            read(
                json!({"unknown_lot_reason": "The bottle was thrown away.", "product_id": product})
            )
            .is_ok()
        );
        for bad in [
            json!({}),
            json!({"lot_id": lot, "unknown_lot_reason": "The bottle was thrown away."}),
            json!({"lot_id": lot, "product_id": product}),
            json!({"lot_id": lot, "drops": 10, "volume_microlitres": 500}),
            json!({"lot_id": lot, "bottle": 1}),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mix_survives_the_trip() {
        let text = json!({
            "pigments": [{"lot_id": LotId::new(), "volume_microlitres": 500}],
            "diluent": {"lot_id": LotId::new(), "volume_microlitres": 10000},
            "ratio": "1:20",
            "shade_label": "Shade 3",
        });
        let mix: Mix = serde_json::from_value(text).unwrap();
        assert_eq!(
            serde_json::from_value::<Mix>(serde_json::to_value(&mix).unwrap()).unwrap(),
            mix
        );
        assert!(serde_json::from_value::<Mix>(json!({"pigments": []})).is_err());
        let pointers = lot_uses(&mix, None, None)
            .into_iter()
            .map(|placed| placed.pointer)
            .collect::<Vec<_>>();
        assert_eq!(pointers, ["/mix/pigments/0", "/mix/diluent"]);
    }

    #[test]
    fn each_zone_is_named_once() {
        let read = |value| serde_json::from_value::<Zones>(value);
        assert_eq!(
            read(json!([{"zone": "crown", "density_percent": 30}]))
                .unwrap()
                .as_slice()
                .len(),
            1
        );
        assert!(read(json!([])).is_err());
        assert!(read(json!([{"zone": "crown"}, {"zone": "crown", "layer": 2}])).is_err());
        assert!(read(json!([{"zone": "crown", "density_percent": 101}])).is_err());
    }
}
