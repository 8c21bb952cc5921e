use super::*;
use crate::config::text::diagnostics::Code;

/// Where the caret run stands below `word` in the shown line, as the columns before it and its length.
fn check(line: &str, word: &str, expect: (usize, usize)) {
    let source = Source::new("a.toml", line);
    let start = line.find(word).unwrap();
    let place = Place { file: 0, start, end: start + word.len() };
    let text = text(&[Diagnostic::new(Code::WrongValue, place, "x")], &[source]);
    let text = anstream::adapter::strip_str(&text).to_string();
    let lines: Vec<&str> = text.lines().collect();
    let (shown, run) = (&lines[3][4..], &lines[4][4..]);
    let before = run.len() - run.trim_start().len();
    assert_eq!((before, run.trim_start().len()), expect, "{text}");
    let found = shown.find(word.split('\t').next().unwrap()).map(|at| shown[..at].width());
    assert_eq!(found, Some(before), "the run is not under the word:\n{text}");
}

#[test]
fn the_caret_stands_under_the_word() {
    check("a = word", "word", (4, 4));
    check("\t\ta = word", "word", (12, 4));
    check("日本 = word", "word", (7, 4));
    check("🙂 = word", "word", (5, 4));
    check("e\u{301} = word", "word", (4, 4));
    check("a = 日本", "日本", (4, 4));
    check(&format!("{} = word", "k".repeat(300)), "word", (31, 4));
    check(&format!("a = word, {}", "k".repeat(300)), "word", (4, 4));
}

#[test]
fn what_stands_on_no_line_is_shown_all_the_same() {
    for (text, start, end) in [("", 0, 0), ("a", 1, 1), ("a\n", 2, 2), ("a\nb", 0, 3), ("é", 1, 2), ("a", 5, 9)] {
        let diagnostic = Diagnostic::new(Code::Syntax, Place { file: 0, start, end }, "x");
        let shown = super::text(std::slice::from_ref(&diagnostic), &[Source::new("a.toml", text)]);
        assert!(anstream::adapter::strip_str(&shown).to_string().contains(" | "), "{shown}");
        assert_eq!(values(&[diagnostic], &[Source::new("a.toml", text)]).len(), 1);
    }
}

#[test]
fn what_is_concealed_is_so_on_every_line() {
    let source = Source::new("a.toml", "a = { x = \"hush\", y = 1, z = \"shh\" }");
    let at = |word: &str| source.slice(0, 36).find(word).map(|start| Place { file: 0, start, end: start + word.len() }).unwrap();
    let concealed = |word| Diagnostic { concealed: true, ..Diagnostic::new(Code::WrongValue, at(word), "x") };
    let shown = text(
        &[concealed("\"hush\""), Diagnostic::new(Code::WrongValue, at("1"), "x"), concealed("\"shh\"")],
        std::slice::from_ref(&source),
    );
    let shown = anstream::adapter::strip_str(&shown).to_string();
    assert_eq!(shown.matches("a = { x = \"****\", y = 1, z = \"****\" }").count(), 3, "{shown}");
    assert!(shown.contains(&format!("| {}^\n", " ".repeat(22))), "{shown}");
}

#[test]
fn what_has_no_place_has_its_message_and_help() {
    let shown = text(&[Diagnostic::without_place(Code::Unreadable, "gone").help("look elsewhere")], &[]);
    assert_eq!(anstream::adapter::strip_str(&shown).to_string(), "error[unreadable]: gone\n  = look elsewhere\n\n");
}
