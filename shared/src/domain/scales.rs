//! The scales and words in which an assessment describes hair, skin and scalp.

use super::text_enum::text_enums;

text_enums! {
    /// The Norwood-Hamilton grade, with its variants.
    Norwood {
        /// Grade I.
        I = "1",
        /// Grade II.
        Ii = "2",
        /// Grade IIa.
        IiA = "2a",
        /// Grade III.
        Iii = "3",
        /// Grade IIIa.
        IiiA = "3a",
        /// Grade III vertex.
        IiiVertex = "3_vertex",
        /// Grade IV.
        Iv = "4",
        /// Grade IVa.
        IvA = "4a",
        /// Grade V.
        V = "5",
        /// Grade Va.
        VA = "5a",
        /// Grade VI.
        Vi = "6",
        /// Grade VII.
        Vii = "7",
    }

    /// The Ludwig grade.
    Ludwig {
        /// Grade I.
        I = "1",
        /// Grade II.
        Ii = "2",
        /// Grade III.
        Iii = "3",
    }

    /// The image of the Savin scale that is nearest.
    Savin {
        /// Image I-1.
        OneOne = "1_1",
        /// Image I-2.
        OneTwo = "1_2",
        /// Image I-3.
        OneThree = "1_3",
        /// Image I-4.
        OneFour = "1_4",
        /// Image II-1.
        TwoOne = "2_1",
        /// Image II-2.
        TwoTwo = "2_2",
        /// Image III.
        Three = "3",
        /// The image named advanced.
        Advanced = "advanced",
        /// The image named frontal.
        Frontal = "frontal",
    }

    /// The Fitzpatrick skin type.
    Fitzpatrick {
        /// Type I.
        I = "1",
        /// Type II.
        Ii = "2",
        /// Type III.
        Iii = "3",
        /// Type IV.
        Iv = "4",
        /// Type V.
        V = "5",
        /// Type VI.
        Vi = "6",
    }

    /// The hue under the skin's colour.
    Undertone {
        /// Towards blue or pink.
        Cool = "cool",
        /// Neither.
        Neutral = "neutral",
        /// Towards yellow or gold.
        Warm = "warm",
    }

    /// How the scalp's skin is.
    ScalpType {
        /// Dry.
        Dry = "dry",
        /// Neither dry nor oily.
        Normal = "normal",
        /// Oily.
        Oily = "oily",
        /// Aged.
        Aged = "aged",
    }

    /// How the hair is.
    HairTexture {
        /// Fine.
        Fine = "fine",
        /// Neither fine nor coarse.
        Medium = "medium",
        /// Coarse.
        Coarse = "coarse",
        /// Curly.
        Curly = "curly",
        /// Coily.
        Coily = "coily",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_grade_is_missing() {
        assert_eq!(Norwood::ALL.len(), 12);
        assert_eq!(Savin::ALL.len(), 9);
    }
}
