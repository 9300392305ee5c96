//! The paths of the app's pages.

use std::collections::HashMap;

use serde::Deserialize;

/// The prefix of a guild's pages, before its slug.
const GUILD: &str = "/g/";
/// The path of a vote's page.
const VOTE: &str = "/votes/:id";

/// The app's pages.
pub struct Routes(Vec<Route>);

struct Route {
    /// The path, split at the slashes. A part that begins with a colon stands for any other.
    parts: Vec<String>,
    /// Elements for the head that load the page's scripts with those of the app.
    preloads: String,
}

/// A page, as the list has it.
#[derive(Deserialize)]
struct Listed {
    path: String,
    /// The page's module, such as `votes/VotePage`.
    page: String,
}

/// The page that a path names.
#[derive(Debug, PartialEq, Eq)]
pub struct PagePath<'p> {
    /// The slug of the guild; `None` for the default guild.
    pub guild: Option<&'p str>,
    /// The id of the vote, on its page.
    pub vote: Option<&'p str>,
    /// Elements for the head that load the page's scripts with those of the app.
    pub preloads: &'p str,
    /// Whether the app has this page.
    pub is_listed: bool,
}

impl Routes {
    /// Reads the list of pages, and the scripts of each by its module, an object in JSON.
    ///
    /// # Errors
    /// A message if one of them is malformed.
    pub fn parse(list: &str, scripts: &[u8]) -> Result<Self, String> {
        let pages: Vec<Listed> =
            serde_json::from_str(list).map_err(|error| format!("the list of the app's pages is malformed: {error}"))?;
        let scripts: HashMap<String, Vec<String>> = serde_json::from_slice(scripts)
            .map_err(|error| format!("the list of the pages' scripts is malformed: {error}"))?;
        let preload = |script: &String| format!("<link rel=\"modulepreload\" crossorigin href=\"{script}\">\n");
        let route = |Listed { path, page }| Route {
            parts: parts(&path).map(str::to_owned).collect(),
            preloads: scripts.get(&page).into_iter().flatten().map(preload).collect(),
        };
        Ok(Self(pages.into_iter().map(route).collect()))
    }

    /// Finds the page of a path.
    pub fn find<'p>(&'p self, path: &'p str) -> PagePath<'p> {
        let (guild, path) = match path.strip_prefix(GUILD) {
            Some(rest) => {
                let slug = rest.split('/').next().unwrap_or_default();
                (Some(slug), rest.get(slug.len()..).unwrap_or_default())
            }
            None => (None, path),
        };
        let matches = |pattern: &[String]| {
            let is_equal =
                |(part, pattern): (&str, &String)| part == pattern || (pattern.starts_with(':') && !part.is_empty());
            parts(path).count() == pattern.len() && parts(path).zip(pattern).all(is_equal)
        };
        let found = self.0.iter().find(|route| matches(&route.parts)).filter(|_| guild != Some(""));
        let is_vote = found.is_some_and(|route| parts(VOTE).eq(route.parts.iter().map(String::as_str)));
        PagePath {
            guild: guild.filter(|slug| !slug.is_empty()),
            vote: parts(path).last().filter(|_| is_vote),
            preloads: found.map_or("", |route| &route.preloads),
            is_listed: found.is_some(),
        }
    }
}

/// The parts of a path. A slash at its end makes no difference, as in the app's router.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.strip_suffix('/').unwrap_or(path).split('/')
}
