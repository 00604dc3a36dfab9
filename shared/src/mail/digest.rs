//! The morning mail to a studio's staff: how much waits for them. Numbers, and nothing about a client.

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::content::RenderedMail;
use super::text::{Direction, isolated, one_line};
use super::words::{Locale, Phrasebook};
use crate::domain::TaskKind;
use crate::domain::mail_template::Word;
use crate::domain::neutral::clinical_word;
use crate::error::{Error, Result};

/// What a digest says.
#[derive(Clone, Debug)]
pub struct DigestFacts {
    /// The studio's language as a tag.
    pub language: String,
    /// The neutral name that its mails come from.
    pub sender_name: String,
    /// Sessions that are to take place today.
    pub sessions_today: i64,
    /// Open tasks by what they are about.
    pub open_tasks: BTreeMap<TaskKind, i64>,
}

/// The words of one language: a subject, the first line, then a label for each group.
struct Words {
    subject: &'static str,
    today: &'static str,
    nothing: &'static str,
    groups: [&'static str; 6],
    unasked: &'static str,
}

const fn words(locale: Locale) -> Words {
    match locale {
        Locale::English => Words {
            subject: "Your day in numbers",
            today: "Appointments today",
            nothing: "Nothing else waits for you.",
            groups: [
                "Not confirmed yet",
                "Next appointment to be booked",
                "Mails that failed, or may not have arrived",
                "Clients without an address that works: please call",
                "Answers from clients",
                "Other tasks",
            ],
            unasked: "This address is in the studio’s settings. Remove it there to stop these mails.",
        },
        Locale::German => Words {
            subject: "Ihr Tag in Zahlen",
            today: "Termine heute",
            nothing: "Sonst wartet nichts auf Sie.",
            groups: [
                "Noch nicht bestätigt",
                "Nächster Termin zu buchen",
                "E-Mails, die scheiterten oder vielleicht nicht ankamen",
                "Kundinnen und Kunden ohne gültige Adresse: bitte anrufen",
                "Antworten von Kundinnen und Kunden",
                "Weitere Aufgaben",
            ],
            unasked: "Diese Adresse steht in den Einstellungen des Studios. Nehmen Sie sie dort heraus, um diese E-Mails zu beenden.",
        },
        Locale::French => Words {
            subject: "Votre journée en chiffres",
            today: "Rendez-vous aujourd’hui",
            nothing: "Rien d’autre ne vous attend.",
            groups: [
                "Pas encore confirmés",
                "Prochain rendez-vous à fixer",
                "Messages non envoyés ou peut-être non reçus",
                "Clients sans adresse valable\u{a0}: à appeler",
                "Réponses de clients",
                "Autres tâches",
            ],
            unasked: "Cette adresse figure dans les réglages du studio. Retirez-la pour ne plus recevoir ces messages.",
        },
        Locale::Spanish => Words {
            subject: "Su día en cifras",
            today: "Citas de hoy",
            nothing: "No hay nada más pendiente.",
            groups: [
                "Sin confirmar",
                "Próxima cita por reservar",
                "Mensajes que fallaron o quizá no llegaron",
                "Clientes sin dirección válida: llame, por favor",
                "Respuestas de clientes",
                "Otras tareas",
            ],
            unasked: "Esta dirección figura en los ajustes del estudio. Quítela allí para no recibir más estos mensajes.",
        },
    }
}

/// The line that a task is counted in.
const fn group(kind: TaskKind) -> usize {
    match kind {
        TaskKind::Unconfirmed => 0,
        TaskKind::OverdueForBooking => 1,
        TaskKind::MailFailed | TaskKind::MailAmbiguous => 2,
        TaskKind::NoUsableAddress | TaskKind::AddressBounced | TaskKind::WrongPerson => 3,
        TaskKind::MoveRequested | TaskKind::ClientReport => 4,
        _ => 5,
    }
}

const HTML: &str = r#"<!DOCTYPE html>
<html lang="{{ language }}" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ subject }}</title>
</head>
<body style="font-family: system-ui, sans-serif; line-height: 1.5; max-width: 36em; margin: 0 auto; padding: 16px">
<h1 style="font-size: 1.25em">{{ subject }}</h1>
<ul>
{%- for line in lines %}
<li>{{ line }}</li>
{%- endfor %}
</ul>
{%- if nothing %}
<p>{{ nothing }}</p>
{%- endif %}
<p style="font-size: 0.875em">{{ unasked }}</p>
</body>
</html>
"#;

/// Renders it.
pub fn render(facts: &DigestFacts) -> Result<RenderedMail> {
    let locale = Locale::of(&facts.language);
    let own = words(locale);
    let common = Phrasebook::new(locale.code(), &[])?;
    let name = one_line(&facts.sender_name);
    let sender_name = if name.is_empty() || clinical_word(&name).is_some() {
        common.word(Word::SenderName)?.to_owned()
    } else {
        name
    };
    let mut counts = [0_i64; 6];
    for (kind, count) in &facts.open_tasks {
        if let Some(total) = counts.get_mut(group(*kind)) {
            *total += count;
        }
    }
    let mut lines = vec![format!("{}: {}", own.today, facts.sessions_today)];
    let waiting = own
        .groups
        .iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0);
    lines.extend(waiting.map(|(label, count)| format!("{label}: {count}")));
    let nothing = (lines.len() == 1).then_some(own.nothing);
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    let html = engine
        .render_str(
            HTML,
            context! {
                language => locale.code(),
                subject => own.subject,
                lines => &lines,
                nothing,
                unasked => own.unasked,
            },
        )
        .map_err(Error::internal)?;
    let mut text = String::new();
    for line in lines.iter().map(String::as_str).chain(nothing) {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&format!(
        "\n{}\n{}\n",
        own.unasked,
        isolated(&sender_name, Direction::LeftToRight)
    ));
    Ok(RenderedMail {
        subject: own.subject.to_owned(),
        preheader: sender_name.clone(),
        sender_name,
        text,
        html,
        calendar: None,
        list_unsubscribe: None,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn it_counts_in_every_language_and_names_nothing_clinical() {
        for locale in Locale::ALL {
            let mail = render(&DigestFacts {
                language: locale.code().into(),
                sender_name: "Studio Nine".into(),
                sessions_today: 4,
                open_tasks: TaskKind::ALL.iter().map(|kind| (*kind, 2)).collect(),
            })
            .unwrap();
            assert_eq!(clinical_word(&mail.subject), None);
            assert_eq!(clinical_word(&mail.text), None);
            for line in words(locale).groups {
                assert!(mail.text.contains(line), "{locale:?} {line}");
            }
            assert!(mail.text.contains(": 4\n") && mail.html.contains("<li>"));
            let counted: i64 = mail
                .text
                .lines()
                .skip(1)
                .filter_map(|line| line.rsplit_once(": ")?.1.parse::<i64>().ok())
                .sum();
            assert_eq!(counted, 2 * i64::try_from(TaskKind::ALL.len()).unwrap());
        }
    }

    #[test]
    fn a_quiet_day_says_so() {
        let mail = render(&DigestFacts {
            language: "en".into(),
            sender_name: "The Scalp Clinic".into(),
            sessions_today: 0,
            open_tasks: BTreeMap::new(),
        })
        .unwrap();
        assert!(
            mail.text
                .starts_with("Appointments today: 0\nNothing else waits for you.\n")
        );
        assert_eq!(mail.sender_name, "Your studio");
    }
}
