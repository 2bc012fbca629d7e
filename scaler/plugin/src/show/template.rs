//! The template of a new bridge's pod: YAML, with comments.

use std::fmt::Write as _;

use super::pen::Pen;
use crate::view::PodTemplate;

/// The template as YAML behind what was added, or what is in the way of it.
pub fn template(template: &PodTemplate, pen: &Pen) -> String {
    let mut text = String::new();
    let name = format!("{}/{}", template.namespace, template.name);
    let Some(pod) = &template.pod else {
        let _ = writeln!(text, "{name}: no bridge can be started");
        for refusal in &template.refusals {
            pen.paragraph(&mut text, "wrong  ", &refusal.to_string());
        }
        return text;
    };
    let of_slot = template
        .slot
        .map(|slot| format!(", in slot {slot}"))
        .unwrap_or_default();
    comment(
        &mut text,
        pen,
        "# ",
        &format!(
            "{name}: the template of a new bridge's pod{of_slot}. The pool's own is in spec.template; added are, besides labels and annotations for each bridge:"
        ),
    );
    for added in &template.added {
        let _ = writeln!(text, "# - {}: {}", added.path, added.what);
        comment(&mut text, pen, "#     ", &added.why);
    }
    // A value of JSON always has a form in YAML.
    text += &serde_saphyr::to_string(pod).unwrap_or_default();
    text
}

/// Lines of a comment, each of which begins so.
fn comment(into: &mut String, pen: &Pen, begin: &str, text: &str) {
    let options = textwrap::Options::new(pen.width)
        .initial_indent(begin)
        .subsequent_indent(begin)
        .break_words(false);
    let _ = writeln!(into, "{}", textwrap::fill(text, options));
}
