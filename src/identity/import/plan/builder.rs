//! Builds an [`ImportPlan`] row by row.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_graphql::MaybeUndefined;

use super::{
    actor::Actor,
    cells::{CharacterCells, MemberCells, NameKey},
    changes,
    character::{self, Details},
    drafts::{CharacterDraft, CharacterStep, MemberDraft, MemberStep, check_active, set_once},
    renames::Renames,
    row::Row,
    types::{ImportPlan, MemberDiff, Roster},
};
use crate::{
    identity::{
        characters::MAX_CHARACTERS,
        import::{
            location::RowLocation,
            long_id,
            problem::{RowError, RowErrors},
            record::Column,
        },
        members::{MemberChange, NewMember},
        policy::Ladder,
        rows::Member,
    },
    kernel::{clock::Timestamp, id::MemberId},
};

/// The guild's state after the rows added so far.
pub(super) struct PlanBuilder<'a> {
    ladder: Ladder,
    actor: &'a Actor,
    now: Timestamp,
    /// Whether rows that take the highest rank from a member are rejected.
    keeps_leaders: bool,
    members: HashMap<MemberId, MemberDraft<'a>>,
    /// The member with each username key, after the renames of all rows.
    usernames: HashMap<String, MemberId>,
    /// The member with each Discord id, now or at the start of the import. An import cannot move an id from one member
    /// to another.
    discord_ids: HashMap<String, MemberId>,
    /// The stored Discord ids, to recognize rounded ones.
    stored_ids: BTreeSet<u64>,
    renamed: HashSet<MemberId>,
    characters: HashMap<NameKey, CharacterDraft<'a>>,
}

impl<'a> PlanBuilder<'a> {
    /// Creates a builder with the guild's state before the import.
    pub(super) fn new(existing: &'a Roster, actor: &'a Actor, now: Timestamp, keeps_leaders: bool) -> Self {
        let mut builder = Self {
            ladder: Ladder::new(existing.ranks.clone()),
            actor,
            now,
            keeps_leaders,
            members: HashMap::with_capacity(existing.members.len()),
            usernames: HashMap::new(),
            discord_ids: HashMap::new(),
            stored_ids: BTreeSet::new(),
            renamed: HashSet::new(),
            characters: HashMap::with_capacity(existing.characters.len()),
        };
        for (number, member) in existing.members.iter().enumerate() {
            let draft = MemberDraft { before: Some(member), ..MemberDraft::new(number, member.clone()) };
            builder.members.insert(member.id, draft);
            if let Some(id) = &member.discord_id {
                builder.discord_ids.insert(id.clone(), member.id);
                builder.stored_ids.extend(id.parse::<u64>());
            }
        }
        for character in &existing.characters {
            let key = (character.name_key.clone(), character.realm_key.clone());
            let Some(member) = builder.members.get_mut(&character.member_id) else { continue };
            member.stored_characters += 1;
            if character.is_main {
                member.main = Some(key.clone());
            }
            let stored = CharacterDraft {
                number: builder.characters.len(),
                before: Some(character),
                after: character.clone(),
                row: None,
                changed_at: None,
                is_alt: false,
            };
            builder.characters.insert(key, stored);
        }
        builder
    }

    /// Makes the builder find members by the usernames that they have after these renames.
    pub(super) fn with_renames(mut self, renames: &Renames) -> Self {
        let before = self.members.values().filter_map(|draft| draft.before);
        self.usernames = before.map(|member| (renames.username_key(member), member.id)).collect();
        self
    }

    /// Whether a row has renamed this member.
    pub(super) fn is_renamed(&self, member: MemberId) -> bool {
        self.renamed.contains(&member)
    }

    /// Adds a row and returns whether it changes anything. A row with an error does not change the builder.
    pub(super) fn add_row(&mut self, row: &Row<'_>) -> Result<bool, RowErrors> {
        let mut errors = row.errors.clone();
        let details = row.character.as_ref().map(|cells| (cells, errors.check_all(self.plan_details(cells))));
        let member = row.member.as_ref().and_then(|cells| errors.check_all(self.plan_member(cells, row.location)));
        let Some(member) = member.filter(|_| errors.is_empty()) else { return Err(errors) };
        let character = match details {
            Some((cells, Some(details))) => Some(self.plan_character(cells, details, &member)?),
            _ => None,
        };
        let is_member_change = member.before.as_ref() != Some(&member.after);
        let is_change = is_member_change || character.as_ref().is_some_and(|character| character.is_change);
        if is_member_change {
            self.check_leader_remains(&member)?;
        }
        if is_change {
            self.actor.check(&self.ladder, member.before.as_ref(), &member.after)?;
            check_active(&member)?;
        }
        self.apply(row.location, member, character);
        Ok(is_change)
    }

