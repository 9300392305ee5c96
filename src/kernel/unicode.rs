//! Properties of Unicode characters: which ones a name may contain, and how they are folded.

use unicode_normalization::{
    UnicodeNormalization,
    char::{canonical_combining_class, is_combining_mark},
};
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
/// The combining dot above, which the lower case of İ contains.
const DOT_ABOVE: char = '\u{307}';
/// The base of the flags of England, Scotland and Wales.
const BLACK_FLAG: char = '\u{1f3f4}';
/// Ends the tags of a flag.
const CANCEL_TAG: char = '\u{e007f}';
/// The canonical combining class of a virama, which joins consonants.
const VIRAMA: u8 = 9;

/// Returns the first character that must not be in a name, and what it is. The name has no white space but single
/// spaces.
pub fn find_unfit(name: &str) -> Option<(char, &'static str)> {
    let chars: Vec<char> = name.chars().collect();
    let at = |index: usize| chars.get(index).copied();
    chars.iter().enumerate().find_map(|(index, c)| {
        let before = index.checked_sub(1).and_then(at);
        let is_fit = is_fit_in_context(*c, index.checked_sub(2).and_then(at), before, at(index + 1));
        let what = match c.general_category() {
            _ if is_fit => return None,
            GeneralCategory::Control => "a control character",
            GeneralCategory::PrivateUse => "a character for private use",
            _ if is_bidirectional_control(*c) => "a character that changes the direction of text",
            _ if is_ignorable(*c) || is_blank(*c) => "an invisible character",
            GeneralCategory::Unassigned => "a code point without a character",
            _ => "a combining mark without a letter",
        };
        Some((*c, what))
    })
}

/// Whether a character may follow `before`, which follows `second_before`, and precede `after`.
fn is_fit_in_context(c: char, second_before: Option<char>, before: Option<char>, after: Option<char>) -> bool {
    let is_before = |test: fn(char) -> bool| before.is_some_and(test);
    match c {
        ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER => {
            let last = if before == Some('\u{fe0f}') { second_before } else { before };
            let joins_emoji = c == ZERO_WIDTH_JOINER && last.is_some_and(is_emoji) && after.is_some_and(is_emoji);
            // A joiner after a virama also selects a form at the end of a word, as in Malayalam.
            let is_final = c == ZERO_WIDTH_JOINER && is_before(|c| canonical_combining_class(c) == VIRAMA);
            joins_emoji || is_before(is_of_joining_script) && (is_final || after.is_some_and(is_of_joining_script))
        }
        '\u{fe0e}' | '\u{fe0f}' => is_before(|c| is_han(c) || c.is_emoji_char() || is_symbol(c)),
        '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => is_before(is_han),
        '\u{180b}'..='\u{180f}' => is_before(is_mongolian),
        CANCEL_TAG => is_before(is_tag),
        _ if is_tag(c) => {
            is_before(|c| c == BLACK_FLAG || is_tag(c)) && after.is_some_and(|c| c == CANCEL_TAG || is_tag(c))
        }
        _ if is_combining_mark(c) && !is_ignorable(c) => is_before(|c| c != ' ') && !is_blank(c),
        _ => {
            let category = c.general_category();
            !is_ignorable(c)
                && !is_blank(c)
                && !matches!(
                    category,
                    GeneralCategory::Control | GeneralCategory::PrivateUse | GeneralCategory::Unassigned
                )
        }
    }
}

/// Whether a character is invisible unless a font supports it: the property `Default_Ignorable_Code_Point`.
/// <https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt>
const fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a character that Unicode doesn't list as ignorable is drawn without ink, or marks something that is not
/// text: the empty Braille pattern, blank hieroglyphs, fillers, and controls of annotations and layout.
const fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\u{2800}'
            | '\u{fff9}'..='\u{fffc}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{13441}'..='\u{13442}'
            | '\u{16fe4}'
            | '\u{1d159}'
    )
}

const fn is_bidirectional_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

const fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007e}')
}

/// Whether a character is an emoji that a joiner can connect with another one.
fn is_emoji(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char()
}

fn is_symbol(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Symbol
}

const fn is_mongolian(c: char) -> bool {
    matches!(c, '\u{1807}' | '\u{1820}'..='\u{18aa}')
}

/// Whether a character is an ideograph, of which variation selectors choose the form.
const fn is_han(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether a character is a letter or mark of a script in which joiners change words: the cursive scripts and those
/// of Brahmic origin. The ranges also contain a few scripts without joiners.
fn is_of_joining_script(c: char) -> bool {
    let is_in_range = matches!(
        c,
        '\u{600}'..='\u{dff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{18af}'
            | '\u{1a20}'..='\u{1aaf}'
            | '\u{1b00}'..='\u{1c4f}'
            | '\u{a800}'..='\u{a8ff}'
            | '\u{a980}'..='\u{a9ff}'
            | '\u{aa60}'..='\u{aa7f}'
            | '\u{abc0}'..='\u{abff}'
            | '\u{fb50}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefc}'
            | '\u{10a00}'..='\u{10aff}'
            | '\u{10d00}'..='\u{10fff}'
            | '\u{11000}'..='\u{11fff}'
            | '\u{1e900}'..='\u{1e95f}'
    );
    let is_word = || matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark);
    is_in_range && !is_ignorable(c) && is_word()
}

