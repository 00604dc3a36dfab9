//! The mail that answers a client who asked for a new link: it says nothing but where the page is.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::content::RenderedMail;
use super::facts::{MailFacts, StudioFacts};
use super::text::{Direction, isolated, one_line};
use super::words::{Locale, Phrasebook};
use crate::domain::mail_template::Word;
use crate::domain::neutral::clinical_word;
use crate::error::{Error, Result};

struct Words {
    subject: &'static str,
    body: &'static str,
    unasked: &'static str,
}

const fn words(locale: Locale) -> Words {
    match locale {
        Locale::English => Words {
            subject: "Your new link",
            body: "Here is the link that you asked for:",
            unasked: "If you did not ask for it, you need not do anything.",
        },
        Locale::German => Words {
            subject: "Ihr neuer Link",
            body: "Hier ist der Link, um den Sie gebeten haben:",
            unasked: "Falls Sie nicht darum gebeten haben, brauchen Sie nichts zu tun.",
        },
        Locale::French => Words {
            subject: "Votre nouveau lien",
            body: "Voici le lien que vous avez demandé :",
            unasked: "Si vous ne l’avez pas demandé, vous n’avez rien à faire.",
        },
        Locale::Spanish => Words {
            subject: "Su nuevo enlace",
            body: "Este es el enlace que ha pedido:",
            unasked: "Si no lo ha pedido, no tiene que hacer nada.",
        },
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
<p>{{ body }}</p>
<p><a href="{{ page }}">{{ link }}</a></p>
<p>{{ unasked }}</p>
<p>{{ closing }}<br><bdi dir="auto">{{ sender_name }}</bdi></p>
</body>
</html>
"#;

/// Renders it.
pub fn render(facts: &MailFacts) -> Result<RenderedMail> {
    let locale = Locale::of(&facts.language);
    let own = words(locale);
    let common = Phrasebook::new(locale.code(), &[])?;
    let closing = common.word(Word::Closing)?;
    let Some(links) = &facts.links else {
        return Err(Error::internal(
            "a fresh link needs somebody who makes links",
        ));
    };
    let sender_name = sender_name(&facts.studio, common.word(Word::SenderName)?);
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    let html = engine
        .render_str(
            HTML,
            context! {
                language => locale.code(),
                subject => own.subject,
                body => own.body,
                unasked => own.unasked,
                page => links.page.as_str(),
                link => common.word(Word::PageLink)?,
                closing,
                sender_name => sender_name.as_str(),
            },
        )
        .map_err(Error::internal)?;
    let text = format!(
        "{}\n{}\n\n{}\n\n{}\n{}\n",
        own.body,
        links.page,
        own.unasked,
        closing,
        isolated(&sender_name, Direction::LeftToRight)
    );
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

fn sender_name(studio: &StudioFacts, general: &str) -> String {
    let own = one_line(&studio.sender_name);
    if own.is_empty() || clinical_word(&own).is_some() {
        general.to_owned()
    } else {
        own
    }
}
