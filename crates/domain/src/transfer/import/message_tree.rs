//! The message tree of a ChatGPT conversation, which may be damaged.

use std::collections::HashMap;

/// A node of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) children: Vec<String>,
    /// In Unix milliseconds.
    pub(super) created_at: Option<i64>,
    /// Whether its message is imported.
    pub(super) is_visible: bool,
}

/// The visible nodes in the order of import. Nodes are given by index.
#[derive(Debug, Default)]
pub(super) struct TreeOrder {
    /// The visible nodes, each with its nearest visible ancestor: depth first, the oldest branch first, so that no node
    /// stands before its ancestor.
    pub(super) visible: Vec<(usize, Option<usize>)>,
    /// For each node the nearest visible one, itself or an ancestor.
    pub(super) nearest: Vec<Option<usize>>,
}

/// Walks the tree without recursion. A node whose parent is missing is a root; so is the oldest node of a cycle.
pub(super) fn walk(nodes: &[Node]) -> TreeOrder {
    let (parents, children) = relations(nodes);
    let mut roots: Vec<usize> = (0..nodes.len()).collect();
    // Nodes without a parent first: whatever they do not reach is in a cycle.
    roots.sort_by_key(|at| {
        let node = nodes.get(*at);
        (parents.get(*at).copied().flatten().is_some(), node.and_then(|node| node.created_at), *at)
    });
    let mut order = TreeOrder { visible: Vec::new(), nearest: vec![None; nodes.len()] };
    let mut seen = vec![false; nodes.len()];
    for root in roots {
        let mut stack = vec![(root, None)];
        while let Some((at, ancestor)) = stack.pop() {
            let Some((node, seen)) = nodes.get(at).zip(seen.get_mut(at)) else { continue };
            if std::mem::replace(seen, true) {
                continue;
            }
            if node.is_visible {
                order.visible.push((at, ancestor));
            }
            let ancestor = if node.is_visible { Some(at) } else { ancestor };
            if let Some(nearest) = order.nearest.get_mut(at) {
                *nearest = ancestor;
            }
            let children = children.get(at).into_iter().flatten().rev();
            stack.extend(children.map(|child| (*child, ancestor)));
        }
    }
    order
}

/// For each node its parent and its children, the oldest first. A node's `parent` takes precedence over the `children` of
/// other nodes, which count only where `parent` is missing or unknown.
fn relations(nodes: &[Node]) -> (Vec<Option<usize>>, Vec<Vec<usize>>) {
    let indexes: HashMap<&str, usize> =
        nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    // The node that lists this one as a child, and at which index.
    let mut listed: HashMap<usize, (usize, usize)> = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        for (order, child) in node.children.iter().enumerate() {
            if let Some(child) = indexes.get(child.as_str()).filter(|child| **child != at) {
                listed.entry(*child).or_insert((at, order));
            }
        }
    }
    let parent = |(at, node): (usize, &Node)| {
        let named = node.parent.as_deref().and_then(|parent| indexes.get(parent).copied());
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
        (nodes.get(*at).and_then(|node| node.created_at), order, *at)
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

    fn node(id: &str, parent: Option<&str>, created_at: i64, is_visible: bool) -> Node {
        let parent = parent.map(str::to_owned);
        Node { id: id.to_owned(), parent, children: Vec::new(), created_at: Some(created_at), is_visible }
    }

    fn order(nodes: &[Node]) -> Vec<(&str, &str)> {
        let id = |at: usize| nodes[at].id.as_str();
        walk(nodes).visible.iter().map(|(at, parent)| (id(*at), parent.map_or("", id))).collect()
    }

    #[test]
    fn branches_come_one_after_another_the_oldest_first() {
        let nodes = [
            node("root", None, 0, false),
            node("q", Some("root"), 1, true),
            node("late", Some("q"), 9, true),
            node("early", Some("q"), 2, true),
            node("after early", Some("early"), 10, true),
        ];
        assert_eq!(order(&nodes), [("q", ""), ("early", "q"), ("after early", "early"), ("late", "q")]);
    }

    #[test]
    fn a_child_of_a_hidden_node_becomes_a_child_of_the_nearest_visible_ancestor() {
        let nodes = [
            node("a", None, 1, true),
            node("hidden", Some("a"), 2, false),
            node("hidden too", Some("hidden"), 3, false),
            node("b", Some("hidden too"), 4, true),
        ];
        assert_eq!(order(&nodes), [("a", ""), ("b", "a")]);
        assert_eq!(walk(&nodes).nearest, [Some(0), Some(0), Some(0), Some(3)]);
    }

    #[test]
    fn cycles_missing_parents_and_self_parents_are_all_walked() {
        let nodes = [
            node("x", Some("y"), 2, true),
            node("y", Some("x"), 1, true),
            node("orphan", Some("gone"), 3, true),
            node("self", Some("self"), 4, true),
        ];
        assert_eq!(order(&nodes), [("orphan", ""), ("self", ""), ("y", ""), ("x", "y")]);
    }

    #[test]
    fn a_node_without_a_parent_belongs_to_the_node_that_lists_it() {
        let mut nodes = [node("a", None, 5, true), node("b", None, 1, true)];
        nodes[0].children = vec!["b".into(), "a".into(), "nobody".into()];
        assert_eq!(order(&nodes), [("a", ""), ("b", "a")]);
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_nodes_does_not_overflow_the_stack() {
        let nodes: Vec<Node> = (0..100_000)
            .map(|at: i64| node(&at.to_string(), Some(&(at - 1).to_string()), 0, at % 2 == 0))
            .collect();
        let order = walk(&nodes);
        assert_eq!(order.visible.len(), 50_000);
        assert_eq!(order.visible.last(), Some(&(99_998, Some(99_996))));
    }

    proptest! {
        #[test]
        fn every_visible_node_comes_once_and_after_its_ancestor(
            tree in prop::collection::vec(
                (0..14_usize, prop::collection::vec(0..14_usize, 0..4), 0..5_i64, any::<bool>()), 0..12)
        ) {
            let nodes: Vec<Node> = tree
                .into_iter()
                .enumerate()
                .map(|(at, (parent, children, time, is_visible))| Node {
                    children: children.iter().map(ToString::to_string).collect(),
                    ..node(&at.to_string(), Some(&parent.to_string()), time, is_visible)
                })
                .collect();
            let order = walk(&nodes);
            let mut before = HashSet::new();
            for (at, ancestor) in order.visible {
                prop_assert!(nodes[at].is_visible);
                prop_assert!(ancestor.is_none_or(|ancestor| before.contains(&ancestor)));
                prop_assert!(before.insert(at), "{} comes twice", at);
            }
            prop_assert_eq!(before.len(), nodes.iter().filter(|node| node.is_visible).count());
        }
    }
}
