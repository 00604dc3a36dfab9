//! The plan templates that a new organisation starts with; each is data that a studio may change.

use super::gap::Gap;
use super::vocabulary::Indication;

/// A plan template to start with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultTemplate {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub indication: Indication,
    /// How many treatment sessions.
    pub treatment_sessions: u8,
    /// How long a session takes.
    pub session_minutes: u16,
    /// The gaps between them: one fewer than there are sessions.
    pub gaps: Vec<Gap>,
    /// Where the figures come from.
    pub source: String,
}

const fn gap(minimum: u16, recommended_from: u16, recommended_until: u16, maximum: u16) -> Gap {
    Gap {
        minimum_days: minimum,
        recommended_from_days: recommended_from,
        recommended_until_days: recommended_until,
        maximum_days: maximum,
    }
}

const FIRST: Gap = gap(7, 10, 14, 60);
const SECOND: Gap = gap(7, 14, 28, 90);
const LATER: Gap = gap(28, 30, 60, 180);

const GAP_SOURCE: &str = "Gaps: clinics publish 7 to 14 days or more after the first session, \
    one to four weeks after the second, and about two months before a final touch-up; \
    the figures drawn from that are our own inference, and the maxima have no source at all.";

/// The gaps between so many treatment sessions. No source makes them depend on the indication.
pub fn default_gaps(treatment_sessions: u8) -> Vec<Gap> {
    (1..treatment_sessions)
        .map(|ordinal| match ordinal {
            1 => FIRST,
            2 => SECOND,
            _ => LATER,
        })
        .collect()
}

/// The templates that a new organisation starts with.
pub fn default_templates() -> Vec<DefaultTemplate> {
    let template =
        |name, indication, treatment_sessions, session_minutes, source: &str| DefaultTemplate {
            name,
            indication,
            treatment_sessions,
            session_minutes,
            gaps: default_gaps(treatment_sessions),
            source: if treatment_sessions > 1 {
                format!("{source} {GAP_SOURCE}")
            } else {
                source.to_owned()
            },
        };
    let usual = "Sessions: most clients need three of two to four hours (alphamicropigmentation.com, primelineokc.com).";
    vec![
        template(
            "General thinning",
            Indication::GeneralThinning,
            3,
            180,
            usual,
        ),
        template(
            "Receding hairline",
            Indication::RecedingHairline,
            3,
            180,
            usual,
        ),
        template(
            "Full loss",
            Indication::FullLoss,
            4,
            240,
            "Sessions: three and a fourth to touch up (smpaus.com.au); about a fifth of clients need a fourth (primelineokc.com).",
        ),
        template(
            "Alopecia areata, one small patch",
            Indication::AlopeciaAreata,
            1,
            60,
            "Sessions: a small patch may need one; the length is our own inference.",
        ),
        template(
            "Alopecia areata, several patches",
            Indication::AlopeciaAreata,
            3,
            120,
            "Sessions: three for a patch (elixirpigmentation.com); the length is our own inference.",
        ),
        template(
            "Scar",
            Indication::Scar,
            3,
            90,
            "Sessions: scars need more than others (primelineokc.com); the number and length are our own inference.",
        ),
        template(
            "Density after a transplant",
            Indication::DensityAfterTransplant,
            3,
            180,
            usual,
        ),
        template(
            "Touch-up of earlier work",
            Indication::TouchUpOfEarlierWork,
            1,
            120,
            "Sessions: usually one, sometimes two (fullscalp.com, pureinksmp.com); the length is our own inference.",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_keep_the_rules() {
        let templates = default_templates();
        for template in &templates {
            assert_eq!(
                template.gaps.len() + 1,
                usize::from(template.treatment_sessions),
                "{}",
                template.name
            );
            assert!((5..=720).contains(&template.session_minutes));
            for gap in &template.gaps {
                let checked = Gap::new(
                    gap.minimum_days,
                    gap.recommended_from_days,
                    gap.recommended_until_days,
                    gap.maximum_days,
                );
                assert_eq!(checked, Ok(*gap));
            }
        }
        for indication in Indication::ALL {
            assert!(
                templates
                    .iter()
                    .any(|template| template.indication == *indication),
                "{indication}"
            );
        }
        assert_eq!(default_gaps(0), []);
    }
}
