use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;
use strum::VariantArray;

use super::*;

const ALL: [&str; 12] = [
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
    let plain = Event::VARIANTS.iter().map(|event| Theme::Plain(*event));
    plain.chain([Theme::ResultsTied, Theme::ResultsEmpty]).collect()
}

fn placeholders(template: &str) -> Vec<&str> {
    template.split('{').skip(1).map(|part| part.split_once('}').map_or("", |(name, _)| name)).collect()
}

/// What a template may name.
fn allowed(theme: Theme, is_title: bool) -> Vec<&'static str> {
    if is_title {
        return vec!["title", "guild"];
    }
    let is_over = matches!(theme, Theme::Plain(Event::Results) | Theme::ResultsTied | Theme::ResultsEmpty);
    let known = ALL.into_iter().filter(|name| match *name {
        "leader" | "previous" => theme == Theme::Plain(Event::LeadChange),
        "winner" => matches!(theme, Theme::Plain(Event::Results) | Theme::ResultsTied),
        "closes" | "closes_at" => !is_over,
        _ => true,
    });
    known.collect()
}

#[test]
fn every_theme_has_its_pools() {
    let pools: BTreeMap<String, Pool> = serde_json::from_str(ANNOUNCEMENTS).unwrap();
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
                assert_eq!(named.iter().collect::<HashSet<_>>().len(), named.len(), "twice the same: {template}");
                assert!(template.chars().count() <= if is_title { 50 } else { 200 }, "{template}");
                let pictures = template.chars().filter(|c| *c >= '\u{2600}').count();
                assert!(pictures <= usize::from(is_title), "{template}");
                assert!(!template.contains(['\n', '@', '\\', '[']), "{template}");
            }
        }
        // The embed's title says what it is about, and the text of each lead change who is meant.
        assert!(pool.titles.iter().all(|title| title.contains("{title}")), "{theme:?}");
        let needed = match theme {
            Theme::Plain(Event::LeadChange) => "{leader}",
            Theme::Plain(Event::Results) | Theme::ResultsTied => "{winner}",
            _ => "",
        };
        assert!(pool.texts.iter().all(|text| text.contains(needed)), "{theme:?}");
    }
}

#[test]
fn teases_tell_nothing_of_the_standings() {
    let words = [
        "lead", "ahead", "behind", "chang", "overt", "swap", "shift", "standing", "twist", "surpris", "top", "front",
        "first", "race", "rank", "place", "winn", "favour", "new", "just", "now",
    ];
    let pool = &POOLS["TEASE"];
    for template in pool.titles.iter().chain(&pool.texts) {
        let lower = template.to_lowercase();
        assert!(!words.iter().any(|word| lower.contains(word)), "{template}");
    }
}

#[test]
fn variants_differ_among_campaigns_and_times_but_not_by_chance() {
    for theme in themes() {
        let wordings = |of: fn(i64) -> (i64, u32)| -> HashSet<_> {
            (0..200).map(of).map(|(id, time)| theme.wording(CampaignId(id), time)).collect()
        };
        let pool = &POOLS[&theme.pool()];
        assert_eq!(wordings(|id| (id, 0)).iter().map(|it| it.0).collect::<HashSet<_>>().len(), pool.titles.len());
        assert_eq!(wordings(|id| (id, 0)).iter().map(|it| it.1).collect::<HashSet<_>>().len(), pool.texts.len());
        assert!(wordings(|time| (7, u32::try_from(time).unwrap())).len() > pool.texts.len());
        assert_eq!(theme.wording(CampaignId(7), 3), theme.wording(CampaignId(7), 3));
    }
}

#[test]
fn placeholders_are_filled_once() {
    let values = Values {
        title: "{guild}".to_owned(),
        guild: "Dawn".to_owned(),
        closes_at: Some(Instant::default()),
        turnout: Turnout { eligible: 3, voted: 1 },
        entries: 4,
        ..Values::default()
    };
    let filled = values.fill("{title} {guild} {closes} {closes_at} {voted}/{eligible} {percent} % {entries} {x} {");
    assert_eq!(filled, "{guild} Dawn <t:0:R> <t:0:F> 1/3 33.3 % 4 {x} {");
    assert!(ALL.iter().all(|name| values.of(name).is_some()));
}

#[test]
fn names_are_listed_as_one_writes_them() {
    let of = |names: &[&str]| listed(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!([of(&[]), of(&["A"]), of(&["A", "B"]), of(&["A", "B", "C"])], ["", "A", "A and B", "A, B and C"]);
}

#[test]
fn what_people_type_shows_as_typed() {
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
fn cutting_keeps_escapes_whole() {
    let of = |max| escape("a*b", max);
    assert_eq!([of(4), of(3), of(2), of(1), of(0)], ["a\\*b", "a…", "a…", "…", ""]);
    assert_eq!(escape("ab*", 4), "ab\\*");
    assert_eq!((line("a*\nb", 4), line("a*\nb", 3)), ("a* b".to_owned(), "a*…".to_owned()));
}

/// What Discord shows of an escaped text.
fn shown(escaped: &str) -> String {
    let mut chars = escaped.chars();
    let mut shown = String::new();
    while let Some(c) = chars.next() {
        // A backslash before a letter or a space would show.
        let literal =
            if c == '\\' { chars.next().filter(char::is_ascii_punctuation).expect("an escape is whole") } else { c };
        shown.push(literal);
    }
    shown
}

proptest! {
    #[test]
    fn escaped_text_fits_and_shows_what_was_typed(
        text in prop_oneof![any::<String>(), "[-\\\\*_~`|>#\\[\\]()<@:.a1 \n…]{0,30}"],
        max in 0..40_usize,
    ) {
        let escaped = escape(&text, max);
        let flat: String = flat(&text).collect();
        prop_assert!(escaped.chars().count() <= max);
        let whole = escape(&text, usize::MAX);
        prop_assert_eq!(shown(&whole), flat.clone());
        if whole.chars().count() <= max {
            prop_assert_eq!(escaped, whole);
        } else if max > 0 {
            let kept = shown(escaped.strip_suffix('…').expect("a cut shows"));
            prop_assert!(flat.starts_with(&kept));
            // Nothing that fits is left out: an escape takes two characters, the ellipsis one.
            prop_assert!(escaped.chars().count() + 1 >= max);
        }
    }
}
