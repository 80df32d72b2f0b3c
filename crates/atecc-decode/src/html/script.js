"use strict";
(() => {
  const at = id => document.getElementById(id);
  const [view, lanes, time, cursor, chosen] = ["view", "lanes", "time", "cursor", "chosen"].map(at);
  const axis = lanes.querySelector(".axis");
  const total = Number(lanes.dataset.ns) / 1e6;
  const labels = [...lanes.querySelectorAll("b")];
  // Failures and locks first, then from left to right.
  const byWeight = labels.map((label, index) => [label, index])
    .sort((a, b) => rank(a[0]) - rank(b[0]) || a[1] - b[1]).map(pair => pair[0]);
  const rows = [...document.querySelectorAll("tbody tr")];
  const LABEL_ROWS = 8, LABEL_HEIGHT = 16.5, MOST = 4000;
  let zoom = 1, current = -1;

  function rank(label) { return Number(/\bw(\d)/.exec(label.className)[1]); }

  // Each label goes to the first row with room for it, or is hidden.
  function place() {
    const width = lanes.clientWidth;
    const taken = Array.from({ length: LABEL_ROWS }, () => []);
    for (const label of byWeight) {
      const left = Math.min(parseFloat(label.style.left) / 100 * width, width - label.offsetWidth);
      const right = left + label.offsetWidth + 3;
      const row = taken.findIndex(spans => spans.every(([a, b]) => right <= a || left >= b));
      label.classList.toggle("out", row < 0);
      label.style.marginLeft = (left - parseFloat(label.style.left) / 100 * width) + "px";
      if (row >= 0) {
        taken[row].push([left, right]);
        label.style.top = 2 + row * LABEL_HEIGHT + "px";
      }
    }
  }

  function ticks() {
    const about = total / lanes.clientWidth * 90;
    const power = 10 ** Math.floor(Math.log10(about || 1));
    const step = [1, 2, 5, 10].map(n => n * power).find(n => n >= about) || 1;
    const marks = [];
    for (let ms = 0; ms <= total && marks.length < 2 * MOST; ms += step) {
      const mark = document.createElement("span");
      mark.style.left = ms / total * 100 + "%";
      mark.textContent = Number(ms.toPrecision(9));
      marks.push(mark);
    }
    axis.replaceChildren(...marks);
  }

  // Keep the point under `x` where it is.
  function setZoom(next, x = view.clientWidth / 2) {
    const share = (view.scrollLeft + x) / lanes.clientWidth;
    zoom = Math.min(MOST, Math.max(1, next));
    lanes.style.width = zoom * 100 + "%";
    view.scrollLeft = share * lanes.clientWidth - x;
    place();
    ticks();
  }

  function choose(step) {
    if (step < 0 || step >= rows.length) return;
    document.querySelectorAll(".on").forEach(one => one.classList.remove("on"));
    current = step;
    document.querySelectorAll(`[data-step="${step}"]`).forEach(one => one.classList.add("on"));
    const cells = [...rows[step].cells].map(cell => cell.textContent.trim());
    const [ms, wait, request, answer, notes] = cells;
    chosen.textContent = `${ms} ms: ${request}${answer && " → " + answer}`
      + (wait && `, after ${wait} ms`) + (notes && ` (${notes})`);
    const bar = lanes.querySelector(`i[data-step="${step}"]`);
    if (bar) {
      const x = bar.offsetLeft;
      cursor.style.display = "block";
      cursor.style.left = x + "px";
      if (x < view.scrollLeft || x > view.scrollLeft + view.clientWidth) {
        view.scrollLeft = x - view.clientWidth / 2;
      }
    }
    rows[step].scrollIntoView({ block: "nearest" });
  }

  const stepOf = event => {
    const one = event.target.closest("[data-step]");
    return one ? Number(one.dataset.step) : -1;
  };
  document.addEventListener("click", event => choose(stepOf(event)));
  lanes.addEventListener("mouseover", event => {
    if (current < 0 && stepOf(event) >= 0) chosen.textContent = event.target.title || event.target.textContent;
  });
  view.addEventListener("wheel", event => {
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    event.preventDefault();
    setZoom(zoom * (event.deltaY < 0 ? 1.25 : 0.8), event.clientX - view.getBoundingClientRect().left);
  }, { passive: false });

  let drag = null;
  view.addEventListener("pointerdown", event => { drag = [event.clientX, view.scrollLeft]; });
  window.addEventListener("pointermove", event => {
    if (!drag) return;
    view.classList.add("drag");
    view.scrollLeft = drag[1] - (event.clientX - drag[0]);
  });
  window.addEventListener("pointerup", () => { drag = null; view.classList.remove("drag"); });

  const failure = () => {
    const bad = step => /^(failed|damaged|nack|unread)\b/.test(rows[step].className);
    for (let n = 1; n <= rows.length; n++) {
      const step = (current + n + rows.length) % rows.length;
      if (bad(step)) return choose(step);
    }
  };
  const keys = {
    "+": () => setZoom(zoom * 1.5), "=": () => setZoom(zoom * 1.5), "-": () => setZoom(zoom / 1.5),
    "0": () => setZoom(1), "ArrowRight": () => choose(current + 1),
    "ArrowLeft": () => choose(current < 0 ? rows.length - 1 : current - 1),
    "ArrowDown": () => choose(current + 1), "ArrowUp": () => choose(current - 1),
    "Home": () => choose(0), "End": () => choose(rows.length - 1), "f": failure, "F": failure,
  };
  document.addEventListener("keydown", event => {
    const act = !event.ctrlKey && !event.altKey && !event.metaKey && keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  at("in").onclick = () => setZoom(zoom * 1.5);
  at("out").onclick = () => setZoom(zoom / 1.5);
  at("all").onclick = () => setZoom(1);
  window.addEventListener("resize", () => setZoom(zoom));
  setZoom(1);
  document.body.dataset.ready = labels.filter(label => !label.classList.contains("out")).length;
  time.focus({ preventScroll: true });
})();
