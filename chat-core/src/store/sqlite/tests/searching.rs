//! How much a search looks at.

use super::*;
use crate::store::samples::{records, room, said};

#[test]
fn a_search_that_takes_too_long_says_so() {
    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    let lines = (1..=100).map(|seq| said(seq, "lobby", seq, &["tea with milk"]));
    store.commit(&records(&lines.collect::<Vec<_>>())).unwrap();
    for is_indexed in [false, true] {
        if is_indexed {
            index(&mut store);
        }
        store.patience = Duration::ZERO;
        let findings = store.searcher().unwrap().unwrap().search(&room("lobby"), "tea", 500);
        let findings = findings.unwrap();
        assert!(findings.is_cut_short && findings.lines.is_empty(), "{findings:?}");
        store.patience = Duration::from_mins(1);
        let findings = store.searcher().unwrap().unwrap().search(&room("lobby"), "tea", 500);
        assert_eq!(found(&findings.unwrap()).len(), 100);
    }
}

#[test]
fn more_words_than_a_search_may_have_are_refused() {
    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    store.commit(&records(&[said(1, "lobby", 1, &["a b c d e f g h i j k l m n o p q"])])).unwrap();
    let searchers = [store.searcher(), crate::store::MemoryStore::default().searcher()];
    for mut searcher in searchers.map(|searcher| searcher.unwrap().unwrap()) {
        let words = "a b c d e f g h i j k l m n o p";
        searcher.search(&room("lobby"), words, 5).unwrap();
        let error = searcher.search(&room("lobby"), &format!("{words} q"), 5).unwrap_err();
        assert_eq!(error.to_string(), "cannot search");
    }
}
