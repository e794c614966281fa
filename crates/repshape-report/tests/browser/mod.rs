//! A report in a real browser, without a network; shared with the tests of the command.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs once all charts in view were drawn: presses every button there is, looks at the charts' pixels and at the
/// width, and leaves what it found on the root element.
const PROBE: &str = r#"<script>
(async () => {
  const root = document.documentElement;
  const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const settled = async () => { while (!root.dataset.charts) await sleep(20); };
  const pixels = (canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  // every so-manieth byte, each of the four colours in turn: enough to tell two drawings apart
  const print = (canvas) => {
    const all = pixels(canvas);
    let hash = 7;
    for (let at = 0; at < all.length; at += 37) hash = (Math.imul(hash, 31) + all[at]) | 0;
    return hash;
  };
  await settled();
  const milliseconds = Math.round(performance.now());
  const first = repshapeReport.drawn;
  const overflow = () => root.scrollWidth - root.clientWidth;
  let widest = overflow();
  const views = [];
  for (const button of document.querySelectorAll('.picker button')) {
    button.click();
    await settled();
    widest = Math.max(widest, overflow());
    // what is chosen is what can be seen, and nothing else
    const pictures = button.closest('.pictures');
    const seen = [...pictures.querySelectorAll('figure')].filter((figure) => figure.clientWidth > 0).map((figure) => figure.dataset.for);
    const ours = button.dataset.show === 'all' ? new Set(seen).size > 4 : seen.length > 0 && seen.every((kinds) => kinds.split(' ').includes(button.dataset.show));
    views.push(ours && button.getAttribute('aria-pressed') === 'true' && pictures.querySelectorAll('.picker [aria-pressed="true"]').length === 1);
  }
  const orders = [];
  for (const group of document.querySelectorAll('.order')) {
    const canvases = [...group.closest('.pictures').querySelectorAll('[data-chart="correlation"] canvas')];
    const prints = () => canvases.map(print).join();
    const before = prints();
    group.querySelector('[data-order="number"]').click();
    const number = prints();
    group.querySelector('[data-order="cluster"]').click();
    orders.push(before !== number && prints() === before);
  }
  const charts = [...document.querySelectorAll('.chart')];
  const light = charts.map((place) => place.querySelector('canvas')).filter(Boolean).map(print);
  const paper = () => getComputedStyle(document.body).backgroundColor;
  const papers = [paper()];
  document.getElementById('theme').click();
  papers.push(paper());
  const dark = charts.map((place) => place.querySelector('canvas')).filter(Boolean).map(print);
  const empty = charts.filter((place) => {
    const canvas = place.querySelector('canvas');
    if (!canvas || place.dataset.drawn !== 'true') return true;
    const all = pixels(canvas);
    for (let at = 3; at < all.length; at += 4) if (all[at]) return false;
    return true;
  }).map((place) => place.dataset.chart + ' ' + place.dataset.spec);
  root.dataset.probe = JSON.stringify({
    charts: repshapeReport.charts, drawn: repshapeReport.drawn, first, errors: repshapeReport.errors, empty, views, orders,
    // every chart has some text or line in the ink of the theme
    repainted: papers[0] !== papers[1] && light.every((print, at) => print !== dark[at]),
    tables: [...document.querySelectorAll('.tabled table')].map(repshapeReport.tableText),
    overflow: widest, width: innerWidth, images: document.images.length, milliseconds,
  });
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

/// Every chart drawn, no error, every button with its effect, no horizontal scroll, no image from a hostile name.
pub fn check(found: &serde_json::Value, charts: u64, width: u32) {
    assert_eq!(found["errors"], serde_json::json!([]));
    assert_eq!(found["empty"], serde_json::json!([]));
    assert_eq!(found["charts"], charts);
    assert_eq!(found["drawn"], charts);
    assert_eq!(found["width"], width);
    for buttons in ["views", "orders"] {
        let worked = found[buttons].as_array().unwrap();
        assert!(worked.iter().all(|worked| worked == true), "{buttons}: {worked:?}");
    }
    assert_eq!(found["repainted"], true, "a chart kept its colours on a change of theme");
    assert!(found["overflow"].as_i64().unwrap() <= 0, "the page is wider than its window: {found}");
    assert_eq!(found["images"], 0);
}
