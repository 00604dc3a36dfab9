//! A studio's own words for its mails.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;
use serde_json::Map;
use utoipa::ToSchema;

use super::columns::Json;
use super::paging::{Page, PageRequest, load_page, resource};
use super::references::named;
use super::reminder_rules::ReminderRule as StoredRule;
use super::schema::mail_templates;
use super::studios::Studio;
use super::tasks::Task;
use super::{Db, Scope, Tx};
use crate::domain::mail_template::{
    MailTemplatePatch, NewMailTemplate, OwnWords, TemplateContent, Word,
};
use crate::domain::reminder::ReminderRule;
use crate::domain::task::NewTask;
use crate::domain::text::{Language, Name, TemplateText};
use crate::domain::{Instant, MailTemplateId, ReminderStep, StudioId, TaskKind};
use crate::error::{Error, FieldError, Result};

/// A studio's own words: for one step, or those that all its mails share.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = mail_templates, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct MailTemplate {
    /// Its id.
    pub id: MailTemplateId,
    /// Whose words they are.
    pub studio_id: StudioId,
    /// In which language.
    pub language: Language,
    /// For which step; null for the words that all mails share.
    pub step: Option<ReminderStep>,
    /// The heading of the mail.
    pub title: Option<TemplateText>,
    /// The neutral subject.
    pub subject: Option<TemplateText>,
    /// What the step has to say, a text for each paragraph.
    #[schema(value_type = Option<Vec<TemplateText>>)]
    pub body: Option<Json<Vec<TemplateText>>>,
    /// Advice, for clients who agreed to read it in a mail.
    #[schema(value_type = Option<Vec<TemplateText>>)]
    pub care: Option<Json<Vec<TemplateText>>>,
    /// The words that all mails share, each by its name.
    #[schema(value_type = BTreeMap<String, TemplateText>)]
    pub words: Json<BTreeMap<Word, TemplateText>>,
    /// The days of the week, from Monday.
    #[schema(value_type = Option<Vec<Name>>)]
    pub weekdays: Option<Json<Vec<Name>>>,
    /// The months, from January.
    #[schema(value_type = Option<Vec<Name>>)]
    pub months: Option<Json<Vec<Name>>>,
    /// Whether mails use it.
    pub active: bool,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was written.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(
    mail_templates,
    MailTemplate,
    MailTemplateId,
    "mail_template",
    seen: |scope| {
        let ids = scope.studio_ids()?;
        Some(Box::new(mail_templates::studio_id.eq_any(ids.to_vec())))
    }
);

/// Which templates are asked for.
#[derive(Clone, Debug, Default)]
pub struct MailTemplateFilter {
    /// Those in this language.
    pub language: Option<Language>,
    /// Those for this step.
    pub step: Option<ReminderStep>,
    /// Only those that mails use, or only the others.
    pub active: Option<bool>,
}

