//! Builds an [`ImportPlan`] row by row.

use std::collections::{HashMap, HashSet};

use async_graphql::MaybeUndefined;

use super::{
    actor::Actor,
    cells::{CharacterCells, MemberCells, NameKey},
    character,
    types::{ImportPlan, MemberDiff, Roster},
};
use crate::{
    identity::{
        characters::MAX_CHARACTERS,
        import::{
            location::RowLocation,
            problem::RowError,
            record::{Column, Record},
        },
        members::{MemberChange, NewMember},
        policy::Ladder,
        rows::{Character, Member, Rank},
    },
    kernel::{
        clock::Timestamp,
        id::{MemberId, RankId},
    },
};

/// The guild's state after the rows added so far.
pub(super) struct PlanBuilder<'a> {
    ladder: Ladder,
    ranks: HashMap<String, &'a Rank>,
    actor: &'a Actor,
    now: Timestamp,
    keeps_leaders: bool,
    /// Members by username key.
    members: HashMap<String, MemberDraft<'a>>,
    /// The member with each Discord id, now or at the start of the import. An import cannot move an id from one member
    /// to another.
    discord_ids: HashMap<String, MemberId>,
    characters: HashMap<NameKey, CharacterDraft<'a>>,
}

struct MemberDraft<'a> {
    /// The position among the members. Existing members come first.
    number: usize,
    before: Option<&'a Member>,
    after: Member,
    stated: StatedFields,
    stored_characters: usize,
    new_characters: usize,
    main: Option<NameKey>,
    main_stated_at: Option<RowLocation>,
}

/// The fields of a member that earlier rows have set, each with the location of the row.
#[derive(Clone, Default)]
struct StatedFields {
    rank: Option<(RankId, RowLocation)>,
    display_name: Option<(String, RowLocation)>,
    discord_id: Option<(String, RowLocation)>,
}

struct CharacterDraft<'a> {
    /// The position among the characters. Existing characters come first.
    number: usize,
    before: Option<&'a Character>,
    after: Character,
    /// The owner's username, for messages.
    owner: String,
    row: Option<RowLocation>,
    is_alt: bool,
}

/// The change that a row makes to its member.
struct MemberStep {
    key: String,
    before: Option<Member>,
    after: Member,
    stated: StatedFields,
}

/// The change that a row makes to its character.
struct CharacterStep {
    key: NameKey,
    after: Character,
    is_main: Option<bool>,
    is_change: bool,
}

impl<'a> PlanBuilder<'a> {
    /// Creates a builder with the guild's state before the import.
    pub(super) fn new(existing: &'a Roster, actor: &'a Actor, now: Timestamp) -> Self {
        let owners: HashMap<MemberId, &Member> = existing.members.iter().map(|member| (member.id, member)).collect();
        let mut builder = Self {
            ladder: Ladder::new(existing.ranks.clone()),
            ranks: existing.ranks.iter().map(|rank| (rank.name_key.clone(), rank)).collect(),
            actor,
            now,
            keeps_leaders: false,
            members: HashMap::with_capacity(existing.members.len()),
            discord_ids: HashMap::new(),
            characters: HashMap::with_capacity(existing.characters.len()),
        };
        for member in &existing.members {
            let number = builder.members.len();
            builder.members.insert(
                member.username_key.clone(),
                MemberDraft { before: Some(member), ..MemberDraft::new(number, member.clone()) },
            );
            if let Some(id) = &member.discord_id {
                builder.discord_ids.insert(id.clone(), member.id);
            }
        }
        for character in &existing.characters {
            let Some(owner) = owners.get(&character.member_id) else { continue };
            let key = (character.name_key.clone(), character.realm_key.clone());
            if let Some(member) = builder.members.get_mut(&owner.username_key) {
                member.stored_characters += 1;
                if character.is_main {
                    member.main = Some(key.clone());
                }
            }
            let stored = CharacterDraft {
                number: builder.characters.len(),
                before: Some(character),
                after: character.clone(),
                owner: owner.discord_username.clone(),
                row: None,
                is_alt: false,
            };
            builder.characters.insert(key, stored);
        }
        builder
    }

    /// Makes the builder reject rows that take the highest rank from a member.
    pub(super) fn keeping_leaders(self) -> Self {
        Self { keeps_leaders: true, ..self }
    }

