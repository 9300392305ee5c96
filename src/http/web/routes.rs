//! The paths of the app's pages.

/// The prefix of a guild's pages, before its slug.
const GUILD: &str = "/g/";
/// The path of a vote's page.
const VOTE: &str = "/votes/:id";

/// The paths of the app's pages, split at the slashes. A part that begins with a colon stands for any other.
pub struct Routes(Vec<Vec<String>>);

/// The page that a path names.
#[derive(Debug, PartialEq, Eq)]
pub struct PagePath<'p> {
    /// The slug of the guild; `None` for the default guild.
    pub guild: Option<&'p str>,
    /// The id of the vote, on its page.
    pub vote: Option<&'p str>,
    /// Whether the app has this page.
    pub is_listed: bool,
}

impl Routes {
    /// Reads the list.
    ///
    /// # Errors
    /// A message if it is malformed.
    pub fn parse(list: &str) -> Result<Self, String> {
        let paths: Vec<String> =
            serde_json::from_str(list).map_err(|error| format!("the list of the app's paths is malformed: {error}"))?;
        Ok(Self(paths.iter().map(|path| parts(path).map(str::to_owned).collect()).collect()))
    }

    /// Finds the page of a path.
    pub fn find<'p>(&self, path: &'p str) -> PagePath<'p> {
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
        let found = self.0.iter().find(|pattern| matches(pattern)).filter(|_| guild != Some(""));
        let is_vote = found.is_some_and(|pattern| parts(VOTE).eq(pattern.iter().map(String::as_str)));
        let vote = parts(path).last().filter(|_| is_vote);
        PagePath { guild: guild.filter(|slug| !slug.is_empty()), vote, is_listed: found.is_some() }
    }
}

/// The parts of a path. A slash at its end makes no difference, as in the app's router.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.strip_suffix('/').unwrap_or(path).split('/')
}
