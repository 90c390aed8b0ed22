//! Matches in many languages.

use search::{Query, Snippet, SnippetPart, TermPrefix, index, terms};

pub fn words(text: &str) -> Vec<String> {
    terms(text).map(|term| term.text).collect()
}

pub fn found(query: &str, text: &str) -> bool {
    Query::parse(query, false).unwrap_or_else(|| panic!("{query:?} has no term")).matches(text)
}

#[track_caller]
fn assert_words(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(words(text).join(" "), *expected, "{text}");
    }
}

#[track_caller]
fn assert_found(table: &[(&str, &[&str], &[&str])]) {
    for (text, by, not_by) in table {
        for query in *by {
            assert!(found(query, text), "{query:?} finds {text:?}");
        }
        for query in *not_by {
            assert!(!found(query, text), "{query:?} does not find {text:?}");
        }
    }
}

#[test]
fn case_and_accents_are_ignored() {
    assert_words(&[
        ("L'École d’été, cœur naïf", "l ecole d ete coeur naif"),
        ("Straße STRASSE GROẞ Übermäßig", "strasse strasse gross ubermassig"),
        ("Łódź Ærø Þór Đà Nẵng Phở", "lodz aero thor da nang pho"),
        ("İstanbul ısı Isı IŞIK", "istanbul isi isi isik"),
        ("Ὀδυσσεύς ΟΔΥΣΣΕΥΣ", "οδυσσευσ οδυσσευσ"),
        ("Ещё Ёлка Київ", "еще елка киів"),
        ("ＡＢＣ１２ ﬁne x² №5 ½", "abc12 fine x2 5 1 2"),
        ("שָׁלוֹם צה\"ל", "שלום צה ל"),
        ("مُحَمَّدٌ الأُمّ مـــكتبة", "محمد الام مکتبه"),
        ("می\u{200c}خواهم ۱۲۳ ٤٥", "میخواهم 123 45"),
        ("हिन्दी में किताबें १२", "हिन्दी में किताबें 12"),
        ("தமிழ் বাংলা", "தமிழ் বাংলা"),
        ("soft\u{ad}ware e\u{301}t Z\u{335}\u{321}al\u{489}go", "software et zalgo"),
        ("Հայերեն ქართული አማርኛ", "հայերեն ქართული አማርኛ"),
        ("👩‍👩‍👧 ok 🎉 1️⃣ ™ \u{0}", "ok 1"),
        ("", ""),
        (" \t\n—…", ""),
    ]);
}

#[test]
fn scripts_without_spaces_match_any_substring() {
    assert_words(&[
        ("東京都", "東京 京都 都"),
        ("東京 都", "東京 京 都"),
        ("ｶﾞｲﾄﾞ", "ガイ イド ド"),
        ("か\u{3099}っこう", "がっ っこ こう う"),
        ("학교에서", "학교 교에 에서 서"),
        ("\u{1112}\u{1161}\u{11ab}글", "한글 글"),
        ("ㅋㅋㅠ", "ㅋㅋ ㅋㅠ ㅠ"),
        ("iPhone手机2台", "iphone 手机 机 2 台 phone"),
        ("สวัสดี", "สวั วัส สดี ดี"),
    ]);
    assert_found(&[
        (
            "我昨天去了東京都。",
            &["東京", "東京都", "京都", "都", "去", "我 都", "\"去了 \""],
            &["京东", "天了", "西"],
        ),
        (
            "人工智能 robot",
            &["智能", "能", "智能 robot", "工智能robot", "\"智能 robot\""],
            &["人能", "robot智能"],
        ),
        ("ロボットを動かす", &["ﾛﾎﾞｯﾄ", "動", "を動"], &["ロト", "動を"]),
        ("학교에서 배웠다", &["학교", "배", "에서 배웠다"], &["학에", "교사"]),
        ("ฉันรักภาษาไทย", &["ภาษา", "รัก", "ไทย", "ภาษาไทย"], &["ไทยรัก"]),
        ("ខ្ញុំស្រលាញ់ភាសាខ្មែរ", &["ភាសា", "ខ្មែរ"], &["ខ្មែរភាសា"]),
        ("မြန်မာဘာသာ", &["ဘာသာ", "မြန်မာ"], &["ဘာမာ"]),
    ]);
}

