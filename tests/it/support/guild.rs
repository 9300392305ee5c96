//! A guild under test, and its members.

use std::{sync::LazyLock, time::Duration};

use async_graphql::ID;
use guildhall::{
    access::Permission,
    auth,
    identity::{self, Member, Rank, Region},
    kernel::id::GuildId,
};
use serde_json::{Value, json};
use strum::VariantArray;

use super::{Client, TestApp, documents::LOGIN};

/// The password of every registered member.
pub const PASSWORD: &str = "correct horse battery";

/// The names of all permissions, in the schema's order.
pub static PERMISSIONS: LazyLock<Vec<&str>> =
    LazyLock::new(|| Permission::VARIANTS.iter().map(|permission| &*permission.to_string().leak()).collect());

/// A guild with the default ranks, led by the registered member `leader`.
pub struct TestGuild<'t> {
    pub test: &'t TestApp,
    pub id: GuildId,
    pub slug: String,
    pub ranks: Vec<Rank>,
}

impl TestApp {
    pub async fn guild(&self, slug: &str) -> TestGuild<'_> {
        let (name, now) = (slug.to_owned(), self.clock.now());
        let (guild, ranks) = self
            .app
            .db
            .write(async move |conn| identity::create_guild(conn, GuildId::new(), &name, &name, Region::Us, now).await)
            .await
            .unwrap();
        // No two guilds of a test are of the same age.
        self.clock.advance(Duration::from_secs(1));
        let guild = TestGuild { test: self, id: guild.id, slug: guild.slug, ranks };
        guild.member("leader", "Guild Leader").await;
        guild
    }
}

impl<'t> TestGuild<'t> {
    pub fn rank(&self, name: &str) -> &Rank {
        self.ranks.iter().find(|rank| rank.name == name).unwrap()
    }

    /// Adds an active, registered member.
    pub async fn member(&self, username: &str, rank: &str) -> Client<'t> {
        let member = self.member_row(username, rank, true).await;
        self.add_members(vec![member]).await.remove(0)
    }

    /// Adds an active member without an account.
    pub async fn unregistered(&self, username: &str, rank: &str) -> Client<'t> {
        let member = self.member_row(username, rank, false).await;
        self.add_members(vec![member]).await.remove(0)
    }

    /// A member's row, which a test can change before it adds the member.
    pub async fn member_row(&self, username: &str, rank: &str, registered: bool) -> Member {
        let new = identity::NewMember {
            discord_username: username.to_owned(),
            discord_id: None,
            display_name: None,
            rank: None,
        };
        let mut member = new.into_row(self.rank(rank), self.test.now()).unwrap();
        if registered {
            member.password_hash = Some(self.test.app.accounts.hasher.hash(PASSWORD.to_owned()).await.unwrap());
            member.registered_at = Some(self.test.now());
        }
        member
    }

    /// Adds members with these rows.
    pub async fn add_members(&self, members: Vec<Member>) -> Vec<Client<'t>> {
        let (rows, guild) = (members.clone(), self.id);
        self.test
            .app
            .db
            .write(async move |conn| {
                identity::store::bump_roster_version(conn, guild).await?;
                Ok(identity::store::insert_members(conn, rows).await?)
            })
            .await
            .unwrap();
        members.iter().map(|member| self.client_of(member)).collect()
    }

    fn client_of(&self, member: &Member) -> Client<'t> {
        let token = auth::mint(&self.test.app.accounts, member, Duration::from_hours(9600)).unwrap();
        Client {
            test: self.test,
            slug: self.slug.clone(),
            id: ID::from(member.id).to_string(),
            token: Some(token),
            address: None,
        }
    }

    /// The leader that every guild has.
    pub async fn leader(&self) -> Client<'t> {
        let guild = self.id;
        let leader = self
            .test
            .app
            .db
            .read(async move |conn| Ok(identity::store::member_by_username(conn, guild, "leader").await?))
            .await
            .unwrap();
        self.client_of(&leader.unwrap())
    }

    /// Signs a registered member in, and returns the payload of the login.
    pub async fn login(&self, username: &str) -> Value {
        let credentials = json!({ "name": username, "password": PASSWORD });
        self.anonymous().ok(LOGIN, credentials).await["login"].clone()
    }

    /// A client that is not signed in.
    pub fn anonymous(&self) -> Client<'t> {
        Client { test: self.test, slug: self.slug.clone(), id: String::new(), token: None, address: None }
    }
}
