//! Wrong settings: all sending pauses, no mail pays for it, and an alarm shows until a mail goes through.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use stipple_shared::domain::{Instant, MailId};

use crate::transport::{Outcome, Phase};

/// How long sending rests after settings were found wrong.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// What is known of the settings.
#[derive(Default)]
pub(crate) struct Settings(Mutex<Known>);

#[derive(Default)]
struct Known {
    paused_until: Option<Instant>,
    are_wrong: bool,
    /// How many mails went through.
    carried: u64,
    /// How many had gone through when this mail seemed to show that the settings are wrong.
    suspects: HashMap<MailId, u64>,
}

impl Settings {
    /// Until when sending rests.
    pub(crate) fn paused_until(&self, now: Instant) -> Option<Instant> {
        let until = self.known().paused_until;
        // A clock that was set back must not make it longer.
        until.filter(|until| now < *until && *until - now <= PAUSE)
    }

    /// Whether the last that is known of them is that they're wrong.
    pub(crate) fn are_wrong(&self) -> bool {
        self.known().are_wrong
    }

    /// What an outcome means, now that it's known of all mails together.
    ///
    /// Settings that carried another mail meanwhile aren't wrong: then this mail itself is refused.
    pub(crate) fn judge(&self, id: MailId, outcome: Outcome, now: Instant) -> Outcome {
        let mut known = self.known();
        match outcome {
            Outcome::Sent | Outcome::Written => {
                known.carried += 1;
                known.are_wrong = false;
                known.paused_until = None;
                known.suspects.remove(&id);
                outcome
            }
            Outcome::Configuration { phase, code } => {
                let carried = known.carried;
                let before = known.suspects.insert(id, carried);
                if knows_the_mail(phase) && before.is_some_and(|before| before < carried) {
                    known.suspects.remove(&id);
                    return Outcome::Permanent { phase, code };
                }
                known.are_wrong = true;
                known.paused_until = Some(now + PAUSE);
                outcome
            }
            Outcome::Permanent { .. } | Outcome::Transient { .. } | Outcome::Ambiguous { .. } => {
                outcome
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the server had heard of this mail, so that it can have been the cause.
fn knows_the_mail(phase: Phase) -> bool {
    match phase {
        Phase::Mail | Phase::Rcpt | Phase::Data | Phase::AfterData => true,
        Phase::Connect | Phase::Greeting | Phase::Tls | Phase::Auth => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRONG_PASSWORD: Outcome = Outcome::Configuration {
        phase: Phase::Auth,
        code: Some(535),
    };
    const REFUSED_SENDER: Outcome = Outcome::Configuration {
        phase: Phase::Mail,
        code: Some(550),
    };

    #[test]
    fn sending_rests_for_a_minute_and_the_alarm_lasts_until_a_mail_goes_through() {
        let settings = Settings::default();
        let now = Instant::from_millis(0);
        assert_eq!(
            settings.judge(MailId::new(), WRONG_PASSWORD, now),
            WRONG_PASSWORD
        );
        assert_eq!(settings.paused_until(now), Some(now + PAUSE));
        let later = now + PAUSE;
        assert_eq!(settings.paused_until(later), None);
        assert_eq!(settings.paused_until(now - TimeDelta::hours(1)), None);
        assert!(settings.are_wrong());
        settings.judge(MailId::new(), Outcome::Sent, later);
        assert!(!settings.are_wrong());
    }

    #[test]
    fn a_mail_that_alone_is_refused_is_itself_to_blame() {
        let settings = Settings::default();
        let now = Instant::from_millis(0);
        let (bad, good) = (MailId::new(), MailId::new());
        assert_eq!(settings.judge(bad, REFUSED_SENDER, now), REFUSED_SENDER);
        assert_eq!(settings.judge(bad, REFUSED_SENDER, now), REFUSED_SENDER);
        settings.judge(good, Outcome::Sent, now);
        let blamed = Outcome::Permanent {
            phase: Phase::Mail,
            code: Some(550),
        };
        assert_eq!(settings.judge(bad, REFUSED_SENDER, now), blamed);
        // A login is never one mail's fault.
        assert_eq!(settings.judge(bad, WRONG_PASSWORD, now), WRONG_PASSWORD);
        settings.judge(good, Outcome::Sent, now);
        assert_eq!(settings.judge(bad, WRONG_PASSWORD, now), WRONG_PASSWORD);
    }
}
