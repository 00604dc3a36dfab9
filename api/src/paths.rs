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
    /// Those where any text may stand, before this ending.
    any: Vec<(Box<str>, PathTree)>,
}

impl PathTree {
    /// Adds a path; what is in braces stands for any text, and an ending may follow.
    pub(crate) fn add(&mut self, template: &str, methods: Vec<&'static str>) {
        let mut node = self;
        for segment in template.split('/') {
            node = match segment
                .strip_prefix('{')
                .and_then(|name| name.split_once('}'))
            {
                Some((_, ending)) => child(&mut node.any, ending),
                None => child(&mut node.named, segment),
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
        let any = self.any.iter().filter(|(ending, _)| {
            segment
                .strip_suffix(&**ending)
                .is_some_and(|text| !text.is_empty())
        });
        named
            .into_iter()
            .chain(any)
            .map(|(_, child)| child)
            .find_map(|child| match rest {
                Some(rest) => child.find(rest),
                None => child.here.as_ref(),
            })
    }
}

fn child<'a>(children: &'a mut Vec<(Box<str>, PathTree)>, text: &str) -> &'a mut PathTree {
    let place = children.iter().position(|(known, _)| **known == *text);
    let place = place.unwrap_or_else(|| {
        children.push((text.into(), PathTree::default()));
        children.len() - 1
    });
    &mut children[place].1
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
            "/feeds/{secret}.ics",
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
            ("/feeds/x.ics", Some("/feeds/{secret}.ics")),
            ("/feeds/x", None),
            ("/feeds/.ics", None),
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