    fn plan_member(&self, cells: &MemberCells<'_>, location: RowLocation) -> Result<MemberStep, RowErrors> {
        let identified = cells.discord_id.as_ref().and_then(|id| self.discord_ids.get(id));
        let draft = identified.or_else(|| self.usernames.get(&cells.username_key)).and_then(|id| self.members.get(id));
        let mut stated = draft.map(|draft| draft.stated.clone()).unwrap_or_default();
        let mut errors = RowErrors::default();
        errors.check(set_once(&mut stated.rank, cells.rank.map(|rank| rank.id), Column::Rank, location));
        let display_name = cells.display_name.clone();
        errors.check(set_once(&mut stated.display_name, display_name, Column::DisplayName, location));
        let discord_id = cells.discord_id.clone();
        errors.check(set_once(&mut stated.discord_id, discord_id, Column::DiscordId, location));
        if identified.is_none() {
            errors.check(self.check_not_rounded(cells));
            // The member was found by a username that another row gives them.
            let takes_name =
                draft.and_then(|draft| draft.before).is_some_and(|it| it.username_key != cells.username_key);
            if takes_name && cells.discord_id.is_some() {
                let message = "Another row gives this Discord username to another Discord id.";
                errors.add(RowError::in_column(Column::DiscordId, message));
            }
        }
        let before = draft.map(|draft| draft.after.clone());
        let after = match &before {
            Some(before) => {
                let has_new_username = identified.is_some() && cells.username_key != before.username_key;
                let is_possible = self.usernames.get(&cells.username_key) == Some(&before.id);
                if has_new_username && !is_possible {
                    errors.add(RowError::in_column(Column::DiscordId, "Another member has this Discord id."));
                }
                errors.check(self.change_member(before, cells, has_new_username))
            }
            None => errors.check(self.create_member(cells)),
        };
        errors.or_value(after.map(|after| MemberStep { before, after, stated }))
    }

    /// Checks that an unknown id is not a rounded form of a real one.
    fn check_not_rounded(&self, cells: &MemberCells<'_>) -> Result<(), RowError> {
        let Some(id) = cells.discord_id.as_ref().and_then(|id| id.parse::<u64>().ok()) else { return Ok(()) };
        let max = long_id::max_difference(id);
        let mut nearby = self.stored_ids.range(id.saturating_sub(max)..=id.saturating_add(max));
        if cells.has_rounded_id || nearby.any(|stored| long_id::is_rounded_to(*stored, id)) {
            return Err(RowError::in_column(Column::DiscordId, long_id::ROUNDED));
        }
        Ok(())
    }

    fn create_member(&self, cells: &MemberCells<'_>) -> Result<Member, RowError> {
        let rank = cells.rank.or_else(|| self.ladder.lowest());
        let rank = rank.ok_or_else(|| RowError::in_column(Column::Rank, "The guild has no ranks."))?;
        let new = NewMember {
            discord_username: cells.username.clone(),
            discord_id: cells.discord_id.clone(),
            display_name: cells.display_name.clone(),
            rank: Some(rank.id),
        };
        Ok(new.into_row(rank, self.now)?)
    }

    fn change_member(&self, before: &Member, cells: &MemberCells<'_>, renames: bool) -> Result<Member, RowError> {
        let rank = cells.rank.map(|rank| rank.id).filter(|rank| *rank != before.rank_id);
        let display_name = cells.display_name.as_ref().filter(|name| **name != before.display_name);
        let discord_id = cells.discord_id.as_ref().filter(|id| before.discord_id.as_ref() != Some(*id));
        if rank.is_none() && display_name.is_none() && discord_id.is_none() && !renames {
            return Ok(before.clone());
        }
        let defined = |cell: Option<&String>| cell.cloned().map_or(MaybeUndefined::Undefined, MaybeUndefined::Value);
        let change = MemberChange {
            id: before.id,
            discord_username: renames.then(|| cells.username.clone()),
            discord_id: defined(discord_id),
            display_name: defined(display_name),
            rank,
            active: None,
        };
        Ok(change.apply(before, &self.ladder)?)
    }

    fn plan_details(&self, cells: &CharacterCells) -> Result<Details, RowErrors> {
        match self.characters.get(&cells.key()) {
            Some(draft) => character::of_changed(&draft.after, cells),
            None => character::of_new(cells),
        }
    }

