// Draws the charts of a report: resolves the marks in their options, one chart after another, and again on a change of theme.
(() => {
  'use strict';
  const state = (window.repshapeReport = { charts: 0, drawn: 0, errors: [] });
  const root = document.documentElement;
  const fail = (what) => {
    state.errors.push(String((what && (what.stack || what.message)) || what));
    root.dataset.errors = JSON.stringify(state.errors);
  };
  window.addEventListener('error', (event) => fail(event.error || event.message));
  window.addEventListener('unhandledrejection', (event) => fail(event.reason));
  const consoleError = console.error;
  console.error = (...what) => { fail(what.join(' ')); consoleError.apply(console, what); };

  const specs = JSON.parse(document.getElementById('chart-specs').textContent);
  const places = [...document.querySelectorAll('.chart')];
  state.charts = places.length;
  const drawnCharts = new Map();

  // ---- theme -------------------------------------------------------------------------------------------------------
  const prefersDark = matchMedia('(prefers-color-scheme: dark)');
  const themeButton = document.getElementById('theme');
  let printing = false;
  const isDark = () => !printing && (root.dataset.theme ? root.dataset.theme === 'dark' : prefersDark.matches);
  const variable = (name) => getComputedStyle(root).getPropertyValue('--' + name).trim();
  themeButton.hidden = false;
  themeButton.addEventListener('click', () => { root.dataset.theme = isDark() ? 'light' : 'dark'; redraw(); });
  prefersDark.addEventListener('change', () => { if (!root.dataset.theme) redraw(); });

  // ---- options -----------------------------------------------------------------------------------------------------
  const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const short = (value) => {
    if (value === 0) return '0';
    const magnitude = Math.abs(value);
    if (magnitude < 1e-3 || magnitude >= 1e5) return value.toExponential(0).replace('e+', 'e').replace('-', '−');
    return String(+value.toPrecision(3)).replace('-', '−');
  };
  const percent = (value) => value.toFixed(2) + ' %';
  const dot = (color) => `<i class="tip-dot" style="background:${typeof color === 'string' ? escape(color) : 'currentColor'}"></i>`;
  const formats = {
    short: () => short,
    weight: () => (value) => (value >= 1e-3 && value < 1e4 ? String(+value.toPrecision(6)) : value.toExponential(0).replace('e+', 'e')),
    testError: (option) => (item) => {
      const name = escape(option.yAxis.data[item.value[1]]);
      return item.seriesName === 'mean' ? `<b>${name}</b><br>${percent(item.value[0])} ± ${item.value[2].toFixed(2)}` : `<b>${name}</b>, one trial<br>${percent(item.value[0])}`;
    },
    tuning: () => (item) => {
      const error = item.value.length > 2 ? item.value[2] : item.value[1];
      return `weight ${item.value[0]}<br>` + (typeof error === 'number' ? percent(error) : 'diverged');
    },
    histogram: (option) => (item) => `${dot(item.color)}<b>${escape(item.seriesName)}</b><br>${item.value} rows from ${option.bins[item.dataIndex].join(' to ')}`,
    point: () => (item) => `${dot(item.color)}<b>${escape(item.seriesName)}</b><br>${item.value.map(short).join(', ')}`,
    epoch: () => (items) => `epoch ${items[0].axisValue}` + items.filter((item) => item.value[1] != null)
      .map((item) => `<br>${dot(item.color)}${escape(item.seriesName)} <b>${short(item.value[1])}</b>`).join(''),
  };
  // `$colour`, `$f32` and `$format` are the marks that the Rust side leaves; everything else is ECharts' own
  const resolve = (value, option) => {
    if (Array.isArray(value)) return value.map((item) => resolve(item, option));
    if (value === null || typeof value !== 'object') return value;
    if ('$colour' in value) return variable(value.$colour);
    if ('$format' in value) return formats[value.$format](option);
    if ('$f32' in value) {
      const numbers = new Float32Array(bytes(value.$f32).buffer);
      const rows = [];
      for (let at = 0; at < numbers.length; at += value.columns) rows.push(Array.from(numbers.subarray(at, at + value.columns)));
      return rows;
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, option)]));
  };
  const styled = (spec) => {
    const option = resolve(spec, spec);
    option.animation = false;
    option.backgroundColor = 'transparent';
    option.textStyle = { fontFamily: variable('sans'), fontSize: 11.5, color: variable('ink') };
    Object.assign(option.tooltip, {
      confine: false, appendToBody: true, transitionDuration: 0, padding: [6, 10],
      backgroundColor: variable('raised'), borderColor: variable('hairline'), borderWidth: 1,
      textStyle: { color: variable('ink'), fontSize: 12.5, fontFamily: variable('sans') }, extraCssText: 'box-shadow:0 4px 16px rgba(0,0,0,.12);border-radius:6px',
    });
    return option;
  };

  // ---- charts ------------------------------------------------------------------------------------------------------
  const size = (place) => (place.clientWidth > 0 ? { width: place.clientWidth, height: place.clientHeight } : { width: 320, height: 260 });
  const drawOption = (place, spec) => {
    let chart = drawnCharts.get(place);
    if (!chart) {
      chart = echarts.init(place, null, { ...size(place), devicePixelRatio: Math.min(2, window.devicePixelRatio || 1) });
      drawnCharts.set(place, chart);
    }
    chart.setOption(styled(spec), { notMerge: true });
    chart.getZr().flush();
    return chart.getZr().storage.getDisplayList().length > 0;
  };
  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const drawMatrix = (place, { units, cells }) => {
    const values = new Int8Array(bytes(cells).buffer);
    const [negative, zero, positive, undefinedColour] = ['negative', 'zero', 'positive', 'undefined'].map((name) => rgb(variable(name)));
    const image = new ImageData(units, units);
    values.forEach((value, at) => {
      const end = value < 0 ? negative : positive;
      const share = Math.abs(value) / 100;
      for (let c = 0; c < 3; c++) image.data[4 * at + c] = value === -128 ? undefinedColour[c] : zero[c] + share * (end[c] - zero[c]);
      image.data[4 * at + 3] = 255;
    });
    // one pixel a cell, then a whole number of pixels a cell, so that the browser's own scaling stays smooth and even
    const small = document.createElement('canvas');
    small.width = small.height = units;
    small.getContext('2d').putImageData(image, 0, 0);
    let canvas = place.querySelector('canvas');
    if (!canvas) {
      canvas = place.appendChild(document.createElement('canvas'));
      const show = (event) => {
        const box = canvas.getBoundingClientRect();
        const column = Math.floor((event.clientX - box.left) / box.width * units);
        const row = Math.floor((event.clientY - box.top) / box.height * units);
        const value = values[row * units + column];
        if (value === undefined || column < 0 || column >= units) return hideTip();
        showTip(`units ${row} and ${column}: ` + (value === -128 ? 'undefined' : (value / 100).toFixed(2).replace('-', '−')), event.clientX, event.clientY);
      };
      canvas.addEventListener('pointermove', show);
      canvas.addEventListener('pointerdown', show);
      canvas.addEventListener('pointerleave', hideTip);
    }
    const scale = Math.max(1, Math.ceil(480 / units));
    canvas.width = canvas.height = units * scale;
    const context = canvas.getContext('2d');
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
    return true;
  };
  const draw = (place) => {
    const spec = specs[+place.dataset.spec];
    try {
      const drawn = spec.matrix ? drawMatrix(place, spec.matrix) : drawOption(place, spec.option);
      if (!drawn) throw new Error(`${place.dataset.chart} ${place.dataset.spec}: nothing was drawn`);
      if (!place.dataset.drawn) {
        place.dataset.drawn = 'true';
        state.drawn++;
      }
    } catch (error) {
      fail(error);
    }
  };
  const redraw = () => { for (const place of places) if (place.dataset.drawn) draw(place); };

  // what is in view first, the rest in slices that leave the page responsive
  const visible = (place) => place.clientWidth > 0 && place.getBoundingClientRect().top < 1.5 * innerHeight;
  const waiting = [...places.filter(visible), ...places.filter((place) => !visible(place))];
  const step = () => {
    const until = performance.now() + 24;
    do {
      const place = waiting.shift();
      if (!place) { root.dataset.charts = `${state.drawn}/${state.charts}`; return; }
      draw(place);
    } while (performance.now() < until);
    setTimeout(step, 0);
  };
  step();

  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const chart = drawnCharts.get(target);
      const { width, height } = size(target);
      if (chart && target.clientWidth > 0 && (chart.getWidth() !== width || chart.getHeight() !== height)) chart.resize({ width, height });
    }
  });
  places.forEach((place) => observer.observe(place));

  // ---- choice of picture -------------------------------------------------------------------------------------------
  for (const picker of document.querySelectorAll('.picker')) {
    picker.hidden = false;
    const buttons = [...picker.querySelectorAll('button')];
    picker.addEventListener('click', (event) => {
      const button = event.target.closest('button');
      if (!button) return;
      picker.closest('.pictures').dataset.view = button.dataset.show;
      buttons.forEach((other) => other.setAttribute('aria-pressed', String(other === button)));
    });
  }

  // ---- short explanations ------------------------------------------------------------------------------------------
  const tip = document.getElementById('tip');
  function showTip(text, x, y) {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(8, Math.min(x - box.width / 2, innerWidth - box.width - 8)) + 'px';
    tip.style.top = (y - box.height - 14 > 0 ? y - box.height - 14 : y + 20) + 'px';
  }
  function hideTip() { tip.hidden = true; }
  for (const term of document.querySelectorAll('.term')) {
    const show = () => {
      const box = term.getBoundingClientRect();
      showTip(term.dataset.tip, box.left + box.width / 2, box.top);
    };
    term.addEventListener('pointerenter', show);
    term.addEventListener('focus', show);
    term.addEventListener('click', show);
    term.addEventListener('pointerleave', hideTip);
    term.addEventListener('blur', hideTip);
  }
  addEventListener('scroll', hideTip, { passive: true });

  // ---- print: light colours, every picture, canvases that scale with the paper ---------------------------------------
  let unfolded = [];
  addEventListener('beforeprint', () => {
    waiting.splice(0).forEach(draw);
    unfolded = [...document.querySelectorAll('details:not([open])')];
    unfolded.forEach((details) => { details.open = true; });
    printing = true;
    root.dataset.print = 'true';
    for (const place of places) {
      const chart = drawnCharts.get(place);
      draw(place);
      if (!chart) continue;
      const copy = chart.renderToCanvas({ pixelRatio: 2 });
      copy.className = 'print-copy';
      copy.removeAttribute('style');
      place.appendChild(copy);
    }
  });
  addEventListener('afterprint', () => {
    printing = false;
    unfolded.forEach((details) => { details.open = false; });
    delete root.dataset.print;
    document.querySelectorAll('.print-copy').forEach((copy) => copy.remove());
    redraw();
  });
})();
