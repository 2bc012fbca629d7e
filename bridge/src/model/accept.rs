//! Which form of `/metrics` an Accept header gets.

/// The forms in which metrics are given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    Json,
    Text,
    OpenMetrics,
}

impl Form {
    /// The form for an Accept header: the first supported media type by preference. There is no form for an empty header, for
    /// `application/*`, or for anything else that the bridge does not know.
    pub(super) fn accepted(header: &str) -> Option<Self> {
        by_preference(header)
            .into_iter()
            .find_map(|media_type| match media_type {
                "application/openmetrics-text" | "*/*" => Some(Self::OpenMetrics),
                "text/plain" => Some(Self::Text),
                "application/json" => Some(Self::Json),
                _ => None,
            })
    }
}

/// The media types of an Accept header without their parameters, those with the highest `q` first.
pub(super) fn by_preference(header: &str) -> Vec<&str> {
    let mut types: Vec<_> = header
        .split(',')
        .map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let media_type = parts.next().unwrap_or_default();
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            let quality: f64 = quality.and_then(|q| q.parse().ok()).unwrap_or(1.0);
            (media_type, quality)
        })
        .collect();
    types.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    types
        .into_iter()
        .map(|(media_type, _)| media_type)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_supported_type_wins() {
        let cases = [
            ("application/json", Some(Form::Json)),
            (
                "application/json;q=1, text/plain;version=0.0.4;q=0.5",
                Some(Form::Json),
            ),
            ("application/json;q=0.5, text/plain;q=0.9", Some(Form::Text)),
            ("text/html, text/plain;q=0.1", Some(Form::Text)),
            ("*/*", Some(Form::OpenMetrics)),
            ("text/html", None),
            ("text/*", None),
            ("application/*", None),
            ("nonsense", None),
            ("", None),
        ];
        for (header, form) in cases {
            assert_eq!(Form::accepted(header), form, "{header}");
        }
    }
}