#[test]
fn code_and_urls_match_by_their_parts() {
    assert_words(&[
        ("snake_case foo.bar() std::vec", "snake case foo bar std vec"),
        ("C++ C# 2.5 v1.2 utf8", "c c 2 5 v1 2 utf8"),
        ("getHTTPServer, iPhone", "gethttpserver iphone get http server phone"),
        ("ROS2Node THE GitHub", "ros2node the github ros2 node git hub"),
        ("https://example.com/Some/page?q=1#top", "https example com some page q 1 top"),
    ]);
    assert_found(&[
        (
            "call get_user_id(3) in C++",
            &["user", "get_user_id", "c++", "C", "user_id(3"],
            &["user_get", "userid"],
        ),
        (
            "the GitHub page",
            &["github", "GitHub", "hub", "\"the github page\"", "GITHUB"],
            &["\"the hub\"", "gi"],
        ),
        ("Version 2.5 and v1.2", &["2.5", "v1.2", "version 2"], &["5.2", "1.2"]),
        ("see http://[::1]:8080/a-b/c.html", &["8080", "a-b", "c.html", "http://[::1]:8080"], &["b-a"]),
    ]);
}

#[test]
fn all_words_are_required_and_quoted_ones_consecutive() {
    assert_found(&[(
        "The quick brown fox. Jumps over the lazy dog",
        &["fox QUICK", "\"quick brown\"", "\"brown fox jumps", "“lazy dog” the", "lazy\"dog"],
        &["quick cat", "\"brown quick\"", "\"quick fox\"", "quic", "qui*", "NOT cat", "fox OR cat"],
    )]);
    assert!(found("fox AND dog", "fox and dog"), "an operator is a word");
    assert!(!found("fox AND dog", "fox, dog"));
}

#[test]
fn last_word_matches_as_a_prefix_while_typing() {
    let finds = |query: &str, text: &str| Query::parse(query, true).unwrap().matches(text);
    assert!(finds("rob", "Robots") && finds("my rob", "my robots") && finds("\"my rob", "my robots"));
    assert!(finds("2.1", "2.15") && finds("สว", "สวัสดี") && finds("東", "東京"));
    for finished in ["rob ", "rob)", "\"rob\"", "rob my"] {
        assert!(!finds(finished, "my robots"), "{finished}");
    }
}

#[test]
fn query_without_a_term_is_none() {
    for nothing in ["", " ", "\"\"", "*", "-:^()", "\u{0}", "🎉", "\u{301}"] {
        assert_eq!(Query::parse(nothing, true), None, "{nothing:?}");
    }
}

#[test]
fn expressions_quote_and_prefix_terms() {
    let owner = TermPrefix::of("user-1");
    let o = owner.as_str();
    assert!(o.len() == 10 && o.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit()), "{o}");
    assert_ne!(owner, TermPrefix::of("user-2"));
    let query = Query::parse("it's \"a NEAR\" 東京 京 ro", true).unwrap();
    let fts5 = r#""@it" + "@s" AND "@a" + "@near" AND "@東京" AND "@京" * AND "@ro" *"#;
    assert_eq!(query.fts5(&owner), fts5.replace('@', o));
    let tsquery = "'@it' <-> '@s' & '@a' <-> '@near' & '@東京' & '@京':* & '@ro':*";
    assert_eq!(query.tsquery(&owner), tsquery.replace('@', o));
}

#[test]
fn repeated_phrases_count_once() {
    let owner = TermPrefix::of("user-1");
    let o = owner.as_str();
    let query = |typed: &str| Query::parse(typed, true).unwrap().tsquery(&owner);
    assert_eq!(query(&"a bc ".repeat(50)), "'@a' & '@bc'".replace('@', o));
    assert_eq!(query("a \"a a\" A \"a a\" a"), "'@a' & '@a' <-> '@a' & '@a':*".replace('@', o));
    // What is there already takes no place from what is not.
    assert!(!found(&format!("{}robot", "the ".repeat(40)), "the"));
}

#[test]
fn index_has_prefixed_terms() {
    let owner = TermPrefix::of("user-1");
    let o = owner.as_str();
    let indexed = index(&owner, "To be, or not to be");
    assert_eq!(indexed.fts5(), "@to @be @or @not @to @be".replace('@', o));
    assert_eq!(indexed.tsvector(), "'@be':2,6 '@not':4 '@or':3 '@to':1,5".replace('@', o));
    let nothing = index(&owner, "…");
    assert!(nothing.is_empty() && nothing.fts5().is_empty() && nothing.tsvector().is_empty());
}