impl MailTemplate {
    /// Adds words that were checked.
    pub fn add(tx: &mut Tx<'_>, studio_id: StudioId, new: &NewMailTemplate) -> Result<Self> {
        Studio::find_seen(tx, studio_id)?;
        let there: Vec<Self> = mail_templates::table
            .filter(mail_templates::studio_id.eq(studio_id))
            .filter(mail_templates::language.eq(&new.language))
            .select(Self::as_select())
            .load(tx.db)?;
        if let Some(other) = there.iter().find(|other| other.step == new.step) {
            return Err(Error::Refused {
                code: "mail_template_exists",
                detail: format!(
                    "this studio has words for that step and language: change /v1/mail-templates/{}",
                    other.id
                ),
                breaches: vec![FieldError::new(
                    "/step",
                    "taken",
                    "there is one template for each step and language, active or not",
                )],
                conflicts: Vec::new(),
            });
        }
        let now = tx.now();
        let mut template = Self {
            id: MailTemplateId::new(),
            studio_id,
            language: new.language.clone(),
            step: new.step,
            title: None,
            subject: None,
            body: None,
            care: None,
            words: Json(BTreeMap::new()),
            weekdays: None,
            months: None,
            active: true,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        template.say(new.content());
        template.create(tx, "mail_template.added")
    }

    /// Changes a template to what passes the check.
    pub fn change(
        tx: &mut Tx<'_>,
        id: MailTemplateId,
        expected: Option<i64>,
        patch: &MailTemplatePatch,
        check: impl FnOnce(&TemplateContent, Option<ReminderStep>) -> Result<()>,
    ) -> Result<Self> {
        let before = Self::find_seen_for_change(tx, id, expected)?;
        let mut template = before.clone();
        let mut content = template.content();
        patch.apply(&mut content);
        template.say(content);
        patch.active.apply(&mut template.active);
        if template == before {
            return Ok(before);
        }
        check(&template.content(), template.step)?;
        template.save(tx, "mail_template.changed", None)
    }

    /// What it says.
    pub fn content(&self) -> TemplateContent {
        TemplateContent {
            title: self.title.clone(),
            subject: self.subject.clone(),
            body: self.body.clone().map(|list| list.0),
            care: self.care.clone().map(|list| list.0),
            words: self.words.0.clone(),
            weekdays: self.weekdays.clone().map(|list| list.0),
            months: self.months.clone().map(|list| list.0),
        }
    }

    fn say(&mut self, content: TemplateContent) {
        self.title = content.title;
        self.subject = content.subject;
        self.body = content.body.map(Json);
        self.care = content.care.map(Json);
        self.words = Json(content.words);
        self.weekdays = content.weekdays.map(Json);
        self.months = content.months.map(Json);
    }

    /// A page of a studio's templates.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        studio_id: StudioId,
        filter: &MailTemplateFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        Studio::find_in(db, scope, studio_id)?;
        let mut query = mail_templates::table
            .filter(mail_templates::studio_id.eq(studio_id))
            .into_boxed();
        if let Some(language) = &filter.language {
            query = query.filter(mail_templates::language.eq(language.clone()));
        }
        if let Some(step) = filter.step {
            query = query.filter(mail_templates::step.eq(step));
        }
        if let Some(active) = filter.active {
            query = query.filter(mail_templates::active.eq(active));
        }
        load_page!(db, mail_templates, MailTemplate, query, page)
    }

    /// The studio that a preview names, its own words, and the rules that its mails go by.
    pub fn studio_for_preview(
        tx: &mut Tx<'_>,
        id: StudioId,
    ) -> Result<(Studio, Vec<OwnWords>, Vec<ReminderRule>)> {
        let studio = named(Studio::find_seen(tx, id), "/studio_id")?;
        let words = Self::in_use(tx.db, id)?;
        let rules = StoredRule::of_studio(tx.db, id)?;
        Ok((studio, words, rules))
    }

    /// A studio's own words as its mails use them.
    pub fn in_use(db: &mut Db, studio_id: StudioId) -> Result<Vec<OwnWords>> {
        let rows: Vec<Self> = mail_templates::table
            .filter(mail_templates::studio_id.eq(studio_id))
            .filter(mail_templates::active.eq(true))
            .select(Self::as_select())
            .load(db)?;
        Ok(rows
            .into_iter()
            .map(|row| OwnWords {
                content: row.content(),
                language: row.language,
                step: row.step,
            })
            .collect())
    }

    /// Tells staff that a studio's own words couldn't be used, once for each state of them.
    pub fn report_failure(
        tx: &mut Tx<'_>,
        studio_id: StudioId,
        language: &str,
        kind: &str,
        step: Option<ReminderStep>,
    ) -> Result<()> {
        let newest: Option<i64> = mail_templates::table
            .filter(mail_templates::studio_id.eq(studio_id))
            .select(diesel::dsl::max(mail_templates::change))
            .get_result(tx.db)?;
        let newest = newest.unwrap_or_default();
        let mut detail = Map::new();
        detail.insert("language".into(), language.into());
        detail.insert("mail_kind".into(), kind.into());
        if let Some(step) = step {
            detail.insert("step".into(), step.as_str().into());
        }
        let about = step.map_or(kind, |step| step.as_str());
        let task = NewTask {
            studio_id,
            kind: TaskKind::MailTemplateFailed,
            dedupe_key: format!("mail_template_failed:{studio_id}:{about}:{language}:{newest}"),
            client_id: None,
            plan_id: None,
            session_id: None,
            mail_id: None,
            detail,
            due_at: tx.now(),
        };
        Task::open(tx, task).map(drop)
    }
}
