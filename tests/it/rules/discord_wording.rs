//! The wording of announcements, and the escaping of text that users typed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use guildhall::{
    discord::{
        announcement_rules::AnnouncementEvent,
        wording::{TemplateValues, Theme, escape, join_names, single_line},
    },
    kernel::{clock::Timestamp, id::CampaignId},
    voting::Turnout,
};
use proptest::prelude::*;
use serde::Deserialize;
use strum::VariantArray;

const ANNOUNCEMENTS: &str = include_str!("../../../data/discord/announcements.json");

/// The variants of a theme's title and text.
#[derive(Deserialize)]
struct Templates {
    titles: Vec<String>,
    texts: Vec<String>,
}

fn pools() -> BTreeMap<String, Templates> {
    serde_json::from_str(ANNOUNCEMENTS).unwrap()
}

/// All placeholders.
const PLACEHOLDERS: [&str; 12] = [
    "title",
    "guild",
    "closes",
    "closes_at",
    "voted",
    "eligible",
    "percent",
    "entries",
    "picks",
    "leader",
    "previous",
    "winner",
];

fn themes() -> Vec<Theme> {
    let plain = AnnouncementEvent::VARIANTS.iter().map(|event| Theme::Plain(*event));
    plain.chain([Theme::ResultsTied, Theme::ResultsEmpty]).collect()
}

fn placeholders(template: &str) -> Vec<&str> {
    template.split('{').skip(1).map(|part| part.split_once('}').map_or("", |(name, _)| name)).collect()
}

/// The placeholders that a template may use.
fn allowed(theme: Theme, is_title: bool) -> Vec<&'static str> {
    if is_title {
        return vec!["title", "guild"];
    }
    let is_over = match theme {
        Theme::Plain(event) => event.is_last(),
        Theme::ResultsTied | Theme::ResultsEmpty => true,
    };
    let known = PLACEHOLDERS.into_iter().filter(|name| match *name {
        "leader" | "previous" => theme == Theme::Plain(AnnouncementEvent::LeadChange),
        "winner" => matches!(theme, Theme::Plain(AnnouncementEvent::Results) | Theme::ResultsTied),
        "closes" | "closes_at" => !is_over,
        _ => true,
    });
    known.collect()
}

#[test]
fn every_theme_has_its_variants() {
    let pools = pools();
    let names: BTreeSet<String> = themes().into_iter().map(Theme::pool).collect();
    assert_eq!(pools.keys().cloned().collect::<BTreeSet<_>>(), names);
    for theme in themes() {
        let pool = &pools[&theme.pool()];
        for (templates, is_title) in [(&pool.titles, true), (&pool.texts, false)] {
            assert!(
                templates.len() >= 4 && templates.iter().collect::<HashSet<_>>().len() == templates.len(),
                "{theme:?}"
            );
            for template in templates {
                let named = placeholders(template);
                assert!(named.iter().all(|name| allowed(theme, is_title).contains(name)), "{template}");
                assert_eq!(
                    named.iter().collect::<HashSet<_>>().len(),
                    named.len(),
                    "a placeholder is used twice: {template}"
                );
                assert!(template.chars().count() <= if is_title { 50 } else { 200 }, "{template}");
                let pictures = template.chars().filter(|c| *c >= '\u{2600}').count();
                assert!(pictures <= usize::from(is_title), "{template}");
                assert!(!template.contains(['\n', '@', '\\', '[']), "{template}");
            }
        }
        // Each title names the campaign; the text of a lead change names the leader.
        assert!(pool.titles.iter().all(|title| title.contains("{title}")), "{theme:?}");
        let needed = match theme {
            Theme::Plain(AnnouncementEvent::LeadChange) => "{leader}",
            Theme::Plain(AnnouncementEvent::Results) | Theme::ResultsTied => "{winner}",
            _ => "",
        };
        assert!(pool.texts.iter().all(|text| text.contains(needed)), "{theme:?}");
    }
}

#[test]
fn teasers_do_not_hint_at_the_standings() {
    let words = [
        "lead", "ahead", "behind", "chang", "overt", "swap", "shift", "standing", "twist", "surpris", "top", "front",
        "first", "race", "rank", "place", "winn", "favour", "new", "just", "now",
    ];
    let pool = &pools()["TEASE"];
    for template in pool.titles.iter().chain(&pool.texts) {
        let lower = template.to_lowercase();
        assert!(!words.iter().any(|word| lower.contains(word)), "{template}");
    }
}

