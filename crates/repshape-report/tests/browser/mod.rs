//! A report in a real browser, without a network; shared with the tests of the command.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs once all charts were tried: looks at their pixels and at the width, and leaves what it found on the root element.
const PROBE: &str = r#"<script>
(() => {
  const look = () => {
    if (!document.documentElement.dataset.charts) return setTimeout(look, 20);
    const empty = [...document.querySelectorAll('.chart')].filter((place) => {
      const canvas = place.querySelector('canvas');
      if (!canvas || place.dataset.drawn !== 'true') return true;
      const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      for (let at = 3; at < pixels.length; at += 4) if (pixels[at]) return false;
      return true;
    }).map((place) => place.dataset.chart + ' ' + place.dataset.spec);
    const root = document.documentElement;
    root.dataset.probe = JSON.stringify({
      charts: repshapeReport.charts, drawn: repshapeReport.drawn, errors: repshapeReport.errors, empty,
      overflow: root.scrollWidth - root.clientWidth, width: innerWidth, images: document.images.length,
      milliseconds: Math.round(performance.now()),
    });
  };
  look();
})();
</script></body>"#;

/// Chromium on this machine; `None`, said loudly, when there is none and it is not required.
pub fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("REPSHAPE_CHROMIUM").map(PathBuf::from);
    let candidates = named.into_iter().chain(["chromium", "chromium-browser", "google-chrome"].map(PathBuf::from));
    let found = candidates
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()));
    if found.is_none() {
        assert!(
            std::env::var_os("REPSHAPE_REQUIRE_ALL").is_none(),
            "chromium is absent and REPSHAPE_REQUIRE_ALL is set"
        );
        eprintln!("SKIPPED: the page was not opened because chromium is absent (install it or set REPSHAPE_CHROMIUM)");
    }
    found
}

/// The page as the browser leaves it, in a frame of the given width.
///
/// A window of Chromium is at least 500 pixels wide, so the page is opened in a frame and its width is the frame's.
pub fn open(browser: &Path, page: &str, width: u32) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.html");
    std::fs::write(&report, page.replace("</body>", PROBE)).unwrap();
    let frame = folder.path().join("frame.html");
    let wait = "const f = document.querySelector('iframe'); const look = () => { const d = f.contentDocument; \
                const found = d && d.documentElement.dataset.probe; if (!found) return setTimeout(look, 50); \
                document.documentElement.dataset.found = found; }; look();";
    std::fs::write(&frame, format!("<!doctype html><body style=margin:0><iframe src=report.html width={width} height=900 style=border:0></iframe><script>{wait}</script>")).unwrap();
    // Virtual time may run out before a busy machine has loaded the inner page, which says nothing about the
    // page: only an answer is judged, and an answer must come.
    let mut last = String::new();
    for attempt in 0..ATTEMPTS {
        let output = dump(browser, &frame, &folder.path().join(format!("profile-{attempt}")));
        let dom = String::from_utf8_lossy(&output.stdout);
        if let Some(found) = dom.split("data-found=\"").nth(1).and_then(|rest| rest.split('"').next()) {
            let text = found.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            return serde_json::from_str(&text).unwrap();
        }
        let start: String = dom.chars().take(2000).collect();
        last = format!("{start}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    panic!("the page gave no answer in {ATTEMPTS} attempts:\n{last}");
}

/// How often a page is opened until it answers.
const ATTEMPTS: usize = 5;

/// One browser at a time: two at once on two cores slow each other into their time limits.
static BROWSER: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn dump(browser: &Path, page: &Path, profile: &Path) -> std::process::Output {
    let _alone = BROWSER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args([
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--allow-file-access-from-files",
        ])
        .args([
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--window-size=1500,1000",
            "--virtual-time-budget=60000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap()
}

/// Every chart drawn, no error, no horizontal scroll, no image from a hostile name.
pub fn check(found: &serde_json::Value, charts: u64, width: u32) {
    assert_eq!(found["errors"], serde_json::json!([]));
    assert_eq!(found["empty"], serde_json::json!([]));
    assert_eq!(found["charts"], charts);
    assert_eq!(found["drawn"], charts);
    assert_eq!(found["width"], width);
    assert!(found["overflow"].as_i64().unwrap() <= 0, "the page is wider than its window: {found}");
    assert_eq!(found["images"], 0);
}