#[test]
fn index_is_bounded() {
    let owner = TermPrefix::of("user-1");
    let long = |word: &dyn Fn(usize) -> String| (0..40_000).map(word).collect::<Vec<_>>().join(" ");
    let texts = [
        long(&|number| format!("{number}{}", "x".repeat(100))),
        long(&|number| format!("w{number}")),
        long(&|_| "the".to_owned()),
        "東".repeat(100_000),
        "aB".repeat(100_000),
        "a\u{301}".repeat(100_000),
        format!("e{}", "\u{301}".repeat(1_000_000)),
        format!("क{}", "\u{93f}".repeat(1_000_000)),
    ];
    for text in texts {
        let indexed = index(&owner, &text);
        let (terms, vector) = (indexed.fts5(), indexed.tsvector());
        assert!(terms.len() <= 10 * 16_383 + 400_000 + 16_383 && vector.len() < 800_000, "{}", vector.len());
        assert!(
            terms.split(' ').count() <= 16_383 && terms.split(' ').all(|term| term.len() <= 74),
            "{text:?}"
        );
        assert!(vector.split(' ').all(|lexeme| lexeme.split(',').count() <= 256), "{text:?}");
    }
    let many = Query::parse(&long(&|number| format!("w{number}")), false).unwrap();
    assert_eq!(many.tsquery(&owner).split(" & ").count(), 16);
    let long = "x".repeat(1000);
    assert!(found(&long, &long) && found(&long, &format!("a {} b", &long[..300])));
    assert!(
        found(&"word ".repeat(80), "word"),
        "a query is cut at 256 characters, and a cut word is a beginning"
    );
}

fn shown(passage: &Snippet) -> String {
    let part = |it: &SnippetPart| {
        if it.matched { format!("[{}]", it.text) } else { it.text.clone() }
    };
    let text: String = passage.parts.iter().map(part).collect();
    let mark = |cut: bool| if cut { "…" } else { "" };
    format!("{}{text}{}", mark(passage.before_cut), mark(passage.after_cut))
}

#[test]
fn snippet_shows_most_matches_in_whole_words() {
    let text = "Robots are machines. Some people like them very much, and others build robots that walk on two legs or on \
                four, which is harder than it looks to anybody who has not tried it.";
    let passage = |query: &str, text: &str, width: usize| {
        shown(&Query::parse(query, true).unwrap().snippet(text, width))
    };
    assert_eq!(
        passage("robots legs", text, 60),
        "…others build [robots] that walk on two [legs] or on four,…"
    );
    assert_eq!(passage("robots", text, 30), "[Robots] are machines. Some…");
    assert_eq!(passage("tried", text, 30), "…anybody who has not [tried] it.");
    assert_eq!(passage("machines.some", text, 500).replacen(text, "", 1).matches('[').count(), 2);
    assert_eq!(passage("nothing", text, 20), "Robots are machines.…");
    assert_eq!(passage("nothing", "short", 20), "short");
    assert_eq!(passage("ÉCOLE", " une école\n", 40), "une [école]");
    assert_eq!(passage("京", "昨日東京都に行きました", 5), "…日東[京]都に…");
    assert_eq!(passage("京都", "昨日東京都に行きました", 100), "昨日東[京都]に行きました");
    assert_eq!(passage("hub", "on GitHub", 100), "on Git[Hub]");
    assert_eq!(passage("x", &"x".repeat(500), 10), format!("[{}]…", "x".repeat(10)));
    assert_eq!(passage("x", "", 10), "");
}

#[test]
fn snippet_of_a_text_full_of_matches_is_found_quickly() {
    let query = Query::parse("a \"a a\" \"a a a\" \"a a a a\" \"a a a a a\" a", true).unwrap();
    for text in ["a.".repeat(250_000), "a".repeat(500_000), "aA".repeat(250_000)] {
        let passage = query.snippet(&text, 160);
        let length: usize = passage.parts.iter().map(|part| part.text.chars().count()).sum();
        assert!(passage.after_cut && !passage.before_cut && (150..=160).contains(&length), "{passage:?}");
    }
}

#[test]
fn normalization_is_idempotent() {
    // Most of Han and Hangul apart: they are many, and alike.
    let many =
        |c: &char| matches!(c, '\u{4F00}'..='\u{9F00}' | '\u{AD00}'..='\u{D700}' | '\u{20100}'..='\u{2F7FF}');
    for c in ('\u{0}'..='\u{E0200}')
        .filter(|c| c.is_alphanumeric() && !many(c) || !c.is_ascii() && *c < '\u{3000}')
    {
        let text = format!("a{c}b");
        for term in terms(&text) {
            assert!(words(&term.text).contains(&term.text), "U+{:04X}: {:?}", u32::from(c), term.text);
        }
    }
}
