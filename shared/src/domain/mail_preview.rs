//! A question for what a mail would look like, before anybody gets it.

use serde::Deserialize;
use utoipa::ToSchema;

use super::id::StudioId;
use super::mail_template::{NewMailTemplate, OtherMail};
use super::text::Language;
use super::vocabulary::ReminderStep;
use crate::error::{Error, Result};

/// What a mail would look like.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailPreview {
    /// Whose mail.
    pub studio_id: StudioId,
    /// For which step; left out for a mail of another kind.
    pub step: Option<ReminderStep>,
    /// Which mail, where it isn't a reminder.
    pub kind: Option<OtherMail>,
    /// In which language; the studio's own unless said otherwise.
    pub language: Option<Language>,
    /// Words to try beside the stored ones, as they would be sent to `POST /v1/studios/{id}/mail-templates`: for the step
    /// that is shown, or for all mails, in the language that is shown.
    #[serde(default)]
    #[schema(max_items = 2)]
    pub drafts: Vec<NewMailTemplate>,
    /// Whether the made-up client agreed to read care advice in a mail; they didn't unless said otherwise.
    #[serde(default)]
    #[schema(required = false, default = false)]
    pub care_advice_in_mail: bool,
    /// Whether the mail carries a link to the client's page; it doesn't unless said otherwise. The mail with a fresh link
    /// always does, the mails to staff never.
    #[serde(default)]
    #[schema(required = false, default = false)]
    pub with_page: bool,
}

/// What a preview shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Previewed {
    /// The mail of a step.
    Step(ReminderStep),
    /// Another mail.
    Other(OtherMail),
}

impl MailPreview {
    /// What is to be shown, or what is wrong with the question.
    pub fn of(&self) -> Result<Previewed> {
        let previewed = match (self.step, self.kind) {
            (Some(step), None) => Previewed::Step(step),
            (None, Some(kind)) => Previewed::Other(kind),
            (Some(_), Some(_)) => {
                return Err(Error::invalid(
                    "/kind",
                    "misplaced",
                    "leave it out beside a step, or leave the step out",
                ));
            }
            (None, None) => {
                return Err(Error::invalid(
                    "/step",
                    "required",
                    "name a step, or another kind of mail in kind",
                ));
            }
        };
        self.check_steps(previewed)?;
        Ok(previewed)
    }

    /// Refuses a draft for a mail that isn't shown: nothing of it would be seen.
    fn check_steps(&self, previewed: Previewed) -> Result<()> {
        let (shown, own) = match previewed {
            Previewed::Step(step) => (step.as_str(), Some(step)),
            Previewed::Other(kind) => (kind.as_str(), None),
        };
        let unseen = |draft: &NewMailTemplate| draft.step.is_some() && draft.step != own;
        match self.drafts.iter().position(unseen) {
            Some(number) => Err(Error::invalid(
                format!("/drafts/{number}/step"),
                "not_previewed",
                format!(
                    "this preview shows {shown}: send a draft for it, or one without a step, or ask for another preview"
                ),
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn asked(mut question: Value) -> Result<Previewed> {
        question["studio_id"] = json!(StudioId::new());
        serde_json::from_value::<MailPreview>(question)
            .unwrap()
            .of()
    }

    fn refusal(question: Value) -> (String, String) {
        match asked(question) {
            Err(Error::Invalid(errors)) => (errors[0].pointer.clone(), errors[0].detail.clone()),
            other => (String::new(), format!("not refused: {other:?}")),
        }
    }

    #[test]
    fn a_draft_is_for_what_is_shown() {
        let of_step = json!({"language": "en", "step": "preparation", "title": "Soon"});
        let of_all = json!({"language": "en", "words": {"closing": "Bye"}});
        let shown = asked(json!({"step": "preparation", "drafts": [of_all, of_step]}));
        assert_eq!(shown.unwrap(), Previewed::Step(ReminderStep::Preparation));
        let shown = asked(json!({"kind": "digest", "drafts": [of_all]}));
        assert_eq!(shown.unwrap(), Previewed::Other(OtherMail::Digest));
        for (question, name) in [
            (
                json!({"step": "final_reminder", "drafts": [of_all, of_step]}),
                "shows final_reminder:",
            ),
            (
                json!({"kind": "fresh_link", "drafts": [of_all, of_step]}),
                "shows fresh_link:",
            ),
        ] {
            let (pointer, detail) = refusal(question);
            assert_eq!(pointer, "/drafts/1/step");
            assert!(detail.contains(name), "{detail}");
        }
    }
}