    /// Adds a row and returns whether it changes anything. A row with an error does not change the builder.
    pub(super) fn add_row(&mut self, record: &Record) -> Result<bool, RowError> {
        let member = self.plan_member(record)?;
        let mut is_change = member.before.as_ref() != Some(&member.after);
        if is_change {
            self.check_leader_remains(&member)?;
            self.actor.check(&self.ladder, member.before.as_ref(), &member.after)?;
        }
        let character = self.plan_character(record, &member)?;
        if !is_change && character.as_ref().is_some_and(|character| character.is_change) {
            self.actor.check(&self.ladder, member.before.as_ref(), &member.after)?;
            is_change = true;
        }
        self.apply(record.location, member, character);
        Ok(is_change)
    }

    fn plan_member(&self, record: &Record) -> Result<MemberStep, RowError> {
        let cells = MemberCells::parse(record, &self.ranks)?;
        let draft = self.members.get(&cells.username_key);
        let mut stated = draft.map(|draft| draft.stated.clone()).unwrap_or_default();
        set_once(&mut stated.rank, cells.rank.map(|rank| rank.id), Column::Rank, record.location)?;
        set_once(&mut stated.display_name, cells.display_name.clone(), Column::DisplayName, record.location)?;
        set_once(&mut stated.discord_id, cells.discord_id.clone(), Column::DiscordId, record.location)?;
        let before = draft.map(|draft| draft.after.clone());
        let owner = cells.discord_id.as_ref().and_then(|id| self.discord_ids.get(id));
        if owner.is_some_and(|owner| before.as_ref().is_none_or(|before| before.id != *owner)) {
            return Err(RowError::in_column(Column::DiscordId, "Another member has this Discord id."));
        }
        let key = cells.username_key.clone();
        let after = match &before {
            Some(before) => self.change_member(before, cells)?,
            None => self.create_member(cells)?,
        };
        Ok(MemberStep { key, before, after, stated })
    }

    fn create_member(&self, cells: MemberCells<'_>) -> Result<Member, RowError> {
        let rank = cells.rank.or_else(|| self.ladder.lowest());
        let rank = rank.ok_or_else(|| RowError::in_column(Column::Rank, "The guild has no ranks."))?;
        let new = NewMember {
            discord_username: cells.username,
            discord_id: cells.discord_id,
            display_name: cells.display_name,
            rank: Some(rank.id),
        };
        Ok(new.into_row(rank, self.now)?)
    }

