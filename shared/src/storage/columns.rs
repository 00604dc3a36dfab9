//! How the domain's types are bound to columns: the domain itself knows nothing of Diesel.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Binary, Nullable, SingleValue, Text};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::domain::*;
use crate::storage::dialect::MultiBackend;

/// Binds a type through one that Diesel knows: how to borrow it as that, to own it as that, and to read it back.
macro_rules! column {
    ($type:ty, $sql:ty, $borrowed:ty, $owned:ty, $borrow:expr, $own:expr, $read:expr) => {
        impl<DB> ToSql<$sql, DB> for $type
        where
            DB: Backend,
            $borrowed: ToSql<$sql, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                let borrow: fn(&$type) -> &$borrowed = $borrow;
                <$borrowed as ToSql<$sql, DB>>::to_sql(borrow(self), out)
            }
        }

        impl<DB> FromSql<$sql, DB> for $type
        where
            DB: Backend,
            $owned: FromSql<$sql, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let read: fn($owned) -> Option<$type> = $read;
                let stored = <$owned as FromSql<$sql, DB>>::from_sql(bytes)?;
                read(stored)
                    .ok_or_else(|| concat!("a stored value is not a ", stringify!($type)).into())
            }
        }

        impl<DB, ST> Queryable<ST, DB> for $type
        where
            DB: Backend,
            ST: SingleValue,
            Self: FromSql<ST, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }

        impl AsExpression<$sql> for $type {
            type Expression = <$owned as AsExpression<$sql>>::Expression;

            fn as_expression(self) -> Self::Expression {
                let own: fn($type) -> $owned = $own;
                AsExpression::<$sql>::as_expression(own(self))
            }
        }

        impl AsExpression<$sql> for &$type {
            type Expression = <$owned as AsExpression<$sql>>::Expression;

            fn as_expression(self) -> Self::Expression {
                let own: fn($type) -> $owned = $own;
                AsExpression::<$sql>::as_expression(own(self.clone()))
            }
        }

        impl AsExpression<Nullable<$sql>> for $type {
            type Expression = <$owned as AsExpression<Nullable<$sql>>>::Expression;

            fn as_expression(self) -> Self::Expression {
                let own: fn($type) -> $owned = $own;
                AsExpression::<Nullable<$sql>>::as_expression(own(self))
            }
        }

        impl AsExpression<Nullable<$sql>> for &$type {
            type Expression = <$owned as AsExpression<Nullable<$sql>>>::Expression;

            fn as_expression(self) -> Self::Expression {
                let own: fn($type) -> $owned = $own;
                AsExpression::<Nullable<$sql>>::as_expression(own(self.clone()))
            }
        }
    };
}

macro_rules! id_columns {
    ($($type:ty),+ $(,)?) => {$(
        column!(
            $type, Binary, [u8], Vec<u8>,
            |id| id.0.as_bytes().as_slice(),
            |id| id.0.as_bytes().to_vec(),
            |bytes| uuid::Uuid::from_slice(&bytes).ok().map(<$type>::from)
        );
    )+};
}

macro_rules! text_columns {
    ($($type:ty),+ $(,)?) => {$(
        column!(
            $type, Text, str, String,
            |text| text.as_str(),
            |text| text.as_str().to_owned(),
            |stored| <$type>::parse(&stored).ok()
        );
    )+};
}

column!(
    Instant,
    BigInt,
    i64,
    i64,
    Instant::as_millis,
    Instant::millis,
    |millis| Some(Instant::from_millis(millis))
);

id_columns!(
    AccessEventId,
    ApiKeyId,
    AssessmentId,
    CalendarFeedId,
    ClientId,
    ContactConsentId,
    LotId,
    MailId,
    MailTemplateId,
    PigmentRecordId,
    PlanId,
    PlanTemplateId,
    PractitionerId,
    ProductId,
    ReminderId,
    ReminderRuleId,
    RoomId,
    SafetyNoticeId,
    SafetyNoticeRecipientId,
    SessionId,
    SessionTransitionId,
    StudioId,
    TaskId,
    TimeOffId,
);

