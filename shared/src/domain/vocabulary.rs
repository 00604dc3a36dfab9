//! The closed vocabularies: one word for each thing, the same on the wire and in the database. An assessment's
//! grades stand in `scales.rs`.

use super::text_enum::text_enums;

text_enums! {
    /// What a session is for.
    SessionKind {
        /// The talk in which the plan is decided.
        Consultation = "consultation",
        /// A substance is tried on the skin.
        PatchTest = "patch_test",
        /// Pigment is placed, as the plan says.
        Treatment = "treatment",
        /// Pigment is placed to freshen what is there.
        TouchUp = "touch_up",
        /// Somebody looks at what has healed.
        Review = "review",
    }

    /// Where a session stands.
    SessionState {
        /// It has a place in a plan, and no time yet.
        Planned = "planned",
        /// It has a time and a practitioner.
        Booked = "booked",
        /// The client has said yes to the time.
        Confirmed = "confirmed",
        /// The client is here.
        Arrived = "arrived",
        /// It took place.
        Completed = "completed",
        /// It was called off.
        Cancelled = "cancelled",
        /// The client did not come.
        NoShow = "no_show",
    }

    /// How much of a session was done.
    Completion {
        /// All that was meant.
        Full = "full",
        /// A part; the rest needs another session.
        Partial = "partial",
    }

    /// Who called a session off.
    EndedBy {
        /// The client.
        Client = "client",
        /// The studio.
        Studio = "studio",
    }

    /// Where a plan stands.
    PlanState {
        /// Sessions are still to come.
        Open = "open",
        /// All sessions took place.
        Completed = "completed",
        /// Ended before all sessions took place.
        Closed = "closed",
    }

    /// Why a client comes.
    Indication {
        /// Hair is thin all over.
        GeneralThinning = "general_thinning",
        /// The hairline has moved back.
        RecedingHairline = "receding_hairline",
        /// Little or no hair is left.
        FullLoss = "full_loss",
        /// Patches without hair.
        AlopeciaAreata = "alopecia_areata",
        /// A scar to cover.
        Scar = "scar",
        /// More density after a transplant.
        DensityAfterTransplant = "density_after_transplant",
        /// Earlier work, here or elsewhere, to freshen.
        TouchUpOfEarlierWork = "touch_up_of_earlier_work",
    }

    /// A part of the scalp that is treated.
    Zone {
        /// The line at the front.
        Hairline = "hairline",
        /// The sides of the front.
        Temples = "temples",
        /// Between hairline and crown.
        MidScalp = "mid_scalp",
        /// The vertex.
        Crown = "crown",
        /// The sides, to the fade.
        Sides = "sides",
        /// The back.
        Occipital = "occipital",
        /// A scar, wherever it lies.
        Scar = "scar",
    }

    /// What a product is.
    ProductKind {
        /// What colours the skin.
        Pigment = "pigment",
        /// What a pigment is thinned with.
        Diluent = "diluent",
        /// What carries the pigment in.
        Needle = "needle",
        /// What numbs the skin.
        Anaesthetic = "anaesthetic",
    }

    /// Whether a lot may be used.
    LotState {
        /// It may.
        Available = "available",
        /// It is held back until somebody decides.
        Quarantined = "quarantined",
        /// The maker or an authority has called it back.
        Recalled = "recalled",
        /// It is gone.
        Discarded = "discarded",
    }

    /// How exactly an expiry is printed.
    ExpiryPrecision {
        /// A day.
        Day = "day",
        /// A month; usable through its last day.
        Month = "month",
    }

    /// What is known of an address.
    EmailState {
        /// Nothing was sent or answered yet.
        Unverified = "unverified",
        /// Somebody answered from it or through it.
        Ok = "ok",
        /// Mail comes back.
        Bounced = "bounced",
        /// Somebody else reads it.
        WrongPerson = "wrong_person",
    }

    /// What a client may be sent mail for.
    ConsentPurpose {
        /// What a booked service needs.
        ServiceMail = "service_mail",
        /// What nobody asked for.
        MarketingMail = "marketing_mail",
        /// Advice that says what was done.
        CareAdviceInMail = "care_advice_in_mail",
    }

    /// What a key may do.
    Role {
        /// Everything.
        Owner = "owner",
        /// Treat, and record it.
        Practitioner = "practitioner",
        /// Book, and look after clients' contact data.
        FrontDesk = "front_desk",
        /// Read, and nothing else.
        Auditor = "auditor",
    }

    /// How a client is reached.
    Channel {
        /// By e-mail.
        Email = "email",
    }

    /// What a reminder is for.
    ReminderStep {
        /// Says what was booked.
        BookingConfirmation = "booking_confirmation",
        /// Says what to do beforehand.
        Preparation = "preparation",
        /// Asks the client to confirm or to move.
        ConfirmRequest = "confirm_request",
        /// The last word before the session.
        FinalReminder = "final_reminder",
        /// Care on the day itself.
        AftercareDay0 = "aftercare_day_0",
        /// Care on the fourth day after.
        AftercareDay4 = "aftercare_day_4",
        /// Care on the tenth day after.
        AftercareDay10 = "aftercare_day_10",
        /// A look at what has healed.
        AftercareDay30 = "aftercare_day_30",
        /// The next session may be booked from now on.
        BookNextOpens = "book_next_opens",
        /// The time for the next session is running out.
        BookNextClosing = "book_next_closing",
        /// Says where the session was moved to.
        MovedNotice = "moved_notice",
        /// Says that the session is off.
        CancelledNotice = "cancelled_notice",
        /// Invites to freshen up, years after the last work.
        TouchUpInvitation = "touch_up_invitation",
    }

    /// Where a reminder stands.
    ReminderState {
        /// Waits for its time.
        Scheduled = "scheduled",
        /// Is being handed over.
        Leased = "leased",
        /// The mail server took it.
        Sent = "sent",
        /// Was written to a file, as the settings ask.
        Written = "written",
        /// May have been sent: the answer was lost.
        Ambiguous = "ambiguous",
        /// Could not be sent.
        Failed = "failed",
        /// Its use was over before it could be sent.
        Expired = "expired",
        /// Another schedule has taken its place.
        Superseded = "superseded",
        /// Was not to be sent: the reason says why.
        Suppressed = "suppressed",
    }

    /// Where a mail stands.
    MailState {
        /// Waits to be handed over.
        Queued = "queued",
        /// The mail server took it.
        Sent = "sent",
        /// Was written to a file, as the settings ask.
        Written = "written",
        /// May have been sent: the answer was lost.
        Ambiguous = "ambiguous",
        /// Could not be sent.
        Failed = "failed",
        /// Its use was over before it could be sent.
        Expired = "expired",
        /// Was not to be sent any more.
        Cancelled = "cancelled",
    }

    /// What a reminder hangs on, and so how often it may exist.
    Anchor {
        /// The session's time: once for each time that was set.
        Schedule = "schedule",
        /// What was done: once for each session.
        Care = "care",
    }

    /// What of a client's clinical record was looked at.
    AccessKind {
        /// An assessment.
        Assessment = "assessment",
        /// A plan.
        Plan = "plan",
        /// A plan with its sessions and pigment records.
        PlanOverview = "plan_overview",
        /// A session's clinical notes, or what wasn't as it should have been in it.
        Session = "session",
        /// A pigment record.
        PigmentRecord = "pigment_record",
        /// The timeline.
        Timeline = "timeline",
        /// All that is held on them.
        Export = "export",
        /// That a lot or a product was used on them.
        ProductUse = "product_use",
    }

    /// What staff have to look at.
    TaskKind {
        /// A session is near and not confirmed.
        Unconfirmed = "unconfirmed",
        /// A plan's next session should be booked by now.
        OverdueForBooking = "overdue_for_booking",
        /// Two sessions of a plan lie too near or too far apart.
        GapBreach = "gap_breach",
        /// A client who should be written to can't be.
        NoUsableAddress = "no_usable_address",
        /// A mail could not be sent.
        MailFailed = "mail_failed",
        /// A mail may or may not have been sent.
        MailAmbiguous = "mail_ambiguous",
        /// A studio's own words for a mail couldn't be used; the built-in ones were sent.
        MailTemplateFailed = "mail_template_failed",
        /// What was recorded doesn't agree with a rule.
        Nonconformity = "nonconformity",
        /// Mail to an address comes back.
        AddressBounced = "address_bounced",
        /// The practitioner of a session to come has left.
        PractitionerLeft = "practitioner_left",
        /// A booked session no longer fits the hours, somebody's time off or the rooms in use.
        HoursBreach = "hours_breach",
        /// An address belongs to somebody else.
        WrongPerson = "wrong_person",
        /// A client asks for another time.
        MoveRequested = "move_requested",
        /// A client tells how they are after a session.
        ClientReport = "client_report",
        /// A client called their session off on their page.
        ClientCancelled = "client_cancelled",
        /// A client chose another time on their page; `previous_starts_at` is the one before.
        ClientMoved = "client_moved",
        /// A session's day is over and nothing says what became of it: complete it, or say that it was missed or called off.
        OutcomeMissing = "outcome_missing",
        /// A client is to be told that something used on them may be unsafe, and no mail reaches them: call them, and write it
        /// down at `POST /v1/safety-notice-recipients/{id}/told`.
        SafetyNoticeUnreached = "safety_notice_unreached",
    }

    /// Where a task stands.
    TaskState {
        /// Somebody has to act.
        Open = "open",
        /// Somebody acted, or the cause is gone.
        Done = "done",
        /// Somebody decided that nothing is needed.
        Dismissed = "dismissed",
    }

    /// How pigment looks once it has healed.
    HealedAs {
        /// Lighter than meant.
        LighterThanIntended = "lighter_than_intended",
        /// As meant.
        AsIntended = "as_intended",
        /// Darker than meant.
        DarkerThanIntended = "darker_than_intended",
        /// Uneven.
        Patchy = "patchy",
        /// In another hue.
        ColourShift = "colour_shift",
    }

    /// What a client must have understood before a treatment.
    ExpectationPoint {
        /// No hair will grow.
        NoGrowth = "no_growth",
        /// It covers and cures nothing.
        CosmeticOnly = "cosmetic_only",
        /// It takes several sessions.
        SeveralSessions = "several_sessions",
        /// The healed result differs from the fresh one.
        HealedResultDiffers = "healed_result_differs",
        /// It fades and needs freshening.
        TouchUpsNeeded = "touch_ups_needed",
    }
}

impl SessionKind {
    /// Whether pigment is placed in such a session.
    pub const fn places_pigment(self) -> bool {
        matches!(self, Self::Treatment | Self::TouchUp)
    }
}

impl SessionState {
    /// Whether the session takes up a practitioner's, a client's and a room's time that is still to come.
    pub const fn holds_time(self) -> bool {
        matches!(self, Self::Booked | Self::Confirmed | Self::Arrived)
    }

    /// Whether only a revert leads out of this state.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::NoShow)
    }

    /// Whether the session still has its place in the plan, or has filled it.
    pub const fn keeps_ordinal(self) -> bool {
        !matches!(self, Self::Cancelled | Self::NoShow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_the_database() {
        assert_eq!(SessionState::NoShow.as_str(), "no_show");
        assert_eq!(ReminderStep::AftercareDay10.as_str(), "aftercare_day_10");
        assert_eq!(
            ConsentPurpose::parse("care_advice_in_mail"),
            Some(ConsentPurpose::CareAdviceInMail)
        );
        assert_eq!(
            Indication::TouchUpOfEarlierWork.as_str(),
            "touch_up_of_earlier_work"
        );
    }
}
