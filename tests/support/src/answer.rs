//! What a server under test answered.

#![expect(clippy::panic, reason = "a test stops at the first surprise")]

use serde_json::Value;

use crate::privacy::Watcher;

/// What came back. It was checked against the contract.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, as they came.
    pub headers: Vec<(String, String)>,
    /// The body where it's JSON, else null.
    pub json: Value,
    /// The body.
    pub text: String,
    pub(crate) asked: String,
}

impl Answer {
    /// What it says of people, and which addresses it gives out.
    pub(crate) fn tell(&self, watcher: &Watcher) {
        for name in ["Location", "Link"] {
            if let Some(value) = self.header(name) {
                watcher.url(value);
            }
        }
        // The contract's examples are nobody's.
        if self.asked.contains(" /openapi.") {
            return;
        }
        watcher.urls_in(&self.text);
        if self.status < 400 {
            watcher.answered(&self.json);
        }
    }

    /// Goes on where this is the status, else shows the answer.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Goes on where this is the problem, else shows the answer.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.json["code"], code, "{answer}");
        answer
    }

    /// Goes on where the first error is this one at this place, else shows the answer.
    #[track_caller]
    pub fn expect_error(self, pointer: &str, code: &str) -> Self {
        let error = &self.json["errors"][0];
        assert_eq!(
            (error["pointer"].as_str(), error["code"].as_str()),
            (Some(pointer), Some(code)),
            "{self}"
        );
        self
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The tag.
    #[track_caller]
    pub fn etag(&self) -> String {
        let Some(etag) = self.header("ETag") else {
            panic!("no ETag in {self}");
        };
        etag.to_owned()
    }

    /// The thing's id.
    #[track_caller]
    pub fn id(&self) -> String {
        let Some(id) = self.json["id"].as_str() else {
            panic!("no id in {self}");
        };
        id.to_owned()
    }

    /// Where the new thing can be read.
    #[track_caller]
    pub fn location(&self) -> String {
        let Some(location) = self.header("Location") else {
            panic!("no Location in {self}");
        };
        location.to_owned()
    }

    /// The things of a list.
    #[track_caller]
    pub fn data(&self) -> &[Value] {
        let Some(data) = self.json["data"].as_array() else {
            panic!("no data in {self}");
        };
        data
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(formatter, "{} was answered {}", self.asked, self.status)?;
        for (name, value) in &self.headers {
            writeln!(formatter, "  {name}: {value}")?;
        }
        formatter.write_str(&self.text)
    }
}
