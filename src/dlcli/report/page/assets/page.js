"use strict";
(function () {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const axis = { gridcolor: "#e4e4e4", zeroline: false, automargin: true, linecolor: "#888888" };
  figures.forEach(function (figure, number) {
    const layout = Object.assign({
      font: { family: "system-ui, DejaVu Sans, sans-serif", size: 13, color: "#1a1a1a" },
      paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff", hovermode: "closest",
      margin: { l: 60, r: 15, t: 15, b: 50 },
      legend: { orientation: "h", y: -0.25 }
    }, figure.layout);
    layout.xaxis = Object.assign({}, axis, layout.xaxis);
    layout.yaxis = Object.assign({}, axis, layout.yaxis);
    Plotly.newPlot("f" + number, figure.traces, layout,
      { responsive: true, displaylogo: false, displayModeBar: "hover" });
  });
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
    document.querySelectorAll(".plot").forEach(function (plot) { Plotly.Plots.resize(plot); });
    document.querySelectorAll("details").forEach(function (part) { part.open = true; });
  });
}());
