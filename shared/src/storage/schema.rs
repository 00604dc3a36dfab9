//! The tables, kept by hand and compared with both engines by a test.

#![expect(
    missing_docs,
    reason = "the migration says what each table and column is for"
)]

use diesel::allow_tables_to_appear_in_same_query;
use diesel::table;

table! {
    change_sequence (id) {
        id -> Integer,
        value -> BigInt,
    }
}

table! {
    schema_facts (id) {
        id -> Integer,
        oldest_release -> Text,
        is_demo -> Bool,
    }
}

table! {
    api_keys (id) {
        id -> Binary,
        name -> Text,
        role -> Text,
        secret_hash -> Binary,
        practitioner_id -> Nullable<Binary>,
        studio_ids -> Nullable<Text>,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        own_clients_only -> Bool,
        previous_secret_hash -> Nullable<Binary>,
        previous_ends_at -> Nullable<BigInt>,
    }
}

table! {
    api_key_studios (key_id, studio_id) {
        key_id -> Binary,
        studio_id -> Binary,
    }
}

table! {
    idempotency_records (principal, method, path, key) {
        principal -> Text,
        method -> Text,
        path -> Text,
        key -> Text,
        body_hash -> Binary,
        status -> Integer,
        headers -> Text,
        body -> Binary,
        created_at -> BigInt,
    }
}

table! {
    audit_events (sequence) {
        sequence -> BigInt,
        at -> BigInt,
        actor_kind -> Text,
        actor_id -> Nullable<Text>,
        source -> Nullable<Text>,
        request_id -> Nullable<Text>,
        action -> Text,
        entity_kind -> Text,
        entity_id -> Binary,
        reason -> Nullable<Text>,
        salt -> Binary,
        detail_digest -> Binary,
        hash -> Binary,
    }
}

table! {
    audit_details (sequence) {
        sequence -> BigInt,
        before_change -> Nullable<Text>,
        after_change -> Nullable<Text>,
    }
}

table! {
    studios (id) {
        id -> Binary,
        external_id -> Nullable<Text>,
        name -> Text,
        sender_name -> Text,
        service_label -> Text,
        time_zone -> Text,
        language -> Text,
        address -> Nullable<Text>,
        telephone -> Nullable<Text>,
        email -> Nullable<Text>,
        jurisdiction -> Nullable<Text>,
        opening_hours -> Text,
        quiet_hours -> Nullable<Text>,
        cancellation_cutoff_hours -> Integer,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        client_may_move -> Bool,
        digest_email -> Nullable<Text>,
        unconfirmed_task_hours -> Integer,
        closed_days -> Text,
    }
}