    fn plan_character(
        &self,
        cells: &CharacterCells,
        details: Details,
        member: &MemberStep,
    ) -> Result<CharacterStep, RowErrors> {
        let mut errors = RowErrors::default();
        let (key, is_main) = (cells.key(), cells.is_main);
        let draft = self.characters.get(&key);
        if let Some(draft) = draft {
            if let Some(location) = draft.row {
                let message = format!("The file already has this character at {location}.");
                errors.add(RowError::in_column(Column::CharacterName, message));
            } else if draft.after.member_id != member.after.id {
                errors.add(RowError::in_column(Column::CharacterName, self.owned_by(draft.after.member_id)));
            }
        }
        let owner = self.members.get(&member.after.id);
        let main_stated_at = owner.and_then(|owner| owner.main_stated_at);
        if let (Some(true), Some(location)) = (is_main, main_stated_at) {
            errors.add(RowError::in_column(Column::MainAlt, format!("The member has another main at {location}.")));
        }
        let owned = owner.map_or(0, |owner| owner.stored_characters + owner.new_characters);
        if draft.is_none() && owned >= MAX_CHARACTERS {
            let message = format!("A member has at most {MAX_CHARACTERS} characters.");
            errors.add(RowError::in_column(Column::CharacterName, message));
        }
        let before = draft.map(|draft| &draft.after);
        let after = match before {
            Some(before) => Some(details.change(before)),
            None => errors.check(details.create(&member.after, cells)),
        };
        let step = after.map(|after| {
            let is_change =
                before.is_none_or(|before| *before != after || is_main.is_some_and(|main| main != before.is_main));
            CharacterStep { key, after, is_main, is_change }
        });
        errors.or_value(step)
    }

    /// Says whose a character is.
    fn owned_by(&self, owner: MemberId) -> String {
        match self.members.get(&owner).map(|draft| &draft.after) {
            Some(owner) if owner.is_active => format!("This character belongs to {}.", owner.discord_username),
            Some(owner) => format!("This character belongs to {}, who is deactivated.", owner.discord_username),
            None => "This character belongs to another member.".to_owned(),
        }
    }

    fn check_leader_remains(&self, MemberStep { before, after, .. }: &MemberStep) -> Result<(), RowError> {
        let highest = self.ladder.highest_level();
        let leads = |member: &Member| member.is_active && member.rank_level == highest;
        if self.keeps_leaders && before.as_ref().is_some_and(leads) && !leads(after) {
            let message = "The guild must keep an active, registered leader.";
            return Err(RowError::in_column(Column::Rank, message).because("LAST_LEADER"));
        }
        Ok(())
    }

    /// Applies the steps of a valid row.
    fn apply(&mut self, location: RowLocation, step: MemberStep, character: Option<CharacterStep>) {
        let MemberStep { before, after, stated } = step;
        let is_member_change = before.as_ref() != Some(&after);
        if let Some(id) = &after.discord_id {
            self.discord_ids.insert(id.clone(), after.id);
        }
        match before {
            None => {
                self.usernames.insert(after.username_key.clone(), after.id);
            }
            Some(before) if before.username_key != after.username_key => {
                self.renamed.insert(after.id);
            }
            Some(_) => {}
        }
        let number = self.members.len();
        let member = self.members.entry(after.id).or_insert_with(|| MemberDraft::new(number, after.clone()));
        (member.after, member.stated) = (after, stated);
        if is_member_change {
            member.changed_at.get_or_insert(location);
        }
        let Some(character) = character else { return };
        let CharacterStep { key, after, is_main, is_change } = character;
        let number = self.characters.len();
        member.new_characters += usize::from(!self.characters.contains_key(&key));
        let draft = self.characters.entry(key.clone()).or_insert_with(|| CharacterDraft {
            number,
            before: None,
            after: after.clone(),
            row: None,
            changed_at: None,
            is_alt: false,
        });
        (draft.after, draft.row, draft.is_alt) = (after, Some(location), is_main == Some(false));
        if is_change {
            draft.changed_at.get_or_insert(location);
        }
        match is_main {
            Some(true) => {
                member.main_stated_at = Some(location);
                let old_main = member.main.replace(key.clone());
                self.set_main(old_main.as_ref(), false, location);
                self.set_main(Some(&key), true, location);
            }
            Some(false) => {
                draft.after.is_main = false;
                member.main.take_if(|main| *main == key);
            }
            None => {}
        }
    }

    fn set_main(&mut self, key: Option<&NameKey>, is_main: bool, location: RowLocation) {
        if let Some(draft) = key.and_then(|key| self.characters.get_mut(key)) {
            draft.after.is_main = is_main;
            draft.changed_at.get_or_insert(location);
        }
    }

    /// Writes the changes of all rows to the plan.
    pub(super) fn finish(self, plan: &mut ImportPlan) {
        let (mut mainless, mut changes) = (HashSet::new(), Vec::new());
        let mut members: Vec<MemberDraft<'_>> = self.members.into_values().collect();
        members.sort_by_key(|member| member.number);
        for member in members {
            if member.main.is_none() && member.stored_characters == 0 {
                mainless.insert(member.after.id);
            }
            if let Some(location) = member.changed_at.filter(|_| member.before != Some(&member.after)) {
                changes.push(changes::of_member(location, member.before, &member.after, &self.ladder));
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
                    plan.new_characters.push(character.after.clone());
                }
                Some(before) if *before != character.after => plan.changed_characters.push(character.after.clone()),
                Some(_) => continue,
            }
            if let Some(location) = character.changed_at {
                changes.push(changes::of_character(location, character.before, &character.after));
            }
        }
        plan.changes = changes::first(changes);
        plan.changed_characters.sort_by_key(|character| character.is_main);
    }
}