text_columns!(
    lot_key::LotKey,
    product_key::ProductKey,
    text::EmailAddress,
    text::ExternalId,
    text::Language,
    text::LotCode,
    text::Name,
    text::Note,
    text::Reason,
    text::Telephone,
    text::TemplateText,
);

macro_rules! enum_columns {
    ($($type:ty),+ $(,)?) => {$(
        column!(
            $type, Text, str, String,
            |value| value.as_str(),
            |value| value.as_str().to_owned(),
            |stored| <$type>::parse(&stored)
        );
    )+};
}

enum_columns!(
    AccessKind,
    Anchor,
    Channel,
    Completion,
    ConsentPurpose,
    EmailState,
    EndedBy,
    ExpiryPrecision,
    Fitzpatrick,
    HairTexture,
    HealedAs,
    Indication,
    LotState,
    Ludwig,
    MailState,
    Norwood,
    PlanState,
    ProductKind,
    ReminderState,
    ReminderStep,
    Role,
    safety_notice::RecipientState,
    safety_notice::SafetyNoticeState,
    safety_notice::ToldHow,
    Savin,
    session::SessionAction,
    ScalpType,
    SessionKind,
    SessionState,
    TaskKind,
    TaskState,
    TimeZoneName,
    trace::Certainty,
    Undertone,
);

/// A value kept as JSON text.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, serde::Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T> std::ops::Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

// A made text can't be borrowed, so each engine gets its own way in; the enum's backend then picks one.
impl<T: Serialize + std::fmt::Debug> ToSql<Text, diesel::sqlite::Sqlite> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::sqlite::Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(serialize::IsNull::No)
    }
}

#[cfg(feature = "postgres")]
impl<T: Serialize + std::fmt::Debug> ToSql<Text, diesel::pg::Pg> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::pg::Pg>) -> serialize::Result {
        serde_json::to_writer(out, &self.0)?;
        Ok(serialize::IsNull::No)
    }
}

impl<T: Serialize + std::fmt::Debug + Send + Sync + 'static> ToSql<Text, MultiBackend> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((Text, self));
        Ok(serialize::IsNull::No)
    }
}

impl<T, DB> FromSql<Text, DB> for Json<T>
where
    T: DeserializeOwned,
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(&String::from_sql(bytes)?)?))
    }
}

impl<T, DB, ST> Queryable<ST, DB> for Json<T>
where
    DB: Backend,
    ST: SingleValue,
    Self: FromSql<ST, DB>,
{
    type Row = Self;

    fn build(row: Self) -> deserialize::Result<Self> {
        Ok(row)
    }
}

impl<T: Serialize> AsExpression<Text> for &Json<T> {
    type Expression = <String as AsExpression<Text>>::Expression;

    fn as_expression(self) -> Self::Expression {
        AsExpression::<Text>::as_expression(self.text())
    }
}

impl<T: Serialize> AsExpression<Text> for Json<T> {
    type Expression = <String as AsExpression<Text>>::Expression;

    fn as_expression(self) -> Self::Expression {
        AsExpression::<Text>::as_expression(self.text())
    }
}

impl<T: Serialize> AsExpression<Nullable<Text>> for &Json<T> {
    type Expression = <String as AsExpression<Nullable<Text>>>::Expression;

    fn as_expression(self) -> Self::Expression {
        AsExpression::<Nullable<Text>>::as_expression(self.text())
    }
}

impl<T: Serialize> AsExpression<Nullable<Text>> for Json<T> {
    type Expression = <String as AsExpression<Nullable<Text>>>::Expression;

    fn as_expression(self) -> Self::Expression {
        AsExpression::<Nullable<Text>>::as_expression(self.text())
    }
}

impl<T: Serialize> Json<T> {
    /// The text that is stored. The kept types are plain data, which always serialises.
    fn text(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}
