//! The table of routes: each line puts a handler, with its own documentation, at its path.

use actix_web::dev::HttpServiceFactory;
use actix_web::{guard, web};
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::handlers::{
    api_keys, assessments, audit, availability, calendar_feeds, client_export, client_removal,
    clients, lots, mail_templates, operations, pigment_records, plan_templates, plans,
    practitioners, products, reminders, safety_notices, session_actions, sessions, studios, tasks,
    timeline,
};
use crate::pages::{appointment, client};
use crate::request::BODY_LIMIT;

/// Who takes the routes in: the contract, once, and the server, in each of its threads.
///
/// They are apart because making the contract leaves megabytes behind in the thread that does it.
pub(crate) trait Register {
    /// Takes in a handler.
    fn add<F>(&mut self, handler: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static;

    /// Takes in handlers whose paths all begin with this one, so that other requests needn't try them.
    fn under(&mut self, prefix: &'static str, routes: impl FnOnce(&mut Self)) -> &mut Self;
}

impl Register for ServiceConfig<'_> {
    fn add<F>(&mut self, handler: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        self.service(handler)
    }

    fn under(&mut self, _: &'static str, routes: impl FnOnce(&mut Self)) -> &mut Self {
        routes(self);
        self
    }
}

impl Register for web::ServiceConfig {
    fn add<F>(&mut self, handler: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        self.service(handler)
    }

