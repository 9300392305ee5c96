//! The address of the site, with which links in messages begin.

use std::{fmt, net::IpAddr, str::FromStr};

use reqwest::Url;

/// Characters that an origin does not contain, such as those before a path, a query or a user's name.
const UNSAFE: &str = "/?#@\\\"'`<>^{|}%";

/// The origin of the site: `https`, or `http` on the loopback interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || "must be an https origin such as https://guild.example, or http on loopback".to_owned();
        // The parser drops or repairs what does not belong into an origin, so the text itself is checked first.
        let (_, authority) = text.trim().split_once("://").ok_or_else(invalid)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let is_unsafe = |c: char| c.is_whitespace() || c.is_control() || UNSAFE.contains(c);
        if authority.is_empty() || authority.contains(is_unsafe) || authority.ends_with(':') {
            return Err(invalid());
        }
        let url = Url::parse(text.trim()).map_err(|_| invalid())?;
        let host = url.host_str().unwrap_or_default();
        let address: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        let is_loopback = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        let is_secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
        if is_secure && url.port() != Some(0) { Ok(Self(url)) } else { Err(invalid()) }
    }
}

impl PublicUrl {
    /// The address of a guild's page; `path` begins with a slash.
    pub fn page(&self, guild_slug: &str, path: &str) -> String {
        format!("{self}/g/{guild_slug}{path}")
    }

    /// The address of a guild's page with values in its fragment, which no server or proxy logs.
    pub fn page_with_fragment(&self, guild_slug: &str, path: &str, values: &[(&str, &str)]) -> String {
        // The fragment has the form of a query, so that the page can parse it.
        let mut query = self.0.clone();
        query.query_pairs_mut().extend_pairs(values);
        format!("{}#{}", self.page(guild_slug, path), query.query().unwrap_or_default())
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}
