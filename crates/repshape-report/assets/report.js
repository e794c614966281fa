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
  const score = (option, value) => (option.percent ? value.toFixed(2) + ' %' : short(value));
  const dot = (color) => `<i class="tip-dot" style="background:${typeof color === 'string' ? escape(color) : 'currentColor'}"></i>`;
  const bound = (value) => (value === null ? '–' : short(value));
  const layer = (option, items, unit) => `<b>${escape(option.names[items[0].dataIndex])}</b>` + items.filter((item) => item.value != null)
    .map((item) => `<br>${dot(item.color)}${item.seriesName && !/^series\d/.test(item.seriesName) ? escape(item.seriesName) + ' ' : ''}<b>${short(item.value)}${unit}</b>`).join('');
  const formats = {
    short: () => short,
    weight: () => (value) => (value >= 1e-3 && value < 1e4 ? String(+value.toPrecision(6)) : value.toExponential(0).replace('e+', 'e')),
    testError: (option) => (item) => {
      const name = escape(option.yAxis.data[item.value[1]]);
      const [value, , std] = item.value;
      return item.seriesName === 'mean' ? `<b>${name}</b><br>${score(option, value)} ± ${option.percent ? std.toFixed(2) : short(std)}` : `<b>${name}</b>, one trial<br>${score(option, value)}`;
    },
    tuning: (option) => (item) => {
      const error = item.value.length > 2 ? item.value[2] : item.value[1];
      return `weight ${item.value[0]}<br>` + (typeof error === 'number' ? score(option, error) : 'diverged');
    },
    histogram: (option) => (item) => `${dot(item.color)}<b>${escape(item.seriesName)}</b><br>${item.value} rows from ${option.bins[item.dataIndex].join(' to ')}`,
    size: () => ([item]) => `${item.value[0]} units kept<br>expected error <b>${short(item.value[2])}</b>`,
    point: () => (item) => `${dot(item.color)}<b>${escape(item.seriesName)}</b><br>${item.value.map(short).join(', ')}`,
    spectrum: (option) => (items) => {
      const [at, value] = items[0].value;
      return `direction ${at}<br>variance <b>${short(value)}</b>, ${short(100 * value / option.total)} % of all`;
    },
    variances: (option) => ([item]) => `unit ${option.units[item.dataIndex]}<br>variance <b>${short(item.value)}</b><br>the first ${item.name} hold ${short(option.held[item.dataIndex])} %`,
    sparsity: (option) => ([item]) => `unit ${option.units[item.dataIndex]}${option.dead[item.dataIndex] ? ', dead' : ''}<br>zero for <b>${short(item.value)} %</b> of the rows`,
    layer: (option) => (items) => layer(option, items, ''),
    layerShare: (option) => (items) => layer(option, items, ' %'),
    bounds: (option) => ([{ dataIndex }]) => `<b>${escape(option.names[dataIndex])}</b>` + option.bounds
      .filter(({ low, high }) => low[dataIndex] !== null || high[dataIndex] !== null)
      .map(({ name, low, high, colour }) => `<br>${dot(variable(colour.$colour))}${name ? escape(name) + ' ' : ''}<b>${bound(low[dataIndex])}</b> to <b>${bound(high[dataIndex])}</b> nats`).join('')
      + (option.ceiling[dataIndex] === null ? '' : `<br>ln N ${short(option.ceiling[dataIndex])}`),
    change: (option) => (item) => {
      const [difference, interval] = option.texts[item.value[1]];
      return `<b>${escape(option.yAxis.data[item.value[1]])}</b><br>${difference}` + (interval ? `<br>${interval}` : '');
    },
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
  // ---- matrices: one byte a cell, hundredths, -128 where undefined ---------------------------------------------------
  const UNDEFINED = -128;
  const scales = { correlation: ['negative', 'zero', 'positive'], similarity: ['zero', 'zero', 'similar'] };
  const cellsOf = (spec) => {
    if (spec.values) return spec;
    spec.values = new Int8Array(bytes(spec.cells).buffer);
    spec.height = spec.values.length / spec.columns;
    return spec;
  };
  const pixels = ({ values, columns, height, scale }, at) => {
    const [negative, zero, positive, undefinedColour] = [...scales[scale], 'undefined'].map((name) => rgb(variable(name)));
    const image = new ImageData(columns, height);
    for (let row = 0; row < height; row++) for (let column = 0; column < columns; column++) {
      const value = values[at(row, column)];
      const end = value < 0 ? negative : positive;
      const share = Math.abs(value) / 100;
      const pixel = 4 * (row * columns + column);
      for (let c = 0; c < 3; c++) image.data[pixel + c] = value === UNDEFINED ? undefinedColour[c] : zero[c] + share * (end[c] - zero[c]);
      image.data[pixel + 3] = 255;
    }
    const canvas = document.createElement('canvas');
    canvas.width = columns;
    canvas.height = height;
    canvas.getContext('2d').putImageData(image, 0, 0);
    return canvas;
  };
  const canvasIn = (place, show) => {
    const old = place.querySelector('canvas');
    if (old) return old;
    const canvas = place.appendChild(document.createElement('canvas'));
    const handle = (event) => {
      const box = canvas.getBoundingClientRect();
      const text = show(event.clientX - box.left, event.clientY - box.top, box);
      if (text) showTip(text, event.clientX, event.clientY); else hideTip();
    };
    canvas.addEventListener('pointermove', handle);
    canvas.addEventListener('pointerdown', handle);
    canvas.addEventListener('pointerleave', hideTip);
    return canvas;
  };
  const hundredths = (value) => (value === UNDEFINED ? 'undefined' : (value / 100).toFixed(2).replace('-', '−'));
  // a square without labels, its units by cluster or by number
  const drawSquare = (place, spec) => {
    const { values, columns, order, units } = cellsOf(spec);
    const byCluster = order && place.closest('.pictures')?.dataset.order !== 'number';
    const unit = (at) => (byCluster ? order[at] : at);
    const small = pixels(spec, (row, column) => unit(row) * columns + unit(column));
    // what the pointer finds follows the order that is drawn
    place.unit = unit;
    const canvas = canvasIn(place, (x, y, box) => {
      const [column, row] = [Math.floor(x / box.width * columns), Math.floor(y / box.height * columns)];
      if (row < 0 || column < 0 || row >= columns || column >= columns) return '';
      const [a, b] = [place.unit(row), place.unit(column)];
      const name = (at) => (units ? units[at] : at);
      return `units ${name(a)} and ${name(b)}: ${hundredths(values[a * columns + b])}`;
    });
    // a whole number of pixels a cell, so that the browser's own scaling stays smooth and even
    const scale = Math.max(1, Math.ceil(480 / columns));
    canvas.width = canvas.height = columns * scale;
    const context = canvas.getContext('2d');
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
    return true;
  };
  // rows and columns by name; values in the cells where there is room
  const drawNamed = (place, spec) => {
    const { values, columns, height, rows, names } = cellsOf(spec);
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const font = `11.5px ${variable('sans')}`;
    const context = document.createElement('canvas').getContext('2d');
    context.font = font;
    const widest = (texts) => Math.ceil(Math.max(...texts.map((text) => context.measureText(text).width)));
    const left = Math.min(widest(spec.short_rows), 130) + 10;
    const bottom = Math.min(widest(spec.short_names), 130) + 12;
    const width = size(place).width;
    const cell = Math.max(2, Math.min(44, (Math.min(width, 1000) - left - 2) / columns));
    const [w, h] = [left + cell * columns, cell * height + bottom];
    place.style.height = Math.ceil(h) + 'px';
    const canvas = canvasIn(place, (x, y) => {
      const drawn = place.geometry;
      const [column, row] = [Math.floor((x - drawn.left) / drawn.cell), Math.floor(y / drawn.cell)];
      if (row < 0 || column < 0 || row >= height || column >= columns) return '';
      return `${rows[row]} with ${names[column]}: ${hundredths(values[row * columns + column])}`;
    });
    place.geometry = { left, cell };
    canvas.width = Math.ceil(w * ratio);
    canvas.height = Math.ceil(h * ratio);
    canvas.style.width = w + 'px';
    canvas.style.height = h + 'px';
    const draw = canvas.getContext('2d');
    draw.scale(ratio, ratio);
    draw.imageSmoothingEnabled = false;
    draw.drawImage(pixels(spec, (row, column) => row * columns + column), left, 0, cell * columns, cell * height);
    if (cell > 9) {
      draw.strokeStyle = variable('paper');
      draw.lineWidth = 1;
      for (let at = 0; at <= columns; at++) { draw.beginPath(); draw.moveTo(left + at * cell, 0); draw.lineTo(left + at * cell, height * cell); draw.stroke(); }
      for (let at = 0; at <= height; at++) { draw.beginPath(); draw.moveTo(left, at * cell); draw.lineTo(w, at * cell); draw.stroke(); }
    }
    if (cell >= 30) {
      draw.font = `11px ${variable('sans')}`;
      draw.textAlign = 'center';
      draw.textBaseline = 'middle';
      values.forEach((value, at) => {
        const strong = value > 55;
        draw.fillStyle = strong ? variable('paper') : variable('muted');
        const text = value === UNDEFINED ? '–' : value === 100 ? '1' : (value / 100).toFixed(2).slice(1);
        draw.fillText(text, left + (at % columns + 0.5) * cell, (Math.floor(at / columns) + 0.5) * cell);
      });
    }
    // every so-manieth name where all would touch
    const every = Math.max(1, Math.ceil(13 / cell));
    draw.font = font;
    draw.fillStyle = variable('muted');
    draw.textBaseline = 'middle';
    draw.textAlign = 'right';
    for (let row = 0; row < height; row += every) draw.fillText(spec.short_rows[row], left - 8, (row + 0.5) * cell, 122);
    for (let column = 0; column < columns; column += every) {
      draw.save();
      draw.translate(left + (column + 0.5) * cell, height * cell + 8);
      draw.rotate(-Math.PI / 2);
      draw.fillText(spec.short_names[column], 0, 0, 122);
      draw.restore();
    }
    return true;
  };
  const drawMatrix = (place, spec) => (spec.rows ? drawNamed : drawSquare)(place, spec);
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

  // what the chosen kind of picture shows, what is on the screen first, the rest in slices that leave the page responsive
  let waiting = [];
  let stepping = false;
  const shown = (place) => place.offsetParent !== null || place.clientWidth > 0;
  const near = (place) => place.getBoundingClientRect().top < 1.5 * innerHeight;
  const drawShown = () => {
    const open = places.filter((place) => !place.dataset.drawn && shown(place));
    waiting = [...open.filter(near), ...open.filter((place) => !near(place))];
    delete root.dataset.charts;
    if (!stepping) step();
  };
  const step = () => {
    stepping = true;
    const until = performance.now() + 24;
    do {
      const place = waiting.shift();
      if (!place) {
        stepping = false;
        root.dataset.charts = `${state.drawn}/${state.charts}`;
        return;
      }
      draw(place);
    } while (performance.now() < until);
    setTimeout(step, 0);
  };
  drawShown();

  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const chart = drawnCharts.get(target);
      const { width, height } = size(target);
      if (chart && target.clientWidth > 0 && (chart.getWidth() !== width || chart.getHeight() !== height)) chart.resize({ width, height });
      if (target.geometry && target.clientWidth > 0 && target.drawnWidth !== width) { target.drawnWidth = width; draw(target); }
    }
  });
  places.forEach((place) => observer.observe(place));

  // ---- choice of picture and of order ------------------------------------------------------------------------------
  const press = (buttons, pressed) => buttons.forEach((button) => button.setAttribute('aria-pressed', String(button === pressed)));
  for (const pictures of document.querySelectorAll('.pictures')) {
    const picker = pictures.querySelector('.picker');
    const order = pictures.querySelector('.order');
    const onPress = (group, act) => {
      if (!group) return;
      group.hidden = false;
      group.addEventListener('click', (event) => {
        const button = event.target.closest('button');
        if (!button) return;
        press([...group.querySelectorAll('button')], button);
        act(button.dataset);
      });
    };
    onPress(picker, ({ show }) => {
      pictures.dataset.view = show;
      for (const part of pictures.querySelectorAll('[data-for]')) part.classList.toggle('off', show !== 'all' && !part.dataset.for.split(' ').includes(show));
      drawShown();
    });
    onPress(order, (chosen) => {
      pictures.dataset.order = chosen.order;
      for (const place of pictures.querySelectorAll('[data-chart="correlation"]')) if (place.dataset.drawn) draw(place);
    });
  }

  // ---- copies of tables, with all digits, for a spreadsheet ----------------------------------------------------------
  state.tableText = (table) => [...table.rows].filter((row) => !row.closest('[data-skip]'))
    .map((row) => [...row.cells].filter((cell) => !('skip' in cell.dataset)).map((cell) => (cell.dataset.value ?? cell.textContent).replace(/\s+/g, ' ').trim()).join('\t')).join('\n');
  for (const button of document.querySelectorAll('.copy')) {
    button.hidden = false;
    const text = button.textContent;
    button.addEventListener('click', () => {
      const area = document.createElement('textarea');
      area.value = state.tableText(button.parentElement.querySelector('table'));
      area.style.cssText = 'position:fixed;opacity:0';
      document.body.append(area);
      area.select();
      // the newer interface needs a permission that a page from a file does not have
      const copied = document.execCommand('copy');
      area.remove();
      button.textContent = copied ? 'Copied' : 'The browser refused';
      setTimeout(() => { button.textContent = text; }, 1600);
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
    waiting = [];
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
