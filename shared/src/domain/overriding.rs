//! How the rules' no to a booking is weighed against the override that somebody asked for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instant::Instant;
use super::overlap::Conflict;
use super::text::Reason;
use super::text_enum::text_enums;
use crate::error::{Error, FieldError, Result};

text_enums! {
    /// A rule that somebody allowed may override, with a reason.
    OverridableRule {
        /// Nobody and no room is in two sessions at once.
        Overlap = "overlap",
        /// The gaps between a plan's sessions.
        Gap = "gap",
        /// The studio's opening hours, the practitioner's working hours and time off.
        Hours = "hours",
    }
}

/// A wish to do what rules say no to. Only owners and practitioners may; it's kept with the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Which rules.
    #[schema(min_items = 1)]
    pub rules: Vec<OverridableRule>,
    /// Why.
    pub reason: Reason,
}

/// An override that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideUsed {
    /// Which rule said no.
    pub rule: OverridableRule,
    /// The breach that was accepted.
    pub code: String,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: Instant,
}

/// Whether somebody accepted a breach when they booked: that alone isn't news, and another of the same rule is.
pub fn accepted(overrides: &[OverrideUsed], code: &str) -> bool {
    overrides.iter().any(|used| used.code == code)
}

/// What may be asked for beyond the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayOverride {
    /// The caller's role allows overrides.
    Yes,
    /// It doesn't.
    No,
}

/// A rule's no to a booking.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// Which rule it belongs to, and so what overrides it; none where nothing does.
    pub rule: Option<OverridableRule>,
    /// A stable name.
    pub code: &'static str,
    /// Where in the request.
    pub pointer: &'static str,
    /// What to do about it.
    pub detail: String,
    /// The sessions in the way.
    pub conflicts: Vec<Conflict>,
}

impl Breach {
    /// What to do about it, with the rule to override where one can be: nobody is told to do what they may not.
    fn advice(&self, may_override: MayOverride) -> String {
        let Some(rule) = self.rule else {
            return self.detail.clone();
        };
        let detail = self.detail.trim_end_matches('.');
        match may_override {
            MayOverride::Yes => format!("{detail}; or override the rule `{rule}` with a reason"),
            MayOverride::No => {
                format!("{detail}; or ask somebody who treats, or an owner, for an exception")
            }
        }
    }
}

/// Weighs the rules' noes against the override that was asked for: all of them must be covered.
pub fn weigh(
    breaches: &[Breach],
    asked: Option<&Override>,
    may_override: MayOverride,
    now: Instant,
) -> Result<Vec<OverrideUsed>> {
    let covered = |breach: &Breach| {
        let rule = breach.rule?;
        let asked = asked.filter(|asked| asked.rules.contains(&rule))?;
        Some(OverrideUsed {
            rule,
            code: breach.code.to_owned(),
            reason: asked.reason.clone(),
            at: now,
        })
    };
    let open: Vec<&Breach> = breaches
        .iter()
        .filter(|breach| covered(breach).is_none())
        .collect();
    let Some(first) = open.first() else {
        return Ok(breaches.iter().filter_map(covered).collect());
    };
    Err(Error::Refused {
        code: first.code,
        detail: first.advice(may_override),
        breaches: open
            .iter()
            .map(|breach| FieldError::new(breach.pointer, breach.code, breach.advice(may_override)))
            .collect(),
        conflicts: open
            .iter()
            .flat_map(|breach| &breach.conflicts)
            .filter_map(|conflict| serde_json::to_value(conflict).ok())
            .collect(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn breach(rule: Option<OverridableRule>, code: &'static str) -> Breach {
        Breach {
            rule,
            code,
            pointer: "/starts_at",
            detail: "take another time".into(),
            conflicts: Vec::new(),
        }
    }

    fn asked(rules: &[OverridableRule]) -> Override {
        Override {
            rules: rules.to_vec(),
            reason: Reason::parse("agreed by telephone").unwrap(),
        }
    }

    #[test]
    fn every_no_must_be_covered() {
        let now = Instant::from_millis(0);
        let breaches = [
            breach(Some(OverridableRule::Overlap), "overlap"),
            breach(Some(OverridableRule::Gap), "gap_too_short"),
        ];
        assert!(weigh(&[], None, MayOverride::Yes, now).unwrap().is_empty());
        assert!(weigh(&breaches, None, MayOverride::Yes, now).is_err());
        let half = weigh(
            &breaches,
            Some(&asked(&[OverridableRule::Overlap])),
            MayOverride::Yes,
            now,
        );
        assert!(matches!(
            half,
            Err(Error::Refused {
                code: "gap_too_short",
                ..
            })
        ));
        let both = asked(&[OverridableRule::Overlap, OverridableRule::Gap]);
        assert_eq!(
            weigh(&breaches, Some(&both), MayOverride::Yes, now)
                .unwrap()
                .len(),
            2
        );
        assert!(
            weigh(
                &[breach(None, "in_the_past")],
                Some(&both),
                MayOverride::Yes,
                now
            )
            .is_err()
        );
    }

    #[test]
    fn a_breach_is_accepted_by_its_code() {
        let now = Instant::from_millis(0);
        let late = breach(Some(OverridableRule::Hours), "outside_opening_hours");
        let hours = asked(&[OverridableRule::Hours]);
        let used = weigh(&[late], Some(&hours), MayOverride::Yes, now).unwrap();
        assert!(accepted(&used, "outside_opening_hours"));
        assert!(!accepted(&used, "studio_closed"));
        assert!(!accepted(&[], "outside_opening_hours"));
    }

    #[test]
    fn nobody_is_told_to_do_what_they_may_not() {
        let overlap = breach(Some(OverridableRule::Overlap), "overlap");
        let said = |may| overlap.advice(may);
        assert_eq!(
            said(MayOverride::Yes),
            "take another time; or override the rule `overlap` with a reason"
        );
        assert_eq!(
            said(MayOverride::No),
            "take another time; or ask somebody who treats, or an owner, for an exception"
        );
        assert_eq!(
            breach(None, "in_the_past").advice(MayOverride::No),
            "take another time"
        );
    }
}
