//! The tree that a conversation of ChatGPT is, also where it is damaged.

use std::collections::HashMap;

/// A node as the file has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// What the file calls it.
    pub(super) name: String,
    /// The name of the node above it.
    pub(super) parent: Option<String>,
    /// The names of the nodes below it.
    pub(super) children: Vec<String>,
    /// When it was made, in Unix milliseconds.
    pub(super) at: Option<i64>,
    /// Whether its message is to be kept.
    pub(super) kept: bool,
}

/// The order in which nodes are kept.
#[derive(Debug, Default)]
pub(super) struct TreeOrder {
    /// The nodes that are kept, by their places among the nodes, each with the nearest one above it that is kept: depth
    /// first, the oldest branch first, none before what it follows.
    pub(super) kept: Vec<(usize, Option<usize>)>,
    /// For each node the nearest one that is kept, itself or above it.
    pub(super) nearest: Vec<Option<usize>>,
}

/// Walks the tree without recursion. A node whose parent is missing begins a tree of its own; where nodes follow each other
/// in a circle, the oldest of them does.
pub(super) fn walk(nodes: &[Node]) -> TreeOrder {
    let (parents, children) = relate(nodes);
    let mut starts: Vec<usize> = (0..nodes.len()).collect();
    // Those without a parent first: what is left when they are walked is in circles.
    starts.sort_by_key(|at| {
        let node = nodes.get(*at);
        (parents.get(*at).copied().flatten().is_some(), node.and_then(|node| node.at), *at)
    });
    let mut walk = TreeOrder { kept: Vec::new(), nearest: vec![None; nodes.len()] };
    let mut seen = vec![false; nodes.len()];
    for start in starts {
        let mut waiting = vec![(start, None)];
        while let Some((at, above)) = waiting.pop() {
            let Some((node, seen)) = nodes.get(at).zip(seen.get_mut(at)) else { continue };
            if std::mem::replace(seen, true) {
                continue;
            }
            if node.kept {
                walk.kept.push((at, above));
            }
            let above = if node.kept { Some(at) } else { above };
            if let Some(nearest) = walk.nearest.get_mut(at) {
                *nearest = above;
            }
            let below = children.get(at).into_iter().flatten().rev();
            waiting.extend(below.map(|child| (*child, above)));
        }
    }
    walk
}

/// For each node the one above it and those below it, the oldest first. What a node says about its parent counts; what
/// others say about their children only where it says nothing that can be.
fn relate(nodes: &[Node]) -> (Vec<Option<usize>>, Vec<Vec<usize>>) {
    let places: HashMap<&str, usize> =
        nodes.iter().enumerate().map(|(at, node)| (node.name.as_str(), at)).collect();
    // Who lists a node, and as which of its children.
    let mut listed: HashMap<usize, (usize, usize)> = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        for (order, child) in node.children.iter().enumerate() {
            if let Some(child) = places.get(child.as_str()).filter(|child| **child != at) {
                listed.entry(*child).or_insert((at, order));
            }
        }
    }
    let parent = |(at, node): (usize, &Node)| {
        let named = node.parent.as_deref().and_then(|parent| places.get(parent).copied());
        named.filter(|parent| *parent != at).or_else(|| listed.get(&at).map(|(parent, _)| *parent))
    };
    let parents: Vec<Option<usize>> = nodes.iter().enumerate().map(parent).collect();
    let mut children = vec![Vec::new(); nodes.len()];
    for (at, parent) in parents.iter().enumerate() {
        if let Some(siblings) = parent.and_then(|parent| children.get_mut(parent)) {
            siblings.push(at);
        }
    }
    let age = |at: &usize| {
        let order = listed.get(at).map_or(usize::MAX, |(_, order)| *order);
        (nodes.get(*at).and_then(|node| node.at), order, *at)
    };
    for siblings in &mut children {
        siblings.sort_by_key(age);
    }
    (parents, children)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn node(name: &str, parent: Option<&str>, at: i64, kept: bool) -> Node {
        let parent = parent.map(str::to_owned);
        Node { name: name.to_owned(), parent, children: Vec::new(), at: Some(at), kept }
    }

    fn names(nodes: &[Node]) -> Vec<(&str, &str)> {
        let name = |at: usize| nodes[at].name.as_str();
        walk(nodes).kept.iter().map(|(at, above)| (name(*at), above.map_or("", name))).collect()
    }

    #[test]
    fn branches_come_one_after_the_other_the_older_first() {
        let nodes = [
            node("root", None, 0, false),
            node("q", Some("root"), 1, true),
            node("late", Some("q"), 9, true),
            node("early", Some("q"), 2, true),
            node("after early", Some("early"), 10, true),
        ];
        assert_eq!(names(&nodes), [("q", ""), ("early", "q"), ("after early", "early"), ("late", "q")]);
    }

    #[test]
    fn what_follows_something_hidden_follows_what_is_above_it() {
        let nodes = [
            node("a", None, 1, true),
            node("hidden", Some("a"), 2, false),
            node("hidden too", Some("hidden"), 3, false),
            node("b", Some("hidden too"), 4, true),
        ];
        assert_eq!(names(&nodes), [("a", ""), ("b", "a")]);
        assert_eq!(walk(&nodes).nearest, [Some(0), Some(0), Some(0), Some(3)]);
    }

    #[test]
    fn circles_missing_parents_and_nodes_above_themselves_are_all_walked() {
        let nodes = [
            node("x", Some("y"), 2, true),
            node("y", Some("x"), 1, true),
            node("orphan", Some("gone"), 3, true),
            node("self", Some("self"), 4, true),
        ];
        assert_eq!(names(&nodes), [("orphan", ""), ("self", ""), ("y", ""), ("x", "y")]);
    }

    #[test]
    fn a_child_without_a_parent_belongs_to_who_lists_it() {
        let mut nodes = [node("a", None, 5, true), node("b", None, 1, true)];
        nodes[0].children = vec!["b".into(), "a".into(), "nobody".into()];
        assert_eq!(names(&nodes), [("a", ""), ("b", "a")]);
    }

    #[test]
    fn a_hundred_thousand_nodes_in_a_row_are_walked() {
        let nodes: Vec<Node> = (0..100_000)
            .map(|at: i64| node(&at.to_string(), Some(&(at - 1).to_string()), 0, at % 2 == 0))
            .collect();
        let walk = walk(&nodes);
        assert_eq!(walk.kept.len(), 50_000);
        assert_eq!(walk.kept.last(), Some(&(99_998, Some(99_996))));
    }

    proptest! {
        #[test]
        fn every_node_that_is_kept_comes_once_and_after_what_it_follows(
            tree in prop::collection::vec(
                (0..14_usize, prop::collection::vec(0..14_usize, 0..4), 0..5_i64, any::<bool>()), 0..12)
        ) {
            let nodes: Vec<Node> = tree
                .into_iter()
                .enumerate()
                .map(|(at, (parent, children, time, kept))| Node {
                    children: children.iter().map(ToString::to_string).collect(),
                    ..node(&at.to_string(), Some(&parent.to_string()), time, kept)
                })
                .collect();
            let walked = walk(&nodes);
            let mut before = HashSet::new();
            for (at, above) in walked.kept {
                prop_assert!(nodes[at].kept);
                prop_assert!(above.is_none_or(|above| before.contains(&above)));
                prop_assert!(before.insert(at), "{} comes twice", at);
            }
            prop_assert_eq!(before.len(), nodes.iter().filter(|node| node.kept).count());
        }
    }
}
