//! The app's page. Paths differ by the preview that other sites show of a link to it, and by the scripts to load early.

use crate::api::LinkPreview;

/// The app's page, split at the end of its head.
pub struct PageTemplate {
    before: String,
    after: &'static str,
}

impl PageTemplate {
    /// Splits a page, and names the server's build in it.
    ///
    /// # Errors
    /// A message if the page has no `</head>`.
    pub(super) fn new(page: &'static str, build: &str) -> Result<Self, String> {
        let at = page.find("</head>").ok_or("the app's page has no </head>")?;
        let (before, after) = page.split_at(at);
        let before = format!("{before}<meta name=\"guildhall-build\" content=\"{}\">\n", escape(build));
        Ok(Self { before, after })
    }

    /// The page with a preview (<https://ogp.me>), and with elements that load scripts.
    pub fn fill(&self, preview: &LinkPreview, preloads: &str) -> String {
        let tag = |property: &str, content: &str| {
            format!("<meta property=\"og:{property}\" content=\"{}\">\n", escape(content))
        };
        let tags = [
            // The app, too, reads the guild's name here.
            preview.site_name.as_deref().map_or_else(String::new, |name| tag("site_name", name)),
            tag("title", &preview.title),
            tag("description", &preview.description),
            // For search engines, which do not read the other one.
            format!("<meta name=\"description\" content=\"{}\">\n", escape(&preview.description)),
        ];
        [self.before.as_str(), preloads, &tags.concat(), self.after].concat()
    }
}

/// Escapes a text for an attribute in quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