table! {
    rooms (id) {
        id -> Binary,
        studio_id -> Binary,
        name -> Text,
        active -> Bool,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    practitioners (id) {
        id -> Binary,
        external_id -> Nullable<Text>,
        name -> Text,
        licence_number -> Nullable<Text>,
        email -> Nullable<Text>,
        active -> Bool,
        buffer_minutes -> Integer,
        working_hours -> Text,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    time_off (id) {
        id -> Binary,
        practitioner_id -> Binary,
        starts_at -> BigInt,
        ends_at -> BigInt,
        note -> Nullable<Text>,
        deleted_at -> Nullable<BigInt>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    clients (id) {
        id -> Binary,
        external_id -> Nullable<Text>,
        studio_id -> Binary,
        given_name -> Text,
        family_name -> Text,
        preferred_name -> Nullable<Text>,
        email -> Nullable<Text>,
        email_state -> Text,
        telephone -> Nullable<Text>,
        date_of_birth -> Nullable<Date>,
        language -> Nullable<Text>,
        service_mail -> Bool,
        marketing_mail -> Bool,
        care_advice_in_mail -> Bool,
        notes -> Nullable<Text>,
        deleted_at -> Nullable<BigInt>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        link_generation -> BigInt,
        erased_at -> Nullable<BigInt>,
    }
}

table! {
    client_search_words (word, client_id) {
        word -> Text,
        client_id -> Binary,
        studio_marks -> BigInt,
    }
}

table! {
    clients_without_words (client_id) {
        client_id -> Binary,
    }
}

table! {
    contact_consents (id) {
        id -> Binary,
        client_id -> Binary,
        purpose -> Text,
        granted -> Bool,
        source -> Text,
        at -> BigInt,
    }
}

table! {
    plan_templates (id) {
        id -> Binary,
        name -> Text,
        indication -> Text,
        treatment_sessions -> Integer,
        session_minutes -> Integer,
        gaps -> Text,
        source -> Nullable<Text>,
        active -> Bool,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    assessments (id) {
        id -> Binary,
        external_id -> Nullable<Text>,
        client_id -> Binary,
        studio_id -> Binary,
        practitioner_id -> Binary,
        session_id -> Nullable<Binary>,
        indication -> Text,
        norwood -> Nullable<Text>,
        ludwig -> Nullable<Text>,
        savin -> Nullable<Text>,
        salt -> Nullable<Text>,
        fitzpatrick -> Nullable<Text>,
        skin_tone -> Nullable<Text>,
        undertone -> Nullable<Text>,
        scalp_type -> Nullable<Text>,
        hair_colour -> Nullable<Text>,
        hair_texture -> Nullable<Text>,
        scars -> Nullable<Text>,
        goals -> Nullable<Text>,
        notes -> Nullable<Text>,
        expectations -> Text,
        occurred_at -> BigInt,
        recorded_at -> BigInt,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    plans (id) {
        id -> Binary,
        external_id -> Nullable<Text>,
        client_id -> Binary,
        studio_id -> Binary,
        practitioner_id -> Nullable<Binary>,
        template_id -> Nullable<Binary>,
        assessment_id -> Nullable<Binary>,
        indication -> Text,
        state -> Text,
        state_reason -> Nullable<Text>,
        treatment_sessions -> Integer,
        more_sessions_reason -> Nullable<Text>,
        session_minutes -> Integer,
        gaps -> Text,
        notes -> Nullable<Text>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    sessions (id) {
        id -> Binary,
        external_id -> Nullable<Text>,
        studio_id -> Binary,
        client_id -> Binary,
        plan_id -> Nullable<Binary>,
        ordinal -> Nullable<Integer>,
        replaces_session_id -> Nullable<Binary>,
        kind -> Text,
        state -> Text,
        practitioner_id -> Nullable<Binary>,
        room_id -> Nullable<Binary>,
        duration_minutes -> Integer,
        starts_at -> Nullable<BigInt>,
        ends_at -> Nullable<BigInt>,
        blocked_until -> Nullable<BigInt>,
        schedule_version -> BigInt,
        overlap_reason -> Nullable<Text>,
        overrides -> Text,
        nonconformities -> Text,
        booked_at -> Nullable<BigInt>,
        confirmed_at -> Nullable<BigInt>,
        arrived_at -> Nullable<BigInt>,
        completed_at -> Nullable<BigInt>,
        completion -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
        ended_by -> Nullable<Text>,
        end_reason -> Nullable<Text>,
        recorded_at -> Nullable<BigInt>,
        notes -> Nullable<Text>,
        clinical_notes -> Nullable<Text>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        cancelled_late -> Nullable<Bool>,
    }
}

table! {
    safety_notices (id) {
        id -> Binary,
        product_id -> Binary,
        lot_id -> Nullable<Binary>,
        include_possible -> Bool,
        reference -> Nullable<Text>,
        reason -> Text,
        message -> Text,
        state -> Text,
        sent_at -> Nullable<BigInt>,
        withdrawn_at -> Nullable<BigInt>,
        withdrawn_reason -> Nullable<Text>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    safety_notice_recipients (id) {
        id -> Binary,
        notice_id -> Binary,
        client_id -> Binary,
        studio_id -> Binary,
        session_id -> Binary,
        certainty -> Text,
        state -> Text,
        state_reason -> Nullable<Text>,
        attempts -> Integer,
        mail_id -> Nullable<Binary>,
        told_how -> Nullable<Text>,
        told_at -> Nullable<BigInt>,
        note -> Nullable<Text>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    session_transitions (id) {
        id -> Binary,
        session_id -> Binary,
        action -> Text,
        from_state -> Text,
        to_state -> Text,
        reason -> Nullable<Text>,
        actor -> Text,
        occurred_at -> BigInt,
        recorded_at -> BigInt,
        snapshot_before -> Text,
        reverted -> Bool,
    }
}

table! {
    products (id) {
        id -> Binary,
        external_id -> Nullable<Text>,
        kind -> Text,
        maker -> Text,
        brand -> Text,
        shade -> Nullable<Text>,
        period_after_opening_days -> Nullable<Integer>,
        label -> Text,
        notes -> Nullable<Text>,
        active -> Bool,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        name_key -> Nullable<Text>,
    }
}

table! {
    lots (id) {
        id -> Binary,
        external_id -> Nullable<Text>,
        product_id -> Binary,
        code -> Nullable<Text>,
        no_code_reason -> Nullable<Text>,
        batch_code -> Nullable<Text>,
        expires_on -> Nullable<Date>,
        expiry_precision -> Nullable<Text>,
        supplier -> Nullable<Text>,
        invoice_reference -> Nullable<Text>,
        received_on -> Nullable<Date>,
        state -> Text,
        state_reason -> Nullable<Text>,
        notes -> Nullable<Text>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        code_key -> Nullable<Text>,
        batch_code_key -> Nullable<Text>,
        opened_on -> Nullable<Date>,
    }
}

table! {
    pigment_records (id) {
        id -> Binary,
        external_id -> Nullable<Text>,
        session_id -> Binary,
        client_id -> Binary,
        studio_id -> Binary,
        practitioner_id -> Binary,
        licence_number -> Nullable<Text>,
        zones -> Text,
        mix -> Text,
        needle -> Nullable<Text>,
        anaesthetic -> Nullable<Text>,
        machine -> Nullable<Text>,
        speed_hertz -> Nullable<Integer>,
        label_information_given_at -> Nullable<BigInt>,
        reactions -> Nullable<Text>,
        notes -> Nullable<Text>,
        nonconformities -> Text,
        amends_record_id -> Nullable<Binary>,
        amend_reason -> Nullable<Text>,
        amended_by_record_id -> Nullable<Binary>,
        voided_at -> Nullable<BigInt>,
        void_reason -> Nullable<Text>,
        healed_as -> Nullable<Text>,
        occurred_at -> BigInt,
        recorded_at -> BigInt,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    pigment_record_lots (record_id, position) {
        record_id -> Binary,
        position -> Integer,
        kind -> Text,
        product_id -> Nullable<Binary>,
        lot_id -> Nullable<Binary>,
    }
}

table! {
    reminder_rules (id) {
        id -> Binary,
        studio_id -> Binary,
        step -> Text,
        channel -> Text,
        session_kinds -> Text,
        timing -> Text,
        enabled -> Bool,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    mail_templates (id) {
        id -> Binary,
        studio_id -> Binary,
        language -> Text,
        step -> Nullable<Text>,
        title -> Nullable<Text>,
        subject -> Nullable<Text>,
        body -> Nullable<Text>,
        care -> Nullable<Text>,
        words -> Text,
        weekdays -> Nullable<Text>,
        months -> Nullable<Text>,
        active -> Bool,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    mails (id) {
        id -> Binary,
        studio_id -> Binary,
        client_id -> Nullable<Binary>,
        session_id -> Nullable<Binary>,
        kind -> Text,
        dedupe_key -> Text,
        state -> Text,
        state_reason -> Nullable<Text>,
        not_before -> BigInt,
        useful_until -> BigInt,
        lease_token -> Nullable<Binary>,
        lease_until -> BigInt,
        handover_started_at -> Nullable<BigInt>,
        possibly_delivered -> Bool,
        attempts -> Integer,
        message_id -> Text,
        content -> Nullable<Text>,
        finished_at -> Nullable<BigInt>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    mail_attempts (mail_id, number) {
        mail_id -> Binary,
        number -> Integer,
        started_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        outcome -> Text,
        phase -> Nullable<Text>,
        smtp_code -> Nullable<Integer>,
    }
}

table! {
    reminders (id) {
        id -> Binary,
        studio_id -> Binary,
        client_id -> Binary,
        session_id -> Binary,
        plan_id -> Nullable<Binary>,
        step -> Text,
        channel -> Text,
        anchor -> Text,
        schedule_version -> BigInt,
        state -> Text,
        state_reason -> Nullable<Text>,
        due_at -> BigInt,
        useful_until -> BigInt,
        mail_id -> Nullable<Binary>,
        finished_at -> Nullable<BigInt>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        session_starts_at -> Nullable<BigInt>,
        session_ends_at -> Nullable<BigInt>,
        answers_client -> Bool,
        sent_before_at -> Nullable<BigInt>,
    }
}

table! {
    tasks (id) {
        id -> Binary,
        studio_id -> Binary,
        kind -> Text,
        state -> Text,
        dedupe_key -> Text,
        client_id -> Nullable<Binary>,
        plan_id -> Nullable<Binary>,
        session_id -> Nullable<Binary>,
        mail_id -> Nullable<Binary>,
        detail -> Text,
        due_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        resolution -> Nullable<Text>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        note -> Nullable<Text>,
        clinical_note -> Nullable<Text>,
    }
}

table! {
    calendar_feeds (id) {
        id -> Binary,
        name -> Text,
        studio_id -> Nullable<Binary>,
        practitioner_id -> Nullable<Binary>,
        secret_hash -> Binary,
        revoked_at -> Nullable<BigInt>,
        version -> BigInt,
        change -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    access_events (id) {
        id -> Binary,
        at -> BigInt,
        key_id -> Binary,
        client_id -> Binary,
        kind -> Text,
        source -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
}

table! {
    worker_status (id) {
        id -> Text,
        last_tick_at -> BigInt,
        paused_until -> Nullable<BigInt>,
        alarm -> Nullable<Text>,
    }
}

table! {
    sending_rate (id) {
        id -> Integer,
        used_until_micros -> BigInt,
    }
}

allow_tables_to_appear_in_same_query!(
    access_events,
    api_key_studios,
    api_keys,
    assessments,
    audit_details,
    audit_events,
    calendar_feeds,
    change_sequence,
    client_search_words,
    clients,
    clients_without_words,
    contact_consents,
    idempotency_records,
    lots,
    mail_attempts,
    mail_templates,
    mails,
    pigment_record_lots,
    pigment_records,
    plan_templates,
    plans,
    practitioners,
    products,
    reminder_rules,
    reminders,
    rooms,
    safety_notice_recipients,
    safety_notices,
    schema_facts,
    sending_rate,
    session_transitions,
    sessions,
    studios,
    tasks,
    time_off,
    worker_status,
);
