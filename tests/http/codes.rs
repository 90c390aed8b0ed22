//! The table of all error codes: a change here changes the API or the error messages on pages.

use std::fmt::Write;

use contract::{Code, Problem, sentence};

#[test]
fn every_code_has_one_status_one_message_and_one_page_text() {
    let mut table = String::new();
    for code in Code::ALL {
        let status = bookplate::http::status(*code);
        writeln!(table, "{:?} {}", code, status.as_u16()).unwrap();
        writeln!(table, "  code      {}", code.wire().unwrap_or("(none)")).unwrap();
        writeln!(table, "  message   {}", code.message()).unwrap();
        writeln!(table, "  sentence  {}", sentence(&Problem::new(*code))).unwrap();
    }
    insta::assert_snapshot!(table);
}
