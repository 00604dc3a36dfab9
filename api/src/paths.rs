//! The paths of the contract as a tree, so that each answer finds its own in a step for each segment.

use std::sync::Arc;

/// A path of the contract.
#[derive(Debug)]
pub(crate) struct KnownPath {
    /// As the contract writes it.
    pub(crate) template: Arc<str>,
    /// What it answers.
    pub(crate) methods: Vec<&'static str>,
}

/// All paths from one segment on.
#[derive(Debug, Default)]
pub(crate) struct PathTree {
    here: Option<KnownPath>,
    named: Vec<(Box<str>, PathTree)>,
    any: Option<Box<PathTree>>,
}

impl PathTree {
    /// Adds a path; segments in braces stand for any text.
    pub(crate) fn add(&mut self, template: &str, methods: Vec<&'static str>) {
        let mut node = self;
        for segment in template.split('/') {
            node = if segment.starts_with('{') {
                node.any.get_or_insert_default()
            } else {
                node.child(segment)
            };
        }
        node.here = Some(KnownPath {
            template: template.into(),
            methods,
        });
    }

    /// The path that a request asks for; a segment that is named goes before one that may be any.
    pub(crate) fn find(&self, path: &str) -> Option<&KnownPath> {
        let (segment, rest) = match path.split_once('/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (path, None),
        };
        let named = self.named.iter().find(|(name, _)| **name == *segment);
        let any = self.any.as_deref().filter(|_| !segment.is_empty());
        named
            .map(|(_, child)| child)
            .into_iter()
            .chain(any)
            .find_map(|child| match rest {
                Some(rest) => child.find(rest),
                None => child.here.as_ref(),
            })
    }

    fn child(&mut self, segment: &str) -> &mut Self {
        let place = self.named.iter().position(|(name, _)| **name == *segment);
        let place = place.unwrap_or_else(|| {
            self.named.push((segment.into(), Self::default()));
            self.named.len() - 1
        });
        &mut self.named[place].1
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn each_request_finds_its_path() {
        let mut paths = PathTree::default();
        for template in [
            "/livez",
            "/v1/things",
            "/v1/things/{id}",
            "/v1/things/search",
            "/v1/things/{id}/parts",
        ] {
            paths.add(template, vec!["GET"]);
        }
        for (path, template) in [
            ("/livez", Some("/livez")),
            ("/v1/things", Some("/v1/things")),
            ("/v1/things/7", Some("/v1/things/{id}")),
            ("/v1/things/search", Some("/v1/things/search")),
            ("/v1/things/search/parts", Some("/v1/things/{id}/parts")),
            ("/v1/things/7/parts", Some("/v1/things/{id}/parts")),
            ("/v1/things/", None),
            ("/v1/things//parts", None),
            ("/v1/things/7/parts/8", None),
            ("/v1", None),
            ("/", None),
            ("", None),
        ] {
            let found = paths.find(path).map(|known| &*known.template);
            assert_eq!(found, template, "{path}");
        }
        assert_eq!(paths.find("/livez").unwrap().methods, ["GET"]);
    }
}
