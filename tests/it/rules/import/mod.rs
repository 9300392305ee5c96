//! Roster files: reading, planning an import, and writing.

mod formulas;
mod long_ids;
mod plan;
mod read;
mod records;
mod renames;
mod write;

use chrono::NaiveDateTime;
use guildhall::{
    access::{Permission, Viewer},
    identity::{
        Character, CharacterClass, CharacterRole, Member, Rank, RankSource,
        import::{self, Actor, Format, ImportPlan, ParsedFile, Roster},
    },
    kernel::{
        clock::Timestamp,
        id::{CharacterId, GuildId, MemberId, RankId},
        text,
    },
};

fn now() -> Timestamp {
    NaiveDateTime::default()
}

/// A rank of the test guild. Its id is its level.
fn rank(level: i64, name: &str, permissions: &[Permission]) -> Rank {
    Rank {
        guild_id: GuildId(1),
        id: RankId(level),
        name: name.to_owned(),
        name_key: text::key(name),
        level,
        description: None,
        permissions: permissions.iter().copied().collect(),
        discord_role_id: None,
    }
}

fn member(id: i64, username: &str, display_name: &str, level: i64) -> Member {
    Member {
        guild_id: GuildId(1),
        id: MemberId(id),
        discord_username: username.to_owned(),
        username_key: text::key(username),
        discord_id: None,
        display_name: display_name.to_owned(),
        sort_key: text::sort_key(&[display_name, username]),
        rank_id: RankId(level),
        rank_level: level,
        rank_source: RankSource::DiscordSync,
        is_active: true,
        password_hash: None,
        credentials_version: 0,
        registered_at: Some(now()),
        last_seen_at: None,
        created_at: now(),
        erased_at: None,
    }
}

fn character(id: i64, owner: i64, name: &str, realm: &str) -> Character {
    Character {
        guild_id: GuildId(1),
        id: CharacterId(id),
        member_id: MemberId(owner),
        name: name.to_owned(),
        name_key: text::key(name),
        realm: realm.to_owned(),
        realm_key: text::realm_key(realm),
        sort_key: text::sort_key(&[name, realm]),
        class: CharacterClass::Mage,
        spec: Some("Frost".to_owned()),
        role: CharacterRole::RangedDps,
        is_main: false,
    }
}

fn ranks() -> Vec<Rank> {
    let officer = [Permission::MembersManage, Permission::MembersInvite];
    vec![
        rank(5, "Guild Leader", &[Permission::RanksManage, Permission::MembersManage, Permission::MembersInvite]),
        rank(4, "Officer", &officer),
        rank(3, "Treasurer", &[Permission::AuditView]),
        rank(2, "Member", &[]),
        rank(1, "Initiate", &[]),
    ]
}

/// A leader (`thal`), two officers (`korr`, `mira`), a member (`bryn`), and an inactive member (`gone`).
fn guild() -> Roster {
    Roster {
        guild: GuildId(1),
        ranks: ranks(),
        members: vec![
            Member { discord_id: Some("100".to_owned()), ..member(1, "thal", "Thalindra", 5) },
            member(2, "korr", "Korrigan", 4),
            member(3, "mira", "Mira", 4),
            member(4, "bryn", "Bryn", 2),
            Member { is_active: false, ..member(5, "gone", "Gone", 1) },
        ],
        characters: vec![
            Character { is_main: true, ..character(1, 1, "Thalindra", "Sen'jin") },
            character(2, 2, "Korr", "Sen'jin"),
            Character { is_main: true, ..character(3, 4, "Bryn", "Area 52") },
            character(4, 4, "Brynalt", "Area 52"),
        ],
    }
}

/// The test guild's leader (1) or one of its officers (2, 3).
fn officer(member: i64) -> Actor {
    let level = if member == 1 { 5 } else { 4 };
    let permissions = ranks().into_iter().find(|rank| rank.level == level).map(|rank| rank.permissions);
    Actor::Officer(Viewer {
        member: MemberId(member),
        permissions: permissions.unwrap_or_default(),
        ..super::viewer(level)
    })
}

/// Rows of a table that has every column.
fn rows(rows: &str) -> ParsedFile {
    let header = "username,discord id,nickname,rank,character,realm,class,spec,role,main";
    import::read(Format::Csv, format!("{header}\n{rows}").as_bytes()).unwrap()
}

/// The guild after a plan is applied.
fn applied(roster: &Roster, plan: &ImportPlan) -> Roster {
    let mut after = roster.clone();
    for diff in &plan.changed_members {
        let member = after.members.iter_mut().find(|member| **member == diff.before).unwrap();
        *member = diff.after.clone();
    }
    after.members.extend(plan.new_members.clone());
    for changed in &plan.changed_characters {
        let character = after.characters.iter_mut().find(|character| character.id == changed.id).unwrap();
        *character = changed.clone();
    }
    after.characters.extend(plan.new_characters.clone());
    after
}

/// A plan as text, one line per effect: `~` changes, `+` adds, `!` is a problem.
fn summary(roster: &Roster, plan: &ImportPlan) -> Vec<String> {
    let after = applied(roster, plan);
    let member = |sign: &str, member: &Member| {
        let id = member.discord_id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
        format!("{sign} {} ({}) {}{id}", member.discord_username, member.display_name, member.rank_level)
    };
    let character = |sign: &str, character: &Character| {
        let owner = after.members.iter().find(|member| member.id == character.member_id).unwrap();
        let Character { name, realm, class, role, .. } = character;
        let spec = character.spec.as_deref().unwrap_or("-");
        let main = if character.is_main { "main" } else { "alt" };
        format!("{sign} {name}-{realm} of {}: {class} {spec} {role} {main}", owner.discord_username)
    };
    let mut lines = Vec::new();
    lines.extend(plan.changed_members.iter().map(|diff| member("~", &diff.after)));
    lines.extend(plan.new_members.iter().map(|new| member("+", new)));
    lines.extend(plan.changed_characters.iter().map(|changed| character("~", changed)));
    lines.extend(plan.new_characters.iter().map(|new| character("+", new)));
    lines.extend(plan.problems.iter().map(|problem| {
        let reason = problem.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
        format!("! {} {}{reason}", problem.location, problem.field.unwrap_or("-"))
    }));
    lines
}

/// The summary of importing these rows into the test guild.
fn outcome(actor: &Actor, text: &str) -> Vec<String> {
    let roster = guild();
    summary(&roster, &import::plan(&roster, actor, &rows(text), now()))
}
