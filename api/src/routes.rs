//! The table of routes: each line puts a handler, with its own documentation, at its path.

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::handlers::{
    api_keys, assessments, availability, clients, lots, operations, pigment_records,
    plan_templates, plans, practitioners, products, reminders, session_actions, sessions, studios,
    tasks,
};
use crate::request::BODY_LIMIT;

/// All of `/v1`.
pub(crate) fn v1(config: &mut ServiceConfig<'_>) {
    config
        .service(studios::open_studio)
        .service(studios::list_studios)
        .service(studios::get_studio)
        .service(studios::change_studio)
        .service(studios::add_room)
        .service(studios::list_rooms)
        .service(studios::get_room)
        .service(studios::change_room)
        .service(practitioners::add_practitioner)
        .service(practitioners::list_practitioners)
        .service(practitioners::get_practitioner)
        .service(practitioners::change_practitioner)
        .service(practitioners::enter_time_off)
        .service(practitioners::list_time_off)
        .service(practitioners::take_back_time_off)
        .service(clients::register_client)
        .service(clients::list_clients)
        .service(clients::get_client)
        .service(clients::change_client)
        .service(clients::list_contact_consents)
        .service(plan_templates::add_plan_template)
        .service(plan_templates::list_plan_templates)
        .service(plan_templates::get_plan_template)
        .service(plan_templates::change_plan_template)
        .service(assessments::record_assessment)
        .service(assessments::list_assessments)
        .service(assessments::get_assessment)
        .service(assessments::change_assessment)
        .service(plans::open_plan)
        .service(plans::list_plans)
        .service(plans::get_plan)
        .service(plans::change_plan)
        .service(plans::close_plan)
        .service(plans::add_plan_session)
        .service(plans::list_plan_sessions)
        .service(api_keys::make_api_key)
        .service(api_keys::list_api_keys)
        .service(api_keys::get_api_key)
        .service(api_keys::revoke_api_key)
        .service(api_keys::who_am_i)
        .service(products::add_product)
        .service(products::list_products)
        .service(products::get_product)
        .service(products::change_product)
        .service(products::list_product_uses)
        .service(lots::add_lot)
        .service(lots::list_lots)
        .service(lots::get_lot)
        .service(lots::change_lot)
        .service(lots::list_lot_uses)
        .service(pigment_records::record_pigment)
        .service(pigment_records::list_pigment_records)
        .service(pigment_records::get_pigment_record)
        .service(pigment_records::amend_pigment_record)
        .service(pigment_records::void_pigment_record)
        .service(pigment_records::judge_healed_work)
        .service(tasks::list_tasks)
        .service(tasks::get_task)
        .service(tasks::close_task)
        .service(sessions::arrange_session)
        .service(sessions::list_sessions)
        .service(sessions::get_session)
        .service(sessions::change_session)
        .service(sessions::list_session_history)
        .service(session_actions::book_session)
        .service(session_actions::reschedule_session)
        .service(session_actions::confirm_session)
        .service(session_actions::check_in_session)
        .service(session_actions::complete_session)
        .service(session_actions::cancel_session)
        .service(session_actions::miss_session)
        .service(session_actions::revert_session)
        .service(session_actions::book_series)
        .service(availability::list_availability)
        .service(reminders::list_reminders)
        .service(reminders::get_reminder)
        .service(reminders::list_reminder_rules)
        .service(reminders::get_reminder_rule)
        .service(reminders::change_reminder_rule);
}

/// What those who run the server ask.
pub(crate) fn operations(config: &mut ServiceConfig<'_>) {
    config
        .service(operations::livez)
        .service(operations::readyz)
        .service(operations::metrics);
}

/// Limits that hold for all of them.
pub(crate) fn limits() -> web::PayloadConfig {
    web::PayloadConfig::new(BODY_LIMIT)
}
