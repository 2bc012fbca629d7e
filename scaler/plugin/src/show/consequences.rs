//! What came of what was asked for.

use super::Pen;
use crate::change::Change;

/// What came, or would come, of what was asked for.
pub fn consequences(change: &Change, pen: &Pen) -> String {
    let mut text = String::new();
    let dry = if change.dry_run && change.patch.is_some() {
        "dry run, nothing is written: "
    } else {
        ""
    };
    pen.paragraph(
        &mut text,
        "",
        &format!("{dry}{}", change.consequences.join(" ")),
    );
    text
}
