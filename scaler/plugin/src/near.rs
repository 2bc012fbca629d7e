//! Names that are near another one.

/// How alike two names are at least: 1 is the same.
const ALIKE: f64 = 0.85;

/// So many are told at most.
const MOST: usize = 3;

/// Those of these names that are most like one that is not among them, the most like first.
pub(crate) fn near<'a>(name: &str, there: &'a [String]) -> Vec<&'a str> {
    let mut alike: Vec<(f64, &str)> = there
        .iter()
        .map(|other| (strsim::jaro_winkler(name, other), other.as_str()))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    alike.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
    // Pods of one pool begin alike: only those that are as near as the nearest.
    let nearest = alike.first().map_or(0.0, |(alike, _)| *alike);
    alike
        .into_iter()
        .filter(|(alike, _)| nearest - alike < 0.01)
        .map(|(_, name)| name)
        .take(MOST)
        .collect()
}