    fn change_member(&self, before: &Member, cells: MemberCells<'_>) -> Result<Member, RowError> {
        let rank = cells.rank.map(|rank| rank.id).filter(|rank| *rank != before.rank_id);
        let display_name = cells.display_name.filter(|name| *name != before.display_name);
        let discord_id = cells.discord_id.filter(|id| before.discord_id.as_ref() != Some(id));
        if rank.is_none() && display_name.is_none() && discord_id.is_none() {
            return Ok(before.clone());
        }
        let defined = |cell: Option<String>| cell.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value);
        let change = MemberChange {
            id: before.id,
            discord_username: None,
            discord_id: defined(discord_id),
            display_name: defined(display_name),
            rank,
            active: None,
        };
        Ok(change.apply(before, &self.ladder)?)
    }

    fn plan_character(&self, record: &Record, member: &MemberStep) -> Result<Option<CharacterStep>, RowError> {
        let Some(cells) = CharacterCells::parse(record)? else {
            return Ok(None);
        };
        let key = cells.key();
        let draft = self.characters.get(&key);
        if let Some(draft) = draft {
            if let Some(location) = draft.row {
                return Err(RowError::in_column(
                    Column::CharacterName,
                    format!("The file already has this character at {location}."),
                ));
            }
            if draft.after.member_id != member.after.id {
                let message = format!("This character belongs to {}.", draft.owner);
                return Err(RowError::in_column(Column::CharacterName, message));
            }
        }
        let is_main = cells.is_main;
        let owner = self.members.get(&member.key);
        let main_stated_at = owner.and_then(|owner| owner.main_stated_at);
        if let (Some(true), Some(location)) = (is_main, main_stated_at) {
            return Err(RowError::in_column(Column::MainAlt, format!("The member has another main at {location}.")));
        }
        let before = draft.map(|draft| &draft.after);
        let owned = owner.map_or(0, |owner| owner.stored_characters + owner.new_characters);
        if before.is_none() && owned >= MAX_CHARACTERS {
            let message = format!("A member has at most {MAX_CHARACTERS} characters.");
            return Err(RowError::in_column(Column::CharacterName, message));
        }
        let after = match before {
            Some(before) => character::change(before, &cells)?,
            None => character::create(&member.after, cells)?,
        };
        let is_change =
            before.is_none_or(|before| *before != after || is_main.is_some_and(|main| main != before.is_main));
        Ok(Some(CharacterStep { key, after, is_main, is_change }))
    }

    fn check_leader_remains(&self, MemberStep { before, after, .. }: &MemberStep) -> Result<(), RowError> {
        let highest = self.ladder.highest_level();
        let leads = |member: &Member| member.is_active && member.rank_level == highest;
        if self.keeps_leaders && before.as_ref().is_some_and(leads) && !leads(after) {
            let message = "The guild must keep an active, registered leader.";
            return Err(RowError { reason: Some("LAST_LEADER"), ..RowError::in_column(Column::Rank, message) });
        }
        Ok(())
    }

    /// Applies the steps of a valid row.
    fn apply(&mut self, location: RowLocation, step: MemberStep, character: Option<CharacterStep>) {
        let owner = step.after.discord_username.clone();
        if let Some(id) = &step.after.discord_id {
            self.discord_ids.insert(id.clone(), step.after.id);
        }
        let number = self.members.len();
        let member = self.members.entry(step.key).or_insert_with(|| MemberDraft::new(number, step.after.clone()));
        (member.after, member.stated) = (step.after, step.stated);
        let Some(character) = character else { return };
        let CharacterStep { key, after, is_main, .. } = character;
        let number = self.characters.len();
        member.new_characters += usize::from(!self.characters.contains_key(&key));
        let draft = self.characters.entry(key.clone()).or_insert_with(|| CharacterDraft {
            number,
            before: None,
            after: after.clone(),
            owner,
            row: None,
            is_alt: false,
        });
        (draft.after, draft.row, draft.is_alt) = (after, Some(location), is_main == Some(false));
        match is_main {
            Some(true) => {
                member.main_stated_at = Some(location);
                let old_main = member.main.replace(key.clone());
                self.set_main(old_main.as_ref(), false);
                self.set_main(Some(&key), true);
            }
            Some(false) => {
                draft.after.is_main = false;
                member.main.take_if(|main| *main == key);
            }
            None => {}
        }
    }

    fn set_main(&mut self, key: Option<&NameKey>, is_main: bool) {
        if let Some(draft) = key.and_then(|key| self.characters.get_mut(key)) {
            draft.after.is_main = is_main;
        }
    }

    /// Writes the changes of all rows to the plan.
    pub(super) fn finish(self, plan: &mut ImportPlan) {
        let mut mainless: HashSet<MemberId> = HashSet::new();
        let mut members: Vec<MemberDraft<'_>> = self.members.into_values().collect();
        members.sort_by_key(|member| member.number);
        for member in members {
            if member.main.is_none() && member.stored_characters == 0 {
                mainless.insert(member.after.id);
            }
            match member.before {
                None => plan.new_members.push(member.after),
                Some(before) if *before != member.after => {
                    plan.changed_members.push(MemberDiff { before: before.clone(), after: member.after });
                }
                Some(_) => {}
            }
        }
        let mut characters: Vec<CharacterDraft<'_>> = self.characters.into_values().collect();
        characters.sort_by_key(|character| character.number);
        for mut character in characters {
            match character.before {
                None => {
                    // A member without stored characters gets a main, even if the file names none.
                    character.after.is_main |= !character.is_alt && mainless.remove(&character.after.member_id);
                    plan.new_characters.push(character.after);
                }
                Some(before) if *before != character.after => plan.changed_characters.push(character.after),
                Some(_) => {}
            }
        }
        plan.changed_characters.sort_by_key(|character| character.is_main);
    }
}

impl MemberDraft<'_> {
    const fn new(number: usize, after: Member) -> Self {
        Self {
            number,
            before: None,
            after,
            stated: StatedFields { rank: None, display_name: None, discord_id: None },
            stored_characters: 0,
            new_characters: 0,
            main: None,
            main_stated_at: None,
        }
    }
}

/// Sets a field of a member. Fails if an earlier row has set another value.
fn set_once<T: PartialEq>(
    stated: &mut Option<(T, RowLocation)>,
    value: Option<T>,
    column: Column,
    location: RowLocation,
) -> Result<(), RowError> {
    match (&stated, value) {
        (Some((earlier, location)), Some(value)) if *earlier != value => {
            Err(RowError::in_column(column, format!("The member has another {} at {location}.", column.field())))
        }
        (None, Some(value)) => {
            *stated = Some((value, location));
            Ok(())
        }
        _ => Ok(()),
    }
}