#[test]
fn the_variant_depends_only_on_the_campaign_and_the_time() {
    let pools = pools();
    for theme in themes() {
        let wordings = |of: fn(i64) -> (i64, u32)| -> HashSet<_> {
            (0..200).map(of).map(|(id, time)| theme.wording(CampaignId(id), time)).collect()
        };
        let pool = &pools[&theme.pool()];
        assert_eq!(wordings(|id| (id, 0)).iter().map(|it| it.0).collect::<HashSet<_>>().len(), pool.titles.len());
        assert_eq!(wordings(|id| (id, 0)).iter().map(|it| it.1).collect::<HashSet<_>>().len(), pool.texts.len());
        assert!(wordings(|time| (7, u32::try_from(time).unwrap())).len() > pool.texts.len());
        assert_eq!(theme.wording(CampaignId(7), 3), theme.wording(CampaignId(7), 3));
    }
}

#[test]
fn placeholders_are_filled_once() {
    let values = TemplateValues {
        title: "{guild}".to_owned(),
        guild: "Dawn".to_owned(),
        closes_at: Some(Timestamp::default()),
        turnout: Turnout { eligible: 3, voted: 1, ..Turnout::default() },
        entries: 4,
        ..TemplateValues::default()
    };
    let filled = values.fill("{title} {guild} {closes} {closes_at} {voted}/{eligible} {percent} % {entries} {x} {");
    assert_eq!(filled, "{guild} Dawn <t:0:R> <t:0:F> 1/3 33.3 % 4 {x} {");
    for name in PLACEHOLDERS {
        let placeholder = format!("{{{name}}}");
        assert_ne!(values.fill(&placeholder), placeholder);
    }
}

#[test]
fn names_are_joined_with_commas_and_and() {
    let of = |names: &[&str]| join_names(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!([of(&[]), of(&["A"]), of(&["A", "B"]), of(&["A", "B", "C"])], ["", "A", "A and B", "A, B and C"]);
}

#[test]
fn escaped_text_is_displayed_as_typed() {
    for (typed, escaped) in [
        ("Thal'dor, the Brave - again", "Thal'dor, the Brave - again"),
        ("[here](https://x.y)", "\\[here\\]\\(https\\://x.y\\)"),
        ("@everyone <@1> <:a:2> <t:0:R>", "\\@everyone \\<\\@1\\> \\<\\:a\\:2\\> \\<t\\:0\\:R\\>"),
        ("# a\n# b\r- c", "\\# a \\# b - c"),
        ("- a", "\\- a"),
        ("  -# a", "  \\-\\# a"),
        ("12. Raid 2.0", "12\\. Raid 2.0"),
        ("**b** __u__ ~~s~~ ||h|| `c` \\", "\\*\\*b\\*\\* \\_\\_u\\_\\_ \\~\\~s\\~\\~ \\|\\|h\\|\\| \\`c\\` \\\\"),
    ] {
        assert_eq!(escape(typed, 200), escaped);
    }
}

#[test]
fn truncating_keeps_escapes_whole() {
    let of = |max| escape("a*b", max);
    assert_eq!([of(4), of(3), of(2), of(1), of(0)], ["a\\*b", "a…", "a…", "…", ""]);
    assert_eq!(escape("ab*", 4), "ab\\*");
    assert_eq!((single_line("a*\nb", 4), single_line("a*\nb", 3)), ("a* b".to_owned(), "a*…".to_owned()));
}

/// How Discord displays an escaped text.
fn shown(escaped: &str) -> String {
    let mut chars = escaped.chars();
    let mut shown = String::new();
    while let Some(c) = chars.next() {
        // A backslash before a letter or a space would be displayed.
        let literal =
            if c == '\\' { chars.next().filter(char::is_ascii_punctuation).expect("a complete escape") } else { c };
        shown.push(literal);
    }
    shown
}

proptest! {
    #[test]
    fn escaped_text_fits_and_is_displayed_as_typed(
        text in prop_oneof![any::<String>(), "[-\\\\*_~`|>#\\[\\]()<@:.a1 \n…]{0,30}"],
        max in 0..40_usize,
    ) {
        let escaped = escape(&text, max);
        let flat = single_line(&text, usize::MAX);
        prop_assert!(escaped.chars().count() <= max);
        let whole = escape(&text, usize::MAX);
        prop_assert_eq!(shown(&whole), flat.clone());
        if whole.chars().count() <= max {
            prop_assert_eq!(escaped, whole);
        } else if max > 0 {
            let kept = shown(escaped.strip_suffix('…').expect("an ellipsis"));
            prop_assert!(flat.starts_with(&kept));
            // The text is not cut shorter than needed: an escape takes two characters, the ellipsis one.
            prop_assert!(escaped.chars().count() + 1 >= max);
        }
    }
}