    fn under(&mut self, prefix: &'static str, routes: impl FnOnce(&mut Self)) -> &mut Self {
        // The scope itself takes nothing off the path: handlers name theirs whole.
        let scope = web::scope("")
            .guard(guard::fn_guard(move |context| {
                is_under(prefix, context.head().uri.path())
            }))
            .configure(routes);
        self.service(scope)
    }
}

fn is_under(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// All of `/v1`.
pub(crate) fn v1(config: &mut impl Register) {
    config
        .under("/v1/studios", |routes| {
            routes
                .add(studios::open_studio)
                .add(studios::list_studios)
                .add(studios::get_studio)
                .add(studios::change_studio)
                .add(studios::add_room)
                .add(studios::list_rooms)
                .add(studios::get_room)
                .add(studios::change_room)
                .add(mail_templates::add_mail_template)
                .add(mail_templates::list_mail_templates)
                .add(reminders::list_reminder_rules);
        })
        .under("/v1/practitioners", |routes| {
            routes
                .add(practitioners::add_practitioner)
                .add(practitioners::list_practitioners)
                .add(practitioners::get_practitioner)
                .add(practitioners::change_practitioner)
                .add(practitioners::reassign_sessions)
                .add(practitioners::enter_time_off)
                .add(practitioners::list_time_off)
                .add(practitioners::take_back_time_off);
        })
        .under("/v1/clients", |routes| {
            routes
                .add(clients::register_client)
                .add(clients::list_clients)
                .add(clients::search_clients)
                .add(clients::get_client)
                .add(clients::change_client)
                .add(client_removal::remove_client)
                .add(client_removal::restore_client)
                .add(client_removal::erase_client)
                .add(clients::list_contact_consents)
                .add(clients::show_client_attendance)
                .add(timeline::show_client_timeline)
                .add(client_export::export_client);
        })
        .under("/v1/plan-templates", |routes| {
            routes
                .add(plan_templates::add_plan_template)
                .add(plan_templates::list_plan_templates)
                .add(plan_templates::get_plan_template)
                .add(plan_templates::change_plan_template);
        })
        .under("/v1/assessments", |routes| {
            routes
                .add(assessments::record_assessment)
                .add(assessments::list_assessments)
                .add(assessments::get_assessment)
                .add(assessments::change_assessment);
        })
        .under("/v1/plans", |routes| {
            routes
                .add(plans::open_plan)
                .add(plans::list_plans)
                .add(plans::get_plan)
                .add(plans::change_plan)
                .add(plans::close_plan)
                .add(plans::add_plan_session)
                .add(plans::list_plan_sessions)
                .add(timeline::show_plan_overview)
                .add(session_actions::book_series);
        })
        .under("/v1/api-keys", |routes| {
            routes
                .add(api_keys::make_api_key)
                .add(api_keys::list_api_keys)
                .add(api_keys::get_api_key)
                .add(api_keys::rotate_api_key)
                .add(api_keys::revoke_api_key);
        })
        .under("/v1/calendar-feeds", |routes| {
            routes
                .add(calendar_feeds::make_calendar_feed)
                .add(calendar_feeds::list_calendar_feeds)
                .add(calendar_feeds::get_calendar_feed)
                .add(calendar_feeds::revoke_calendar_feed);
        })
        .under("/v1/me", |routes| {
            routes.add(api_keys::who_am_i);
        })
        .under("/v1/products", |routes| {
            routes
                .add(products::add_product)
                .add(products::list_products)
                .add(products::get_product)
                .add(products::change_product)
                .add(products::list_product_uses);
        })
        .under("/v1/lots", |routes| {
            routes
                .add(lots::add_lot)
                .add(lots::list_lots)
                .add(lots::get_lot)
                .add(lots::change_lot)
                .add(lots::list_lot_uses);
        })
        .under("/v1/safety-notices", |routes| {
            routes
                .add(safety_notices::draft_safety_notice)
                .add(safety_notices::list_safety_notices)
                .add(safety_notices::get_safety_notice)
                .add(safety_notices::show_safety_notice_progress)
                .add(safety_notices::send_safety_notice)
                .add(safety_notices::withdraw_safety_notice)
                .add(safety_notices::list_safety_notice_recipients);
        })
        .under("/v1/safety-notice-recipients", |routes| {
            routes
                .add(safety_notices::get_safety_notice_recipient)
                .add(safety_notices::note_safety_notice_told);
        })
        .under("/v1/pigment-records", |routes| {
            routes
                .add(pigment_records::record_pigment)
                .add(pigment_records::list_pigment_records)
                .add(pigment_records::get_pigment_record)
                .add(pigment_records::amend_pigment_record)
                .add(pigment_records::void_pigment_record)
                .add(pigment_records::judge_healed_work);
        })
        .under("/v1/tasks", |routes| {
            routes
                .add(tasks::list_tasks)
                .add(tasks::get_task)
                .add(tasks::close_task);
        })
        .under("/v1/sessions", |routes| {
            routes
                .add(sessions::arrange_session)
                .add(sessions::list_sessions)
                .add(sessions::get_session)
                .add(sessions::change_session)
                .add(sessions::list_session_history)
                .add(session_actions::book_session)
                .add(session_actions::reschedule_session)
                .add(session_actions::confirm_session)
                .add(session_actions::check_in_session)
                .add(session_actions::complete_session)
                .add(session_actions::cancel_session)
                .add(session_actions::miss_session)
                .add(session_actions::revert_session);
        })
        .under("/v1/audit-events", |routes| {
            routes
                .add(audit::list_audit_events)
                .add(audit::export_audit_events);
        })
        .under("/v1/access-events", |routes| {
            routes.add(audit::list_access_events);
        })
        .under("/v1/availability", |routes| {
            routes.add(availability::list_availability);
        })
        .under("/v1/mail-templates", |routes| {
            routes
                .add(mail_templates::get_mail_template)
                .add(mail_templates::change_mail_template);
        })
        .under("/v1/mail-previews", |routes| {
            routes.add(mail_templates::preview_mail);
        })
        .under("/v1/mail-words", |routes| {
            routes.add(mail_templates::get_mail_words);
        })
        .under("/v1/reminders", |routes| {
            routes
                .add(reminders::list_reminders)
                .add(reminders::get_reminder)
                .add(reminders::cancel_reminder)
                .add(reminders::requeue_reminder)
                .add(reminders::send_reminder_now)
                .add(reminders::preview_reminder);
        })
        .under("/v1/reminder-rules", |routes| {
            routes
                .add(reminders::get_reminder_rule)
                .add(reminders::change_reminder_rule);
        });
}

/// What the links in mails and in calendar programs open: the secret in the address is the key.
pub(crate) fn by_link(config: &mut impl Register) {
    config
        .under("/my", |routes| {
            routes
                .add(appointment::see_appointment_page)
                .add(appointment::confirm_appointment_page)
                .add(appointment::see_move_page)
                .add(appointment::move_appointment_page)
                .add(appointment::see_cancel_page)
                .add(appointment::cancel_appointment_page)
                .add(appointment::read_safety_notice_page)
                .add(appointment::see_advice_page)
                .add(client::see_mails_page)
                .add(client::choose_mails_page)
                .add(client::see_wrong_person_page)
                .add(client::note_wrong_person_page)
                .add(client::see_report_page)
                .add(client::send_report_page)
                .add(client::see_unsubscribe_page)
                .add(client::unsubscribe_page)
                .add(client::send_fresh_link);
        })
        .under("/calendars", |routes| {
            routes.add(calendar_feeds::fetch_calendar);
        });
}

/// What those who run the server ask.
pub(crate) fn operations(config: &mut impl Register) {
    config
        .add(operations::livez)
        .add(operations::readyz)
        .add(operations::metrics);
}

/// Limits that hold for all of them.
pub(crate) fn limits() -> web::PayloadConfig {
    web::PayloadConfig::new(BODY_LIMIT)
}
