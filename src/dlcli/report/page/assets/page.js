"use strict";
(function () {
  const source = document.getElementById("figures");
  const figures = JSON.parse(source.textContent);
  const lighter = JSON.parse(source.dataset.dark);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const LETTER = 7.5, HANDLE = 60, ROW = 22;  // in pixels: of text, and of a legend

  /* Return the page's colours as page.css has them, on dark or on white paper. */
  function paper(isDark) {
    const style = getComputedStyle(document.documentElement);
    const prefix = isDark ? "--dark-" : "--light-";
    const found = {};
    ["ink", "paper", "soft", "line", "grid"].forEach(function (name) {
      found[name] = style.getPropertyValue(prefix + name).trim();
    });
    return found;
  }
  /* Copy what plotly draws, with the colours of a table exchanged. */
  function recoloured(value, table, key) {
    if (Array.isArray(value)) {
      return value.map(function (item) { return recoloured(item, table, key); });
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(function (entry) {
        return [entry[0], recoloured(entry[1], table, entry[0])];
      }));
    }
    return ((key === "color" || key === "fillcolor") && table[value]) || value;
  }
  /* Return text in lines of so many pixels, as plotly marks them; longer words are broken. */
  function broken(text, pixels) {
    const most = Math.max(8, Math.floor(pixels / LETTER));
    const letters = text.match(/&[a-z]+;|[^]/gu) || [];
    const lines = [[]];
    letters.forEach(function (letter) {
      const line = lines[lines.length - 1];
      if (line.length < most) { line.push(letter); return; }
      const blank = line.lastIndexOf(" ");
      if (letter === " ") { lines.push([]); return; }
      lines.push(blank > 0 ? line.splice(blank).slice(1) : []);
      lines[lines.length - 1].push(letter);
    });
    return lines.map(function (line) { return line.join(""); }).join("<br>");
  }
  function brokenAll(values, pixels) {
    if (!Array.isArray(values)) { return values; }
    return values.map(function (value) {
      return typeof value === "string" ? broken(value, pixels) : value;
    });
  }
  function titled(axis, pixels) {
    if (!axis.title) { return axis; }
    const text = broken(axis.title.text, pixels);
    return Object.assign({}, axis, { title: Object.assign({}, axis.title, { text: text }) });
  }
  /* Return a figure's traces for a width: names and categories in lines that find room. */
  function tracesOf(figure, isDark, width) {
    return recoloured(figure.traces, isDark ? lighter : {}).map(function (trace) {
      const room = { x: brokenAll(trace.x, Math.max(180, width / 6)), y: brokenAll(trace.y, width / 3) };
      if (trace.name) { room.name = broken(trace.name, width - HANDLE); }
      return Object.assign(trace, room);
    });
  }
  function layoutOf(figure, colours, width) {
    const axis = { gridcolor: colours.grid, zeroline: false, automargin: true,
      linecolor: colours.line };
    const layout = Object.assign({
      font: { family: "system-ui, DejaVu Sans, sans-serif", size: 13, color: colours.ink },
      paper_bgcolor: colours.paper, plot_bgcolor: colours.paper, hovermode: "closest",
      margin: { l: 60, r: 15, t: 30, b: 50 }, uirevision: "kept",
      legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom", x: 0,
        tracegroupgap: 0 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colours.soft, activecolor: colours.ink }
    }, figure.layout);
    layout.xaxis = titled(Object.assign({}, axis, layout.xaxis), 0.6 * width);
    layout.yaxis = titled(Object.assign({}, axis, layout.yaxis), 0.6 * figure.height);
    if (figure.whole) { Object.assign(layout.yaxis, { range: undefined, autorange: true }); }
    layout.yaxis.uirevision = figure.whole ? "all" : "close";
    return layout;
  }
  /* Return how much higher a plot must be for the lines of its names, in pixels. */
  function legendHeight(traces, width) {
    const names = traces.filter(function (trace) {
      return trace.name && trace.showlegend !== false;
    }).map(function (trace) { return trace.name.split("<br>"); });
    if (names.length < 2) { return 0; }
    const longest = Math.max.apply(null, names.flat().map(function (line) { return line.length; }));
    const tallest = Math.max.apply(null, names.map(function (lines) { return lines.length; }));
    const beside = Math.max(1, Math.floor(width / (LETTER * longest + HANDLE)));
    return ROW * tallest * Math.ceil(names.length / beside);
  }
  function categoryHeight(traces) {
    const rows = traces.flatMap(function (trace) { return trace.y || []; });
    const lines = new Map(rows.map(function (value) {
      return [value, String(value).split("<br>").length - 1];
    }));
    return ROW * Array.from(lines.values()).reduce(function (sum, more) { return sum + more; }, 0);
  }
  function drawFigure(number, isDark) {
    const figure = figures[number];
    const plot = document.getElementById("f" + number);
    const width = plot.clientWidth;
    const traces = tracesOf(figure, isDark, width);
    const more = legendHeight(traces, width) + categoryHeight(traces);
    plot.style.height = figure.height + more + "px";
    Plotly.react(plot, traces, layoutOf(figure, paper(isDark), width),
      { responsive: true, displaylogo: false, displayModeBar: "hover",
        modeBarButtonsToRemove: ["select2d", "lasso2d"],  // there is nothing to do with a choice
        showSendToCloud: false, plotlyServerURL: "" });  // a page sends nothing to anybody
  }
  function draw(isDark) {
    figures.forEach(function (figure, number) { drawFigure(number, isDark); });
  }
  function drawAsPreferred() { draw(dark.matches); }

  /* Paper is white, and nothing on it can be opened. */
  const closed = new Set();
  function beforePrint() {
    draw(false);
    document.querySelectorAll(".plot").forEach(function (plot) { Plotly.Plots.resize(plot); });
    document.querySelectorAll("details:not([open])").forEach(function (part) {
      closed.add(part);
      part.open = true;
    });
  }
  function afterPrint() {
    closed.forEach(function (part) { part.open = false; });
    closed.clear();
    drawAsPreferred();
  }

  /* Return what a column is sorted by: numbers, if all that is there begins as one; else text. */
  function keysOf(cells) {
    const texts = cells.map(function (cell) { return cell.textContent.trim(); });
    const numbers = texts.map(function (text) { return parseFloat(text.replace(/^[≤≥<]\s*/, "")); });
    const known = texts.map(function (text) { return text !== "" && text !== "-"; });
    const numeric = known.every(function (is, i) { return !is || !Number.isNaN(numbers[i]); });
    return texts.map(function (text, i) {
      return !known[i] ? null : numeric ? numbers[i] : text;
    });
  }
  /* What is missing stays last, whichever way is sorted. */
  function compare(a, b, up) {
    if (a === null || b === null) { return (a === null) - (b === null); }
    const order = typeof a === "number" ? a - b : a.localeCompare(b);
    return up ? order : -order;
  }
  function sortBy(head) {
    const up = head.getAttribute("aria-sort") !== "ascending";
    const column = Array.from(head.parentElement.children).indexOf(head);
    const body = head.closest("table").tBodies[0];
    const rows = Array.from(body.rows);
    const keys = keysOf(rows.map(function (row) { return row.cells[column]; }));
    const order = rows.map(function (row, i) { return i; });
    order.sort(function (i, j) { return compare(keys[i], keys[j], up); });
    order.forEach(function (i) { body.appendChild(rows[i]); });
    head.parentElement.querySelectorAll("th").forEach(function (other) {
      other.removeAttribute("aria-sort");
    });
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
  }

  drawAsPreferred();
  dark.addEventListener("change", drawAsPreferred);
  window.addEventListener("beforeprint", beforePrint);
  window.addEventListener("afterprint", afterPrint);
  document.querySelectorAll(".whole button").forEach(function (button) {
    button.addEventListener("click", function () {
      const figure = figures[button.dataset.figure];
      figure.whole = !figure.whole;
      button.setAttribute("aria-pressed", String(figure.whole));
      drawFigure(button.dataset.figure, dark.matches);
    });
  });
  document.querySelectorAll("th button").forEach(function (button) {
    button.addEventListener("click", function () { sortBy(button.parentElement); });
  });
}());
