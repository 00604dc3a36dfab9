//! The template engine, with bounds: a template sees its variables and nothing else, and can't run on.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use crate::error::{Error, Result};

/// So many steps of the engine at most for one template or layout; a full mail takes a few hundred.
const FUEL: u64 = 50_000;

/// So many bytes of one rendered template at most.
const LARGEST: usize = 100_000;

/// A mail's own layouts, which we wrote, or a template that a studio may have written.
pub struct Engine {
    environment: Environment<'static>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// An engine without filters, functions or other templates. HTML is escaped in what is named "html".
    pub fn new() -> Self {
        let mut environment = Environment::empty();
        // What isn't there can be asked for in a choice, but not be printed.
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|name| match name {
            "html" => AutoEscape::Html,
            _ => AutoEscape::None,
        });
        Self { environment }
    }

    /// Renders a template. The error's cause holds neither the template nor a variable.
    pub fn render(&self, name: &str, template: &str, values: Value) -> Result<String> {
        let rendered = self
            .environment
            .render_named_str(name, template, values)
            .map_err(|error| Error::internal(format!("a template failed: {}", error.kind())))?;
        if rendered.len() > LARGEST {
            return Err(Error::internal("a template became too large"));
        }
        Ok(rendered)
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn a_template_that_was_never_checked_ends_all_the_same() {
        let engine = Engine::new();
        let nested = "{% for a in 'aaaaaaaaaa' %}".repeat(12) + "x" + &"{% endfor %}".repeat(12);
        for bad in [
            nested.as_str(),
            "{{ gone }}",
            "{{ range(9) }}",
            "{{ x|upper }}",
            "{{ x",
        ] {
            assert!(
                engine.render("text", bad, context! { x => 1 }).is_err(),
                "{bad}"
            );
        }
        let long = "y".repeat(LARGEST + 1);
        assert!(
            engine
                .render("text", "{{ long }}", context! { long })
                .is_err()
        );
    }
}
