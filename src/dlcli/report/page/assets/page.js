"use strict";
(function () {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const night = window.matchMedia("(prefers-color-scheme: dark)");
  const LIGHT = { ink: "#1a1a1a", paper: "#ffffff", grid: "#e4e4e4", line: "#888888" };
  const DARK = { ink: "#ececec", paper: "#1e1e1e", grid: "#3a3a3a", line: "#9a9a9a" };
  // Colours that dark paper would swallow, in a lighter tone of their own.
  const LIGHTER = { "#000000": "#F2F2F2", "#332288": "#9D8FEE", "#882255": "#DD6EA3",
    "#0B5345": "#45B39D", "#8B5A2B": "#C99763", "#0072B2": "#3D9BD9", "#666666": "#A8A8A8" };
  function toned(content, dark) {
    if (!dark) { return content; }
    return JSON.parse(JSON.stringify(content).replace(/"#[0-9A-Fa-f]{6}"/g, function (quoted) {
      const lighter = LIGHTER[quoted.slice(1, -1).toUpperCase()];
      return lighter ? '"' + lighter + '"' : quoted;
    }));
  }
  function draw(dark) {
    const colours = dark ? DARK : LIGHT;
    const axis = { gridcolor: colours.grid, zeroline: false, automargin: true,
      linecolor: colours.line };
    figures.forEach(function (figure, number) {
      const own = toned(figure.layout, dark);
      const layout = Object.assign({
        font: { family: "system-ui, DejaVu Sans, sans-serif", size: 13, color: colours.ink },
        paper_bgcolor: colours.paper, plot_bgcolor: colours.paper, hovermode: "closest",
        margin: { l: 60, r: 15, t: 15, b: 50 },
        legend: { orientation: "h", y: -0.25 }
      }, own);
      layout.xaxis = Object.assign({}, axis, own.xaxis);
      layout.yaxis = Object.assign({}, axis, own.yaxis);
      Plotly.react("f" + number, toned(figure.traces, dark), layout,
        { responsive: true, displaylogo: false, displayModeBar: "hover" });
    });
  }
  draw(night.matches);
  night.addEventListener("change", function () { draw(night.matches); });
  function value(cell) {
    const number = parseFloat(cell.textContent.replace(/^[≤≥<]\s*/, ""));
    return Number.isNaN(number) ? cell.textContent : number;
  }
  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") { return a - b; }
    return String(a).localeCompare(String(b));
  }
  document.querySelectorAll("th button").forEach(function (button) {
    button.addEventListener("click", function () {
      const head = button.parentElement;
      const up = head.getAttribute("aria-sort") !== "ascending";
      const column = Array.from(head.parentElement.children).indexOf(head);
      const body = head.closest("table").tBodies[0];
      const rows = Array.from(body.rows);
      rows.sort(function (a, b) {
        const order = compare(value(a.cells[column]), value(b.cells[column]));
        return up ? order : -order;
      });
      rows.forEach(function (row) { body.appendChild(row); });
      head.parentElement.querySelectorAll("th").forEach(function (other) {
        other.removeAttribute("aria-sort");
      });
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
    });
  });
  window.addEventListener("beforeprint", function () {
    draw(false);  // paper is white
    document.querySelectorAll(".plot").forEach(function (plot) { Plotly.Plots.resize(plot); });
    document.querySelectorAll("details").forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () { draw(night.matches); });
}());
