"use strict";
// The page can be read without this: it folds, filters and copies, and changes nothing else.
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];

  for (const controls of all(".controls")) controls.hidden = false;

  const fold = byId("fold");
  fold.addEventListener("click", () => {
    const open = fold.textContent === "Unfold all";
    for (const details of all("details")) details.open = open;
    fold.textContent = open ? "Fold all" : "Unfold all";
  });

  byId("copy").addEventListener("click", async () => {
    const text = byId("paste").textContent;
    try {
      await navigator.clipboard.writeText(text);
      byId("copied").textContent = "Copied";
    } catch {
      byId("paste").closest("details").open = true;
      getSelection().selectAllChildren(byId("paste"));
      byId("copied").textContent = "Selected below: copy it from there";
    }
  });

  const same = byId("same");
  if (same) {
    same.addEventListener("change", () => {
      for (const row of all("#registers .same")) row.hidden = same.checked;
    });
  }

  const rows = all("#rows tr");
  const words = rows.map((row) => row.textContent.toLowerCase());
  const filter = byId("filter");
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !words[i].includes(wanted);
      shown += row.hidden ? 0 : 1;
    });
    byId("shown").textContent = wanted ? `${shown} of ${rows.length}` : "";
  });

  addEventListener("beforeprint", () => {
    for (const details of all("details")) details.open = true;
  });
})();
