mod citations;
mod hostile;
mod properties;
mod shapes;
mod sizes;
mod strict;

use super::{Citation, to_html};

const PREFIX: &str = "turn-7";

/// The output without citations, after it was read strictly.
fn html(text: &str) -> String {
    let html = to_html(text, PREFIX, &[]);
    strict::read(&html, PREFIX);
    html
}

fn citation(end: usize, number: usize) -> Citation {
    Citation { end, number, target: format!("turn-7-source-{number}"), title: format!("Page {number}") }
}
