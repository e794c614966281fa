//! Text from outside, made safe inside HTML.

use serde_json::Value;

/// `text` as the content of an element or of a double-quoted attribute.
pub(crate) fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(character),
        }
    }
    safe
}

/// `value` as the content of a `<script>` element: no `<` remains, so nothing in it can end the element.
pub(crate) fn json(value: &Value) -> String {
    // `<` can only stand inside a JSON string, where the escape means the same character
    value.to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(html(r#"<img onerror="x">&'é"#), "&lt;img onerror=&quot;x&quot;&gt;&amp;&#39;é");
    }

    #[test]
    fn embedded_json_cannot_end_its_element_and_reads_back() {
        let value = serde_json::json!({"</script><!--": "<b>é\u{2028}"});
        let safe = json(&value);
        assert!(!safe.contains('<'));
        assert_eq!(serde_json::from_str::<Value>(&safe).unwrap(), value);
    }
}