/// Removes the differences that names may not have: compatibility forms such as full width, case, spaces, and
/// ignorable characters. Unicode calls this `toNFKC_Casefold`, which keeps spaces and dots above.
/// <https://www.unicode.org/versions/latest/core-spec/chapter-3/#G63737>
pub fn fold_compatibly(text: &str) -> String {
    let visible = text.nfkc().filter(|c| !c.is_whitespace() && (!is_ignorable(*c) || is_tag(*c)));
    fold_case(visible).nfc().collect()
}

/// Also removes accents, and replaces letters such as ø by their base letters, which Unicode doesn't decompose.
/// White space becomes single spaces, every hyphen and dash the same hyphen, and apostrophes disappear.
pub fn fold_to_base(text: &str) -> String {
    // Also after the decomposition, which returns apostrophes and hyphens of other characters.
    let visible = text.chars().filter_map(simplify).nfkd().filter_map(simplify);
    // And after the case, because some apostrophes have a capital form.
    let folded = fold_case(visible).filter_map(simplify).flat_map(base_letters);
    let folded: String = folded.filter(|c| !is_accent(*c)).nfc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Removes an apostrophe or ignorable character, and replaces every hyphen and dash by the hyphen on keyboards.
fn simplify(c: char) -> Option<char> {
    if is_apostrophe(c) || is_ignorable(c) { None } else { Some(if is_hyphen(c) { '-' } else { c }) }
}

/// Removes case as Unicode's full case folding does: `ẞ`, `ß` and `SS` become `ss`, and `Σ` and `ς` become `σ`. The
/// dot of `İ` disappears too, and `ı` becomes `i`, so that names match in Turkish and other languages.
fn fold_case(text: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let lower = text.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    let mut base = '\0';
    lower.filter(move |c| {
        if canonical_combining_class(*c) == 0 {
            base = *c;
        }
        !(*c == DOT_ABOVE && base == 'i')
    })
}

/// Whether a mark is an accent or a vowel point, rather than a vowel sign or a part of its letter, as the marks of
/// Indic scripts and of kana are.
fn is_accent(c: char) -> bool {
    is_combining_mark(c) && !matches!(canonical_combining_class(c), 0 | 6..=VIRAMA)
}

/// Whether a character is an apostrophe, or one that is typed for it.
pub const fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '`'
            | '´'
            | '‘'
            | '’'
            | '‛'
            | '′'
            | 'ʹ'
            | 'ʻ'
            | 'ʼ'
            | 'ʽ'
            | 'ʾ'
            | 'ʿ'
            | 'ˈ'
            | '՚'
            | '׳'
            | 'ꞌ'
            | '＇'
            | '｀'
    )
}

/// Whether a character is a hyphen, or one that is typed for it.
pub const fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{58a}' | '\u{5be}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
    )
}

/// Replaces a lower-case letter that has no decomposition by the letters that people type for it.
fn base_letters(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ⱥ' => ('a', None),
        'ƀ' | 'ɓ' => ('b', None),
        'ƈ' | 'ȼ' => ('c', None),
        'ð' | 'đ' | 'ɖ' | 'ɗ' => ('d', None),
        'ə' | 'ǝ' | 'ɇ' => ('e', None),
        'ƒ' => ('f', None),
        'ǥ' | 'ɠ' => ('g', None),
        'ħ' | 'ⱨ' => ('h', None),
        'ɨ' => ('i', None),
        'ȷ' | 'ɉ' => ('j', None),
        'ĸ' | 'ƙ' | 'ⱪ' => ('k', None),
        'ł' | 'ƚ' | 'ⱡ' | 'ɫ' => ('l', None),
        'ŋ' | 'ɲ' | 'ƞ' => ('n', None),
        'ø' | 'ɵ' | 'ɔ' => ('o', None),
        'ƥ' | 'ᵽ' => ('p', None),
        'ɍ' | 'ɽ' => ('r', None),
        'ȿ' => ('s', None),
        'ŧ' | 'ƭ' | 'ʈ' | 'ⱦ' => ('t', None),
        'ʉ' => ('u', None),
        'ʋ' => ('v', None),
        'ⱳ' => ('w', None),
        'ƴ' | 'ɏ' => ('y', None),
        'ƶ' | 'ȥ' | 'ɀ' | 'ⱬ' => ('z', None),
        _ => (c, None),
    };
    std::iter::once(first).chain(second)
}
