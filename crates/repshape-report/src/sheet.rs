//! The page being written: its HTML so far and the charts it has asked for.

use serde_json::Value;

use crate::escape;

/// HTML text with the specifications of the charts that stand in it.
#[derive(Default)]
pub(crate) struct Sheet {
    pub html: String,
    pub charts: Vec<Value>,
}

impl Sheet {
    /// Appends HTML as it is.
    pub fn raw(&mut self, html: &str) {
        self.html.push_str(html);
    }

    /// Appends `<tag class="class">text</tag>`, the text escaped and no class where it is empty; nothing when the text is.
    pub fn text(&mut self, tag: &str, class: &str, text: &str) {
        if !text.is_empty() {
            let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
            self.html.push_str(&format!("<{tag}{class}>{}</{tag}>\n", escape::html(text)));
        }
    }

    /// Appends the place of a chart and keeps its specification for `report.js`.
    pub fn chart(&mut self, kind: &str, label: &str, spec: Value) {
        self.html.push_str(&format!(
            "<div class=\"chart\" data-chart=\"{kind}\" data-spec=\"{}\" role=\"img\" aria-label=\"{}\"></div>\n",
            self.charts.len(),
            escape::html(label)
        ));
        self.charts.push(spec);
    }
}
