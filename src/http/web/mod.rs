//! The web app and the console: their pages, files and policies, without the requests for them.

mod assets;
mod policy;
mod routes;
mod template;

use std::collections::HashMap;

pub(super) use self::{
    assets::{Asset, HASHED},
    policy::{APP_POLICY, FILE_POLICY, HEADERS, PERMISSIONS},
    routes::PagePath,
};
use self::{routes::Routes, template::PageTemplate};
use super::build::Build;

/// The files of the web project, as the program embeds them.
#[derive(Clone, Copy, Debug)]
pub struct WebFiles {
    /// The files of its build by path, each with its content. `NAME.gz` and `NAME.br` are `NAME`, compressed. `NAME`
    /// itself may be missing if `NAME.gz` is there.
    pub files: &'static [(&'static str, &'static [u8])],
    /// The app's pages, a JSON list such as `[{"path": "/votes/:id", "page": "votes/VotePage"}]`. The file
    /// `preloads.json` of the build has the scripts of each `page`.
    pub routes: &'static str,
    /// The app's GraphQL documents by id, a JSON object.
    pub documents: &'static str,
}

/// The web app and the console, ready to be served.
pub struct WebApp {
    /// The build that they belong to.
    pub(super) build: Build,
    /// The app's page.
    pub(super) page: PageTemplate,
    /// The console's page.
    pub(super) console: &'static str,
    /// The files that the pages load, by their paths.
    pub(super) assets: HashMap<&'static str, Asset>,
    /// The paths of the app's pages.
    pub(super) routes: Routes,
}

impl WebApp {
    /// Sorts the embedded files.
    ///
    /// # Errors
    /// A message if a page is missing, or if a list is malformed.
    pub fn new(web: &WebFiles) -> Result<Self, String> {
        let file = |name: &str| web.files.iter().find(|(path, _)| *path == name).map(|(_, content)| *content);
        let page = |name: &str| {
            let content = file(name).and_then(|content| str::from_utf8(content).ok());
            content.ok_or_else(|| format!("the web project's build has no page {name}"))
        };
        let lists = [("routes", web.routes.as_bytes()), ("documents", web.documents.as_bytes())];
        let build = Build::new(web.files.iter().copied().chain(lists))?;
        Ok(Self {
            page: PageTemplate::new(page("index.html")?, &build.name)?,
            build,
            console: page("graphiql.html")?,
            assets: assets::collect(web.files),
            // A build without the web project has no such file.
            routes: Routes::parse(web.routes, file(assets::PRELOADS).unwrap_or(b"{}"))?,
        })
    }
}
