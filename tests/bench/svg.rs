//! Line charts with logarithmic axes as SVG: the same bytes for the same numbers.

use std::fmt::Write as _;

/// A chart.
#[derive(Clone, Debug)]
pub(crate) struct Chart<'a> {
    /// What it shows.
    pub(crate) title: &'a str,
    /// What is on the horizontal axis.
    pub(crate) across: &'a str,
    /// What is on the vertical axis, with its unit.
    pub(crate) up: &'a str,
    /// The lines; one without points is left out.
    pub(crate) lines: Vec<Line>,
}

/// A line of a chart.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// What it stands for.
    pub(crate) name: String,
    /// Its colour.
    pub(crate) colour: &'static str,
    /// Whether it is dashed.
    pub(crate) dashed: bool,
    /// Where it goes through; all above zero.
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 430.0;
/// Left, right, top and bottom edge of the field.
const FIELD: (f64, f64, f64, f64) = (80.0, 500.0, 60.0, 360.0);
/// Where the legend begins.
const LEGEND: f64 = 530.0;
/// Characters of a line of the legend.
const LEGEND_WIDTH: usize = 42;

/// An axis over whole decades.
struct Axis {
    least: i32,
    most: i32,
    from: f64,
    to: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (low, high) = values.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (least, most) = if low <= high {
            (low.log10().floor() as i32, high.log10().ceil() as i32)
        } else {
            (0, 1)
        };
        Self {
            least,
            most: most.max(least + 1),
            from,
            to,
        }
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value.log10() - f64::from(self.least)) / f64::from(self.most - self.least);
        (self.to - self.from).mul_add(part, self.from)
    }

    fn decades(&self) -> impl Iterator<Item = f64> {
        (self.least..=self.most).map(|decade| 10_f64.powi(decade))
    }
}

/// Draws it.
pub(crate) fn draw(chart: &Chart<'_>) -> String {
    let lines: Vec<&Line> = (chart.lines.iter())
        .filter(|line| !line.points.is_empty())
        .collect();
    let points = || lines.iter().flat_map(|line| &line.points);
    let (left, right, top, bottom) = FIELD;
    let across = Axis::over(points().map(|point| point.0), left, right);
    let up = Axis::over(points().map(|point| point.1), bottom, top);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\" aria-label=\"{title}\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{left}\" y=\"32\" font-size=\"16\" font-weight=\"600\" fill=\"#1f2328\">{title}</text>\n",
        title = escaped(chart.title),
    );
    axes(&mut svg, chart, &across, &up);
    for line in &lines {
        curve(&mut svg, line, &across, &up);
    }
    legend(&mut svg, &lines);
    svg.push_str("</svg>\n");
    svg
}

fn axes(svg: &mut String, chart: &Chart<'_>, across: &Axis, up: &Axis) {
    let (left, right, top, bottom) = FIELD;
    for value in up.decades() {
        let y = up.at(value);
        stroke(svg, (left, y), (right, y), "#d0d7de");
        text(svg, (left - 8.0, y + 4.0), "end", &number(value));
    }
    for value in across.decades() {
        let x = across.at(value);
        stroke(svg, (x, top), (x, bottom), "#d0d7de");
        text(svg, (x, bottom + 20.0), "middle", &number(value));
    }
    stroke(svg, (left, bottom), (right, bottom), "#57606a");
    stroke(svg, (left, top), (left, bottom), "#57606a");
    let middle = f64::midpoint(left, right);
    text(svg, (middle, bottom + 46.0), "middle", chart.across);
    let middle = f64::midpoint(top, bottom);
    let _ = writeln!(
        svg,
        "<text transform=\"translate(22 {middle:.1}) rotate(-90)\" text-anchor=\"middle\" fill=\"#57606a\">{}</text>",
        escaped(chart.up)
    );
}

fn curve(svg: &mut String, line: &Line, across: &Axis, up: &Axis) {
    let places: Vec<(f64, f64)> = (line.points.iter())
        .map(|(x, y)| (across.at(*x), up.at(*y)))
        .collect();
    let path: Vec<String> = places
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let colour = line.colour;
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{}/>",
        path.join(" "),
        dashes(line)
    );
    for (x, y) in places {
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>"
        );
    }
}

fn legend(svg: &mut String, lines: &[&Line]) {
    let mut y = FIELD.2 + 8.0;
    for line in lines {
        let (from, to, colour) = (LEGEND, LEGEND + 26.0, line.colour);
        let _ = writeln!(
            svg,
            "<line x1=\"{from:.1}\" y1=\"{y:.1}\" x2=\"{to:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" stroke-width=\"2\"{}/>",
            dashes(line)
        );
        for words in wrapped(&line.name) {
            text(svg, (to + 8.0, y + 4.0), "start", &words);
            y += 17.0;
        }
        y += 8.0;
    }
}

fn stroke(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>"
    );
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#57606a\">{}</text>",
        escaped(words)
    );
}

const fn dashes(line: &Line) -> &'static str {
    if line.dashed {
        " stroke-dasharray=\"6 4\""
    } else {
        ""
    }
}

/// A power of ten as people write it.
fn number(value: f64) -> String {
    if value < 1.0 {
        return format!("{value}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Lines of words, none longer than the legend is wide.
fn wrapped(words: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        let last = lines.len() - 1;
        if lines[last].is_empty() {
            lines[last].push_str(word);
        } else if lines[last].chars().count() + word.chars().count() < LEGEND_WIDTH {
            lines[last].push(' ');
            lines[last].push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> Chart<'static> {
        Chart {
            title: "Ages & <others>",
            across: "bridges",
            up: "s",
            lines: vec![Line {
                name: "a line whose name is so long that it does not fit beside the chart"
                    .to_owned(),
                colour: "#1a7f4b",
                dashed: true,
                points,
            }],
        }
    }

    #[test]
    fn a_chart_is_the_same_for_the_same_numbers() {
        insta::assert_snapshot!(draw(&chart(vec![(100.0, 0.2), (1_000.0, 3.0)])));
    }

    #[test]
    fn without_numbers_it_is_an_empty_field() {
        let drawn = draw(&chart(Vec::new()));
        assert!(
            !drawn.contains("polyline") && !drawn.contains("NaN"),
            "{drawn}"
        );
    }

    #[test]
    fn a_line_stays_in_the_field() {
        let axis = Axis::over([0.02, 700.0].into_iter(), 360.0, 60.0);
        assert_eq!((axis.least, axis.most), (-2, 3));
        assert!((60.0..=360.0).contains(&axis.at(0.02)));
        assert!(axis.at(700.0) < axis.at(0.02));
    }

    #[test]
    fn thousands_are_told_apart() {
        for (value, text) in [
            (0.01, "0.01"),
            (1.0, "1"),
            (1_000.0, "1,000"),
            (1e6, "1,000,000"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
