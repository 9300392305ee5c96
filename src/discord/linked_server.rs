//! What a guild can choose from on its Discord server, without I/O: the channels in which the bot can post, and the roles.

use serenity::all::Permissions;

use super::resources::{Channel, PermissionOverwrite, Role, Server, ServerMember};

/// Types of channels for text, and for announcements.
const POSTABLE: [u8; 2] = [0, 5];
/// The type of categories, which contain channels.
const CATEGORY: u8 = 4;
/// The kinds of overwrites: for a role, and for a member.
const FOR_ROLE: u8 = 0;
const FOR_MEMBER: u8 = 1;
/// The permissions that a post needs.
const POSTING: Permissions = Permissions::VIEW_CHANNEL.union(Permissions::SEND_MESSAGES);
/// Longest name that is kept, in characters. Discord's own limit is 100.
const MAX_NAME: usize = 100;
/// Maximum number of channels, and of roles. Discord's own limits are 500 and 250.
const MAX_LISTED: usize = 1_000;

/// A Discord server, as far as a guild can choose from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedServer {
    /// Its name.
    pub name: String,
    /// The channels for text and announcements in which the bot can post, in Discord's order.
    pub channels: Vec<ServerChannel>,
    /// The roles that can be given to members, highest first.
    pub roles: Vec<ServerRole>,
}

/// A channel of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerChannel {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A role of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRole {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its colour, if it has one.
    pub color: Option<i64>,
}

impl LinkedServer {
    /// Describes a server of which the bot is this member.
    pub fn new(server: &Server, channels: &[Channel], bot: &ServerMember) -> Self {
        let category_position = |channel: &Channel| {
            let id = channel.parent_id.as_deref()?;
            let category = channels.iter().find(|it| it.kind == CATEGORY && it.id == id)?;
            Some((category.position, number(id)))
        };
        // Channels without a category come first.
        let positions: Vec<_> =
            channels.iter().map(|it| (category_position(it), it.position, number(&it.id))).collect();
        let mut order: Vec<usize> = (0..channels.len()).collect();
        order.sort_by_key(|index| positions.get(*index).copied());
        let everywhere = base_permissions(server, bot);
        let can_post = |channel: &Channel| {
            POSTABLE.contains(&channel.kind) && permissions_in(channel, everywhere, &server.id, bot).contains(POSTING)
        };
        let listed = order.into_iter().filter_map(|index| channels.get(index)).filter(|channel| can_post(channel));
        let listed =
            listed.take(MAX_LISTED).map(|it| ServerChannel { id: it.id.clone(), name: short(&it.name) }).collect();
        let mut roles: Vec<&Role> = server.roles.iter().filter(|role| role.id != server.id && !role.managed).collect();
        // Of two roles at one position, the older one is higher.
        roles.sort_by_key(|role| (std::cmp::Reverse(role.position), number(&role.id)));
        let role = |it: &Role| ServerRole {
            id: it.id.clone(),
            name: short(&it.name),
            color: (it.color != 0).then_some(i64::from(it.color)),
        };
        Self {
            name: short(&server.name),
            channels: listed,
            roles: roles.into_iter().take(MAX_LISTED).map(role).collect(),
        }
    }
}

/// What the bot may do in channels without overwrites.
///
/// Source: <https://discord.com/developers/docs/topics/permissions#permission-hierarchy>.
fn base_permissions(server: &Server, bot: &ServerMember) -> Permissions {
    if server.owner_id == bot.user.id {
        return Permissions::all();
    }
    let own = server.roles.iter().filter(|role| role.id == server.id || bot.roles.contains(&role.id));
    let permissions = own.fold(Permissions::empty(), |all, role| all | role.permissions);
    if permissions.contains(Permissions::ADMINISTRATOR) { Permissions::all() } else { permissions }
}

/// What the bot may do in a channel. Overwrites for everyone are followed by those for roles, and then by that for the
/// bot.
fn permissions_in(channel: &Channel, base: Permissions, server_id: &str, bot: &ServerMember) -> Permissions {
    if base.contains(Permissions::ADMINISTRATOR) {
        return base;
    }
    let overwrites = &channel.permission_overwrites;
    let apply = |base: Permissions, which: &dyn Fn(&PermissionOverwrite) -> bool| {
        let (deny, allow) = overwrites
            .iter()
            .filter(|it| which(it))
            .fold((Permissions::empty(), Permissions::empty()), |(deny, allow), it| (deny | it.deny, allow | it.allow));
        (base - deny) | allow
    };
    let everyone = apply(base, &|it| it.kind == FOR_ROLE && it.id == server_id);
    let roles = apply(everyone, &|it| it.kind == FOR_ROLE && it.id != server_id && bot.roles.contains(&it.id));
    apply(roles, &|it| it.kind == FOR_MEMBER && it.id == bot.user.id)
}

/// An id as a number. Higher ones are newer.
fn number(id: &str) -> u64 {
    id.parse().unwrap_or(u64::MAX)
}

fn short(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}
