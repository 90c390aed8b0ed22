//! Properties of any text and any query.

use proptest::{collection, prelude::*, sample};
use search::{Query, Term, TermPrefix, terms};

use crate::languages::{found, words};

/// Texts of words, signs and scripts in all mixtures, and of anything at all.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-c]{1,3}",
        2 => "[A-Za-z0-9]{1,5}",
        2 => "[ .,_'\"*^:()-]{1,2}",
        1 => "[東京都にカﾞガ학교ㅋ]{1,4}",
        1 => "[éßİıǅŉﬁ½²ςё]{1,2}",
        1 => "[กำวัสดี\u{e49}]{1,4}",
        1 => "[हिन्दी\u{5b0}\u{64b}\u{654}اأيئ]{1,4}",
        1 => "[\u{300}\u{301}\u{200d}\u{ad}\u{3099}\u{fe0f}\u{1f3fb}👩\u{0}]{1,2}",
        1 => "\\PC{1,3}",
        1 => any::<String>(),
    ];
    collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// The terms in the order of the text, without the parts of words in camel case.
fn in_order(text: &str) -> Vec<Term> {
    terms(text).take_while(|term| !term.is_part()).collect()
}

fn between(text: &str, terms: &[Term], ends: [sample::Index; 2]) -> Option<String> {
    (!terms.is_empty()).then(|| {
        let [one, other] = ends.map(|it| it.index(terms.len()));
        let range = terms[one.min(other)].range.start..terms[one.max(other)].range.end;
        text[range].to_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn every_term_is_in_the_text_and_matches_it(text in text()) {
        for (at, term) in terms(&text).enumerate() {
            prop_assert_eq!(term.position as usize, at + 1);
            prop_assert!(text.get(term.range.clone()).is_some_and(|it| !it.is_empty()), "{:?}", term);
            prop_assert!(!term.text.is_empty() && term.text.len() <= 64);
            let ascii_fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            prop_assert!(term.text.chars().all(|c| ascii_fits(c) || !c.is_ascii() && !c.is_control()), "{:?}", term);
            prop_assert!(found(&term.text, &text), "{:?}", term);
        }
    }

    #[test]
    fn every_substring_between_words_matches(text in text(), ends: [sample::Index; 2], quoted: bool, typing: bool) {
        if let Some(stretch) = between(&text, &in_order(&text), ends) {
            let typed = if quoted { format!("\"{stretch}\"") } else { stretch };
            if let Some(query) = Query::parse(&typed, typing) {
                prop_assert!(query.matches(&text), "{:?} in {:?}", query, words(&text));
            }
        }
    }

    #[test]
    fn every_prefix_of_a_word_matches_while_typing(text in "[A-Za-z0-9éß_.' ]{1,40}", to: sample::Index) {
        let letters: Vec<usize> = text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
        let typed = &text[..letters[to.index(letters.len())]];
        if let Some(query) = Query::parse(typed, true) {
            prop_assert!(query.matches(&text), "{:?}", typed);
        }
    }

    #[test]
    fn snippet_is_a_substring_with_all_matches_that_fit(text in text(), ends: [sample::Index; 2], width in 0_usize..60) {
        let Some(stretch) = between(&text, &in_order(&text), ends) else { return Ok(()) };
        let Some(query) = Query::parse(&stretch, false) else { return Ok(()) };
        let passage = query.snippet(&text, width);
        let whole: String = passage.parts.iter().map(|part| part.text.as_str()).collect();
        prop_assert!(text.contains(&whole) && whole.trim() == whole);
        prop_assert!(passage.parts.windows(2).all(|two| two[0].matched != two[1].matched));
        if width > 0 && query.matches(&text) {
            prop_assert!(passage.parts.iter().any(|part| part.matched), "{:?} in {:?}", stretch, passage);
        }
        let everything = query.snippet(&text, text.len());
        prop_assert!(!everything.before_cut && !everything.after_cut);
    }

    #[test]
    fn expressions_are_well_formed_for_any_input(typed in text(), typing: bool) {
        let owner = TermPrefix::of("user-1");
        if let Some(query) = Query::parse(&typed, typing) {
            let (fts5, tsquery) = (query.fts5(&owner), query.tsquery(&owner));
            let term = |it: &str, quote: char| it.strip_prefix(quote).and_then(|it| it.strip_suffix(quote))
                .is_some_and(|it| it.len() > 10 && it.starts_with(owner.as_str()) && !it.contains(['"', '\'', ' ', '\\', '\0']));
            for phrase in fts5.split(" AND ") {
                prop_assert!(phrase.strip_suffix(" *").unwrap_or(phrase).split(" + ").all(|it| term(it, '"')), "{}", fts5);
            }
            for phrase in tsquery.split(" & ") {
                prop_assert!(phrase.strip_suffix(":*").unwrap_or(phrase).split(" <-> ").all(|it| term(it, '\'')), "{}", tsquery);
            }
        }
    }
}
