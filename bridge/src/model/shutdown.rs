//! The body of `POST /colibri/shutdown`, read as the bridge's Jackson reads it.

use serde_json::Value;

const FIELD: &str = "graceful-shutdown";
const CLASS: &str = "org.jitsi.videobridge.rest.root.colibri.shutdown.Shutdown$ShutdownJson";

/// Whether the shutdown is to be graceful, or the text that goes with 400.
pub(super) fn graceful(body: &[u8]) -> Result<bool, String> {
    let text = String::from_utf8_lossy(body);
    let value: Value = serde_json::from_str(&text).map_err(|error| unreadable(&text, &error))?;
    match value.get(FIELD) {
        Some(Value::Bool(graceful)) => Ok(*graceful),
        Some(Value::String(word)) => match word.as_str() {
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" => Ok(false),
            _ => Err(wrong_value(
                &text,
                &format!("String \"{word}\": only \"true\" or \"false\" recognized"),
            )),
        },
        // Jackson takes numbers for booleans, read from its defaults.
        Some(Value::Number(number)) => Ok(number.as_f64() != Some(0.0)),
        Some(Value::Null) | None => Err(missing(&text)),
        Some(_) => Err(wrong_value(&text, "Object value")),
    }
}

fn unreadable(text: &str, error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let found = text
        .lines()
        .nth(line.saturating_sub(1))
        .and_then(|line| line.chars().nth(column.saturating_sub(1)))
        .filter(|_| !error.is_eof());
    let what = match found {
        Some(found) => format!(
            "Unexpected character ('{found}' (code {})): was expecting double-quote to start field name",
            found as u32
        ),
        None => "Unexpected end-of-input".to_owned(),
    };
    format!("{what}\n at {}]", source(line, column))
}

fn missing(text: &str) -> String {
    let end = text.rfind('}').unwrap_or_default();
    format!(
        "Missing required creator property '{FIELD}' (index 0)\n at {}{}",
        place(text, end),
        chain()
    )
}

fn wrong_value(text: &str, what: &str) -> String {
    let key = text.find(&format!("\"{FIELD}\"")).unwrap_or_default();
    let after = text[key..].find(':').map_or(key, |colon| key + colon + 1);
    let blank = text[after..].len() - text[after..].trim_start().len();
    format!(
        "Cannot deserialize value of type `java.lang.Boolean` from {what}\n at {}{}",
        place(text, after + blank),
        chain()
    )
}

fn chain() -> String {
    format!("] (through reference chain: {CLASS}[\"{FIELD}\"])")
}

fn place(text: &str, at: usize) -> String {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    source(line, column)
}

fn source(line: usize, column: usize) -> String {
    format!(
        "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}, column: {column}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boolean_or_its_name_is_taken() {
        assert_eq!(graceful(br#"{"graceful-shutdown": true}"#), Ok(true));
        assert_eq!(graceful(br#"{"graceful-shutdown":"true"}"#), Ok(true));
        assert_eq!(
            graceful(br#"{"graceful-shutdown":false,"more":1}"#),
            Ok(false)
        );
    }

    #[test]
    fn anything_else_is_refused_with_its_place() {
        let column = |body: &[u8]| {
            let text = graceful(body).unwrap_err();
            let (_, rest) = text.split_once("column: ").unwrap();
            rest.split(']').next().unwrap().to_owned()
        };
        assert_eq!(column(b"{}"), "2");
        assert_eq!(column(b"{nope"), "2");
        assert_eq!(column(br#"{"graceful-shutdown":"maybe"}"#), "22");
        assert_eq!(column(br#"{"graceful-shutdown":[]}"#), "22");
        assert!(
            graceful(b"[1")
                .unwrap_err()
                .starts_with("Unexpected end-of-input")
        );
        assert!(graceful(b"[]").unwrap_err().starts_with("Missing"));
    }
}
