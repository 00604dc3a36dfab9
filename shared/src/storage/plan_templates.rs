//! Plan templates.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::columns::Json;
use super::paging::{Page, PageRequest, load_page, resource};
use super::schema::plan_templates;
use super::{Db, Tx};
use crate::domain::gap::Gap;
use crate::domain::plan::Outline;
use crate::domain::plan_template::{NewPlanTemplate, PlanTemplatePatch, check_gap_count};
use crate::domain::template::{default_gaps, default_templates};
use crate::domain::text::{Name, Note};
use crate::domain::{Indication, Instant, PlanTemplateId};
use crate::error::{Error, Result};

/// What plans for one indication usually look like.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = plan_templates, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PlanTemplate {
    /// Its id.
    pub id: PlanTemplateId,
    /// Its name.
    pub name: Name,
    /// What it's for.
    pub indication: Indication,
    /// How many treatment sessions.
    pub treatment_sessions: i32,
    /// How long a session takes.
    pub session_minutes: i32,
    /// The gaps between them, one fewer than there are sessions.
    #[schema(value_type = Vec<Gap>)]
    pub gaps: Json<Vec<Gap>>,
    /// Where the figures come from.
    pub source: Option<Note>,
    /// Whether plans can be opened with it.
    pub active: bool,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was created.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(
    plan_templates,
    PlanTemplate,
    PlanTemplateId,
    "plan_template"
);

/// Which templates are asked for.
#[derive(Clone, Debug, Default)]
pub struct PlanTemplateFilter {
    /// Those for this indication.
    pub indication: Option<Indication>,
    /// Only those that plans can be opened with, or only the others.
    pub active: Option<bool>,
}

impl PlanTemplate {
    /// Adds a template.
    pub fn add(tx: &mut Tx<'_>, new: &NewPlanTemplate) -> Result<Self> {
        let treatment_sessions = new.treatment_sessions.get();
        let gaps = match &new.gaps {
            Some(gaps) => gaps.clone(),
            None => default_gaps(treatment_sessions),
        };
        check_gap_count(&gaps, treatment_sessions)?;
        let now = tx.now();
        let template = Self {
            id: PlanTemplateId::new(),
            name: new.name.clone(),
            indication: new.indication,
            treatment_sessions: treatment_sessions.into(),
            session_minutes: new.session_minutes.get().into(),
            gaps: Json(gaps),
            source: new.source.clone(),
            active: true,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        template.create(tx, "plan_template.added")
    }

    /// Adds the templates that an organisation starts with, where there are none at all, and says how many.
    pub fn ensure_defaults(tx: &mut Tx<'_>) -> Result<usize> {
        let there: i64 = plan_templates::table.count().get_result(tx.db)?;
        if there > 0 {
            return Ok(0);
        }
        let now = tx.now();
        let templates = default_templates();
        for template in &templates {
            Self {
                id: PlanTemplateId::new(),
                name: Name::literal(template.name),
                indication: template.indication,
                treatment_sessions: template.treatment_sessions.into(),
                session_minutes: template.session_minutes.into(),
                gaps: Json(template.gaps.clone()),
                source: Some(Note::parse(&template.source).map_err(Error::internal)?),
                active: true,
                version: 0,
                change: 0,
                created_at: now,
                updated_at: now,
            }
            .create(tx, "plan_template.added")?;
        }
        Ok(templates.len())
    }

    /// Changes a template.
    pub fn change(
        tx: &mut Tx<'_>,
        id: PlanTemplateId,
        expected: Option<i64>,
        patch: &PlanTemplatePatch,
    ) -> Result<Self> {
        let before = Self::find_for_change(tx.db, id, expected)?;
        let mut template = before.clone();
        patch.name.apply(&mut template.name);
        patch.indication.apply(&mut template.indication);
        if let Some(sessions) = patch.treatment_sessions.value() {
            template.treatment_sessions = sessions.get().into();
        }
        if let Some(minutes) = patch.session_minutes.value() {
            template.session_minutes = minutes.get().into();
        }
        if let Some(gaps) = patch.gaps.value() {
            template.gaps = Json(gaps.clone());
        }
        patch.active.apply(&mut template.active);
        patch.source.apply(&mut template.source);
        if template == before {
            return Ok(before);
        }
        check_gap_count(&template.gaps, template.outline()?.treatment_sessions)?;
        template.save(tx, "plan_template.changed", None)
    }

    /// A page of templates.
    pub fn list(
        db: &mut Db,
        filter: &PlanTemplateFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = plan_templates::table.into_boxed();
        if let Some(indication) = filter.indication {
            query = query.filter(plan_templates::indication.eq(indication));
        }
        if let Some(active) = filter.active {
            query = query.filter(plan_templates::active.eq(active));
        }
        load_page!(db, plan_templates, PlanTemplate, query, page)
    }

    /// What a plan that is opened with it looks like.
    pub fn outline(&self) -> Result<Outline> {
        Ok(Outline {
            indication: self.indication,
            treatment_sessions: u8::try_from(self.treatment_sessions).map_err(Error::internal)?,
            session_minutes: u16::try_from(self.session_minutes).map_err(Error::internal)?,
            gaps: self.gaps.0.clone(),
        })
    }
}
